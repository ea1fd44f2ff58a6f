//! The formats of a frontend: of its log, and of its requests' names.

use std::sync::Arc;

use plimsoll_config::{Diagnostic, Spanned};
use plimsoll_proxy::Mode;
use plimsoll_proxy::rules::Formats;
use plimsoll_rules::{Acls, Format, Place, Purpose, Text};

use super::Bench;
use crate::model::{Defaults, Frontend};

impl Bench<'_> {
    /// What a frontend writes in shapes of its own.
    pub(super) fn formats(
        &mut self,
        frontend: &Frontend,
        defaults: &Defaults,
        mode: Mode,
        acls: &Acls,
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
        let line = format(&frontend.log_format, &defaults.log_format, log, Purpose::Log);
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
