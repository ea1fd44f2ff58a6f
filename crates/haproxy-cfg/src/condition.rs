//! What stands behind `.if` and `-cc`: predicates, `!`, `&&`, `||` and parentheses.

use std::cmp::Ordering;

use crate::environment::Environment;

/// What conditions may ask about the program.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// The language level that versions are compared with: `3.5`.
    pub version: &'static str,
    /// What `feature(…)` finds.
    pub features: &'static [&'static str],
    /// What `enabled(…)` finds: `POLL`, `EPOLL` …
    pub enabled: &'static [&'static str],
}

/// What is wrong with a condition, and where in its text that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The first byte that is not understood.
    pub at: usize,
    /// What is wrong.
    pub what: String,
}

/// How deep conditions may nest.
const MAX_DEPTH: usize = 64;

/// Whether a condition holds. An empty one does not.
pub fn holds(text: &str, program: &Program, environment: &Environment<'_>) -> Result<bool, Unreadable> {
    let mut reader = Reader { text, at: 0, program, environment, depth: 0 };
    reader.blanks();
    if reader.rest().is_empty() {
        return Ok(false);
    }
    let value = reader.any()?;
    reader.blanks();
    if reader.rest().is_empty() { Ok(value) } else { Err(reader.wrong("nothing may follow here")) }
}

struct Reader<'r> {
    text: &'r str,
    at: usize,
    program: &'r Program,
    environment: &'r Environment<'r>,
    depth: usize,
}

/// A question with its arguments.
struct Predicate {
    name: &'static str,
    arguments: usize,
    ask: fn(&Program, &Environment<'_>, &[String]) -> bool,
}

const PREDICATES: &[Predicate] = &[
    Predicate { name: "defined", arguments: 1, ask: |_, environment, words| environment.get(&words[0]).is_some() },
    Predicate { name: "feature", arguments: 1, ask: |program, _, words| program.features.contains(&words[0].as_str()) },
    Predicate { name: "streq", arguments: 2, ask: |_, _, words| words[0] == words[1] },
    Predicate { name: "strneq", arguments: 2, ask: |_, _, words| words[0] != words[1] },
    Predicate { name: "strstr", arguments: 2, ask: |_, _, words| words[0].contains(&words[1]) },
    Predicate {
        name: "version_atleast",
        arguments: 1,
        ask: |program, _, words| compared(program.version, &words[0]) != Ordering::Less,
    },
    Predicate {
        name: "version_before",
        arguments: 1,
        ask: |program, _, words| compared(program.version, &words[0]) == Ordering::Less,
    },
    Predicate { name: "enabled", arguments: 1, ask: |program, _, words| program.enabled.contains(&words[0].as_str()) },
];

impl<'r> Reader<'r> {
    fn rest(&self) -> &'r str {
        &self.text[self.at..]
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn take(&mut self, what: &str) -> bool {
        self.blanks();
        let found = self.rest().starts_with(what);
        self.at += if found { what.len() } else { 0 };
        found
    }

    fn wrong(&self, what: impl Into<String>) -> Unreadable {
        Unreadable { at: self.at, what: what.into() }
    }

    fn any(&mut self) -> Result<bool, Unreadable> {
        let mut value = self.all()?;
        while self.take("||") {
            value |= self.all()?;
        }
        Ok(value)
    }

    fn all(&mut self) -> Result<bool, Unreadable> {
        let mut value = self.one()?;
        while self.take("&&") {
            value &= self.one()?;
        }
        Ok(value)
    }

    fn one(&mut self) -> Result<bool, Unreadable> {
        if self.depth == MAX_DEPTH {
            return Err(self.wrong(format!("more than {MAX_DEPTH} levels")));
        }
        self.depth += 1;
        let value = self.term();
        self.depth -= 1;
        value
    }

    fn term(&mut self) -> Result<bool, Unreadable> {
        if self.take("!") {
            return Ok(!self.one()?);
        }
        if self.take("(") {
            let value = self.any()?;
            return if self.take(")") { Ok(value) } else { Err(self.wrong("a `)` is missing here")) };
        }
        self.blanks();
        let start = self.at;
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            let value = self.rest()[..digits].bytes().any(|digit| digit != b'0');
            self.at += digits;
            return Ok(value);
        }
        let length = self.rest().bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let name = &self.rest()[..length];
        let Some(predicate) = PREDICATES.iter().find(|predicate| predicate.name == name) else {
            let names: Vec<_> = PREDICATES.iter().map(|predicate| predicate.name).collect();
            let what = if name.is_empty() {
                String::from("a number, a predicate, `!` or `(` is missing here")
            } else {
                format!("there is no predicate `{name}`: one of {}", names.join(", "))
            };
            return Err(self.wrong(what));
        };
        self.at += length;
        let arguments = self.arguments()?;
        if arguments.len() != predicate.arguments {
            let (wants, has) = (predicate.arguments, arguments.len());
            return Err(Unreadable { at: start, what: format!("`{name}` takes {wants} in parentheses, not {has}") });
        }
        Ok((predicate.ask)(self.program, self.environment, &arguments))
    }

