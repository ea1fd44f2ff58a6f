//! Every method of comparing, with and without case, with few patterns and many, matches what the installed HAProxy matches; and maps give
//! what its maps give.

mod house;
mod shelf;

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use house::{House, Still};
use plimsoll_rules::{Arena, Context, Fetch, Name, Parts, Place, Truth, Type, Value, Variables};
use plimsoll_testkit::eventually;
use shelf::Shelf;

/// The value that is compared: there a header, here a variable.
const FETCHES: &[Fetch] = &[
    Fetch { name: "input", output: Type::Str, eval: |_, cx| read(cx, "txn.x"), ..Fetch::PLAIN },
    Fetch {
        name: "input_len",
        output: Type::Int,
        eval: |_, cx| read(cx, "txn.x").and_then(|value| value.bytes()).map(|text| Value::Int(text.len() as i64)),
        ..Fetch::PLAIN
    },
];

fn read<'c>(cx: &'c Context<'_>, name: &str) -> Option<Value<'c>> {
    cx.variables(|variables| variables.get(Name::parse(name).unwrap(), cx.arena()))
}

/// Patterns for methods of text: a few, and many.
const TEXTS: &[&str] = &[
    "a",
    "/a",
    "a/b",
    "/a/b/ abc",
    "A B",
    "b.c a.b",
    "?x x?y",
    "a//b",
    "ab: :ab",
    "example com",
    "www. .html /index",
    "a b c d e f",
    "/a /a/b /a/b/c /b b/ c/d /x/ //",
    "ab abc abcd ABCD bcd cd d dd xyz yz",
    "example.com www.example.com .com http com:80 /blah b.c.d a..b",
    "aa aaa aaaa aaaaa aaaaaa ba aab bbb",
];

const REGEXES: &[&str] = &[
    "^a",
    "b$",
    "^a.c$ x",
    "a+b",
    "[.]html$ ^/index ^/a ^/b ^/c",
    "^[0-9]+$ ^[a-f]{2}$ x.y z ^$ ^w",
    "(a|b)c ^(x|y)$",
];

const NUMBERS: &[&str] = &[
    "5",
    "1:5",
    ":3",
    "4:",
    "1 3 5",
    "10:20 15:30 40",
    "ge 5",
    "gt 5",
    "le 5",
    "lt 5",
    "eq 5 7",
    "lt 2 4",
    "ge 100 eq 3",
    "1 2:4 8:16 5 90: 12 13",
    "1:100 50:60 2 3 200:300 150",
    "0",
];

const NETWORKS: &[&str] = &[
    "10.0.0.0/8",
    "10.0.0.1",
    "10.0.0.1/255.0.0.255",
    "127.1 192.168.1/24",
    "::ffff:10.0.0.0/104",
    "2001:db8::/32 ::1",
    "10.0.0.0/8 10.1.0.0/16 192.168.0.0/16 172.16.0.0/12 127.0.0.0/8 2002:a00::/24",
    "1.1.1.1 2.2.2.2 10.1.2.3 10.1.2.4 ::ffff:10.1.2.5 fe80::/10 0.0.0.0/1",
];

/// Tricky texts; no header can hold bytes below a blank.
const INPUTS: &[&str] = &[
    "a",
    "A",
    "b",
    "ab",
    "aB",
    "abc",
    "ABC",
    "abcd",
    "xabcx",
    "/a",
    "/a/",
    "/A/b",
    "a/b",
    "/a/b/c",
    "a//b",
    "/x/a/b",
    "b/a",
    "a?b",
    "x?y",
    "/a?x",
    "a.b",
    "a..b",
    "b.c",
    "a.b.c.d",
    "ab:cd",
    ":ab:",
    "www.example.com",
    "WWW.Example.COM:80",
    "examples.com",
    "http://www.example.com:80/blah",
    "/index.html",
    "index.htm",
    "/b/",
    "c/d",
    "//",
    ".",
    "aaa",
    "aaab",
    "aabaa",
    "bbbb",
    "dd",
    "xyz",
    "yz",
    "0",
    "1",
    "3",
    "4",
    "5",
    "6",
    "7",
    "13",
    "15",
    "16",
    "25",
    "35",
    "40",
    "55",
    "100",
    "199",
    "1000000",
    "-3",
    "5x",
    "x5",
    "10.0.0.1",
    "10.1.2.3",
    "10.1.2.4",
    "10.7.7.1",
    "127.0.0.1",
    "192.168.0.1",
    "192.168.0.77",
    "172.31.255.255",
    "200.1.1.1",
    "::1",
    "::ffff:10.1.2.5",
    "::10.1.2.3",
    "2002:a01:203::",
    "2001:db8::5",
    "fe80::1",
    "e\u{e9}",
    "E\u{c9}",
    "z",
];

