//! Formats are written as the installed HAProxy writes them, of the same values.

mod house;

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use house::{House, Still};
use plimsoll_rules::{Alias, Arena, Context, Name, Parts, Place, Purpose, Show, Type, Value, Variables};
use plimsoll_testkit::eventually;

/// What the client sends as `X-A`, which becomes `txn.x` and the first capture. `Host` is the last.
const NASTY: &[u8] = b"v \x02\"]\\{|}#\xc3\xa9\x7f z";

const ALIASES: &[Alias] = &[
    Alias { name: "f", eval: |_| Some(Value::Str(b"front")), ..Alias::PLAIN },
    Alias { name: "b", eval: |_| Some(Value::Str(b"front")), ..Alias::PLAIN },
    Alias { name: "s", eval: |_| Some(Value::Str(b"<NOSRV>")), ..Alias::PLAIN },
    Alias { name: "ci", eval: |_| Some(Value::Str(b"unix")), ..Alias::PLAIN },
    Alias { name: "ST", output: Type::Int, show: Show::Number, eval: |_| Some(Value::Int(200)), ..Alias::PLAIN },
    Alias { name: "ts", show: Show::Verbatim, eval: |_| Some(Value::Str(b"LR")), ..Alias::PLAIN },
    Alias { name: "CC", ..Alias::PLAIN },
    Alias { name: "si", ..Alias::PLAIN },
    Alias { name: "sp", show: Show::Hex { hex: 4, decimal: 0 }, ..Alias::PLAIN },
    Alias { name: "r", show: Show::Uri, eval: |_| Some(Value::Str(b"GET /a?x=\"]\\y HTTP/1.0")), ..Alias::PLAIN },
    Alias { name: "HQ", show: Show::Uri, eval: |_| Some(Value::Str(b"?x=\"]\\y")), ..Alias::PLAIN },
    Alias { name: "hr", show: Show::Braces(captured), ..Alias::PLAIN },
    Alias { name: "hrl", show: Show::List(captured), ..Alias::PLAIN },
    Alias { name: "hs", show: Show::Braces(|_, _| false), ..Alias::PLAIN },
    Alias { name: "hsl", show: Show::List(|_, _| false), ..Alias::PLAIN },
];

fn captured(_: &Context<'_>, each: &mut dyn FnMut(Option<&[u8]>)) -> bool {
    [Some(NASTY), None, Some(b"h")].into_iter().for_each(each);
    true
}

/// Formats that are written alike, and where.
const LOGS: &[&str] = &[
    "a   b  %hs  c",
    "%[str(z)]  %[int(5)] %[int(-5)] %[bool(true)] %[ipv4(1.2.3.4)] %[ipv6(2001:DB8::1)]",
    "%[var(txn.none)] %{+Q}[var(txn.none)] .%{-M}[var(txn.none)]. %{-M,+Q}[var(txn.none)]",
    "%{+Q}[str(z)] %{+X}[str(z)] %{+X}[int(255)] %{+Q,-Q}[str(z)]",
    "%{+E}[str(q]b)] %{+Q,+E}[str(q]b)]",
    "%f %b %s %ST %ts %CC %si %sp %ci",
    "%{+Q}o %f %b %s %ST %ts %CC %si %sp %ci %[str(z)] %{-Q}f",
    "%{+Q}f.%{+E}f.%{}f",
    "%r|%{+Q}r|%{+E}r|%{+Q,+E}r|%HQ|%{+Q}HQ",
    "a %hr b|%{+Q}hr|%{+E}hr|%{+Q,+E}hr",
    "a %hrl b|%{+Q}hrl|%{+E}hrl|%{+Q,+E}hrl",
    "a %hs b %hsl c %{+Q}hs d",
    "100%% %%[str(x)]",
    "%[bin(410042)]%[bin(0041)]",
    "%{-M}o %CC|%[var(txn.none)]|%{+Q}CC",
    "%{-M}[var(txn.none)] %{-M}CC x",
];

const HEADERS: &[&str] = &[
    "a   b",
    "a %hs b",
    "%[var(txn.x)]",
    "%{+Q}[var(txn.x)]",
    "%{+E}[var(txn.x)]",
    "%{+Q,+E}[var(txn.x)]",
    "x%[var(txn.none)]%{+Q}[var(txn.none)]%{+M}[var(txn.none)]x",
    "x%[bin(0d0a61)]x%[bin(610062)]x%[bin(7f09c3a9)]x",
    "%{+Q}o%f %{-Q}f %[str(z)] %CC %{+M,-Q}CC %{+M}CC x",
    "%r %{+Q}r",
    "%hr %{+Q}hrl",
    "%[int(-5)] %{+X}[int(255)]",
];

const VARIABLES: &[&str] =
    &["a  b", "%[bin(0d0a61)]", "%[bin(610062)]", "%{+Q}[str(z)]%[var(txn.none)]%CC%{+M}CC%f", "%[var(txn.x)]"];

struct Haproxy {
    child: Child,
    folder: tempfile::TempDir,
    logs: UnixDatagram,
}

impl Drop for Haproxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How a text stands in a configuration of HAProxy.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