    /// `(a,"b c",'d')`
    fn arguments(&mut self) -> Result<Vec<String>, Unreadable> {
        if !self.rest().starts_with('(') {
            return Ok(Vec::new());
        }
        self.at += 1;
        let (mut all, mut one, mut quote) = (Vec::new(), String::new(), None);
        while let Some(next) = self.rest().chars().next() {
            self.at += next.len_utf8();
            match (next, quote) {
                (')', None) => {
                    all.push(one);
                    return Ok(all);
                }
                (',', None) => all.push(std::mem::take(&mut one)),
                ('"' | '\'', None) => quote = Some(next),
                (_, Some(open)) if next == open => quote = None,
                ('\\', None | Some('"')) => match self.rest().chars().next() {
                    Some(escaped @ (' ' | ',' | ')' | '(' | '\\' | '"' | '\'')) => {
                        self.at += 1;
                        one.push(escaped);
                    }
                    _ => one.push('\\'),
                },
                // Blanks around arguments are no part of them.
                (' ', None) if one.is_empty() => {}
                _ => one.push(next),
            }
        }
        Err(self.wrong("a `)` is missing here"))
    }
}

/// Versions as HAProxy compares them: three numbers, before them `dev` and behind them what was committed since.
fn compared(ours: &str, other: &str) -> Ordering {
    parts(ours).cmp(&parts(other))
}

/// `2.4-dev19-3`: 2, 4, 0, a development version or not, 19, 3.
fn parts(version: &str) -> [u64; 5] {
    let mut parts = [0; 5];
    let (numbers, behind) = version.split_once('-').unwrap_or((version, ""));
    for (part, number) in parts.iter_mut().zip(numbers.split('.').take(3)) {
        *part = number.parse().unwrap_or(0);
    }
    let development = behind.strip_prefix("dev");
    let rest = development.unwrap_or(behind);
    // A release comes after all of its development versions.
    parts[3] = match development {
        Some(rest) => rest.split('-').next().and_then(|number| number.parse().ok()).unwrap_or(0),
        None => u64::MAX,
    };
    let since = if development.is_some() { rest.split('-').nth(1) } else { rest.split('-').next() };
    parts[4] = since.and_then(|number| number.parse().ok()).unwrap_or(0);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRAM: Program = Program { version: "3.5", features: &["EPOLL"], enabled: &[] };

    fn asked(text: &str) -> Result<bool, Unreadable> {
        let process = |name: &str| (name == "HOME").then(|| String::from("/root"));
        holds(text, &PROGRAM, &Environment::new(&process))
    }

    #[test]
    fn predicates_and_operators_hold_as_the_manual_says() {
        for (text, expected) in [
            ("", false),
            ("  ", false),
            ("0", false),
            ("00", false),
            ("17", true),
            ("!0", true),
            ("!!1", true),
            ("defined(HOME)", true),
            ("defined(AWAY)", false),
            ("streq(a,a)", true),
            ("streq(\"a b\",'a b')", true),
            ("strneq(a,a)", false),
            ("strstr(plimsoll,im)", true),
            ("feature(EPOLL)", true),
            ("feature(OPENSSL)", false),
            ("version_atleast(3.4.9)", true),
            ("version_atleast(3.5-dev2)", true),
            ("version_atleast(3.5)", true),
            ("version_atleast(3.6)", false),
            ("version_before(3.5)", false),
            ("version_before(3.5.1)", true),
            ("0 && 0 || 1", true),
            ("1 || 0 && 0", true),
            ("(1 || 0) && 0", false),
            ("!(streq(a,b) || 0) && defined(HOME)", true),
        ] {
            assert_eq!(asked(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_shown_at_its_place() {
        for (text, at, what) in [
            ("bogus", 0, "there is no predicate `bogus`"),
            ("1 &&", 4, "a number, a predicate"),
            ("1 1", 2, "nothing may follow"),
            ("streq(a,b", 9, "a `)` is missing"),
            ("(1", 2, "a `)` is missing"),
            ("streq(a)", 0, "`streq` takes 2"),
            ("defined", 0, "`defined` takes 1"),
        ] {
            let wrong = asked(text).unwrap_err();
            assert!(wrong.at == at && wrong.what.starts_with(what), "{text}: {wrong:?}");
        }
        assert!(asked(&"(".repeat(100_000)).is_err());
        assert!(asked(&"!".repeat(100_000)).is_err());
    }
}
