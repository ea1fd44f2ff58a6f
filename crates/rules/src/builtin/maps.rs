//! Converters that look values up in maps, and actions that change maps and lists of patterns.

use std::sync::Arc;

use crate::action::{Act, Action, Call, Step};
use crate::args::{Arg, ArgKind, Args, Param};
use crate::format::Format;
use crate::map::Map;
use crate::pattern::{Columns, List, Match, Out};
use crate::place::Places;
use crate::{Compiler, Context, Converter};

const PARAMS: &[Param] = &[Param::new("file", ArgKind::Str), Param::optional("default", ArgKind::Str)];

/// A row for a method and an output. Their numbers are those of `HOW` and `OUT`.
const fn row<const HOW: usize, const OUT: usize>(name: &'static str) -> Converter {
    Converter {
        name,
        params: PARAMS,
        input: HOWS[HOW].0.input(),
        output: OUTS[OUT].kind(),
        check: Some(load::<HOW, OUT>),
        eval: |value, args, cx| args.object::<Map>(0)?.get(value, cx.arena()),
        doc: DOCS[OUT],
    }
}

const HOWS: &[(Match, bool)] = &[
    (Match::Str, false),
    (Match::Beg, false),
    (Match::Sub, false),
    (Match::Dir, false),
    (Match::Dom, false),
    (Match::End, false),
    (Match::Reg, false),
    (Match::Reg, true),
    (Match::Int, false),
    (Match::Ip, false),
];
const STR: usize = 0;
const BEG: usize = 1;
const SUB: usize = 2;
const DIR: usize = 3;
const DOM: usize = 4;
const END: usize = 5;
const REG: usize = 6;
const REGM: usize = 7;
const INT: usize = 8;
const IP: usize = 9;

const OUTS: &[Out] = &[Out::Str, Out::Int, Out::Ip, Out::Key];
const TEXT: usize = 0;
const NUMBER: usize = 1;
const ADDRESS: usize = 2;
const KEY: usize = 3;

const DOCS: &[&str] = &[
    "The text that a map has for the value, compared by the method of the name, or the default.",
    "The number that a map has for the value, or the default.",
    "The address that a map has for the value, or the default.",
    "The key of a map that the value matches, or the default.",
];

/// The converters.
pub const CONVERTERS: &[Converter] = &[
    row::<STR, TEXT>("map"),
    row::<STR, TEXT>("map_str"),
    row::<STR, TEXT>("map_str_str"),
    row::<STR, NUMBER>("map_str_int"),
    row::<STR, ADDRESS>("map_str_ip"),
    row::<STR, KEY>("map_str_key"),
    row::<BEG, TEXT>("map_beg"),
    row::<BEG, TEXT>("map_beg_str"),
    row::<BEG, NUMBER>("map_beg_int"),
    row::<BEG, ADDRESS>("map_beg_ip"),
    row::<BEG, KEY>("map_beg_key"),
    row::<SUB, TEXT>("map_sub"),
    row::<SUB, TEXT>("map_sub_str"),
    row::<SUB, NUMBER>("map_sub_int"),
    row::<SUB, ADDRESS>("map_sub_ip"),
    row::<SUB, KEY>("map_sub_key"),
    row::<DIR, TEXT>("map_dir"),
    row::<DIR, TEXT>("map_dir_str"),
    row::<DIR, NUMBER>("map_dir_int"),
    row::<DIR, ADDRESS>("map_dir_ip"),
    row::<DIR, KEY>("map_dir_key"),
    row::<DOM, TEXT>("map_dom"),
    row::<DOM, TEXT>("map_dom_str"),
    row::<DOM, NUMBER>("map_dom_int"),
    row::<DOM, ADDRESS>("map_dom_ip"),
    row::<DOM, KEY>("map_dom_key"),
    row::<END, TEXT>("map_end"),
    row::<END, TEXT>("map_end_str"),
    row::<END, NUMBER>("map_end_int"),
    row::<END, ADDRESS>("map_end_ip"),
    row::<END, KEY>("map_end_key"),
    row::<REG, TEXT>("map_reg"),
    row::<REG, TEXT>("map_reg_str"),
    row::<REG, NUMBER>("map_reg_int"),
    row::<REG, ADDRESS>("map_reg_ip"),
    row::<REG, KEY>("map_reg_key"),
    row::<REGM, TEXT>("map_regm"),
    row::<REGM, TEXT>("map_regm_str"),
    row::<REGM, KEY>("map_regm_key"),
    row::<INT, TEXT>("map_int"),
    row::<INT, TEXT>("map_int_str"),
    row::<INT, NUMBER>("map_int_int"),
    row::<INT, ADDRESS>("map_int_ip"),
    row::<INT, KEY>("map_int_key"),
    row::<IP, TEXT>("map_ip"),
    row::<IP, TEXT>("map_ip_str"),
    row::<IP, NUMBER>("map_ip_int"),
    row::<IP, ADDRESS>("map_ip_ip"),
    row::<IP, KEY>("map_ip_key"),
];

