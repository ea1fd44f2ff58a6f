//! Conditions and what they match: every method, flag and operator, with values written by hand.

mod house;
mod shelf;

use shelf::{Shelf, is};

#[test]
fn every_method_matches_what_it_says() {
    let cases: &[(&str, bool)] = &[
        // Without -m, the type of the value says how.
        ("{ bool(true) }", true),
        ("{ bool(false) }", false),
        ("{ int(5) 5 }", true),
        ("{ int(5) 4 6 }", false),
        ("{ ipv4(10.1.2.3) 10.0.0.0/8 }", true),
        ("{ str(abc) abc }", true),
        ("{ str(abc) ab }", false),
        // found, bool
        ("{ str('\"\"') -m found }", true),
        ("{ var(txn.none) -m found }", false),
        ("{ int(7) -m bool }", true),
        ("{ int(0) -m bool }", false),
        ("{ str(1) -m bool }", true),
        ("{ str(0) -m bool }", false),
        // int
        ("{ str(12) -m int 12 }", true),
        ("{ str(12x) -m int 12 }", true),
        ("{ bool(true) -m int 1 }", true),
        ("{ bool(true) -m int 0 }", false),
        ("{ int(5) 1:5 }", true),
        ("{ int(6) 1:5 }", false),
        ("{ int(1024) :1024 5000: }", true),
        ("{ int(1025) :1024 5000: }", false),
        ("{ int(5000) :1024 5000: }", true),
        ("{ int(-3) -- -3 }", true),
        ("{ int(-3) -- -5:-1 }", true),
        // len
        ("{ str(abcd) -m len 4 }", true),
        ("{ str(abcd) -m len gt 4 }", false),
        ("{ int(777) -m len 3 }", true),
        // bin
        ("{ bin(00ff) -m bin 00FF }", true),
        ("{ bin(00ff) -m bin 00 }", false),
        ("{ str(ab) -m bin 6162 }", true),
        // beg, end, sub
        ("{ str(/a/b) -m beg /a }", true),
        ("{ str(/a/b) -m beg /b }", false),
        ("{ str(/a/b) -m end /b }", true),
        ("{ str(/a/b) -m end /a }", false),
        ("{ str(/a/b) -m sub a/ }", true),
        ("{ str(/a/b) -m sub ba }", false),
        // dir, dom
        ("{ str(/images/png/logo/32x32.png) -m dir /images/png }", true),
        ("{ str(/images/png/logo/32x32.png) -m dir logo/32x32.png }", true),
        ("{ str(/images/png/logo/32x32.png) -m dir 32x32 }", false),
        ("{ str(/images/png/logo/32x32.png) -m dir mages }", false),
        ("{ str(/a?b) -m dir a }", true),
        ("{ str(http://www1.dc-eu.example.com:80/blah) -m dom dc-eu.example:80 }", false),
        ("{ str(http://www1.dc-eu.example.com:80/blah) -m dom example.com:80 }", true),
        ("{ str(http://www1.dc-eu.example.com:80/blah) -m dom .www1. }", true),
        ("{ str(http://www1.dc-eu.example.com:80/blah) -m dom eu }", false),
        // reg
        ("{ str(abc) -m reg ^a.c$ }", true),
        ("{ str(abc) -m reg ^b }", false),
        ("{ str(abc) -m reg ^x ^y ^z ^w c$ }", true),
        ("{ str(abc) -m reg ^x ^y ^z ^w d$ }", false),
        // ip
        ("{ str(10.1.2.3) -m ip 10.1.2.3 }", true),
        ("{ str(nowhere) -m ip 0.0.0.0/0 }", false),
        ("{ ipv4(10.0.0.12) 10.12 }", true),
        ("{ ipv4(192.168.1.9) 192.168.1/22 }", true),
        ("{ ipv4(192.168.4.9) 192.168.1/22 }", false),
        ("{ ipv4(10.7.7.3) 10.0.0.3/255.0.0.255 }", true),
        ("{ ipv4(10.7.7.4) 10.0.0.3/255.0.0.255 }", false),
        ("{ ipv6(2001:db8::7) 2001:db8::/32 }", true),
        ("{ ipv6(::ffff:10.0.0.1) 10.0.0.0/8 }", true),
        ("{ ipv6(2002:a00:1::) 10.0.0.0/8 }", true),
        ("{ ipv6(2003:a00:1::) 10.0.0.0/8 }", false),
        ("{ ipv4(10.0.0.1) ::ffff:10.0.0.0/104 }", true),
        // Other types are cast.
        ("{ int(77) -m str 77 }", true),
        ("{ ipv4(10.0.0.1) -m beg 10. }", true),
        ("{ bool(true) -m str 1 }", true),
        ("{ bin(410042) -m str A }", true),
    ];
    let mut house = Shelf::default().house();
    for (text, want) in cases {
        assert_eq!(is(&mut house, text), *want, "{text}");
    }
}

