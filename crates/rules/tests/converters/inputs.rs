//! Inputs of converters: first the ones at which they could go wrong, then others by chance.

use plimsoll_testkit::Random;

/// What an input looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Number,
    Moment,
    Text,
    Bytes,
    Hex,
    Base64,
    Base64Url,
    Percent,
    Unicode,
    Json,
    Host,
    Address,
    Languages,
    Protobuf,
    Grpc,
    Fix,
    Token,
}

const NUMBERS: &[&str] = &[
    "0",
    "1",
    "-1",
    "2",
    "-2",
    "7",
    "255",
    "256",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "-4294967297",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775806",
    "-9223372036854775808",
    "-9223372036854775807",
    "9223372036854775808",
    "-99999999999999999999",
    "",
    "abc",
    "12abc",
    "+5",
    "--5",
    " 5",
    "-",
    "007",
];

const TEXTS: &[&str] = &[
    "",
    "a",
    "abc",
    "abd",
    "ab",
    "_",
    "a_b_c",
    "__a__b_",
    ",,a,,b,,",
    "f1_f2_f3__f5",
    "/////a///b/c/xzxyz/",
    "%",
    "%%41",
    "?a+b",
    "a=b&c=d",
    "one\r\ntwo",
    "AbC xYz",
    "b",
    "aab_b",
    "banana",
    "\u{e9}\u{20ac}",
    "0",
    "5",
    "null",
    "true",
    "1.5",
];

const JSONS: &[&str] = &[
    r#"{"a":1}"#,
    r#"{"a":-5}"#,
    r#"{"a":1.5,"b":{"c":"x"}}"#,
    r#"{"a":1e3}"#,
    r#"{"a":123456789}"#,
    r#"{"a":0.1}"#,
    r#"{"a":100000000000000000000}"#,
    r#"{"a":"x"}"#,
    r#"{"a":""}"#,
    r#"{"a":true}"#,
    r#"{"a":false}"#,
    r#"{"a":null}"#,
    r#"{"a":{"b":1}}"#,
    r#"{"b":1}"#,
    "{}",
    "",
    "[",
    r#"{"a":1"#,
    r#"{"a":1}x"#,
    r#"x{"a":1}"#,
    r#" { "a" : 1 } "#,
    r#"{"a":1,"a":2}"#,
    r#"{"b":{"a":7},"a":8}"#,
    r#"{"A":1}"#,
    r#"{"b":[{"a":3}],"a":4}"#,
    r#"{"l":["p","q"]}"#,
    r#"{"l":[{"a":"deep"},2]}"#,
    r#"{"d.e":"dotted"}"#,
    "5",
    r#""s""#,
    "true",
    r#"["first"]"#,
    r#"{"a":"q\"\n\\\/"}"#,
    r#"{"a":9007199254740991}"#,
    r#"{"a":9007199254740992}"#,
    r#"{"a":"5"}"#,
    r#"{"a":0.00001234}"#,
    r#"{"a":-0.5}"#,
    r#"{"x":[[[[[[[[[[1]]]]]]]]]],"a":6}"#,
    r#"{"a":"\x"}"#,
    r#"{'a':1}"#,
    r#"{"a":nul}"#,
    r#"{"b":{"c":{"c":1}},"a":2}"#,
];

const HOSTS: &[&str] = &[
    "Example.com:80",
    "[::1]:80",
    "[::1]",
    "[2001:DB8::1]:65535",
    "1.2.3.4:1",
    "1.2.3.4",
    "example.com",
    "a:b",
    "",
    "a:",
    ":80",
    "a:99999",
    "a:80x",
    "a:-1",
    "::1",
    "[::1",
];

const ADDRESSES: &[&str] = &[
    "1.2.3.4",
    "255.255.255.255",
    "0.0.0.0",
    "::1",
    "2001:db8::1",
    "::ffff:1.2.3.4",
    "::1.2.3.4",
    "2002:102:304::1",
    "01.2.3.4",
    "1.2.3",
    "1.2.3.4.",
    "1.2.3.4x",
    "1.2.3.4:80",
    "256.1.1.1",
    "localhost",
    "",
    "[::1]",
    "::g",
    "1..2.3",
    "ffff:ffff:ffff::",
    "1.2.3.4/24",
    "0001.002.3.4",
    "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7:8:9",
];

