//! Format strings: what they write for each purpose, and what is said of those that are wrong.

mod house;

use house::{House, Still};
use plimsoll_rules::{
    Alias, Arena, Context, Format, Name, Needs, Parts, Place, Purpose, Show, Slot, Type, Value, Variables,
};

const ADDRESS: Value<'_> = Value::Ipv4(std::net::Ipv4Addr::new(192, 0, 2, 10));

/// Aliases of every kind, with values that stand still.
const ALIASES: &[Alias] = &[
    Alias { name: "f", eval: |_| Some(Value::Str(b"web")), ..Alias::PLAIN },
    Alias { name: "ci", output: Type::Addr, eval: |_| Some(ADDRESS), ..Alias::PLAIN },
    Alias {
        name: "cp",
        output: Type::Int,
        show: Show::Hex { hex: 4, decimal: 0 },
        eval: |_| Some(Value::Int(80)),
        ..Alias::PLAIN
    },
    Alias { name: "ms", show: Show::Hex { hex: 2, decimal: 3 }, eval: |_| Some(Value::Int(7)), ..Alias::PLAIN },
    Alias { name: "ST", output: Type::Int, show: Show::Number, eval: |_| Some(Value::Int(200)), ..Alias::PLAIN },
    Alias { name: "rc", output: Type::Int, show: Show::Plus(|_| true), eval: |_| Some(Value::Int(2)), ..Alias::PLAIN },
    Alias { name: "ts", show: Show::Verbatim, eval: |_| Some(Value::Str(b"--")), ..Alias::PLAIN },
    Alias { name: "r", show: Show::Uri, eval: |_| Some(Value::Str(b"GET /\x01\"#\xff] H")), ..Alias::PLAIN },
    Alias { name: "CC", ..Alias::PLAIN },
    Alias { name: "hr", show: Show::Braces(captured), ..Alias::PLAIN },
    Alias { name: "hrl", show: Show::List(captured), ..Alias::PLAIN },
    Alias { name: "hs", show: Show::Braces(|_, _| false), ..Alias::PLAIN },
    Alias { name: "hsl", show: Show::List(|_, _| false), ..Alias::PLAIN },
    Alias { name: "HM", needs: Needs::All(&[Slot::Request]), ..Alias::PLAIN },
];

fn captured(_: &Context<'_>, each: &mut dyn FnMut(Option<&[u8]>)) -> bool {
    [Some(&b"v \x01\"{|}]"[..]), None, Some(b"h")].into_iter().for_each(each);
    true
}

fn house(place: Place) -> House {
    House::new(&[Parts { aliases: ALIASES, ..Parts::EMPTY }], place)
}

fn rendered(format: &Format) -> Vec<u8> {
    let (arena, mut variables) = (Arena::new(), Variables::default());
    variables.set(Name::parse("txn.x").unwrap(), &Value::Str(b"v \x01\"]\\{|}#\xc3\xa9\x7f z"));
    variables.set(Name::parse("txn.long").unwrap(), &Value::Str(&[b'x'; 40_000]));
    let cx = Context::new(Place::HttpLog, &arena, &Still, &mut variables);
    format.render(&cx).to_vec()
}

fn written(purpose: Purpose, text: &str) -> Vec<u8> {
    let mut house = house(Place::HttpLog);
    let format = house.format_for(purpose, text).unwrap_or_else(|told| panic!("{text}:\n{told}"));
    rendered(&format)
}

#[track_caller]
fn check(purpose: Purpose, table: &[(&str, &str)]) {
    for (text, want) in table {
        let got = written(purpose, text);
        assert_eq!(got.escape_ascii().to_string(), want.as_bytes().escape_ascii().to_string(), "{text}");
    }
}