#[test]
fn flags_change_how_it_is_compared() {
    let shelf = Shelf::of(&[
        ("exact", "Alpha\nBeta\n"),
        ("loose", "Gamma\nDelta\nEpsilon\nZeta\nEta\n"),
        ("map", "one 1\ntwo 2\n"),
        ("nets", "10.0.0.0/8\n192.168.0.0/16\n"),
    ]);
    let cases: &[(&str, bool)] = &[
        ("{ str(ABC) -i abc }", true),
        ("{ str(ABC) -m beg -i ab }", true),
        ("{ str(ABC) -i -m end bc }", true),
        ("{ str(ABC) -m sub -i b }", true),
        ("{ str(a/B/c) -m dir -i b }", true),
        ("{ str(a.B.c) -m dom -i b }", true),
        ("{ str(ABC) -m reg -i ^a.c$ }", true),
        ("{ str(ABC) -m reg ^a.c$ }", false),
        ("{ str(E\u{c9}) -i e\u{c9} }", true),
        ("{ str(-i) -- -i }", true),
        ("{ str(-i) x -i }", true),
        ("{ str(I) -i x i }", true),
        ("{ str(Alpha) -f exact }", true),
        ("{ str(alpha) -f exact }", false),
        ("{ str(alpha) -i -f exact }", true),
        // -i applies to what follows it.
        ("{ str(alpha) -f exact -i -f loose }", false),
        ("{ str(delta) -f exact -i -f loose }", true),
        ("{ str(TEST) -f exact -i -f loose test }", true),
        ("{ str(Alphabet) -m beg -f exact }", true),
        ("{ str(two) -M -f map }", true),
        ("{ str(2) -M -f map }", false),
        ("{ str(10.9.9.9) -m ip -n -f nets }", true),
        ("{ ipv4(11.9.9.9) -f nets 11.9.9.9 }", true),
        ("{ str(x) -u 7 x }", true),
        ("{ str(x) -- }", false),
    ];
    for (text, want) in cases {
        // Each is a configuration of its own: `map` is a map in some.
        assert_eq!(is(&mut shelf.house(), text), *want, "{text}");
    }
}

#[test]
fn operators_hold_for_all_numbers_behind_them() {
    let cases: &[(&str, &[i64])] = &[
        ("eq 3", &[3]),
        ("ge 8", &[8, 9]),
        ("gt 8", &[9]),
        ("le 1", &[0, 1]),
        ("lt 1", &[0]),
        ("eq 3 ge 9", &[3, 9]),
        ("lt 1 3", &[0, 1, 2]),
        ("le 0 eq 5 7", &[0, 5, 7]),
    ];
    let mut house = Shelf::default().house();
    for (operators, want) in cases {
        let got: Vec<i64> =
            (0..10).filter(|number| is(&mut house, &format!("{{ int({number}) {operators} }}"))).collect();
        assert_eq!(got, *want, "{operators}");
    }
    assert!(is(&mut house, "{ int(-5) lt 0 }"), "a negative length, as in the manual");
    assert!(!is(&mut house, "{ int(-5) eq -7 }"));
}