const LANGUAGES: &[&str] = &[
    "fr",
    "fr;q=0.5,en",
    "de",
    "",
    "en-US",
    "fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5",
    "*",
    "en;q=0",
    "en;q=0.124,fr;q=0.12",
    "EN",
    " fr",
    "fr ;q=0.5,en;q=0.4",
    ",,fr",
    "fr;q=1.000,en",
    "en-GB,en",
    "de-CH;q=0.3,en;q=0.2",
    "de,en;q=0.1",
    "es;q=0.3,fr;q=0.3",
];

impl Kind {
    /// Whether the input stays binary.
    pub fn is_binary(self) -> bool {
        matches!(self, Self::Bytes | Self::Protobuf | Self::Grpc | Self::Fix | Self::Token)
    }

    /// So many inputs: every special one at least as often as by chance.
    pub fn inputs(self, count: usize, random: &mut Random) -> Vec<Vec<u8>> {
        (0..count).map(|_| self.one(random)).collect()
    }

    fn one(self, random: &mut Random) -> Vec<u8> {
        let special = |texts: &[&str], random: &mut Random| random.pick(texts).as_bytes().to_vec();
        match self {
            Self::Number if random.one_in(4) => (random.bits() as i64 >> random.below(64)).to_string().into(),
            Self::Number => special(NUMBERS, random),
            Self::Moment => (90_000 + (random.bits() >> 32)).to_string().into(),
            Self::Text if random.one_in(2) => letters(b"aaabbc_,;/. %=&?X\r\n", random),
            Self::Text if random.one_in(6) => bytes(random),
            Self::Text => special(TEXTS, random),
            Self::Bytes => bytes(random),
            Self::Hex => letters(b"0123456789abcdefABCDEFF7880g", random),
            Self::Base64 => coded(b"AQgw+/09zZ", b'=', random),
            Self::Base64Url => coded(b"AQgw-_09zZ", b'A', random),
            Self::Percent => letters(b"%%%2040fFg+?a", random),
            Self::Unicode => unicode(random),
            Self::Json if random.one_in(4) => format!("{{\"a\":{}}}", number(random)).into(),
            Self::Json => special(JSONS, random),
            Self::Host => special(HOSTS, random),
            Self::Address => special(ADDRESSES, random),
            Self::Languages => special(LANGUAGES, random),
            Self::Protobuf => message(random),
            Self::Grpc => {
                let frames: Vec<Vec<u8>> = (0..1 + random.below(2)).map(|_| framed(&message(random))).collect();
                frames.concat()
            }
            Self::Fix => fix(random),
            Self::Token => token(random),
        }
    }
}

fn letters(alphabet: &[u8], random: &mut Random) -> Vec<u8> {
    (0..random.below(24)).map(|_| *random.pick(alphabet)).collect()
}

fn bytes(random: &mut Random) -> Vec<u8> {
    let length = *random.pick(&[0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 128, 129, 240, 241, 700]);
    match random.below(8) {
        0 => vec![0; length],
        1 => vec![0xff; length],
        2 => b"a\0b\0".to_vec(),
        3 => b"abc".to_vec(),
        _ => (0..length).map(|_| random.bits() as u8).collect(),
    }
}

/// Groups of four, some of them padded, cut or wrong.
fn coded(alphabet: &[u8], padding: u8, random: &mut Random) -> Vec<u8> {
    let mut text: Vec<u8> = (0..4 * random.below(6)).map(|_| *random.pick(alphabet)).collect();
    let padded = random.below(5).min(text.len());
    let start = text.len() - padded;
    text[start..].fill(padding);
    match random.below(6) {
        0 => drop(text.pop()),
        1 if !text.is_empty() => {
            let at = random.below(text.len());
            text[at] = *random.pick(b"*=. ~");
            if padding != b'=' {
                text[at] = b'*';
            }
        }
        _ => {}
    }
    text
}

