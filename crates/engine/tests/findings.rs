//! Runs `findings.table`: a file, and every word that is said about it, as it is shown. What each case needs beyond types is
//! known here only; the forms of findings are tested in `config`.
//!
//! A case is a title after `===`, the text of the file, `---->`, what is shown, and `: runs` or `: does not run`.

use plimsoll_engine::load_text;

#[test]
fn every_case_of_the_table_is_told_as_written() {
    let table = include_str!("findings.table");
    let mut failures = String::new();
    let mut cases = 0;
    for case in table.split("\n=== ").skip(1) {
        let (title, rest) = case.split_once('\n').expect("a title line");
        let (text, expected) = rest.split_once("---->\n").unwrap_or_else(|| panic!("no arrow in `{title}`"));
        let (plan, findings) = load_text("lb.yaml", text);
        assert_eq!(plan.is_none(), findings.errors() > 0, "{title}: a plan exactly when there is no error");
        assert_eq!(findings.is_empty(), findings.render(false).is_empty(), "{title}");
        let runs = if plan.is_some() { ": runs" } else { ": does not run" };
        let got = format!("{}{runs}", findings.render(false));
        if got.trim() != expected.trim() {
            failures += &format!("\n=== {title}\n{text}---->\n{got}\n");
        }
        cases += 1;
    }
    assert!(failures.is_empty(), "these cases give something else:\n{failures}");
    assert!(cases >= 10, "only {cases} cases");
}
