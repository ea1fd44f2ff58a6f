//! What a keeper opens, and what it does not.

use std::os::unix::fs::{FileTypeExt, symlink};
use std::path::PathBuf;

use super::*;

/// Everything in this folder is named, and `localhost`.
struct Folder(PathBuf);

impl Rules for Folder {
    fn configuration(&mut self) -> io::Result<Vec<u8>> {
        Ok(vec![b'x'; 100_000])
    }

    fn is_log(&self, path: &Path) -> bool {
        path.parent() == Some(&self.0) && path.extension().is_some_and(|end| end == "log")
    }

    fn is_socket(&self, path: &Path) -> bool {
        path.parent() == Some(&self.0) && path.extension().is_some_and(|end| end == "sock")
    }

    fn is_host(&self, host: &str) -> bool {
        host == "localhost"
    }
}

/// A keeper on a thread of its own: what it gives up is the thread's.
fn keeper(folder: &Path) -> (Keeper, std::thread::JoinHandle<io::Result<()>>) {
    let (near, far) = descriptors::pair().unwrap();
    let mut rules = Folder(folder.to_owned());
    let thread = std::thread::spawn(move || serve(far, &mut rules));
    (Keeper::over(near, None).unwrap(), thread)
}

#[test]
fn a_log_file_that_is_named_is_opened_for_appending() {
    let folder = tempfile::tempdir().unwrap();
    let (keeper, thread) = keeper(folder.path());
    let path = folder.path().join("a.log");
    std::fs::write(&path, "before\n").unwrap();
    io::Write::write_all(&mut keeper.append(&path).unwrap(), b"after\n").unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "before\nafter\n");
    keeper.append(&folder.path().join("new.log")).unwrap();
    assert!(folder.path().join("new.log").exists());
    keeper.end();
    thread.join().unwrap().unwrap();
}

#[test]
fn what_is_not_named_or_not_an_ordinary_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (keeper, _thread) = keeper(folder.path());
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("secret"), "x").unwrap();
    symlink(at("secret"), at("link.log")).unwrap();
    std::fs::hard_link(at("secret"), at("hard.log")).unwrap();
    std::fs::create_dir(at("folder.log")).unwrap();
    let why = |path: PathBuf| keeper.append(&path).unwrap_err().to_string();
    assert!(why(at("secret")).contains("no configuration names it"));
    assert!(why("/etc/shadow".into()).contains("no configuration names it"));
    assert!(why(folder.path().join("../a.log")).contains("no configuration names it"));
    assert!(why(at("link.log")).contains("symbolic links"), "a link in a folder of somebody else's");
    assert!(why(at("hard.log")).contains("one name"));
    assert!(keeper.append(&at("folder.log")).is_err());
    assert_eq!(std::fs::read_to_string(at("secret")).unwrap(), "x");
}

#[test]
fn a_socket_is_made_with_its_rights_and_only_what_was_made_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let (keeper, _thread) = keeper(folder.path());
    let path = folder.path().join("a.sock");
    let socket = keeper.ask_descriptor(&Ask::Bind(path.clone(), Some(0o640))).unwrap();
    let file = std::fs::metadata(&path).unwrap();
    assert!(file.file_type().is_socket());
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&file) & 0o777, 0o640);
    rustix::net::listen(&socket, 1).unwrap();
    std::os::unix::net::UnixStream::connect(&path).unwrap();
    keeper.ask(&Ask::Remove(path.clone())).unwrap();
    assert!(!path.exists());
    std::fs::write(&path, "somebody else's").unwrap();
    keeper.ask(&Ask::Remove(path.clone())).unwrap();
    assert!(path.exists());
    assert!(keeper.ask(&Ask::Bind(folder.path().join("other"), None)).is_err());
}

#[test]
fn the_configuration_comes_whole_and_names_are_looked_up_if_named() {
    let folder = tempfile::tempdir().unwrap();
    let (keeper, _thread) = keeper(folder.path());
    assert_eq!(keeper.configuration().unwrap().len(), 100_000);
    let found = keeper.resolve("localhost", 81).unwrap();
    assert!(!found.is_empty() && found.iter().all(|address| address.ip().is_loopback() && address.port() == 81));
    assert!(keeper.resolve("example.org", 80).unwrap_err().to_string().contains("no configuration names it"));
}

#[test]
fn a_keeper_that_is_gone_is_said_to_be() {
    let (near, far) = descriptors::pair().unwrap();
    let keeper = Keeper::over(near, None).unwrap();
    drop(far);
    let error = keeper.append(Path::new("/a.log")).unwrap_err().to_string();
    assert!(error.contains("the keeper"), "{error}");
}

#[test]
fn an_unknown_question_ends_the_keeper() {
    let folder = tempfile::tempdir().unwrap();
    let (keeper, thread) = keeper(folder.path());
    {
        let line = keeper.line.lock().unwrap();
        descriptors::send(&line.socket, b"\0\0\0\0z\0\0\0\0/etc/shadow", &[]).unwrap();
    }
    assert_eq!(thread.join().unwrap().unwrap_err().kind(), io::ErrorKind::InvalidData);
}
