//! Converters of numbers. What would overflow stays at the limit, as in HAProxy.

use super::operand::{check_number, number};
use crate::args::{ArgKind, Param};
use crate::{Converter, Type, Value};

const VALUE: &[Param] = &[Param::new("value", ArgKind::Str)];

/// A row that takes a number and a second one, given as an argument.
const TWO: Converter =
    Converter { params: VALUE, input: Type::Int, output: Type::Int, check: Some(check_number), ..Converter::PLAIN };

/// A row that takes a number.
const ONE: Converter = Converter { input: Type::Int, output: Type::Int, ..Converter::PLAIN };

/// A row that takes a number and says yes or no.
const TEST: Converter = Converter { input: Type::Int, output: Type::Bool, ..Converter::PLAIN };

macro_rules! two {
    ($of:expr) => {
        |value, args, cx| {
            let of: fn(i64, i64) -> i64 = $of;
            Some(Value::Int(of(value.int()?, number(args, cx)?)))
        }
    };
}

macro_rules! test {
    ($of:expr) => {
        |value, _, _| {
            let of: fn(i64) -> bool = $of;
            Some(Value::Bool(of(value.int()?)))
        }
    };
}

/// The rows.
pub const CONVERTERS: &[Converter] = &[
    Converter {
        name: "add",
        eval: two!(i64::saturating_add),
        doc: "Adds a number, or a variable's. Stays within 64 bits.",
        ..TWO
    },
    Converter {
        name: "sub",
        eval: two!(i64::saturating_sub),
        doc: "Takes a number away. Stays within 64 bits.",
        ..TWO
    },
    Converter { name: "mul", eval: two!(i64::saturating_mul), doc: "Multiplies. Stays within 64 bits.", ..TWO },
    Converter {
        name: "div",
        eval: two!(divided),
        doc: "Divides, towards zero; by zero gives the largest number.",
        ..TWO
    },
    Converter {
        name: "mod",
        eval: two!(|left, right| left.checked_rem(right).unwrap_or(0)),
        doc: "The rest of a division, with the sign of the input; 0 when divided by zero.",
        ..TWO
    },
    Converter { name: "and", eval: two!(|left, right| left & right), doc: "The bits that both have.", ..TWO },
    Converter { name: "or", eval: two!(|left, right| left | right), doc: "The bits that either has.", ..TWO },
    Converter { name: "xor", eval: two!(|left, right| left ^ right), doc: "The bits that one of the two has.", ..TWO },
    Converter {
        name: "neg",
        eval: |value, _, _| Some(Value::Int(value.int()?.saturating_neg())),
        doc: "The number with the other sign.",
        ..ONE
    },
    Converter {
        name: "cpl",
        eval: |value, _, _| Some(Value::Int(!value.int()?)),
        doc: "Every bit turned over.",
        ..ONE
    },
    Converter { name: "bool", eval: test!(|number| number != 0), doc: "True unless the number is 0.", ..TEST },
    Converter { name: "not", eval: test!(|number| number == 0), doc: "True if the number is 0.", ..TEST },
    Converter { name: "odd", eval: test!(|number| number & 1 == 1), doc: "True if the number is odd.", ..TEST },
    Converter { name: "even", eval: test!(|number| number & 1 == 0), doc: "True if the number is even.", ..TEST },
];

/// The smallest number divided by -1 is one more than the largest: it stays there too.
fn divided(left: i64, right: i64) -> i64 {
    match right {
        0 => i64::MAX,
        _ => left.checked_div(right).unwrap_or(i64::MAX),
    }
}
