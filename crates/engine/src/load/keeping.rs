//! What the keeper may do, as the configuration says it: the seam between files and [`plimsoll_process::keeper`].

use std::collections::HashSet;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use plimsoll_config::{Node, Span, Value};
use plimsoll_process::{Ids, keeper};

use super::Surroundings;
use super::files::{Recorder, Recording};
use super::read::Reader;

/// The files as the keeper sees them; `None`: there is no keeper, so everybody sees the same.
pub(super) fn kept() -> Option<io::Result<Recording>> {
    let keeper = keeper::current()?;
    let read = |bytes: Vec<u8>| Recording::decode(&bytes).ok_or_else(|| io::Error::other("the keeper sent nonsense"));
    Some(keeper.configuration().and_then(read))
}

/// Is the keeper, over this socket, of the process that serves as `ids`.
pub fn keep(socket: impl AsFd, paths: &[PathBuf], ids: Ids) -> io::Result<()> {
    keeper::serve(socket, &mut Rules { paths, ids, named: HashSet::new() })
}

/// Every text of every configuration that was read. To be named is to stand there as a value, whatever the key is.
struct Rules<'p> {
    paths: &'p [PathBuf],
    ids: Ids,
    named: HashSet<String>,
}

impl keeper::Rules for Rules<'_> {
    fn configuration(&mut self) -> io::Result<Vec<u8>> {
        let recorder = Recorder::default();
        let surroundings = Surroundings { files: &recorder, ..Surroundings::of_process() };
        let mut reader = Reader::new(&surroundings);
        self.paths.iter().for_each(|path| reader.path(path, Span::NONE));
        reader.close();
        for path in recorder.read() {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            for place in [path.as_path(), folder] {
                if changeable(place, self.ids) {
                    let text = format!(
                        "user {} or group {} can change {}: a keeper obeys only what others cannot rewrite; take the right to \
                         write away from them",
                        self.ids.user,
                        self.ids.group,
                        place.display()
                    );
                    return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
                }
            }
        }
        for tree in &reader.trees {
            names(tree, &mut self.named);
        }
        Ok(recorder.encode())
    }

    fn is_log(&self, path: &Path) -> bool {
        path.to_str().is_some_and(|path| self.named.contains(&format!("file:{path}")))
    }

    fn is_socket(&self, path: &Path) -> bool {
        path.to_str().is_some_and(|path| self.named.contains(path) || self.named.contains(&format!("unix@{path}")))
    }

    fn is_host(&self, host: &str) -> bool {
        let prefixes = ["", "ipv4@", "ipv6@"];
        prefixes.iter().any(|prefix| {
            let start = format!("{prefix}{host}:");
            self.named.iter().any(|text| text.starts_with(&start))
        })
    }
}

/// Whether these ids may write it.
fn changeable(path: &Path, ids: Ids) -> bool {
    let Ok(file) = std::fs::metadata(path) else { return false };
    let mode = file.mode();
    // A folder such as /tmp lets nobody touch what is another's.
    let sticky = file.is_dir() && mode & 0o1000 != 0 && file.uid() != ids.user;
    file.uid() == ids.user || !sticky && (mode & 0o002 != 0 || mode & 0o020 != 0 && file.gid() == ids.group)
}

fn names(node: &Node, into: &mut HashSet<String>) {
    match &node.value {
        Value::Map(entries) => entries.iter().for_each(|(_, node)| names(node, into)),
        Value::List(items) => items.iter().for_each(|node| names(node, into)),
        _ => {
            if let Some(text) = node.as_str() {
                into.insert(text.to_owned());
            }
        }
    }
}
