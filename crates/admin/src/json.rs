//! The little JSON that this crate writes.

use std::fmt::Write;

/// A string literal.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            // `<` as well: the text may stand in a page.
            c if c.is_control() || c == '<' => drop(write!(out, "\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The three letters of a typed value, spelled out.
pub(crate) fn tags(letters: &str) -> String {
    let word = |place: usize, words: &[(u8, &'static str)]| {
        let letter = letters.as_bytes().get(place);
        words.iter().find(|(short, _)| Some(short) == letter).map_or("Unknown", |(_, word)| word)
    };
    let origin = word(0, &[(b'M', "Metric"), (b'S', "Status"), (b'K', "Key"), (b'C', "Config"), (b'P', "Product")]);
    let nature = word(
        1,
        &[
            (b'A', "Age"),
            (b'a', "Avg"),
            (b'C', "Counter"),
            (b'D', "Duration"),
            (b'G', "Gauge"),
            (b'L', "Limit"),
            (b'M', "Max"),
            (b'm', "Min"),
            (b'N', "Name"),
            (b'O', "Output"),
            (b'R', "Rate"),
            (b'T', "Time"),
        ],
    );
    let scope = word(2, &[(b'C', "Cluster"), (b'S', "Service"), (b'P', "Process")]);
    format!("{{\"origin\":\"{origin}\",\"nature\":\"{nature}\",\"scope\":\"{scope}\"}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_escaped() {
        assert_eq!(quoted("a\"b\\c\n</script>"), r#""a\"b\\c\u000a\u003c/script>""#);
    }
}