#[test]
fn a_log_line_shows_what_is_missing_and_merges_blanks() {
    check(
        Purpose::Log,
        &[
            ("", ""),
            ("plain", "plain"),
            ("  a \t b  ", "a b "),
            ("100%% of %%[x]", "100% of %[x]"),
            ("%[int(5)] %[bool(true)] %[str(a b)]", "5 1 a b"),
            ("%[ipv4(10.0.0.1)] %[ipv6(2001:DB8::1)]", "10.0.0.1 2001:db8::1"),
            ("%[var(txn.none)] %{+Q}[var(txn.none)] %{-M}[var(txn.none)].", "- \"\" ."),
            ("%[str(\"\")] %{+Q}[str(\"\")]", "- \"\""),
            ("%CC %{+Q}CC %{-M}CC.", "- \"\" ."),
            ("%{+Q}[str(a)] %{+Q}f %{+Q}ST %{+Q}ts %{+Q,-Q}f %{}f", "\"a\" \"web\" 200 -- web web"),
            ("%{+E}[var(txn.x)]", "v #01\\\"\\]\\\\{|}#é#7F z"),
            ("%[var(txn.x)]", "v #01\"]\\{|}#é#7F z"),
            ("%{+Q,+E}o %[str('\"')] %{-E}[str('\"')] %f", "\"\\\"\" \"\"\" \"web\""),
            ("%[bin(0d0a0041)]%[bin(0041)]", "#0D#0A-"),
            ("%ci %{+X}ci %cp %{+X}cp %ms %{+X}ms %{+X}ST", "192.0.2.10 C000020A 80 0050 007 07 200"),
            ("%{+X}[int(255)] %rc", "255 +2"),
            ("%r", "GET /#01#22#23#FF] H"),
            ("%{+Q,+E}r", "\"GET /#01#22#23#FF\\] H\""),
            ("a %hr b", "a {v #01#22#7B#7C#7D]||h} b"),
            ("a %{+Q,+E}hr b", "a \"{v #01#22#7B#7C#7D\\]||h}\" b"),
            ("a %hrl b", "a v #01#22#7B#7C#7D] - h b"),
            ("a %{+Q}hrl b", "a \"v #01#22#7B#7C#7D]\" \"\" \"h\" b"),
            ("a %hs b %hsl c", "a b c"),
            ("a %{-M}[var(txn.none)] b", "a  b"),
            ("%(name)f %(name:sint)[int(1)] %(:str){+Q}f", "web 1 \"web\""),
        ],
    );
}

#[test]
fn a_header_holds_no_control_character_no_dash_and_its_blanks() {
    check(
        Purpose::Http,
        &[
            ("a   b", "a   b"),
            ("%[var(txn.x)]", "v %01\"]\\{|}#é%7F z"),
            ("%{+Q,+E}[var(txn.x)]", "v %01\\\"\\]\\\\{|}#é%7F z"),
            ("x%[bin(0d0a09)]%{+M}[var(txn.none)]x", "x%0D%0A\tx"),
            ("%{+Q}o%f %[str(z)]", "\"web\" z"),
            ("x%CC%{+M}CC%{+Q}CC", "x-\"\""),
            ("a %hs b", "a  b"),
        ],
    );
    check(Purpose::Id, &[("  a  %[bin(0a)]  %CC  %f", "a %0A  web")]);
}

#[test]
fn a_variable_holds_the_bytes_as_they_are() {
    check(
        Purpose::Plain,
        &[
            ("a  b%[bin(0d0a41)]", "a  b\r\nA"),
            ("%{+Q}[str(z)]%[var(txn.none)]%{+M}[var(txn.none)]", "\"z\"-"),
            ("%[bin(410042)]", "A"),
            ("%{+bin}o%[bin(410042)]", "A\0B"),
        ],
    );
}

