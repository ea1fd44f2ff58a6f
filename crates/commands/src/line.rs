//! A line becomes requests: words apart by blanks, requests apart by `;`, a backslash before a blank, `;` or backslash makes it
//! an ordinary character, and `<<` at the end announces a payload.

/// One request of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// At least one word.
    pub words: Vec<String>,
}

/// A whole line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// In order; none for an empty line.
    pub requests: Vec<Request>,
    /// A payload belongs to the last request: lines follow up to one that equals this (empty, unless the line names another).
    pub payload_until: Option<String>,
}

/// Reads a line without its newline. There is no wrong line: what is not UTF-8 is replaced, and an unfinished escape is itself.
#[must_use]
pub fn parse(line: &[u8]) -> Line {
    let text = String::from_utf8_lossy(line);
    let mut parsed = Line::default();
    let mut request = Request::default();
    let mut word = String::new();
    // An escaped word is never a payload's announcement.
    let mut plain = true;
    let mut last = None;
    let mut chars = text.trim_end_matches('\r').chars().peekable();
    loop {
        let c = chars.next();
        match c {
            Some('\\') => match chars.next_if(|next| is_special(*next)) {
                Some(escaped) => {
                    plain = false;
                    word.push(escaped);
                }
                None => word.push('\\'),
            },
            Some(c) if !is_blank(c) && c != ';' => word.push(c),
            _ => {
                if !word.is_empty() {
                    last = plain.then(|| word.clone());
                    request.words.push(std::mem::take(&mut word));
                    plain = true;
                }
                if matches!(c, Some(';') | None) && !request.words.is_empty() {
                    parsed.requests.push(std::mem::take(&mut request));
                }
                if c.is_none() {
                    break;
                }
            }
        }
    }
    if let Some(until) = last.as_deref().and_then(|word| word.strip_prefix("<<"))
        && let Some(request) = parsed.requests.last_mut()
        && request.words.len() > 1
        && !ends_with_separator(&text)
    {
        request.words.pop();
        parsed.payload_until = Some(until.to_owned());
    }
    parsed
}

/// Writes a word so that [`parse`] reads it as one.
#[must_use]
pub fn escape(word: &str) -> String {
    let mut escaped = String::with_capacity(word.len());
    for c in word.chars() {
        if is_special(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

fn is_special(c: char) -> bool {
    is_blank(c) || c == ';' || c == '\\'
}

/// `a <<;` is a list whose last request is empty: no payload is meant.
fn ends_with_separator(text: &str) -> bool {
    text.trim_end_matches(['\r', ' ', '\t']).ends_with(';')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<Vec<String>> {
        parse(line.as_bytes()).requests.into_iter().map(|request| request.words).collect()
    }

    #[test]
    fn blanks_part_words_and_semicolons_part_requests() {
        assert_eq!(words("  show \t stat ;show info;; "), [vec!["show", "stat"], vec!["show", "info"]]);
    }

    #[test]
    fn an_empty_line_has_no_request() {
        assert_eq!(words(" ; ;\r"), Vec::<Vec<String>>::new());
    }

    #[test]
    fn a_backslash_keeps_blanks_semicolons_and_itself() {
        assert_eq!(words(r"a\ b c\;d e\\f"), [vec!["a b", "c;d", r"e\f"]]);
    }

    #[test]
    fn other_backslashes_stay() {
        assert_eq!(words(r"match \d+\.x \"), [vec!["match", r"\d+\.x", r"\"]]);
    }

    #[test]
    fn a_payload_is_announced_by_the_last_word() {
        let line = parse(b"show info; set ssl cert x <<");
        assert_eq!(line.payload_until.as_deref(), Some(""));
        assert_eq!(line.requests[1].words, ["set", "ssl", "cert", "x"]);
        assert_eq!(parse(b"add map x <<END").payload_until.as_deref(), Some("END"));
    }

    #[test]
    fn what_only_looks_like_a_payload_is_a_word() {
        for line in ["<<", "a << b", "a <<;", "a \\ <<"] {
            assert_eq!(parse(line.as_bytes()).payload_until, None, "{line}");
        }
    }
}
