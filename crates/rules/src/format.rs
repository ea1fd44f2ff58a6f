//! Format strings: text with `%[expression]`, `%alias` and `%{flags}` in it (configuration manual, section 8.2.6).

use plimsoll_config::{Diagnostic, Span};

use crate::expr::Expr;
use crate::fact::Needs;
use crate::words::Word;
use crate::{Compiler, Context, Type, Value};

/// A short name for what logs need most: `%ci`.
#[derive(Debug)]
pub struct Alias {
    /// Its name, HAProxy's, without `%`.
    pub name: &'static str,
    /// What it gives.
    pub output: Type,
    /// What it looks at.
    pub needs: Needs,
    /// The value, or `None`, which is shown as `-`.
    pub eval: for<'c> fn(&'c Context<'_>) -> Option<Value<'c>>,
    /// One sentence for the reference.
    pub doc: &'static str,
}

/// A format string, compiled.
#[derive(Clone, Debug, Default)]
pub struct Format {
    parts: Box<[Part]>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(Box<[u8]>),
    Expr(Box<Expr>),
    Alias(&'static Alias),
}

impl Format {
    /// Reads one. What is wrong is reported.
    pub fn compile(word: &Word, compiler: &mut Compiler<'_>) -> Option<Self> {
        let text = word.as_str();
        let bytes = text.as_bytes();
        let (mut parts, mut plain, mut at) = (Vec::new(), Vec::new(), 0);
        while let Some(&byte) = bytes.get(at) {
            if byte != b'%' {
                plain.push(byte);
                at += 1;
                continue;
            }
            match bytes.get(at + 1) {
                Some(b'%') => {
                    plain.push(b'%');
                    at += 2;
                }
                Some(b'[') => {
                    let Some(end) = closing(bytes, at + 2) else {
                        compiler.error("rule.format", word.part(at..at + 2), "this %[ is never closed");
                        return None;
                    };
                    let expr = Expr::compile(&word.slice(at + 2..end), compiler)?;
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain).into()));
                    }
                    parts.push(Part::Expr(Box::new(expr)));
                    at = end + 1;
                }
                _ => {
                    let length = bytes[at + 1..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
                    let name = &text[at + 1..at + 1 + length];
                    let Some(alias) = compiler.language.alias(name) else {
                        let span: Span = word.part(at..at + 1 + length);
                        let told = Diagnostic::error("rule.format", span, format!("no alias is called `%{name}`"));
                        compiler.found.push(told.help("a percent sign of its own is written %%"));
                        return None;
                    };
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain).into()));
                    }
                    parts.push(Part::Alias(alias));
                    at += 1 + length;
                }
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain.into()));
        }
        Some(Self { parts: parts.into() })
    }

    /// The text, if it is the same always.
    #[must_use]
    pub fn constant(&self) -> Option<&[u8]> {
        match &*self.parts {
            [] => Some(b""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The text, in the memory of the evaluation. What has no value is nothing.
    pub fn render<'f>(&self, cx: &Context<'f>) -> &'f [u8] {
        cx.arena().built(|out| {
            for part in &self.parts {
                let value = match part {
                    Part::Text(text) => {
                        out.extend_from_slice(text);
                        continue;
                    }
                    Part::Expr(expr) => expr.eval(cx),
                    Part::Alias(alias) => (alias.eval)(cx),
                };
                if let Some(text) = value.and_then(|value| value.text(cx.arena())) {
                    out.extend_from_slice(text);
                }
            }
        })
    }
}

/// The `]` that ends an expression: not one in quotes or parentheses.
fn closing(bytes: &[u8], from: usize) -> Option<usize> {
    let (mut depth, mut quote) = (0_usize, None);
    let mut at = from;
    while let Some(&byte) = bytes.get(at) {
        match (byte, quote) {
            (b'\\', None | Some(b'"')) => at += 1,
            (b'"' | b'\'', None) => quote = Some(byte),
            (_, Some(open)) if open == byte => quote = None,
            (_, Some(_)) => {}
            (b'(', None) => depth += 1,
            (b')', None) => depth = depth.saturating_sub(1),
            (b']', None) if depth == 0 => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}
