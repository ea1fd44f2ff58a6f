//! MQTT's CONNECT and CONNACK, of versions 3.1, 3.1.1 and 5.0.

use crate::args::{Arg, ArgKind, Args, Param};
use crate::{Compiler, Converter, Type, Value};

/// The rows.
pub const CONVERTERS: &[Converter] = &[
    Converter {
        name: "mqtt_is_valid",
        input: Type::Bin,
        output: Type::Bool,
        eval: |value, _, cx| match packet(value.bytes()?) {
            Ok(_) => Some(Value::Bool(true)),
            Err(Wrong::Malformed) => Some(Value::Bool(false)),
            Err(Wrong::Incomplete) => {
                cx.may_come();
                None
            }
        },
        doc: "True if a well-formed CONNECT or CONNACK of MQTT begins here. No value while the packet is incomplete.",
        ..Converter::PLAIN
    },
    Converter {
        name: "mqtt_field_value",
        params: &[Param::new("packet", ArgKind::Str), Param::new("field", ArgKind::Str)],
        input: Type::Bin,
        output: Type::Str,
        check: Some(check),
        eval: |value, args, cx| {
            let packet = packet(value.bytes()?).ok()?;
            if packet.kind != args.int(0)? {
                return None;
            }
            packet.field(args.int(1)?).map(|field| {
                Value::Str(match field {
                    Field::Bytes(bytes) => bytes,
                    Field::Number(number) => cx.arena().keep(itoa::Buffer::new().format(number).as_bytes()),
                })
            })
        },
        doc: "A field of a CONNECT or CONNACK by its name, or a property of MQTT 5.0 by its number, as text.",
    },
];

const CONNECT: i64 = 1;
const CONNACK: i64 = 2;

/// Fields that are no properties are numbered downwards from -1.
const FIELDS: &[(&str, i64, bool, bool)] = &[
    ("flags", -1, true, true),
    ("protocol_name", -2, true, false),
    ("protocol_version", -3, true, true),
    ("client_identifier", -4, true, false),
    ("will_topic", -5, true, false),
    ("will_payload", -6, true, false),
    ("username", -7, true, false),
    ("password", -8, true, false),
    ("keepalive", -9, true, false),
    ("reason_code", -10, false, true),
];

/// What a property holds.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Byte,
    Two,
    Four,
    Bytes,
    Pair,
}

/// Properties by number, with what they hold, and whether a CONNECT, its will or a CONNACK has them.
const PROPERTIES: &[(i64, Shape, &str)] = &[
    (1, Shape::Byte, "w"),
    (2, Shape::Four, "w"),
    (3, Shape::Bytes, "w"),
    (8, Shape::Bytes, "w"),
    (9, Shape::Bytes, "w"),
    (17, Shape::Four, "ca"),
    (18, Shape::Bytes, "a"),
    (19, Shape::Two, "a"),
    (21, Shape::Bytes, "ca"),
    (22, Shape::Bytes, "ca"),
    (23, Shape::Byte, "c"),
    (24, Shape::Four, "w"),
    (25, Shape::Byte, "c"),
    (26, Shape::Bytes, "a"),
    (28, Shape::Bytes, "a"),
    (31, Shape::Bytes, "a"),
    (33, Shape::Two, "ca"),
    (34, Shape::Two, "ca"),
    (36, Shape::Byte, "a"),
    (37, Shape::Byte, "a"),
    (38, Shape::Pair, "cwa"),
    (39, Shape::Four, "ca"),
    (40, Shape::Byte, "a"),
    (41, Shape::Byte, "a"),
    (42, Shape::Byte, "a"),
];

fn check(args: &mut Args, _: &mut Compiler<'_>) -> Result<(), String> {
    let text = |at| String::from_utf8_lossy(args.str(at).unwrap_or_default()).to_ascii_lowercase();
    let (packet, field) = (text(0), text(1));
    let kind = match packet.as_str() {
        "connect" | "1" => CONNECT,
        "connack" | "2" => CONNACK,
        _ => return Err(format!("`{packet}` is neither `connect` nor `connack`")),
    };
    let has = |connect, connack| if kind == CONNECT { connect } else { connack };
    let named =
        FIELDS.iter().find(|(name, ..)| *name == field).filter(|(.., connect, connack)| has(*connect, *connack));
    let places = if kind == CONNECT { ['c', 'w'] } else { ['a', 'a'] };
    let number: Option<i64> = field.parse().ok();
    let numbered = PROPERTIES.iter().find(|(id, _, there)| Some(*id) == number && there.contains(places));
    let id = named.map(|(_, id, ..)| *id).or(numbered.map(|(id, ..)| *id));
    args.0[1] = Arg::Int(id.ok_or_else(|| format!("`{field}` is neither a field nor a property of this packet"))?);
    args.0[0] = Arg::Int(kind);
    Ok(())
}

enum Wrong {
    Incomplete,
    Malformed,
}

enum Field<'p> {
    Number(u32),
    Bytes(&'p [u8]),
}

