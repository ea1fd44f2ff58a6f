//! One conversation, without its socket: bytes in, answers out, each closed by an empty line.
//!
//! Without a prompt a session answers the lines that it has and is over, as HAProxy's is; what came before the client's half-close is
//! answered after it. `prompt` keeps it open. A line without its newline is never run: half of `disable server b/web12` is another command.

use std::collections::VecDeque;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use crate::builtin::Builtin;
use crate::command::{Command, Context, Level};
use crate::line::{self, Request};
use crate::reply::{Pages, Progress, Reply, Severity};
use crate::{Live, Table, help};

/// The longest line that is read.
pub const LINE_LIMIT: usize = 16 * 1024;
/// The longest payload: certificates with their chains, maps of some thousand lines.
pub const PAYLOAD_LIMIT: usize = 1024 * 1024;

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send what was appended, then step again.
    Output,
    /// Feed more, or say that there is no more.
    Input,
    /// Send what was appended, then close.
    Close,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Prefix {
    #[default]
    None,
    Number,
    Word,
}

/// A conversation.
pub struct Session {
    table: Arc<Table>,
    level: Level,
    prefix: Prefix,
    prompt: bool,
    input: Vec<u8>,
    /// Bytes of `input` that hold no newline, so that a slow line is not scanned again and again.
    scanned: usize,
    /// No more input comes.
    ended: bool,
    /// Nothing more is answered.
    over: bool,
    answered: bool,
    queue: VecDeque<Request>,
    /// Of the last request in `queue`.
    payload: Option<Payload>,
    pages: Option<Pages>,
    descriptor: Option<OwnedFd>,
}

#[derive(Debug)]
struct Payload {
    until: String,
    text: String,
    complete: bool,
}

impl Session {
    /// A session that nothing was said in.
    #[must_use]
    pub fn new(table: Arc<Table>, level: Level) -> Self {
        Self {
            table,
            level,
            prefix: Prefix::None,
            prompt: false,
            input: Vec::new(),
            scanned: 0,
            ended: false,
            over: false,
            answered: false,
            queue: VecDeque::new(),
            payload: None,
            pages: None,
            descriptor: None,
        }
    }

    /// Bytes from the client. Feed only when asked to: what is not consumed is kept.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// The client says no more, and still listens.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// Whether it waits for a person.
    #[must_use]
    pub fn is_interactive(&self) -> bool {
        self.prompt
    }

    /// The descriptor that goes with the output of the last step.
    pub fn take_descriptor(&mut self) -> Option<OwnedFd> {
        self.descriptor.take()
    }

    /// Goes on by one answer or one page.
    pub fn step(&mut self, live: &Live, out: &mut Vec<u8>) -> Step {
        loop {
            if let Some(pages) = &mut self.pages {
                if pages(out) == Progress::Done {
                    self.pages = None;
                    self.close_answer(out);
                }
                return Step::Output;
            }
            if self.over {
                return Step::Close;
            }
            if self.payload.as_ref().is_none_or(|payload| payload.complete)
                && let Some(request) = self.queue.pop_front()
            {
                self.run(&request, live, out);
                return Step::Output;
            }
            match self.take_line() {
                Some(line) => self.understand(&line, out),
                None => match self.starve(out) {
                    Step::Output => {}
                    step => return step,
                },
            }
        }
    }

    /// A line without its newline.
    fn take_line(&mut self) -> Option<Vec<u8>> {
        let newline = self.input[self.scanned..].iter().position(|&byte| byte == b'\n');
        let Some(newline) = newline else {
            self.scanned = self.input.len();
            return None;
        };
        let mut line: Vec<u8> = self.input.drain(..=self.scanned + newline).collect();
        line.pop();
        self.scanned = 0;
        Some(line)
    }