impl Haproxy {
    /// Starts it with a frontend for each of these lines, or says what is missing: `None` outside CI, a failure in CI.
    fn start(lines: impl Iterator<Item = String>) -> Option<Self> {
        if Command::new("haproxy").arg("-v").output().is_err() {
            let missing = "haproxy is not installed: install the Debian package `haproxy` to compare with it";
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{missing}");
            eprintln!("NOT RUN: {missing}");
            return None;
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        let logs = UnixDatagram::bind(path("logs")).expect("a socket for its log");
        logs.set_read_timeout(Some(Duration::from_secs(10))).expect("a time-out");
        let mut config = format!(
            "global\n log {} format raw local0\ndefaults\n mode http\n log global\n timeout client 10s\n",
            path("logs")
        );
        for (number, line) in lines.enumerate() {
            config += &format!(
                "frontend f{number}\n id {}\n bind {}\n capture request header x-a len 40\n capture request header none len \
                 9\n capture request header host len 9\n http-request set-var(txn.x) req.hdr(x-a)\n{line}\n",
                number + 1,
                path(&number.to_string())
            );
        }
        let file = path("haproxy.cfg");
        std::fs::write(&file, config).expect("the configuration is written");
        let child =
            Command::new("haproxy").args(["-db", "-f", &file]).stderr(Stdio::null()).spawn().expect("haproxy starts");
        Some(Self { child, folder, logs })
    }

    /// What it answers to a request to one of its frontends, and what it logs.
    fn ask(&self, number: usize) -> (Vec<u8>, Vec<u8>) {
        let mut stream = None;
        eventually("haproxy listens", Duration::from_secs(10), || {
            stream = UnixStream::connect(self.folder.path().join(number.to_string())).ok();
            stream.is_some()
        });
        let mut stream = stream.expect("it just connected");
        let request = [b"GET /a?x=\"]\\y HTTP/1.0\r\nHost: h\r\nX-A: ", NASTY, b"\r\n\r\n"].concat();
        stream.write_all(&request).expect("the request is sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        let mut log = vec![0; 65_536];
        let length = self.logs.recv(&mut log).expect("a line of the log");
        log.truncate(length);
        (answer, log)
    }
}

/// The name of a frontend is part of what is compared.
fn ours(purpose: Purpose, text: &str) -> Vec<u8> {
    let mut house = House::new(&[Parts { aliases: ALIASES, ..Parts::EMPTY }], Place::HttpLog);
    let format = house.format_for(purpose, text).unwrap_or_else(|told| panic!("{text}:\n{told}"));
    let (arena, mut variables) = (Arena::new(), Variables::default());
    variables.set(Name::parse("txn.x").unwrap(), &Value::Str(NASTY));
    let cx = Context::new(Place::HttpLog, &arena, &Still, &mut variables);
    format.render(&cx).to_vec()
}

fn between<'b>(bytes: &'b [u8], from: &[u8], to: &[u8]) -> &'b [u8] {
    let find = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).position(|window| window == what);
    let start = find(bytes, from).unwrap_or_else(|| panic!("no {} in {}", from.escape_ascii(), bytes.escape_ascii()))
        + from.len();
    let end = find(&bytes[start..], to).map_or(bytes.len(), |at| start + at);
    &bytes[start..end]
}

#[test]
fn values_are_written_as_haproxy_writes_them() {
    let logs = LOGS
        .iter()
        .map(|format| format!(" log-format {}\n http-request return status 200", quoted(&format!("({format})"))));
    let headers = HEADERS.iter().map(|format| {
        format!(" log-format x\n http-request return status 200 hdr x-out {}", quoted(&format!("({format})")))
    });
    let variables = VARIABLES.iter().map(|format| {
        let format = quoted(&format!("({format})"));
        format!(
            " log-format x\n http-request set-var-fmt(txn.y) {format}\n http-request return status 200 hdr x-out %[var(txn.y),hex]"
        )
    });
    let Some(haproxy) = Haproxy::start(logs.chain(headers).chain(variables)) else { return };
    let purposes = [(Purpose::Log, LOGS), (Purpose::Http, HEADERS), (Purpose::Plain, VARIABLES)];
    let all = purposes.into_iter().flat_map(|(purpose, formats)| formats.iter().map(move |format| (purpose, *format)));
    let mut wrong = String::new();
    for (number, (purpose, format)) in all.enumerate() {
        let (answer, log) = haproxy.ask(number);
        let theirs = match purpose {
            Purpose::Log => log.trim_ascii_end().to_vec(),
            _ => between(&answer, b"x-out: ", b"\r\n").to_vec(),
        };
        let mut ours = ours(purpose, &format!("({format})"));
        if purpose == Purpose::Plain {
            ours = ours.iter().flat_map(|byte| format!("{byte:02X}").into_bytes()).collect();
        }
        // Frontends have names of their own here.
        let name = format!("f{number}");
        let theirs =
            theirs.escape_ascii().to_string().replace(&name, "front").replace(&hex(name.as_bytes()), &hex(b"front"));
        let ours = ours.escape_ascii().to_string();
        if ours != theirs {
            wrong += &format!("{purpose:?} {format}\n  haproxy {theirs}\n  here    {ours}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
