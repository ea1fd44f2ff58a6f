//! The stats page: complete without a script, live with one, nothing from elsewhere.
//!
//! Start reading at [`page`]; what the cells say is in `cells`, how they look in `style.css`.

pub(crate) mod cells;

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use crate::{ProcessFacts, State};
use cells::{Kind, Line, Rates};

const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/live.js");
/// A backend with more servers than this starts folded.
const OPEN: usize = 100;
/// Bytes after which a piece ends.
const PIECE: usize = 64 * 1024;
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

/// How the page is shown, and what of it.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// The path of the updates, relative to the page's; without it the page stays as it is, and shows no failures of clients.
    pub events: Option<String>,
    /// The same figures elsewhere: address and name.
    pub links: Vec<(String, &'static str)>,
    /// The version is not shown.
    pub hide_version: bool,
    /// The name of the machine.
    pub node: Option<String>,
    /// What else stands at the top.
    pub description: Option<String>,
    /// Only these proxies; all if there are none.
    pub scope: Vec<Box<str>>,
}

impl Look {
    /// The one of the admin listener.
    #[must_use]
    pub fn live() -> Self {
        let node = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let links = vec![("metrics".to_owned(), "metrics"), ("stats.csv".to_owned(), "csv")];
        Self { events: Some("events".into()), links, node: Some(node), ..Self::default() }
    }
}

/// The whole page, read once and written piece by piece: ten thousand servers are some megabytes.
#[must_use]
pub fn page(state: &Arc<dyn State>, look: Look) -> Page {
    let (before, mut now) = (HashMap::new(), HashMap::new());
    let lines = cells::lines(state, &look.scope, &mut Rates::new(None, &before, &mut now));
    Page { state: Arc::clone(state), look, lines, next: Next::Top }
}

/// A page that is being written: an iterator over its pieces.
pub struct Page {
    state: Arc<dyn State>,
    look: Look,
    lines: Vec<Line>,
    next: Next,
}

/// What comes next of a page.
#[derive(Clone, Copy, Debug)]
enum Next {
    Top,
    /// From this line on.
    Backends(usize),
    /// A server at this line, of the backend at that one.
    Servers(usize, usize),
    Over,
}

impl Iterator for Page {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let mut html = String::with_capacity(PIECE + 4096);
        while html.len() < PIECE {
            self.next = match self.next {
                Next::Top => {
                    self.top(&mut html);
                    Next::Backends(0)
                }
                Next::Backends(from) => self.backend(from, &mut html),
                Next::Servers(at, end) => self.server(at, end, &mut html),
                Next::Over => break,
            };
        }
        (!html.is_empty()).then(|| html.into_bytes())
    }
}

impl Page {
    fn top(&self, html: &mut String) {
        let (facts, look) = (self.state.process(), &self.look);
        let events =
            look.events.as_ref().map_or_else(String::new, |events| format!(" data-events=\"{}\"", escape(events)));
        let again = if look.events.is_some() {
            "<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>\n"
        } else {
            ""
        };
        let on = look.node.as_ref().map_or_else(String::new, |node| format!(" on {}", escape(node)));
        // Writing into a string cannot fail.
        let _ = write!(
            html,
            "<!doctype html>\n<html lang=\"en\"{events}>\n<meta charset=\"utf-8\">\n\
            <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
            <meta name=\"color-scheme\" content=\"light dark\">\n\
            {again}<link rel=\"icon\" href=\"data:,\">\n\
            <title>{}{on}</title>\n<style>\n{STYLE}</style>\n\
            <header><h1>{}</h1><p>{}</p><p id=\"live\" role=\"status\"></p></header>\n<main>\n",
            escape(facts.name),
            escape(facts.name),
            self.about(&facts).join(" · "),
        );
        tiles(html, &self.lines);
        let frontends: Vec<_> = self.lines.iter().filter(|line| line.kind == Kind::Frontend).collect();
        html.push_str("<section><h2>Frontends</h2>");
        table(html, cells::FRONTEND, &frontends);
        html.push_str("</section>\n<section><h2>Backends</h2>\n");
    }

