//! Converters and fetches that the installed HAProxy lacks or does otherwise: values from RFCs, manuals and other programs.

mod house;

use std::any::Any;
use std::io;
use std::sync::Arc;

use house::House;
use plimsoll_rules::{Names, Place, Stored};

/// The keys beside this file.
struct Keys;

impl Names for Keys {
    fn find(&self, _: &str, _: &str) -> Option<Arc<dyn Any + Send + Sync>> {
        None
    }

    fn all(&self, _: &str) -> Vec<String> {
        Vec::new()
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        std::fs::read(format!("{}/tests/keys/{path}", env!("CARGO_MANIFEST_DIR")))
    }
}

fn house() -> House {
    let mut house = House::new(&[], Place::HttpRequest);
    house.names = Arc::new(Keys);
    house
}

/// How a value is written in the tables below: numbers plainly, texts in quotes, bytes in hexadecimal.
fn shown(value: Option<Stored>) -> String {
    match value {
        None => String::from("none"),
        Some(Stored::Bool(yes)) => yes.to_string(),
        Some(Stored::Int(number)) => number.to_string(),
        Some(Stored::Ipv4(address)) => address.to_string(),
        Some(Stored::Ipv6(address)) => address.to_string(),
        Some(Stored::Str(text)) => format!("\"{}\"", text.escape_ascii()),
        Some(Stored::Bin(bytes)) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        Some(Stored::Method(name)) => format!("method {}", name.escape_ascii()),
    }
}

#[track_caller]
fn check(table: &[(&str, &str)]) {
    let mut house = house();
    for (text, want) in table {
        assert_eq!(shown(house.value(text)), *want, "{text}");
    }
}

#[test]
fn texts_are_turned_around_and_cut() {
    check(&[
        ("str(www.example.org),reverse", "\"gro.elpmaxe.www\""),
        ("str(),reverse", "\"\""),
        ("str(www.example.org),reverse_dom", "\"org.example.www\""),
        ("str(localhost),reverse_dom", "\"localhost\""),
        ("str(a=b&c=d&a=r),param(a)", "\"b\""),
        ("str(a&b=c),param(a)", "\"\""),
        ("str(a=&b&c=a),param(b)", "\"\""),
        ("str(a=1;b=2;c=4),param(b,;)", "\"2\""),
        ("str(ab=1&b=2),param(a)", "none"),
        ("bin(410a),has_ctl", "true"),
        ("bin(7f),has_ctl", "true"),
        ("str(plain),has_ctl", "false"),
    ]);
}

#[test]
fn bytes_are_shown_in_other_ways() {
    check(&[
        ("bin(a501),base2", "\"1010010100000001\""),
        ("bin(01020304050607),le2dec(:,2)", "\"513:1027:1541:7\""),
        ("bin(01020304050607),le2dec(-,2,1)", "\"513-1027-1541\""),
        ("bin(7f000001),le2dec(.,1)", "\"127.0.0.1\""),
        ("str(QUI=),ub64dec", "4142"),
        ("str(QUI),ub64dec", "4142"),
        ("bin(616200),hex", "\"616200\""),
    ]);
}

#[test]
fn sums_of_negative_numbers_stay_negative() {
    check(&[
        ("int(-2),add(-3)", "-5"),
        ("int(-9223372036854775808),add(-1)", "-9223372036854775808"),
        ("int(-2),sub(3)", "-5"),
        ("int(9223372036854775807),add(1)", "9223372036854775807"),
        ("str(a.b-c),jwt_verify(none,x)", "-3"),
    ]);
}

#[test]
fn regsub_looks_at_what_stands_before() {
    check(&[
        ("str(aaa a),regsub('\\ba','-',g)", "\"-aa -\""),
        ("str(aaa),regsub('^a','-',g)", "\"-aa\""),
        ("str(abc),regsub('$','-',g)", "\"abc--\""),
    ]);
}

#[test]
fn negative_floats_stay_negative() {
    check(&[
        ("bin(259a99d9bf),protobuf(4,float)", "-1"),
        ("bin(2900000000000012c0),protobuf(5,double)", "-4"),
        ("bin(290000000000000000),protobuf(5,sfixed64)", "0"),
        ("bin(08ffffffffffffffffff01),protobuf(1,sint32)", "-9223372036854775808"),
        ("bin(000000000512036f6e65),ungrpc(2)", "6f6e65"),
    ]);
}

