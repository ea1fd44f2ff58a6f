//! One direction between real sockets, with and without a pipe, and how long both may be silent.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::task::Waker;

use super::*;
use plimsoll_net::Pipes;

use crate::testing::{eventually, on_a_runtime, pair};

/// `source` -> `from` | way | `to` -> `sink`.
struct Line {
    source: TcpStream,
    from: Stream,
    to: Stream,
    sink: TcpStream,
    way: Way,
    pipes: Arc<Pipes>,
    pool: PipePool,
}

impl Line {
    fn new(splice: Splice, pipes: usize) -> Self {
        let ((from, source), (to, sink)) = (pair(), pair());
        let all = Pipes::new(1);
        all.set(pipes, None);
        let pool = PipePool::new(&all, 0);
        Self { source, from, to, sink, way: Way::new(Buffer::default(), splice), pipes: all, pool }
    }

    /// No byte of it goes through a pipe.
    fn copying() -> Self {
        Self::new(Splice::Never, 0)
    }

    fn poll(&mut self) -> Poll<Result<(), Broken>> {
        let cx = &mut Context::from_waker(Waker::noop());
        self.way.poll(&self.from, &self.to, &self.pool, cx)
    }

    /// Moves all that is there; what arrived is put behind `got`.
    fn turn(&mut self, got: &mut Vec<u8>) -> bool {
        let done = match self.poll() {
            Poll::Ready(Ok(())) => true,
            Poll::Ready(Err(_)) => panic!("nobody broke it"),
            Poll::Pending => false,
        };
        let _ = self.sink.read_to_end(got);
        done
    }

    async fn until(&mut self, count: usize, got: &mut Vec<u8>) {
        eventually("it has arrived", || {
            self.turn(got);
            (got.len() >= count).then_some(())
        })
        .await;
    }
}

#[test]
fn bytes_arrive_and_then_fin() {
    on_a_runtime(async {
        let mut line = Line::copying();
        line.source.write_all(b"hello").unwrap();
        let mut got = Vec::new();
        line.until(5, &mut got).await;
        assert!(line.poll().is_pending());
        line.source.shutdown(Shutdown::Write).unwrap();
        eventually("FIN is passed on", || line.turn(&mut got).then_some(())).await;
        eventually("and arrives", || matches!(line.sink.read(&mut [0]), Ok(0)).then_some(())).await;
        assert_eq!((got.as_slice(), line.way.seen()), (&b"hello"[..], (5, true)));
    });
}

#[test]
fn what_came_before_the_relay_goes_first() {
    on_a_runtime(async {
        let mut line = Line::copying();
        line.way.buffer.vec().extend_from_slice(b"early ");
        line.source.write_all(b"late").unwrap();
        let mut got = Vec::new();
        line.until(10, &mut got).await;
        assert_eq!(got, b"early late");
    });
}

#[test]
fn a_silent_direction_holds_no_memory() {
    on_a_runtime(async {
        let mut line = Line::copying();
        line.source.write_all(b"x").unwrap();
        line.until(1, &mut Vec::new()).await;
        assert!(line.poll().is_pending());
        assert_eq!(line.way.buffer.vec().len(), 0);
        assert!(line.poll().is_pending());
    });
}

#[test]
fn an_error_is_on_the_side_where_it_was() {
    on_a_runtime(async {
        let line = Line::copying();
        let Line { source, from, to, sink, mut way, pool, .. } = line;
        Stream::from_fd(source.into()).unwrap().reset();
        let broken = poll_fn(|cx| way.poll(&from, &to, &pool, cx)).await;
        assert!(matches!(broken, Err(Broken::From)));
        drop(sink);

        let Line { mut source, from, to, sink, mut way, pool, .. } = Line::copying();
        Stream::from_fd(sink.into()).unwrap().reset();
        let broken = eventually("writing fails", || {
            let _ = source.write(b"x");
            match way.poll(&from, &to, &pool, &mut Context::from_waker(Waker::noop())) {
                Poll::Ready(ended) => Some(ended),
                Poll::Pending => None,
            }
        })
        .await;
        assert!(matches!(broken, Err(Broken::To)));
    });
}

