//! Actions that change the status, and what becomes of changes that fail.

use plimsoll_config::Diagnostic;
use plimsoll_rules::{Act, Action, Call, Compiler, Context, Places, Step};

use super::stepped;
use crate::{Response, is_value};

/// The rows.
pub(super) const ACTIONS: &[Action] = &[
    Action {
        name: "set-status",
        places: Places::RESPONSES,
        usage: "set-status STATUS [reason TEXT]",
        parse: set_status,
        doc: "Gives the response another status. A response with a body does not become one that cannot have one.",
    },
    Action {
        name: "strict-mode",
        places: Places::HTTP_REQUEST.and(Places::RESPONSES),
        usage: "strict-mode on|off",
        parse: strict_mode,
        doc: "Whether a change that cannot be made ends the request with 500, which it does unless this is off. For the rules that follow in this list.",
    },
];

#[derive(Debug)]
struct SetStatus(u16, Option<Box<[u8]>>);

fn set_status(call: &mut Call<'_>, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    let word = call.word("a status", compiler)?;
    let status = match word.as_str().parse::<u16>() {
        Ok(status @ 200..=999) => status,
        Ok(100..=199) => {
            let error = Diagnostic::error("rule.argument", word.span(), "a response that says 1xx is not the last one");
            compiler.found.push(error.help("use a status from 200 to 999"));
            return None;
        }
        _ => {
            compiler.error(
                "rule.argument",
                word.span(),
                format!("`{}` is not a status: use 200 to 999", word.as_str()),
            );
            return None;
        }
    };
    let mut reason = None;
    if call.words.take_if("reason").is_some() {
        let word = call.word("a reason", compiler)?;
        if !is_value(word.as_str().as_bytes()) {
            compiler.error("rule.argument", word.span(), "a reason holds no control bytes, and no line breaks");
            return None;
        }
        reason = Some(word.as_str().as_bytes().into());
    }
    Some(Box::new(SetStatus(status, reason)))
}

impl Act for SetStatus {
    fn act(&self, cx: &mut Context<'_>) -> Step {
        stepped(cx.fact_mut::<Response>().map(|response| response.set_status(self.0, self.1.as_deref())))
    }
}

#[derive(Debug)]
struct StrictMode(bool);

fn strict_mode(call: &mut Call<'_>, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    let word = call.word("`on` or `off`", compiler)?;
    match word.as_str() {
        "on" => Some(Box::new(StrictMode(true))),
        "off" => Some(Box::new(StrictMode(false))),
        other => {
            compiler.error("rule.argument", word.span(), format!("`{other}` is neither `on` nor `off`"));
            None
        }
    }
}

impl Act for StrictMode {
    fn act(&self, cx: &mut Context<'_>) -> Step {
        cx.set_lenient(!self.0);
        Step::Next
    }
}
