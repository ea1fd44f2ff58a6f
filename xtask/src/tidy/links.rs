//! Links between the documents lead somewhere.

use std::path::{Component, Path, PathBuf};

use super::{Finding, House, SourceFile};

pub fn links(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in house.with_extension("md") {
        let mut fenced = false;
        for (index, line) in file.text.lines().enumerate() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
            }
            for target in targets(line).filter(|_| !fenced) {
                if let Some(what) = broken(house, file, target) {
                    findings.push(Finding::new(&file.path, index + 1, what, "correct the link or remove it"));
                }
            }
        }
    }
    findings
}

/// What stands in `](…)`, without a title.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next()).filter(|target| !target.is_empty())
}

fn broken(house: &House, from: &SourceFile, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None; // other people's pages come and go without us
    }
    let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let to = if path.is_empty() {
        from.path.clone()
    } else {
        plain(&from.path.parent().unwrap_or(Path::new("")).join(path))
    };
    let file = house.files.iter().find(|file| file.path == to);
    let is_folder = house.files.iter().any(|file| file.path.starts_with(&to));
    match (file, anchor) {
        (None, _) if !is_folder => Some(format!("the link to {target} leads nowhere")),
        (Some(file), Some(anchor)) if to.extension().is_some_and(|extension| extension == "md") => {
            let headings = file.text.lines().filter(|line| line.starts_with('#'));
            let found = headings.map(slug).any(|slug| slug == anchor);
            (!found).then(|| format!("{} has no heading for #{anchor}", to.display()))
        }
        _ => None,
    }
}

/// `a/../b` is `b`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

/// The anchor that code forges give a heading: small letters, blanks to hyphens, other signs left out.
fn slug(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().chars();
    let kept = kept.filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_missing_files_and_headings_are_found() {
        let readme = "See [a](docs/a.md), [b](docs/b.md#x), [c](docs/a.md#the-way), [d](docs/a.md#no), [e](docs/)\n\
            ```\n[not](a/link)\n```\n[f](https://example.org/x) [g](#here)\n# Here\n";
        let house = House {
            packages: Vec::new(),
            files: vec![
                SourceFile::of("README.md", readme),
                SourceFile::of("docs/a.md", "# The `way`\n[up](../README.md)\n"),
            ],
        };
        let found: Vec<String> = links(&house).into_iter().map(|finding| finding.what).collect();
        assert_eq!(found, ["the link to docs/b.md#x leads nowhere", "docs/a.md has no heading for #no"]);
    }
}