#[test]
fn a_large_flow_takes_a_pipe_and_small_talk_gives_it_back() {
    on_a_runtime(async {
        let mut line = Line::new(Splice::Large, 1);
        let (mut sent, mut got) = (0, Vec::new());
        eventually("it goes through a pipe", || {
            sent += line.source.write(&[b'x'; 64 << 10]).unwrap_or(0);
            line.turn(&mut got);
            (line.way.pump.is_some() || line.way.resting).then_some(())
        })
        .await;
        line.until(sent, &mut got).await;
        assert!(line.poll().is_pending());
        assert_eq!(line.pipes.used(), 0, "it has none while nothing comes");
        for _ in 0..STOP {
            line.source.write_all(b"y").unwrap();
            sent += 1;
            line.until(sent, &mut got).await;
        }
        assert!(line.way.pump.is_none() && !line.way.resting);
        assert_eq!(line.pipes.used(), 0);
        line.source.write_all(b"and on it goes").unwrap();
        line.until(sent + 14, &mut got).await;
        assert!(got.ends_with(b"yyyyand on it goes"));
        assert_eq!(line.way.moved, got.len() as u64);
    });
}

#[test]
fn where_it_is_asked_for_the_first_byte_goes_through_a_pipe_and_small_talk_stays_there() {
    on_a_runtime(async {
        let mut line = Line::new(Splice::Always, 1);
        let mut got = Vec::new();
        for sent in 1..=2 * STOP as usize {
            line.source.write_all(b"x").unwrap();
            line.until(sent, &mut got).await;
            assert!(line.poll().is_pending() && line.way.resting && line.way.pump.is_none());
        }
        assert_eq!((line.pipes.used(), line.pipes.lacking()), (0, 0));
    });
}

#[test]
fn without_a_pipe_it_is_copied() {
    on_a_runtime(async {
        for splice in [Splice::Large, Splice::Always] {
            let mut line = Line::new(splice, 0);
            let (mut sent, mut got) = (0, Vec::new());
            eventually("a pipe was asked for", || {
                sent += line.source.write(&[b'x'; 64 << 10]).unwrap_or(0);
                line.turn(&mut got);
                (line.pipes.lacking() > 0).then_some(())
            })
            .await;
            line.until(sent, &mut got).await;
        }
    });
}

#[test]
fn pieces_of_any_size_arrive_in_order_with_and_without_pipes() {
    for seed in 0..24 {
        on_a_runtime(async {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut line =
                Line::new([Splice::Never, Splice::Large, Splice::Always][seed as usize % 3], seed as usize % 2);
            let all: Vec<u8> = (0..random.usize(..3_000_000)).map(|at| (at % 253) as u8).collect();
            let (mut sent, mut got, mut large) = (0, Vec::new(), false);
            eventually("all has arrived, and FIN was passed on", || {
                // Long stretches of large pieces and of small ones.
                large ^= random.u8(..) == 0;
                let piece = random.usize(1..=if large { 128 << 10 } else { 4096 }).min(all.len() - sent);
                sent += line.source.write(&all[sent..sent + piece]).unwrap_or(0);
                if sent == all.len() {
                    let _ = line.source.shutdown(Shutdown::Write);
                }
                line.turn(&mut got).then_some(())
            })
            .await;
            eventually("the last byte is here", || line.sink.read_to_end(&mut got).is_ok().then_some(())).await;
            assert!(got == all, "seed {seed}: {} of {} bytes, or not in order", got.len(), all.len());
            assert_eq!(line.way.moved, all.len() as u64, "seed {seed}");
        });
    }
}

#[test]
fn patience_is_the_tunnels_and_a_half_closed_ends_own() {
    let seconds = |count: u64| Some(format!("{count}s").parse::<plimsoll_config::Duration>().unwrap());
    let plain = Timeouts { client: seconds(30), server: seconds(20), ..Timeouts::default() };
    let tunnel = Timeouts { tunnel: seconds(600), ..plain.clone() };
    let fin = Timeouts { client_fin: seconds(3), server_fin: seconds(2), ..tunnel.clone() };
    let none = Timeouts::default();
    for (frontend, backend, ended, expected) in [
        (&none, &none, (false, false), None),
        (&plain, &plain, (false, false), seconds(20)),
        (&plain, &none, (false, false), seconds(30)),
        (&plain, &plain, (true, true), seconds(20)),
        (&tunnel, &plain, (false, false), seconds(600)),
        (&plain, &tunnel, (false, false), seconds(600)),
        (&fin, &fin, (false, false), seconds(600)),
        (&fin, &fin, (true, false), seconds(3)),
        (&fin, &fin, (false, true), seconds(2)),
        (&fin, &fin, (true, true), seconds(2)),
    ] {
        let patience = Patience::new(frontend, backend).now(ended.0, ended.1);
        assert_eq!(patience, expected, "{frontend:?} {backend:?} {ended:?}");
    }
}
