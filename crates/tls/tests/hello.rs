//! ClientHellos: what stands in them, how they arrive, and what is none.

mod hellos;
#[path = "../../rules/tests/house/mod.rs"]
mod house;

use hellos::{Hello, seen};
use plimsoll_testkit::Seen;
use plimsoll_tls::ClientHello;
use plimsoll_tls::record::{CLIENT_HELLO, Message, Not};
use proptest::prelude::*;

fn value(text: &str) -> Seen {
    Seen::Value(text.to_owned())
}

fn full() -> Hello {
    Hello::new()
        .server_name(b"a.example")
        .protocols(&["h2", "http/1.1"])
        .extension(10, &[0, 4, 0, 0x17, 0, 0x1d])
        .extension(13, &[0, 4, 4, 3, 8, 5])
        .extension(35, b"ticket")
        .extension(43, &[4, 3, 4, 3, 3])
        .extension(51, &[0, 11, 0, 0x17, 0, 1, b'k', 0, 0x1d, 0, 2, b'k', b'k'])
}

#[test]
fn every_fetch_gives_what_the_hello_says() {
    let table = [
        ("req.ssl_sni", "a.example"),
        ("req_ssl_sni", "a.example"),
        ("req.ssl_hello_type", "1"),
        ("req_ssl_hello_type", "1"),
        ("res.ssl_hello_type", "1"),
        ("rep_ssl_hello_type", "1"),
        ("req.ssl_ver", "196611"),
        ("req_ssl_ver", "196611"),
        ("req.ssl_alpn", "h2"),
        ("req.ssl_ec_ext", "1"),
        ("req.ssl_st_ext", "2"),
        ("req.ssl_cipherlist", "1301002F"),
        ("req.ssl_sigalgs", "04030805"),
        ("req.ssl_supported_groups", "0017001D"),
        ("req.ssl_keyshare_groups", "0017001D"),
    ];
    for (expression, want) in table {
        assert_eq!(seen(expression, &full().record()), value(want), "{expression}");
    }
}

#[test]
fn what_the_client_did_not_send_is_not_there() {
    let table = [
        ("req.ssl_sni", Seen::Nothing),
        ("req.ssl_alpn", Seen::Nothing),
        ("req.ssl_ec_ext", value("0")),
        ("req.ssl_st_ext", value("0")),
        ("req.ssl_sigalgs", Seen::Nothing),
        ("req.ssl_supported_groups", Seen::Nothing),
        ("req.ssl_keyshare_groups", Seen::Nothing),
        ("req.ssl_cipherlist", value("1301002F")),
    ];
    for hello in [Hello::new(), Hello { extensions: None, ..Hello::new() }] {
        for (expression, want) in &table {
            assert_eq!(seen(expression, &hello.record()), *want, "{expression}");
        }
    }
}

#[test]
fn a_hello_in_many_records_is_one_hello() {
    for most in [1, 2, 3, 4, 5, 50, 100] {
        let bytes = full().records(most);
        assert_eq!(seen("req.ssl_sni", &bytes), value("a.example"), "records of {most}");
        assert_eq!(seen("req.ssl_hello_type", &bytes), value("1"), "records of {most}");
        for cut in 0..bytes.len() {
            assert_eq!(seen("req.ssl_sni", &bytes[..cut]), Seen::Waits, "{cut} bytes of records of {most}");
        }
    }
}

#[test]
fn what_is_no_hello_is_known_as_that_at_once() {
    let mut application_data = full().record();
    application_data[0] = 23;
    let mut other_message = full().record();
    other_message[5] = 11;
    let mut old = full().record();
    old[1] = 2;
    let mut empty = full().record();
    empty[3..5].fill(0);
    // Longer than any hello: it is not waited for.
    let mut huge = full().record();
    huge[6] = 1;
    for (bytes, cut) in
        [(application_data, 1), (old, 2), (empty, 5), (other_message, 6), (huge, 9), (b"GET /".to_vec(), 1)]
    {
        assert_eq!(seen("req.ssl_sni", &bytes[..cut - 1]), Seen::Waits, "{cut} {}", bytes.escape_ascii());
        assert_eq!(seen("req.ssl_sni", &bytes[..cut]), Seen::Nothing, "{cut} {}", bytes.escape_ascii());
    }
}

