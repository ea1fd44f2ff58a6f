//! Sections: their names, what they are based on, and where their keys go in the tree.

use std::collections::HashMap;

use plimsoll_config::{Diagnostic, Diagnostics, Node, Span, Value, suggest};

use crate::directive::Sections;
use crate::leniency;
use crate::lexer::Word;
use crate::map::Map;

/// A section's first word, what it is, and where it goes.
struct Title {
    word: &'static str,
    kind: Sections,
    /// The key of the tree under which it is an entry; `None`: there is nothing like it yet.
    place: Option<&'static str>,
    /// What it would do, if there is nothing like it yet.
    missing: &'static str,
}

const fn title(word: &'static str, kind: Sections, place: &'static str) -> Title {
    Title { word, kind, place: Some(place), missing: "" }
}

const fn missing(word: &'static str, missing: &'static str) -> Title {
    Title { word, kind: Sections::GLOBAL, place: None, missing }
}

const TITLES: &[Title] = &[
    title("global", Sections::GLOBAL, "global"),
    title("defaults", Sections::DEFAULTS, "named-defaults"),
    title("frontend", Sections::FRONTEND, "frontends"),
    title("backend", Sections::BACKEND, "backends"),
    title("listen", Sections::PROXY, "listens"),
    title("userlist", Sections::USERLIST, "userlists"),
    title("http-errors", Sections::HTTP_ERRORS, "http-errors"),
    missing("peers", "it would keep stick tables the same on several machines"),
    missing("resolvers", "it would say which name servers are asked, and how long answers hold"),
    missing("mailers", "it would send mail when servers go up and down"),
    missing("program", "it would start other programs beside this one"),
    missing("ring", "it would keep log lines in memory and forward them"),
    missing("log-forward", "it would take log lines from others and forward them"),
    missing("log-profile", "it would shape the log lines of each step"),
    missing("cache", "it would keep small responses in memory"),
    missing("fcgi-app", "it would describe a FastCGI application"),
    missing("crt-store", "it would name certificates and keys"),
    missing("acme", "it would fetch certificates"),
    missing("traces", "it would follow what happens inside"),
];

/// Keys that defaults of `haproxy.cfg` may hold and those of the tree may not: every frontend gets its own.
const INHERITED: &[&str] = &["default-backend", "monitor-uri"];

/// Whether a line begins a section.
pub(crate) fn is_title(words: &[Word]) -> bool {
    TITLES.iter().any(|title| title.word == words[0].text)
}

/// A section that is being read.
#[derive(Debug)]
pub(crate) struct Open {
    pub kind: Sections,
    pub map: Map,
    /// What `default-server` has said so far.
    pub servers: Map,
    word: &'static str,
    place: Option<&'static str>,
    /// What other sections call it; for defaults, its key in the tree.
    name: String,
    named: bool,
    span: Span,
}

impl Open {
    /// Its name, or its kind if it has none.
    pub fn title(&self) -> &str {
        if self.name.is_empty() { self.word } else { &self.name }
    }

    /// Whether the file gives it a name.
    pub fn is_named(&self) -> bool {
        self.named
    }

    /// Its lines are not looked at: there is nothing like it yet, and that was said.
    pub fn is_passed_over(&self) -> bool {
        self.place.is_none()
    }

    pub fn described(&self) -> String {
        match (self.word, self.name.as_str()) {
            ("global" | "defaults", _) | (_, "") => format!("`{}`", self.word),
            (word, name) => format!("{word} `{name}`"),
        }
    }
}

