//! What each form means, and what is said about those that mean nothing.

use super::*;

fn check(text: &str, expect: &str) {
    match Address::parse(text) {
        Ok(spec) => {
            assert_eq!(spec.to_string(), expect, "for `{text}`");
            assert_eq!(Address::parse(expect), Ok(spec), "`{expect}` does not read back");
        }
        Err(error) => assert_eq!(error.to_string(), expect, "for `{text}`"),
    }
}

#[test]
fn haproxys_forms_are_understood() {
    check("*:80", "0.0.0.0:80");
    check(":80", "0.0.0.0:80");
    check("0.0.0.0:80", "0.0.0.0:80");
    check("127.0.0.1:0", "127.0.0.1:0");
    check("[::]:80", "[::]:80");
    check(":::80", "[::]:80");
    check("::1:80", "[::1]:80");
    check("[2001:db8::1]:443", "[2001:db8::1]:443");
    check("2001:db8::1:443", "[2001:db8::1]:443");
    check("ipv4@*:80", "0.0.0.0:80");
    check("ipv4@10.0.0.1:80", "10.0.0.1:80");
    check("ipv6@:80", "[::]:80");
    check("ipv6@*:80", "[::]:80");
    check("ipv6@::1:80", "[::1]:80");
    check("/run/lb.sock", "unix@/run/lb.sock");
    check("unix@/run/lb.sock", "unix@/run/lb.sock");
    check("/run/odd@name:80", "unix@/run/odd@name:80");
    check("abns@lb", "abns@lb");
}

#[test]
fn names_are_left_to_the_caller() {
    check("localhost:8080", "localhost:8080");
    check("ipv6@app-1.example.org:80", "ipv6@app-1.example.org:80");
    check("_svc._tcp.example:53", "_svc._tcp.example:53");
    check("10.app:80", "10.app:80");
    assert_eq!("localhost:80".parse::<Address>(), Err(AddressError::Name("localhost".into())));
}

#[test]
fn errors_say_what_to_write() {
    check("", "an address is missing");
    check("unix@", "an address is missing");
    check("ipv4@", "an address is missing");
    check("10.0.0.1", "`10.0.0.1` has no port: write `10.0.0.1:PORT`");
    check("*", "`*` has no port: write `*:PORT`");
    check("[::1]", "`[::1]` has no port: write `[::1]:PORT`");
    check("::1", "`::1` has no port: write `::1:PORT`");
    check("localhost:", "`localhost:` has no port: write `localhost:PORT`");
    check("*:65536", "`65536` is not a port: a number from 0 to 65535 is expected");
    check("*:http", "`http` is not a port: a number from 0 to 65535 is expected");
    check("*:+80", "`+80` is not a port: a number from 0 to 65535 is expected");
    check("*:80-90", "`80-90` is a range of ports: one port is meant here");
    check("fd@3", "addresses that start with `fd@` are not supported here: use `ipv4@`, `ipv6@`, `unix@` or `abns@`");
    check("ipv4@[::1]:80", "`[::1]:80` does not belong to the family that `ipv4@` asks for");
    check("ipv6@10.0.0.1:80", "`10.0.0.1:80` does not belong to the family that `ipv6@` asks for");
    check("[10.0.0.1]:80", "`[10.0.0.1]` is not an IPv6 address");
    check("10.0.0.256:80", "`10.0.0.256` is neither an IP address nor a host name");
    check("a b:80", "`a b` is neither an IP address nor a host name");
    check("unix@run/lb.sock", "`run/lb.sock` is not an absolute path");
    let long = format!("/{}", "x".repeat(107));
    check(&long, &format!("the path `{long}` is too long for a UNIX socket: 107 bytes is the limit"));
}

#[test]
fn an_address_is_a_string_in_a_configuration() {
    let spec: AddressSpec = serde_json::from_str(r#""*:80""#).unwrap();
    assert_eq!(serde_json::to_string(&spec).unwrap(), r#""0.0.0.0:80""#);
    let error = serde_json::from_str::<Address>(r#""localhost:80""#).unwrap_err();
    assert!(error.to_string().contains("is a name"), "{error}");
}

proptest::proptest! {
    #[test]
    fn no_text_panics_and_what_is_printed_reads_back(text in "[*:@\\[\\]./a-f0-9 -]{0,24}") {
        if let Ok(spec) = Address::parse(&text) {
            proptest::prop_assert_eq!(Address::parse(&spec.to_string()), Ok(spec));
        }
    }
}
