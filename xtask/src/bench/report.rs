//! What the benchmark says: medians, ratios to haproxy, goals; as text, Markdown and JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::added::Pair;
use super::load::Sample;
use super::pick::{self, Pick};
use super::proxies::Who;
use super::work::{Figure, IDLE_GOAL_KIB, Kind, PICK_GOAL, Row};

/// What came out of one row for one contestant.
pub enum Outcome {
    Load(Vec<Sample>),
    Added(Vec<Pair>),
    /// KiB a connection, one figure a run.
    Idle(Vec<f64>),
    Picks(Vec<Pick>),
    Absent(String),
}

pub struct Done {
    pub row: &'static Row,
    /// Where things ran and how often.
    pub conditions: String,
    pub outcomes: Vec<(Who, Outcome)>,
}

pub fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    match figures.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => figures[n / 2],
        n => f64::midpoint(figures[n / 2 - 1], figures[n / 2]),
    }
}

impl Done {
    fn samples(&self, who: Who) -> Option<&[Sample]> {
        self.outcomes.iter().find_map(|(which, outcome)| match outcome {
            Outcome::Load(samples) if *which == who => Some(&samples[..]),
            _ => None,
        })
    }

    fn figure(&self, who: Who, figure: fn(&Sample) -> f64) -> Option<f64> {
        self.samples(who).map(|samples| median(samples.iter().map(figure)))
    }

    /// The median share of haproxy's figure.
    fn ratio(&self, who: Who, figure: fn(&Sample) -> f64) -> Option<f64> {
        Some(self.figure(who, figure)? / self.figure(Who::Haproxy, figure)?)
    }

    /// The median of what was added.
    fn added(&self, who: Who, figure: fn(&Sample) -> f64) -> Option<f64> {
        self.outcomes.iter().find_map(|(which, outcome)| match outcome {
            Outcome::Added(pairs) if *which == who => Some(median(pairs.iter().map(|pair| pair.added(figure)))),
            _ => None,
        })
    }

    fn added_ratio(&self, who: Who, figure: fn(&Sample) -> f64) -> Option<f64> {
        Some(self.added(who, figure)? / self.added(Who::Haproxy, figure)?)
    }

    /// Each goal of the row, with its verdict.
    pub fn verdicts(&self) -> Vec<String> {
        let verdict = |what: &str, goal: f64, got: Option<f64>| match got {
            Some(got) => format!("{what} ≤ {goal}: {got:.2} {}", if got <= goal { "ok" } else { "MISSED" }),
            None => format!("{what} ≤ {goal}: not measured"),
        };
        let mut verdicts: Vec<String> = self
            .row
            .goals
            .iter()
            .map(|goal| match goal.figure {
                Figure::User => verdict("user lb/haproxy", goal.at_most, self.ratio(Who::Lb, |s| s.user)),
                Figure::Total => verdict("total lb/haproxy", goal.at_most, self.ratio(Who::Lb, |s| s.total)),
                Figure::AddedTotal => {
                    verdict("added total lb/haproxy", goal.at_most, self.added_ratio(Who::Lb, |s| s.total))
                }
                Figure::AddedUserShare => {
                    verdict("added user lb/haproxy", goal.at_most, self.added_ratio(Who::Lb, |s| s.user))
                }
                Figure::AddedUser => verdict("added user µs of lb", goal.at_most, self.added(Who::Lb, |s| s.user)),
            })
            .collect();
        for (who, outcome) in &self.outcomes {
            match outcome {
                Outcome::Idle(slopes) if *who == Who::Lb => {
                    verdicts.push(verdict("KiB a connection", IDLE_GOAL_KIB, Some(median(slopes.iter().copied()))));
                }
                Outcome::Picks(picks) => {
                    let goals = pick::spread(picks).into_iter();
                    verdicts
                        .extend(goals.map(|(name, spread)| {
                            verdict(&format!("{name} slowest/fastest"), PICK_GOAL, Some(spread))
                        }));
                }
                _ => {}
            }
        }
        verdicts
    }

    /// The row as a table: its head, then one line a contestant.
    fn table(&self) -> Vec<Vec<String>> {
        let words = |line: &[&str]| line.iter().map(|&word| word.to_owned()).collect::<Vec<String>>();
        let mut table = vec![match self.row.kind {
            Kind::Load { .. } => words(&[
                "",
                "user µs",
                "total µs",
                "user/haproxy",
                "total/haproxy",
                "requests/s",
                "p50 µs",
                "p99 µs",
                "MiB",
                "errors",
            ]),
            Kind::Added(_) => words(&[
                "",
                "user µs",
                "total µs",
                "added user",
                "added total",
                "added user/haproxy",
                "added total/haproxy",
                "added total, each pair",
                "errors",
            ]),
            Kind::Idle => words(&["", "KiB a connection", "runs"]),
            Kind::Pick => words(&["algorithm", "servers", "ns a pick"]),
        }];
        for (who, outcome) in &self.outcomes {
            match outcome {
                Outcome::Load(samples) => table.push(self.load_line(*who, samples)),
                Outcome::Added(pairs) => table.push(self.added_line(*who, pairs)),
                Outcome::Idle(slopes) => table.push(vec![
                    who.name().to_owned(),
                    format!("{:.2}", median(slopes.iter().copied())),
                    slopes.iter().map(|slope| format!("{slope:.2}")).collect::<Vec<_>>().join(" "),
                ]),
                Outcome::Picks(picks) => table.extend(
                    picks.iter().map(|p| vec![p.algorithm.clone(), p.servers.to_string(), format!("{:.1}", p.ns)]),
                ),
                Outcome::Absent(why) => table.push(vec![who.name().to_owned(), format!("– ({why})")]),
            }
        }
        table
    }

