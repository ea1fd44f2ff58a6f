//! A whole configuration: text to plan, without opening anything.

use std::net::SocketAddr;

use plimsoll_engine::{Surroundings, import_text, load_text_in};

/// All bytes are the file; there is a plan, or an error that says why not, and every finding can be shown in every form.
pub fn config_load(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        load("fuzz.yaml", text);
    }
}

/// All bytes are a file of HAProxy's language. Besides, what it becomes as YAML can be read.
pub fn haproxy_cfg(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    load("fuzz.cfg", text);
    let imported = import_text("fuzz.cfg", text, &Surroundings::none());
    if let Some(yaml) = imported.yaml {
        let (_, findings) = load_text_in("fuzz.yaml", &yaml, &Surroundings::none());
        let syntax = ["config.syntax", "config.needs-quotes", "config.unset-variable"];
        let wrong = findings.diagnostics().iter().find(|found| syntax.contains(&found.code));
        assert!(wrong.is_none(), "{wrong:?}\n{yaml}");
    }
}

fn load(name: &str, text: &str) {
    let surroundings = Surroundings {
        env: &|name| (name.len() < 3).then(|| "a: [b".to_owned()),
        resolve: &|host, port, _| match host.len() {
            0..6 => Ok(SocketAddr::from(([127, 0, 0, 1], port))),
            _ => Err("no such name".to_owned()),
        },
        descriptors: 1024,
        source_ports: 100,
        pipe_room: 1 << 20,
        ..Surroundings::none()
    };
    let (plan, findings) = load_text_in(name, text, &surroundings);
    assert_eq!(plan.is_none(), findings.errors() > 0, "a plan exactly when there is no error: {text:?}");
    let (found, sources) = (findings.diagnostics(), findings.sources());
    for finding in found {
        let at = sources.position(finding.primary.span);
        assert!(at.is_some() || finding.primary.span.is_none(), "{finding:?} stands outside of the file");
    }
    let _ = findings.render(false);
    let _ = found.render_json(sources);
    let _ = found.render_sarif(sources, "lb", "0", &|_| None);
}
