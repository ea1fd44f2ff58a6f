//! A request and a response, with the memory that earlier ones grew.

use std::cell::RefCell;

use plimsoll_http::{Request, Response};

/// So many stay with the worker.
const KEPT: usize = 64;

thread_local! {
    #[expect(clippy::vec_box, reason = "an exchange holds the pointer; the heads themselves are never moved")]
    static SPARE: RefCell<Vec<Box<Both>>> = const { RefCell::new(Vec::new()) };
}

/// The two heads of an exchange.
#[derive(Debug, Default)]
pub(super) struct Both {
    pub(super) request: Request,
    pub(super) response: Response,
}

/// Borrowed from the worker while an exchange lasts.
#[derive(Debug)]
pub(super) struct Parts(Option<Box<Both>>);

impl Parts {
    pub(super) fn take() -> Self {
        Self(Some(SPARE.with_borrow_mut(Vec::pop).unwrap_or_default()))
    }

    pub(super) fn get(&mut self) -> &mut Both {
        self.0.get_or_insert_default()
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        if let Some(both) = self.0.take() {
            let _ = SPARE.try_with(|spare| {
                let mut spare = spare.borrow_mut();
                if spare.len() < KEPT {
                    spare.push(both);
                }
            });
        }
    }
}
