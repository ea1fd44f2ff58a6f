//! `reload` and `take-over`: the engine's, with its words as the answer.

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
        match state.reload(how) {
            Ok(text) => Ok(Reply::info(without_empty_lines(&text))),
            Err(text) => Err(Reply::error(without_empty_lines(&text))),
        }
    }))
}

/// The answer carries a descriptor: the far end of what the sockets come over.
pub(super) fn take_over(context: &mut Context<'_>) -> Reply {
    answer(state(context).and_then(|state| match state.hand_over() {
        Ok(socket) => Ok(Reply::Descriptor(socket, "The sockets follow over the descriptor.".to_owned())),
        Err(text) => Err(Reply::error(text)),
    }))
}

/// An empty line would end the answer before its end.
fn without_empty_lines(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().map(|line| if line.is_empty() { " " } else { line }).collect();
    lines.join("\n")
}
