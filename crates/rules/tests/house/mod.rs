//! A place to try texts of the language in: a file of one value, time that stands still, dice that always fall the same.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::sync::Arc;
use std::time::Duration;

use plimsoll_config::{Diagnostics, FileId, Sources, Span};
use plimsoll_rules::{
    Acl, Acls, Arena, Compiler, Condition, Context, Download, End, Expr, Format, Language, Loading, Names, NoNames,
    Outside, Parts, Place, Purpose, Regexes, Rule, Rules, Stored, Text, Type, Upload, Variables, Wait,
};
use plimsoll_testkit::Seen;

/// Time stands still on 2026-11-20 at noon UTC.
pub struct Still;

impl Outside for Still {
    fn wall(&self) -> Duration {
        Duration::new(1_795_176_000, 123_456_789)
    }

    fn random(&self) -> u64 {
        0x0123_4567_89ab_cdef
    }
}

/// What texts are compiled with.
pub struct House {
    pub language: Language,
    pub acls: Acls,
    pub names: Arc<dyn Names>,
    pub patterns: Loading,
    pub place: Place,
    sources: Sources,
    regexes: Regexes,
}

impl House {
    pub fn new(parts: &[Parts], place: Place) -> Self {
        Self {
            language: Language::new(parts),
            acls: Acls::default(),
            names: Arc::new(NoNames),
            patterns: Loading::default(),
            place,
            sources: Sources::new(),
            regexes: Regexes::default(),
        }
    }

    /// Compiles a text as a file of its own; what is wrong is spelled out.
    fn compile<T>(
        &mut self,
        text: &str,
        place: Option<Place>,
        compile: impl FnOnce(Text<'_>, &Sources, &mut Compiler<'_>) -> Option<T>,
    ) -> Result<T, String> {
        let file: FileId = self.sources.add("rule", text);
        let span = Span::new(file, 0, text.len() as u32);
        let mut found = Diagnostics::new();
        let mut compiler = Compiler {
            language: &self.language,
            names: &*self.names,
            acls: &self.acls,
            patterns: &self.patterns,
            place,
            regexes: &mut self.regexes,
            found: &mut found,
        };
        let made = compile(Text::at(text, span, &self.sources), &self.sources, &mut compiler);
        let told: Vec<String> = found.iter().map(|finding| finding.spelled(&self.sources)).collect();
        made.filter(|_| told.is_empty()).ok_or_else(|| told.join("\n"))
    }

    pub fn expr(&mut self, text: &str) -> Result<Expr, String> {
        self.compile(text, Some(self.place), |text, _, compiler| Expr::compile(&text.word(), compiler))
    }

    pub fn format(&mut self, text: &str) -> Result<Format, String> {
        self.compile(text, Some(self.place), |text, _, compiler| Format::compile(&text.word(), compiler))
    }

    pub fn format_for(&mut self, purpose: Purpose, text: &str) -> Result<Format, String> {
        self.compile(text, Some(self.place), |text, _, compiler| Format::compile_for(purpose, &text.word(), compiler))
    }

    pub fn acl(&mut self, name: &str, line: &str) -> Result<(), String> {
        let line = self.compile(line, None, |text, _, compiler| Acl::line(&mut text.words(compiler.found)?, compiler));
        let line = line?;
        let span = line.expr.span();
        self.acls.add(name, span, Some(line));
        Ok(())
    }

    pub fn condition(&mut self, text: &str) -> Result<Option<Condition>, String> {
        self.compile(text, Some(self.place), |text, _, compiler| {
            Condition::compile(&mut text.words(compiler.found)?, compiler)
        })
    }

    pub fn rule(&mut self, text: &str) -> Result<Rule, String> {
        self.compile(text, Some(self.place), Rule::compile)
    }

    pub fn rules(&mut self, texts: &[&str]) -> Rules {
        Rules::new(texts.iter().map(|text| self.rule(text).unwrap_or_else(|told| panic!("{text}:\n{told}"))).collect())
    }

    /// The value of an expression that needs no fact.
    pub fn value(&mut self, text: &str) -> Option<Stored> {
        let expr = self.expr(text).unwrap_or_else(|told| panic!("{text}:\n{told}"));
        let (arena, mut variables) = (Arena::new(), Variables::default());
        let cx = Context::new(self.place, &arena, &Still, &mut variables);
        expr.eval(&cx).map(|value| value.store())
    }

    /// How a list of rules ends that needs no fact.
    pub fn run(&self, rules: &Rules, variables: &mut Variables) -> End {
        let arena = Arena::new();
        rules.run(0, &mut Context::new(self.place, &arena, &Still, variables))
    }

    /// What an expression is for bytes that wait in both directions, while more may come. Bytes are shown in hexadecimal.
    pub fn seen(&mut self, text: &str, bytes: &[u8]) -> Seen {
        let expr = self.expr(text).unwrap_or_else(|told| panic!("{text}:\n{told}"));
        let (arena, mut variables) = (Arena::new(), Variables::default());
        let mut upload = Upload { bytes: [b"gone", bytes].concat(), start: 4 };
        let mut download = Download { bytes: bytes.to_vec(), start: 0 };
        let cx = Context::new(self.place, &arena, &Still, &mut variables);
        let cx = cx.with(&mut upload).with(&mut download).unfinished();
        match (expr.eval(&cx), cx.take_wait()) {
            (Some(value), _) if value.kind() == Type::Bin => {
                Seen::Value(value.bytes().unwrap_or_default().iter().map(|byte| format!("{byte:02X}")).collect())
            }
            (Some(value), _) => {
                let text = value.text(&arena).expect("every value has a text");
                // An empty text is a dash in the log that HAProxy is read by.
                Seen::Value(if text.is_empty() {
                    String::from("-")
                } else {
                    String::from_utf8_lossy(text).into_owned()
                })
            }
            (None, None) => Seen::Nothing,
            (None, Some(Wait::Bytes)) => Seen::Waits,
            (None, Some(wait)) => panic!("{text} waits for {wait:?}"),
        }
    }
}
