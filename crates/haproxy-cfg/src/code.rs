//! The codes of findings in `haproxy.cfg`, and what is to be said about each.

use plimsoll_config::code::Code;

/// Every code of this crate.
pub const CODES: &[Code] = &[
    Code {
        code: "config.words",
        text: "A line of haproxy.cfg cannot be cut into words.",
        cause: "A quote or a brace is not closed on its line, an escape is none, a variable has no name, or there are more than 64 words.",
        likely: &["a quote that belongs to the text", "a `$` inside double quotes that is meant as such"],
        change: &["write `\\\"`, `\\'` or `\\$`, or put the text into 'single quotes'", "cut a long line"],
    },
    Code {
        code: "config.condition",
        text: "A conditional block of haproxy.cfg is wrong.",
        cause: "What stands behind `.if` or `.elif` cannot be read, or `.if`, `.else` and `.endif` do not match.",
        likely: &["a predicate is misspelt", "a block is not closed in its file"],
        change: &[
            "correct the condition; `defined`, `feature`, `streq`, `strneq`, `strstr`, `version_atleast`, `version_before` and `enabled` are known",
        ],
    },
    Code {
        code: "config.section",
        text: "The first line of a section of haproxy.cfg is wrong.",
        cause: "A section has no name where it needs one, a name holds a character that it cannot hold, or something else stands behind it.",
        likely: &["an address behind `listen`, as old versions had it", "`from` without a name"],
        change: &["give addresses a line `bind`", "write `frontend NAME` or `frontend NAME from DEFAULTS`"],
    },
    Code {
        code: "config.unknown-directive",
        text: "A word of haproxy.cfg is not known where it stands.",
        cause: "HAProxy has no such directive or option, or it belongs into another section.",
        likely: &["it is misspelt", "it stands in the wrong section"],
        change: &["correct it", "move the line"],
    },
    Code {
        code: "config.arguments",
        text: "What stands behind a directive of haproxy.cfg is wrong.",
        cause: "An argument is missing, there is one too many, or it is not a time, size, number or word as it should be.",
        likely: &["a unit that is none", "a blank without quotes"],
        change: &["correct the argument; the message shows an example"],
    },
    Code {
        code: "config.unsupported",
        text: "HAProxy has this directive, and a later version will read it.",
        cause: "The directive is known and what it would do is not there. It is an error where something would be open that should be closed, or \
                go elsewhere than it should, and a warning where serving goes on as it should without it.",
        likely: &["the file was written for HAProxy"],
        change: &["take the line out, if its effect can be missed", "keep HAProxy in front for what needs it"],
    },
    Code {
        code: "config.passed-over",
        text: "A line of haproxy.cfg has no effect here.",
        cause: "It tunes the inside of HAProxy, which is built in another way, or it belongs to the other side of a proxy.",
        likely: &["the file was written for HAProxy"],
        change: &["nothing needs to be changed; the line may be taken out"],
    },
    Code {
        code: "config.told",
        text: "The file itself says so.",
        cause: "A line `.alert`, `.warning` or `.notice` was reached.",
        likely: &["the condition around it holds on this machine"],
        change: &["do what the message says"],
    },
];
