//! The stats page: complete without a script, live with one, nothing from elsewhere.
//!
//! Start reading at [`page`]; what the cells say is in `cells`, how they look in `style.css`.

pub(crate) mod cells;

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use crate::State;
use cells::{Kind, Line, Rates};

const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/live.js");
/// A backend with more servers than this starts folded.
const OPEN: usize = 100;
/// The columns that a phone has no room for.
const WIDE: &[&str] = &[
    "mode",
    "limit",
    "connections",
    "conn/s",
    "2xx",
    "3xx",
    "in",
    "out",
    "since",
    "weight",
    "retries",
    "redisp",
    "down for",
    "last check",
    "total",
    "requests",
    "resp err",
];

/// The whole page. `events` is the path of the updates, relative to the page's.
#[must_use]
pub fn page(state: &Arc<dyn State>, events: &str) -> Vec<u8> {
    let facts = state.process();
    let (before, mut now) = (HashMap::new(), HashMap::new());
    let lines = cells::lines(state, &mut Rates::new(None, &before, &mut now));
    let node = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let mut html = String::with_capacity(16 * 1024);
    // Writing into a string cannot fail.
    let _ = write!(
        html,
        "<!doctype html>\n<html lang=\"en\" data-events=\"{}\">\n<meta charset=\"utf-8\">\n\
        <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
        <meta name=\"color-scheme\" content=\"light dark\">\n\
        <noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>\n\
        <link rel=\"icon\" href=\"data:,\">\n\
        <title>{} on {}</title>\n<style>\n{STYLE}</style>\n\
        <header><h1>{}</h1><p>{} · {} · pid {} · {} threads{}</p><p id=\"live\" role=\"status\"></p></header>\n<main>\n",
        escape(events),
        escape(facts.name),
        escape(&node),
        escape(facts.name),
        escape(facts.version),
        escape(&node),
        std::process::id(),
        facts.threads,
        if facts.stopping { " · <strong>stopping</strong>" } else { "" },
    );
    tiles(&mut html, &lines);
    let frontends: Vec<_> = lines.iter().filter(|line| line.kind == Kind::Frontend).collect();
    html.push_str("<section><h2>Frontends</h2>");
    table(&mut html, cells::FRONTEND, &frontends);
    html.push_str("</section>\n<section><h2>Backends</h2>\n");
    backends(&mut html, &lines);
    html.push_str("</section>\n");
    failures(&mut html, &**state);
    let _ = write!(
        html,
        "</main>\n<footer>as of {} · <a href=\"metrics\">metrics</a> · <a href=\"stats.csv\">csv</a></footer>\n\
        <script>\n{SCRIPT}</script>\n</html>\n",
        escape(&cells::date())
    );
    html.into_bytes()
}

fn tiles(html: &mut String, lines: &[Line]) {
    html.push_str("<dl class=\"tiles\" id=\"p\">");
    if let Some(line) = lines.first() {
        for (name, cell) in cells::PROCESS.iter().zip(&line.cells) {
            let _ = write!(html, "<div><dt>{name}</dt><dd>{}</dd></div>", escape(cell));
        }
    }
    html.push_str("</dl>\n");
}

fn backends(html: &mut String, lines: &[Line]) {
    let mut servers = Vec::new();
    for line in lines {
        match line.kind {
            Kind::Server => servers.push(line),
            Kind::Backend => {
                let open = if servers.len() > OPEN { "" } else { " open" };
                let _ = write!(html, "<details{open}><summary id=\"{}\">", line.id);
                for (name, cell) in cells::BACKEND.iter().zip(&line.cells) {
                    let _ = write!(html, "<span class=\"{}\" title=\"{name}\"", class(name));
                    state_attribute(html, name, cell);
                    let _ = write!(html, " data-name=\"{name}\">{}</span> ", escape(cell));
                }
                html.push_str("</summary>");
                if servers.is_empty() {
                    html.push_str("<p class=\"none\">no server</p>");
                } else {
                    table(html, cells::SERVER, &servers);
                }
                html.push_str("</details>\n");
                servers.clear();
            }
            Kind::Process | Kind::Frontend => {}
        }
    }
}

fn failures(html: &mut String, state: &dyn State) {
    let (failures, total) = state.failures(cells::FAILURES);
    let hidden = if total == 0 { " hidden" } else { "" };
    let _ =
        write!(html, "<section id=\"failures\"{hidden}><h2>Last failures</h2><div class=\"scroll\"><table><thead><tr>");
    html.push_str("<th>what<th>where<th class=\"wide\">client<th class=\"wide\">when</tr></thead><tbody>");
    for failure in &failures {
        let [what, place, client, when] = cells::failure(failure).map(|cell| escape(&cell));
        let _ = write!(html, "<tr><td>{what}<td>{place}<td class=\"wide\">{client}<td class=\"wide\">{when}</tr>");
    }
    html.push_str("</tbody></table></div></section>\n");
}

fn table(html: &mut String, names: &[&str], lines: &[&Line]) {
    html.push_str("<div class=\"scroll\"><table><thead><tr>");
    for name in names {
        let _ = write!(html, "<th class=\"{}\">{name}", class(name));
    }
    html.push_str("</tr></thead><tbody>\n");
    for line in lines {
        let _ = write!(html, "<tr id=\"{}\">", line.id);
        for (name, cell) in names.iter().zip(&line.cells) {
            let class = class(name);
            let _ = if class.is_empty() { write!(html, "<td") } else { write!(html, "<td class=\"{class}\"") };
            state_attribute(html, name, cell);
            let _ = write!(html, ">{}", escape(cell));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody></table></div>");
}

fn class(name: &str) -> &'static str {
    if WIDE.contains(&name) { "wide" } else { "" }
}

/// The first word of a state colours its cell.
fn state_attribute(html: &mut String, name: &str, cell: &str) {
    if name == "state" {
        let _ = write!(html, " data-state=\"{}\"", escape(cell.split(' ').next().unwrap_or_default()));
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
