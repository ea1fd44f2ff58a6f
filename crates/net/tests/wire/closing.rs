//! What a close looks like to the other side, and what it leaves behind on ours.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;

use plimsoll_clock::{Tick, Wheel};
use plimsoll_net::{Address, Drained, Lingered, ToServer};

use crate::pair;

/// Whether the connection from one port to another is in TIME_WAIT on the first one's side.
fn time_wait((from, to): (u16, u16)) -> bool {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let (from, to) = (format!(":{from:04X}"), format!(":{to:04X}"));
    table.lines().skip(1).any(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        columns[1].ends_with(&from) && columns[2].ends_with(&to) && columns[3] == "06"
    })
}

/// Our end as a client, so that its port is its own.
async fn towards_server() -> (ToServer, std::net::TcpStream, (u16, u16)) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = Address::Inet(listener.local_addr().unwrap());
    let connecting = plimsoll_net::connect(&address, &Default::default()).unwrap();
    let (server, from) = listener.accept().unwrap();
    match connecting.finish().await {
        plimsoll_net::Verdict::Connected { stream, .. } => (stream, server, (from.port(), address.port().unwrap())),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn closing_an_idle_server_connection_is_a_reset_without_time_wait() {
    let (stream, mut server, ports) = towards_server().await;
    assert_eq!(stream.close_towards_server(), Drained::Empty);
    assert_eq!(server.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(!time_wait(ports));
}

#[tokio::test]
async fn closing_with_unread_bytes_is_a_reset() {
    let (stream, mut server, _) = towards_server().await;
    server.write_all(b"unread").unwrap();
    assert_eq!(stream.close_towards_server(), Drained::Empty);
    assert_eq!(server.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn closing_after_the_servers_fin_is_no_reset_even_with_bytes_before_it() {
    let (stream, mut server, ports) = towards_server().await;
    server.write_all(b"unread").unwrap();
    server.shutdown(Shutdown::Write).unwrap();
    stream.readable().await.unwrap();
    assert_eq!(stream.close_towards_server(), Drained::Fin);
    assert_eq!(server.read(&mut [0; 8]).unwrap(), 0);
    assert!(!time_wait(ports), "the server closed first: TIME_WAIT is its");
}

#[tokio::test]
async fn a_broken_connection_is_a_hard_error() {
    let (stream, server, _) = towards_server().await;
    pair::reset(server);
    stream.readable().await.unwrap();
    assert_eq!(stream.close_towards_server(), Drained::HardError);
}

#[tokio::test]
async fn draining_reads_a_bounded_amount() {
    let (stream, mut server) = pair::unix();
    server.write_all(&vec![0; 100_000]).unwrap();
    assert_eq!(stream.drain(), Drained::BytesLeft);
    let mut left = 0;
    while let Some(Ok(count)) = stream.try_read(&mut [0; 4096]).ok().map(Ok::<_, ()>) {
        left += count;
    }
    assert_eq!(left, 100_000 - 2 * 16 * 1024);
}

/// Without MSG_TRUNC: two reads of 16 KiB.
#[tokio::test]
async fn draining_a_unix_socket_finds_what_it_finds_on_tcp() {
    let (stream, mut server) = pair::unix();
    assert_eq!(stream.drain(), Drained::Empty);
    server.write_all(b"unread").unwrap();
    assert_eq!(stream.drain(), Drained::Empty);
    server.write_all(b"unread").unwrap();
    drop(server);
    assert_eq!(stream.drain(), Drained::Fin);
    // A UNIX peer that closes with unread bytes resets, as TCP does.
    let (stream, server) = pair::unix();
    stream.try_write(b"unread").unwrap();
    drop(server);
    assert_eq!(stream.close_towards_server(), Drained::HardError);
}

/// "Otherwise we do" (document 000): more than two reads of 256 KiB are not worth reading.
#[tokio::test]
async fn closing_with_more_unread_than_is_worth_reading_is_a_reset() {
    let (stream, mut server, ports) = towards_server().await;
    rustix::net::sockopt::set_socket_recv_buffer_size_force(stream.fd(), 8 << 20).unwrap();
    server.set_nonblocking(true).unwrap();
    let enough = || {
        while server.write(&[0; 65536]).is_ok() {}
        rustix::io::ioctl_fionread(stream.fd()).unwrap() > 600_000
    };
    plimsoll_testkit::eventually("600 KB wait to be read", std::time::Duration::from_secs(5), enough);
    server.set_nonblocking(false).unwrap();
    assert_eq!(stream.close_towards_server(), Drained::BytesLeft);
    assert_eq!(server.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(!time_wait(ports));
}

#[tokio::test]
async fn a_normal_close_by_us_is_what_leaves_time_wait() {
    let (stream, mut server, ports) = towards_server().await;
    stream.shutdown_write().unwrap();
    assert_eq!(server.read(&mut [0; 8]).unwrap(), 0);
    drop(server);
    stream.readable().await.unwrap();
    drop(stream);
    assert!(time_wait(ports), "or the other tests prove nothing");
}

#[tokio::test]
async fn a_denied_upload_still_reads_its_answer() {
    let (stream, mut client) = pair::tcp();
    let wheel = Wheel::new(Tick::from_micros(0));
    stream.write_all(b"413").await.unwrap();
    let uploader = std::thread::spawn(move || {
        client.write_all(&vec![b'x'; 200 * 1024]).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        answer
    });
    let timer = wheel.timer();
    let ended = stream.linger_towards_client(&timer, Tick::from_micros(2_000_000), 256 * 1024).await;
    assert_eq!(ended, Lingered::Fin);
    assert_eq!(uploader.join().unwrap(), "413");
    assert_eq!(timer.deadline(), Tick::NEVER);
}

#[tokio::test]
async fn lingering_ends_at_its_time() {
    let (stream, mut client) = pair::tcp();
    let wheel = Wheel::new(Tick::from_micros(0));
    let timer = wheel.timer();
    let (ended, ()) =
        tokio::join!(stream.linger_towards_client(&timer, Tick::from_micros(2_000_000), 256 * 1024), async {
            wheel.advance(Tick::from_micros(2_000_000));
        });
    assert_eq!(ended, Lingered::Bound);
    assert_eq!(client.read(&mut [0; 8]).unwrap(), 0, "the FIN was sent first");
}

#[tokio::test]
async fn lingering_ends_at_its_bytes() {
    let (stream, mut client) = pair::tcp();
    let wheel = Wheel::new(Tick::from_micros(0));
    // Ends with the reset that a close with unread bytes is.
    let uploader = std::thread::spawn(move || while client.write_all(&[b'x'; 4096]).is_ok() {});
    let timer = wheel.timer();
    let ended = stream.linger_towards_client(&timer, Tick::from_micros(2_000_000), 64 * 1024).await;
    assert_eq!(ended, Lingered::Bound);
    uploader.join().unwrap();
}

#[tokio::test]
async fn lingering_on_a_broken_connection_ends_at_once() {
    let (stream, client) = pair::tcp();
    let wheel = Wheel::new(Tick::from_micros(0));
    pair::reset(client);
    stream.readable().await.unwrap();
    let timer = wheel.timer();
    assert_eq!(stream.linger_towards_client(&timer, Tick::from_micros(1), 1).await, Lingered::Broken);
}
