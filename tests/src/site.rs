//! Writes the YAML of one frontend `web` before one backend `origins`, with what a test is about added to either.

use std::fmt::Display;

use plimsoll_testkit::Lb;

use crate::Timeouts;

/// A configuration under construction; every text added is YAML of one key.
#[derive(Debug, Clone)]
pub struct Site {
    pub(crate) mode: &'static str,
    pub(crate) timeouts: Timeouts,
    pub(crate) global: String,
    pub(crate) bind: String,
    pub(crate) frontend: Vec<String>,
    pub(crate) backend: Vec<String>,
    /// Name, address, further keys.
    pub(crate) servers: Vec<(String, String, String)>,
}

impl Site {
    /// HTTP mode.
    pub fn http() -> Self {
        Self {
            mode: "http",
            timeouts: Timeouts::default(),
            global: "threads: 1".into(),
            bind: "127.0.0.1:0".into(),
            frontend: Vec::new(),
            backend: Vec::new(),
            servers: Vec::new(),
        }
    }

    /// TCP mode.
    pub fn tcp() -> Self {
        Self { mode: "tcp", ..Self::http() }
    }

    /// Other time-outs.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Keys of `global`, in flow style.
    pub fn global(mut self, keys: &str) -> Self {
        self.global = keys.into();
        self
    }

    /// Another address to bind.
    pub fn bind(mut self, address: &str) -> Self {
        self.bind = address.into();
        self
    }

    /// A key of the frontend.
    pub fn frontend(mut self, key: &str) -> Self {
        self.frontend.push(key.into());
        self
    }

    /// A key of the backend.
    pub fn backend(mut self, key: &str) -> Self {
        self.backend.push(key.into());
        self
    }

    /// A server at this address.
    pub fn server(self, name: &str, address: impl Display) -> Self {
        self.server_with(name, address, "")
    }

    /// A server with more keys, in flow style.
    pub fn server_with(mut self, name: &str, address: impl Display, keys: &str) -> Self {
        self.servers.push((name.into(), address.to_string(), keys.into()));
        self
    }

    /// The text.
    pub fn yaml(&self) -> String {
        let Timeouts { http_request, client, server, keep_alive, tunnel } = self.timeouts;
        let (global, mode, bind) = (&self.global, self.mode, &self.bind);
        let mut text = format!(
            "global: {{ {global} }}\n\
             defaults:\n  mode: {mode}\n  timeouts: {{ connect: 2s, client: {client}ms, server: {server}ms, \
             http-request: {http_request}ms, http-keep-alive: {keep_alive}ms, tunnel: {tunnel}ms }}\n\
             frontends:\n  web:\n    bind: [\"{bind}\"]\n    default-backend: origins\n"
        );
        self.frontend.iter().for_each(|key| text += &format!("    {key}\n"));
        text += "backends:\n  origins:\n";
        self.backend.iter().for_each(|key| text += &format!("    {key}\n"));
        text += "    servers:\n";
        for (name, address, keys) in &self.servers {
            let comma = if keys.is_empty() { "" } else { ", " };
            text += &format!("      {name}: {{ address: \"{address}\"{comma}{keys} }}\n");
        }
        text
    }

    /// Starts `lb` with it, or haproxy where the environment asks for that.
    #[track_caller]
    pub fn start(&self) -> Lb {
        if Lb::is_haproxy() { Lb::haproxy("web", &self.haproxy_cfg()) } else { Lb::start(&self.yaml()) }
    }
}