    /// What is said of the process, as HTML.
    fn about(&self, facts: &ProcessFacts) -> Vec<String> {
        let look = &self.look;
        let mut about = Vec::new();
        about.extend((!look.hide_version).then(|| escape(facts.version)));
        about.extend(look.node.as_deref().map(escape));
        about.extend(look.description.as_deref().map(escape));
        about.push(format!("pid {}", std::process::id()));
        about.push(format!("{} threads", facts.threads));
        about.extend(facts.stopping.then(|| "<strong>stopping</strong>".to_owned()));
        about
    }

    /// The next backend from this line on. Its line comes behind its servers, and stands before them in the page.
    fn backend(&self, from: usize, html: &mut String) -> Next {
        let rest = self.lines.get(from..).unwrap_or_default();
        let Some(end) = rest.iter().position(|line| line.kind == Kind::Backend).map(|at| from + at) else {
            self.end(html);
            return Next::Over;
        };
        let first = self.lines[from..end].iter().position(|line| line.kind == Kind::Server).map_or(end, |at| from + at);
        let line = &self.lines[end];
        let open = if end - first > OPEN { "" } else { " open" };
        let _ = write!(html, "<details{open}><summary id=\"{}\">", line.id);
        for (name, cell) in cells::BACKEND.iter().zip(&line.cells) {
            let _ = write!(html, "<span class=\"{}\" title=\"{name}\"", class(name));
            state_attribute(html, name, cell);
            let _ = write!(html, " data-name=\"{name}\">{}</span> ", escape(cell));
        }
        html.push_str("</summary>");
        if first == end {
            html.push_str("<p class=\"none\">no server</p></details>\n");
            return Next::Backends(end + 1);
        }
        table_head(html, cells::SERVER);
        Next::Servers(first, end)
    }

    fn server(&self, at: usize, end: usize, html: &mut String) -> Next {
        if at < end {
            table_row(html, cells::SERVER, &self.lines[at]);
            return Next::Servers(at + 1, end);
        }
        html.push_str(TABLE_END);
        html.push_str("</details>\n");
        Next::Backends(end + 1)
    }

    fn end(&self, html: &mut String) {
        html.push_str("</section>\n");
        if self.look.events.is_some() {
            failures(html, &*self.state);
        }
        let links = self.look.links.iter().map(|(at, name)| format!(" · <a href=\"{}\">{name}</a>", escape(at)));
        let _ =
            write!(html, "</main>\n<footer>as of {}{}</footer>\n", escape(&cells::date()), links.collect::<String>());
        if self.look.events.is_some() {
            let _ = write!(html, "<script>\n{SCRIPT}</script>\n");
        }
        html.push_str("</html>\n");
    }
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Page").field("lines", &self.lines.len()).field("next", &self.next).finish_non_exhaustive()
    }
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
    table_head(html, names);
    lines.iter().for_each(|line| table_row(html, names, line));
    html.push_str(TABLE_END);
}

fn table_head(html: &mut String, names: &[&str]) {
    html.push_str("<div class=\"scroll\"><table><thead><tr>");
    for name in names {
        let _ = write!(html, "<th class=\"{}\">{name}", class(name));
    }
    html.push_str("</tr></thead><tbody>\n");
}

fn table_row(html: &mut String, names: &[&str], line: &Line) {
    let _ = write!(html, "<tr id=\"{}\">", line.id);
    for (name, cell) in names.iter().zip(&line.cells) {
        let class = class(name);
        let _ = if class.is_empty() { write!(html, "<td") } else { write!(html, "<td class=\"{class}\"") };
        state_attribute(html, name, cell);
        let _ = write!(html, ">{}", escape(cell));
    }
    html.push_str("</tr>\n");
}

const TABLE_END: &str = "</tbody></table></div>";

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
