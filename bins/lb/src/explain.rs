//! `lb explain`: what a code or an outcome means, where it comes from, what to change.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

use plimsoll_engine::{Explanation, explanations};
use plimsoll_outcome::{Outcome, Phase, Retry, Side};

/// The verb.
pub fn explain(words: &[String]) -> ExitCode {
    let (kind, slug) = match words {
        [] => {
            let _ = io::stdout().write_all(list().as_bytes());
            return ExitCode::SUCCESS;
        }
        [slug] => (None, slug),
        [kind, slug, ..] => (Some(kind.as_str()), slug),
    };
    // As it stands in a message, brackets and all.
    let slug = slug.trim_matches(['[', ']', '`', '"']);
    let code = explanations().iter().find(|row| kind.is_none() && row.slug == slug);
    match code.map(text).or_else(|| crate::reference::words::explained(kind, slug)) {
        Some(text) => {
            let _ = io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        None => {
            eprint!("{}", unknown(slug));
            ExitCode::FAILURE
        }
    }
}

/// The sentence for a code.
pub fn sentence(slug: &str) -> Option<&'static str> {
    explanations().iter().find(|row| row.slug == slug).map(|row| row.text)
}

fn unknown(slug: &str) -> String {
    let all = explanations();
    let known = all.iter().map(|row| row.slug).chain(crate::reference::words::names());
    let near = plimsoll_engine::suggest(slug, known);
    let inside: Vec<&str> = all.iter().map(|row| row.slug).filter(|known| known.contains(slug)).collect();
    let hint = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None if !slug.is_empty() && !inside.is_empty() => format!("there are {}", inside.join(", ")),
        None => "`lb explain` lists all".to_owned(),
    };
    format!("lb: there is no code `{slug}`: {hint}\n")
}

fn list() -> String {
    let all = explanations();
    let widest = all.iter().map(|row| row.slug.len()).max().unwrap_or_default();
    let line = |row: &Explanation| format!("{:widest$}  {}\n", row.slug, row.text);
    all.iter().map(line).collect()
}

fn text(row: &Explanation) -> String {
    let mut text = format!("{}\n\n{}\n\n", row.slug, wrapped(row.text, "", ""));
    if let Some(outcome) = row.outcome {
        let _ = writeln!(text, "{}\n", wrapped(&summary(outcome), "", ""));
    }
    let _ = writeln!(text, "{}", wrapped(row.cause, "", ""));
    for (title, items) in [("Likely", row.likely), ("What to change", row.change)] {
        if !items.is_empty() {
            let _ = writeln!(text, "\n{title}:");
            for item in items {
                let _ = writeln!(text, "{}", wrapped(item, "  - ", "    "));
            }
        }
    }
    text
}

/// The columns of its row, in words.
pub fn summary(outcome: &Outcome) -> String {
    let side = match outcome.side {
        Side::Client => "the client",
        Side::Server => "the server",
        Side::Proxy => "the load balancer itself",
    };
    let phase = match outcome.phase {
        Phase::Request => "before the request was complete",
        Phase::Queue => "while a server was looked for",
        Phase::Connect => "while a connection to the server was made",
        Phase::Header => "before the head of the response was complete",
        Phase::Data => "while bytes were forwarded",
        Phase::Done => "after the last byte",
    };
    let retry = match outcome.retry {
        Retry::Never => "It is never tried again.",
        Retry::Safe => "It is tried again, as `retries` allows.",
        Retry::IfIdempotent => "It is tried again if the request may be repeated, as `retries` allows.",
    };
    let answer = match outcome.status {
        0 => "no answer".to_owned(),
        status => format!("answer {status}"),
    };
    let state = String::from_utf8_lossy(&outcome.state);
    format!("Ended by {side}, {phase}; {answer}; `{state}` in the log. {retry}")
}

/// Lines of at most 80 characters, where words allow.
fn wrapped(text: &str, first: &str, next: &str) -> String {
    let mut lines = first.to_owned();
    let mut width = first.len();
    for (number, word) in text.split_whitespace().enumerate() {
        if number > 0 && width + 1 + word.chars().count() > 80 {
            lines += "\n";
            lines += next;
            width = next.len();
        } else if number > 0 {
            lines.push(' ');
            width += 1;
        }
        lines += word;
        width += word.chars().count();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_listed_and_has_its_page() {
        for row in explanations() {
            assert!(list().contains(row.slug));
            let page = text(row);
            assert!(page.contains("What to change:"), "{page}");
            assert!(page.lines().all(|line| line.chars().count() <= 90), "{page}");
        }
    }

    #[test]
    fn what_is_misspelt_gets_the_nearest_code() {
        assert!(unknown("config.unknwon-key").contains("did you mean `config.unknown-key`?"));
        assert!(unknown("timeout").contains("config.missing-timeout"));
        assert!(unknown("xyzzy").contains("`lb explain` lists all"));
    }
}
