//! `%{+Q,-X}`: how an item, or behind `%o` each that follows, is written.

/// The flags of an item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    /// In double quotes.
    pub quote: bool,
    /// Addresses and some numbers in hexadecimal.
    pub hex: bool,
    /// `"`, `\` and `]` behind a `\`.
    pub escape: bool,
    /// What is missing is `-`.
    pub mandatory: bool,
    /// As a value of JSON.
    pub json: bool,
    /// In which text of other scripts stays readable.
    pub utf8: bool,
    /// As a value of CBOR.
    pub cbor: bool,
    /// Bytes as they are.
    pub binary: bool,
}

/// A flag: its name, and the field that it switches.
type Flag = (&'static str, fn(&mut Flags) -> &mut bool);

/// All of them.
const FLAGS: &[Flag] = &[
    ("Q", |flags| &mut flags.quote),
    ("X", |flags| &mut flags.hex),
    ("E", |flags| &mut flags.escape),
    ("M", |flags| &mut flags.mandatory),
    ("json", |flags| &mut flags.json),
    ("utf8", |flags| &mut flags.utf8),
    ("cbor", |flags| &mut flags.cbor),
    ("bin", |flags| &mut flags.binary),
];

impl Flags {
    /// Switches one: `+Q`, `-Q`. The error says what is wrong, and what else could be meant.
    pub fn switch(&mut self, text: &str) -> Result<(), (String, String)> {
        let (on, name) = match text.split_at_checked(1) {
            Some(("+", name)) => (true, name),
            Some(("-", name)) => (false, name),
            _ => {
                let told = format!("`{text}` is no flag: flags are switched on by + and off by -");
                return Err((told, format!("it is written `+{text}` or `-{text}`")));
            }
        };
        let Some((_, field)) = FLAGS.iter().find(|(known, _)| *known == name) else {
            let names: Vec<&str> = FLAGS.iter().map(|(name, _)| *name).collect();
            let told = format!("no flag is called `{name}`");
            return Err((told, format!("there are {}; several are parted by commas", names.join(", "))));
        };
        *field(self) = on;
        Ok(())
    }

    /// The encoding that they ask for.
    pub const fn encoding(self) -> Option<Encoding> {
        match (self.json, self.cbor) {
            (true, _) => Some(Encoding::Json { utf8: self.utf8 }),
            (_, true) => Some(Encoding::Cbor),
            _ => None,
        }
    }
}

/// How values are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// RFC 8259, in printable ASCII unless other scripts are let through.
    Json { utf8: bool },
    /// RFC 8949, shown in hexadecimal unless it may be binary.
    Cbor,
}

/// The type that a value gets in JSON or CBOR: `%(name:type)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cast {
    Str,
    Int,
    Bool,
    /// The one it has.
    Raw,
}

impl Cast {
    /// All of them.
    pub const ALL: [(&'static str, Self); 4] =
        [("str", Self::Str), ("sint", Self::Int), ("bool", Self::Bool), ("raw", Self::Raw)];
}
