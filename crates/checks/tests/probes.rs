//! Probes against real servers on loopback: what they report, and what the server sees on the wire.

use std::future::poll_fn;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::task::Poll;
use std::thread::JoinHandle;
use std::time::Duration;

use plimsoll_checks::probe::{Outcome, leave};
use plimsoll_checks::{Defaults, HealthCheck, Plan};
use plimsoll_net::Address;
use plimsoll_server::{CheckReport, CheckStatus};

fn plan(options: &str, address: SocketAddr) -> Plan {
    let options: HealthCheck = serde_json::from_str(options).expect("valid options");
    options.plan(&Address::Inet(address), &Defaults::default())
}

fn run(plan: &Plan) -> CheckReport {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let Outcome { report, stream } = (plan.probe.run)(plan).await;
        if let Some(stream) = stream {
            leave(stream).await;
        }
        report
    })
}

/// A server for one connection: reads the request, does as told; gives the request and how the connection ended.
fn serve(answer: impl FnOnce(&mut TcpStream) + Send + 'static) -> (SocketAddr, JoinHandle<(String, &'static str)>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let (mut request, mut byte) = (Vec::new(), [0]);
        while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).expect("the request") > 0 {
            request.push(byte[0]);
        }
        answer(&mut stream);
        let end = match stream.read(&mut byte) {
            Ok(0) => "FIN",
            Ok(_) => "bytes",
            Err(error) if error.kind() == ErrorKind::ConnectionReset => "RST",
            Err(_) => "error",
        };
        (String::from_utf8(request).expect("text"), end)
    });
    (address, server)
}

fn says(text: &'static str) -> impl FnOnce(&mut TcpStream) + Send {
    move |stream| stream.write_all(text.as_bytes()).expect("written")
}

fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address")
}

const HTTP: &str = r#"{"type":"http","path":"/health","timeout":"5s"}"#;

#[test]
fn a_tcp_check_passes_and_the_application_never_sees_it() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("non-blocking");
    let plan = plan(r#"{"type":"tcp"}"#, listener.local_addr().expect("its address"));
    for _ in 0..20 {
        assert_eq!(run(&plan).status, CheckStatus::L4Ok);
        // The RST came before the ACK that would have ended the handshake.
        assert_eq!(listener.accept().map(|_| ()).unwrap_err().kind(), ErrorKind::WouldBlock);
    }
}

#[test]
fn a_refused_connection_is_l4con() {
    for options in [r#"{"type":"tcp"}"#, HTTP] {
        let report = run(&plan(options, free_port()));
        assert_eq!((report.status, &*report.info), (CheckStatus::L4Con, "Connection refused"));
    }
}

