//! Fetches of all header fields at once. Names are given in lower case.

use plimsoll_rules::{ArgKind, Args, Context, Fetch, Needs, Param, Slot, Type, Value};

use super::{Req, Res, Side};

const REQ: Needs = Needs::All(&[Slot::Request]);
const RES: Needs = Needs::All(&[Slot::Response]);

const NAMES: Fetch = Fetch {
    params: &[Param::optional("delim", ArgKind::Str)],
    output: Type::Str,
    needs: REQ,
    doc: "The names of all header fields, with commas between them or the first character that is given.",
    ..Fetch::PLAIN
};
const LINES: Fetch =
    Fetch { output: Type::Str, needs: REQ, doc: "All header lines, and the empty line behind them.", ..Fetch::PLAIN };
const BINARY: Fetch = Fetch {
    output: Type::Bin,
    needs: REQ,
    doc: "All names and values, each behind its length as SPOE writes numbers, and two lengths of 0 at the end.",
    ..Fetch::PLAIN
};

/// The rows.
pub(super) const FETCHES: &[Fetch] = &[
    Fetch { name: "req.hdr_names", eval: names::<Req>, ..NAMES },
    Fetch { name: "res.hdr_names", needs: RES, eval: names::<Res>, ..NAMES },
    Fetch { name: "req.hdrs", eval: lines::<Req>, ..LINES },
    Fetch { name: "res.hdrs", needs: RES, eval: lines::<Res>, ..LINES },
    Fetch { name: "req.hdrs_bin", eval: binary::<Req>, ..BINARY },
    Fetch { name: "res.hdrs_bin", needs: RES, eval: binary::<Res>, ..BINARY },
];

fn names<'c, S: Side>(args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let delimiter = args.str(0).and_then(|text| text.first()).copied().unwrap_or(b',');
    let head = S::head(cx)?;
    Some(Value::Str(cx.arena().built(|out| {
        for (at, (name, _)) in head.seen().enumerate() {
            if at > 0 {
                out.push(delimiter);
            }
            out.extend(name.iter().map(u8::to_ascii_lowercase));
        }
    })))
}

fn lines<'c, S: Side>(_: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let head = S::head(cx)?;
    Some(Value::Str(cx.arena().built(|out| {
        for (name, value) in head.seen() {
            out.extend(name.iter().map(u8::to_ascii_lowercase));
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
    })))
}

fn binary<'c, S: Side>(_: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let head = S::head(cx)?;
    Some(Value::Bin(cx.arena().built(|out| {
        for (name, value) in head.seen() {
            out.extend(length(name.len()));
            out.extend(name.iter().map(u8::to_ascii_lowercase));
            out.extend(length(value.len()));
            out.extend_from_slice(value);
        }
        out.extend_from_slice(&[0, 0]);
    })))
}

/// A number as SPOE writes it: below 240 in one byte, and 4 bits, then 7 bits in each of those that follow.
fn length(number: usize) -> impl Iterator<Item = u8> {
    let (mut left, mut state) = (number as u64, 0);
    std::iter::from_fn(move || match state {
        0 if left < 240 => {
            state = 2;
            Some(left as u8)
        }
        0 => {
            let byte = left as u8 | 240;
            left = (left - 240) >> 4;
            state = 1;
            Some(byte)
        }
        1 if left >= 128 => {
            let byte = left as u8 | 128;
            left = (left - 128) >> 7;
            Some(byte)
        }
        1 => {
            state = 2;
            Some(left as u8)
        }
        _ => None,
    })
}
