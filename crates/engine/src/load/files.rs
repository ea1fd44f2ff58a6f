//! What the reader asks of the file system, and its answers written down: one process may ask, another may read.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read as _};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use plimsoll_config::tree::MAX_BYTES;

/// A question about one path, or about a pattern of paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Ask {
    /// Is it a folder? One answer or none.
    Folder,
    /// Its name without links and dots.
    Real,
    /// The files of a folder that a configuration may be in, in the order of their names.
    Entries,
    /// What is in it.
    Contents,
    /// The paths that this pattern matches, in the order of their names.
    Matching,
}

const ASKS: [Ask; 5] = [Ask::Folder, Ask::Real, Ask::Entries, Ask::Contents, Ask::Matching];

/// Whoever answers.
pub trait Files {
    /// The answers, each a path or a text.
    fn ask(&self, ask: Ask, path: &Path) -> io::Result<Vec<Vec<u8>>>;
}

/// The file system of this process.
#[derive(Clone, Copy, Debug)]
pub struct Disk;

impl Files for Disk {
    fn ask(&self, ask: Ask, path: &Path) -> io::Result<Vec<Vec<u8>>> {
        let bytes = |path: PathBuf| path.into_os_string().into_vec();
        Ok(match ask {
            Ask::Folder => path.is_dir().then(Vec::new).into_iter().collect(),
            Ask::Real => vec![bytes(path.canonicalize()?)],
            Ask::Entries => entries(path)?.into_iter().map(bytes).collect(),
            Ask::Contents => vec![contents(path)?],
            Ask::Matching => {
                let options = glob::MatchOptions { require_literal_leading_dot: true, ..Default::default() };
                let paths = glob::glob_with(&path.to_string_lossy(), options).map_err(io::Error::other)?;
                paths.map(|path| path.map(bytes).map_err(io::Error::from)).collect::<io::Result<_>>()?
            }
        })
    }
}

/// The files of a directory that a configuration may be in; hidden ones are left out, as editors leave their own there.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden
            && path.extension().is_some_and(|end| end == "yaml" || end == "yml" || end == "cfg")
            && !path.is_dir()
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// At most a byte more than is read: a device or a pipe has no end, and the parser says what is too large.
fn contents(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

type Answers = HashMap<(Ask, OsString), io::Result<Vec<Vec<u8>>>>;

/// Asks the file system and remembers every answer.
#[derive(Debug, Default)]
pub(crate) struct Recorder(RefCell<Answers>);

impl Files for Recorder {
    fn ask(&self, ask: Ask, path: &Path) -> io::Result<Vec<Vec<u8>>> {
        let answer = Disk.ask(ask, path);
        self.0.borrow_mut().insert((ask, path.into()), again(&answer));
        answer
    }
}

impl Recorder {
    /// The files whose contents were read, and the folders that were listed.
    pub(crate) fn read(&self) -> Vec<PathBuf> {
        let read = |ask: Ask| matches!(ask, Ask::Contents | Ask::Entries);
        self.0.borrow().keys().filter(|(ask, _)| read(*ask)).map(|(_, path)| path.into()).collect()
    }

    /// All of it as bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for ((ask, path), answer) in &*self.0.borrow() {
            bytes.push(*ask as u8);
            put(&mut bytes, path.as_bytes());
            match answer {
                Ok(texts) => {
                    bytes.extend_from_slice(&u32::try_from(texts.len()).unwrap_or(u32::MAX).to_le_bytes());
                    texts.iter().for_each(|text| put(&mut bytes, text));
                }
                Err(error) => {
                    bytes.extend_from_slice(&u32::MAX.to_le_bytes());
                    put(&mut bytes, &error.raw_os_error().unwrap_or(0).to_le_bytes());
                    put(&mut bytes, error.to_string().as_bytes());
                }
            }
        }
        bytes
    }
}

fn put(bytes: &mut Vec<u8>, text: &[u8]) {
    bytes.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend_from_slice(text);
}

/// Errors cannot be copied; what they say can.
fn again(answer: &io::Result<Vec<Vec<u8>>>) -> io::Result<Vec<Vec<u8>>> {
    match answer {
        Ok(texts) => Ok(texts.clone()),
        Err(error) => Err(match error.raw_os_error() {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::new(error.kind(), error.to_string()),
        }),
    }
}

/// Answers that another process wrote down.
#[derive(Debug)]
pub(crate) struct Recording(Answers);

impl Files for Recording {
    fn ask(&self, ask: Ask, path: &Path) -> io::Result<Vec<Vec<u8>>> {
        // What was not asked there does not exist here.
        self.0.get(&(ask, path.into())).map_or_else(|| Err(io::ErrorKind::NotFound.into()), again)
    }
}

impl Recording {
    /// `None`: not what [`Recorder::encode`] wrote.
    pub(crate) fn decode(mut bytes: &[u8]) -> Option<Self> {
        let mut answers = Answers::new();
        while let Some((ask, rest)) = bytes.split_first() {
            bytes = rest;
            let ask = *ASKS.get(usize::from(*ask))?;
            let path = OsStr::from_bytes(take(&mut bytes)?).to_owned();
            let answer = match number(&mut bytes)? {
                u32::MAX => {
                    let code = i32::from_le_bytes(take(&mut bytes)?.try_into().ok()?);
                    let text = String::from_utf8_lossy(take(&mut bytes)?).into_owned();
                    Err(if code == 0 { io::Error::other(text) } else { io::Error::from_raw_os_error(code) })
                }
                count => Ok((0..count).map(|_| take(&mut bytes).map(<[u8]>::to_vec)).collect::<Option<_>>()?),
            };
            answers.insert((ask, path), answer);
        }
        Some(Self(answers))
    }
}

fn number(bytes: &mut &[u8]) -> Option<u32> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u32::from_le_bytes(*number))
}

fn take<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = number(bytes)? as usize;
    let (text, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_answers_as_the_disk_did_and_knows_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("b.yaml"), "b: 1").unwrap();
        std::fs::write(at("a.yml"), [0xff, 0, b'a']).unwrap();
        std::fs::write(at(".hidden.yaml"), "").unwrap();
        let asked = [
            (Ask::Folder, folder.path().to_owned()),
            (Ask::Folder, at("b.yaml")),
            (Ask::Entries, folder.path().to_owned()),
            (Ask::Contents, at("a.yml")),
            (Ask::Contents, at("missing")),
            (Ask::Matching, at("*.y*ml")),
            (Ask::Real, at("./b.yaml")),
        ];
        let recorder = Recorder::default();
        for (ask, path) in &asked {
            let _ = recorder.ask(*ask, path);
        }
        let bytes = recorder.encode();
        let recording = Recording::decode(&bytes).unwrap();
        for (ask, path) in &asked {
            let texts = |answer: io::Result<Vec<Vec<u8>>>| answer.map_err(|error| error.to_string());
            assert_eq!(texts(recording.ask(*ask, path)), texts(Disk.ask(*ask, path)), "{ask:?} {path:?}");
        }
        assert_eq!(recording.ask(Ask::Contents, &at("b.yaml")).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!((1..bytes.len()).all(|cut| Recording::decode(&bytes[..bytes.len() - cut]).is_none_or(|less| less.0.len() < asked.len())));
    }
}