fn conditions() -> Vec<String> {
    let mut all = Vec::new();
    for how in ["str", "beg", "end", "sub", "dir", "dom"] {
        for flag in ["", "-i "] {
            // What consists of delimiters alone is refused here.
            let fine = |pattern: &&str| !(matches!(how, "dir" | "dom") && *pattern == "//");
            for patterns in TEXTS {
                let patterns: Vec<&str> = patterns.split(' ').filter(fine).collect();
                all.push(format!("input -m {how} {flag}{}", patterns.join(" ")));
            }
        }
    }
    for flag in ["", "-i "] {
        all.extend(REGEXES.iter().map(|patterns| format!("input -m reg {flag}{patterns}")));
    }
    for patterns in NUMBERS {
        all.push(format!("input -m int {patterns}"));
        all.push(format!("input -m len {patterns}"));
        all.push(format!("input_len {patterns}"));
    }
    all.extend(NETWORKS.iter().map(|patterns| format!("input -m ip {patterns}")));
    let rest = ["found", "bool", "bin 61", "bin 6162 6163 78797a", "bin 61 62 63 6462 616263 2f61"];
    all.extend(rest.iter().map(|rest| format!("input -m {rest}")));
    all
}

/// Maps; each method has a file of its own, because of a fault of HAProxy's cache of results.
const MAPS: &[(&str, &str)] = &[
    ("str", "a 1\n/a 2\na 3\nABC 4\n# c 9\n  abc  5 five  \n/b/ 6\n"),
    ("beg", "a 1\n/a 2\n/a/b 3\nab 4\n/a 5\nw 6\nhttp://w 7\n"),
    ("sub", "a 1\n/a/b 2\nb 3\nx 4\n.com 5\n"),
    ("end", "b 1\nab 2\n/b 3\nb 4\n.html 5\ncom 6\n"),
    ("dir", "b 1\na/b 2\na 3\n/index.html 4\n"),
    ("dom", "com 1\nexample.com 2\na.b 3\nb 4\n"),
    ("reg", "^a 1\n^ab 2\nb$ 3\n[0-9] 4\n"),
    ("regm", "^(a)(b*)(.*) <\\3\\2\\1\\0\\\\>\n(.)/(.) \\2-\\1-\\9\n^[0-9] n\n"),
    ("int", "1:5 1\n3 2\n:20 3\n100: 4\n"),
    (
        "ip",
        "10.0.0.0/8 1\n10.1.0.0/16 2\n10.1.2.3 3\n10.1.2.3 4\n::ffff:10.1.2.0/120 5\n::/0 6\n127.0.0.0/8 7\n0.0.0.1/255.0.0.255 8\n",
    ),
];

struct Haproxy {
    child: Child,
    folder: tempfile::TempDir,
}

