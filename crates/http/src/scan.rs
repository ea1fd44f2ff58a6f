//! Finds the end of a head while it arrives, in time linear in its bytes.

use memchr::memchr2;

/// What is known of the head so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// It goes on.
    More,
    /// It ends behind so many bytes.
    End(usize),
    /// A CR without LF, or an LF without CR.
    Bare,
}

/// Remembers how far it looked, so that a head that arrives byte by byte is looked at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scanner {
    /// Start of the line that is not complete yet.
    line: usize,
    /// Looked at up to here.
    seen: usize,
    /// Lines that are complete.
    lines: usize,
}

impl Scanner {
    /// Looks at what came since the last call. `input` is the same buffer from its first byte, only longer. With `bare_lf` a line may end
    /// with LF alone.
    pub(crate) fn scan(&mut self, input: &[u8], bare_lf: bool) -> Found {
        while let Some(offset) = input.get(self.seen..).and_then(|rest| memchr2(b'\r', b'\n', rest)) {
            let end = self.seen + offset;
            let next = match (input[end], input.get(end + 1)) {
                (b'\r', Some(b'\n')) => end + 2,
                (b'\r', None) => {
                    self.seen = end;
                    return Found::More;
                }
                (b'\n', _) if bare_lf => end + 1,
                _ => return Found::Bare,
            };
            let empty = end == self.line;
            self.seen = next;
            self.line = next;
            if empty {
                return Found::End(next);
            }
            self.lines += 1;
        }
        self.seen = input.len();
        Found::More
    }

    /// Has nothing been looked at yet?
    pub(crate) fn is_fresh(self) -> bool {
        self.seen == 0
    }

    /// Is the first line complete?
    pub(crate) fn past_first_line(self) -> bool {
        self.lines > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_found_however_the_bytes_arrive() {
        let head = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nbody\n";
        for step in 1..head.len() {
            let mut scanner = Scanner::default();
            let mut upto = 0;
            let found = loop {
                upto = (upto + step).min(head.len());
                match scanner.scan(&head[..upto], false) {
                    Found::More => assert!(upto < head.len()),
                    found => break found,
                }
            };
            assert_eq!(found, Found::End(27), "in steps of {step}");
        }
    }

    #[test]
    fn a_bare_cr_or_lf_is_told_at_once_and_lf_may_be_tolerated() {
        assert_eq!(Scanner::default().scan(b"GET / HTTP/1.1\nHo", false), Found::Bare);
        assert_eq!(Scanner::default().scan(b"\nGET", false), Found::Bare);
        assert_eq!(Scanner::default().scan(b"GET / HTTP/1.1\r\r\n", true), Found::Bare);
        assert_eq!(Scanner::default().scan(b"GET /\rHTTP", false), Found::Bare);
        assert_eq!(Scanner::default().scan(b"HTTP/1.1 200 OK\nA: b\n\nbody", true), Found::End(22));
        assert_eq!(Scanner::default().scan(b"HTTP/1.1 200 OK\r\nA: b\n\r\nbody", true), Found::End(24));
    }
}
