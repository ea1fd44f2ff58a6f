//! Actions that set how one request is treated: its time-outs, retries, log line and packets.

use plimsoll_config::{Diagnostic, Duration};
use plimsoll_observe::Level;
use plimsoll_rules::{
    Act, Action, Call, Compiler, Context, Expr, Format, Parts, Place, Places, Step, Type, Value, Wait, Word,
};

use crate::client::Client;
use crate::rules::{Fate, LogLevel};

/// The rows.
pub(crate) const PARTS: Parts = Parts { actions: ACTIONS, ..Parts::EMPTY };

const HTTP: Places = Places::HTTP_REQUEST.and(Places::of(&[Place::HttpResponse]));
/// Where HAProxy knows `set-nice` and its likes.
const ANY: Places = Places::TCP_CONTENT.and(Places::TCP_RESPONSE).and(HTTP);
const OF_CLIENT: Places = ANY.and(Places::EARLY);
/// Where a connection to a server may be told apart by them.
const OF_SERVER: Places = Places::HTTP_REQUEST.and(Places::of(&[Place::TcpContentOfHttp]));

const ACTIONS: &[Action] = &[
    Action {
        name: "set-timeout",
        places: HTTP,
        usage: "set-timeout client|server|tunnel|connect|queue|tarpit TIME|EXPRESSION",
        parse: set_timeout,
        doc: "Sets a time-out for this request. An expression gives milliseconds; 0 and less change nothing.",
    },
    Action {
        name: "set-retries",
        places: Places::HTTP_REQUEST.and(Places::TCP_CONTENT),
        usage: "set-retries NUMBER|EXPRESSION",
        parse: set_retries,
        doc: "Sets how many attempts may follow the first.",
    },
    Action {
        name: "set-log-level",
        places: ANY.and(Places::of(&[Place::AfterResponse])),
        usage: "set-log-level emerg|alert|crit|err|warning|notice|info|debug|silent",
        parse: set_log_level,
        doc: "Sets the level of this request's log line; `silent`: no line is written.",
    },
    Action {
        name: "set-nice",
        places: ANY,
        usage: "set-nice NUMBER",
        parse: set_nice,
        doc: "Is read, and does nothing: all requests are served in turn.",
    },
    Action {
        name: "set-fc-mark",
        places: OF_CLIENT,
        usage: "set-fc-mark NUMBER|EXPRESSION",
        parse: |call, compiler| packets(call, Packets::ClientMark, compiler),
        doc: "Marks what is sent to the client from now on, for routes and packet filters. Needs CAP_NET_ADMIN.",
    },
    Action {
        name: "set-mark",
        places: OF_CLIENT,
        usage: "set-mark NUMBER|EXPRESSION",
        parse: |call, compiler| packets(call, Packets::ClientMark, compiler),
        doc: "The same as `set-fc-mark`.",
    },
    Action {
        name: "set-fc-tos",
        places: OF_CLIENT,
        usage: "set-fc-tos NUMBER|EXPRESSION",
        parse: |call, compiler| packets(call, Packets::ClientTos, compiler),
        doc: "Sets the type of service of what is sent to the client from now on.",
    },
    Action {
        name: "set-tos",
        places: OF_CLIENT,
        usage: "set-tos NUMBER|EXPRESSION",
        parse: |call, compiler| packets(call, Packets::ClientTos, compiler),
        doc: "The same as `set-fc-tos`.",
    },
    Action {
        name: "set-bc-mark",
        places: OF_SERVER,
        usage: "set-bc-mark NUMBER|EXPRESSION",
        parse: |call, compiler| packets(call, Packets::ServerMark, compiler),
        doc: "Marks what is sent to the server, for routes and packet filters. Needs CAP_NET_ADMIN.",
    },
    Action {
        name: "set-bc-tos",
        places: OF_SERVER,
        usage: "set-bc-tos NUMBER|EXPRESSION",
        parse: |call, compiler| packets(call, Packets::ServerTos, compiler),
        doc: "Sets the type of service of what is sent to the server.",
    },
    Action {
        name: "pause",
        places: HTTP,
        usage: "pause TIME|EXPRESSION",
        parse: pause,
        doc: "Waits before the next rule is looked at. An expression gives milliseconds.",
    },
    Action {
        name: "early-hint",
        places: Places::HTTP_REQUEST,
        usage: "early-hint NAME FORMAT",
        parse: early_hint,
        doc: "Tells the client a field before its answer, in a response with status 103. Hints of one list of rules go together.",
    },
    Action {
        name: "disable-l7-retry",
        places: Places::HTTP_REQUEST,
        usage: "disable-l7-retry",
        parse: |_, _| Some(Box::new(Tune(Set::NoRetry))),
        doc: "A request whose server took it and gave no answer is not sent again.",
    },
    Action {
        name: "wait-for-handshake",
        places: Places::HTTP_REQUEST,
        usage: "wait-for-handshake",
        parse: |_, _| Some(Box::new(Nothing)),
        doc: "Waits for the end of the client's TLS handshake. Requests are never read before that, so it does nothing.",
    },
];

