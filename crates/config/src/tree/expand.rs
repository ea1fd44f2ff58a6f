//! `${VAR}` and `${VAR:-default}` inside one scalar: text goes in, text comes out, structure never changes.

/// Where the environment comes from; a closure in tests.
pub type Env<'e> = &'e dyn Fn(&str) -> Option<String>;

/// Why an expansion failed; `part` is the piece of the text that is wrong.
#[derive(Debug, PartialEq, Eq)]
pub struct ExpandError {
    pub code: &'static str,
    pub message: String,
    pub help: String,
    pub part: String,
}

/// Expands every `${…}`; `None` when there is nothing to expand. `$${` stands for `${` itself, any other `$` for itself. As in a
/// shell, the default also serves a variable that is set but empty.
pub fn expand(text: &str, env: Env<'_>) -> Result<Option<String>, ExpandError> {
    if !text.contains("${") {
        return Ok(None);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            out.push_str(&rest[..at - 1]);
            out.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        out.push_str(&rest[..at]);
        let inside = &rest[at + 2..];
        let Some(end) = inside.find('}') else {
            return Err(malformed("`${` has no `}`", &rest[at..]));
        };
        out.push_str(&lookup(&inside[..end], &rest[at..at + end + 3], env)?);
        rest = &inside[end + 1..];
    }
    out.push_str(rest);
    Ok(Some(out))
}

fn lookup(inside: &str, part: &str, env: Env<'_>) -> Result<String, ExpandError> {
    let (name, default) = inside.split_once(":-").map_or((inside, None), |(name, default)| (name, Some(default)));
    let first_is_letter = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !first_is_letter || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Err(malformed(&format!("`{name}` is not the name of a variable"), part));
    }
    match (env(name), default) {
        (Some(value), None) => Ok(value),
        (Some(value), Some(_)) if !value.is_empty() => Ok(value),
        (_, Some(default)) => Ok(default.to_owned()),
        (None, None) => Err(ExpandError {
            code: crate::code::UNSET_VARIABLE,
            message: format!("the environment has no variable `{name}`"),
            help: format!("set it, or give a default: `${{{name}:-…}}`"),
            part: part.to_owned(),
        }),
    }
}

fn malformed(message: &str, part: &str) -> ExpandError {
    ExpandError {
        code: crate::code::BAD_VALUE,
        message: message.to_owned(),
        help: "write `${NAME}` or `${NAME:-default}`; `$${` stands for `${` itself".to_owned(),
        part: part.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(name: &str) -> Option<String> {
        match name {
            "PORT" => Some("8080".to_owned()),
            "EMPTY" => Some(String::new()),
            "TRICKY" => Some("${PORT}: [x".to_owned()),
            _ => None,
        }
    }

    fn expanded(text: &str) -> String {
        expand(text, &env).unwrap().unwrap()
    }

    #[test]
    fn variables_and_defaults_are_expanded() {
        assert_eq!(expanded("*:${PORT}"), "*:8080");
        assert_eq!(expanded("${PORT}${PORT:-1}"), "80808080");
        assert_eq!(expanded("${NOT_SET:-a b:c}"), "a b:c");
        assert_eq!(expanded("${EMPTY}x${EMPTY:-d}"), "xd");
        assert_eq!(expanded("${NOT_SET:-}"), "");
    }

    #[test]
    fn what_a_variable_holds_is_not_expanded_again() {
        assert_eq!(expanded("${TRICKY}"), "${PORT}: [x");
    }

    #[test]
    fn other_dollars_stay() {
        assert_eq!(expand("^/a$", &env), Ok(None));
        assert_eq!(expanded("$${PORT} $x ${PORT}$"), "${PORT} $x 8080$");
    }

    #[test]
    fn what_is_unset_or_malformed_is_an_error_that_names_the_part() {
        for (text, part) in [
            ("a${NOPE}b", "${NOPE}"),
            ("${", "${"),
            ("x ${A", "${A"),
            ("${}", "${}"),
            ("${1A}", "${1A}"),
            ("${a-b}", "${a-b}"),
        ] {
            assert_eq!(expand(text, &env).unwrap_err().part, part, "{text}");
        }
    }
}