/// What was read so far.
#[derive(Debug, Default)]
pub(crate) struct Book {
    global: Map,
    global_at: Option<Span>,
    tree: Map,
    /// Options of servers, by the key of the defaults.
    servers: HashMap<String, Map>,
    /// The key of defaults by the name that the file gives them, and where it was given; several: it says nothing.
    defaults: Vec<(String, String, Span)>,
    /// The key of the last defaults.
    last: Option<(String, Span)>,
    /// The names of proxies, to say which are twice.
    proxies: Vec<(&'static str, String, Span)>,
}

impl Book {
    /// Begins a section, or says why that cannot be read.
    pub fn open(&mut self, words: &[Word], found: &mut Diagnostics) -> Option<Open> {
        let title = TITLES.iter().find(|title| title.word == words[0].text)?;
        let span = words[0].span;
        let open = |name: &str, map, servers| Open {
            kind: title.kind,
            map,
            servers,
            word: title.word,
            place: title.place,
            name: name.to_owned(),
            named: words.len() > 1,
            span,
        };
        if title.place.is_none() {
            let text = format!("a section `{}` is not supported yet: {}", title.word, title.missing);
            found.push(Diagnostic::warning("config.unsupported", span, text));
            return Some(open("", Map::default(), Map::default()));
        }
        match title.word {
            "global" => {
                nothing_behind(words, 1, found);
                self.global_at.get_or_insert(span);
                Some(open("", std::mem::take(&mut self.global), Map::default()))
            }
            "defaults" => Some(self.open_defaults(words, &open, found)),
            word => {
                let Some(name) = words.get(1) else {
                    let help = format!("`{word} NAME`");
                    found.push(Diagnostic::error("config.section", span, format!("a {word} has a name")).help(help));
                    return Some(Open { place: None, ..open("", Map::default(), Map::default()) });
                };
                check_name(name, found);
                if !title.kind.meets(Sections::PROXY) {
                    nothing_behind(words, 2, found);
                    return Some(open(&name.text, Map::default(), Map::default()));
                }
                self.note_proxy(title.word, name, found);
                let base = self.base(&words[2..], found);
                let (mut map, mut servers) = (Map::default(), Map::default());
                if let Some((base, place)) = base {
                    servers = self.servers.get(&base).cloned().unwrap_or_default();
                    if title.word == "frontend" {
                        self.inherit(&base, &mut map);
                    }
                    map.set("from", place, Node::text(base, place));
                }
                Some(Open { span: name.span, ..open(&name.text, map, servers) })
            }
        }
    }

    fn open_defaults(
        &mut self,
        words: &[Word],
        open: &dyn Fn(&str, Map, Map) -> Open,
        found: &mut Diagnostics,
    ) -> Open {
        let named = words.get(1).filter(|word| word.text != "from");
        let behind = if named.is_some() { 2 } else { 1 };
        // Anonymous ones begin anew: only `from` makes them build on others.
        let base = if words.len() > behind { self.base(&words[behind..], found) } else { None };
        let number = self.servers.len() + 1;
        let key = match named {
            Some(name) if self.defaults.iter().all(|(known, _, _)| *known != name.text) => {
                check_name(name, found);
                name.text.clone()
            }
            Some(name) => format!("{}-{number}", name.text),
            None => format!("defaults-{number}"),
        };
        let place = words.get(1).map_or(words[0].span, |word| word.span);
        if let Some(name) = named {
            self.defaults.push((name.text.clone(), key.clone(), name.span));
        }
        self.last = Some((key.clone(), place));
        let (mut map, mut servers) = (Map::default(), Map::default());
        if let Some((base, place)) = base {
            servers = self.servers.get(&base).cloned().unwrap_or_default();
            self.inherit(&base, &mut map);
            map.set("from", place, Node::text(base, place));
        }
        self.servers.insert(key.clone(), servers.clone());
        Open { named: named.is_some(), ..open(&key, map, servers) }
    }

    /// Takes what defaults of the tree cannot hold.
    fn inherit(&self, base: &str, map: &mut Map) {
        let base = self.tree.get("named-defaults").and_then(|all| all.get(base));
        for (key, node) in INHERITED.iter().filter_map(|key| base?.entry(key)) {
            map.set(&key.text, key.span, node.clone());
        }
    }

    /// What a section is based on: what stands behind `from`, or the last defaults.
    fn base(&self, words: &[Word], found: &mut Diagnostics) -> Option<(String, Span)> {
        match words {
            [] => self.last.clone(),
            [from, name, rest @ ..] if from.text == "from" => {
                if let Some(more) = rest.first() {
                    found.push(Diagnostic::error("config.section", more.span, "nothing stands behind the name"));
                }
                let mut known = self.defaults.iter().filter(|(known, _, _)| *known == name.text);
                match (known.next(), known.next()) {
                    (Some((_, key, _)), None) => Some((key.clone(), name.span)),
                    (Some((_, _, first)), Some((_, _, second))) => {
                        let text = format!("there are several defaults `{}`", name.text);
                        let told = Diagnostic::error("config.unknown-defaults", name.span, text);
                        found.push(told.also(*first, "one is here").also(*second, "another is here"));
                        None
                    }
                    (None, _) => {
                        let text = format!("there are no defaults `{}` before this", name.text);
                        let names = self.defaults.iter().map(|(known, _, _)| known.as_str());
                        found.push(
                            Diagnostic::error("config.unknown-defaults", name.span, text).suggest(&name.text, names),
                        );
                        None
                    }
                }
            }
            [word, ..] if word.text == "from" => {
                found.push(Diagnostic::error("config.section", word.span, "the name of defaults stands behind `from`"));
                None
            }
            [word, ..] => {
                let told = Diagnostic::error("config.section", word.span, format!("`{}` cannot stand here", word.text));
                found.push(told.help("`from NAME` may; addresses have lines of their own: `bind`"));
                None
            }
        }
    }