#[test]
fn json_holds_what_has_a_name() {
    check(
        Purpose::Log,
        &[
            (
                "%{+json}o %(a)f %f %(b)[int(5)] text %(c)[bool(true)] %(d)[str(x)]",
                r#"{"a": "web", "b": 5, "c": true, "d": "x"}"#,
            ),
            ("%{+json}o %(a)[var(txn.none)] %(b)CC %(c:sint)[var(txn.none)]", r#"{"a": "", "b": "", "c": ""}"#),
            ("%{+json}o %(a:str)[int(5)] %(b:sint)[str(7)] %(c:bool)[int(1)]", r#"{"a": "5", "b": 7, "c": true}"#),
            ("%{+json}o %(d:sint)[str(x)] %(e:bool)[str(true)] %(r:raw)[int(1)]", r#"{"d": 0, "e": false, "r": 1}"#),
            (
                "%{+json}o %(q:sint)ST %(r:str)ST %(e:bool)ST %(u:sint)f",
                r#"{"q": 200, "r": "200", "e": true, "u": "web"}"#,
            ),
            ("%{+json}o %(x)[var(txn.x)]", r##"{"x": "v \u0001\"]\\{|}#\u00C3\u00A9\u007F z"}"##),
            ("%{+json,+utf8}o %(x)[var(txn.x)]", "{\"x\": \"v \\u0001\\\"]\\\\{|}#é\\u007F z\"}"),
            ("%{+json,+utf8}o %(x)[bin(c285e282acff)]", "{\"x\": \"\\u0085€\\u00FF\"}"),
            ("%{+json}o %(n)[bin(090a0d080c1b2f7f)]", r#"{"n": "\t\n\r\b\f\u001B/\u007F"}"#),
            (
                "%{+json,+Q,+X,+E}o %(a)f %(c)ci %(d)cp %(rc)rc %(ms)ms",
                r#"{"a": "web", "c": "192.0.2.10", "d": 80, "rc": 2, "ms": 7}"#,
            ),
            (
                "%{+json}o %(hr)hr %(hrl)hrl %(hs)hs %(hsl)hsl",
                r##"{"hr": "{v #01#22#7B#7C#7D]||h}", "hrl": ["v #01#22#7B#7C#7D]", "-", "h"], "hs": null, "hsl": null}"##,
            ),
            (
                "%{+json}o %(k)[int(9223372036854775807)] %(l)[int(-1)] %(i)[ipv6(::1)]",
                r#"{"k": 9223372036854775807, "l": -1, "i": "::1"}"#,
            ),
            ("x %{+json}[str(a)] %{+json}hrl %{+json}ST y", r##"x "a" ["v #01#22#7B#7C#7D]", "-", "h"] 200 y"##),
            ("%{+json}o %(a)f %(r)r", r##"{"a": "web", "r": "GET /#01#22#23#FF] H"}"##),
        ],
    );
}

#[test]
fn cbor_is_shown_in_hexadecimal_unless_it_may_be_binary() {
    check(
        Purpose::Log,
        &[
            // {_ "a": "web", "b": 5, "c": true, "d": "x"}
            ("%{+cbor}o %(a)f %(b)[int(5)] %(c)[bool(true)] %(d)[str(x)]", "BF6161637765626162056163F561646178FF"),
            // {_ "e": -300, "f": h'0001ff', "g": null, "h": 70000}
            (
                "%{+cbor}o %(e)[int(-300)] %(f)[bin(0001ff)] %(g)[var(txn.none)] %(h)[int(70000)]",
                "BF616539012B6166430001FF6167F661681A00011170FF",
            ),
            ("%{+cbor}o %(f)[int(23)] %(f)[int(24)] %(f)[int(-24)] %(f)[int(-25)]", "BF6166176166181861663761663818FF"),
            ("%{+cbor}o %(g)[int(255)] %(g)[int(256)] %(g)[int(65536)]", "BF616718FF616719010061671A00010000FF"),
            (
                "%{+cbor}o %(g)[int(4294967296)] %(g)[int(-9223372036854775808)]",
                "BF61671B000000010000000061673B7FFFFFFFFFFFFFFFFF",
            ),
            // {_ "l": [_ …], "n": null, "c": "1.2.3.4"}
            ("%{+cbor}o %(n)hsl %(c)[ipv4(1.2.3.4)] %(z)CC", "BF616EF6616367312E322E332E34617AF6FF"),
            ("%{+cbor}o %(l)hrl", "BF616C9F7276202330312332322337422337432337445D612D6168FFFF"),
            ("a %{+cbor}[int(7)] %{+cbor}[str(q)] b", "a 07 6171 b"),
        ],
    );
    assert_eq!(written(Purpose::Log, "%{+cbor,+bin}o %(a)f %(b)[int(5)]"), b"\xbfaacwebab\x05\xff");
}

#[test]
fn what_is_always_the_same_is_known_as_that() {
    let constant = |purpose, text: &str| {
        let format = house(Place::HttpRequest).format_for(purpose, text).unwrap();
        format.constant().map(<[u8]>::to_vec)
    };
    assert_eq!(constant(Purpose::Http, ""), Some(b"".to_vec()));
    assert_eq!(constant(Purpose::Http, "a  b%%"), Some(b"a  b%".to_vec()));
    assert_eq!(constant(Purpose::Log, " a  b %{+Q}o c"), Some(b"a b c".to_vec()));
    assert_eq!(constant(Purpose::Log, "%f"), None);
}

#[test]
fn a_text_ends_at_its_limit_and_an_object_before_the_pair_that_does_not_fit() {
    assert_eq!(written(Purpose::Http, "%[var(txn.long)]%[var(txn.long)]").len(), Format::LONGEST);
    let object = written(Purpose::Log, "%{+json}o %(a)[var(txn.long)] %(b)[var(txn.long)] %(c)[int(1)]");
    assert!(object.len() < 40_020 && object.starts_with(b"{\"a\": \"x") && object.ends_with(b"x\"}"));
    let object = written(Purpose::Log, "%{+cbor}o %(a)[var(txn.none)] %(b)[var(txn.long)] %(c)[int(1)]");
    assert_eq!(object, b"BF6161F6FF");
}

#[test]
fn what_is_wrong_is_said_at_its_place() {
    plimsoll_testkit::expectations(include_str!("formats.table"), 20, |_, text| {
        let told = house(Place::TcpLog).format_for(Purpose::Log, text.trim_end_matches('\n')).err();
        told.into_iter().collect()
    });
}