/// Reads the map when the configuration is read; it takes the place of the file's name among the arguments.
fn load<const HOW: usize, const OUT: usize>(args: &mut Args, compiler: &mut Compiler<'_>) -> Result<(), String> {
    let ((how, fills), out) = (HOWS[HOW], OUTS[OUT]);
    let file = String::from_utf8_lossy(args.str(0).unwrap_or_default()).into_owned();
    let default = match args.str(1) {
        None => None,
        Some(text) => {
            let value = out.read(text).filter(|_| out != Out::Int || !text.is_empty());
            let Some(value) = value else {
                let what = out.kind().name();
                return Err(format!("the default `{}` is not an {what}", String::from_utf8_lossy(text)));
            };
            Some(value.store())
        }
    };
    let map = Map::load(&file, default, (how, out, fills), compiler)?;
    if let Some(arg) = args.0.first_mut() {
        *arg = Arg::Object(Arc::new(map));
    }
    Ok(())
}

/// Where lists and maps may be changed.
const PLACES: Places = Places::TCP_CONTENT.and(Places::HTTP_REQUEST).and(Places::RESPONSES);

/// The actions.
pub const ACTIONS: &[Action] = &[
    Action {
        name: "add-acl",
        places: PLACES,
        usage: "add-acl(FILE) FORMAT",
        parse: |call, compiler| change(call, compiler, What::Add),
        doc: "Adds a pattern to the list of a file, unless it is there. All who use the list see it at once; the file stays as it is.",
    },
    Action {
        name: "del-acl",
        places: PLACES,
        usage: "del-acl(FILE) FORMAT",
        parse: |call, compiler| change(call, compiler, What::Remove(Columns::One)),
        doc: "Takes a pattern out of the list of a file.",
    },
    Action {
        name: "set-map",
        places: PLACES,
        usage: "set-map(FILE) FORMAT FORMAT",
        parse: |call, compiler| change(call, compiler, What::Set),
        doc: "Gives a key of a map another value, or adds it.",
    },
    Action {
        name: "del-map",
        places: PLACES,
        usage: "del-map(FILE) FORMAT",
        parse: |call, compiler| change(call, compiler, What::Remove(Columns::Two)),
        doc: "Takes a key out of a map.",
    },
];

#[derive(Clone, Copy, Debug)]
enum What {
    Add,
    Set,
    Remove(Columns),
}

#[derive(Debug)]
struct Change {
    list: Arc<List>,
    key: Format,
    value: Option<Format>,
    removes: bool,
}

impl Act for Change {
    /// What does not suit the list is left out, as in HAProxy: the rules go on.
    fn act(&self, cx: &mut Context<'_>) -> Step {
        let key = self.key.render(cx);
        if self.removes {
            self.list.remove(key);
        } else if let Some(value) = &self.value {
            let value = value.render(cx);
            if !key.is_empty() {
                let _ = self.list.put(key, value);
            }
        } else if !key.is_empty() {
            let _ = self.list.add_new(key, b"");
        }
        Step::Next
    }
}

fn change(call: &mut Call<'_>, compiler: &mut Compiler<'_>, what: What) -> Option<Box<dyn Act>> {
    let columns = match what {
        What::Add => Columns::One,
        What::Set => Columns::Two,
        What::Remove(columns) => columns,
    };
    let file = call.arg("the name of a file", compiler)?;
    let list = match compiler.patterns.list(file.as_str(), columns, compiler.names) {
        Ok(list) => list,
        Err(text) => {
            compiler.error("rule.file", file.span(), text);
            return None;
        }
    };
    let key = Format::compile(&call.word("a key", compiler)?, compiler)?;
    let value = match what {
        What::Set => Some(Format::compile(&call.word("a value", compiler)?, compiler)?),
        _ => None,
    };
    Some(Box::new(Change { list, key, value, removes: matches!(what, What::Remove(_)) }))
}
