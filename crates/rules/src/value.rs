//! Samples: typed values, and how one type becomes another (configuration manual, section 7).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::Arena;

/// What kind of value an expression gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// Known only when it is there.
    Any,
    /// True or false.
    Bool,
    /// A signed integer of 64 bits.
    Int,
    /// An IPv4 or IPv6 address.
    Addr,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// Text.
    Str,
    /// Bytes that are no text.
    Bin,
    /// An HTTP method.
    Method,
}

impl Type {
    /// Its name in messages, as in HAProxy's manual.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Bool => "boolean",
            Self::Int => "integer",
            Self::Addr => "address",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Str => "string",
            Self::Bin => "binary",
            Self::Method => "method",
        }
    }

    /// Whether there is any way from one to the other. A value may still fail on it.
    #[must_use]
    pub fn casts_to(self, to: Self) -> bool {
        use Type::{Addr, Any, Bin, Bool, Int, Ipv4, Ipv6, Method, Str};
        match (self, to) {
            (Any, _) | (_, Any) => true,
            (have, want) if have == want => true,
            (Bool, Int | Str | Bin) => true,
            (Int, Bool | Addr | Ipv4 | Ipv6 | Str | Bin) => true,
            // It may be an IPv4 address, which is a number.
            (Addr, Int | Ipv4 | Ipv6 | Str | Bin) => true,
            (Ipv4, Int | Addr | Ipv6 | Str | Bin) => true,
            (Ipv6, Addr | Ipv4 | Str | Bin) => true,
            (Str, Bool | Int | Addr | Ipv4 | Ipv6 | Bin | Method) => true,
            (Bin, Str | Method) => true,
            (Method, Str | Bin) => true,
            _ => false,
        }
    }
}

/// A value that borrows its bytes from a fact or from the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'v> {
    /// True or false.
    Bool(bool),
    /// A number.
    Int(i64),
    /// An IPv4 address.
    Ipv4(Ipv4Addr),
    /// An IPv6 address.
    Ipv6(Ipv6Addr),
    /// Text, of any bytes.
    Str(&'v [u8]),
    /// Bytes.
    Bin(&'v [u8]),
    /// A method's name.
    Method(&'v [u8]),
}

impl From<IpAddr> for Value<'_> {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::Ipv4(address),
            IpAddr::V6(address) => Self::Ipv6(address),
        }
    }
}

impl<'v> Value<'v> {
    /// Its type.
    #[must_use]
    pub const fn kind(&self) -> Type {
        match self {
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Ipv4(_) => Type::Ipv4,
            Self::Ipv6(_) => Type::Ipv6,
            Self::Str(_) => Type::Str,
            Self::Bin(_) => Type::Bin,
            Self::Method(_) => Type::Method,
        }
    }

    /// As another type. `None`: this value cannot be one.
    #[must_use]
    pub fn cast(self, to: Type, arena: &'v Arena) -> Option<Self> {
        if to == Type::Any || self.kind() == to {
            return Some(self);
        }
        match to {
            Type::Any => Some(self),
            Type::Bool => match self {
                Self::Int(_) | Self::Str(_) => self.int().map(|number| Self::Bool(number != 0)),
                _ => None,
            },
            Type::Int => self.int().map(Self::Int),
            Type::Addr => match self {
                Self::Ipv4(_) | Self::Ipv6(_) => Some(self),
                Self::Int(_) => self.cast(Type::Ipv4, arena),
                Self::Str(text) => read_address(text).map(Self::from),
                _ => None,
            },
            Type::Ipv4 => match self {
                Self::Int(number) => Some(Self::Ipv4(Ipv4Addr::from_bits(number as u32))),
                Self::Ipv6(address) => embedded(address).map(Self::Ipv4),
                Self::Str(text) => match read_address(text)? {
                    IpAddr::V4(address) => Some(Self::Ipv4(address)),
                    IpAddr::V6(_) => None,
                },
                _ => None,
            },
            Type::Ipv6 => match self {
                Self::Int(number) => Some(Self::Ipv6(Ipv4Addr::from_bits(number as u32).to_ipv6_mapped())),
                Self::Ipv4(address) => Some(Self::Ipv6(address.to_ipv6_mapped())),
                Self::Str(text) => match read_address(text)? {
                    IpAddr::V6(address) => Some(Self::Ipv6(address)),
                    IpAddr::V4(_) => None,
                },
                _ => None,
            },
            Type::Str => self.text(arena).map(Self::Str),
            Type::Bin => match self {
                Self::Str(bytes) | Self::Method(bytes) => Some(Self::Bin(bytes)),
                Self::Bool(_) | Self::Int(_) => Some(Self::Bin(arena.keep(&self.int()?.to_be_bytes()))),
                Self::Ipv4(address) => Some(Self::Bin(arena.keep(&address.octets()))),
                Self::Ipv6(address) => Some(Self::Bin(arena.keep(&address.octets()))),
                _ => None,
            },
            Type::Method => match self {
                Self::Str(bytes) | Self::Bin(bytes) => Some(Self::Method(bytes)),
                _ => None,
            },
        }
    }

