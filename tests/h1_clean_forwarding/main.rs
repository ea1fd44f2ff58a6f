//! Scorecard row 3: whatever clients send, the origin sees only clean requests, and one answer for each.
//!
//! 2,000 mutated requests in ci; `PLIMSOLL_VOLUME=full` makes it 100,000. `PLIMSOLL_SEED` repeats a run.

mod mutate;

use std::thread;
use std::time::Duration;

use mutate::{mutated, valid};
use plimsoll_testkit::recording::Record;
use plimsoll_testkit::{Client, Lb, Random, RecordingOrigin, Response, origin};
use plimsoll_tests::{Timeouts, front, volume};

/// Each lane has a proxy and an origin of its own, so that every forwarded request belongs to a known connection.
const LANES: usize = 8;
/// Half a request is given up soon: most mutations that hide the end of a request cost this long.
const SHORT: Timeouts = Timeouts { http_request: 250, client: 250, server: 2000, keep_alive: 250, tunnel: 250 };

#[derive(Debug, Default)]
struct Score {
    requests: usize,
    answers: usize,
    forwarded: usize,
    wrong: Vec<String>,
}

#[test]
fn no_mutation_makes_an_unclean_or_a_second_request() {
    let seed = std::env::var("PLIMSOLL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_120);
    let total = volume(2_000, 100_000);
    println!("h1_clean_forwarding: {total} requests, PLIMSOLL_SEED={seed}");
    let lanes: Vec<_> = (0..LANES)
        .map(|lane| {
            thread::Builder::new().name(format!("lane {lane}")).spawn(move || run(seed + lane as u64, total / LANES))
        })
        .collect();
    let mut score = Score::default();
    // All lanes end before a failed one is looked at, so that each stops its own proxy.
    let parts: Vec<_> = lanes.into_iter().map(|lane| lane.expect("a thread").join()).collect();
    for part in parts {
        let part = part.expect("a lane ends");
        score.requests += part.requests;
        score.answers += part.answers;
        score.forwarded += part.forwarded;
        score.wrong.extend(part.wrong);
    }
    println!("h1_clean_forwarding: {} sent, {} answered, {} forwarded", score.requests, score.answers, score.forwarded);
    // A proxy that refuses everything would forward nothing unclean: a third of what is sent is valid.
    assert!(score.forwarded > total / 10, "only {} of {total} were forwarded", score.forwarded);
    let shown: Vec<&String> = score.wrong.iter().take(10).collect();
    assert!(score.wrong.is_empty(), "{} unclean or surplus, seed {seed}: {shown:#?}", score.wrong.len());
}

fn run(seed: u64, requests: usize) -> Score {
    let mut random = Random::new(seed);
    let origin = RecordingOrigin::start();
    let lb = front(&[origin.addr()], SHORT);
    let mut score = Score::default();
    while score.requests < requests {
        connection(&mut random, &lb, &origin, &mut score);
    }
    score
}

/// One client connection: a mutated request alone, or among valid ones, in one write or several.
fn connection(random: &mut Random, lb: &Lb, origin: &RecordingOrigin, score: &mut Score) {
    let mut bytes = Vec::new();
    let count = if random.one_in(2) { 1 } else { 2 + random.below(4) };
    let odd = random.below(count);
    for number in 0..count {
        bytes.extend(if number == odd { mutated(random) } else { valid(random) });
    }
    score.requests += count;
    // The last request asks to close, so that a connection without mistakes ends at once.
    bytes.extend(b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let mut splits: Vec<usize> = (0..random.below(4)).map(|_| random.below(bytes.len())).collect();
    splits.sort_unstable();

    let mut client = Client::connect(lb.addr("web")).patient(Duration::from_secs(10));
    client.send_split(&bytes, &splits);
    let mut answers = Vec::new();
    while let Ok(response) = client.response() {
        answers.push(response);
    }
    let record = origin.take();
    score.answers += answers.len();
    score.forwarded += record.requests.len();
    if let Some(why) = judge(&answers, &record) {
        score.wrong.push(format!("{why}; sent {} split at {splits:?}", bytes.escape_ascii()));
    }
}

fn judge(answers: &[Response], record: &Record) -> Option<String> {
    if let Some(unclean) = record.unclean.first() {
        return Some(unclean.clone());
    }
    if record.requests.len() > answers.len() {
        return Some(format!("{} requests at the origin, {} answers", record.requests.len(), answers.len()));
    }
    // The origin's answers come back in order, each to its own request.
    let arrived = record.requests.iter().map(|recorded| {
        let request = &recorded.request;
        origin::expected(&request.method, &request.target, &request.body)
    });
    let answered = answers.iter().filter_map(|answer| answer.get("x-digest"));
    let (arrived, answered): (Vec<String>, Vec<String>) = (arrived.collect(), answered.collect());
    (arrived != answered).then(|| format!("the origin answered {arrived:?}, the client got {answered:?}"))
}