impl Drop for Haproxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Haproxy {
    /// Starts it, or says what is missing: `None` outside CI, a failure in CI.
    fn start(conditions: &[String]) -> Option<Self> {
        if Command::new("haproxy").arg("-v").output().is_err() {
            let missing = "haproxy is not installed: install the Debian package `haproxy` to compare with it";
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{missing}");
            eprintln!("NOT RUN: {missing}");
            return None;
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        let mut config = format!(
            "global\n nbthread 1\n tune.pattern.cache-size 0\ndefaults\n mode http\n timeout client 10s\nfrontend f\n bind {}\n",
            path("socket")
        );
        for (number, condition) in conditions.iter().enumerate() {
            let condition = condition.replace("input_len", "req.fhdr(x),length").replace("input ", "req.fhdr(x) ");
            config += &format!(" http-request set-var-fmt(txn.all) %[var(txn.all)],{number} if {{ {condition} }}\n");
        }
        for (how, text) in MAPS {
            std::fs::write(folder.path().join(how), text).expect("a map");
            let map = format!("req.fhdr(x),map_{how}({},none)", path(how));
            config += &format!(" http-request set-var-fmt(txn.maps) \"%[var(txn.maps)]%[{map}];\"\n");
        }
        config +=
            " http-request return status 200 content-type text/plain lf-string \"%[var(txn.all)]|%[var(txn.maps)]\"\n";
        let file = path("haproxy.cfg");
        std::fs::write(&file, config).expect("the configuration is written");
        let child =
            Command::new("haproxy").args(["-db", "-f", &file]).stderr(Stdio::null()).spawn().expect("haproxy starts");
        Some(Self { child, folder })
    }

    /// Which conditions hold for an input, and what each map gives.
    fn ask(&self, input: &str) -> (Vec<usize>, Vec<String>) {
        let mut stream = None;
        eventually("haproxy listens", Duration::from_secs(10), || {
            stream = UnixStream::connect(self.folder.path().join("socket")).ok();
            stream.is_some()
        });
        let mut stream = stream.expect("it just connected");
        let request = format!("GET / HTTP/1.0\r\nHost: h\r\nX: {input}\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("the request is sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        let answer = String::from_utf8(answer).expect("text");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        let (all, maps) = body.split_once('|').unwrap_or_else(|| panic!("{answer}"));
        let numbers =
            all.split(',').filter(|number| !number.is_empty()).map(|number| number.parse().expect("a number"));
        (numbers.collect(), maps.split_terminator(';').map(str::to_owned).collect())
    }
}

#[test]
fn patterns_match_what_they_match_in_haproxy() {
    let conditions = conditions();
    let Some(haproxy) = Haproxy::start(&conditions) else { return };
    let mut house = House::new(&[Parts { fetches: FETCHES, ..Parts::EMPTY }], Place::HttpRequest);
    house.names = std::sync::Arc::new(Shelf::of(MAPS));
    let rules: Vec<_> = conditions.iter().map(|text| shelf::condition(&mut house, &format!("{{ {text} }}"))).collect();
    let maps: Vec<_> = MAPS
        .iter()
        .map(|(how, _)| house.expr(&format!("input,map_{how}({how},none)")).unwrap_or_else(|told| panic!("{told}")))
        .collect();
    let (mut wrong, mut pairs, mut matches) = (String::new(), 0, 0);
    for input in INPUTS {
        let (theirs, their_values) = haproxy.ask(input);
        matches += theirs.len();
        let (arena, mut variables) = (Arena::new(), Variables::default());
        variables.set(Name::parse("txn.x").unwrap(), &Value::Str(input.as_bytes()));
        let cx = Context::new(Place::HttpRequest, &arena, &Still, &mut variables);
        for (number, (rule, text)) in rules.iter().zip(&conditions).enumerate() {
            let ours = rule.condition.as_ref().unwrap().holds(&cx) == Truth::Yes;
            if ours != theirs.contains(&number) {
                wrong += &format!("{input:?} {{ {text} }}: here {ours}\n");
            }
            pairs += 1;
        }
        for ((map, theirs), (how, _)) in maps.iter().zip(&their_values).zip(MAPS) {
            let ours = map.eval(&cx).and_then(|value| value.text(&arena)).unwrap_or_default();
            if ours != theirs.as_bytes() {
                wrong += &format!("{input:?} map_{how}: here {}, haproxy {theirs}\n", ours.escape_ascii());
            }
            pairs += 1;
        }
    }
    assert!(wrong.is_empty(), "{} of {pairs} differ:\n{wrong}", wrong.lines().count());
    assert!(pairs > 20_000 && matches > 1_500, "{pairs} pairs, {matches} matches");
}
