//! What may be written under `log`, and what is said of the rest.

use plimsoll_config::{OneOrMany, ShortForm, Sources, load};

use super::*;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    log: OneOrMany<ShortForm<LogTarget>>,
}

fn read(text: &str) -> Result<Vec<LogTarget>, String> {
    let mut sources = Sources::new();
    let (file, found) = load::<File>(&mut sources, "lb.yaml", text, &|_| None);
    file.map(|file| file.log.into_iter().map(|target| target.0).collect()).ok_or_else(|| found.render_short(&sources))
}

#[test]
fn a_place_alone_is_a_target() {
    assert_eq!(read("log: stdout"), Ok(vec![LogTarget::new(To::Stdout)]));
    let both = read("log: [stderr, { to: \"file:/var/log/lb.log\", format: json }]").unwrap();
    assert_eq!(both[0].to, To::Stderr);
    assert_eq!(both[1].to, To::File("/var/log/lb.log".into()));
    assert_eq!(both[1].format, Format::Json);
}

#[test]
fn every_key_is_read() {
    let text = "log: { to: \"udp:loghost:1514\", framing: rfc5424, facility: daemon, level: notice, min-level: err, len: 2048, tag: edge, hostname: a.b }";
    let target = &read(text).unwrap()[0];
    assert_eq!(target.to, To::Udp("loghost".into(), 1514));
    assert_eq!((target.framing(), target.facility, target.longest()), (Framing::Rfc5424, Facility::Daemon, 2048));
    assert_eq!((target.level, target.min_level), (Some(Level::Notice), Some(Level::Err)));
    assert_eq!((target.tag.as_deref(), target.hostname.as_deref()), (Some("edge"), Some("a.b")));
}

#[test]
fn syslog_and_streams_have_their_own_defaults() {
    let of = |to: &str| LogTarget::from_short(to).unwrap();
    assert_eq!((of("/dev/log").framing(), of("/dev/log").longest()), (Framing::Local, 1024));
    assert_eq!((of("stdout").framing(), of("stdout").longest()), (Framing::Raw, 8192));
}

#[test]
fn haproxys_addresses_and_ours_mean_the_same() {
    let to = |text: &str| text.parse::<To>().unwrap().to_string();
    assert_eq!(to("127.0.0.1"), "udp:127.0.0.1:514");
    assert_eq!(to("127.0.0.1:1514"), "udp:127.0.0.1:1514");
    assert_eq!(to("::1"), "udp:[::1]:514");
    assert_eq!(to("[::1]:99"), "udp:[::1]:99");
    assert_eq!(to("udp:[::1]"), "udp:[::1]:514");
    assert_eq!(to("udp:loghost"), "udp:loghost:514");
    assert_eq!(to("/dev/log"), "unix:/dev/log");
    for text in ["stdout", "stderr", "file:/a b", "udp:h:1", "udp:[::1]:2", "unix:/x"] {
        assert_eq!(to(text), text);
    }
}

#[test]
fn what_is_no_place_gets_a_reason_and_advice() {
    let error = |text: &str| text.parse::<To>().unwrap_err();
    assert_eq!(error("stdot"), "`stdot` is no place for a log\nhelp: did you mean `stdout`?");
    assert!(error("somewhere else").contains("help: write `stdout`"));
    assert_eq!(error("file:lb.log"), "`lb.log` is not an absolute path");
    assert_eq!(error("unix:/"), "`/` is not an absolute path");
    assert_eq!(error("udp:h:0"), "`h:0` has no port from 1 to 65535 after its last colon");
    assert_eq!(error("udp::514"), "`:514` names no host");
    assert_eq!(error("udp:[x]:1"), "`x` is not an IPv6 address");
    assert_eq!(error("udp:a b"), "`a b` is neither an IP address nor a host name");
    assert!(error(&format!("unix:/{}", "x".repeat(107))).contains("107 bytes at most"));
}

#[test]
fn wrong_values_are_told_at_their_place() {
    let error = read("log: { to: stdout, len: 79 }").unwrap_err();
    assert!(error.starts_with("lb.yaml:1:") && error.contains("`79` is not a length from 80 to 65535"), "{error}");
    let error = read("log: { to: stdout, tag: \"a b\" }").unwrap_err();
    assert!(error.contains("`a b` is not a word"), "{error}");
    let error = read("log: { to: stdout, facility: local8 }").unwrap_err();
    assert!(error.contains("local8"), "{error}");
}
