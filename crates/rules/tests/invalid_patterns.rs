//! Runs `invalid_patterns.table`: ACLs, expressions and rules that are wrong, and every finding that must come of them.

mod house;
mod shelf;

use plimsoll_testkit::expectations;
use shelf::Shelf;

#[test]
fn every_case_of_the_table_gives_exactly_its_findings() {
    let shelf = Shelf::of(&[
        ("words", "a\nb\n"),
        ("nets", "# networks\n10.0.0.0/8\n\nnonsense\n"),
        ("ages", "tom 5\n\nann old\n"),
        ("masked", "x 10.0.0.0/8\n"),
        ("regexes", "^a\n(b\n"),
    ]);
    expectations(include_str!("invalid_patterns.table"), 30, |title, text| {
        let mut house = shelf.house();
        let lines = text.lines().map(|line| {
            let (what, line) = line.split_once(' ').unwrap_or_else(|| panic!("{title}: {line}"));
            let told = match what {
                "acl" => house.acl("name", line).err(),
                "expr" => house.expr(line).err(),
                "rule" => house.rule(line).err(),
                _ => panic!("{title}: {what}"),
            };
            told.unwrap_or_default()
        });
        lines.filter(|told| !told.is_empty()).collect()
    });
}