#[test]
fn a_hello_with_a_length_that_does_not_fit_says_nothing() {
    let sound = full();
    let wrong = [
        Hello { session: vec![0; 33], ..sound.clone() },
        Hello { ciphers: vec![], ..sound.clone() },
        Hello { compressions: vec![], ..sound.clone() },
        Hello { version: 0x02ff, ..sound.clone() },
        // An extension behind the others that is longer than what is left.
        Hello { extensions: sound.extensions.map(|all| [&all[..], &[0, 99, 0, 9, 1]].concat()), ..Hello::new() },
    ];
    for hello in wrong {
        assert_eq!(seen("req.ssl_sni", &hello.record()), Seen::Nothing, "{}", hello.record().escape_ascii());
    }
    // Within one extension it is a matter of that one.
    let name = Hello::new().extension(0, b"\0\x06\0\0\x50abc").protocols(&["h2"]).record();
    assert_eq!((seen("req.ssl_sni", &name), seen("req.ssl_alpn", &name)), (Seen::Nothing, value("h2")));
}

#[test]
fn the_version_is_that_of_the_first_record_or_of_ssl_2() {
    let short = [&[0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10][..], &[7; 0x25]].concat();
    let long = [&[0x00, 0x2e, 3, 1, 3, 0, 0, 0x15, 0, 0, 0, 0x10][..], &[7; 0x28]].concat();
    for (bytes, want) in [(short, "2"), (long, "196608")] {
        let most = bytes.len();
        assert_eq!(seen("req.ssl_ver", &bytes[..most - 1]), Seen::Waits);
        assert_eq!(seen("req.ssl_ver", &bytes), value(want));
    }
    // The first of two records is enough.
    let bytes = full().records(50);
    assert_eq!((seen("req.ssl_ver", &bytes[..54]), seen("req.ssl_ver", &bytes[..55])), (Seen::Waits, value("196611")));
    assert_eq!(seen("req.ssl_ver", b"\x15\x03"), Seen::Nothing);
    assert_eq!(seen("req.ssl_ver", b"GET "), Seen::Nothing);
}

#[test]
fn the_parts_of_a_hello_are_its_own_bytes() {
    let message = full().message();
    let hello = ClientHello::read(&message).unwrap();
    assert_eq!(
        (hello.version, hello.random, hello.session, hello.compressions),
        (0x0303, &[7; 32][..], &[][..], &[0][..])
    );
    assert_eq!(hello.versions(), Some(&[3, 4, 3, 3][..]));
    assert!(hello.protocols().unwrap().eq([&b"h2"[..], b"http/1.1"]));
    assert!(hello.key_shares().unwrap().eq([(0x17, &b"k"[..]), (0x1d, b"kk")]));
    assert_eq!(ClientHello::read(&message[..message.len() - 1]), Err(Not::Tls));
}

proptest! {
    #[test]
    fn no_bytes_break_it(mut bytes in prop::collection::vec(any::<u8>(), 0..300), sound in any::<bool>(), at in 0..300_usize) {
        if sound {
            // A hello with one wrong byte goes deeper than noise does.
            let mut hello = full().records(1 + at);
            let place = at % hello.len();
            hello[place] = bytes.first().copied().unwrap_or(0);
            bytes = hello;
        }
        for wanted in [None, Some(CLIENT_HELLO)] {
            if let Ok(message) = Message::first(&bytes, wanted) {
                let whole = message.pieces().collect::<Vec<_>>().concat();
                if let Ok(hello) = ClientHello::read(&whole) {
                    let lengths = hello.extensions().map(|(_, content)| 4 + content.len()).sum::<usize>();
                    prop_assert!(lengths <= whole.len());
                }
            }
        }
        for expression in ["req.ssl_sni", "req.ssl_ver", "req.ssl_alpn", "req.ssl_keyshare_groups"] {
            // Who knows it already does not change his mind when more comes.
            let early = seen(expression, &bytes[..bytes.len() / 2]);
            prop_assert!(early == Seen::Waits || early == seen(expression, &bytes), "{}", expression);
        }
    }
}