/// What is known when the configuration is read, or found out for each request.
#[derive(Debug)]
enum Amount {
    Fixed(i64),
    Expr(Box<Expr>),
}

impl Amount {
    fn get(&self, cx: &Context<'_>) -> Option<i64> {
        match self {
            Self::Fixed(number) => Some(*number),
            Self::Expr(expr) => match expr.eval_as(Type::Int, cx)? {
                Value::Int(number) => Some(number),
                _ => None,
            },
        }
    }

    /// A number as `read` reads it, or an expression that gives one.
    fn parse(word: &Word, what: &str, read: fn(&str) -> Option<i64>, compiler: &mut Compiler<'_>) -> Option<Self> {
        if let Some(number) = read(word.as_str()) {
            return Some(Self::Fixed(number));
        }
        if word.as_str().starts_with(|first: char| first.is_ascii_digit() || first == '-') {
            compiler.error("rule.argument", word.span(), format!("`{}` is not {what}", word.as_str()));
            return None;
        }
        let expr = Expr::compile(word, compiler)?;
        if !expr.output().casts_to(Type::Int) {
            let text = format!("{what} is a number, and this gives {}", expr.output().name());
            compiler.error("rule.type", word.span(), text);
            return None;
        }
        Some(Self::Expr(Box::new(expr)))
    }
}

/// A time as HAProxy writes it: milliseconds unless a unit follows.
fn millis(text: &str) -> Option<i64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: i64 = text.get(..digits)?.parse().ok()?;
    match text.get(digits..)? {
        "" | "ms" => Some(number),
        "us" => Some(number.saturating_add(999) / 1000),
        "s" => number.checked_mul(1000),
        "m" => number.checked_mul(60_000),
        "h" => number.checked_mul(3_600_000),
        "d" => number.checked_mul(86_400_000),
        _ => None,
    }
}

/// Decimal, or hexadecimal behind `0x`.
fn number(text: &str) -> Option<i64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// More makes no sense, and less than nothing is nothing.
fn duration(millis: i64) -> Option<Duration> {
    u32::try_from(millis).ok().filter(|millis| *millis > 0).map(|millis| Duration::from_millis(millis.into()))
}

#[derive(Debug)]
struct Tune(Set);

#[derive(Debug)]
enum Set {
    Timeout(usize, Amount),
    Retries(Amount),
    Log(LogLevel),
    NoRetry,
    Hint(Box<[u8]>, Format),
}

impl Act for Tune {
    fn act(&self, cx: &mut Context<'_>) -> Step {
        match &self.0 {
            Set::Timeout(which, amount) => {
                let Some(time) = amount.get(cx).and_then(duration) else { return Step::Next };
                let Some(fate) = cx.fact_mut::<Fate>() else { return Step::Next };
                if let Some((_, of)) = TIMEOUTS.get(*which) {
                    *of(&mut fate.timeouts) = Some(time);
                }
            }
            Set::Retries(amount) => {
                let amount = amount.get(cx).and_then(|number| u32::try_from(number).ok());
                if let (Some(amount), Some(fate)) = (amount, cx.fact_mut::<Fate>()) {
                    fate.retries = Some(amount.min(100));
                }
            }
            Set::Log(level) => {
                if let Some(fate) = cx.fact_mut::<Fate>() {
                    fate.log = *level;
                }
            }
            Set::NoRetry => {
                if let Some(fate) = cx.fact_mut::<Fate>() {
                    fate.no_retry = true;
                }
            }
            Set::Hint(name, format) => {
                let value = format.render(cx);
                if let Some(fate) = cx.fact_mut::<Fate>() {
                    fate.hints.extend_from_slice(name);
                    fate.hints.extend_from_slice(b": ");
                    fate.hints.extend(value.iter().filter(|byte| **byte >= b' ' && **byte != 0x7f || **byte == b'\t'));
                    fate.hints.extend_from_slice(b"\r\n");
                }
            }
        }
        Step::Next
    }
}

type Of = fn(&mut crate::rules::SetTimeouts) -> &mut Option<Duration>;

const TIMEOUTS: [(&str, Of); 6] = [
    ("client", |all| &mut all.client),
    ("server", |all| &mut all.server),
    ("tunnel", |all| &mut all.tunnel),
    ("connect", |all| &mut all.connect),
    ("queue", |all| &mut all.queue),
    ("tarpit", |all| &mut all.tarpit),
];

