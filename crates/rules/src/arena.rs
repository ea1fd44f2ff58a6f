//! The memory of one evaluation: what converters make lives here until the evaluation is over, and the memory is used again.

use std::cell::{OnceCell, RefCell};

use bumpalo::Bump;

/// More than this is given back to the allocator after an evaluation.
const KEPT: usize = 64 << 10;

thread_local! {
    static SPARE: RefCell<Vec<Bump>> = const { RefCell::new(Vec::new()) };
}

/// A place for bytes that live as long as one evaluation. Taking one costs nothing; it has no memory until something is put there.
#[derive(Debug, Default)]
pub struct Arena(OnceCell<Bump>);

impl Arena {
    /// Empty.
    #[inline]
    #[must_use]
    pub const fn new() -> Self {
        Self(OnceCell::new())
    }

    /// With the memory of an earlier one of this thread.
    #[inline]
    fn bump(&self) -> &Bump {
        self.0.get_or_init(|| SPARE.with_borrow_mut(Vec::pop).unwrap_or_default())
    }

    /// A copy.
    #[must_use]
    pub fn keep(&self, bytes: &[u8]) -> &[u8] {
        self.bump().alloc_slice_copy(bytes)
    }

    /// A vector whose memory is here.
    #[must_use]
    pub fn vec(&self) -> bumpalo::collections::Vec<'_, u8> {
        bumpalo::collections::Vec::new_in(self.bump())
    }

    /// What was written into a vector, from now on as bytes.
    #[must_use]
    pub fn built(&self, write: impl FnOnce(&mut bumpalo::collections::Vec<'_, u8>)) -> &[u8] {
        let mut vec = self.vec();
        write(&mut vec);
        vec.into_bump_slice()
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        let Some(mut bump) = self.0.take() else { return };
        if bump.allocated_bytes() > KEPT {
            return;
        }
        bump.reset();
        // The thread may be ending; then the memory just goes.
        let _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if spare.len() < 8 {
                spare.push(bump);
            }
        });
    }
}
