//! What the command line wants of a configuration, whatever the files say: it holds for every reload as well.

use std::path::PathBuf;
use std::sync::OnceLock;

use plimsoll_config::{Key, Node, Span, Value};

use crate::model::File;

/// Words of HAProxy's command line that are keys of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// `-n`: `global.maxconn`.
    pub maxconn: Option<u32>,
    /// `-N`: `maxconn` of frontends that have none.
    pub maxconn_of_frontends: Option<u32>,
    /// `-p`: `global.pidfile`.
    pub pidfile: Option<PathBuf>,
    /// `-D`, or `-db`: `global.daemon`.
    pub daemon: Option<bool>,
    /// `tag` of log targets that have none.
    pub log_tag: Option<String>,
    /// `-L`: the variable `HAPROXY_LOCALPEER`.
    pub local_peer: Option<String>,
}

/// Nothing is wished for.
pub(super) static NONE: Wishes =
    Wishes { maxconn: None, maxconn_of_frontends: None, pidfile: None, daemon: None, log_tag: None, local_peer: None };

static WISHES: OnceLock<Wishes> = OnceLock::new();

/// From now on this process reads files so. The first call counts.
pub fn wish(wishes: Wishes) {
    let _ = WISHES.set(wishes);
}

/// Those of this process.
pub(super) fn of_process() -> &'static Wishes {
    WISHES.get().unwrap_or(&NONE)
}

impl Wishes {
    /// Writes into `global` what it overrides there.
    pub(super) fn override_tree(&self, tree: &mut Node) {
        let values = [
            ("maxconn", self.maxconn.map(|count| Value::Int(count.into()))),
            ("daemon", self.daemon.map(Value::Bool)),
            ("pidfile", self.pidfile.as_ref().map(|path| Node::text(path.to_string_lossy(), Span::NONE).value)),
        ];
        let Value::Map(entries) = &mut tree.value else { return };
        let key = |text: &str| Key { text: text.into(), span: Span::NONE };
        for (name, value) in values.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            if !entries.iter().any(|(own, _)| own.text == "global") {
                entries.push((key("global"), Node::new(Value::Map(Vec::new()), Span::NONE)));
            }
            for (_, node) in entries.iter_mut().filter(|(own, _)| own.text == "global") {
                if let Value::Map(global) = &mut node.value {
                    global.retain(|(own, _)| own.text != name);
                    global.push((key(name), Node::new(value.clone(), Span::NONE)));
                }
            }
        }
    }

    /// Gives frontends the limit that none has said.
    pub(crate) fn limit_frontends(&self, file: &mut File) {
        let Some(most) = self.maxconn_of_frontends else { return };
        file.frontends.values_mut().for_each(|frontend| frontend.maxconn = frontend.maxconn.or(Some(most)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{Language, Surroundings, load_text_in};

    #[test]
    fn the_command_line_counts_more_than_the_file_and_less_than_a_frontend() {
        let wishes = Wishes {
            maxconn: Some(77),
            maxconn_of_frontends: Some(5),
            pidfile: Some("/run/own.pid".into()),
            daemon: Some(false),
            log_tag: Some("haproxy".into()),
            local_peer: None,
        };
        let surroundings = Surroundings { language: Language::Haproxy, wishes: &wishes, ..Surroundings::none() };
        let text = "global\n maxconn 10\n daemon\n pidfile /run/file.pid\n log 127.0.0.1 local0\n\
                    frontend a\n bind 127.0.0.1:80\nfrontend b\n bind 127.0.0.1:81\n maxconn 3\n";
        let (plan, findings) = load_text_in("x", text, &surroundings);
        let plan = plan.unwrap_or_else(|| panic!("{}", findings.render(false)));
        assert_eq!(plan.maxconn, Some(77));
        assert_eq!(plan.pidfile(), Some(PathBuf::from("/run/own.pid")));
        assert!(!plan.is_daemon());
        assert_eq!(plan.log.global[0].tag.as_deref(), Some("haproxy"));
        let limits: Vec<_> = plan.file.frontends.values().map(|frontend| frontend.maxconn).collect();
        assert_eq!(limits, [Some(5), Some(3)]);
    }

    #[test]
    fn without_a_global_section_there_is_one() {
        let wishes = Wishes { daemon: Some(true), ..NONE.clone() };
        let surroundings = Surroundings { language: Language::Haproxy, wishes: &wishes, ..Surroundings::none() };
        let (plan, _) = load_text_in("x", "frontend a\n bind 127.0.0.1:80\n", &surroundings);
        assert!(plan.unwrap().is_daemon());
    }
}
