//! Reading and writing, and what is remembered about readiness.

use std::io::{IoSlice, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsFd;

use plimsoll_net::{Address, Peeked, Stream};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};

use crate::pair;

#[tokio::test]
async fn bytes_go_both_ways_over_tcp_and_unix() {
    async fn talk(stream: Stream, mut peer: impl Read + Write) {
        peer.write_all(b"ping").unwrap();
        let mut buf = [0; 16];
        assert_eq!(stream.read(&mut buf).await.unwrap(), 4);
        stream.write_all(b"pong").await.unwrap();
        let parts = [IoSlice::new(b", "), IoSlice::new(b"twice")];
        assert_eq!(std::future::poll_fn(|cx| stream.poll_write_vectored(cx, &parts)).await.unwrap(), 7);
        peer.read_exact(&mut buf[..11]).unwrap();
        assert_eq!(&buf[..11], b"pong, twice");
        drop(peer);
        assert_eq!(stream.read(&mut buf).await.unwrap(), 0);
    }
    let (stream, peer) = pair::tcp();
    assert!(stream.is_tcp());
    assert_eq!(stream.peer_addr().unwrap(), Some(Address::Inet(peer.local_addr().unwrap())));
    assert_eq!(stream.local_addr().unwrap(), Some(Address::Inet(peer.peer_addr().unwrap())));
    talk(stream, peer).await;
    let (stream, peer) = pair::unix();
    assert!(!stream.is_tcp());
    assert_eq!(stream.peer_addr().unwrap(), None);
    talk(stream, peer).await;
}

#[tokio::test]
async fn a_short_read_uses_readiness_up_and_the_next_bytes_bring_it_back() {
    let (stream, mut peer) = pair::tcp();
    peer.write_all(b"one").unwrap();
    let mut buf = [0; 16];
    assert_eq!(stream.read(&mut buf).await.unwrap(), 3);
    assert!(!stream.seems_readable(), "the next poll must cost no system call");
    peer.write_all(b"three").unwrap();
    assert_eq!(stream.read(&mut buf).await.unwrap(), 5);
}

#[tokio::test]
async fn a_full_read_keeps_readiness() {
    let (stream, mut peer) = pair::tcp();
    peer.write_all(b"onetwo").unwrap();
    let mut buf = [0; 3];
    assert_eq!(stream.read(&mut buf).await.unwrap(), 3);
    assert_eq!(pair::now(&stream, &mut buf).unwrap().unwrap(), 3);
    assert!(pair::now(&stream, &mut buf).is_none());
}

#[tokio::test]
async fn a_fin_behind_a_short_read_is_read_without_another_event() {
    let (stream, mut peer) = pair::tcp();
    peer.write_all(b"last").unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    stream.readable().await.unwrap();
    assert_eq!(pair::now(&stream, &mut [0; 16]).unwrap().unwrap(), 4);
    assert_eq!(pair::now(&stream, &mut [0; 16]).unwrap().unwrap(), 0);
}

#[tokio::test]
async fn bytes_behind_urgent_data_are_not_forgotten() {
    let (stream, mut peer) = pair::tcp();
    peer.write_all(b"before").unwrap();
    rustix::net::send(&peer, b"!", SendFlags::OOB).unwrap();
    peer.write_all(b"behind").unwrap();
    let mut got = Vec::new();
    while got.len() < 12 {
        let mut buf = [0; 64];
        let count = stream.read(&mut buf).await.unwrap();
        got.extend_from_slice(&buf[..count]);
    }
    assert_eq!(got, b"beforebehind");
}

#[tokio::test]
async fn bytes_behind_a_passed_descriptor_are_not_forgotten() {
    let (stream, mut peer) = pair::unix();
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let fds = [peer.as_fd()];
    assert!(control.push(SendAncillaryMessage::ScmRights(&fds)));
    rustix::net::sendmsg(&peer, &[IoSlice::new(b"with")], &mut control, SendFlags::empty()).unwrap();
    peer.write_all(b"without").unwrap();
    let mut got = Vec::new();
    while got.len() < 11 {
        let mut buf = [0; 64];
        let count = stream.read(&mut buf).await.unwrap();
        got.extend_from_slice(&buf[..count]);
    }
    assert_eq!(got, b"withwithout");
}

#[tokio::test]
async fn spare_capacity_is_filled_and_never_grown() {
    let (stream, mut peer) = pair::tcp();
    peer.write_all(b"0123456789").unwrap();
    let mut buf = Vec::with_capacity(8);
    buf.extend_from_slice(b">> ");
    let room = buf.capacity() - buf.len();
    let count = std::future::poll_fn(|cx| stream.poll_read_spare(cx, &mut buf)).await.unwrap();
    assert_eq!(count, room.min(10));
    assert_eq!(buf, &b">> 0123456789"[..3 + count]);
    let full = std::future::poll_fn(|cx| stream.poll_read_spare(cx, &mut buf)).await.unwrap();
    assert_eq!((full, buf.capacity()), (0, 3 + room));
}

#[tokio::test]
async fn a_writer_waits_for_a_slow_reader() {
    let (stream, mut peer) = pair::tcp();
    let sent: Vec<u8> = (0..4_000_000_u32).map(|n| (n % 251) as u8).collect();
    let reader = std::thread::spawn(move || {
        let mut got = Vec::new();
        peer.read_to_end(&mut got).unwrap();
        got
    });
    stream.write_all(&sent).await.unwrap();
    stream.shutdown_write().unwrap();
    assert!(reader.join().unwrap() == sent);
}

#[tokio::test]
async fn writing_to_a_dead_peer_is_an_error_and_no_signal() {
    let (stream, peer) = pair::tcp();
    pair::reset(peer);
    stream.readable().await.unwrap();
    let kinds = [stream.write_all(b"x").await, stream.write_all(b"x").await].map(|result| result.unwrap_err().kind());
    assert_eq!(kinds, [std::io::ErrorKind::ConnectionReset, std::io::ErrorKind::BrokenPipe]);
}

#[tokio::test]
async fn peeking_takes_nothing() {
    let (stream, mut peer) = pair::tcp();
    assert_eq!(stream.peek().unwrap(), Peeked::Nothing);
    peer.write_all(b"x").unwrap();
    stream.readable().await.unwrap();
    assert_eq!(stream.peek().unwrap(), Peeked::Bytes);
    assert_eq!(stream.try_read(&mut [0; 8]).unwrap(), 1);
    peer.shutdown(Shutdown::Write).unwrap();
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
    assert_eq!(stream.peek().unwrap(), Peeked::Fin);
}

#[tokio::test]
async fn an_idle_connection_in_a_pool_shows_when_its_server_closes() {
    let (stream, peer) = pair::tcp();
    assert!(!stream.seems_readable());
    drop(peer);
    stream.readable().await.unwrap();
    assert!(stream.seems_readable());
}

#[test]
fn a_stream_moves_to_another_event_loop_with_its_bytes() {
    let one = tokio::runtime::LocalRuntime::new().unwrap();
    let (fd, mut peer) = one.block_on(async {
        let (stream, peer) = pair::tcp();
        (stream.into_fd(), peer)
    });
    peer.write_all(b"moved").unwrap();
    let two = tokio::runtime::LocalRuntime::new().unwrap();
    two.block_on(async {
        let stream = Stream::from_fd(fd).unwrap();
        assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 5);
    });
}

#[test]
fn a_stream_is_small() {
    assert!(size_of::<Stream>() <= 40, "{}", size_of::<Stream>());
}