#[test]
fn a_full_queue_is_l4tout_after_the_connect_limit() {
    // A listener with a backlog of 0, and nobody who accepts: once one or two wait, further SYNs are dropped.
    let socket = rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::STREAM, None).unwrap();
    rustix::net::bind(&socket, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    rustix::net::listen(&socket, 0).unwrap();
    let listener = TcpListener::from(socket);
    let address = listener.local_addr().unwrap();
    let _waiting: Vec<TcpStream> =
        (0..3).map_while(|_| TcpStream::connect_timeout(&address, Duration::from_millis(200)).ok()).collect();
    let report = run(&plan(r#"{"type":"tcp","interval":"50ms"}"#, address));
    assert_eq!((report.status, &*report.info), (CheckStatus::L4Tout, ""));
    assert!(report.duration >= Duration::from_millis(50), "{report}");
}

#[test]
fn an_expected_status_passes_and_a_server_that_closes_sees_no_rst() {
    let (address, server) = serve(|stream| {
        says("HTTP/1.0 200 OK\r\n\r\nfine")(stream);
        stream.shutdown(std::net::Shutdown::Write).expect("FIN");
    });
    let report = run(&plan(HTTP, address));
    assert_eq!((report.status, report.code, &*report.info), (CheckStatus::L7Ok, Some(200), ""));
    assert_eq!(server.join().unwrap(), ("GET /health HTTP/1.0\r\n\r\n".into(), "FIN"));
}

#[test]
fn a_server_that_keeps_the_connection_gets_a_rst() {
    let (address, server) = serve(says("HTTP/1.1 204 No Content\r\n\r\n"));
    let options = r#"{"type":"http","path":"/x","version":"HTTP/1.1","host":"www","method":"HEAD"}"#;
    assert_eq!(run(&plan(options, address)).status, CheckStatus::L7Ok);
    let (request, end) = server.join().unwrap();
    assert_eq!(request, "HEAD /x HTTP/1.1\r\nHost: www\r\nConnection: close\r\n\r\n");
    assert_eq!(end, "RST");
}

#[test]
fn an_unexpected_status_is_l7sts_with_code_and_reason() {
    for (answer, options, code, reason) in [
        ("HTTP/1.1 503 Service Down\r\nContent-Length: 0\r\n\r\n", HTTP, 503, "Service Down"),
        ("HTTP/1.0 404 Not Found\r\n\r\n", HTTP, 404, "Not Found"),
        ("HTTP/1.0 302 Found\r\n\r\n", r#"{"type":"http","expect":"status 200-299"}"#, 302, "Found"),
    ] {
        let (address, server) = serve(says(answer));
        let report = run(&plan(options, address));
        assert_eq!((report.status, report.code, &*report.info), (CheckStatus::L7Sts, Some(code), reason));
        server.join().unwrap();
    }
}

#[test]
fn the_verdict_does_not_wait_for_the_body() {
    let (address, server) = serve(says("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this"));
    let report = run(&plan(HTTP, address));
    assert_eq!(report.status, CheckStatus::L7Ok);
    server.join().unwrap();
}

#[test]
fn junk_and_an_early_end_are_l7rsp() {
    for answer in ["junk\r\n\r\n", "HTTP/1.0 200 O", "", "SSH-2.0-OpenSSH_9.2\r\n"] {
        let (address, server) = serve(move |stream| {
            says(answer)(stream);
            stream.shutdown(std::net::Shutdown::Write).expect("FIN");
        });
        let report = run(&plan(HTTP, address));
        assert_eq!((report.status, &*report.info), (CheckStatus::L7Rsp, ""), "{answer:?}");
        server.join().unwrap();
    }
}

#[test]
fn silence_is_l7tout_after_the_time_out_and_ends_with_a_rst() {
    let (address, server) = serve(|_| {});
    let report = run(&plan(r#"{"type":"http","timeout":"60ms"}"#, address));
    assert_eq!(report.status, CheckStatus::L7Tout);
    assert!(report.duration >= Duration::from_millis(60), "{report}");
    assert_eq!(server.join().unwrap().1, "RST");
}

#[test]
fn a_check_that_is_given_up_ends_with_a_rst() {
    let (asked, told) = std::sync::mpsc::channel();
    let (address, server) = serve(move |_| asked.send(()).expect("the test waits"));
    let plan = plan(HTTP, address);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut check = (plan.probe.run)(&plan);
        let asked = poll_fn(|cx| {
            assert!(check.as_mut().poll(cx).is_pending(), "nobody answered");
            cx.waker().wake_by_ref();
            if told.try_recv().is_ok() { Poll::Ready(()) } else { Poll::Pending }
        });
        asked.await;
    });
    assert_eq!(server.join().unwrap().1, "RST");
}

#[test]
fn without_a_time_out_the_interval_limits_the_whole_check() {
    let (address, server) = serve(says("HTTP/1.0 200 "));
    let report = run(&plan(r#"{"type":"http","interval":"60ms"}"#, address));
    assert_eq!(report.status, CheckStatus::L7Tout);
    server.join().unwrap();
}

#[test]
fn a_reset_instead_of_an_answer_is_a_socket_error() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).expect("linger");
        assert!(stream.read(&mut [0; 1000]).expect("the request") > 0);
    });
    let report = run(&plan(HTTP, address));
    assert_eq!((report.status, &*report.info), (CheckStatus::SockErr, "Connection reset by peer"));
    server.join().unwrap();
}

#[test]
fn port_and_address_may_be_others_than_those_of_the_traffic() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let (alive, dead) = (listener.local_addr().unwrap(), free_port());
    assert_eq!(run(&plan(&format!(r#"{{"type":"tcp","port":{}}}"#, alive.port()), dead)).status, CheckStatus::L4Ok);
    assert_eq!(run(&plan(&format!(r#"{{"type":"tcp","address":"{alive}"}}"#), dead)).status, CheckStatus::L4Ok);
}

#[test]
fn a_unix_socket_that_is_not_there_is_a_socket_error() {
    let options: HealthCheck = serde_json::from_str(r#"{"type":"tcp"}"#).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let plan = options.plan(&Address::Unix(folder.path().join("none")), &Defaults::default());
    let report = run(&plan);
    assert_eq!(
        (report.status, &*report.info),
        (CheckStatus::SockErr, "General socket error (No such file or directory)")
    );
}