fn set_timeout(call: &mut Call<'_>, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    let name = call.word("the name of a time-out", compiler)?;
    let Some(which) = TIMEOUTS.iter().position(|(known, _)| *known == name.as_str()) else {
        let text = format!("no time-out is called `{}` here", name.as_str());
        let told = Diagnostic::error("rule.argument", name.span(), text);
        compiler.found.push(told.suggest(name.as_str(), TIMEOUTS.iter().map(|(name, _)| *name)));
        return None;
    };
    let word = call.word("a time", compiler)?;
    let amount = Amount::parse(&word, "a time", millis, compiler)?;
    if matches!(amount, Amount::Fixed(0)) {
        compiler.error("rule.argument", word.span(), "a time-out of 0 would end everything at once");
        return None;
    }
    Some(Box::new(Tune(Set::Timeout(which, amount))))
}

fn set_retries(call: &mut Call<'_>, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    let word = call.word("a number", compiler)?;
    Some(Box::new(Tune(Set::Retries(Amount::parse(&word, "a number of attempts", number, compiler)?))))
}

fn set_log_level(call: &mut Call<'_>, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    let word = call.word("a level", compiler)?;
    let level = match Level::ALL.iter().find(|level| level.word() == word.as_str()) {
        Some(level) => LogLevel(Some(*level)),
        None if word.as_str() == "silent" => LogLevel::SILENT,
        None => {
            let told = Diagnostic::error("rule.argument", word.span(), format!("`{}` is no level", word.as_str()));
            compiler
                .found
                .push(told.suggest(word.as_str(), Level::ALL.iter().map(|level| level.word()).chain(["silent"])));
            return None;
        }
    };
    Some(Box::new(Tune(Set::Log(level))))
}

#[derive(Debug)]
struct Nothing;

impl Act for Nothing {
    fn act(&self, _: &mut Context<'_>) -> Step {
        Step::Next
    }
}

fn set_nice(call: &mut Call<'_>, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    let word = call.word("a number", compiler)?;
    if !word.as_str().parse().is_ok_and(|nice: i32| (-1024..=1024).contains(&nice)) {
        let text = format!("`{}` is not a number between -1024 and 1024", word.as_str());
        compiler.error("rule.argument", word.span(), text);
        return None;
    }
    let told = Diagnostic::warning("rule.no-effect", call.name.span(), "`set-nice` has no effect here");
    compiler.found.push(told.help("take it out: all requests are served in turn"));
    Some(Box::new(Nothing))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packets {
    ClientMark,
    ClientTos,
    ServerMark,
    ServerTos,
}

#[derive(Debug)]
struct SetPackets(Packets, Amount);

impl Act for SetPackets {
    fn act(&self, cx: &mut Context<'_>) -> Step {
        let Some(amount) = self.1.get(cx) else { return Step::Next };
        // What does not fit is cut, as in HAProxy; what the kernel refuses is left as it is.
        match self.0 {
            Packets::ClientMark => drop(cx.fact::<Client>().map(|client| client.stream.set_mark(amount as u32))),
            Packets::ClientTos => drop(cx.fact::<Client>().map(|client| client.stream.set_tos(amount as u8))),
            Packets::ServerMark => {
                if let Some(fate) = cx.fact_mut::<Fate>() {
                    fate.server_mark = Some(amount as u32);
                }
            }
            Packets::ServerTos => {
                if let Some(fate) = cx.fact_mut::<Fate>() {
                    fate.server_tos = Some(amount as u8);
                }
            }
        }
        Step::Next
    }
}

fn packets(call: &mut Call<'_>, which: Packets, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    let word = call.word("a number", compiler)?;
    let most = if matches!(which, Packets::ClientTos | Packets::ServerTos) { 255 } else { i64::from(u32::MAX) };
    let amount = Amount::parse(&word, "a number", number, compiler)?;
    if let Amount::Fixed(number) = amount
        && !(0..=most).contains(&number)
    {
        compiler.error("rule.argument", word.span(), format!("{number} is not between 0 and {most}"));
        return None;
    }
    Some(Box::new(SetPackets(which, amount)))
}

#[derive(Debug)]
struct Pause(Amount);

impl Act for Pause {
    fn act(&self, cx: &mut Context<'_>) -> Step {
        match self.0.get(cx).and_then(duration) {
            Some(time) => Step::Wait(Wait::Pause(time.as_std())),
            None => Step::Next,
        }
    }
}

fn pause(call: &mut Call<'_>, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    let word = call.word("a time", compiler)?;
    Some(Box::new(Pause(Amount::parse(&word, "a time", millis, compiler)?)))
}

fn early_hint(call: &mut Call<'_>, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    let name = call.word("the name of a field", compiler)?;
    if !plimsoll_http::is_token(name.as_str().as_bytes()) {
        compiler.error("rule.argument", name.span(), format!("`{}` is not the name of a field", name.as_str()));
        return None;
    }
    let format = Format::compile(&call.word("the value of the field", compiler)?, compiler)?;
    Some(Box::new(Tune(Set::Hint(name.as_str().as_bytes().into(), format))))
}
