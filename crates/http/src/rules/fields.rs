//! Fetches of header fields (configuration manual, section 7.3.6).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use plimsoll_rules::value::parse_int;
use plimsoll_rules::{ArgKind, Args, Compiler, Context, Fetch, Needs, Param, Slot, Type, Value};

use super::walk::{Mark, Of};
use super::{Here, Req, Res, Side};

const NAMED: &[Param] = &[Param::optional("name", ArgKind::Str), Param::optional("occ", ArgKind::Int)];
const COUNTED: &[Param] = &[Param::optional("name", ArgKind::Str)];
const REQ: Needs = Needs::All(&[Slot::Request]);
const RES: Needs = Needs::All(&[Slot::Response]);
const EITHER: Needs = Needs::OneOf(&[Slot::Request, Slot::Response]);

/// How many values back from the last one may be asked for.
const HISTORY: i64 = 10;

const TEXT: Fetch = Fetch {
    params: NAMED,
    output: Type::Str,
    needs: REQ,
    check: Some(position),
    doc: "A value of a header field, the last one unless a position is given; commas part values. In an ACL every one.",
    ..Fetch::PLAIN
};
const FULL: Fetch =
    Fetch { doc: "A header line's whole value, the last one unless a position is given. In an ACL every one.", ..TEXT };
const COUNT: Fetch = Fetch {
    params: COUNTED,
    output: Type::Int,
    check: None,
    doc: "How many values a header field has, or all fields together; commas part values.",
    ..TEXT
};
const LINES: Fetch = Fetch { doc: "How many header lines have this name, or how many there are.", ..COUNT };
const ADDRESS: Fetch = Fetch {
    output: Type::Addr,
    doc: "A value of a header field as an address; a port behind an IPv4 address is passed over. In an ACL every value that is one.",
    ..TEXT
};
const NUMBER: Fetch =
    Fetch { output: Type::Int, doc: "A value of a header field as a number. In an ACL every one.", ..TEXT };

/// The rows.
pub(super) const FETCHES: &[Fetch] = &[
    Fetch { name: "hdr", needs: EITHER, suffixes: true, eval: text::<Here, true>, ..TEXT },
    Fetch { name: "req.hdr", suffixes: true, eval: text::<Req, true>, ..TEXT },
    Fetch { name: "res.hdr", needs: RES, suffixes: true, eval: text::<Res, true>, ..TEXT },
    Fetch { name: "shdr", needs: RES, suffixes: true, eval: text::<Res, true>, ..TEXT },
    Fetch { name: "req.fhdr", eval: text::<Req, false>, ..FULL },
    Fetch { name: "res.fhdr", needs: RES, eval: text::<Res, false>, ..FULL },
    Fetch { name: "hdr_cnt", eval: count::<Req, true>, ..COUNT },
    Fetch { name: "req.hdr_cnt", eval: count::<Req, true>, ..COUNT },
    Fetch { name: "res.hdr_cnt", needs: RES, eval: count::<Res, true>, ..COUNT },
    Fetch { name: "shdr_cnt", needs: RES, eval: count::<Res, true>, ..COUNT },
    Fetch { name: "req.fhdr_cnt", eval: count::<Req, false>, ..LINES },
    Fetch { name: "res.fhdr_cnt", needs: RES, eval: count::<Res, false>, ..LINES },
    Fetch { name: "hdr_ip", eval: ip::<Req>, ..ADDRESS },
    Fetch { name: "req.hdr_ip", eval: ip::<Req>, ..ADDRESS },
    Fetch { name: "res.hdr_ip", needs: RES, eval: ip::<Res>, ..ADDRESS },
    Fetch { name: "shdr_ip", needs: RES, eval: ip::<Res>, ..ADDRESS },
    Fetch { name: "hdr_val", eval: number::<Req>, ..NUMBER },
    Fetch { name: "req.hdr_val", eval: number::<Req>, ..NUMBER },
    Fetch { name: "res.hdr_val", needs: RES, eval: number::<Res>, ..NUMBER },
    Fetch { name: "shdr_val", needs: RES, eval: number::<Res>, ..NUMBER },
];

fn position(args: &mut Args, _: &mut Compiler<'_>) -> Result<(), String> {
    match args.int(1) {
        Some(back) if back < -HISTORY => Err(format!("the position is {back}: not more than {HISTORY} from the end")),
        _ => Ok(()),
    }
}

/// The value that is asked for; where each one is, it is the next one.
fn pick<'c, S: Side, const SPLIT: bool>(args: &'c Args, cx: &'c Context<'_>) -> Option<&'c [u8]> {
    let head = S::head(cx)?;
    let of = Of { name: Some(args.str(0)?), split: SPLIT };
    match args.int(1).unwrap_or(0) {
        0 if cx.each() => {
            let found = of.next(head, Mark::unpacked(cx.at()))?;
            if let Some(next) = of.more(head, found.next) {
                cx.more_at(next.packed());
            }
            Some(found.value)
        }
        0 => of.pick(head, -1),
        position => of.pick(head, position),
    }
}

fn text<'c, S: Side, const SPLIT: bool>(args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    pick::<S, SPLIT>(args, cx).map(Value::Str)
}

fn count<'c, S: Side, const SPLIT: bool>(args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let count = Of { name: args.str(0), split: SPLIT }.all(S::head(cx)?).count();
    Some(Value::Int(count as i64))
}

fn ip<'c, S: Side>(args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    let value = pick::<S, true>(args, cx)?;
    address(value).map(Value::from)
}

fn number<'c, S: Side>(args: &'c Args, cx: &'c Context<'_>) -> Option<Value<'c>> {
    parse_int(pick::<S, true>(args, cx)?).map(Value::Int)
}

/// An address as people write it into `X-Forwarded-For`: IPv4 with or without a port, IPv6, also in brackets.
pub(super) fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    if let Ok(address) = text.parse::<Ipv6Addr>() {
        return Some(address.into());
    }
    let (address, port) = text.split_once(':').map_or((text, None), |(address, port)| (address, Some(port)));
    if port.is_some_and(|port| port.parse::<u16>().is_err() || port.starts_with('+')) {
        return None;
    }
    address.parse::<Ipv4Addr>().ok().map(IpAddr::from)
}
