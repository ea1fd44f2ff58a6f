//! Lines into words, by hand and beside the installed HAProxy.

use plimsoll_config::{Sources, Span};
use plimsoll_haproxy_cfg::{Environment, words};

fn read(line: &str) -> Result<Vec<String>, (u32, u32, String)> {
    let mut sources = Sources::new();
    let file = sources.add("t.cfg", line);
    let process = |name: &str| match name {
        "NAME" => Some(String::from("value")),
        "TWO" => Some(String::from("one  two")),
        "EMPTY" => Some(String::new()),
        _ => None,
    };
    let environment = Environment::new(&process);
    match words(line, Span::new(file, 0, line.len() as u32), &environment) {
        Ok(words) => Ok(words.into_iter().map(|word| word.text).collect()),
        Err(wrong) => Err((wrong.span.start, wrong.span.end, wrong.what)),
    }
}

#[test]
fn quotes_escapes_comments_and_variables_are_what_they_are_in_haproxy() {
    let cases: &[(&str, &[&str])] = &[
        ("a b\tc", &["a", "b", "c"]),
        ("  a  ", &["a"]),
        ("a # b", &["a"]),
        ("a#b c", &["a"]),
        (r"a\ b \# c", &["a b", "#", "c"]),
        (r#""a b" 'c d'"#, &["a b", "c d"]),
        (r#"a"b c"'d e'f"#, &["ab cd ef"]),
        (r#""it's" 'say "so"'"#, &["it's", "say \"so\""]),
        (r#""" ''"#, &["", ""]),
        (r"\n\r\t\x41 \\", &["\n\r\tA", "\\"]),
        (r#"'\n\x41$NAME'"#, &[r"\n\x41$NAME"]),
        (r"^/a\.b\d+$", &[r"^/a\.b\d+$"]),
        ("$NAME \"$NAME\" \"${NAME}s\" \"${GONE-x}\" \"${EMPTY-x}\"", &["$NAME", "value", "values", "x", ""]),
        (r#""\$NAME""#, &["$NAME"]),
        ("\"${TWO[*]}\" \"${TWO}\"", &["one", "two", "one  two"]),
        ("a \"${EMPTY[*]}\" b", &["a", "b"]),
        ("a\\", &["a\\"]),
        ("", &[]),
        ("# nothing", &[]),
    ];
    for (line, expected) in cases {
        assert_eq!(
            read(line).as_deref().map_err(Clone::clone),
            Ok(&expected.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()[..]),
            "{line}"
        );
    }
}

#[test]
fn what_cannot_be_cut_is_shown_at_its_place() {
    for (line, place, what) in [
        ("a \"b", (2, 3), "this \" is never closed"),
        ("a 'b", (2, 3), "this ' is never closed"),
        (r"a \xzz", (2, 6), "two hexadecimal digits follow `\\x`"),
        (r"a \x4", (2, 5), "two hexadecimal digits follow `\\x`"),
        ("a \"${NAME\"", (3, 9), "this brace is never closed"),
        ("a \"$1\"", (3, 5), "the name of a variable begins with a letter or `_`"),
        ("a \"${}\"", (3, 6), "the name of a variable begins with a letter or `_`"),
        (r"a \xff", (2, 6), "an escape makes this word something that is not UTF-8"),
    ] {
        assert_eq!(read(line), Err((place.0, place.1, what.to_owned())), "{line}");
    }
    let many = "a ".repeat(65);
    assert_eq!(read(&many), Err((128, 129, String::from("more than 64 words in a line"))));
}

proptest::proptest! {
    #[test]
    fn no_line_panics(line in "[a-z \"'\\\\$#{}\\[\\]*x0-9é-]{0,60}") {
        let _ = read(&line);
    }
}
