//! `usesrc`: the server sees the client's address. What it sends there comes back to the balancer by a rule of its routes.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use plimsoll_testkit::lb::Start;
use plimsoll_testkit::network::{BACK, CLIENT, SERVER, at};
use plimsoll_testkit::{Client, Lb, Origin, eventually};

use crate::stage::{ONE, ONE6, SOON, Stage, asked, http, tcp};

/// Where this client is.
fn own_port(client: &mut Client) -> u16 {
    let ours = rustix::net::getsockname(client.wire().socket()).unwrap();
    SocketAddr::try_from(ours).unwrap().port()
}

#[test]
fn the_server_sees_the_clients_address_with_a_port_of_the_balancers_or_with_its_own() {
    let stage = Stage::transparent();
    let _server = stage.mirror();
    let lb = stage.start(&http("{ address: 192.0.2.11, usesrc: clientip }"));
    let mut client = stage.client();
    let seen = asked(&mut client);
    assert_eq!(seen.ip(), CLIENT);
    assert_eq!(asked(&mut client), seen, "its connection is its own, and is used again");
    assert_ne!(asked(&mut stage.client()), seen, "and nobody else's");
    drop(lb);
    let _lb = stage.start(&http("{ usesrc: client }"));
    let mut client = stage.client();
    let port = own_port(&mut client);
    assert_eq!(asked(&mut client), (CLIENT, port).into());
}

#[test]
fn in_tcp_mode_as_well_and_bytes_pass_both_ways() {
    let stage = Stage::transparent();
    let _server = stage.greeter();
    let _lb = stage.start(&tcp("{ usesrc: client }"));
    let (mut client, seen) = stage.greeted();
    assert_eq!(seen, (CLIENT, own_port(&mut client)).into());
    let (_other, seen) = stage.greeted();
    assert_eq!(seen.ip(), CLIENT);
}

#[test]
fn the_address_may_be_a_field_of_each_request_and_no_connection_is_used_for_two_addresses() {
    let stage = Stage::transparent();
    let server = stage.mirror();
    let _lb = stage
        .start(&http("{ address: 192.0.2.11, usesrc: \"hdr_ip(X-Forwarded-For)\" }").backend("http-reuse: always"));
    let mut client = stage.client();
    let mut from = |value: &str| -> IpAddr {
        let field = if value.is_empty() { String::new() } else { format!("X-Forwarded-For: {value}\r\n") };
        assert!(client.send(format!("GET / HTTP/1.1\r\nHost: a\r\n{field}\r\n")));
        client.response().unwrap().text().parse::<SocketAddr>().unwrap().ip()
    };
    let (a, b) = (Ipv4Addr::new(198, 51, 100, 70), Ipv4Addr::new(198, 51, 100, 71));
    assert_eq!(from("198.51.100.70"), a);
    assert_eq!(from("198.51.100.70, 198.51.100.71"), b, "the last one counts");
    assert_eq!(from("198.51.100.70"), a);
    assert_eq!(from(""), ONE, "without the field it is the source's own address");
    assert_eq!(from("nobody"), ONE);
    assert_eq!(
        server.accepted(),
        4,
        "the two without an address share a connection; the others have one for each change"
    );
}

#[test]
fn the_field_may_be_counted_from_the_first() {
    let stage = Stage::transparent();
    let _server = stage.mirror();
    let _lb = stage.start(&http("{ usesrc: \"hdr_ip(x-forwarded-for,1)\" }"));
    let mut client = stage.client();
    client
        .send("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 198.51.100.70\r\nX-Forwarded-For: 198.51.100.71\r\n\r\n");
    assert!(client.response().unwrap().text().starts_with("198.51.100.70:"));
}

#[test]
fn a_written_address_is_everybodys_and_its_connections_are_shared() {
    let stage = Stage::transparent();
    let server = stage.mirror();
    let _lb = stage.start(&http("{ usesrc: 198.51.100.200 }").global("threads: 1").backend("http-reuse: always"));
    for _ in 0..3 {
        assert_eq!(asked(&mut stage.client()).ip(), Ipv4Addr::new(198, 51, 100, 200));
    }
    assert_eq!(server.accepted(), 1);
}

#[test]
fn the_clients_address_is_the_one_that_its_proxy_header_tells() {
    let stage = Stage::transparent();
    let _server = stage.mirror();
    let bind = "[{ address: \"198.51.100.1:80\", accept-proxy: true }]";
    let yaml = http("{ usesrc: client }").yaml().replace("[\"198.51.100.1:80\"]", bind);
    let _lb = stage.net.lb.enter(|| Lb::start(&yaml));
    let mut client = stage.client();
    client.send("PROXY TCP4 198.51.100.77 198.51.100.1 4711 80\r\n");
    assert_eq!(asked(&mut client), (Ipv4Addr::new(198, 51, 100, 77), 4711).into());
}