#[test]
fn the_time_is_written_as_it_is_asked_for() {
    check(&[
        ("date", "1795176000"),
        ("date(-1)", "1795175999"),
        ("date(5,ms)", "1795176000128"),
        ("date(1,us)", "1795176000123457"),
        ("date_us", "123456"),
        ("date,utime(%Y-%m-%d %H:%M:%S %Z)", "\"2026-11-20 12:00:00 GMT\""),
        ("int(1500),ms_utime(%S.%3N)", "\"01.500\""),
        ("int(1500000),us_utime(%S.%N)", "\"01.500000000\""),
        ("int(1500),ms_utime(%S,500)", "\"02\""),
        ("int(0),us_ltime(%Y)", "\"1970\""),
        ("int(86400000),ms_ltime(%Y)", "\"1970\""),
        ("int(0),ltime(%y)", "\"70\""),
        ("int(-1),utime(%Y)", "\"1969\""),
        ("int(9223372036854775807),utime(%Y)", "none"),
        ("int(784111777),http_date", "\"Sun, 06 Nov 1994 08:49:37 GMT\""),
        ("int(784111777500),http_date(0,ms)", "\"Sun, 06 Nov 1994 08:49:37 GMT\""),
        ("int(0),http_date(86400000000,us)", "\"Fri, 02 Jan 1970 00:00:00 GMT\""),
    ]);
}

#[test]
fn chance_and_this_machine_have_their_fetches() {
    // The dice of the house always fall on 0x0123456789abcdef.
    check(&[
        ("rand", "19088743"),
        ("rand(1000)", "4"),
        ("rand(0)", "0"),
        ("uuid", "\"01234567-89ab-4def-8123-456789abcdef\""),
        ("uuid(4)", "\"01234567-89ab-4def-8123-456789abcdef\""),
        ("uuid(7)", "\"01a1f8d3-ea7b-7def-8123-456789abcdef\""),
        ("env(NO_SUCH_VARIABLE_HERE)", "none"),
        ("env(CARGO_PKG_NAME)", "\"plimsoll-rules\""),
        ("proc", "1"),
        ("thread", "0"),
        ("meth(GET)", "method GET"),
        ("always_true", "true"),
        ("always_false", "false"),
    ]);
    let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    assert_eq!(shown(house().value("hostname")), format!("\"{}\"", hostname.trim()));
}