/// What was read of a packet.
#[derive(Default)]
struct Packet<'p> {
    kind: i64,
    numbers: [(i64, Option<u32>); 4],
    texts: [(i64, Option<&'p [u8]>); 6],
    properties: &'p [u8],
    will: &'p [u8],
}

impl<'p> Packet<'p> {
    fn field(&self, id: i64) -> Option<Field<'p>> {
        if id > 0 {
            return property(self.properties, id).or_else(|| property(self.will, id));
        }
        let number = self.numbers.iter().find(|(have, _)| *have == id).and_then(|(_, number)| *number);
        let text = self.texts.iter().find(|(have, _)| *have == id).and_then(|(_, text)| *text);
        number.map(Field::Number).or(text.map(Field::Bytes))
    }
}

fn packet(bytes: &[u8]) -> Result<Packet<'_>, Wrong> {
    let mut all = Reader(bytes);
    let kind = match all.byte().ok_or(Wrong::Incomplete)? {
        0x10 => CONNECT,
        0x20 => CONNACK,
        _ => return Err(Wrong::Malformed),
    };
    let long = all.0.len() >= 4;
    let length = all.length().ok_or(if long { Wrong::Malformed } else { Wrong::Incomplete })?;
    let mut body = Reader(all.0.get(..length).ok_or(Wrong::Incomplete)?);
    let packet = if kind == CONNECT { connect(&mut body) } else { connack(&mut body) };
    packet.ok_or(Wrong::Malformed)
}

fn connect<'p>(body: &mut Reader<'p>) -> Option<Packet<'p>> {
    let (name, version, flags, keepalive) = (body.text()?, body.byte()?, body.byte()?, body.two()?);
    match (name, version) {
        (b"MQIsdp", 3) | (b"MQTT", 4 | 5) => {}
        _ => return None,
    }
    if flags & 1 != 0 {
        return None;
    }
    let properties = if version == 5 { body.properties("c")? } else { &[] };
    let client = body.text()?;
    let has = |bit: u8| flags & bit != 0;
    let will = if has(4) && version == 5 { body.properties("w")? } else { &[] };
    let mut text = |there: bool| -> Option<Option<&'p [u8]>> { if there { body.text().map(Some) } else { Some(None) } };
    let texts = [
        (-2, Some(name)),
        (-4, Some(client)),
        (-5, text(has(4))?),
        (-6, text(has(4))?),
        (-7, text(has(0x80))?),
        (-8, text(has(0x40))?),
    ];
    let numbers = [(-1, Some(flags.into())), (-3, Some(version.into())), (-9, Some(keepalive)), (0, None)];
    Some(Packet { kind: CONNECT, numbers, texts, properties, will })
}

/// The version is not written in it: without properties it is 3.1.1.
fn connack<'p>(body: &mut Reader<'p>) -> Option<Packet<'p>> {
    let (flags, code) = (body.byte()?, body.byte()?);
    if flags > 1 {
        return None;
    }
    let (version, properties) = if body.0.is_empty() { (4, &[][..]) } else { (5, body.properties("a")?) };
    let numbers = [(-1, Some(flags.into())), (-3, Some(version)), (-10, Some(code.into())), (0, None)];
    Some(Packet { kind: CONNACK, numbers, properties, ..Packet::default() })
}

fn property(bytes: &[u8], wanted: i64) -> Option<Field<'_>> {
    let mut reader = Reader(bytes);
    loop {
        let id = i64::from(reader.byte()?);
        let (_, shape, _) = PROPERTIES.iter().find(|(have, ..)| *have == id)?;
        let field = reader.value(*shape)?;
        if id == wanted && *shape != Shape::Pair {
            return Some(field);
        }
    }
}

/// What is not read yet.
struct Reader<'p>(&'p [u8]);

impl<'p> Reader<'p> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn take(&mut self, length: usize) -> Option<&'p [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn two(&mut self) -> Option<u32> {
        Some(u32::from(self.byte()?) << 8 | u32::from(self.byte()?))
    }

    /// Two bytes of length, and so many bytes.
    fn text(&mut self) -> Option<&'p [u8]> {
        let length = self.two()?;
        self.take(length as usize)
    }

    /// Seven bits a byte, the lowest first, four bytes at most.
    fn length(&mut self) -> Option<usize> {
        let mut length = 0;
        for at in 0..4 {
            let byte = self.byte()?;
            length |= usize::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                return Some(length);
            }
        }
        None
    }

    fn value(&mut self, shape: Shape) -> Option<Field<'p>> {
        Some(match shape {
            Shape::Byte => Field::Number(self.byte()?.into()),
            Shape::Two => Field::Number(self.two()?),
            Shape::Four => Field::Number(self.two()? << 16 | self.two()?),
            Shape::Bytes => Field::Bytes(self.text()?),
            Shape::Pair => {
                self.text()?;
                Field::Bytes(self.text()?)
            }
        })
    }

    /// All properties, if each may be here.
    fn properties(&mut self, place: &str) -> Option<&'p [u8]> {
        let length = self.length()?;
        let all = self.take(length)?;
        let mut reader = Reader(all);
        while let Some(id) = reader.byte() {
            let known = PROPERTIES.iter().find(|(have, _, places)| *have == i64::from(id) && places.contains(place));
            reader.value(known?.1)?;
        }
        Some(all)
    }
}
