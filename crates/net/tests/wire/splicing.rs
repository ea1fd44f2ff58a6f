//! Moving bytes from socket to socket.

use std::future::poll_fn;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;

use plimsoll_net::{PipePool, Pipes, SpliceEnd, SpliceError, SplicePump, SpliceSide, Spliced, Stream};
use rustix::net::SendFlags;

use crate::pair;

/// Polls to the end; the sum of what was moved.
async fn run(pump: &mut SplicePump, from: &Stream, to: &Stream) -> Result<Spliced, SpliceError> {
    let mut sum = Spliced::default();
    while sum.end.is_none() {
        let moved = poll_fn(|cx| pump.poll(cx, from, to)).await?;
        assert!(moved.read + moved.written > 0 || moved.end.is_some(), "a poll that is ready has something to say");
        sum.read += moved.read;
        sum.written += moved.written;
        sum.end = moved.end;
    }
    Ok(sum)
}

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n % 251) as u8).collect()
}

/// Pipes for one worker.
fn pipes(most: usize) -> (Arc<Pipes>, PipePool) {
    let all = Pipes::new(1);
    all.set(most, None);
    let pool = PipePool::new(&all, 0);
    (all, pool)
}

fn pump(pool: &PipePool, budget: u64) -> SplicePump {
    SplicePump::new(pool, budget).unwrap().unwrap()
}

fn read_all(mut peer: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut got = Vec::new();
        let _ = peer.read_to_end(&mut got);
        got
    })
}

#[tokio::test]
async fn a_large_body_arrives_whole_until_fin() {
    let (all, pool) = pipes(4);
    let ((from, mut source), (to, sink)) = (pair::tcp(), pair::tcp());
    let sent = pattern(20_000_000);
    let expected = sent.clone();
    let writer = thread::spawn(move || source.write_all(&sent).unwrap());
    let reader = read_all(sink);
    let mut pump = pump(&pool, u64::MAX);
    let sum = run(&mut pump, &from, &to).await.unwrap();
    assert_eq!(sum, Spliced { read: 20_000_000, written: 20_000_000, end: Some(SpliceEnd::Fin) });
    writer.join().unwrap();
    drop(to);
    assert!(reader.join().unwrap() == expected);
    drop(pump);
    assert_eq!((all.used(), all.kept()), (0, 1));
}

#[tokio::test]
async fn unix_sockets_splice_too() {
    let (_, pool) = pipes(4);
    let ((from, mut source), (to, sink)) = (pair::unix(), pair::unix());
    let sent = pattern(3_000_000);
    let expected = sent.clone();
    let writer = thread::spawn(move || source.write_all(&sent).unwrap());
    let reader = read_all(sink);
    assert_eq!(run(&mut pump(&pool, u64::MAX), &from, &to).await.unwrap().written, 3_000_000);
    writer.join().unwrap();
    drop(to);
    assert!(reader.join().unwrap() == expected);
}

#[tokio::test]
async fn a_budget_takes_not_one_byte_more() {
    let (_, pool) = pipes(4);
    let ((from, mut source), (to, sink)) = (pair::tcp(), pair::tcp());
    let writer = thread::spawn(move || {
        source.write_all(&pattern(1_000_000)).unwrap();
        source.write_all(b"next").unwrap();
        source
    });
    let reader = read_all(sink);
    let mut pump = pump(&pool, 1_000_000);
    let sum = run(&mut pump, &from, &to).await.unwrap();
    assert_eq!(sum.end, Some(SpliceEnd::Budget));
    assert_eq!((sum.written, pump.budget()), (1_000_000, 0));
    let mut buf = [0; 16];
    assert_eq!(from.read(&mut buf).await.unwrap(), 4);
    assert_eq!(&buf[..4], b"next");
    let _source = writer.join().unwrap();
    drop(to);
    assert!(reader.join().unwrap() == pattern(1_000_000));
}

#[tokio::test]
async fn a_fin_before_the_budget_is_reported_as_such() {
    let (_, pool) = pipes(4);
    let ((from, mut source), (to, _sink)) = (pair::tcp(), pair::tcp());
    source.write_all(b"short").unwrap();
    drop(source);
    let sum = run(&mut pump(&pool, 100), &from, &to).await.unwrap();
    assert_eq!((sum.written, sum.end), (5, Some(SpliceEnd::Fin)));
}

