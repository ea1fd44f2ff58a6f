//! The formats of a frontend: of its log, and of its requests' names.

use std::sync::Arc;

use plimsoll_config::{Diagnostic, Span, Spanned};
use plimsoll_proxy::Mode;
use plimsoll_proxy::rules::Formats;
use plimsoll_rules::{Acls, Format, Place, Purpose, Text};

use super::Bench;
use crate::model::{Defaults, Frontend};

/// HAProxy's shapes, by the names of its options.
const HTTPLOG: &str =
    "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r";
const TCPLOG: &str = "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq";
const CLF: &str = "%{+Q}o %{-Q}ci - - [%trg] %r %ST %B \"\" \"\" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl";
const CONNECT_OF_HTTP: &str = "Connect from %ci:%cp to %fi:%fp (%f/HTTP)";
const CONNECT_OF_TCP: &str = "Connect from %ci:%cp to %fi:%fp (%f/TCP)";

/// What a line looks like.
enum Shape {
    /// What is written without a format: `httplog` or `tcplog`, by the mode.
    BuiltIn,
    /// By a name.
    Named(Spanned<String>),
    /// As the file has it.
    Own,
}

/// What `log-format` asks for.
fn shape(wanted: Option<&Spanned<String>>, mode: Mode, captures: bool) -> Shape {
    let text = match (wanted.map(|wanted| wanted.as_str()), mode) {
        // Captures stand in it.
        (None | Some("httplog"), Mode::Http) if captures => HTTPLOG,
        (None | Some("httplog"), _) | (Some("tcplog" | "clf"), Mode::Tcp) => return Shape::BuiltIn,
        (Some("tcplog"), Mode::Http) => TCPLOG,
        (Some("clf"), Mode::Http) => CLF,
        (Some("default"), Mode::Http) => CONNECT_OF_HTTP,
        (Some("default"), Mode::Tcp) => CONNECT_OF_TCP,
        (Some(_), _) => return Shape::Own,
    };
    Shape::Named(Spanned::new(text.to_owned(), Span::NONE))
}

impl Bench<'_> {
    /// What a frontend writes in shapes of its own.
    pub(super) fn formats(
        &mut self,
        frontend: &Frontend,
        defaults: &Defaults,
        mode: Mode,
        acls: &Acls,
        captures: bool,
    ) -> Option<Arc<Formats>> {
        let sources = self.sources;
        let (log, id) = match mode {
            Mode::Http => (Place::HttpLog, Place::HttpRequest),
            Mode::Tcp => (Place::TcpLog, Place::TcpContent),
        };
        let mut format = |own: &Option<Spanned<String>>, base: &Option<Spanned<String>>, place, purpose| {
            let text = own.as_ref().or(base.as_ref())?;
            let mut compiler = self.compiler(Some(place), acls);
            Format::compile_for(purpose, &Text::new(text, sources).word(), &mut compiler)
        };
        let line = match shape(frontend.log_format.as_ref().or(defaults.log_format.as_ref()), mode, captures) {
            Shape::BuiltIn => None,
            Shape::Named(text) => format(&Some(text), &None, log, Purpose::Log),
            Shape::Own => format(&frontend.log_format, &defaults.log_format, log, Purpose::Log),
        };
        let data = format(&frontend.log_format_sd, &defaults.log_format_sd, log, Purpose::Log);
        let error = format(&frontend.error_log_format, &defaults.error_log_format, Place::TcpLog, Purpose::Log);
        let id = match mode {
            Mode::Http => format(&frontend.unique_id_format, &defaults.unique_id_format, id, Purpose::Id),
            Mode::Tcp => None,
        };
        let header = frontend.unique_id_header.as_ref().or(defaults.unique_id_header.as_ref());
        if let (Some(header), None) = (&frontend.unique_id_header, &id) {
            let text = "`unique-id-header` does nothing without `unique-id-format`";
            self.found.push(Diagnostic::warning("rule.format", header.span(), text));
        }
        let id_header = header.filter(|_| id.is_some()).map(|header| header.as_str().into());
        let formats = Formats { line, data, error, id, id_header };
        (!formats.is_empty()).then(|| Arc::new(formats))
    }
}
