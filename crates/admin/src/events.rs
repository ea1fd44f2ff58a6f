//! What an open page hears: the cells that changed since the last time, as a server-sent event.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use plimsoll_clock::Tick;

use crate::page::cells::{self, Line, Rates};
use crate::{State, json};

/// One page's memory of what it was told.
#[derive(Debug, Default)]
pub struct Events {
    told: HashMap<String, Vec<String>>,
    /// Counts from which the rates come, and their time.
    counts: HashMap<String, u64>,
    at: Option<Tick>,
    failures: Option<u64>,
}

impl Events {
    /// The next event. The first one tells everything, so that a page that was interrupted is right again.
    #[must_use]
    pub fn next(&mut self, state: &Arc<dyn State>) -> Vec<u8> {
        let now = state.now();
        let elapsed = self.at.replace(now).map(|before| now.since(before));
        let mut counts = HashMap::with_capacity(self.counts.len());
        let mut rates = Rates::new(elapsed, &self.counts, &mut counts);
        let lines = cells::lines(state, &[], &mut rates);
        self.counts = counts;
        let mut text = String::from("data: {\"rows\":{");
        let mut comma = "";
        for line in lines {
            let Line { id, cells, .. } = line;
            if self.told.get(&id) == Some(&cells) {
                continue;
            }
            let _ = write!(text, "{comma}\"{id}\":[");
            for (index, cell) in cells.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                text.push_str(&json::quoted(cell));
            }
            text.push(']');
            comma = ",";
            self.told.insert(id, cells);
        }
        text.push('}');
        let (failures, total) = state.failures(cells::FAILURES);
        if self.failures.replace(total) != Some(total) {
            text.push_str(",\"failures\":[");
            for (index, failure) in failures.iter().enumerate() {
                let cells = cells::failure(failure).map(|cell| json::quoted(&cell));
                let _ = write!(text, "{}[{}]", if index == 0 { "" } else { "," }, cells.join(","));
            }
            text.push(']');
        }
        text.push_str("}\n\n");
        text.into_bytes()
    }
}
