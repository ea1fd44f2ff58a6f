//! `show errors`: the failure rings of all workers, newest first.

use std::io::Write;

use plimsoll_commands::{Context, Progress, Reply};
use plimsoll_observe::DateCache;

use super::{answer, state};

/// Shown unless another number is given.
const MOST: usize = 64;
/// Failures of one page.
const PAGE: usize = 16;

pub(super) fn show_errors(context: &mut Context<'_>) -> Reply {
    answer(state(context).and_then(|state| {
        let most = match context.arg(0) {
            None => MOST,
            Some(text) => text.parse().map_err(|_| Reply::error("'show errors' expects how many to show."))?,
        };
        let (failures, total) = state.failures(most);
        let mut dates = DateCache::default();
        let mut head = Vec::from(&b"Total events captured on ["[..]);
        dates.write(plimsoll_clock::wall(), &mut head);
        // Writing into a vector cannot fail.
        let _ = writeln!(head, "] : {total}");
        let mut failures = failures.into_iter();
        Ok(Reply::Pages(Box::new(move |out| {
            out.append(&mut head);
            for failure in failures.by_ref().take(PAGE) {
                out.push(b'\n');
                failure.write_text(&mut dates, out);
            }
            if failures.len() > 0 { Progress::More } else { Progress::Done }
        })))
    }))
}
