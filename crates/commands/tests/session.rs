//! A whole conversation, as a client of the socket sees it.

use std::sync::Arc;

use plimsoll_commands::{Command, Context, LINE_LIMIT, Level, Live, Progress, Reply, Session, Step, Table, escape};
use proptest::prelude::*;

fn echo(context: &mut Context<'_>) -> Reply {
    let words: Vec<_> = context.args().map(|word| format!("<{word}>")).collect();
    let payload = context.payload().map(|payload| format!("+{payload:?}")).unwrap_or_default();
    Reply::info(format!("{}{payload}", words.join("")))
}

fn fail(_: &mut Context<'_>) -> Reply {
    Reply::error("No such thing.")
}

fn done(_: &mut Context<'_>) -> Reply {
    Reply::Done
}

fn long(_: &mut Context<'_>) -> Reply {
    let mut page = 0;
    Reply::Pages(Box::new(move |out| {
        page += 1;
        out.extend_from_slice(format!("page {page}\n").as_bytes());
        if page == 3 { Progress::Done } else { Progress::More }
    }))
}

fn state(context: &mut Context<'_>) -> Reply {
    Reply::info(context.get::<u32>().map_or_else(String::new, u32::to_string))
}

const fn row(words: &'static [&'static str], level: Level, run: fn(&mut Context<'_>) -> Reply) -> Command {
    Command { words, level, usage: "[<x>]*", doc: "for a test", run }
}

const COMMANDS: &[Command] = &[
    row(&["echo"], Level::User, echo),
    row(&["fail"], Level::User, fail),
    row(&["set", "it"], Level::Admin, done),
    row(&["show", "long"], Level::User, long),
    row(&["show", "state"], Level::Operator, state),
];

fn session(level: Level) -> Session {
    Session::new(Arc::new(Table::new(&[COMMANDS])), level)
}

/// Everything that is answered, and how it stands at the end.
fn drive(session: &mut Session, chunks: &[&[u8]], end: bool) -> (String, Step) {
    let live = Live::default().with(42_u32);
    let mut out = Vec::new();
    let mut chunks = chunks.iter();
    loop {
        match session.step(&live, &mut out) {
            Step::Output => {}
            Step::Close => return (String::from_utf8(out).unwrap(), Step::Close),
            Step::Input => match chunks.next() {
                Some(chunk) => session.feed(chunk),
                None if end => session.end(),
                None => return (String::from_utf8(out).unwrap(), Step::Input),
            },
        }
    }
}

fn say(text: &str) -> String {
    drive(&mut session(Level::Admin), &[text.as_bytes()], true).0
}

#[test]
fn an_answer_ends_with_an_empty_line_and_the_session_with_it() {
    let answer = drive(&mut session(Level::User), &[b"echo a b\n"], false);
    assert_eq!(answer, ("<a><b>\n\n".into(), Step::Close));
}

#[test]
fn a_list_is_answered_one_by_one() {
    assert_eq!(say("echo a; fail; set it; echo b\n"), "<a>\n\nNo such thing.\n\n\n<b>\n\n");
}

#[test]
fn lines_that_are_there_are_all_answered() {
    assert_eq!(say("echo a\necho b\n"), "<a>\n\n<b>\n\n");
}

#[test]
fn a_line_without_its_newline_is_not_run() {
    assert_eq!(say("echo a\nset it"), "<a>\n\n");
}

#[test]
fn a_dump_comes_page_by_page() {
    let live = Live::default();
    let mut session = session(Level::User);
    session.feed(b"show long\n");
    let mut pages = Vec::new();
    loop {
        let mut out = Vec::new();
        match session.step(&live, &mut out) {
            Step::Output if out.is_empty() => {}
            Step::Output => pages.push(String::from_utf8(out).unwrap()),
            _ => break,
        }
    }
    assert_eq!(pages, ["page 1\n", "page 2\n", "page 3\n\n"]);
}

