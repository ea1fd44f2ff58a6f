//! Runs `findings.table`: a file, and every word that is said about it, as it is shown. What each case needs beyond types is
//! known here only; the forms of findings are tested in `config`.
//!
//! A case is a title after `===`, the text of the file, `---->`, what is shown, and `: runs` or `: does not run`.

use plimsoll_engine::load_text;
use plimsoll_testkit::expectations;

#[test]
fn every_case_of_the_table_is_told_as_written() {
    expectations(include_str!("findings.table"), 10, |title, text| {
        let (plan, findings) = load_text("lb.yaml", text);
        assert_eq!(plan.is_none(), findings.errors() > 0, "{title}: a plan exactly when there is no error");
        assert_eq!(findings.is_empty(), findings.render(false).is_empty(), "{title}");
        let runs = if plan.is_some() { ": runs" } else { ": does not run" };
        vec![format!("{}{runs}", findings.render(false))]
    });
}
