//! The codes of this crate's own findings, and the row that explains one; owners' semantic checks bring their own rows.

/// A code, and what `lb explain` says about it.
#[derive(Debug)]
pub struct Code {
    /// The slug.
    pub code: &'static str,
    /// What it says, in one sentence.
    pub text: &'static str,
    /// How it comes about.
    pub cause: &'static str,
    /// What is behind it most often.
    pub likely: &'static [&'static str],
    /// What to do.
    pub change: &'static [&'static str],
}

/// The text is not YAML, or uses a part of YAML that is refused.
pub const SYNTAX: &str = "config.syntax";
/// YAML reads the text differently from what was meant, or readers disagree about it.
pub const NEEDS_QUOTES: &str = "config.needs-quotes";
/// A key stands twice in one map.
pub const DUPLICATE_KEY: &str = "config.duplicate-key";
/// A `${VAR}` without default whose variable is not set.
pub const UNSET_VARIABLE: &str = "config.unset-variable";
/// A key that nobody reads.
pub const UNKNOWN_KEY: &str = "config.unknown-key";
/// A required key is absent.
pub const MISSING_KEY: &str = "config.missing-key";
/// A list where a number should be, and the like.
pub const WRONG_TYPE: &str = "config.wrong-type";
/// The right type, but not a possible value.
pub const BAD_VALUE: &str = "config.bad-value";
/// The file is too large, too deep or expands to too much.
pub const LIMIT: &str = "config.limit";
/// There are more findings than are shown.
pub const TOO_MANY: &str = "config.too-many-errors";

/// Every code of this crate.
pub const CODES: &[Code] = &[
    Code {
        code: SYNTAX,
        text: "The text is not YAML, or uses a part of YAML that is refused.",
        cause: "The file is read as YAML 1.2. The parser could not go on here, or it met something that is not used in configurations: \
                tags (`!name`), merge keys (`<<`), a second document, control characters.",
        likely: &[
            "keys of one map do not begin in the same column",
            "a tab in the indentation",
            "a bracket or a quote is opened and not closed: the mistake stands above the place that is shown",
            "a `:` or the `- ` of a list item is missing",
        ],
        change: &["look at the line that is shown and at the one before it", "indent with spaces, two for each level"],
    },
    Code {
        code: NEEDS_QUOTES,
        text: "YAML reads this value differently from what was meant.",
        cause: "Some characters mean something to YAML at the beginning of a value (`*`, `[`, `{`, `%`, `@`, `!`, `&`, `|`, `>`, `` ` ``) or \
                inside one (`: `, ` #`), and some words are read as different things by different readers (`on`, `yes`, `08`).",
        likely: &[
            "an address such as *:80 or [::1]:80",
            "a format such as %[src]",
            "`on` or `off` where `true` or `false` is meant",
        ],
        change: &["put quotes around the value, as the message shows", "write `true` and `false`"],
    },
    Code {
        code: DUPLICATE_KEY,
        text: "A key or a name stands twice.",
        cause: "Each key may stand once in a map. The maps of several files are joined: a name that two of them define, or a value under \
                `global` or `defaults` that two of them give, is one too many, since neither order would be right.",
        likely: &[
            "a block was copied and its name was not changed",
            "two files of a directory define the same thing",
            "a listen has the name of a frontend or a backend",
        ],
        change: &["rename one of the two places that are shown, or remove it"],
    },
    Code {
        code: UNSET_VARIABLE,
        text: "A variable of the environment is not set.",
        cause: "`${NAME}` is replaced by the variable NAME of the environment in which lb runs. It has none, and the file gives no default.",
        likely: &["the service manager does not pass the variable on", "the name is misspelt"],
        change: &["set the variable", "give a default: `${NAME:-value}`", "write `$${` where `${` itself is meant"],
    },
    Code {
        code: UNKNOWN_KEY,
        text: "Nobody reads this key.",
        cause: "Keys are compared with those that exist at this place. One that would be passed over in silence could be a limit or a rule that is \
                then not applied, so it is an error.",
        likely: &[
            "a misspelling",
            "the key belongs to another section",
            "the indentation puts it under the wrong parent",
        ],
        change: &["take the spelling that is suggested", "look the key up in docs/reference/keys.md"],
    },
    Code {
        code: MISSING_KEY,
        text: "A required key is absent.",
        cause: "This map cannot mean anything without that key.",
        likely: &["the key stands one level too deep or too high", "the line was left out"],
        change: &["add the key at the place that is shown"],
    },
    Code {
        code: WRONG_TYPE,
        text: "The value has the wrong type.",
        cause: "Each key wants text, a number, `true` or `false`, a list or a map. What stands here is something else.",
        likely: &[
            "a number in quotes, or text that looks like a number without them",
            "a list where one value is wanted",
            "text with `: ` in it, which YAML reads as a map",
        ],
        change: &["write what the message expects; where quotes help, it shows them"],
    },
    Code {
        code: BAD_VALUE,
        text: "The value has the right type and is still not possible.",
        cause: "The text or number was understood and is outside of what this key allows: a range, a list of words, a form with a unit.",
        likely: &[
            "a duration or a size without its unit",
            "a misspelt word",
            "a number beyond its range",
            "an address without its port",
        ],
        change: &["take one of the values that the message names"],
    },
    Code {
        code: LIMIT,
        text: "The configuration is too large.",
        cause: "A file may have 16 MiB, 64 levels and a million values, and its aliases may expand to 65,536 values; a configuration \
                may have 10,000 files.",
        likely: &["the wrong file was named", "aliases inside aliases"],
        change: &[
            "split the file: several files and directories are read as one configuration",
            "write lists out instead of nesting aliases",
        ],
    },
    Code {
        code: TOO_MANY,
        text: "There are more findings than are shown.",
        cause: "After 100 errors the load stops looking: what comes later is often a consequence.",
        likely: &["a key was misspelt by a program that wrote the file", "the indentation of the whole file is off"],
        change: &["repair what is shown and check again"],
    },
];