    fn load_line(&self, who: Who, samples: &[Sample]) -> Vec<String> {
        let of = |figure: fn(&Sample) -> f64| median(samples.iter().map(figure));
        let ratio = |figure| self.ratio(who, figure).map_or("–".to_owned(), |ratio| format!("{ratio:.2}"));
        vec![
            who.name().to_owned(),
            format!("{:.2}", of(|s| s.user)),
            format!("{:.2}", of(|s| s.total)),
            ratio(|s| s.user),
            ratio(|s| s.total),
            format!("{:.0}", of(|s| s.rate)),
            format!("{:.0}", of(|s| s.p50)),
            format!("{:.0}", of(|s| s.p99)),
            format!("{:.1}", of(|s| s.memory_kib) / 1024.0),
            samples.iter().map(|s| s.errors).sum::<u64>().to_string(),
        ]
    }

    /// First two: without what is added.
    fn added_line(&self, who: Who, pairs: &[Pair]) -> Vec<String> {
        let without =
            |figure: fn(&Sample) -> f64| format!("{:.2}", median(pairs.iter().map(|pair| figure(&pair.without))));
        let added = |figure| self.added(who, figure).map_or("–".to_owned(), |added| format!("{added:.2}"));
        let share = |figure| self.added_ratio(who, figure).map_or("–".to_owned(), |ratio| format!("{ratio:.2}"));
        let each: Vec<String> = pairs.iter().map(|pair| format!("{:.2}", pair.added(|s| s.total))).collect();
        vec![
            who.name().to_owned(),
            without(|s| s.user),
            without(|s| s.total),
            added(|s| s.user),
            added(|s| s.total),
            share(|s| s.user),
            share(|s| s.total),
            each.join(" "),
            pairs.iter().map(|pair| pair.without.errors + pair.with.errors).sum::<u64>().to_string(),
        ]
    }

    pub fn text(&self) -> String {
        let table = self.table();
        let columns = table.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = table.iter().filter(|line| line.len() == table[0].len());
            cells.filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = format!("\n{}: {} ({})\n", self.row.name, self.row.what, self.conditions);
        for line in &table {
            for (column, cell) in line.iter().enumerate() {
                let _ = if column == 0 {
                    write!(text, "  {cell:<width$}", width = widths[0])
                } else {
                    write!(text, "  {cell:>width$}", width = widths[column])
                };
            }
            text.push('\n');
        }
        for verdict in self.verdicts() {
            let _ = writeln!(text, "  goal: {verdict}");
        }
        text
    }

    pub fn markdown(&self) -> String {
        let table = self.table();
        let mut text = format!("\n## {}\n\n{}; {}.\n\n", self.row.name, self.row.what, self.conditions);
        for (index, line) in table.iter().enumerate() {
            let mut cells = line.clone();
            cells.resize(table[0].len(), String::new());
            let _ = writeln!(text, "| {} |", cells.join(" | "));
            if index == 0 {
                let _ = writeln!(text, "|---|{}", "---:|".repeat(table[0].len() - 1));
            }
        }
        let verdicts = self.verdicts();
        if !verdicts.is_empty() {
            let _ = writeln!(text, "\nGoals: {}.", verdicts.join("; "));
        }
        text
    }

    pub fn json(&self) -> Value {
        let outcomes = self.outcomes.iter().map(|(who, outcome)| {
            let figures = match outcome {
                Outcome::Load(samples) => samples.iter().map(sample).collect(),
                Outcome::Added(pairs) => pairs
                    .iter()
                    .map(|pair| json!({ "without": sample(&pair.without), "with": sample(&pair.with) }))
                    .collect(),
                Outcome::Idle(slopes) => json!(slopes),
                Outcome::Picks(picks) => picks
                    .iter()
                    .map(|p| json!({ "algorithm": p.algorithm, "servers": p.servers, "ns": p.ns }))
                    .collect(),
                Outcome::Absent(why) => json!({ "absent": why }),
            };
            (who.name().to_owned(), figures)
        });
        json!({ "row": self.row.name, "what": self.row.what, "conditions": self.conditions,
            "outcomes": outcomes.collect::<serde_json::Map<_, _>>(), "goals": self.verdicts() })
    }
}

fn sample(s: &Sample) -> Value {
    json!({ "user_us": s.user, "total_us": s.total, "requests_per_s": s.rate, "p50_us": s.p50, "p99_us": s.p99,
        "memory_kib": s.memory_kib, "requests": s.requests, "errors": s.errors })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_count_lies_between_the_middle_two() {
        assert_eq!(median([3.0, 1.0, 2.0]).to_string(), "2");
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]).to_string(), "2.5");
    }
}