#[test]
fn a_file_is_read_as_haproxy_reads_it() {
    let text = "  lead\ntrail  \nmid dle\n# comment\n #hash\n\n  \n\t\ncrlf\r\nlast";
    let shelf = Shelf::of(&[("f", text), ("m", "  a   one two  \nb\n\tc\t\tx y\t\r\n#d no\n #e yes")]);
    let mut house = shelf.house();
    let cases: &[(&str, bool)] = &[
        ("lead", true),
        ("trail", false),
        ("trail  ", true),
        ("mid dle", true),
        ("mid", false),
        ("# comment", false),
        ("#hash", true),
        ("crlf", true),
        ("last", true),
        ("", false),
    ];
    for (value, want) in cases {
        assert_eq!(is(&mut house, &format!("{{ str('\"{value}\"') -f f }}")), *want, "{value:?}");
    }
    let mut value = |key: &str| shelf::text(&mut house, &format!("str({key}),map(m)"));
    assert_eq!(value("a").as_deref(), Some("one two"));
    assert_eq!(value("b").as_deref(), Some(""));
    assert_eq!(value("c").as_deref(), Some("x y"));
    assert_eq!(value("#d"), None);
    assert_eq!(value("#e").as_deref(), Some("yes"));
}

#[test]
fn a_suffix_and_a_flag_say_the_same() {
    use plimsoll_rules::{Fetch, Parts, Place, Type, Value};
    const FETCHES: &[Fetch] = &[Fetch {
        name: "where",
        output: Type::Str,
        suffixes: true,
        eval: |_, _| Some(Value::Str(b"/a/b.html")),
        ..Fetch::PLAIN
    }];
    let parts = [Parts { fetches: FETCHES, ..Parts::EMPTY }];
    let mut house = house::House::new(&parts, Place::HttpRequest);
    house.names = std::sync::Arc::new(Shelf::of(&[("n", "/a/b.html 9\n")]));
    let cases: &[(&str, bool)] = &[
        ("{ where /a/b.html }", true),
        ("{ where_str /a/b.html }", true),
        ("{ where_beg /a }", true),
        ("{ where_end .html }", true),
        ("{ where_sub /b }", true),
        ("{ where_dir a }", true),
        ("{ where_dom html }", true),
        ("{ where_len 9 }", true),
        ("{ where_reg ^/a/[a-z] }", true),
        ("{ where_beg -m end .html }", true),
        ("{ where_beg .html }", false),
        ("{ where_beg,map_str_int(n) 9 }", true),
    ];
    for (text, want) in cases {
        assert_eq!(is(&mut house, text), *want, "{text}");
    }
}

#[test]
fn versions_are_numbers_with_a_dot() {
    use plimsoll_rules::{Fetch, Parts, Place, Type, Value};
    const FETCHES: &[Fetch] =
        &[Fetch { name: "req.ssl_ver", output: Type::Int, eval: |_, _| Some(Value::Int(0x3_0001)), ..Fetch::PLAIN }];
    let parts = [Parts { fetches: FETCHES, ..Parts::EMPTY }];
    let mut house = house::House::new(&parts, Place::HttpRequest);
    let cases: &[(&str, bool)] = &[
        ("3.1", true),
        ("3", false),
        ("3:3.1", true),
        ("3.2:", false),
        ("gt 3", true),
        ("gt 3.1", false),
        ("ge 3.1", true),
        ("lt 3.2", true),
        ("lt 3.1", false),
        ("le 3.0", false),
    ];
    for (text, want) in cases {
        assert_eq!(is(&mut house, &format!("{{ req.ssl_ver {text} }}")), *want, "{text}");
    }
}

#[test]
fn short_addresses_are_the_same_in_rules_and_files() {
    let shelf = Shelf::of(&[("f", "10.12\n192.168.1/24\n"), ("m", "10.12/8 ten\n")]);
    let mut house = shelf.house();
    assert!(is(&mut house, "{ ipv4(10.0.0.12) -f f }") && is(&mut house, "{ ipv4(10.0.0.12) 10.12 }"));
    assert!(is(&mut house, "{ ipv4(192.168.0.77) -f f }") && !is(&mut house, "{ ipv4(192.168.1.1) -f f }"));
    assert_eq!(shelf::text(&mut house, "ipv4(10.9.9.9),map_ip(m)").as_deref(), Some("ten"));
}

