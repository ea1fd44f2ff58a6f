//! Every code and every outcome with what there is to say about it: the tables of all crates in one list.

use std::sync::LazyLock;

use plimsoll_outcome::{Explain, Outcome};

/// What `lb explain` knows of one slug.
#[derive(Debug)]
pub struct Explanation {
    /// The slug.
    pub slug: &'static str,
    /// What it says, in one sentence.
    pub text: &'static str,
    /// How it comes about.
    pub cause: &'static str,
    /// What is behind it most often.
    pub likely: &'static [&'static str],
    /// What to do.
    pub change: &'static [&'static str],
    /// The row, if this is an outcome.
    pub outcome: Option<&'static Outcome>,
}

/// Every crate's explanations of its outcomes.
fn explain_tables() -> [&'static [Explain]; 4] {
    [
        plimsoll_proxy_protocol::explain::EXPLAIN,
        plimsoll_http::explain::EXPLAIN,
        plimsoll_upstream::explain::EXPLAIN,
        plimsoll_proxy::explain::EXPLAIN,
    ]
}

/// Codes of the configuration first, then outcomes, each in the order of their names.
#[must_use]
pub fn explanations() -> &'static [Explanation] {
    static ALL: LazyLock<Vec<Explanation>> = LazyLock::new(collect);
    &ALL
}

fn collect() -> Vec<Explanation> {
    let codes = plimsoll_config::code::CODES
        .iter()
        .chain(plimsoll_haproxy_cfg::code::CODES)
        .chain(crate::CODES)
        .chain(crate::code::RULES)
        .map(|row| Explanation {
            slug: row.code,
            text: row.text,
            cause: row.cause,
            likely: row.likely,
            change: row.change,
            outcome: None,
        });
    let outcomes = crate::outcome_tables().into_iter().flatten().filter_map(|outcome| {
        let row = explain_tables().into_iter().flatten().find(|row| row.slug == outcome.slug)?;
        Some(Explanation {
            slug: outcome.slug,
            text: outcome.text,
            cause: row.cause,
            likely: row.likely,
            change: row.change,
            outcome: Some(outcome),
        })
    });
    let mut all: Vec<Explanation> = codes.chain(outcomes).collect();
    all.sort_by_key(|row| (row.outcome.is_some(), row.slug));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_is_explained_and_every_explanation_has_its_outcome() {
        let outcomes: Vec<&str> = crate::outcome_tables().into_iter().flatten().map(|outcome| outcome.slug).collect();
        let explained: Vec<&str> = explain_tables().into_iter().flatten().map(|row| row.slug).collect();
        for slug in &outcomes {
            assert_eq!(explained.iter().filter(|known| known == &slug).count(), 1, "{slug}");
        }
        for slug in explained {
            assert!(outcomes.contains(&slug), "{slug} is no outcome");
        }
    }

    /// Codes are written as texts where findings are made: each that stands in a source has a row, and each row is used.
    #[test]
    fn every_code_of_a_finding_is_explained() {
        let crates = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("crates");
        let mut sources = String::new();
        for folder in ["config/src", "haproxy-cfg/src", "engine/src", "rules/src", "http/src", "proxy/src", "tls/src"] {
            read(&crates.join(folder), &mut sources);
        }
        for family in ["config.", "rule."] {
            let mut codes: Vec<String> = written(&sources, family);
            // Outcomes of rules have slugs of that family too.
            codes.retain(|code| explanations().iter().all(|row| row.slug != code || row.outcome.is_none()));
            codes.sort_unstable();
            codes.dedup();
            let explained = explanations().iter().filter(|row| row.outcome.is_none() && row.slug.starts_with(family));
            let explained: Vec<&str> = explained.map(|row| row.slug).collect();
            assert_eq!(codes, explained);
        }
    }

    /// Codes of a family that stand in quotes.
    fn written(sources: &str, family: &str) -> Vec<String> {
        let begin = format!("\"{family}");
        // What an event is called is no finding.
        let places = sources.match_indices(&begin).filter(|(at, _)| !sources[..*at].ends_with("slug: "));
        let names = places.filter_map(|(at, _)| sources[at + begin.len()..].split_once('"').map(|(name, _)| name));
        let plain =
            |name: &&str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        names.filter(plain).map(|name| format!("{family}{name}")).collect()
    }

    fn read(folder: &std::path::Path, sources: &mut String) {
        for entry in std::fs::read_dir(folder).expect("sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                read(&path, sources);
            } else if !path.ends_with("engine/src/code.rs") && !path.ends_with("engine/src/code/rules.rs") {
                *sources += &std::fs::read_to_string(&path).expect("text");
            }
        }
    }
}
