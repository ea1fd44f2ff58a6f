//! Parser events into the tree: one explicit stack, so that depth is a number and not a crash.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::bytes::ByteIndex;
use super::expand::Env;
use super::{Key, MAX_ALIASED, MAX_DEPTH, MAX_NODES, Node, Value, leaf, quote, scalar};
use crate::code;
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span, offset};

/// What one walk over a text yields.
pub struct Built {
    /// The tree, when the text could be walked to its end.
    pub root: Option<Node>,
    /// What is wrong apart from a stop.
    pub found: Vec<Diagnostic>,
    /// Where and why the parser gave up.
    pub stop: Option<ScanStop>,
}

/// Where the parser gave up.
pub struct ScanStop {
    /// The byte.
    pub at: usize,
    /// Its words.
    pub info: String,
    /// The innermost `[` or `{` that was still open.
    pub opened: Option<Span>,
}

struct Frame {
    start: Span,
    flow: bool,
    anchor: usize,
    tagged: bool,
    part: Part,
}

enum Part {
    List(Vec<Node>),
    Map { entries: Vec<(Key, Node)>, seen: HashMap<String, Span>, key: Pending, incomplete: bool },
}

/// Whether the next node of a map is a key or a value.
enum Pending {
    Key,
    Value(Key),
    /// The key was refused; its value is dropped without a word.
    Dropped,
}

/// A finished anchor: the value, how many values are in it, how deep it is.
struct Anchored {
    node: Node,
    count: usize,
    depth: usize,
}

struct Builder<'a> {
    text: &'a str,
    env: Env<'a>,
    /// First bytes of the scalars that stand for what could not be read.
    repaired: &'a [usize],
    stack: Vec<Frame>,
    anchors: HashMap<usize, Anchored>,
    nodes: usize,
    aliased: usize,
    root: Option<Node>,
    found: Vec<Diagnostic>,
}

/// The walk ends here: a limit was passed, and it was said.
struct Halt;

