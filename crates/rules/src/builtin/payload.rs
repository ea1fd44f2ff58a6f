//! Fetches that look at bytes that wait, whatever protocol they are of; and at RDP's cookie, which is of none here.
//!
//! What is not here yet may come; where a value may still grow, it is given, and a condition on it waits as long as it does not hold.

use crate::args::{Arg, ArgKind, Args, Param};
use crate::fact::{Needs, Slot};
use crate::value::parse_int;
use crate::waiting::{Download, Upload};
use crate::{Compiler, Context, Fetch, Type, Value};

/// No buffer is larger: what ends behind it is not waited for.
const MOST: usize = 56 << 10;

const UPLOAD: Needs = Needs::All(&[Slot::Upload]);
const DOWNLOAD: Needs = Needs::All(&[Slot::Download]);
const EITHER: Needs = Needs::OneOf(&[Slot::Upload, Slot::Download]);

/// The rows.
pub const FETCHES: &[Fetch] = &[
    REQ_LEN,
    Fetch { name: "req_len", ..REQ_LEN },
    Fetch {
        name: "res.len",
        output: Type::Int,
        needs: DOWNLOAD,
        eval: |_, cx| length(download(cx)?, cx),
        doc: "How many bytes of the server wait.",
        ..Fetch::PLAIN
    },
    REQ_PAYLOAD,
    Fetch {
        name: "res.payload",
        needs: DOWNLOAD,
        eval: |args, cx| payload(download(cx)?, args, cx),
        doc: "Bytes of the server that wait: so many behind an offset, or all behind it if the length is 0.",
        ..REQ_PAYLOAD
    },
    Fetch {
        name: "payload",
        needs: EITHER,
        eval: |args, cx| payload(either(cx)?, args, cx),
        doc: "`req.payload` for requests, `res.payload` for responses.",
        ..REQ_PAYLOAD
    },
    REQ_PAYLOAD_LV,
    Fetch {
        name: "res.payload_lv",
        needs: DOWNLOAD,
        eval: |args, cx| payload_lv(download(cx)?, args, cx),
        doc: "Bytes of the server that wait, as many as a number before them says.",
        ..REQ_PAYLOAD_LV
    },
    Fetch {
        name: "payload_lv",
        needs: EITHER,
        eval: |args, cx| payload_lv(either(cx)?, args, cx),
        doc: "`req.payload_lv` for requests, `res.payload_lv` for responses.",
        ..REQ_PAYLOAD_LV
    },
    RDP_COOKIE,
    Fetch { name: "rdp_cookie", ..RDP_COOKIE },
    Fetch { name: "req_rdp_cookie", ..RDP_COOKIE },
    RDP_COOKIE_COUNT,
    Fetch { name: "rdp_cookie_cnt", ..RDP_COOKIE_COUNT },
    Fetch { name: "req_rdp_cookie_cnt", ..RDP_COOKIE_COUNT },
    Fetch {
        name: "wait_end",
        output: Type::Bool,
        eval: |_, cx| {
            cx.may_come();
            (!cx.waits()).then_some(Value::Bool(true))
        },
        doc: "True as soon as nothing more is waited for: at the end of `inspect-delay`, or when no more bytes will come.",
        ..Fetch::PLAIN
    },
];

const REQ_LEN: Fetch = Fetch {
    name: "req.len",
    output: Type::Int,
    needs: UPLOAD,
    eval: |_, cx| length(upload(cx)?, cx),
    doc: "How many bytes of the client wait.",
    ..Fetch::PLAIN
};

const REQ_PAYLOAD: Fetch = Fetch {
    name: "req.payload",
    params: &[Param::new("offset", ArgKind::Int), Param::new("length", ArgKind::Int)],
    output: Type::Bin,
    needs: UPLOAD,
    check: Some(payload_args),
    eval: |args, cx| payload(upload(cx)?, args, cx),
    doc: "Bytes of the client that wait: so many behind an offset, or all behind it if the length is 0.",
    ..Fetch::PLAIN
};

const REQ_PAYLOAD_LV: Fetch = Fetch {
    name: "req.payload_lv",
    params: &[
        Param::new("offset1", ArgKind::Int),
        Param::new("length", ArgKind::Int),
        Param::optional("offset2", ArgKind::Str),
    ],
    output: Type::Bin,
    needs: UPLOAD,
    check: Some(payload_lv_args),
    eval: |args, cx| payload_lv(upload(cx)?, args, cx),
    doc: "Bytes of the client that wait, as many as a number before them says: `offset1` and `length` are where that number is, `offset2` is \
          where the bytes are, with a sign counted from behind the number.",
    ..Fetch::PLAIN
};

const RDP_COOKIE: Fetch = Fetch {
    name: "req.rdp_cookie",
    params: &[Param::optional("name", ArgKind::Str)],
    output: Type::Str,
    needs: UPLOAD,
    eval: |args, cx| rdp_cookie(upload(cx)?, args.str(0).unwrap_or_default(), cx).map(Value::Str),
    doc: "The cookie of RDP's first message, if it has this name.",
    ..Fetch::PLAIN
};

const RDP_COOKIE_COUNT: Fetch = Fetch {
    name: "req.rdp_cookie_cnt",
    output: Type::Int,
    eval: |args, cx| {
        let found = rdp_cookie(upload(cx)?, args.str(0).unwrap_or_default(), cx).is_some();
        (!cx.waits()).then_some(Value::Int(i64::from(found)))
    },
    doc: "1 if there is such a cookie, otherwise 0.",
    ..RDP_COOKIE
};