#[test]
fn a_level_may_do_what_lower_ones_may_and_no_more() {
    let as_user = |text: &str| drive(&mut session(Level::User), &[text.as_bytes()], true).0;
    assert_eq!(as_user("set it; show state; echo\n"), "Permission denied\n\nPermission denied\n\n\n\n");
    assert_eq!(say("show state; operator; show cli level; set it\n"), "42\n\n\noperator\n\nPermission denied\n\n");
    assert_eq!(say("user; operator; show cli level\n"), "\n\nuser\n\n");
}

#[test]
fn a_prompt_keeps_the_session_open() {
    let mut session = session(Level::User);
    let answer = drive(&mut session, &[b"prompt\n", b"echo a\n", b"fail; echo b\n"], false);
    assert_eq!(answer, ("\n> <a>\n\n> No such thing.\n\n> <b>\n\n> ".into(), Step::Input));
    assert!(session.is_interactive());
    assert_eq!(drive(&mut session, &[b"quit\n"], false), (String::new(), Step::Close));
}

#[test]
fn a_payload_belongs_to_the_last_request() {
    assert_eq!(say("echo a; echo b <<\nx y;z\n\necho c\n"), "<a>\n\n<b>+\"x y;z\\n\"\n\n<c>\n\n");
    assert_eq!(say("echo b <<EOF\nx\n\ny\nEOF\n"), "<b>+\"x\\n\\ny\\n\"\n\n");
}

#[test]
fn a_payload_that_is_cut_runs_nothing() {
    assert_eq!(say("echo a <<\nx\n"), "");
}

#[test]
fn an_unknown_command_shows_those_that_begin_alike() {
    let answer = say("show nothing\n");
    assert!(answer.starts_with("Unknown command, but maybe"), "{answer}");
    assert!(answer.contains("\n  show long [<x>]*                      : for a test\n"), "{answer}");
    assert!(!answer.contains("set it") && answer.contains("\n  quit "), "{answer}");
    assert!(say("\n").starts_with("Unknown command. Please enter"));
}

#[test]
fn help_lists_what_the_level_may_and_the_words_begin() {
    let answer = say("help\n");
    assert!(answer.contains("  set it") && answer.contains("  echo"), "{answer}");
    let answer = drive(&mut session(Level::User), &[b"help s\n"], true).0;
    assert!(answer.contains("  show long") && !answer.contains("  echo"), "{answer}");
    assert!(!answer.contains("  set it") && !answer.contains("  show state"), "{answer}");
}

#[test]
fn severities_mark_messages_and_not_dumps() {
    let answer = say("set severity-output number; fail; echo a; set it; show long\n");
    assert_eq!(answer, "\n[3]: No such thing.\n\n[6]: <a>\n\n\npage 1\npage 2\npage 3\n\n");
    assert_eq!(say("set severity-output string; fail\n"), "\n[err]: No such thing.\n\n");
    assert!(say("set severity-output loud\n").starts_with("one of"));
}

#[test]
fn a_line_that_never_ends_is_cut() {
    let long = vec![b'a'; LINE_LIMIT + 1];
    let answer = drive(&mut session(Level::User), &[&long], false);
    assert_eq!(answer, ("The line is too long.\n\n".into(), Step::Close));
}

proptest! {
    #[test]
    fn escaped_words_come_back_as_they_were(words in prop::collection::vec("[^\r\n\0]{1,12}", 1..6)) {
        let line: Vec<_> = words.iter().map(|word| escape(word)).collect();
        let expected: String = words.iter().map(|word| format!("<{word}>")).collect();
        // A leading command keeps a word such as `<<` from meaning something; an `end` does so at the other side.
        prop_assert_eq!(say(&format!("echo {} end\n", line.join(" "))), format!("{expected}<end>\n\n"));
    }

    #[test]
    fn the_answer_does_not_depend_on_how_the_bytes_arrive(text in "(echo|fail|show long|;| |\\\\|\n|<<|é|x){0,30}", step in 1_usize..9) {
        // Without a prompt a session is over when it has answered what it had, and that does depend on it.
        let text = format!("prompt\n{text}");
        let whole = drive(&mut session(Level::Admin), &[text.as_bytes()], true);
        let chunks: Vec<_> = text.as_bytes().chunks(step).collect();
        let stepped = drive(&mut session(Level::Admin), &chunks, true);
        prop_assert_eq!(whole, stepped);
    }
}
