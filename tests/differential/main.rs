//! The same `haproxy.cfg` and the same traffic for `lb` and the installed haproxy: what clients and servers see must be the same.
//!
//! A case is a few lines in one of the files of its theme ([`case::Case`]). `PLIMSOLL_CASE=text` runs those whose names contain the text, and
//! shows what both did.

mod case;
mod errors;
mod headers;
mod play;
mod rules;
mod servers;
mod stage;
mod tcp;
mod ways;

use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use plimsoll_testkit::Program;

use case::Case;

/// How a case ended.
enum Verdict {
    Agreed,
    Chosen,
    Failed(String),
}

#[test]
fn both_programs_do_the_same_or_the_difference_is_a_chosen_one() {
    let only = std::env::var("PLIMSOLL_CASE").unwrap_or_default();
    let themes =
        [errors::cases(), headers::cases(), rules::cases(), servers::cases(), tcp::cases(), ways::cases()].concat();
    let mut names: Vec<&str> = themes.iter().map(|case| case.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), themes.len(), "two cases have one name");
    let cases: Vec<Case> = themes.into_iter().filter(|case| case.name.contains(&only)).collect();
    let (next, verdicts) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let verdict = std::panic::catch_unwind(|| judge(case, !only.is_empty()))
                        .unwrap_or_else(|_| Verdict::Failed("it did not come to its end, see above".into()));
                    verdicts.lock().expect("no verdict panics").push((case.name, verdict));
                }
            });
        }
    });
    let (mut agreed, mut chosen, mut failed) = (0, 0, 0);
    // Not println: what a test prints is shown only if it fails.
    let mut out = std::io::stderr().lock();
    for (name, verdict) in verdicts.into_inner().expect("no verdict panics") {
        match verdict {
            Verdict::Agreed => agreed += 1,
            Verdict::Chosen => chosen += 1,
            Verdict::Failed(why) => {
                failed += 1;
                let _ = writeln!(out, "--- {name}\n{why}\n");
            }
        }
    }
    let _ = writeln!(out, "agreed {agreed}, chosen {chosen}, failed {failed}");
    assert_eq!(failed, 0, "cases failed");
}

fn judge(case: &Case, show: bool) -> Verdict {
    let [ours, theirs] = [Program::Lb, Program::Haproxy].map(|program| play::play(case, program));
    if show {
        let _ = writeln!(std::io::stderr(), "--- {}: haproxy\n{}\n--- ours\n{}", case.name, theirs, ours);
    }
    match (&case.chosen, ours == theirs) {
        (None, true) => Verdict::Agreed,
        (None, false) => Verdict::Failed(difference(&ours, &theirs)),
        (Some(chosen), true) => Verdict::Failed(format!("a chosen difference that is none any more: {}", chosen.why)),
        (Some(chosen), false) => match chosen.ours.iter().find(|text| !ours.contains(**text)) {
            None => Verdict::Chosen,
            Some(text) => Verdict::Failed(format!("ours should show `{text}` ({}):\n{ours}", chosen.why)),
        },
    }
}

/// The lines that only one of them has.
fn difference(ours: &str, theirs: &str) -> String {
    let of = |mark: &str, one: &str, other: &str| -> String {
        let other: Vec<&str> = other.lines().collect();
        one.lines().filter(|line| !other.contains(line)).map(|line| format!("{mark} {line}\n")).collect()
    };
    let lines = of("haproxy:", theirs, ours) + &of("ours:   ", ours, theirs);
    if lines.is_empty() { format!("the same lines in another order:\n{theirs}---\n{ours}") } else { lines }
}