    fn understand(&mut self, line: &[u8], out: &mut Vec<u8>) {
        if line.len() > LINE_LIMIT {
            return self.refuse("The line is too long.", out);
        }
        if let Some(payload) = self.payload.as_mut().filter(|payload| !payload.complete) {
            let line = String::from_utf8_lossy(line);
            let line = line.trim_end_matches('\r');
            if line == payload.until {
                payload.complete = true;
            } else {
                payload.text.push_str(line);
                payload.text.push('\n');
                if payload.text.len() > PAYLOAD_LIMIT {
                    self.refuse("The payload is too long.", out);
                }
            }
            return;
        }
        let parsed = line::parse(line);
        if parsed.requests.is_empty() {
            return self.say(Severity::Info, &help::unknown(&self.table, self.level, &[]), out);
        }
        self.queue.extend(parsed.requests);
        self.payload = parsed.payload_until.map(|until| Payload { until, text: String::new(), complete: false });
    }

    /// There is no whole line.
    fn starve(&mut self, out: &mut Vec<u8>) -> Step {
        if self.input.len() > LINE_LIMIT {
            self.refuse("The line is too long.", out);
            return Step::Close;
        }
        let waits = self.prompt || !self.answered || self.payload.is_some();
        if self.ended || !waits {
            self.over = true;
            return Step::Close;
        }
        Step::Input
    }

    fn run(&mut self, request: &Request, live: &Live, out: &mut Vec<u8>) {
        let Some(row) = self.table.find(&request.words) else {
            let text = help::unknown(&self.table, self.level, &request.words);
            // A program must see that nothing was done.
            return self.say(Severity::Error, &text, out);
        };
        if row.level > self.level {
            return self.say(Severity::Error, "Permission denied", out);
        }
        let arguments = &request.words[row.words.len()..];
        if let Some(builtin) = Builtin::of(row) {
            return self.run_own(builtin, arguments, out);
        }
        let reply = self.call(row, arguments, live);
        match reply {
            Reply::Done => self.close_answer(out),
            Reply::Message(severity, text) => self.say(severity, &text, out),
            Reply::Pages(pages) => self.pages = Some(pages),
            Reply::Descriptor(descriptor, text) => {
                self.descriptor = Some(descriptor);
                self.say(Severity::Info, &text, out);
            }
        }
    }

    fn call(&mut self, row: &Command, arguments: &[String], live: &Live) -> Reply {
        let payload = if self.queue.is_empty() { self.payload.take() } else { None };
        let payload = payload.as_ref().map(|payload| payload.text.as_str());
        (row.run)(&mut Context::new(arguments, payload, self.level, live))
    }

    fn run_own(&mut self, builtin: Builtin, arguments: &[String], out: &mut Vec<u8>) {
        match builtin {
            Builtin::Help => {
                return self.say(Severity::Info, &help::help(&self.table, self.level, arguments), out);
            }
            Builtin::Prompt => self.prompt = !self.prompt,
            Builtin::Quit => {
                self.over = true;
                return;
            }
            Builtin::Lower(level) => self.level = self.level.min(level),
            Builtin::ShowLevel => return self.say(Severity::Info, self.level.word(), out),
            Builtin::Severity => {
                self.prefix = match arguments.first().map(String::as_str) {
                    Some("none") => Prefix::None,
                    Some("number") => Prefix::Number,
                    Some("string") => Prefix::Word,
                    _ => {
                        let text = "one of 'none', 'number', 'string' is a required argument";
                        return self.say(Severity::Error, text, out);
                    }
                }
            }
        }
        self.close_answer(out);
    }

    fn refuse(&mut self, text: &str, out: &mut Vec<u8>) {
        self.queue.clear();
        self.payload = None;
        self.prompt = false;
        self.over = true;
        self.say(Severity::Error, text, out);
    }

    fn say(&mut self, severity: Severity, text: &str, out: &mut Vec<u8>) {
        // Writing into a vector cannot fail.
        let _ = match self.prefix {
            Prefix::None => Ok(()),
            Prefix::Number => write!(out, "[{}]: ", severity as u8),
            Prefix::Word => write!(out, "[{}]: ", severity.word()),
        };
        out.extend_from_slice(text.as_bytes());
        if !text.ends_with('\n') {
            out.push(b'\n');
        }
        self.close_answer(out);
    }

    fn close_answer(&mut self, out: &mut Vec<u8>) {
        self.answered = true;
        out.push(b'\n');
        if self.prompt {
            out.extend_from_slice(b"> ");
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("level", &self.level).field("prompt", &self.prompt).finish_non_exhaustive()
    }
}
