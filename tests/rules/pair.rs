//! The same rules in `lb` and in the installed haproxy, and what a client sees of either.

use std::fmt::Write as _;
use std::time::Duration;

use plimsoll_testkit::{Client, Lb, Origin, Then, eventually};

/// A busy machine's patience.
pub const SOON: Duration = Duration::from_secs(20);

/// Rules in the words that both share, and what each needs beside them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scene<'s> {
    /// Key and rule: `http-request`, `deny if …`.
    pub frontend: &'s [(&'s str, &'s str)],
    /// The same for the backend.
    pub backend: &'s [(&'s str, &'s str)],
    /// Sections before the proxies: YAML, and haproxy's words.
    pub sections: [&'s str; 2],
    /// More lines of the frontend.
    pub more: [&'s str; 2],
    /// More lines of the backend.
    pub behind: [&'s str; 2],
    /// Words behind the `bind` of haproxy, and keys of ours.
    pub bind: [&'s str; 2],
}

/// Both programs before one origin.
pub struct Pair {
    /// Ours.
    pub lb: Lb,
    /// The oracle.
    pub haproxy: Lb,
    _origin: Origin,
}

/// What a client saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// 0: no answer at all.
    pub status: u16,
    /// Sorted, names in lower case.
    pub fields: Vec<String>,
    /// `PAGE` for an error page of the program itself.
    pub body: String,
    /// Fields of interim responses.
    pub early: Vec<String>,
    /// Another request is answered on the same connection.
    pub stays: bool,
}

impl Pair {
    /// Starts both.
    #[track_caller]
    pub fn start(scene: &Scene<'_>) -> Self {
        let origin = Origin::serving(|exchange| {
            let request = &exchange.request;
            let mut body = format!("{} {}\n", request.method, request.target);
            for line in request.fields.lines_without(&["host", "content-length"]) {
                let _ = writeln!(body, "{line}");
            }
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nX-Origin: yes\r\nSet-Cookie: SID=server; path=/\r\n\r\n",
                body.len()
            );
            exchange.send(head + &body);
            Then::Keep
        });
        let lb = Lb::start(&yaml(scene, &origin.addr.to_string()));
        let haproxy = Lb::haproxy("web", &cfg(scene, &origin.addr.to_string()));
        Self { lb, haproxy, _origin: origin }
    }

    /// What a client of each sees that sends this.
    #[track_caller]
    pub fn see(&self, method: &str, request: &str) -> [Seen; 2] {
        [&self.lb, &self.haproxy].map(|program| see(program, method, request))
    }

    /// Both must show a client the same.
    #[track_caller]
    pub fn same(&self, path: &str) -> Seen {
        let [ours, theirs] = self.see("GET", &get(path));
        assert_eq!(ours, theirs, "{path}: ours, and haproxy's");
        ours
    }

    /// The termination state and status in the log line of a request that both got.
    #[track_caller]
    pub fn states(&self, path: &str) -> [String; 2] {
        [&self.lb, &self.haproxy].map(|program| {
            let state = || {
                let log = program.stdout();
                let line = log.lines().find(|line| line.contains(&format!(" {path} HTTP/")))?.to_owned();
                let words: Vec<&str> = line.split_whitespace().collect();
                let at =
                    words.windows(3).position(|three| three[0] == "-" && three[1] == "-" && three[2].len() == 4)?;
                Some(format!("{} {}", words[at - 2], &words[at + 2][..2]))
            };
            eventually(path, SOON, || state().is_some());
            state().unwrap_or_default()
        })
    }
}

/// A plain request.
pub fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: h.example\r\n\r\n")
}

fn see(program: &Lb, method: &str, request: &str) -> Seen {
    let mut client = Client::connect(program.addr("web")).patient(SOON);
    client.send(request);
    let Ok(response) = client.response_to(method) else {
        return Seen { status: 0, fields: Vec::new(), body: String::new(), early: Vec::new(), stays: false };
    };
    let page = response.text().starts_with("<html><body><h1>");
    let except: &[&str] = if page { &["content-length", "date"] } else { &["date"] };
    let mut fields: Vec<String> = lower(response.fields.lines_without(except));
    fields.sort();
    let mut early: Vec<String> =
        response.interim.iter().flat_map(|interim| lower(interim.fields.lines_without(&[]))).collect();
    early.sort();
    let stays = client.get("/again").is_ok();
    let body = if page { "PAGE".into() } else { response.text() };
    Seen { status: response.status, fields, body, early, stays }
}

fn lower(lines: Vec<String>) -> Vec<String> {
    let of = |line: String| match line.split_once(':') {
        Some((name, value)) => format!("{}:{value}", name.to_lowercase()),
        None => line,
    };
    lines.into_iter().map(of).collect()
}

fn yaml(scene: &Scene<'_>, origin: &str) -> String {
    let mut text = format!(
        "global: {{ threads: 1 }}\n{}\ndefaults:\n  timeouts: {{ connect: 2s, client: 20s, server: 20s, http-keep-alive: 20s, tarpit: 50ms }}\n\
         frontends:\n  web:\n    bind: [{{ address: \"127.0.0.1:0\"{} }}]\n    default-backend: app\n",
        scene.sections[0], scene.bind[1]
    );
    rules(&mut text, scene.frontend);
    lines(&mut text, scene.more[0], "    ");
    let _ = write!(text, "backends:\n  app:\n    servers: {{ s1: \"{origin}\" }}\n");
    rules(&mut text, scene.backend);
    lines(&mut text, scene.behind[0], "    ");
    text
}

fn rules(text: &mut String, rules: &[(&str, &str)]) {
    let mut known = Vec::new();
    for (key, _) in rules {
        if known.contains(key) {
            continue;
        }
        known.push(*key);
        let _ = writeln!(text, "    {key}:");
        for (_, rule) in rules.iter().filter(|(have, _)| have == key) {
            let _ = writeln!(text, "      - '{}'", rule.replace('\'', "''"));
        }
    }
}

fn lines(text: &mut String, more: &str, indent: &str) {
    more.lines().for_each(|line| {
        let _ = writeln!(text, "{indent}{line}");
    });
}

fn cfg(scene: &Scene<'_>, origin: &str) -> String {
    let mut text = format!(
        "global\n nbthread 1\n log stdout format raw daemon\n{}\ndefaults\n mode http\n log global\n option httplog\n \
         timeout connect 2s\n timeout client 20s\n timeout server 20s\n timeout http-keep-alive 20s\n timeout tarpit 50ms\n\
         frontend web\n bind fd@0 {}\n default_backend app\n",
        scene.sections[1], scene.bind[0]
    );
    lines(&mut text, scene.more[1], " ");
    for (key, rule) in scene.frontend {
        let _ = writeln!(text, " {key} {rule}");
    }
    let _ = writeln!(text, "backend app\n server s1 {origin}");
    lines(&mut text, scene.behind[1], " ");
    for (key, rule) in scene.backend {
        let _ = writeln!(text, " {key} {rule}");
    }
    text
}
