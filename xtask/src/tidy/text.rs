//! What a Rust file must open with, how long it may grow, and which words it may not hold.

use std::path::Path;

use super::{Finding, House, SourceFile};

/// A file that is longer holds more than one idea.
const LONGEST: usize = 600;

/// Words that are not committed, and what to do instead. Spelled in two halves so that this file does not find itself.
const WORDS: &[([&str; 2], &str)] = &[
    (["TO", "DO"], "do it, or open an issue and leave the room without a note"),
    (["todo", "!("], "finish it or leave it out"),
    (["unimplemented", "!("], "finish it or leave it out"),
    (["dbg", "!("], "remove it"),
    (["#[ig", "nore"], "repair the test, or move it to a suite of `cargo xtask long`"),
];

/// serde's attribute, wherever in the list it stands; `Iterator::flatten` is another word.
const FLATTEN: &str = "flatten";

fn finding(file: &SourceFile, line: usize, what: impl Into<String>, remedy: &str) -> Finding {
    Finding::new(&file.path, line, what, remedy)
}

/// Every file says in its first line what it is.
pub fn opening(house: &House) -> Vec<Finding> {
    let silent = house.with_extension("rs").filter(|file| !file.text.starts_with("//! "));
    silent
        .map(|file| finding(file, 1, "does not open with `//!`", "say in one sentence what the file is for"))
        .collect()
}

/// A file holds one idea.
pub fn size(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in house.with_extension("rs") {
        let lines = file.text.lines().count();
        if lines > LONGEST {
            findings.push(finding(
                file,
                LONGEST + 1,
                format!("{lines} lines"),
                "split it by idea; 150 to 300 lines is usual",
            ));
        }
    }
    findings
}

/// Nothing unfinished, nothing banned.
pub fn words(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in house.with_extension("rs") {
        for (index, line) in file.text.lines().enumerate() {
            for (halves, remedy) in WORDS {
                let word = halves.concat();
                if line.contains(&word) {
                    findings.push(finding(file, index + 1, format!("holds `{word}`"), remedy));
                }
            }
            if line.contains("serde(") && line.contains(FLATTEN) {
                let remedy = "nest the struct under its own key: flattening loses path and position";
                findings.push(finding(file, index + 1, "flattens a serde struct", remedy));
            }
        }
    }
    findings
}

/// Tests wait for events, not for time: behind `#[cfg(test)]`, in tests/ and in the crates' own tests folders.
///
/// A poll with a deadline (testkit's `eventually`) is the one place that sleeps, and it lies in no test.
pub fn sleeps(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in house.with_extension("rs") {
        let all = file.path.components().any(|part| part.as_os_str() == "tests")
            || file.path.ends_with(Path::new("tests.rs"));
        let mut in_tests = all;
        for (index, line) in file.text.lines().enumerate() {
            in_tests |= line.trim_start().starts_with("#[cfg(test)]");
            if in_tests && line.contains("sleep(") {
                let remedy = "wait for the event: a barrier, an explicit tick, or testkit's `eventually`";
                findings.push(finding(file, index + 1, "a test sleeps", remedy));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house(path: &str, text: &str) -> House {
        House { packages: Vec::new(), files: vec![SourceFile::of(path, text)] }
    }

    #[test]
    fn each_banned_word_is_found_on_its_line() {
        let text = WORDS.iter().map(|(halves, _)| format!("\n    {}x)]", halves.concat())).collect::<String>();
        let lines: Vec<usize> = words(&house("a.rs", &text)).iter().map(|finding| finding.line).collect();
        assert_eq!(lines, [2, 3, 4, 5, 6]);
        let attribute = ["#[ser", "de(default, fl", "atten)]"].concat();
        assert_eq!(words(&house("a.rs", &attribute)).len(), 1);
    }

    #[test]
    fn a_sleep_is_found_in_tests_only() {
        let nap = ["thread::sle", "ep(second);\n"].concat();
        assert!(sleeps(&house("crates/net/src/accept.rs", &nap)).is_empty());
        assert_eq!(sleeps(&house("tests/wire.rs", &nap)).len(), 1);
        assert_eq!(
            sleeps(&house("crates/net/src/accept.rs", &format!("#[cfg(test)]\nmod tests {{\n{nap}}}"))).len(),
            1
        );
    }

    #[test]
    fn a_file_without_a_first_sentence_and_a_file_without_end_are_found() {
        assert_eq!(opening(&house("a.rs", "// what\n")).len(), 1);
        assert_eq!(size(&house("a.rs", &"\n".repeat(LONGEST + 1))).len(), 1);
        assert!(size(&house("a.rs", &"\n".repeat(LONGEST))).is_empty());
    }
}
