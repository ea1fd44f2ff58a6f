//! Files and directories into trees, with what they include; knows nothing of what is in them but `include`.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use plimsoll_config::{Diagnostic, Diagnostics, FileId, Node, Sources, Span, Value};
use plimsoll_haproxy_cfg::Environment;

use super::files::Ask;
use super::{Language, Surroundings};
use crate::directives::{DIRECTIVE_TABLES, PROGRAM};

/// The most files of one configuration.
const MAX_FILES: usize = 10_000;

/// What has been read so far.
pub(super) struct Reader<'s> {
    pub sources: Sources,
    pub found: Diagnostics,
    pub trees: Vec<Node>,
    /// Files of HAProxy's language: they are read as one when all are there, since defaults hold on from file to file.
    haproxy: Vec<FileId>,
    /// Lines of theirs that say something.
    pub lines: Vec<Span>,
    surroundings: &'s Surroundings<'s>,
    /// Files that are being read, by their real names: one that includes itself comes back to one of them.
    open: Vec<PathBuf>,
    /// Files that were read: a second mention adds nothing.
    seen: std::collections::HashSet<PathBuf>,
}

impl<'s> Reader<'s> {
    pub fn new(surroundings: &'s Surroundings<'s>) -> Self {
        Self {
            sources: Sources::new(),
            found: Diagnostics::new(),
            trees: Vec::new(),
            haproxy: Vec::new(),
            lines: Vec::new(),
            surroundings,
            open: Vec::new(),
            seen: std::collections::HashSet::new(),
        }
    }

    /// Reads what could not be read file by file.
    pub fn close(&mut self) {
        if self.haproxy.is_empty() {
            return;
        }
        let environment = Environment::new(self.surroundings.env);
        let mut reader = plimsoll_haproxy_cfg::Reader::new(&DIRECTIVE_TABLES, &PROGRAM, environment);
        for file in std::mem::take(&mut self.haproxy) {
            reader.file(&self.sources, file, &mut self.found);
        }
        self.lines.extend(reader.lines());
        let tree = reader.finish();
        // An empty file is good, and `haproxy -c` says what it lacks.
        let empty = || Node::new(Value::Map(Vec::new()), Span::NONE);
        let nothing = (self.surroundings.language == Language::Haproxy).then(empty);
        self.trees.extend(tree.or(nothing));
    }

    /// A file, or every `*.yaml`, `*.yml` and `*.cfg` of a directory in the order of their names. `by`: where it is asked for, if a file does.
    pub fn path(&mut self, path: &Path, by: Span) {
        if self.ask(Ask::Folder, path).is_ok_and(|yes| yes.is_empty()) {
            return self.file(path, by);
        }
        let read = |file: &PathBuf| {
            // HAProxy takes nothing else from a folder.
            self.surroundings.language != Language::Haproxy || file.extension().is_some_and(|end| end == "cfg")
        };
        let entries = self.paths(Ask::Entries, path);
        match entries.map(|files| files.into_iter().filter(read).collect::<Vec<_>>()) {
            Err(error) => self.unreadable(path, by, &error),
            Ok(files) if files.is_empty() => {
                let text = format!("{} holds no file that ends in .yaml, .yml or .cfg", path.display());
                self.found.push(Diagnostic::error("config.unreadable", by, text));
            }
            Ok(files) => files.iter().for_each(|file| self.file(file, by)),
        }
    }

    fn file(&mut self, path: &Path, by: Span) {
        let real = match self.paths(Ask::Real, path).map(|mut paths| paths.pop().unwrap_or_default()) {
            Ok(real) => real,
            Err(error) => return self.unreadable(path, by, &error),
        };
        if self.open.contains(&real) {
            let text = format!("{} includes itself, by way of this line", path.display());
            let help = "put the parts into a folder of their own: `include: parts/*.yaml`";
            self.found.push(Diagnostic::error("config.circular", by, text).help(help));
            return;
        }
        if !self.seen.insert(real.clone()) {
            return;
        }
        if self.seen.len() > MAX_FILES {
            self.found.push(Diagnostic::error("config.limit", by, format!("more than {MAX_FILES} files")));
            return;
        }
        match self.ask(Ask::Contents, path).map(|mut texts| texts.pop().unwrap_or_default()) {
            Err(error) => self.unreadable(path, by, &error),
            Ok(bytes) => {
                self.open.push(real);
                self.bytes(&path.display().to_string(), bytes, path.parent());
                self.open.pop();
            }
        }
    }

