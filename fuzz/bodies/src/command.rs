//! The runtime command language: the same answers however the bytes arrive, and words that come back as they were.

use std::sync::Arc;

use plimsoll_commands::{Command, Context, Level, Live, Reply, Session, Step, Table, escape, parse};

use crate::split;

fn echo(context: &mut Context<'_>) -> Reply {
    let words: Vec<_> = context.args().map(escape).collect();
    Reply::info(format!("{}{:?}", words.join(" "), context.payload()))
}

const COMMANDS: &[Command] = &[
    Command { words: &["e"], level: Level::User, usage: "", doc: "", run: echo },
    Command { words: &["e", "x"], level: Level::Operator, usage: "", doc: "", run: echo },
];

/// First byte: level and size of the steps. The rest is what a client sends.
pub fn command_line(data: &[u8]) {
    let Some((first, input)) = split(data) else { return };
    for line in input.split(|&byte| byte == b'\n') {
        again(line);
    }
    let level = if first & 1 == 0 { Level::User } else { Level::Operator };
    let answered = |step: usize| {
        let mut session = Session::new(Arc::new(Table::new(&[COMMANDS])), level);
        // Without a prompt a session is over when it has answered what it had, and that does depend on it.
        drive(&mut session, b"prompt\n".chunks(step).chain(input.chunks(step)))
    };
    // A second `prompt` of the input ends the first.
    if !input.windows(6).any(|window| window == b"prompt") {
        assert_eq!(answered(input.len().max(1)), answered(usize::from(first >> 1).max(1)));
    }
}

/// What was read is written and read again.
fn again(line: &[u8]) {
    let parsed = parse(line);
    for request in &parsed.requests {
        assert!(!request.words.is_empty() && request.words.iter().all(|word| !word.is_empty()));
        // The last word keeps one that looks like a payload from being taken for its announcement.
        let written: Vec<_> = request.words.iter().map(|word| escape(word)).chain(["end".into()]).collect();
        let read = parse(written.join(" ").as_bytes());
        assert_eq!(read.payload_until, None);
        assert_eq!(&read.requests[0].words[..request.words.len()], request.words, "{}", line.escape_ascii());
    }
}

fn drive<'a>(session: &mut Session, mut chunks: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let live = Live::default();
    let mut out = Vec::new();
    loop {
        match session.step(&live, &mut out) {
            Step::Output => {}
            Step::Close => return out,
            Step::Input => match chunks.next() {
                Some(chunk) => session.feed(chunk),
                None => session.end(),
            },
        }
    }
}
