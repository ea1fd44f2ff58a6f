//! "Did you mean": the nearest of some words; knows letters, not meanings.

/// The candidate nearest to `word`, if one is near enough to have been meant: a third of its letters may differ, and case and the
/// choice between `-` and `_` count for nothing.
///
/// ```
/// assert_eq!(plimsoll_config::suggest("blance", ["balance", "backup"]), Some("balance"));
/// assert_eq!(plimsoll_config::suggest("colour", ["balance", "backup"]), None);
/// ```
pub fn suggest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let word = fold(word);
    // Nobody mistypes a novel; the cap keeps the quadratic comparison harmless.
    if word.len() > 64 {
        return None;
    }
    let allowed = (word.len() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= 128)
        .map(|candidate| (distance(&word, &fold(candidate)), candidate))
        .filter(|(distance, _)| *distance <= allowed && *distance < word.len().max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn fold(word: &str) -> Vec<char> {
    word.chars().flat_map(char::to_lowercase).map(|c| if c == '_' { '-' } else { c }).collect()
}

/// Edits between two words: insert, delete, replace, and swap of two neighbours, one each (optimal string alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before = vec![0; b.len() + 1];
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replace = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replace.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_offered() {
        let words = ["max-conn", "maxconn", "balance", "timeouts", "fall"];
        assert_eq!(suggest("timeout", words), Some("timeouts"));
        assert_eq!(suggest("blaance", words), Some("balance"));
        assert_eq!(suggest("max_conn", words), Some("max-conn"), "an underscore is a dash");
        assert_eq!(suggest("MAXCONN", words), Some("maxconn"));
        assert_eq!(suggest("flal", words), Some("fall"), "two neighbours swapped are one edit");
    }

    #[test]
    fn what_is_far_from_everything_gets_no_suggestion() {
        assert_eq!(suggest("x", ["y", "z"]), None);
        assert_eq!(suggest("", ["a"]), None);
        assert_eq!(suggest("retries", ["balance"]), None);
        assert_eq!(suggest(&"a".repeat(1000), ["aaaa"]), None);
    }
}
