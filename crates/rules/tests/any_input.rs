//! Whatever is written, whatever comes: no panic, and what is refused is said.

mod house;

use house::{House, Still};
use plimsoll_rules::{Arena, Context, Name, Place, Stored, Value, Variables};
use proptest::prelude::*;

/// Arguments that rows take, and some that they do not.
const ARGUMENTS: &[&str] = &[
    "",
    "0",
    "1",
    "-1",
    "2",
    "8",
    "24",
    "128",
    "224",
    "256",
    "9223372036854775807",
    "-9223372036854775808",
    "a",
    "_",
    "\",\"",
    "txn.in",
    "txn.x",
    "AAAA",
    "AAAAAAAAAAAAAAAA",
    "AAAAAAAAAAAAAAAAAAAAAA==",
    "'$.a'",
    "'$[0]'",
    "int",
    "int32",
    "double",
    "utf8ps",
    "g",
    "'(a)|b*'",
    "'\\1\\0'",
    "%Y-%q%",
    "sha256",
    "md5",
    "ifset",
    "us",
    "HS256",
    "none",
    "connect",
    "17",
    "35",
    "3.1",
    "for",
    "fr;en",
    "ffff::",
    "/dev/null",
    "=",
    "'\\x4'",
];

/// An expression out of the language's own words; often right.
fn expression() -> impl Strategy<Value = String> {
    let language = House::new(&[], Place::HttpRequest).language;
    let fetches: Vec<&'static str> = language.fetches().map(|row| row.name).collect();
    let converters: Vec<(&'static str, usize)> =
        language.converters().map(|row| (row.name, row.params.len())).collect();
    let fetch = prop_oneof![
        4 => Just(String::from("var(txn.in)")),
        1 => proptest::sample::select(fetches).prop_map(String::from),
        1 => Just(String::from("int(-5)")),
    ];
    let argument = proptest::sample::select(ARGUMENTS);
    let converter = (proptest::sample::select(converters), proptest::collection::vec(argument, 0..5)).prop_map(
        |((name, params), mut given)| {
            given.truncate(params);
            if given.is_empty() { name.to_owned() } else { format!("{name}({})", given.join(",")) }
        },
    );
    (fetch, proptest::collection::vec(converter, 0..5))
        .prop_map(|(fetch, converters)| [vec![fetch], converters].concat().join(","))
}

/// Text that any parser here could meet, and bytes that none expects.
fn input() -> impl Strategy<Value = Vec<u8>> {
    const FIXED: &[&str] = &[
        "",
        "0",
        "-9223372036854775808",
        "{\"a\":[1,{\"b\":\"\\u20ac\"}]}",
        "eyJhbGciOiJIUzI1NiJ9.e30.AAAA",
        "fr;q=0.5,en-GB",
        "%41%zz",
        "QUI=",
        "for=\"[::1]:80\";proto=http",
        "8=FIX.4.2\x019=5\x0135=A\x0110=180\x01",
        "a_b__c",
        "[::1]:80",
        "192.0.2.1",
    ];
    prop_oneof![
        proptest::sample::select(FIXED).prop_map(|text| text.as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..64),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(|body| [vec![0x10, body.len() as u8], body].concat()),
        (any::<u8>(), 0..20_000_usize).prop_map(|(byte, length)| vec![byte; length]),
        (proptest::sample::select(FIXED), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(text, at, byte)| {
            let mut bytes = text.as_bytes().to_vec();
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            bytes
        }),
    ]
}

/// Compiles and evaluates. What is refused is said.
fn survives(house: &mut House, text: &str, input: &Stored) {
    match house.expr(text) {
        Err(told) => assert!(!told.is_empty(), "{text} is refused without a word"),
        Ok(expression) => {
            let (arena, mut variables) = (Arena::new(), Variables::default());
            variables.set(Name::parse("txn.in").unwrap(), &input.value());
            let cx = Context::new(Place::HttpRequest, &arena, &Still, &mut variables);
            let size = input.value().bytes().map_or(0, <[u8]>::len).max(16 << 10);
            let value = expression.eval(&cx);
            assert!(value.and_then(|value| value.bytes()).is_none_or(|bytes| bytes.len() <= size), "{text} grows");
            let _ = value.map(|value| value.cast(plimsoll_rules::Type::Str, &arena));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn expressions_of_the_languages_own_words_never_panic(texts in proptest::collection::vec(expression(), 1..4), input in input(), text in any::<bool>()) {
        let input = if text { Value::Str(&input).store() } else { Value::Bin(&input).store() };
        let mut house = House::new(&[], Place::HttpRequest);
        for text in &texts {
            survives(&mut house, text, &input);
        }
    }

    #[test]
    fn texts_that_were_right_and_then_changed_never_panic(text in expression(), at in any::<prop::sample::Index>(), with in "[ -~é]{0,3}", cut in 0..4_usize) {
        let mut text = text;
        let (start, _) = text.char_indices().nth(at.index(text.chars().count())).unwrap_or((0, ' '));
        let end = text.char_indices().map(|(at, _)| at).find(|at| *at >= start + cut).unwrap_or(text.len());
        text.replace_range(start..end, &with);
        let mut house = House::new(&[], Place::HttpRequest);
        survives(&mut house, &text, &Stored::Str((*b"a,b=%41").into()));
        let _ = house.rule(&format!("set-var(txn.x) {text} if {{ {text} -m found }}"));
        let _ = house.format(&format!("a%[{text}]b%{{+Q}}[{text}]"));
    }

    #[test]
    fn any_text_is_an_expression_or_told_why_not(text in "\\PC{0,40}") {
        let mut house = House::new(&[], Place::HttpRequest);
        survives(&mut house, &text, &Stored::Int(-1));
        let _ = house.rule(&text);
        let _ = house.format(&text);
    }
}
