//! Fetches of what lies outside of any connection: time, chance, this machine.

use std::fs;
use std::sync::LazyLock;
use std::time::Duration;

use crate::args::{Arg, ArgKind, Args, Param};
use crate::{Compiler, Context, Fetch, Outside, Type, Value};

/// Neither time nor chance: for what is computed when a configuration is read.
#[derive(Debug)]
pub(super) struct Nothing;

impl Outside for Nothing {
    fn wall(&self) -> Duration {
        Duration::ZERO
    }

    fn random(&self) -> u64 {
        0
    }
}

/// Seconds, thousandths and millionths of them.
pub(super) const UNIT: ArgKind = ArgKind::Word(&["s", "ms", "us"]);

/// The rows.
pub const FETCHES: &[Fetch] = &[
    Fetch {
        name: "date",
        params: &[Param::optional("offset", ArgKind::Int), Param::optional("unit", UNIT)],
        output: Type::Int,
        eval: date,
        doc: "The time since 1970 in seconds, or in `ms` or `us`, with an offset in that unit.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "date_us",
        output: Type::Int,
        eval: |_, cx| Some(Value::Int(cx.outside().wall().subsec_micros().into())),
        doc: "The microseconds of the time of day, less than a million.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "rand",
        params: &[Param::optional("range", ArgKind::Int)],
        output: Type::Int,
        check: Some(check_rand),
        eval: |args, cx| {
            let bits = cx.outside().random() >> 32;
            let range = args.int(0).map_or(1 << 32, |range| u64::try_from(range).unwrap_or(0));
            Some(Value::Int(((bits * range) >> 32) as i64))
        },
        doc: "A number by chance, below a range or below 2^32.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "uuid",
        params: &[Param::optional("version", ArgKind::Int)],
        output: Type::Str,
        check: Some(check_uuid),
        eval: uuid,
        doc: "A UUID (RFC 9562): version 4, of chance alone, or 7, which begins with the time.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "env",
        params: &[Param::new("name", ArgKind::Str)],
        output: Type::Str,
        check: Some(check_env),
        eval: |args, _| args.str(0).map(Value::Str),
        doc: "A variable of the environment, as it was when the configuration was read.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "hostname",
        output: Type::Str,
        eval: |_, _| Some(Value::Str(&HOSTNAME)),
        doc: "The name of this machine, as its system has it.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "proc",
        output: Type::Int,
        eval: |_, _| Some(Value::Int(1)),
        doc: "The number of the process: always 1, since there is only one.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "nbproc",
        output: Type::Int,
        eval: |_, _| Some(Value::Int(1)),
        doc: "How many processes there are: always 1.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "quic_enabled",
        output: Type::Bool,
        eval: |_, _| Some(Value::Bool(false)),
        doc: "Is QUIC spoken? Not yet.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "thread",
        output: Type::Int,
        eval: |_, cx| Some(Value::Int(cx.outside().worker().into())),
        doc: "The number of the worker at work, from 0.",
        ..Fetch::PLAIN
    },
    Fetch {
        name: "meth",
        params: &[Param::new("method", ArgKind::Str)],
        output: Type::Method,
        eval: |args, _| args.str(0).map(Value::Method),
        doc: "The method itself.",
        ..Fetch::PLAIN
    },
];

static HOSTNAME: LazyLock<Box<[u8]>> = LazyLock::new(|| {
    let name = fs::read("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim_ascii().into()
});

fn date<'c>(args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let wall = cx.outside().wall();
    let now = match args.int(1) {
        Some(1) => wall.as_millis(),
        Some(2) => wall.as_micros(),
        _ => u128::from(wall.as_secs()),
    };
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    Some(Value::Int(now.saturating_add(args.int(0).unwrap_or(0))))
}

fn check_rand(args: &mut Args, _: &mut Compiler<'_>) -> Result<(), String> {
    match args.int(0) {
        None | Some(0..=0xffff_ffff) => Ok(()),
        Some(_) => Err(String::from("the range is between 0 and 2^32")),
    }
}

fn check_uuid(args: &mut Args, _: &mut Compiler<'_>) -> Result<(), String> {
    match args.int(0) {
        None | Some(4 | 7) => Ok(()),
        Some(other) => Err(format!("there is no UUID of version {other} here: 4 or 7")),
    }
}

fn uuid<'c>(args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let random = |bits: u64| u128::from(bits);
    let mut bits = random(cx.outside().random()) << 64 | random(cx.outside().random());
    let version = args.int(0).unwrap_or(4) as u128;
    if version == 7 {
        bits = cx.outside().wall().as_millis() << 80 | bits & ((1 << 80) - 1);
    }
    // The version and the variant have fixed places.
    bits = bits & !(0xf << 76) & !(0x3 << 62) | version << 76 | 0x2 << 62;
    let hex = |from: u32, digits: u32| (0..digits).rev().map(move |at| (bits >> (from + 4 * at) & 0xf) as u8);
    let parts = [(96, 8), (80, 4), (64, 4), (48, 4), (0, 12)];
    Some(Value::Str(cx.arena().built(|out| {
        for (at, (from, digits)) in parts.into_iter().enumerate() {
            if at > 0 {
                out.push(b'-');
            }
            out.extend(hex(from, digits).map(|digit| b"0123456789abcdef"[usize::from(digit)]));
        }
    })))
}

fn check_env(args: &mut Args, _: &mut Compiler<'_>) -> Result<(), String> {
    use std::os::unix::ffi::OsStringExt;
    let name = String::from_utf8_lossy(args.str(0).unwrap_or_default()).into_owned();
    // A name with one of these is no variable's, and asking for it is a fault of the program.
    let asked = !name.is_empty() && !name.contains(['=', '\0']);
    let value = asked.then(|| std::env::var_os(&name)).flatten();
    args.0[0] = value.map_or(Arg::None, |value| Arg::Str(value.into_vec().into()));
    Ok(())
}
