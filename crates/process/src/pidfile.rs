//! `pidfile`: our number, for those who send signals.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// An open file that will hold the number. It is opened while we have the rights to, and written when we serve.
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
    file: File,
}

impl PidFile {
    /// Opens it; what it holds stays until [`PidFile::write`].
    pub fn open(path: &Path) -> io::Result<Self> {
        let file =
            OpenOptions::new().write(true).create(true).truncate(false).mode(0o644).open(path).map_err(|error| {
                io::Error::new(error.kind(), format!("cannot write the pid file {}: {error}", path.display()))
            })?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Writes our number and nothing else.
    pub fn write(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        writeln!(self.file, "{}", std::process::id())
    }

    /// Removes it, if it still holds our number and we still may: another process may have taken it over.
    pub fn remove(self) {
        let ours = std::fs::read_to_string(&self.path).is_ok_and(|text| text.trim() == std::process::id().to_string());
        if ours {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_our_number_and_is_removed_only_as_long_as_it_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lb.pid");
        std::fs::write(&path, "a much longer text than a number\n").unwrap();
        let mut file = PidFile::open(&path).unwrap();
        file.write().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{}\n", std::process::id()));
        file.remove();
        assert!(!path.exists());
        let mut file = PidFile::open(&path).unwrap();
        file.write().unwrap();
        std::fs::write(&path, "1\n").unwrap();
        file.remove();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "1\n", "a successor's");
        assert!(PidFile::open(&folder.path().join("no/folder")).unwrap_err().to_string().contains("pid file"));
    }
}
