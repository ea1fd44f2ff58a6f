//! What a `health-check` may say, and what it comes to.

use std::time::Duration;

use plimsoll_checks::{Defaults, HealthCheck, PROBES, Plan};
use plimsoll_net::Address;
use plimsoll_server::{Admin, Event, Health};

fn read(text: &str) -> Result<HealthCheck, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn plan(text: &str, defaults: &Defaults) -> Plan {
    read(text).unwrap().plan(&Address::Inet(([127, 0, 0, 1], 80).into()), defaults)
}

fn request(text: &str) -> String {
    String::from_utf8(plan(text, &Defaults::default()).request.to_vec()).unwrap()
}

#[test]
fn nothing_written_is_a_tcp_check_with_haproxys_numbers() {
    let check = read("{}").unwrap();
    assert_eq!((check.probe().name, check.health().rise, check.health().fall), ("tcp", 2, 3));
    let plan = plan("{}", &Defaults::default());
    assert_eq!((plan.interval(), plan.connect, plan.answer), (Duration::from_secs(2), Duration::from_secs(2), None));
    assert!(PROBES.iter().all(|probe| !probe.doc.is_empty()));
}

#[test]
fn a_time_out_is_for_the_answer_and_connecting_gets_the_shorter_of_interval_and_connect_limit() {
    let defaults = Defaults { connect: Some(Duration::from_millis(300)), ..Defaults::default() };
    let both = |text: &str, defaults: &Defaults| {
        let plan = plan(text, defaults);
        (plan.connect.as_millis(), plan.answer.map(|answer| answer.as_millis()))
    };
    assert_eq!(both(r#"{"timeout":"1s"}"#, &defaults), (300, Some(1000)));
    assert_eq!(both(r#"{"timeout":"1s","interval":"100ms"}"#, &defaults), (100, Some(1000)));
    assert_eq!(both(r#"{"interval":"700ms"}"#, &defaults), (700, None));
    let defaults = Defaults { check: Some(Duration::from_millis(50)), ..defaults };
    assert_eq!(both("{}", &defaults), (300, Some(50)));
}

#[test]
fn the_state_chooses_the_interval() {
    let plan = plan(r#"{"interval":"2s","fast-interval":"1s","down-interval":"9s"}"#, &Defaults::default());
    let mut health = Health::new(2, 3, Admin::Ready);
    let mut wait = |event| {
        health.apply(event);
        plan.wait(&health).as_secs()
    };
    let seconds =
        [Event::Passed, Event::Failed, Event::Failed, Event::Failed, Event::Passed, Event::Passed].map(&mut wait);
    assert_eq!(seconds, [2, 1, 1, 9, 1, 2]);
    assert_eq!(plan.wait(&Health::new(2, 3, Admin::Ready)).as_secs(), 1, "never checked");
}

#[test]
fn a_check_begins_with_the_header_of_the_traffic_unless_it_goes_elsewhere_or_is_told_otherwise() {
    use plimsoll_proxy_protocol::Version::{V1, V2};
    let of = |text: &str, send_proxy| plan(text, &Defaults { send_proxy, ..Defaults::default() }).send_proxy;
    for (text, without, with) in [
        ("{}", None, Some(V2)),
        (r#"{"port":81}"#, None, None),
        (r#"{"address":"127.0.0.2:80"}"#, None, None),
        (r#"{"port":81,"send-proxy":true}"#, Some(V1), Some(V2)),
        (r#"{"send-proxy":true}"#, Some(V1), Some(V2)),
        (r#"{"send-proxy":false}"#, None, None),
    ] {
        assert_eq!((of(text, None), of(text, Some(V2))), (without, with), "{text}");
    }
}

#[test]
fn requests_are_what_was_written() {
    assert_eq!(request(r#"{"type":"http"}"#), "GET / HTTP/1.0\r\n\r\n");
    assert_eq!(
        request(r#"{"type":"http","path":"/a?b=c","version":"HTTP/1.1"}"#),
        "GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:80\r\nConnection: close\r\n\r\n"
    );
    assert_eq!(
        request(r#"{"type":"http","method":"OPTIONS","path":"*","host":"www"}"#),
        "OPTIONS * HTTP/1.0\r\nHost: www\r\n\r\n"
    );
}

#[test]
fn what_could_forge_a_request_or_check_without_pause_is_refused() {
    for (text, part) in [
        (r#"{"type":"htp"}"#, "did you mean `http`?"),
        (r#"{"path":"x"}"#, "not a path"),
        (r#"{"path":"/a b"}"#, "not a path"),
        (r#"{"path":"/a\r\nX: y"}"#, "not a path"),
        (r#"{"host":"a\r\nX: y"}"#, "not a host"),
        (r#"{"method":"GET /"}"#, "not a method"),
        (r#"{"interval":"0s"}"#, "without a pause"),
        (r#"{"rise":0}"#, "count from 1"),
        (r#"{"expect":"string ok"}"#, "status 200-299"),
        (r#"{"inter":"2s"}"#, "unknown field"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn keys_that_mean_nothing_for_the_type_are_named() {
    assert_eq!(read(r#"{"type":"tcp","path":"/","expect":"status 200"}"#).unwrap().pointless(), ["path", "expect"]);
    assert!(read(r#"{"type":"http","path":"/"}"#).unwrap().pointless().is_empty());
}