#[tokio::test]
async fn every_piece_arrives_before_the_next_is_sent() {
    let (_, pool) = pipes(4);
    let ((from, mut source), (to, mut sink)) = (pair::tcp(), pair::tcp());
    // Sizes around a segment and around half a pipe, where more is promised to the kernel.
    let talk = thread::spawn(move || {
        for len in [1, 1_000, 100_000, 140_000, 262_144, 300_000, 7] {
            source.write_all(&pattern(len)).unwrap();
            let mut got = vec![0; len];
            sink.read_exact(&mut got).unwrap();
            assert!(got == pattern(len));
        }
        source.shutdown(Shutdown::Write).unwrap();
        sink
    });
    run(&mut pump(&pool, u64::MAX), &from, &to).await.unwrap();
    talk.join().unwrap();
}

#[tokio::test]
async fn a_reset_source_is_an_error_of_its_side_after_its_bytes() {
    let (_, pool) = pipes(4);
    let ((from, mut source), (to, mut sink)) = (pair::tcp(), pair::tcp());
    source.write_all(b"last words").unwrap();
    pair::reset(source);
    let mut pump = pump(&pool, u64::MAX);
    let error = run(&mut pump, &from, &to).await.unwrap_err();
    assert_eq!((error.side, error.error.kind()), (SpliceSide::From, ErrorKind::ConnectionReset));
    let mut got = [0; 10];
    sink.read_exact(&mut got).unwrap();
    assert_eq!(&got, b"last words");
    assert!(pump.is_empty());
}

#[tokio::test]
async fn a_dead_destination_is_an_error_of_its_side_and_its_pipe_is_not_reused() {
    let (all, pool) = pipes(4);
    let ((from, mut source), (to, sink)) = (pair::tcp(), pair::tcp());
    source.write_all(b"for nobody").unwrap();
    pair::reset(sink);
    to.readable().await.unwrap();
    let mut pump = pump(&pool, u64::MAX);
    let error = run(&mut pump, &from, &to).await.unwrap_err();
    assert_eq!(error.side, SpliceSide::To);
    assert_eq!((error.moved.read, error.moved.written), (10, 0));
    assert!(!pump.is_empty());
    drop(pump);
    assert_eq!((all.used(), all.kept()), (0, 0));
}

#[tokio::test]
async fn a_destination_that_does_not_read_stops_the_source() {
    let (_, pool) = pipes(4);
    let ((from, mut source), (to, mut sink)) = (pair::tcp(), pair::tcp());
    let total = 30_000_000;
    let writer = thread::spawn(move || {
        source.write_all(&pattern(total)).unwrap();
    });
    let mut pump = pump(&pool, u64::MAX);
    let (mut moved, mut idle_turns) = (0, 0);
    // Everything between the two ends fills up, and then the event loop may turn as often as it likes.
    while idle_turns < 200 {
        match pump.poll(&mut Context::from_waker(Waker::noop()), &from, &to) {
            Poll::Ready(step) => {
                moved += step.unwrap().written;
                idle_turns = 0;
            }
            Poll::Pending => idle_turns += 1,
        }
        tokio::task::yield_now().await;
    }
    assert!(moved < total as u64);
    let reader = thread::spawn(move || {
        let mut got = vec![0; total];
        sink.read_exact(&mut got).unwrap();
        got
    });
    moved += run(&mut pump, &from, &to).await.unwrap().written;
    assert_eq!(moved, total as u64);
    assert!(reader.join().unwrap() == pattern(total));
    writer.join().unwrap();
}

#[tokio::test]
async fn urgent_data_does_not_stop_the_pump() {
    let (_, pool) = pipes(4);
    for (behind, expected) in [(&b"behind"[..], &b"beforebehind"[..]), (b"", b"before")] {
        let ((from, mut source), (to, mut sink)) = (pair::tcp(), pair::tcp());
        source.write_all(b"before").unwrap();
        rustix::net::send(&source, b"!", SendFlags::OOB).unwrap();
        source.write_all(behind).unwrap();
        drop(source);
        let sum = run(&mut pump(&pool, u64::MAX), &from, &to).await.unwrap();
        assert_eq!(sum.written, expected.len() as u64);
        drop(to);
        let mut got = Vec::new();
        sink.read_to_end(&mut got).unwrap();
        assert_eq!(got, expected);
    }
}