fn upload<'c>(cx: &'c Context<'_>) -> Option<&'c [u8]> {
    cx.fact::<Upload>().map(Upload::waiting)
}

fn download<'c>(cx: &'c Context<'_>) -> Option<&'c [u8]> {
    cx.fact::<Download>().map(Download::waiting)
}

fn either<'c>(cx: &'c Context<'_>) -> Option<&'c [u8]> {
    if cx.place().is_response() { download(cx) } else { upload(cx) }
}

fn length<'c>(bytes: &[u8], cx: &Context<'_>) -> Option<Value<'c>> {
    cx.may_come();
    Some(Value::Int(bytes.len() as i64))
}

/// Bytes that are there, or may come: not where no buffer reaches.
fn within<'c>(bytes: &'c [u8], from: usize, count: usize, cx: &Context<'_>) -> Option<&'c [u8]> {
    let to = from.checked_add(count).filter(|to| *to <= MOST)?;
    let found = bytes.get(from..to);
    if found.is_none() {
        cx.may_come();
    }
    found
}

fn payload<'c>(bytes: &'c [u8], args: &Args, cx: &Context<'_>) -> Option<Value<'c>> {
    let from = usize::try_from(args.int(0)?).ok()?;
    let count = usize::try_from(args.int(1)?).ok()?;
    let found = within(bytes, from, count, cx)?;
    if count > 0 {
        return Some(Value::Bin(found));
    }
    cx.may_come();
    bytes.get(from..).map(Value::Bin)
}

fn payload_args(args: &mut Args, _: &mut Compiler<'_>) -> Result<(), String> {
    match (args.int(0), args.int(1)) {
        (Some(0..), Some(0..)) => Ok(()),
        (Some(0..), _) => Err(String::from("a length cannot be negative")),
        _ => Err(String::from("an offset cannot be negative")),
    }
}

fn payload_lv<'c>(bytes: &'c [u8], args: &Args, cx: &Context<'_>) -> Option<Value<'c>> {
    let from = usize::try_from(args.int(0)?).ok()?;
    let size = usize::try_from(args.int(1)?).ok()?;
    let number = within(bytes, from, size, cx)?;
    // Only the last four bytes of a number that is longer count.
    let count = number.iter().fold(0_u32, |count, byte| count << 8 | u32::from(*byte));
    let from = match args.0.get(2) {
        Some(Arg::Int(absolute)) => *absolute,
        Some(Arg::Object(_)) => i64::try_from(from + size).ok()?.checked_add(*args.object::<i64>(2)?)?,
        _ => i64::try_from(from + size).ok()?,
    };
    if count == 0 {
        return None;
    }
    within(bytes, usize::try_from(from).ok()?, usize::try_from(count).ok()?, cx).map(Value::Bin)
}

/// Makes a number of the second offset: an absolute one stays one, a relative one is an object.
fn payload_lv_args(args: &mut Args, _: &mut Compiler<'_>) -> Result<(), String> {
    let (Some(from @ 0..), Some(size)) = (args.int(0), args.int(1)) else {
        return Err(String::from("an offset cannot be negative"));
    };
    if !(1..=MOST as i64).contains(&size) || from > MOST as i64 {
        return Err(String::from("a length of at least 1 byte is looked at, within the buffer"));
    }
    let Some(text) = args.str(2) else { return Ok(()) };
    let digits = text.strip_prefix(b"+").or_else(|| text.strip_prefix(b"-")).unwrap_or(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        let text = String::from_utf8_lossy(text);
        return Err(format!("`{text}` is not an offset: a number, with a sign if it counts from behind the length"));
    }
    let offset = parse_int(text).unwrap_or_default();
    args.0[2] = if digits.len() == text.len() {
        Arg::Int(offset)
    } else if from + size + offset.max(-(MOST as i64) * 4) < 0 {
        return Err(String::from("this offset is before the first byte"));
    } else {
        Arg::Object(std::sync::Arc::new(offset))
    };
    Ok(())
}

/// Where the cookie begins in a connection request: behind the headers of TPKT and X.224 ([MS-RDPBCGR], section 2.2.1.1).
const COOKIE_AT: usize = 11;

fn rdp_cookie<'c>(bytes: &'c [u8], name: &[u8], cx: &Context<'_>) -> Option<&'c [u8]> {
    const KEYWORD: &[u8] = b"Cookie:";
    let Some(rest) = bytes.get(COOKIE_AT..).filter(|rest| rest.len() > KEYWORD.len()) else {
        cx.may_come();
        return None;
    };
    let (keyword, rest) = rest.split_at_checked(KEYWORD.len())?;
    if !keyword.eq_ignore_ascii_case(KEYWORD) {
        return None;
    }
    let rest = &rest[rest.iter().take_while(|byte| **byte == b' ').count()..];
    let ends_name = |byte: &u8| matches!(byte, b'=' | b'\r' | b'\n');
    let length = if name.is_empty() { rest.iter().position(ends_name) } else { Some(name.len()) };
    let Some((found, value)) = length.and_then(|length| rest.split_at_checked(length)) else {
        cx.may_come();
        return None;
    };
    let Some((equals, value)) = value.split_first() else {
        cx.may_come();
        return None;
    };
    if *equals != b'=' || !(name.is_empty() || found.eq_ignore_ascii_case(name)) {
        return None;
    }
    let end = value.iter().position(|byte| *byte == b'\r');
    let Some((cookie, &[_, line_feed, ..])) = end.and_then(|end| value.split_at_checked(end)) else {
        cx.may_come();
        return None;
    };
    (line_feed == b'\n').then_some(cookie)
}