#[test]
fn methods_are_names_and_case_is_what_the_flag_says() {
    use plimsoll_rules::{Fetch, Parts, Place, Type, Value};
    const FETCHES: &[Fetch] =
        &[Fetch { name: "method", output: Type::Method, eval: |_, _| Some(Value::Method(b"GET")), ..Fetch::PLAIN }];
    let mut house = house::House::new(&[Parts { fetches: FETCHES, ..Parts::EMPTY }], Place::HttpRequest);
    let cases: &[(&str, bool)] = &[
        ("{ method GET HEAD }", true),
        ("{ method get }", false),
        ("{ method -i get }", true),
        ("{ method -m beg G }", true),
        ("{ method -m reg ^(GET|PUT)$ }", true),
        ("{ method -m len 3 }", true),
        ("{ method -m found }", true),
        ("{ method POST }", false),
    ];
    for (text, want) in cases {
        assert_eq!(is(&mut house, text), *want, "{text}");
    }
    assert!(is(&mut house, "METH_GET") && !is(&mut house, "METH_POST") && is(&mut house, "!METH_PUT"));
}

#[test]
fn predefined_acls_are_those_of_the_manual() {
    use plimsoll_rules::{Fetch, Parts, Place, Type, Value};
    const FETCHES: &[Fetch] = &[
        Fetch { name: "req.proto_http", output: Type::Bool, eval: |_, _| Some(Value::Bool(true)), ..Fetch::PLAIN },
        Fetch { name: "req.ver", output: Type::Str, eval: |_, _| Some(Value::Str(b"1.1")), ..Fetch::PLAIN },
        Fetch {
            name: "req.hdr_val",
            params: NAME,
            output: Type::Int,
            eval: |_, _| Some(Value::Int(5)),
            ..Fetch::PLAIN
        },
        Fetch {
            name: "url",
            output: Type::Str,
            suffixes: true,
            eval: |_, _| Some(Value::Str(b"http://a/")),
            ..Fetch::PLAIN
        },
        Fetch {
            name: "src",
            output: Type::Addr,
            eval: |_, _| Some(Value::Ipv4([127, 0, 0, 9].into())),
            ..Fetch::PLAIN
        },
        Fetch { name: "method", output: Type::Method, eval: |_, _| Some(Value::Method(b"HEAD")), ..Fetch::PLAIN },
    ];
    const NAME: &[plimsoll_rules::Param] = &[plimsoll_rules::Param::new("name", plimsoll_rules::ArgKind::Str)];
    let mut house = house::House::new(&[Parts { fetches: FETCHES, ..Parts::EMPTY }], Place::TcpContent);
    let hold = [
        "TRUE",
        "HTTP",
        "HTTP_1.1",
        "HTTP_CONTENT",
        "HTTP_URL_ABS",
        "LOCALHOST",
        "METH_GET",
        "METH_HEAD",
        "RDP_COOKIE",
        "REQ_CONTENT",
        "WAIT_END",
    ];
    let do_not = [
        "FALSE",
        "HTTP_1.0",
        "HTTP_2.0",
        "HTTP_3.0",
        "HTTP_URL_SLASH",
        "HTTP_URL_STAR",
        "METH_CONNECT",
        "METH_DELETE",
        "METH_OPTIONS",
        "METH_POST",
        "METH_PUT",
        "METH_TRACE",
    ];
    assert_eq!(hold.len() + do_not.len(), plimsoll_rules::acl::PREDEFINED.len());
    // What looks at bytes that wait has some: RDP's first message with a cookie.
    let mut holds = |name: &str| {
        let rule = shelf::condition(&mut house, name);
        let bytes = b"\x03\x00\x00\x27\x22\xe0\x00\x00\x00\x00\x00Cookie: mstshash=user\r\n".to_vec();
        let mut upload = plimsoll_rules::Upload { bytes, start: 0 };
        let (arena, mut variables) = (plimsoll_rules::Arena::new(), plimsoll_rules::Variables::default());
        let cx =
            plimsoll_rules::Context::new(Place::TcpContent, &arena, &house::Still, &mut variables).with(&mut upload);
        rule.condition.unwrap().holds(&cx) == plimsoll_rules::Truth::Yes
    };
    for name in hold {
        assert!(holds(name), "{name}");
    }
    for name in do_not {
        assert!(!holds(name), "{name}");
    }
}
