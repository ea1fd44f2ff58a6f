//! A buffer between real sockets: memory comes with bytes and goes with them, and only FIN looks like FIN.

use std::future::poll_fn;
use std::io::{Read, Write};
use std::task::Waker;

use super::*;
use crate::testing::{eventually, on_a_runtime, pair};

fn poll_once<T>(poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
    poll(&mut Context::from_waker(Waker::noop()))
}

async fn fill(buffer: &mut Buffer, stream: &Stream) -> usize {
    poll_fn(|cx| buffer.poll_fill(stream, cx)).await.expect("bytes or FIN")
}

fn spares() -> usize {
    SPARE.with_borrow(|spare| spare.kept.len())
}

#[test]
fn a_silent_peer_costs_no_memory() {
    on_a_runtime(async {
        let (stream, mut peer) = pair();
        let mut buffer = Buffer::default();
        assert!(poll_once(|cx| buffer.poll_fill(&stream, cx)).is_pending());
        assert_eq!(buffer.data.capacity(), 0);
        peer.write_all(b"now").unwrap();
        assert_eq!(fill(&mut buffer, &stream).await, 3);
        assert_eq!((buffer.bytes(), buffer.data.capacity()), (&b"now"[..], SIZE));
    });
}

#[test]
fn memory_is_given_back_when_empty_and_the_next_buffer_gets_the_same() {
    on_a_runtime(async {
        let mut buffer = Buffer::default();
        buffer.vec().extend_from_slice(b"abc");
        let place = buffer.data.as_ptr();
        buffer.release();
        assert_eq!(buffer.bytes(), b"abc", "there is something in it");
        buffer.consume(3);
        buffer.release();
        assert_eq!((buffer.data.capacity(), spares()), (0, 1));
        let mut next = Buffer::default();
        assert_eq!(next.vec().as_ptr(), place);
        assert!(next.is_empty() && spares() == 0);
        drop(next);
        assert_eq!(spares(), 1);
    });
}

#[test]
fn a_worker_keeps_what_is_usual_and_no_more() {
    let mut many: Vec<Buffer> = (0..KEPT + 10).map(|_| Buffer::default()).collect();
    for buffer in &mut many {
        buffer.need_memory();
    }
    drop(many);
    assert_eq!(spares(), KEPT);
    SPARE.take();
    // One that had to grow is of no use to others.
    let mut grown = Buffer::default();
    grown.vec().extend_from_slice(&[0; SIZE + 1]);
    drop(grown);
    assert_eq!(spares(), 0);
}

#[test]
fn a_few_bytes_that_wait_for_long_wait_in_little_memory_and_go_on_from_there() {
    on_a_runtime(async {
        let (stream, mut peer) = pair();
        let mut buffer = Buffer::default();
        buffer.vec().extend_from_slice(b"done, left");
        buffer.consume(6);
        buffer.make_small();
        assert_eq!((buffer.bytes(), buffer.data.capacity(), spares()), (&b"left"[..], 4, 1));
        peer.write_all(b" over").unwrap();
        assert_eq!(fill(&mut buffer, &stream).await, 5);
        assert_eq!((buffer.bytes(), buffer.data.capacity()), (&b"left over"[..], SIZE));
        buffer.vec().extend_from_slice(&[b'x'; LITTLE]);
        buffer.make_small();
        assert_eq!(buffer.data.capacity(), SIZE, "that is worth its memory");
    });
}

#[test]
fn what_is_held_is_counted_and_nothing_is_left_in_the_end() {
    let log = plimsoll_observe::Sink::start(&[]).expect("a log without targets");
    let process = Arc::new(Process::new(1, 10, log.events()));
    account(&process, 0);
    let mut buffers: Vec<Buffer> = (0..3).map(|_| Buffer::default()).collect();
    assert_eq!(process.buffer_bytes(), 0, "no bytes, no memory");
    buffers.iter_mut().for_each(|buffer| buffer.vec().extend_from_slice(b"hello"));
    assert_eq!(process.buffer_bytes(), 3 * SIZE as u64);
    buffers[0].make_small();
    assert_eq!(process.buffer_bytes(), 2 * SIZE as u64 + 5);
    buffers[0].vec().push(b'!');
    assert_eq!(process.buffer_bytes(), 3 * SIZE as u64);
    buffers[1].vec().extend_from_slice(&[0; SIZE]);
    buffers[2].clear();
    buffers[2].release();
    assert_eq!(process.buffer_bytes(), 2 * SIZE as u64, "one that grew counts as one");
    drop(buffers);
    assert_eq!(process.buffer_bytes(), 0);
    SPARE.take();
}