    /// As a number.
    #[must_use]
    pub fn int(&self) -> Option<i64> {
        match self {
            Self::Bool(yes) => Some(i64::from(*yes)),
            Self::Int(number) => Some(*number),
            Self::Ipv4(address) => Some(i64::from(address.to_bits())),
            Self::Str([]) => None,
            Self::Str(text) => parse_int(text),
            _ => None,
        }
    }

    /// As text.
    #[must_use]
    pub fn text(self, arena: &'v Arena) -> Option<&'v [u8]> {
        Some(match self {
            Self::Bool(yes) => {
                if yes {
                    b"1"
                } else {
                    b"0"
                }
            }
            Self::Int(number) => arena.keep(itoa::Buffer::new().format(number).as_bytes()),
            Self::Ipv4(address) => arena.keep(address.to_string().as_bytes()),
            Self::Ipv6(address) => arena.keep(ipv6_text(address).as_bytes()),
            Self::Str(bytes) | Self::Method(bytes) => bytes,
            // As far as it is text: up to the first NUL.
            Self::Bin(bytes) => &bytes[..memchr::memchr(0, bytes).unwrap_or(bytes.len())],
        })
    }

    /// The bytes of what has bytes.
    #[must_use]
    pub const fn bytes(&self) -> Option<&'v [u8]> {
        match self {
            Self::Str(bytes) | Self::Bin(bytes) | Self::Method(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// A copy that lasts.
    #[must_use]
    pub fn store(&self) -> Stored {
        match *self {
            Self::Bool(yes) => Stored::Bool(yes),
            Self::Int(number) => Stored::Int(number),
            Self::Ipv4(address) => Stored::Ipv4(address),
            Self::Ipv6(address) => Stored::Ipv6(address),
            Self::Str(bytes) => Stored::Str(bytes.into()),
            Self::Bin(bytes) => Stored::Bin(bytes.into()),
            Self::Method(bytes) => Stored::Method(bytes.into()),
        }
    }
}

/// A value that owns its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// True or false.
    Bool(bool),
    /// A number.
    Int(i64),
    /// An IPv4 address.
    Ipv4(Ipv4Addr),
    /// An IPv6 address.
    Ipv6(Ipv6Addr),
    /// Text.
    Str(Box<[u8]>),
    /// Bytes.
    Bin(Box<[u8]>),
    /// A method's name.
    Method(Box<[u8]>),
}

impl Stored {
    /// The value, borrowed.
    #[must_use]
    pub const fn value(&self) -> Value<'_> {
        match self {
            Self::Bool(yes) => Value::Bool(*yes),
            Self::Int(number) => Value::Int(*number),
            Self::Ipv4(address) => Value::Ipv4(*address),
            Self::Ipv6(address) => Value::Ipv6(*address),
            Self::Str(bytes) => Value::Str(bytes),
            Self::Bin(bytes) => Value::Bin(bytes),
            Self::Method(bytes) => Value::Method(bytes),
        }
    }

    /// Bytes beside the value itself, for the limits on variables.
    #[must_use]
    pub const fn extra(&self) -> usize {
        match self {
            Self::Str(bytes) | Self::Bin(bytes) | Self::Method(bytes) => bytes.len(),
            _ => 0,
        }
    }
}

/// Digits with an optional sign at the beginning of a text, as far as they go; what follows is passed over, as in HAProxy. Saturates.
#[must_use]
pub fn parse_int(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let mut number = 0_i64;
    for byte in digits.iter().take_while(|byte| byte.is_ascii_digit()) {
        let digit = i64::from(byte - b'0');
        number = number.saturating_mul(10);
        number = if negative { number.saturating_sub(digit) } else { number.saturating_add(digit) };
    }
    Some(number)
}

/// An address of either family, and nothing else.
#[must_use]
pub fn parse_address(text: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// As inet_ntop(3) writes it: the last four bytes of an address that begins with twelve zeroes are an IPv4 address.
fn ipv6_text(address: Ipv6Addr) -> String {
    match address.octets() {
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d] if (a, b) != (0, 0) => format!("::{a}.{b}.{c}.{d}"),
        _ => address.to_string(),
    }
}

/// An address in a value: as HAProxy reads it, a dotted quad ends at the first byte that does not belong to it, and an IPv6 address at a NUL.
fn read_address(text: &[u8]) -> Option<IpAddr> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.').unwrap_or(text.len());
    if let Some(address) = quad(text.get(..end)?) {
        return Some(IpAddr::V4(address));
    }
    let text = &text[..memchr::memchr(0, text).unwrap_or(text.len())];
    std::str::from_utf8(text).ok()?.parse().ok().map(IpAddr::V6)
}

/// Four numbers below 256; zeroes may stand before them.
fn quad(text: &[u8]) -> Option<Ipv4Addr> {
    let mut octets = text.split(|byte| *byte == b'.').map(|part| {
        let number = part.iter().try_fold(0_u8, |sum, digit| sum.checked_mul(10)?.checked_add(digit - b'0'));
        number.filter(|_| !part.is_empty())
    });
    let address = Ipv4Addr::new(octets.next()??, octets.next()??, octets.next()??, octets.next()??);
    octets.next().is_none().then_some(address)
}

/// The IPv4 address inside an IPv6 one, `::ffff:a.b.c.d` (RFC 4291). Other ways of embedding are addresses of their own.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    address.to_ipv4_mapped()
}
