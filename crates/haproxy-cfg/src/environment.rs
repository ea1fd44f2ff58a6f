//! What variables stand for while a file is read: the process's own, what `setenv` and its kin make of them, and the file's place.

use std::collections::HashMap;

/// Asks the process for a variable.
pub type Process<'p> = &'p dyn Fn(&str) -> Option<String>;

/// Variables, as they are at one line of a file.
pub struct Environment<'p> {
    process: Process<'p>,
    /// What the file changed: a value, or that there is none.
    changed: HashMap<String, Option<String>>,
    /// `resetenv`: only these of the process are left.
    kept: Option<Vec<String>>,
    /// `.FILE`, `.LINE`, `.SECTION`
    here: [String; 3],
}

impl std::fmt::Debug for Environment<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment").field("changed", &self.changed).field("here", &self.here).finish_non_exhaustive()
    }
}

impl<'p> Environment<'p> {
    /// That of a process.
    #[must_use]
    pub fn new(process: Process<'p>) -> Self {
        Self { process, changed: HashMap::new(), kept: None, here: Default::default() }
    }

    /// The value of a variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        match name {
            ".FILE" => Some(self.here[0].clone()),
            ".LINE" => Some(self.here[1].clone()),
            ".SECTION" => Some(self.here[2].clone()),
            _ => match self.changed.get(name) {
                Some(value) => value.clone(),
                None if self.kept.as_ref().is_some_and(|kept| !kept.iter().any(|one| one == name)) => None,
                None => (self.process)(name),
            },
        }
    }

    /// From here on it has this value, or none.
    pub fn set(&mut self, name: &str, value: Option<String>) {
        self.changed.insert(name.to_owned(), value);
    }

    /// From here on there are only these.
    pub fn keep_only(&mut self, names: Vec<String>) {
        self.changed.retain(|name, _| names.contains(name));
        self.kept = Some(names);
    }

    /// Where reading has come to.
    pub fn at(&mut self, file: &str, line: usize, section: &str) {
        for (slot, value) in self.here.iter_mut().zip([file, &line.to_string(), section]) {
            value.clone_into(slot);
        }
    }

    /// What stands in an address, where variables hold without quotes.
    #[must_use]
    pub fn expand(&self, text: &str) -> Option<String> {
        if !text.contains('$') {
            return None;
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            let (name, instead, behind) = match rest.strip_prefix('{') {
                Some(inside) => {
                    let Some(end) = inside.find('}') else {
                        out.push('$');
                        continue;
                    };
                    let (name, instead) = inside[..end].split_once('-').unwrap_or((&inside[..end], ""));
                    (name, instead, &inside[end + 1..])
                }
                None => {
                    let length = rest.bytes().take_while(|byte| word(*byte)).count();
                    (&rest[..length], "", &rest[length..])
                }
            };
            out.push_str(&self.get(name).unwrap_or_else(|| instead.to_owned()));
            rest = behind;
        }
        out.push_str(rest);
        Some(out)
    }
}