fn unicode(random: &mut Random) -> Vec<u8> {
    const PARTS: &[&[u8]] = &[
        b"a",
        b"\"",
        b"\\",
        b"/",
        b"\n",
        b"\x01",
        b"\x7f",
        b"\xc3\xa9",
        b"\xe2\x82\xac",
        b"\xff",
        b"\x80",
        b"\xc0\xaf",
        b"\xe0\x80\xaf",
        b"\xe2\x82",
        b"\xed\xa0\x80",
        b"\xf0\x9f\x98\x80",
        b"\xc3",
        b"\xf8\x88\x80\x80\x80",
        b"\xfc\x84\x80\x80\x80\x80",
        b"\xef\xbf\xbf",
        b"\xef\xbf\xbd",
        b"\xc2\x80",
        b"\xf0\x80\x80\x80",
        b"\xfe",
    ];
    (0..random.below(6)).flat_map(|_| random.pick(PARTS).to_vec()).collect()
}

fn number(random: &mut Random) -> String {
    let digits = random.bits() >> random.below(64);
    match random.below(4) {
        0 => digits.to_string(),
        1 => format!("-{}.{}", digits % 1000, random.below(100_000)),
        2 => format!("0.{:0width$}", digits % 100_000, width = 1 + random.below(12)),
        _ => format!("{}e{}", digits % 10_000, random.below(40)),
    }
}

fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn field(number: u64, kind: u64, bytes: &[u8], out: &mut Vec<u8>) {
    varint(number << 3 | kind, out);
    if kind == 2 {
        varint(bytes.len() as u64, out);
    }
    out.extend_from_slice(bytes);
}

fn message(random: &mut Random) -> Vec<u8> {
    let (mut inner, mut out) = (Vec::new(), Vec::new());
    let plain = |random: &mut Random| {
        let mut bytes = Vec::new();
        varint(random.bits() >> random.below(64), &mut bytes);
        bytes
    };
    field(1, 0, &plain(random), &mut inner);
    field(2, 2, b"in", &mut inner);
    for _ in 0..random.below(7) {
        match 1 + random.below(5) {
            1 => field(1, 0, &plain(random), &mut out),
            2 => field(2, 2, &bytes(random), &mut out),
            3 => field(3, 2, &inner, &mut out),
            4 => field(4, 5, &(random.below(5) as f32 + 0.7).to_le_bytes(), &mut out),
            _ => field(5, 1, &(random.below(9) as f64 * 1e4 - 4.5).to_le_bytes(), &mut out),
        }
    }
    out
}

fn framed(message: &[u8]) -> Vec<u8> {
    [&[0], &(message.len() as u32).to_be_bytes()[..], message].concat()
}

/// Fields of FIX; the last one is complete.
fn fix(random: &mut Random) -> Vec<u8> {
    const FIELDS: &[&str] = &["35=A", "49=SENDER", "56=TARGET", "34=7", "99=", "108=30", "8=X", "49=again"];
    let mut out = b"8=FIX.4.2\x019=65\x01".to_vec();
    for _ in 0..random.below(6) {
        out.extend_from_slice(random.pick(FIELDS).as_bytes());
        out.push(1);
    }
    out
}

/// Tokens that were signed with Python's `hmac`, by the secret `secret`; some are changed.
const TOKENS: &[&str] = &[
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJtZSIsIm4iOjV9.dMthb3W5jq36SFRe3q23r0jbCD-Azw3tLkDYYK-Md24",
    "eyJhbGciOiJIUzM4NCIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJtZSIsIm4iOjV9.JAsNP5UhcnNdBHBHkJPtFIlxwYodIkcybv43ea-2BVc0B6rrX6khrlY_714Dm0h3",
    "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJtZSIsIm4iOjV9.do-mwcjeMU2hn2O4c9KZDWJ-tjyYVeO1ezH0C8IaAPrBcMxCazS1hnATsPC757gX2H39-cK-x_90QVxsEykfPg",
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSIsIm4iOjV9.",
    "a.b.c",
    "a.b",
    "",
    "....",
];

fn token(random: &mut Random) -> Vec<u8> {
    let mut token = random.pick(TOKENS).as_bytes().to_vec();
    match random.below(5) {
        0 if !token.is_empty() => {
            let at = random.below(token.len());
            token[at] = *random.pick(b"AZaz09-_.");
        }
        1 => token.truncate(random.below(token.len() + 1)),
        _ => {}
    }
    token
}
