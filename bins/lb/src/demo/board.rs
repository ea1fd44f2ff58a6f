//! The live line of the demo: requests, errors, and what each server is doing; drawn in place on a terminal.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use plimsoll_engine::Engine;

/// How often it looks.
const LOOK: Duration = Duration::from_millis(500);
/// Where lines follow each other: looks between two that differ in numbers only.
const LOOKS_A_LINE: u32 = 6;

/// What there is to see at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    requests: u64,
    errors: u64,
    retries: u64,
    servers: Vec<Serving>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Serving {
    name: String,
    state: String,
    up: bool,
    requests: u64,
}

impl Figures {
    /// All workers' counts, all frontends and backends together.
    pub fn read(engine: &Engine) -> Self {
        let snapshot = engine.snapshot();
        let mut figures = Self::default();
        for frontend in &snapshot.frontends {
            figures.requests += frontend.live.counters.sum(|counters| counters.requests.get());
            figures.errors += frontend.live.counters.sum(|counters| counters.failures.get());
        }
        for backend in &snapshot.backends {
            figures.retries += backend.live.counters.sum(|counters| counters.retries.get());
            figures.servers.extend(backend.targets.iter().map(|target| Serving {
                name: target.server.name().to_owned(),
                state: target.server.health().word(true),
                up: target.server.usable(),
                requests: target.server.counters().sum(|counters| counters.chosen.get()),
            }));
        }
        figures
    }

    /// Did a server go up or down between the two? The engine has then said so in a line of its own.
    fn turned_since(&self, before: &Self) -> bool {
        !self.servers.iter().map(|server| server.up).eq(before.servers.iter().map(|server| server.up))
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count: u64| if count == 1 { "" } else { "s" };
        let Self { requests, errors, .. } = *self;
        write!(f, "{requests} request{}, {errors} error{}", plural(requests), plural(errors))?;
        write!(f, ", {} retr{}", self.retries, if self.retries == 1 { "y" } else { "ies" })?;
        self.servers.iter().try_for_each(|server| write!(f, " | {} {} {}", server.name, server.state, server.requests))
    }
}

/// What one more look at the figures leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Show {
    Nothing,
    /// A new line.
    Below,
    /// The same line again, with new figures.
    Over,
}

/// Which moments are shown, and where.
///
/// 1. The first one, and one at which a server went up or down: a line below.
/// 2. On a terminal, any other change: over the line before.
/// 3. Elsewhere, any other change: a line below, at most every so many looks.
#[derive(Debug)]
struct Pace {
    terminal: bool,
    shown: Option<Figures>,
    looks: u32,
}

impl Pace {
    fn new(terminal: bool) -> Self {
        Self { terminal, shown: None, looks: 0 }
    }

    fn next(&mut self, now: &Figures) -> Show {
        self.looks += 1;
        let show = match &self.shown {
            None => Show::Below,
            Some(shown) if now.turned_since(shown) => Show::Below,
            Some(shown) if now == shown => Show::Nothing,
            Some(_) if self.terminal => Show::Over,
            Some(_) if self.looks >= LOOKS_A_LINE => Show::Below,
            Some(_) => Show::Nothing,
        };
        if show != Show::Nothing {
            self.shown = Some(now.clone());
            self.looks = 0;
        }
        show
    }
}

/// Shows the figures until `stop` is dropped, or nobody reads any more.
pub fn show(engine: &Engine, stop: &Receiver<()>) {
    let mut out = io::stdout();
    let terminal = out.is_terminal();
    let mut pace = Pace::new(terminal);
    loop {
        let figures = Figures::read(engine);
        let shown = match pace.next(&figures) {
            Show::Nothing => Ok(()),
            Show::Below if terminal => draw(&mut out, "", &figures),
            Show::Below => writeln!(out, "{figures}"),
            Show::Over => draw(&mut out, UP, &figures),
        };
        if shown.is_err() || stop.recv_timeout(LOOK) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}

/// To the line above.
const UP: &str = "\x1b[1A";

/// Draws a line and leaves the cursor below it, where the echo of Ctrl-C and the words after it do no harm. A long line is cut at
/// the terminal's edge: wrapped, it would be two, and the next one would not cover it.
fn draw(out: &mut impl Write, place: &str, figures: &Figures) -> io::Result<()> {
    // At once: the engine writes to the same terminal, and must not find it in the middle of this.
    out.write_all(format!("{place}\r\x1b[2K\x1b[?7l{figures}\x1b[?7h\r\n").as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(requests: u64, charlie: &str) -> Figures {
        let serving = |name: &str, state: &str, requests| Serving {
            name: name.into(),
            state: state.into(),
            up: state.starts_with("UP"),
            requests,
        };
        let servers = vec![serving("alpha", "UP", 2), serving("charlie", charlie, 1)];
        Figures { requests, errors: 0, retries: 1, servers }
    }

    #[test]
    fn a_line_counts_and_says_what_each_server_does() {
        let text = figures(3, "DOWN").to_string();
        assert_eq!(text, "3 requests, 0 errors, 1 retry | alpha UP 2 | charlie DOWN 1");
        let one = Figures { requests: 1, errors: 1, ..Figures::default() };
        assert_eq!(one.to_string(), "1 request, 1 error, 0 retries");
    }

    #[test]
    fn a_terminal_keeps_one_line_and_the_cursor_below_it() {
        let mut out = Vec::new();
        draw(&mut out, UP, &Figures::default()).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("\x1b[1A\r\x1b[2K") && text.ends_with("\r\n"), "{text:?}");
        assert_eq!(text.matches('\n').count(), 1);
    }

    #[test]
    fn on_a_terminal_only_a_server_that_went_up_or_down_begins_a_line() {
        let mut pace = Pace::new(true);
        let moments = [(0, "UP"), (0, "UP"), (1, "UP"), (1, "UP 1/3"), (2, "DOWN"), (3, "DOWN"), (3, "UP 1/3")];
        let shown = moments.map(|(requests, charlie)| pace.next(&figures(requests, charlie)));
        let (below, over) = (Show::Below, Show::Over);
        assert_eq!(shown, [below, Show::Nothing, over, over, below, over, below]);
    }

    #[test]
    fn elsewhere_numbers_alone_make_a_line_only_now_and_then() {
        let mut pace = Pace::new(false);
        let lines: Vec<u64> =
            (0..=12).filter(|requests| pace.next(&figures(*requests, "UP")) != Show::Nothing).collect();
        assert_eq!(lines, [0, 6, 12]);
        assert!((0..100).all(|_| pace.next(&figures(12, "UP")) == Show::Nothing), "nothing happens, nothing is said");
        assert_eq!(pace.next(&figures(12, "DOWN")), Show::Below, "a server that went down is said at once");
    }
}
