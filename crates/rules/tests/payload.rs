//! Bytes that wait: what is there, what may come, what never will, and that HAProxy sees the same.

mod house;

use house::House;
use plimsoll_rules::{Arena, Context, Place, Truth, Upload, Variables};
use plimsoll_testkit::{Inspection, Seen};

/// A connection request of RDP: TPKT, X.224, and the cookie.
fn rdp(cookie: &str) -> Vec<u8> {
    [&b"\x03\0\0\x2f\x2a\xe0\0\0\0\0\0"[..], cookie.as_bytes()].concat()
}

const EXPRESSIONS: &[&str] = &[
    "req.len",
    "req_len",
    "req.payload(0,4),hex",
    "req.payload(2,0),hex",
    "payload(3,1),hex",
    "req.payload_lv(0,1),hex",
    "req.payload_lv(1,2),hex",
    "req.payload_lv(2,1,+1),hex",
    "payload_lv(2,1,-3),hex",
    "req.rdp_cookie",
    "req.rdp_cookie(MSTShash)",
    "rdp_cookie(other)",
    "req.rdp_cookie_cnt",
    "rdp_cookie_cnt(mstshash)",
    "wait_end",
    "req.payload(60000,1),hex",
];

#[test]
fn bytes_that_wait_are_seen_as_haproxy_sees_them_however_many_there_are() {
    let Some(mut haproxy) = Inspection::start(EXPRESSIONS) else { return };
    let inputs = [
        b"\x03\x00\x02abcdefgh".to_vec(),
        b"\x00\x00\x00\x00".to_vec(),
        b"\xff\xff\xffz".to_vec(),
        rdp("Cookie: mstshash=user\r\nmore"),
        rdp("cookie:   MSTS=1.2.3.4\r\n"),
        rdp("Cookie: none\r\n"),
        rdp("Cookie: mstshash=user\rX"),
        rdp("Cookies= x\r\n"),
        rdp("Cookie: mstshashes=user\r\n"),
    ];
    let mut wrong = String::new();
    for bytes in inputs {
        for cut in 1..=bytes.len() {
            let see = |number: usize| House::new(&[], Place::TcpContent).seen(EXPRESSIONS[number], &bytes[..cut]);
            let all = haproxy.look_again(&bytes[..cut], |number, theirs| see(number) == *theirs);
            for (number, (expression, theirs)) in EXPRESSIONS.iter().zip(all).enumerate() {
                let ours = see(number);
                if ours != theirs {
                    wrong +=
                        &format!("{expression} of {cut} bytes: {theirs:?}, here {ours:?}: {}\n", bytes.escape_ascii());
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_is_seen_of_some_bytes() {
    let some = |text: &str| Seen::Value(text.to_owned());
    let cookie = rdp("Cookie: mstshash=user\r\n");
    let short = b"\x02ab";
    let table: &[(&str, &[u8], Seen)] = &[
        ("req.len", short, some("3")),
        ("req_len", b"", some("0")),
        ("req.payload(1,2)", short, some("6162")),
        ("req.payload(1,0)", short, some("6162")),
        ("req.payload(1,3)", short, Seen::Waits),
        ("payload(0,1)", short, some("02")),
        ("req.payload(50000,9999)", short, Seen::Nothing),
        ("req.payload_lv(0,1)", short, some("6162")),
        ("payload_lv(0,1)", short, some("6162")),
        ("req.payload_lv(0,1,0)", short, some("0261")),
        ("req.payload_lv(0,1,1)", short, some("6162")),
        ("req.payload_lv(0,1,+0)", short, some("6162")),
        ("req.payload_lv(0,1,-1)", short, some("0261")),
        ("req.payload_lv(1,1)", short, Seen::Waits),
        // 0x6162 bytes fit into a buffer, the first two of this do not.
        ("req.payload_lv(1,2)", short, Seen::Waits),
        ("req.payload_lv(0,2)", b"\xff\xff", Seen::Nothing),
        ("req.rdp_cookie", &cookie, some("user")),
        ("rdp_cookie(mstshash)", &cookie, some("user")),
        ("req_rdp_cookie(MSTSHASH)", &cookie, some("user")),
        ("req.rdp_cookie(msts)", &cookie, Seen::Nothing),
        ("req.rdp_cookie_cnt", &cookie, some("1")),
        ("rdp_cookie_cnt(msts)", &cookie, some("0")),
        ("req_rdp_cookie_cnt(mstshash)", &cookie, some("1")),
        ("wait_end", short, Seen::Waits),
    ];
    for (text, bytes, want) in table {
        assert_eq!(House::new(&[], Place::TcpContent).seen(text, bytes), *want, "{text}");
    }
    let responses = [
        ("res.len", "3"),
        ("res.payload(1,2)", "6162"),
        ("payload(1,2)", "6162"),
        ("res.payload_lv(0,1)", "6162"),
        ("payload_lv(0,1)", "6162"),
    ];
    for (text, want) in responses {
        assert_eq!(House::new(&[], Place::TcpResponse).seen(text, short), some(want), "{text}");
    }
    assert_eq!(House::new(&[], Place::TcpContent).value("wait_end"), Some(plimsoll_rules::Stored::Bool(true)));
}

#[test]
fn a_condition_on_what_may_still_change_waits_until_it_holds() {
    let truth = |condition: &str, bytes: &[u8]| {
        let mut house = House::new(&[], Place::TcpContent);
        let condition = house.condition(condition).unwrap().expect("a condition");
        let (arena, mut variables) = (Arena::new(), Variables::default());
        let mut upload = Upload { bytes: bytes.to_vec(), start: 0 };
        let cx = Context::new(Place::TcpContent, &arena, &house::Still, &mut variables);
        condition.holds(&cx.with(&mut upload).unfinished())
    };
    assert_eq!(truth("if { req.len gt 3 }", b"abc"), Truth::Unknown);
    assert_eq!(truth("if { req.len gt 2 }", b"abc"), Truth::Yes);
    assert_eq!(truth("if { req.payload(0,3) -m str abd }", b"abc"), Truth::No);
    assert_eq!(truth("if { req.payload(0,0) -m sub cd }", b"abc"), Truth::Unknown);
    assert_eq!(truth("if WAIT_END", b"abc"), Truth::Unknown);
    assert_eq!(truth("if REQ_CONTENT || WAIT_END", b"abc"), Truth::Yes);
    assert_eq!(truth("if RDP_COOKIE", b"\x03"), Truth::Unknown);
}

#[test]
fn offsets_that_cannot_be_are_findings() {
    let table = [
        ("req.payload(-1,2)", "an offset cannot be negative"),
        ("req.payload(1,-2)", "a length cannot be negative"),
        ("req.payload(1)", "lacks its argument `length`"),
        ("req.payload_lv(0,0)", "at least 1 byte"),
        ("req.payload_lv(0,1,x)", "`x` is not an offset"),
        ("req.payload_lv(0,1,+)", "`+` is not an offset"),
        ("req.payload_lv(0,1,-2)", "before the first byte"),
        ("res.len", "looks at the bytes that the server sent"),
    ];
    for (text, want) in table {
        let told = House::new(&[], Place::TcpContent).expr(text).expect_err(text);
        assert!(told.contains(want), "{text}: {told}");
    }
}
