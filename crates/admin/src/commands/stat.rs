//! `show stat`: every row as CSV, one typed value a line, or JSON.

use std::fmt::Write;

use plimsoll_commands::{Context, Progress, Reply};

use super::{answer, find_backend, state};
use crate::columns::{COLUMNS, Field};
use crate::figures::{Row, Rows};
use crate::json;

const PAGE: usize = 32 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Csv,
    Typed,
    Json,
}

/// Which rows.
#[derive(Debug)]
struct Wanted {
    /// By name or number; `None`: all.
    proxy: Option<String>,
    /// 1: frontends, 2: backends, 4: servers.
    kinds: i64,
    /// -1: all.
    server: i64,
    up: bool,
    no_maint: bool,
}

pub(super) fn show_stat(context: &mut Context<'_>) -> Reply {
    answer(state(context).and_then(|state| {
        let mut words: Vec<&str> = context.args().collect();
        if words.first() == Some(&"domain") {
            if words.get(1) != Some(&"proxy") {
                return Err(Reply::error("Invalid statistics domain."));
            }
            words.drain(..2);
        }
        let mut wanted = Wanted { proxy: None, kinds: -1, server: -1, up: false, no_maint: false };
        // The three numbers come together, or not at all.
        if let [proxy, kinds, server, ..] = words[..]
            && let (Ok(kinds), Ok(server)) = (kinds.parse(), server.parse())
        {
            let all = proxy == "-1";
            if !all && proxy.parse::<usize>().is_err() && !is_proxy(state, proxy) {
                return Err(Reply::error("No such proxy."));
            }
            wanted = Wanted { proxy: (!all).then(|| proxy.into()), kinds, server, ..wanted };
        }
        wanted.up = words.contains(&"up");
        wanted.no_maint = words.contains(&"no-maint");
        let shape = match () {
            () if words.contains(&"json") => Shape::Json,
            () if words.contains(&"typed") => Shape::Typed,
            () => Shape::Csv,
        };
        Ok(Reply::Pages(pages(Rows::new(state), wanted, shape)))
    }))
}

fn is_proxy(state: &super::Live, name: &str) -> bool {
    let snapshot = state.snapshot();
    find_backend(&snapshot, name).is_some() || snapshot.frontends.iter().any(|frontend| &*frontend.name == name)
}

/// All rows as CSV, for whoever asks by HTTP.
pub(crate) fn csv(state: &super::Live) -> plimsoll_commands::Pages {
    by_http(Rows::new(state), Shape::Csv, &[])
}

/// Rows in a shape, for whoever asks by HTTP; words are those of the command.
pub(crate) fn by_http(rows: Rows, shape: Shape, words: &[&str]) -> plimsoll_commands::Pages {
    let [up, no_maint] = ["up", "no-maint"].map(|word| words.contains(&word));
    pages(rows, Wanted { proxy: None, kinds: -1, server: -1, up, no_maint }, shape)
}

fn pages(mut rows: Rows, wanted: Wanted, shape: Shape) -> plimsoll_commands::Pages {
    let mut first = true;
    Box::new(move |out| {
        let mut text = String::with_capacity(PAGE + 4096);
        if first && shape == Shape::Csv {
            text.push_str("# ");
            for column in COLUMNS {
                text.push_str(column.name);
                text.push(',');
            }
            text.push('\n');
        }
        let mut progress = Progress::Done;
        for row in rows.by_ref().filter(|row| wanted.includes(row)) {
            match shape {
                Shape::Csv => write_csv(&row, &mut text),
                Shape::Typed => write_typed(&row, &mut text),
                Shape::Json => {
                    text.push_str(if first { "[" } else { "," });
                    write_json(&row, &mut text);
                }
            }
            first = false;
            if text.len() > PAGE {
                progress = Progress::More;
                break;
            }
        }
        if shape == Shape::Json && progress == Progress::Done {
            text.push_str(if first { "[]\n" } else { "]\n" });
        }
        out.append(&mut text.into_bytes());
        progress
    })
}

impl Wanted {
    fn includes(&self, row: &Row) -> bool {
        let kind = match row {
            Row::Frontend(_) => 1,
            Row::Backend(_) => 2,
            Row::Server(_) => 4,
        };
        let proxy = |wanted: &String| wanted == row.proxy_name() || wanted.parse() == Ok(row.proxy());
        let hidden = match row {
            Row::Server(server) => {
                let health = &server.standing.health;
                let maintenance = health.admin() == plimsoll_server::Admin::Maint;
                (self.up && (maintenance || !health.is_up())) || (self.no_maint && maintenance)
            }
            Row::Backend(backend) => self.up && !backend.is_up(),
            Row::Frontend(_) => false,
        };
        let server = self.server == -1 || u64::try_from(self.server).is_ok_and(|server| server == row.server_id());
        self.kinds & kind != 0 && self.proxy.as_ref().is_none_or(proxy) && server && !hidden
    }
}

fn write_csv(row: &Row, text: &mut String) {
    for column in COLUMNS {
        match (column.value)(row) {
            Field::Empty => {}
            Field::S32(number) => text.push_str(itoa::Buffer::new().format(number)),
            Field::U32(number) | Field::U64(number) => text.push_str(itoa::Buffer::new().format(number)),
            Field::Text(value) if value.contains(['"', ',', '\r', '\n']) => {
                let _ = write!(text, "\"{}\"", value.replace('"', "\"\"").replace(['\r', '\n'], " "));
            }
            Field::Text(value) => text.push_str(&value),
        }
        text.push(',');
    }
    text.push('\n');
}

fn write_typed(row: &Row, text: &mut String) {
    let letter = match row {
        Row::Frontend(_) => 'F',
        Row::Server(_) => 'S',
        Row::Backend(_) => 'B',
    };
    for (place, column) in COLUMNS.iter().enumerate() {
        let Some((kind, value)) = typed((column.value)(row)).filter(|_| column.name != "-") else { continue };
        let (proxy, server, name, tags) = (row.proxy(), row.server_id(), column.name, column.tags);
        let value = value.replace(['\r', '\n'], " ");
        let _ = writeln!(text, "{letter}.{proxy}.{server}.{place}.{name}.1:{tags}:{kind}:{value}");
    }
    text.push('\n');
}

fn write_json(row: &Row, text: &mut String) {
    let object = match row {
        Row::Frontend(_) => "Frontend",
        Row::Server(_) => "Server",
        Row::Backend(_) => "Backend",
    };
    let mut before = '[';
    for (place, column) in COLUMNS.iter().enumerate() {
        let Some((kind, value)) = typed((column.value)(row)).filter(|_| column.name != "-") else { continue };
        let value = if kind == "str" { json::quoted(&value) } else { value };
        let _ = write!(
            text,
            "{before}{{\"objType\":\"{object}\",\"proxyId\":{},\"id\":{},\"field\":{{\"pos\":{place},\"name\":\"{}\"}},\
            \"processNum\":1,\"tags\":{},\"value\":{{\"type\":\"{kind}\",\"value\":{value}}}}}",
            row.proxy(),
            row.server_id(),
            column.name,
            json::tags(column.tags),
        );
        before = ',';
    }
    text.push(']');
}

fn typed(field: Field<'_>) -> Option<(&'static str, String)> {
    Some(match field {
        Field::Empty => return None,
        Field::U32(number) => ("u32", number.to_string()),
        Field::U64(number) => ("u64", number.to_string()),
        Field::S32(number) => ("s32", number.to_string()),
        Field::Text(text) => ("str", text.into_owned()),
    })
}