    fn note_proxy(&mut self, word: &'static str, name: &Word, found: &mut Diagnostics) {
        // A listen that has the name of a frontend or backend is found where it becomes both.
        let first = self.proxies.iter().find(|(other, known, _)| *known == name.text && *other == word);
        if let Some((_, _, place)) = first {
            let text = format!("there is a {word} `{}` already", name.text);
            found.push(Diagnostic::error("config.duplicate-key", name.span, text).also(*place, "first here"));
        }
        self.proxies.push((word, name.text.clone(), name.span));
    }

    /// Takes what a section became.
    pub fn close(&mut self, section: Open) {
        let Open { map, servers, place, name, span, word, .. } = section;
        match (word, place) {
            (_, None) => {}
            ("global", _) => self.global = map,
            (word, Some(place)) => {
                if word == "defaults" {
                    self.servers.insert(name.clone(), servers);
                }
                // What is there twice was said already.
                if self.tree.get(place).is_none_or(|there| there.get(&name).is_none()) {
                    self.tree.add(place, &name, span, map.into_node(span));
                }
            }
        }
    }

    /// Where every proxy is based on one section, that is what `defaults` of the tree are: it needs no name there.
    fn only_defaults(&mut self) -> Option<(Span, Map)> {
        let named = self.tree.get("named-defaults")?.named().map(|(name, ..)| name.to_owned()).collect::<Vec<_>>();
        let [name] = &named[..] else { return None };
        let has_rules = self.tree.get("named-defaults")?.get(name).is_some_and(|node| {
            ["acls", "tcp-request", "tcp-response", "http-request", "http-response", "http-after-response", "from"]
                .iter()
                .any(|key| node.get(key).is_some())
        });
        let proxies = ["frontends", "backends", "listens"];
        let others = proxies.iter().filter_map(|kind| self.tree.get(kind)).flat_map(Node::named);
        if has_rules || !others.into_iter().all(|(.., proxy)| proxy.get("from").and_then(Node::as_str) == Some(name)) {
            return None;
        }
        for kind in proxies {
            for (_, proxy) in self.tree.entries_mut(kind) {
                proxy.take("from");
            }
        }
        let (_, mut all) = self.tree.take("named-defaults")?;
        let (key, node) = all.take(name)?;
        match node.value {
            Value::Map(entries) => Some((key.span, Map::from(entries))),
            _ => None,
        }
    }

    /// The whole tree.
    pub fn finish(mut self) -> Node {
        let place = self.global_at.unwrap_or(Span::NONE);
        for (_, defaults) in self.tree.entries_mut("named-defaults") {
            INHERITED.iter().for_each(|key| drop(defaults.take(key)));
        }
        leniency::proxies(&mut self.tree);
        leniency::global(&mut self.global);
        let (defaults_at, mut defaults) = self.only_defaults().unwrap_or_default();
        leniency::defaults(&mut defaults);
        let mut tree = Map::default();
        tree.set("global", place, self.global.into_node(place));
        tree.set("defaults", defaults_at, defaults.into_node(defaults_at));
        if let Value::Map(entries) = self.tree.into_node(Span::NONE).value {
            entries.into_iter().for_each(|(name, node)| tree.set(&name.text, name.span, node));
        }
        tree.into_node(place)
    }
}

fn nothing_behind(words: &[Word], most: usize, found: &mut Diagnostics) {
    if let Some(word) = words.get(most) {
        let text = format!("nothing stands behind `{}`", words[most - 1].text);
        found.push(Diagnostic::error("config.section", word.span, text));
    }
}

/// Letters, digits, `-`, `_`, `.` and `:`.
fn check_name(name: &Word, found: &mut Diagnostics) {
    let fits = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.' | ':');
    if let Some(bad) = name.text.chars().find(|character| !fits(*character)) {
        let text = format!("a name cannot hold `{bad}`");
        let help = "letters, digits, `-`, `_`, `.` and `:` can";
        found.push(Diagnostic::error("config.section", name.span, text).help(help));
    }
}

/// The section that a misspelt word may mean.
pub(crate) fn near(word: &str) -> Option<&'static str> {
    suggest(word, TITLES.iter().map(|title| title.word))
}
