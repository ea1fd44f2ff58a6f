//! Parts of paths and host names: a pattern matches where it stands between delimiters.

use super::Seek;
use super::exact::Exact;
use super::keys::Keys;

#[derive(Debug)]
pub(crate) struct Parts {
    exact: Exact,
    /// Which bytes are delimiters.
    delimiters: Box<[bool; 256]>,
    /// The most parts of one pattern.
    most: usize,
}

impl Parts {
    /// The keys have no delimiters at their ends.
    pub(super) fn new(keys: Keys, delimiters: &'static [u8]) -> Self {
        let inner = |key: &[u8]| key.iter().filter(|byte| delimiters.contains(byte)).count();
        let most = (0..keys.len() as u32).map(|at| inner(keys.get(at)) + 1).max().unwrap_or(0);
        let mut table = Box::new([false; 256]);
        delimiters.iter().for_each(|byte| table[usize::from(*byte)] = true);
        Self { exact: Exact::new(keys), delimiters: table, most }
    }

    pub(super) fn seek(&self, text: &[u8], seek: &mut Seek<'_>) {
        let ends = |byte: Option<&u8>| byte.is_none_or(|byte| self.delimiters[usize::from(*byte)]);
        let mut begins = true;
        for (start, byte) in text.iter().enumerate() {
            if self.delimiters[usize::from(*byte)] {
                begins = true;
                continue;
            }
            if !std::mem::take(&mut begins) {
                continue;
            }
            let rest = text.get(start..).unwrap_or_default();
            if self.at(rest, &ends, seek) {
                return;
            }
        }
    }

    /// Is a pattern at the beginning of this? True: nothing more is asked for.
    #[inline]
    fn at(&self, rest: &[u8], ends: &impl Fn(Option<&u8>) -> bool, seek: &mut Seek<'_>) -> bool {
        let keys = self.exact.keys();
        if let Some(few) = self.exact.few() {
            return few.affixes(keys, rest, |at| ends(rest.get(keys.get(at).len())) && seek.offer(at, 0));
        }
        let mut parts = 0;
        for end in 1..=rest.len().min(self.exact.longest()) {
            if !ends(rest.get(end)) {
                continue;
            }
            parts += 1;
            if self.exact.each(rest.get(..end).unwrap_or_default(), |at| seek.offer(at, 0)) {
                return true;
            }
            if parts == self.most {
                break;
            }
        }
        false
    }
}
