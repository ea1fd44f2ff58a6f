//! `set server`, `enable server`, `disable server`, and weights.

use plimsoll_commands::{Context, Reply};
use plimsoll_server::{Admin, Server};

use super::{answer, find, state};

/// What can be set. HAProxy's list is longer; it names what exists here.
const USAGE: &str = "usage: set server <backend>/<server> state | weight";

pub(super) fn set(context: &mut Context<'_>) -> Reply {
    let change: fn(&Context<'_>, &Server) -> Result<Reply, Reply> = match context.arg(1) {
        Some("state") => |context, server| {
            let admin = match context.arg(2) {
                Some("ready") => Admin::Ready,
                Some("drain") => Admin::Drain,
                Some("maint") => Admin::Maint,
                _ => return Err(Reply::error("'set server <srv> state' expects 'ready', 'drain' and 'maint'.")),
            };
            server.administer(state(context)?.now(), admin);
            Ok(Reply::Done)
        },
        Some("weight") => |context, server| weigh(context, server, context.arg(2)),
        _ => |_, _| Err(Reply::error(USAGE)),
    };
    with_server(context, change)
}

pub(super) fn set_weight(context: &mut Context<'_>) -> Reply {
    with_server(context, |context, server| weigh(context, server, context.arg(1)))
}

pub(super) fn get_weight(context: &mut Context<'_>) -> Reply {
    with_server(context, |_, server| Ok(Reply::info(format!("{} (initial {})", server.weight(), server.file_weight()))))
}

pub(super) fn enable(context: &mut Context<'_>) -> Reply {
    with_server(context, |context, server| {
        // A drain that was asked for stays, as in HAProxy.
        if server.health().admin() == Admin::Maint {
            server.administer(state(context)?.now(), Admin::Ready);
        }
        Ok(Reply::Done)
    })
}

pub(super) fn disable(context: &mut Context<'_>) -> Reply {
    with_server(context, |context, server| {
        server.administer(state(context)?.now(), Admin::Maint);
        Ok(Reply::Done)
    })
}

fn with_server(context: &Context<'_>, act: fn(&Context<'_>, &Server) -> Result<Reply, Reply>) -> Reply {
    answer(state(context).and_then(|state| {
        let snapshot = state.snapshot();
        let (_, target) = find(&snapshot, context.arg(0))?;
        act(context, &target.server)
    }))
}

fn weigh(context: &Context<'_>, server: &Server, text: Option<&str>) -> Result<Reply, Reply> {
    let text = text.ok_or_else(|| Reply::error("Require <weight> or <weight%>."))?;
    let weight = weight(text, server.file_weight())?;
    server.set_weight(state(context)?.now(), weight);
    Ok(Reply::Done)
}

/// A weight, or a share of the one in the file.
fn weight(text: &str, initial: u16) -> Result<u16, Reply> {
    let limits = || Reply::error("Absolute weight can only be between 0 and 256 inclusive.");
    let (digits, relative) = match text.strip_suffix('%') {
        Some(digits) => (digits, true),
        None => (text, false),
    };
    let number: i64 =
        digits.parse().map_err(|_| Reply::error(format!("'{text}' is neither a weight nor a percentage.")))?;
    if !relative {
        return u16::try_from(number).ok().filter(|weight| *weight <= 256).ok_or_else(limits);
    }
    let share = u64::try_from(number).ok().filter(|share| *share <= 100 * 256);
    let share = share.ok_or_else(|| Reply::error("Relative weight must be positive."))?;
    // A server keeps some weight unless none was asked for.
    let weight = (u64::from(initial) * share).div_ceil(100);
    u16::try_from(weight).ok().filter(|weight| *weight <= 256).ok_or_else(limits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_is_a_number_or_a_share_of_the_files() {
        assert_eq!(weight("7", 10).ok(), Some(7));
        assert_eq!(weight("0", 10).ok(), Some(0));
        assert_eq!(weight("256", 10).ok(), Some(256));
        assert_eq!(weight("50%", 10).ok(), Some(5));
        assert_eq!(weight("0%", 10).ok(), Some(0));
        for wrong in ["257", "-1", "", "%", "x", "-5%", "3000%", "99999999999999999999%"] {
            assert!(weight(wrong, 10).is_err(), "{wrong}");
        }
    }
}