#[tokio::test]
async fn there_are_no_more_pipes_than_the_process_may_have_whoever_asks() {
    let all = Pipes::new(2);
    all.set(2, None);
    let (here, there) = (PipePool::new(&all, 0), PipePool::new(&all, 1));
    let (one, two) = (pump(&here, 1), pump(&there, 1));
    assert!(SplicePump::new(&here, 1).unwrap().is_none() && SplicePump::new(&there, 1).unwrap().is_none());
    assert_eq!((all.used(), all.lacking()), (2, 2));
    drop((one, two));
    assert_eq!((all.used(), all.kept()), (0, 0), "of so few none is kept from the other worker");
    let _both = (pump(&here, 1), pump(&here, 1));
    assert!(SplicePump::new(&there, 1).unwrap().is_none());
}

#[tokio::test]
async fn a_worker_keeps_its_share_of_pipes_and_closes_those_of_another_size() {
    let all = Pipes::new(2);
    all.set(8, None);
    let pool = PipePool::new(&all, 0);
    drop((pump(&pool, 1), pump(&pool, 1), pump(&pool, 1)));
    assert_eq!((all.used(), all.kept()), (0, 2), "a quarter of all");
    all.set(8, Some(1 << 20));
    drop(pump(&pool, 1));
    assert_eq!((all.used(), all.kept()), (0, 2), "one was closed and made anew");
    drop(pool);
    assert_eq!(all.kept(), 0);
    all.set(0, None);
    let pool = PipePool::new(&all, 0);
    assert!(SplicePump::new(&pool, 1).unwrap().is_none(), "`maxpipes: 0` is no splicing");
}

/// Bytes that a transfer has taken when its receiver takes none and the sender has more than enough.
async fn stalled(size: Option<usize>) -> u64 {
    let (all, pool) = pipes(1);
    all.set(1, size);
    let ((from, mut source), (to, _sink)) = (pair::tcp(), pair::tcp());
    source.set_nonblocking(true).unwrap();
    let mut pump = pump(&pool, u64::MAX);
    let (mut moved, mut idle_turns) = (Spliced::default(), 0);
    while idle_turns < 200 {
        let _ = source.write(&[0; 1 << 16]);
        match pump.poll(&mut Context::from_waker(Waker::noop()), &from, &to) {
            Poll::Ready(step) => {
                let step = step.unwrap();
                (moved.read, moved.written) = (moved.read + step.read, moved.written + step.written);
                idle_turns = 0;
            }
            Poll::Pending => idle_turns += 1,
        }
        tokio::task::yield_now().await;
    }
    moved.read - moved.written
}

#[tokio::test]
async fn a_receiver_that_stops_leaves_64_kib_in_the_pipe_or_what_the_file_says() {
    for _ in 0..4 {
        let held = stalled(None).await;
        assert!((1..=64 << 10).contains(&held), "{held}");
        let held = stalled(Some(16 << 10)).await;
        assert!((1..=16 << 10).contains(&held), "{held}");
    }
    let held = stalled(Some(1 << 20)).await;
    assert!((1..=1 << 20).contains(&held), "{held}");
}

#[tokio::test]
async fn both_directions_of_a_tunnel_run_at_once() {
    let (_, pool) = pipes(2);
    let ((left, mut one), (right, mut two)) = (pair::tcp(), pair::tcp());
    let echo = thread::spawn(move || {
        let mut buf = vec![0; 65_536];
        loop {
            let count = two.read(&mut buf).unwrap();
            if count == 0 {
                return;
            }
            two.write_all(&buf[..count]).unwrap();
        }
    });
    let client = thread::spawn(move || {
        let mut reader: TcpStream = one.try_clone().unwrap();
        let back = thread::spawn(move || {
            let mut got = vec![0; 5_000_000];
            reader.read_exact(&mut got).unwrap();
            got
        });
        one.write_all(&pattern(5_000_000)).unwrap();
        let got = back.join().unwrap();
        one.shutdown(Shutdown::Write).unwrap();
        got
    });
    let (mut there, mut back) = (pump(&pool, u64::MAX), pump(&pool, u64::MAX));
    let forth = async {
        let sum = run(&mut there, &left, &right).await.unwrap();
        right.shutdown_write().unwrap();
        sum.written
    };
    let (forth, back) = tokio::join!(forth, run(&mut back, &right, &left));
    assert_eq!((forth, back.unwrap().written), (5_000_000, 5_000_000));
    assert!(client.join().unwrap() == pattern(5_000_000));
    echo.join().unwrap();
}
