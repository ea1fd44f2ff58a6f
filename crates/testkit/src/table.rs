//! Tables of expectations: what goes in, and every line that must come out, written by hand.

/// Runs each case of a table: `=== title`, what goes in, `---->`, and the lines that `run` must give for title and input.
#[track_caller]
pub fn expectations(table: &str, at_least: usize, mut run: impl FnMut(&str, &str) -> Vec<String>) {
    let mut failures = String::new();
    let mut cases = 0;
    for case in table.split("\n=== ").skip(1) {
        let (title, rest) = case.split_once('\n').expect("a title line");
        let (input, expected) = rest.split_once("---->\n").unwrap_or_else(|| panic!("no arrow in `{title}`"));
        let got = run(title, input).join("\n");
        if got.trim() != expected.trim() {
            failures += &format!("\n=== {title}\n{input}---->\n{got}\n");
        }
        cases += 1;
    }
    assert!(failures.is_empty(), "these cases give something else:\n{failures}");
    assert!(cases >= at_least, "only {cases} cases");
}
