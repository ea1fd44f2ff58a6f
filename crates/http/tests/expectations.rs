//! Runs `expectations.table`: rules over heads that are wrong, and what must be said of each, with its place.

#[path = "../../rules/tests/house/mod.rs"]
mod house;

use house::House;
use plimsoll_http::PARTS;
use plimsoll_rules::Place;

#[test]
fn every_wrong_rule_is_told_at_its_place() {
    plimsoll_testkit::expectations(include_str!("expectations.table"), 28, |title, text| {
        let place = if title.starts_with("response") { Place::HttpResponse } else { Place::HttpRequest };
        match House::new(PARTS, place).rule(text.trim_end()) {
            Ok(_) => vec![String::from("nothing is wrong")],
            Err(told) => told.lines().map(str::to_owned).collect(),
        }
    });
}
