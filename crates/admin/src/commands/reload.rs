//! `reload`: the engine's, with its words as the answer.

use plimsoll_commands::{Context, Reply};

use super::{answer, state};
use crate::Reload;

pub(super) fn reload(context: &mut Context<'_>) -> Reply {
    answer(state(context).and_then(|state| {
        let how = match context.arg(0) {
            None => Reload::Now,
            Some("plan") => Reload::Plan,
            Some(_) => return Err(Reply::error("'reload' expects nothing, or 'plan'.")),
        };
        state.reload(how).map(Reply::info).map_err(Reply::error)
    }))
}
