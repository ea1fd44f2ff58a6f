//! What a source may be written as, and what is said of what it may not.

use super::*;

fn address(text: &str, expect: &str) {
    match text.parse::<SourceAddress>() {
        Ok(source) => {
            assert_eq!(source.to_string(), expect, "for `{text}`");
            assert_eq!(expect.parse(), Ok(source), "`{expect}` does not read back");
        }
        Err(error) => assert_eq!(error.to_string(), expect, "for `{text}`"),
    }
}

fn usesrc(text: &str, expect: &str) {
    match text.parse::<UseSource>() {
        Ok(usesrc) => {
            assert_eq!(usesrc.to_string(), expect, "for `{text}`");
            assert_eq!(expect.parse(), Ok(usesrc), "`{expect}` does not read back");
        }
        Err(error) => assert_eq!(error.to_string(), expect, "for `{text}`"),
    }
}

#[test]
fn a_source_is_an_address_with_or_without_ports() {
    address("10.0.0.1", "10.0.0.1");
    address("10.0.0.1:0", "10.0.0.1");
    address("10.0.0.1:2000", "10.0.0.1:2000");
    address("10.0.0.1:2000-3000", "10.0.0.1:2000-3000");
    address("ipv4@10.0.0.1:2000-2000", "10.0.0.1:2000");
    address("*", "0.0.0.0");
    address("*:2000-3000", "0.0.0.0:2000-3000");
    address(":2000-3000", "0.0.0.0:2000-3000");
    address("ipv6@*", "::");
    address("::1", "::1");
    address("[::1]", "::1");
    address("[::1]:1-65535", "[::1]:1-65535");
    address("fd00::10:2000-3000", "[fd00::10]:2000-3000");
}

#[test]
fn what_is_wrong_with_a_source_is_said() {
    let no_address = |text: &str| {
        format!(
            "`{text}` is no source address: write an IP address, and ports behind it if need be: `10.0.0.1:2000-3000`"
        )
    };
    for text in ["", "name", "name:80", "unix@/run/a", "ipv6@10.0.0.1", "ipv4@[::1]", "10.0.0", "[10.0.0.1]:80"] {
        address(text, &no_address(text));
    }
    address(
        "10.0.0.1:3000-2000",
        "the range of ports `3000-2000` is empty: its first port comes first, and neither is 0",
    );
    address("10.0.0.1:0-2000", "the range of ports `0-2000` is empty: its first port comes first, and neither is 0");
    address(
        "10.0.0.1:70000",
        "`70000` are no ports: a number from 0 to 65535 is expected, or a range such as `2000-3000`",
    );
    address(
        "10.0.0.1:2000-",
        "`2000-` are no ports: a number from 0 to 65535 is expected, or a range such as `2000-3000`",
    );
    let words = "10.0.0.1 usesrc clientip";
    let help = "help: write a map: `source: { address: 10.0.0.1, usesrc: clientip, interface: eth0 }`";
    address(words, &format!("`{words}` is more than an address\n{help}"));
}

#[test]
fn servers_may_see_the_client_a_field_of_the_request_or_a_written_address() {
    usesrc("client", "client");
    usesrc("clientip", "clientip");
    usesrc("hdr_ip(X-Forwarded-For)", "hdr_ip(x-forwarded-for)");
    usesrc("hdr_ip(x-forwarded-for,-1)", "hdr_ip(x-forwarded-for)");
    usesrc("hdr_ip(x-real-ip, 2)", "hdr_ip(x-real-ip,2)");
    usesrc("203.0.113.7", "203.0.113.7");
    usesrc("203.0.113.7:4000", "203.0.113.7:4000");
    usesrc("[fd00::7]:4000", "[fd00::7]:4000");
    for text in ["clients", "hdr_ip()", "hdr_ip(a b)", "hdr_ip(a,x)", "203.0.113.7:1-2", "*", ""] {
        let forms = "`client`, `clientip`, `hdr_ip(NAME)`, `hdr_ip(NAME,NUMBER)` and an address with one port";
        usesrc(text, &format!("`{text}` is none of {forms}"));
    }
}

#[test]
fn an_address_serves_destinations_of_its_family_and_any_serves_all() {
    let (v4, v6) = ("10.0.0.9:80".parse().unwrap(), "[::1]:80".parse().unwrap());
    for (text, four, six) in
        [("10.0.0.1", true, false), ("::1", false, true), ("*", true, true), ("*:1-9", true, false)]
    {
        let source: SourceAddress = text.parse().unwrap();
        assert_eq!((source.fits(&v4), source.fits(&v6)), (four, six), "{text}");
    }
}
