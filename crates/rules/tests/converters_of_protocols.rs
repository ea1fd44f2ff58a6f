//! FIX and MQTT: messages that are right, cut and wrong. What is expected came from HAProxy 2.6.

mod house;

use house::House;
use plimsoll_rules::{Place, Stored};

fn text(of: &str) -> Option<String> {
    match House::new(&[], Place::HttpRequest).value(of)? {
        Stored::Str(bytes) | Stored::Bin(bytes) => Some(String::from_utf8(bytes.to_vec()).unwrap()),
        Stored::Bool(yes) => Some(yes.to_string()),
        other => panic!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn fix(version: &str, body: &str) -> Vec<u8> {
    let body = body.replace('|', "\x01");
    let mut message = format!("8={version}\x019={}\x01{body}", body.len()).into_bytes();
    let sum = message.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    message.extend_from_slice(format!("10={sum:03}\x01").as_bytes());
    message
}

#[test]
fn a_fix_message_is_judged_when_it_is_whole() {
    let logon = fix("FIX.4.2", "35=A|49=SERVER|56=CLIENT|34=177|52=20090107-18:15:16|98=0|108=30|");
    let mut more = logon.clone();
    more.push(b'x');
    let mut sum = logon.clone();
    let digit = sum.len() - 2;
    sum[digit] ^= 1;
    let cases = [
        (logon.clone(), Some("true")),
        (more, Some("true")),
        (logon[..logon.len() - 1].to_vec(), None),
        (Vec::new(), None),
        (b"8=FIX.4.2\x01".to_vec(), None),
        (sum, Some("false")),
        (fix("FIX.5.0", "35=A|"), Some("false")),
        (fix("FIXT.1.1", "35=A|"), Some("true")),
        (fix("FIX.4.4", "35=A|"), Some("true")),
        (fix("FIX.4.2", "49=A|35=A|"), Some("false")),
        (fix("FIX.4.2", "35=A|49=a=b|"), Some("true")),
        (fix("FIX.4.2", "35=A|x=1|"), Some("false")),
    ];
    for (message, want) in cases {
        let got = text(&format!("bin({}),fix_is_valid", hex(&message)));
        assert_eq!(got.as_deref(), want, "{}", message.escape_ascii());
    }
    let tag = |tag: &str| text(&format!("bin({}),fix_tag_value({tag})", hex(&logon)));
    assert_eq!(tag("MsgType").as_deref(), Some("A"));
    assert_eq!(tag("BodyLength").as_deref(), Some("65"));
    assert_eq!(tag("CheckSum").as_deref(), Some("062"));
    assert_eq!(tag("TargetCompID").as_deref(), Some("CLIENT"));
    assert_eq!(tag("108").as_deref(), Some("30"));
    assert_eq!(tag("999"), None);
}

const V311: &str = "102100044d51545404ee003c0003636964000277740002777000047573657200027077";
const V31: &str = "101100064d51497364700302003c0003636964";
const V5: &str = "106300044d51545405ce003c25110000000a2100142700000100220005190117002600016b000176150002616d160002616400036369641b1800\
                  0000070101020000000a030002637408000272740900026364000277740002777000047573657200027077";
const ACK: &str = "20020100";
const ACK5: &str = "204801004521000a24012500270000020012000861737369676e65642200031f0006726561736f6e280129002a0113001e1a000272691c00\
                    027372150002616d16000261641100000005";

#[test]
fn an_mqtt_packet_is_judged_when_it_is_whole() {
    let cases = [
        (V311, Some("true")),
        (V31, Some("true")),
        (V5, Some("true")),
        (ACK, Some("true")),
        (ACK5, Some("true")),
        ("", None),
        (&V311[..V311.len() - 2], None),
        ("102100044d51545404ee003c000363696400027774000277700004757365720002707778", Some("true")),
        ("20020200", Some("false")),
        ("100f00044d5154540401003c0003636964", Some("false")),
        ("100f00044d5158580402003c0003636964", Some("false")),
        ("100f00044d5154540602003c0003636964", Some("false")),
        ("100c00044d5154540400003c0000", Some("true")),
        ("3003000161", Some("false")),
        ("110d00044d5154540402003c000163", Some("false")),
        ("101000044d5154540440003c000163000170", Some("true")),
    ];
    for (packet, want) in cases {
        let packet = packet.replace(' ', "");
        assert_eq!(text(&format!("bin({packet}),mqtt_is_valid")).as_deref(), want, "{packet}");
    }
}

#[test]
fn fields_and_properties_of_mqtt_are_found() {
    let cases = [
        (V311, "connect", "flags", Some("238")),
        (V311, "connect", "protocol_name", Some("MQTT")),
        (V311, "connect", "protocol_version", Some("4")),
        (V311, "1", "Client_Identifier", Some("cid")),
        (V311, "connect", "will_topic", Some("wt")),
        (V311, "connect", "will_payload", Some("wp")),
        (V311, "connect", "username", Some("user")),
        (V311, "CONNECT", "password", Some("pw")),
        (V311, "connect", "keepalive", Some("60")),
        (V311, "connect", "17", None),
        (V311, "connack", "flags", None),
        (V31, "connect", "username", None),
        (V31, "connect", "protocol_name", Some("MQIsdp")),
        (V5, "connect", "17", Some("10")),
        (V5, "connect", "33", Some("20")),
        (V5, "connect", "39", Some("256")),
        (V5, "connect", "25", Some("1")),
        (V5, "connect", "23", Some("0")),
        (V5, "connect", "21", Some("am")),
        (V5, "connect", "24", Some("7")),
        (V5, "connect", "2", Some("10")),
        (V5, "connect", "9", Some("cd")),
        (V5, "connect", "38", None),
        (V5, "connect", "client_identifier", Some("cid")),
        (V5, "connect", "password", Some("pw")),
        (ACK, "connack", "flags", Some("1")),
        (ACK, "connack", "protocol_version", Some("4")),
        (ACK, "2", "reason_code", Some("0")),
        (ACK5, "connack", "protocol_version", Some("5")),
        (ACK5, "connack", "18", Some("assigned")),
        (ACK5, "connack", "39", Some("512")),
        (ACK5, "connack", "28", Some("sr")),
        (ACK5, "connack", "17", Some("5")),
        (ACK, "connect", "flags", None),
    ];
    for (packet, kind, field, want) in cases {
        let packet = packet.replace(' ', "");
        let got = text(&format!("bin({packet}),mqtt_field_value({kind},{field})"));
        assert_eq!(got.as_deref(), want, "{kind} {field}");
    }
}