/// The client is of IPv4, the server of IPv6: the client's address cannot be shown, and ours must not pass for it. A field of the request is only asked.
#[test]
fn an_address_of_the_other_family_is_an_error_of_its_own_or_passed_over_where_a_field_has_it() {
    let stage = Stage::transparent().with_ipv6();
    let _server = stage.mirror6();
    let start = |source: &str| {
        let site = http(source).global("threads: 1, log: { to: stdout, format: json }");
        stage.net.lb.enter(|| Lb::start(&site.yaml().replace("192.0.2.2:80", "[2001:db8::2]:80")))
    };
    let lb = start("{ usesrc: clientip }");
    assert_eq!(stage.client().get("/").unwrap().status, 503);
    eventually("its line", SOON, || lb.stdout().contains("proxy.connect.source\""));
    drop(lb);
    let _lb = start("{ address: \"2001:db8::11\", usesrc: \"hdr_ip(x-forwarded-for)\" }");
    let mut client = stage.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 198.51.100.77\r\n\r\n");
    let seen: SocketAddr = client.response().unwrap().text().parse().unwrap();
    assert_eq!(seen.ip(), ONE6);
}

/// CAP_NET_BIND_SERVICE and CAP_NET_RAW, numbers 10 and 13.
#[test]
fn the_right_to_do_it_outlives_a_change_of_user_and_a_reload() {
    let stage = Stage::transparent();
    let _server = stage.mirror();
    let site = http("{ usesrc: clientip }").global("threads: 1, user: nobody");
    let mut lb = stage.start(&site);
    assert_eq!(asked(&mut stage.client()).ip(), CLIENT);
    lb.signal(rustix::process::Signal::HUP);
    eventually("the reload", SOON, || lb.stderr().contains("lb: reloaded"));
    assert_eq!(asked(&mut stage.client()).ip(), CLIENT);
    let status = std::fs::read_to_string(format!("/proc/{}/status", lb.process().pid())).unwrap();
    assert!(status.contains("CapEff:\t0000000000002400"), "{status}");
}

#[test]
fn without_that_right_it_does_not_start_and_a_reload_changes_nothing() {
    let stage = Stage::transparent();
    let _server = stage.mirror();
    let without = ["setpriv", "--bounding-set", "-net_raw,-net_admin"].map(str::to_owned).to_vec();
    let start = || Start { under: without.clone(), ..Start::default() };
    let site = http("{ usesrc: clientip }");
    let mut lb = stage.net.lb.enter(|| Lb::spawn(&site.yaml(), &start()));
    assert!(!lb.wait_exit(SOON).success());
    assert!(lb.stderr().contains("`usesrc` needs the right CAP_NET_RAW or CAP_NET_ADMIN"), "{}", lb.stderr());
    let mut lb = stage.net.lb.enter(|| Lb::start_with(&http("192.0.2.11").yaml(), &start()));
    std::fs::write(lb.folder().join("lb.yaml"), site.yaml()).unwrap();
    lb.signal(rustix::process::Signal::HUP);
    eventually("it is refused", SOON, || lb.stderr().contains("`usesrc` needs the right"));
    assert_eq!(asked(&mut stage.client()).ip(), ONE);
}

#[test]
fn checks_come_from_the_address_of_the_source_not_from_a_client() {
    let stage = Stage::transparent();
    let seen = Arc::<Mutex<Vec<IpAddr>>>::default();
    let note = Arc::clone(&seen);
    let listener = stage.net.server.enter(|| TcpListener::bind(at(SERVER, 80))).unwrap();
    let _server = Origin::raw_on(listener, move |mut wire, _| {
        let peer = rustix::net::getpeername(wire.socket()).unwrap().unwrap();
        note.lock().unwrap().push(SocketAddr::try_from(peer).unwrap().ip());
        wire.until_end();
    });
    let check = "health-check: { type: http, interval: 100ms }";
    let _lb = stage.start(&http("{ address: \"192.0.2.11:2000-2001\", usesrc: clientip }").backend(check));
    eventually("three checks", SOON, || seen.lock().unwrap().len() >= 3);
    assert!(seen.lock().unwrap().iter().all(|from| *from == ONE), "{seen:?}");
}

/// The route to the server leads by `back`; by `front` there is none.
#[test]
fn an_interface_comes_before_the_routes() {
    let stage = Stage::new();
    let _server = stage.mirror();
    let lb = stage.start(&http("{ interface: back }"));
    assert_eq!(asked(&mut stage.client()).ip(), BACK);
    drop(lb);
    let lb = stage.start(&http("{ interface: front }"));
    assert_eq!(stage.client().get("/").unwrap().status, 503);
    drop(lb);
    let lb = stage.start(&http("{ interface: nowhere }").global("threads: 1, log: { to: stdout, format: json }"));
    assert_eq!(stage.client().get("/").unwrap().status, 503);
    eventually("its line", SOON, || lb.stdout().contains("proxy.connect.source\""));
}