#[test]
fn json_is_read_to_the_letter() {
    check(&[
        (r#"str('{"a":"\u20ac\ud83d\ude00"}'),json_query('$.a')"#, "\"\\xe2\\x82\\xac\\xf0\\x9f\\x98\\x80\""),
        (r#"str('{"a":"\ud83d"}'),json_query('$.a')"#, "none"),
        (r#"str('{"\u0061":1}'),json_query('$.a','int')"#, "1"),
        (r#"str('{"a":[1, [2]]}'),json_query('$.a')"#, "\"[1, [2]]\""),
        (r#"str('{"a":123456}'),json_query('$.a')"#, "\"123456\""),
        (r#"str('{"a":1234567}'),json_query('$.a')"#, "\"1.23457e+06\""),
        (r#"str('{"a":-0.0}'),json_query('$.a')"#, "\"-0\""),
        (r#"str('{"a":1e999}'),json_query('$.a')"#, "\"inf\""),
    ]);
}

#[test]
fn deep_json_and_long_results_cost_no_more_than_they_may() {
    let mut house = house();
    let deep = format!("str('{{\"a\":{}'),json_query('$.b')", "[".repeat(10_000));
    assert_eq!(shown(house.value(&deep)), "none");
    let digits = format!("str('{{\"a\":{}}}'),json_query('$.a')", "9".repeat(10_000));
    assert_eq!(shown(house.value(&digits)), "\"inf\"");
    assert_eq!(shown(house.value(&digits.replace("'$.a'", "'$.a',int"))), "none");
    // Sixteen times as much in each step: it ends at 16 KiB.
    let long = format!("str(a){}", ",regsub(a,aaaaaaaaaaaaaaaa,g)".repeat(40));
    assert_eq!(shown(house.value(&format!("{long},length"))), "16384");
    let escaped = format!("str('\"'){}", ",json".repeat(60));
    assert_eq!(shown(house.value(&escaped)), "none");
    let encoded = format!("bin(ff){}", ",base64".repeat(60));
    assert_eq!(shown(house.value(&encoded)), "none");
    let hex = format!("bin(ff){}", ",hex".repeat(60));
    assert_eq!(shown(house.value(&format!("{hex},length"))), "16384");
}

#[test]
fn forwarded_is_what_rfc_7239_says() {
    check(&[
        ("str(\"for=127.0.0.1;proto=http\"),rfc7239_is_valid", "true"),
        ("str(\"proto=custom\"),rfc7239_is_valid", "false"),
        ("str('For=\"[2001:db8:cafe::17]:4711\"'),rfc7239_is_valid", "true"),
        ("str('for=192.0.2.60;proto=http;by=203.0.113.43'),rfc7239_is_valid", "true"),
        ("str('for=192.0.2.43, for=198.51.100.17'),rfc7239_is_valid", "true"),
        ("str('for=_hidden, for=_SEVKISEK'),rfc7239_is_valid", "true"),
        ("str('for=[2001:db8::1]'),rfc7239_is_valid", "false"),
        ("str('for=a b'),rfc7239_is_valid", "false"),
        ("str('for=1.2.3.4;for=1.2.3.4'),rfc7239_is_valid", "false"),
        ("str('for=1.2.3.4;'),rfc7239_is_valid", "false"),
        ("str(),rfc7239_is_valid", "false"),
        ("str('proto=https;for=\"127.0.0.1:9999\"'),rfc7239_field(for)", "\"127.0.0.1:9999\""),
        ("str('proto=https;host=\"a:80\"'),rfc7239_field(host)", "\"a:80\""),
        ("str('proto=https;host=\"a:80\"'),rfc7239_field(by)", "none"),
        ("str(127.0.0.1:9999),rfc7239_n2nn", "127.0.0.1"),
        ("str([2001:db8::1]:80),rfc7239_n2nn", "2001:db8::1"),
        ("str(_name:_port),rfc7239_n2nn", "\"_name\""),
        ("str(unknown),rfc7239_n2nn", "\"unknown\""),
        ("str(name),rfc7239_n2nn", "none"),
        ("str(127.0.0.1:9999),rfc7239_n2np", "9999"),
        ("str(_name:_port),rfc7239_n2np", "\"_port\""),
        ("str(_name:70000),rfc7239_n2np", "none"),
        ("str(127.0.0.1),rfc7239_n2np", "none"),
    ]);
}

#[test]
fn results_of_verification_have_openssls_names() {
    check(&[
        ("int(0),x509_v_err_str", "\"X509_V_OK\""),
        ("int(10),x509_v_err_str", "\"X509_V_ERR_CERT_HAS_EXPIRED\""),
        ("int(18),x509_v_err_str", "\"X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT\""),
        ("int(62),x509_v_err_str", "\"X509_V_ERR_HOSTNAME_MISMATCH\""),
        ("int(79),x509_v_err_str", "\"X509_V_ERR_INVALID_CA\""),
        ("int(1000),x509_v_err_str", "\"1000\""),
        ("int(-1),x509_v_err_str", "\"-1\""),
    ]);
}

#[test]
fn ciphers_go_there_and_back() {
    check(&[
        // GCM test case 2: a block of zeroes under a key of zeroes.
        (
            "bin(0388dace60b6a392f328c2b971b2fe78),aes_gcm_dec(128,AAAAAAAAAAAAAAAA,AAAAAAAAAAAAAAAAAAAAAA==,q25H1CzsE72/U6Z7ISV03w==)",
            "none",
        ),
        (
            "bin(0388dace60b6a392f328c2b971b2fe78),aes_gcm_dec(128,AAAAAAAAAAAAAAAA,AAAAAAAAAAAAAAAAAAAAAA==,q25H1CzsE731OmeyEle93w==)",
            "00000000000000000000000000000000",
        ),
        (
            "bin(00000000000000000000000000000000),aes_gcm_enc(128,AAAAAAAAAAAAAAAA,AAAAAAAAAAAAAAAAAAAAAA==,txn.tag)",
            "0388dace60b6a392f328c2b971b2fe78",
        ),
        (
            "bin(00000000000000000000000000000000),aes_gcm_enc(128,AAAAAAAAAAAAAAAA,AAAAAAAAAAAAAAAAAAAAAA==,txn.tag),\
             aes_gcm_dec(128,AAAAAAAAAAAAAAAA,AAAAAAAAAAAAAAAAAAAAAA==,txn.tag)",
            "00000000000000000000000000000000",
        ),
        (
            "bin(00),aes_gcm_enc(128,AAAAAAAAAAAAAAAA,AAAAAAAAAAAAAAAAAAAAAA==,txn.tag),set-var(txn.c),hex,bytes(0,0),concat(,txn.tag),length",
            "24",
        ),
        // NIST SP 800-38A, F.2.1, and the block of padding that follows.
        (
            "bin(6bc1bee22e409f96e93d7e117393172a),aes_cbc_enc(128,AAECAwQFBgcICQoLDA0ODw==,K34VFiiu0qar9xWICc9PPA==),bytes(0,16)",
            "7649abac8119b246cee98e9b12e9197d",
        ),
        (
            "str(secret),aes_cbc_enc(256,AAECAwQFBgcICQoLDA0ODw==,AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=),\
             aes_cbc_dec(256,AAECAwQFBgcICQoLDA0ODw==,AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=)",
            "736563726574",
        ),
        ("bin(00),aes_cbc_dec(128,AAECAwQFBgcICQoLDA0ODw==,K34VFiiu0qar9xWICc9PPA==)", "none"),
    ]);
}

#[test]
fn wrong_arguments_are_told_when_the_configuration_is_read() {
    let mut house = house();
    let wrong = [
        ("int(1),add(x)", "neither an integer nor a variable"),
        ("int(1),add(x.y)", "neither an integer nor a variable"),
        ("str(a),field(0,_)", "counts from 1"),
        ("str(a),word(1,\"\")", "no delimiter"),
        ("str(a),regsub(a)", "lacks its argument `text`"),
        ("str(a),regsub(a,b,x)", "`x` is no flag"),
        ("str(a),regsub('(',b)", "regular expression"),
        ("str(a),regsub('a','\\x4')", "two hexadecimal digits"),
        ("str(a),add_item(x)", "no item"),
        ("str(a),concat(,foo)", "names no scope"),
        ("bin(00),sha2(1)", "224, 256, 384 or 512"),
        ("bin(00),digest(x)", "no digest is called `x`"),
        ("bin(00),hmac(sha1,???)", "not base64"),
        ("bin(00),be2dec(:,9)", "1 to 8 bytes"),
        ("bin(00),be2hex(:)", "how many bytes"),
        ("str(a),json(latin1)", "none of: ascii, utf8"),
        ("str(a),json_query('a')", "no path"),
        ("str(a),json_query('$..a')", "no path"),
        ("str(a),json_query('$[x]')", "no path"),
        ("str(a),jwt_verify(XX,s)", "no algorithm of RFC 7518"),
        ("str(a),jwt_verify(RS256,absent.pem)", "cannot be read"),
        ("bin(00),aes_gcm_dec(64,AA==,AA==,AA==)", "128, 192 or 256"),
        ("bin(00),protobuf(a)", "no field's number"),
        ("bin(00),protobuf(1,text)", "none of: int32"),
        ("bin(00),mqtt_field_value(publish,flags)", "neither `connect` nor `connack`"),
        ("bin(00),mqtt_field_value(connect,18)", "neither a field nor a property"),
        ("bin(00),fix_tag_value(foo)", "no tag's number"),
        ("int(1),iif(a)", "lacks its argument `false`"),
        ("rand(-1)", "between 0 and 2^32"),
        ("uuid(1)", "no UUID of version 1"),
        ("date(0,h)", "none of: s, ms, us"),
        ("int(1),set-var(txn.x,ifmaybe)", "none of: ifexists"),
        ("str(a),param(a,xx)", "one character"),
    ];
    for (text, want) in wrong {
        let told = house.expr(text).expect_err(text);
        assert!(told.contains(want), "{text}: {told}");
    }
}