/// Walks `text` once. `repaired` are the first bytes of scalars that an earlier walk put in the place of something unreadable.
pub fn build(text: &str, file: FileId, env: Env<'_>, repaired: &[usize]) -> Built {
    let mut builder = Builder {
        text,
        env,
        repaired,
        stack: Vec::new(),
        anchors: HashMap::new(),
        nodes: 0,
        aliased: 0,
        root: None,
        found: Vec::new(),
    };
    let bytes = ByteIndex::new(text);
    let mut documents = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                let stop = ScanStop {
                    at: bytes.of(error.marker().index()),
                    info: error.info().to_owned(),
                    opened: builder.stack.last().filter(|frame| frame.flow).map(|frame| frame.start),
                };
                return Built { root: None, found: builder.found, stop: Some(stop) };
            }
        };
        let span = Span::new(file, offset(bytes.of(span.start.index())), offset(bytes.of(span.end.index())));
        if let Event::DocumentStart(_) = event {
            documents += 1;
            if documents > 1 {
                let message = "a second document begins here; a file holds one";
                builder.found.push(
                    Diagnostic::error(code::SYNTAX, span, message)
                        .help("give it a file of its own, or remove the `---`"),
                );
                break;
            }
        }
        if builder.event(event, span).is_err() {
            return Built { root: None, found: builder.found, stop: None };
        }
    }
    // A file of comments only is an empty map, whose missing keys the typed load will name.
    let root = builder.root.unwrap_or_else(|| Node::new(Value::Null, Span::new(file, 0, 0)));
    Built { root: Some(root), found: builder.found, stop: None }
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Halt> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tagged = self.refuse_tag(tag.is_some(), span);
                let span = self.without_blanks(self.behind_anchor(anchor, span), style);
                if self.expects_key() {
                    self.key(&text, style, span);
                    return Ok(());
                }
                let mut node = self.scalar(&text, style, span);
                node.broken |= tagged;
                self.place(node, anchor)
            }
            Event::SequenceStart(anchor, tag) => self.open(Part::List(Vec::new()), span, anchor, tag.is_some()),
            Event::MappingStart(anchor, tag) => {
                let part =
                    Part::Map { entries: Vec::new(), seen: HashMap::new(), key: Pending::Key, incomplete: false };
                self.open(part, span, anchor, tag.is_some())
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(anchor) => self.alias(anchor, span),
            _ => Ok(()),
        }
    }

    fn open(&mut self, part: Part, span: Span, anchor: usize, tagged: bool) -> Result<(), Halt> {
        let tagged = self.refuse_tag(tagged, span);
        let span = self.behind_anchor(anchor, span);
        let flow = self.text[span.start as usize..span.end as usize].trim_end().ends_with(['[', '{']);
        self.stack.push(Frame { start: span, flow, anchor, tagged, part });
        if self.stack.len() > MAX_DEPTH {
            return self.too_deep(span);
        }
        Ok(())
    }

    fn close(&mut self, end: Span) -> Result<(), Halt> {
        let Some(frame) = self.stack.pop() else { return Ok(()) };
        let (value, last, incomplete) = match frame.part {
            Part::List(items) => {
                let last = items.last().map(|node| node.span);
                (Value::List(items), last, false)
            }
            Part::Map { entries, incomplete, .. } => {
                let last = entries.last().map(|(key, node)| key.span.to(node.span));
                (Value::Map(entries), last, incomplete)
            }
        };
        // The end of a block collection is reported where the next thing begins, blank lines later: its last part ends it.
        let span =
            if end.start < end.end { frame.start.to(end) } else { last.map_or(frame.start, |l| frame.start.to(l)) };
        let mut node = Node::new(value, span);
        node.broken = frame.tagged;
        node.incomplete = incomplete;
        self.place(node, frame.anchor)
    }

    /// Puts a finished node into what holds it.
    fn place(&mut self, node: Node, anchor: usize) -> Result<(), Halt> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            self.found.push(Diagnostic::error(
                code::LIMIT,
                node.span,
                format!("the file holds more than {MAX_NODES} values"),
            ));
            return Err(Halt);
        }
        if anchor > 0 {
            let (count, depth) = measure(&node);
            self.anchors.insert(anchor, Anchored { node: node.clone(), count, depth });
        }
        match self.stack.last_mut().map(|frame| &mut frame.part) {
            None => self.root = Some(node),
            Some(Part::List(items)) => items.push(node),
            Some(Part::Map { entries, key, incomplete, .. }) => match std::mem::replace(key, Pending::Key) {
                Pending::Value(key) => entries.push((key, node)),
                Pending::Dropped => {}
                Pending::Key => {
                    *key = Pending::Dropped;
                    *incomplete = true;
                    let diagnostic =
                        Diagnostic::error(code::SYNTAX, node.span, "a key must be text, not a list or a map");
                    self.found.push(diagnostic.help("if text was meant, put quotes around it"));
                }
            },
        }
        Ok(())
    }

    fn expects_key(&self) -> bool {
        matches!(self.stack.last(), Some(Frame { part: Part::Map { key: Pending::Key, .. }, .. }))
    }

    fn key(&mut self, text: &str, style: ScalarStyle, span: Span) {
        let key = Key { text: text.to_owned(), span };
        let refusal = refused_key(&key, style == ScalarStyle::Plain);
        let repaired = self.repaired.contains(&(span.start as usize));
        let Some(Part::Map { seen, key: slot, incomplete, .. }) = self.stack.last_mut().map(|frame| &mut frame.part)
        else {
            return;
        };
        *slot = Pending::Dropped;
        if repaired {
            *incomplete = true;
        } else if let Some(refusal) = refusal {
            *incomplete = true;
            self.found.push(refusal);
        } else if let Some(first) = seen.get(text) {
            let twice = Diagnostic::error(code::DUPLICATE_KEY, span, format!("the key `{text}` stands twice"));
            self.found.push(twice.label("again here").also(*first, "first here"));
        } else {
            seen.insert(key.text.clone(), span);
            *slot = Pending::Value(key);
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, span: Span) -> Node {
        if style == ScalarStyle::Plain && text.is_empty() {
            return Node::new(Value::Null, self.place_of_nothing(span));
        }
        let mut node = leaf::read(self.text, text, style, span, self.env).unwrap_or_else(|diagnostic| {
            self.found.push(*diagnostic);
            Node { broken: true, ..Node::new(Value::Null, span) }
        });
        node.broken |= self.repaired.contains(&(span.start as usize));
        node
    }

    /// A value that is not there is shown at its key; in a list, where it would stand.
    fn place_of_nothing(&self, span: Span) -> Span {
        match self.stack.last().map(|frame| &frame.part) {
            Some(Part::Map { key: Pending::Value(key), .. }) => key.span,
            _ => Span { end: span.start, ..span },
        }
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Halt> {
        if self.expects_key() {
            return self.place(Node::new(Value::List(Vec::new()), span), 0);
        }
        let Some(Anchored { node, count, depth }) = self.anchors.get(&anchor) else {
            let message = "an alias inside the very value that it stands for";
            self.found.push(Diagnostic::error(code::SYNTAX, span, message));
            let mut node = Node::new(Value::Null, span);
            node.broken = true;
            return self.place(node, 0);
        };
        self.aliased += count;
        if self.aliased > MAX_ALIASED {
            let message = format!("aliases expand to more than {MAX_ALIASED} values");
            self.found.push(Diagnostic::error(code::LIMIT, span, message));
            return Err(Halt);
        }
        if self.stack.len() + depth > MAX_DEPTH {
            return self.too_deep(span);
        }
        self.nodes += count;
        let node = Node { span, ..node.clone() };
        self.place(node, 0)
    }

    fn too_deep(&mut self, span: Span) -> Result<(), Halt> {
        let message = format!("nested more than {MAX_DEPTH} deep");
        self.found.push(Diagnostic::error(code::LIMIT, span, message));
        Err(Halt)
    }

    fn refuse_tag(&mut self, tagged: bool, span: Span) -> bool {
        if tagged {
            let written = self.text[span.start as usize..].lines().next().unwrap_or("");
            let written = written.get(..(span.end - span.start) as usize).unwrap_or(written).trim_end();
            let diagnostic = Diagnostic::error(code::SYNTAX, span, "YAML tags (`!name`) are not used here");
            self.found.push(
                diagnostic.help(format!("remove the tag; if text was meant, put quotes: {}", quote::quoted(written))),
            );
        }
        tagged
    }

    /// The parser counts the blanks between a closing quote and `}` as part of the text; carets should not.
    fn without_blanks(&self, span: Span, style: ScalarStyle) -> Span {
        let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
        match self.text.get(span.start as usize..span.end as usize) {
            Some(written) if quoted => Span { end: span.start + offset(written.trim_end().len()), ..span },
            _ => span,
        }
    }

    /// The parser counts `&name` as part of what it names; carets should not.
    fn behind_anchor(&self, anchor: usize, span: Span) -> Span {
        let written = &self.text[span.start as usize..span.end as usize];
        match written.split_once(char::is_whitespace).filter(|_| anchor > 0 && written.starts_with('&')) {
            Some((_, rest)) if !rest.trim().is_empty() => {
                Span { start: span.end - offset(rest.trim_start().len()), ..span }
            }
            _ => span,
        }
    }
}

fn refused_key(key: &Key, plain: bool) -> Option<Diagnostic> {
    if !plain {
        return None;
    }
    match key.text.as_str() {
        "<<" => {
            let message = "the merge key `<<` is not part of YAML 1.2 and is not read";
            Some(Diagnostic::error(code::SYNTAX, key.span, message).help("write the keys out where they are needed"))
        }
        "" => Some(Diagnostic::error(code::SYNTAX, key.span, "there is no key before `:`")),
        text => scalar::ambiguous(text).map(|meant| quote::ambiguous(text, meant, key.span)),
    }
}

/// How many values a node holds, itself included, and how deep they nest.
fn measure(node: &Node) -> (usize, usize) {
    let children: Box<dyn Iterator<Item = &Node>> = match &node.value {
        Value::List(items) => Box::new(items.iter()),
        Value::Map(entries) => Box::new(entries.iter().map(|(_, node)| node)),
        _ => return (1, 0),
    };
    let (count, depth) = children.map(measure).fold((1, 0), |(n, d), (count, depth)| (n + count, d.max(depth)));
    (count, depth + 1)
}