#[test]
fn a_buffer_that_is_used_up_at_its_end_makes_room_at_its_start() {
    on_a_runtime(async {
        let (stream, mut peer) = pair();
        let mut buffer = Buffer::default();
        buffer.vec().extend((0..SIZE).map(|at| at as u8));
        buffer.consume(SIZE - 3);
        let rest = buffer.bytes().to_vec();
        peer.write_all(b"more").unwrap();
        assert_eq!(fill(&mut buffer, &stream).await, 4, "a full buffer is not taken for FIN");
        assert_eq!(buffer.bytes(), [&rest[..], b"more"].concat());
        assert_eq!(buffer.data.capacity(), SIZE);
    });
}

#[cfg(debug_assertions)]
#[test]
#[should_panic(expected = "a full buffer would look like FIN")]
fn reading_into_a_full_buffer_is_a_mistake_that_is_noticed() {
    on_a_runtime(async {
        let (stream, _peer) = pair();
        let mut buffer = Buffer::default();
        buffer.vec().extend_from_slice(&[0; SIZE]);
        let _ = poll_once(|cx| buffer.poll_fill(&stream, cx));
    });
}

#[test]
fn what_a_peer_does_not_take_stays_in_order() {
    on_a_runtime(async {
        let (stream, mut peer) = pair();
        // The socket is filled until it takes no more.
        let mut ahead = 0;
        while let Poll::Ready(wrote) = poll_once(|cx| stream.poll_write(cx, &[0; SIZE])) {
            ahead += wrote.unwrap();
            tokio::task::yield_now().await;
        }
        let mut buffer = Buffer::default();
        buffer.vec().extend((0..SIZE).map(|at| (at % 251) as u8));
        let all = buffer.bytes().to_vec();
        assert!(poll_once(|cx| buffer.poll_flush(&stream, cx)).is_pending());
        assert_eq!(buffer.len(), SIZE, "nothing was written, nothing is gone");
        let mut got = Vec::new();
        eventually("all of it has arrived", || {
            let _ = poll_once(|cx| buffer.poll_flush(&stream, cx));
            let _ = peer.read_to_end(&mut got);
            (got.len() == ahead + SIZE).then_some(())
        })
        .await;
        assert!(buffer.is_empty());
        assert!(got[ahead..] == all[..]);
    });
}

#[test]
fn pieces_of_any_size_come_out_as_they_went_in_and_fin_comes_last() {
    for seed in 0..40 {
        on_a_runtime(async {
            let mut random = fastrand::Rng::with_seed(seed);
            let (stream, mut peer) = pair();
            let all: Vec<u8> = (0..random.usize(..400_000)).map(|at| (at % 253) as u8).collect();
            let (mut sent, mut got, mut buffer) = (0, Vec::new(), Buffer::default());
            loop {
                let piece = random.usize(..=SIZE).min(all.len() - sent);
                if let Ok(count @ 1..) = peer.write(&all[sent..sent + piece]) {
                    sent += count;
                } else if sent == all.len() {
                    peer.shutdown(std::net::Shutdown::Write).unwrap();
                }
                // As its users do: nothing is read into a buffer that is full.
                if buffer.len() < SIZE {
                    match poll_once(|cx| buffer.poll_fill(&stream, cx)) {
                        Poll::Ready(Ok(0)) => break,
                        Poll::Ready(Ok(_)) => {}
                        Poll::Ready(Err(error)) => panic!("seed {seed}: {error}"),
                        Poll::Pending => tokio::task::yield_now().await,
                    }
                }
                let count = random.usize(..=buffer.len());
                got.extend_from_slice(&buffer.bytes()[..count]);
                buffer.consume(count);
                if random.bool() {
                    buffer.release();
                }
            }
            got.extend_from_slice(buffer.bytes());
            assert!(got == all, "seed {seed}: {} of {} bytes, or not in order", got.len(), all.len());
        });
    }
}