    fn unreadable(&mut self, path: &Path, by: Span, error: &io::Error) {
        let text = format!("cannot read {}: {error}", path.display());
        self.found.push(Diagnostic::error("config.unreadable", by, text));
    }

    fn bytes(&mut self, name: &str, bytes: Vec<u8>, folder: Option<&Path>) {
        match String::from_utf8(bytes) {
            Ok(text) => self.text(name, &text, folder),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let utf16 = error.as_bytes().starts_with(&[0xff, 0xfe]) || error.as_bytes().starts_with(&[0xfe, 0xff]);
                let file = self.sources.add(name, String::from_utf8_lossy(error.as_bytes()));
                let at = u32::try_from(at).unwrap_or(u32::MAX);
                let span = Span::new(file, at, at.saturating_add(3));
                let told = Diagnostic::error("config.encoding", span, "this is not UTF-8");
                let help = if utf16 { "the file is UTF-16: save it as UTF-8" } else { "save the file as UTF-8" };
                self.found.push(told.help(help));
            }
        }
    }

    /// A text, and what it includes: files relative to `folder`, or nothing at all where there is none.
    pub fn text(&mut self, name: &str, text: &str, folder: Option<&Path>) {
        if self.surroundings.language.is_haproxy(name) {
            if text.len() > plimsoll_config::tree::MAX_BYTES {
                let text = format!("{name} is larger than {} MiB", plimsoll_config::tree::MAX_BYTES >> 20);
                return self.found.push(Diagnostic::error("config.limit", Span::NONE, text));
            }
            return self.haproxy.push(self.sources.add(name, text));
        }
        let env = self.surroundings.env;
        let tree = plimsoll_config::tree::parse(&mut self.sources, name, text, env, &mut self.found);
        let Some(mut tree) = tree else { return };
        let patterns = take_includes(&mut tree);
        self.trees.push(tree);
        for (pattern, span) in patterns {
            match folder {
                Some(folder) => self.include(folder, &pattern, span),
                None => {
                    let text = "only a file can include others";
                    self.found.push(Diagnostic::error("config.unreadable", span, text));
                }
            }
        }
    }

    fn include(&mut self, folder: &Path, pattern: &str, span: Span) {
        if !pattern.contains(['*', '?', '[']) {
            return self.path(&folder.join(pattern), span);
        }
        let folder = glob::Pattern::escape(&folder.display().to_string());
        let whole = Path::new(&folder).join(pattern);
        if let Err(error) = glob::Pattern::new(&whole.display().to_string()) {
            let text = format!("`{pattern}` is not a pattern: {}", error.msg);
            self.found.push(Diagnostic::error("config.bad-value", span, text));
            return;
        }
        // In the order of their names; none is none.
        match self.paths(Ask::Matching, &whole) {
            Ok(paths) => paths.iter().for_each(|path| self.path(path, span)),
            Err(error) => self.unreadable(&whole, span, &error),
        }
    }

    fn ask(&self, ask: Ask, path: &Path) -> io::Result<Vec<Vec<u8>>> {
        self.surroundings.files.ask(ask, path)
    }

    fn paths(&self, ask: Ask, path: &Path) -> io::Result<Vec<PathBuf>> {
        Ok(self.ask(ask, path)?.into_iter().map(|bytes| PathBuf::from(OsString::from_vec(bytes))).collect())
    }
}

/// The patterns under `include`, which leave the tree; what is not text stays, and the typed load says why that is wrong.
fn take_includes(tree: &mut Node) -> Vec<(String, Span)> {
    let text = |node: &Node| Some((node.as_str()?.to_owned(), node.span));
    let patterns: Option<Vec<_>> = match tree.get("include").map(|node| (&node.value, node)) {
        None => return Vec::new(),
        Some((Value::List(items), _)) => items.iter().map(text).collect(),
        Some((_, node)) => text(node).map(|one| vec![one]),
    };
    if patterns.is_some() {
        tree.take("include");
    }
    patterns.unwrap_or_default()
}
