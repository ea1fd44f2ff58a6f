//! From the parser's character numbers to bytes.

use crate::source::offset;

/// Every 64th character's byte is kept, the rest counted; nothing at all for ASCII.
pub struct ByteIndex<'t> {
    text: &'t str,
    marks: Vec<u32>,
}

impl<'t> ByteIndex<'t> {
    pub fn new(text: &'t str) -> Self {
        let marks = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().step_by(64).map(|(at, _)| offset(at)).collect()
        };
        Self { text, marks }
    }

    /// The byte at which character number `index` begins; the text's end beyond it.
    pub fn of(&self, index: usize) -> usize {
        if self.marks.is_empty() {
            return index.min(self.text.len());
        }
        let Some(mark) = self.marks.get(index / 64) else { return self.text.len() };
        let from = *mark as usize;
        self.text[from..].char_indices().nth(index % 64).map_or(self.text.len(), |(at, _)| from + at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_of_any_width_are_found() {
        for text in ["abc".repeat(100), "aé中𝒳".repeat(100), "é".to_owned(), String::new()] {
            let index = ByteIndex::new(&text);
            for (number, (at, _)) in text.char_indices().enumerate() {
                assert_eq!(index.of(number), at);
            }
            assert_eq!(index.of(text.chars().count()), text.len());
            assert_eq!(index.of(usize::MAX), text.len());
        }
    }
}
