//! The converter `when`: a value that is there only for requests of some kind, so that a log says more of those.

use std::sync::Arc;

use plimsoll_rules::{Arg, ArgKind, Args, Compiler, Context, Converter, Fetch, Param, Parts, Value};

use crate::client::Client;
use crate::rules::{Proxies, so_far};
use crate::snapshot::Mode;

/// The rows.
pub(crate) const PARTS: Parts = Parts { converters: CONVERTERS, ..Parts::EMPTY };

const CONVERTERS: &[Converter] = &[Converter {
    name: "when",
    params: &[Param::new("condition", ArgKind::Str), Param::optional("acl", ArgKind::Str)],
    check: Some(resolve),
    eval: |value, args, cx| args.object::<Condition>(0)?.holds(cx).then_some(value),
    doc: "The value, if a condition holds, else none: `error`, `normal`, `forwarded`, `processed`, `stopping`, or `acl` and the name of one. `!` before it asks for the contrary.",
    ..Converter::PLAIN
}];

type Ask = fn(&Context<'_>) -> bool;

/// Each is a question about what the log will say.
const KINDS: &[(&str, Ask)] = &[
    ("error", failed),
    ("normal", |cx| !failed(cx)),
    ("forwarded", forwarded),
    ("processed", forwarded),
    ("stopping", |cx| cx.fact::<Client>().is_some_and(|client| client.port().worker.is_draining())),
];

#[derive(Debug)]
struct Condition {
    negated: bool,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Own(Ask),
    /// The fetch `acl`, and what it asks for.
    Acl(&'static Fetch, Args),
}

impl Condition {
    fn holds<'c>(&'c self, cx: &'c Context<'_>) -> bool {
        let holds = match &self.kind {
            Kind::Own(ask) => ask(cx),
            Kind::Acl(row, args) => matches!((row.eval)(args, cx), Some(Value::Bool(true))),
        };
        holds != self.negated
    }
}

/// What HAProxy's `log-separate-errors` takes for an error, too.
fn failed(cx: &Context<'_>) -> bool {
    let Some(so_far) = so_far(cx) else { return false };
    let (state, levels) = (so_far.state()[0], so_far.levels(cx));
    let broken = !matches!(state, b'-' | b'L');
    let tried_again = levels.redispatched || (state == b'-' && levels.retries > 0);
    let http = cx.fact::<Proxies>().is_some_and(|proxies| proxies.route.frontend.mode == Mode::Http);
    broken || tried_again || (http && so_far.status(cx) >= 500)
}

fn forwarded(cx: &Context<'_>) -> bool {
    so_far(cx).is_some_and(|so_far| so_far.served() > 0)
}

fn resolve(args: &mut Args, compiler: &mut Compiler<'_>) -> Result<(), String> {
    let text = |args: &Args, at| args.str(at).map(|text| String::from_utf8_lossy(text).into_owned());
    let (condition, acl) = (text(args, 0).unwrap_or_default(), text(args, 1));
    let word = condition.trim_start_matches('!');
    let negated = (condition.len() - word.len()) % 2 == 1;
    let own = KINDS.iter().find(|(known, _)| *known == word);
    let kind = match (own, word, acl) {
        (Some((_, ask)), _, None) => Kind::Own(*ask),
        (Some(_), _, Some(acl)) => return Err(format!("`{word}` is all, and `{acl}` too much")),
        (None, "acl", Some(name)) => {
            let row = compiler.language.fetch("acl").ok_or("`acl` is not known")?;
            let mut args = Args([Arg::Str(name.into_bytes().into())].into());
            if let Some(check) = row.check {
                check(&mut args, compiler)?;
            }
            Kind::Acl(row, args)
        }
        (None, "acl", None) => return Err("`acl` needs the name of one".into()),
        (None, ..) => {
            let known: Vec<&str> = KINDS.iter().map(|(known, _)| *known).chain(["acl"]).collect();
            return Err(match plimsoll_config::suggest(word, known.iter().copied()) {
                Some(near) => format!("`{word}` is no condition; did you mean `{near}`?"),
                None => format!("`{word}` is no condition: {}", known.join(", ")),
            });
        }
    };
    args.0 = [Arg::Object(Arc::new(Condition { negated, kind }))].into();
    Ok(())
}
