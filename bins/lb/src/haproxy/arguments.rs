//! HAProxy's arguments: single dashes, no `=`, words of several letters.

use std::ffi::OsString;
use std::path::PathBuf;

use super::rows::{Does, Takes, find};

/// What the program is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Serve,
    Check,
    Condition(String),
    Version { long: bool },
}

/// What becomes of the processes before this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Successor {
    /// `-sf`: they drain.
    Finish,
    /// `-st`: they end.
    Terminate,
}

/// All that the arguments say.
#[derive(Clone, Debug)]
pub struct Order {
    pub(super) asked: Asked,
    /// In their order.
    pub files: Vec<PathBuf>,
    pub(super) quiet: bool,
    pub(super) verbose: bool,
    pub(super) warnings_are_errors: bool,
    pub(super) folder: Option<PathBuf>,
    pub(super) maxconn: Option<u32>,
    pub(super) maxconn_of_frontends: Option<u32>,
    pub(super) pidfile: Option<PathBuf>,
    pub(super) daemon: Option<bool>,
    pub(super) local_peer: Option<String>,
    /// Whose listening sockets are taken.
    pub take_over: Option<PathBuf>,
    /// The signal for `before`.
    pub successor: Option<Successor>,
    /// Processes that go once this one serves.
    pub before: Vec<i32>,
    /// Arguments that mean nothing here.
    pub(super) notes: Vec<String>,
    /// This is the process that `-D` asked for.
    pub in_background: bool,
}

impl Order {
    fn new() -> Self {
        Self {
            asked: Asked::Serve,
            files: Vec::new(),
            quiet: false,
            verbose: false,
            warnings_are_errors: false,
            folder: None,
            maxconn: None,
            maxconn_of_frontends: None,
            pidfile: None,
            daemon: None,
            local_peer: None,
            take_over: None,
            successor: None,
            before: Vec::new(),
            notes: Vec::new(),
            in_background: false,
        }
    }

    /// The first question counts.
    pub(super) fn ask(&mut self, asked: Asked) {
        if self.asked == Asked::Serve {
            self.asked = asked;
        }
    }

    pub(super) fn file(&mut self, path: String) {
        self.files.push(path.into());
    }

    /// 0 is as if it was not said, as in HAProxy.
    pub(super) fn count(&self, text: &str) -> Result<Option<u32>, String> {
        let number: u32 = text.parse().map_err(|_| format!("`{text}` is not a count"))?;
        Ok(Some(number).filter(|number| *number > 0))
    }
}

/// Reads them, or says which is wrong.
pub(super) fn read(words: impl IntoIterator<Item = OsString>) -> Result<Order, String> {
    let mut order = Order::new();
    let mut words = words.into_iter().map(|word| word.to_string_lossy().into_owned()).peekable();
    while let Some(word) = words.next() {
        if word == crate::run::IN_BACKGROUND {
            order.in_background = true;
            continue;
        }
        if word == "--" {
            order.files.extend(words.by_ref().map(PathBuf::from));
            break;
        }
        let row = word.strip_prefix('-').and_then(find).ok_or_else(|| format!("haproxy: `{word}` is not known"))?;
        let mut value = String::new();
        match row.takes {
            Takes::Nothing => {}
            Takes::Word(what) => {
                value = words.next().ok_or_else(|| format!("haproxy: {word} takes a {what}"))?;
            }
            Takes::Numbers => {
                while let Some(next) = words.next_if(|next| !next.starts_with('-')) {
                    let wrong = || format!("haproxy: {word}: `{next}` is not the number of a process");
                    // Debian's scripts give several in one word.
                    for number in next.split_whitespace() {
                        order.before.push(number.parse().ok().filter(|pid| *pid > 0).ok_or_else(wrong)?);
                    }
                }
            }
        }
        match row.does {
            Does::Set(set) => set(&mut order),
            Does::Take(take) => take(&mut order, value),
            Does::Read(read) => read(&mut order, value).map_err(|wrong| format!("haproxy: {word}: {wrong}"))?,
            Does::Note(text) if order.notes.iter().any(|note| note == text) => {}
            Does::Note(text) => order.notes.push(text.into()),
            Does::Refused(text) => return Err(format!("haproxy: {word}: {text}")),
        }
        // What is asked for at once is answered at once: nothing behind it is looked at.
        if matches!(order.asked, Asked::Version { .. } | Asked::Condition(_)) {
            return Ok(order);
        }
    }
    if order.files.is_empty() { Err("haproxy: no file is given: -f FILE".into()) } else { Ok(order) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_words(text: &str) -> Result<Order, String> {
        read(text.split_whitespace().map(OsString::from))
    }

    #[test]
    fn arguments_are_read_as_haproxy_reads_them() {
        let order =
            read_words("-f a.cfg -D -n 100 -N 7 -p x.pid -C /tmp -L me -x s -sf 1 2 -f b -dMx -de -- c d").unwrap();
        assert_eq!(order.files, ["a.cfg", "b", "c", "d"].map(PathBuf::from));
        assert_eq!((order.maxconn, order.maxconn_of_frontends, order.daemon), (Some(100), Some(7), Some(true)));
        assert_eq!((order.successor, order.before), (Some(Successor::Finish), vec![1, 2]));
        assert_eq!((order.asked, order.notes.len()), (Asked::Serve, 2));
        assert_eq!(order.take_over, Some(PathBuf::from("s")));
        let order = read_words("-c -V -q -f a -db -D").unwrap();
        assert_eq!((order.asked, order.verbose, order.quiet), (Asked::Check, true, true));
        assert_eq!(order.daemon, Some(false), "-db never forks");
        assert_eq!(read_words("-v -zz").unwrap().asked, Asked::Version { long: false });
        assert_eq!(read_words("-cc x -zz").unwrap().asked, Asked::Condition("x".into()));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (words, said) in [
            ("", "no file"),
            ("-f", "-f takes a file or folder"),
            ("-f a -zz", "`-zz` is not known"),
            ("-f a b", "`b` is not known"),
            ("-f a -n x", "`x` is not a count"),
            ("-f a -sf x", "`x` is not the number"),
            ("-f a -sf 0", "`0` is not the number"),
            ("-W -f a", "no master process"),
            ("-f a -Ws", "no master process"),
            ("-f a -S x", "no master process"),
        ] {
            let wrong = read_words(words).unwrap_err();
            assert!(wrong.contains(said), "{words}: {wrong}");
        }
    }
}
