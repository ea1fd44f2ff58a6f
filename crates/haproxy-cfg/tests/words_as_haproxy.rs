//! Thousands of lines and conditions, cut and judged by us and by one run of the installed HAProxy.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::process::Command;

use plimsoll_config::{Sources, Span};
use plimsoll_haproxy_cfg::{Environment, Program, condition, words};
use plimsoll_testkit::Random;

const VARIABLES: [(&str, &str); 3] = [("NAME", "value"), ("TWO", "one  two"), ("EMPTY", "")];

/// What HAProxy says of each line: the level, and what follows the place. It gives up after 50 errors, or at once: then it is asked about the rest.
fn told(lines: &[String]) -> HashMap<usize, (String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.cfg");
    let (mut told, mut before) = (HashMap::new(), 0);
    while before < lines.len() {
        std::fs::write(&path, lines[before..].join("\n") + "\n").unwrap();
        let output = Command::new("haproxy").args(["-c", "-f"]).arg(&path).envs(VARIABLES).output().unwrap();
        let (text, mut last) = (String::from_utf8_lossy(&output.stderr).into_owned(), 0);
        for line in text.split("\n[") {
            let Some((level, rest)) = line.trim_start_matches('[').split_once(']') else { continue };
            let Some((_, rest)) = rest.split_once("t.cfg:") else { continue };
            let Some((number, rest)) = rest.split_once("]: ") else { continue };
            let Ok(number) = number.parse::<usize>() else { continue };
            if rest.starts_with("too many fatal errors") {
                last = last.max(number - 1);
                continue;
            }
            last = last.max(number);
            told.entry(before + number).or_insert((level.to_owned(), rest.trim_end_matches('\n').to_owned()));
        }
        // Where it ended without a complaint, it has read everything.
        let gave_up = text.contains("Error(s) found");
        before = if gave_up && last > 0 && !text.contains("Fatal errors found") || text.contains("stopping now") {
            before + last
        } else {
            lines.len()
        };
    }
    told
}

fn process(name: &str) -> Option<String> {
    VARIABLES.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
}

/// What HAProxy would say of this line.
fn ours(line: &str) -> Result<String, ()> {
    let mut sources = Sources::new();
    let file = sources.add("t.cfg", line);
    let words = words(line, Span::new(file, 0, line.len() as u32), &Environment::new(&process)).map_err(drop)?;
    let word = |number: usize| words.get(number).map_or("", |word| word.text.as_str());
    Ok(match words.get(2) {
        Some(more) if !more.text.is_empty() => format!(
            "Unexpected argument '{}' for '.notice'. Use quotes if the message should contain spaces.",
            more.text
        ),
        _ => format!("'{}'.", word(1)),
    })
}

#[test]
fn lines_are_cut_into_the_words_that_haproxy_finds() {
    let parts = [
        "a",
        "bc",
        " ",
        "  ",
        "\t",
        "\"",
        "\"",
        "'",
        "\\",
        "\\\\",
        "\\ ",
        "\\#",
        "\\\"",
        "\\'",
        "\\x41",
        "\\x2",
        "\\n",
        "\\q",
        "#",
        "$NAME",
        "${NAME}",
        "${GONE}",
        "${GONE-in stead}",
        "${NAME-other}",
        "${TWO[*]}",
        "${EMPTY[*]}",
        "$",
        "${",
        "}",
        "\\$",
        "$GONE",
        "${NAME-}",
        "-",
        "1",
    ];
    let mut random = Random::new(7);
    let lines: Vec<String> = (0..4000)
        .map(|_| {
            let mut line = String::from(".notice ");
            for _ in 0..random.below(9) {
                line.push_str(random.pick::<&str>(&parts));
            }
            line
        })
        .collect();
    let told = told(&lines);
    let mut wrong = String::new();
    for (number, line) in lines.iter().enumerate() {
        let Some((level, said)) = told.get(&(number + 1)) else { panic!("nothing is said of {line}") };
        let refused = level == "ALERT" && !said.starts_with("Unexpected argument");
        match ours(line) {
            Ok(text) if !refused && text == *said => {}
            Err(()) if refused => {}
            ours => writeln!(wrong, "{line}\n  haproxy: {level} {said}\n  ours: {ours:?}").unwrap(),
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn conditions_hold_where_they_hold_for_haproxy() {
    let parts = [
        "0",
        "1",
        "12",
        "00",
        "!",
        "(",
        ")",
        " && ",
        "||",
        "&&",
        " ",
        "defined(NAME)",
        "defined(GONE)",
        "streq(a,a)",
        "streq(a,b)",
        "strneq(a,b)",
        "streq(\"$NAME\",value)",
        "version_atleast(2.6)",
        "version_atleast(2.6.12)",
        "version_atleast(2.7)",
        "version_before(2.6.13)",
        "version_before(2.4-dev3)",
        "feature(EPOLL)",
        "feature(NONE)",
        "streq(a",
        "bogus",
        "defined()",
        "streq(a,b,c)",
    ];
    let mut random = Random::new(11);
    let conditions: Vec<String> =
        (0..400).map(|_| (0..1 + random.below(5)).map(|_| *random.pick::<&str>(&parts)).collect()).collect();
    let version = {
        let told = Command::new("haproxy").arg("-v").output().unwrap();
        let told = String::from_utf8(told.stdout).unwrap();
        told.split(' ').nth(2).unwrap().to_owned()
    };
    let program = Program { version: version.leak(), features: &["EPOLL"], enabled: &[] };
    let lines: Vec<String> = conditions
        .iter()
        .flat_map(|one| {
            [format!(".if {one}"), ".notice yes".into(), ".else".into(), ".notice no".into(), ".endif".into()]
        })
        .collect();
    let told = told(&lines);
    let mut wrong = String::new();
    for (number, one) in conditions.iter().enumerate() {
        let line = 5 * number + 1;
        let said = |line: usize| told.get(&line).map_or("", |(_, said)| said);
        let environment = Environment::new(&process);
        let mut sources = Sources::new();
        let file = sources.add("t.cfg", one.as_str());
        let read = words(one, Span::new(file, 0, one.len() as u32), &environment).unwrap();
        let asked = read.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        let ours = condition::holds(&asked, &program, &environment);
        let haproxys = match (said(line + 1), said(line + 3)) {
            ("'yes'.", "") => Ok(true),
            ("", "'no'.") => Ok(false),
            _ => Err(()),
        };
        let refused = !said(line).is_empty();
        let same = if refused { ours.is_err() } else { haproxys == ours.clone().map_err(drop) };
        if !same {
            writeln!(wrong, "{one}\n  haproxy: {:?} {haproxys:?}\n  ours: {ours:?}", said(line)).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
