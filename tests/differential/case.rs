//! What a case is: a configuration, what clients do, and what servers answer.

/// One case. Built by its methods, each of which is a line of the table.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// Says what is compared.
    pub name: &'static str,
    /// The text of `haproxy.cfg`; `<bind>`, `<s1>` and its likes are put in, see [`crate::stage`].
    pub cfg: String,
    /// Files beside it.
    pub files: Vec<(&'static str, &'static str)>,
    /// Variables of the environment.
    pub variables: Vec<(&'static str, &'static str)>,
    /// What clients do, one after the other.
    pub steps: Vec<Step>,
    /// What servers answer to a path. The answer ends as [`crate::stage::Then`] says.
    pub answers: Vec<(&'static str, &'static str)>,
    /// What servers say first, where they echo.
    pub echo: Option<&'static str>,
    /// Set where they differ on purpose.
    pub chosen: Option<Chosen>,
}

/// A difference on purpose.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// The reason.
    pub why: &'static str,
    /// What our record shows.
    pub ours: &'static [&'static str],
}

/// A step of a client, or of the one who watches.
#[derive(Clone, Debug)]
pub enum Step {
    /// The client with this number goes on; 0 begins.
    Client(usize),
    /// Bytes.
    Send(&'static str),
    /// A request for this path.
    Ask(&'static str),
    /// The next response is noted, as one to this method.
    Answer(&'static str),
    /// As many bytes as this text has are noted.
    Hear(usize),
    /// Everything until the connection ends is noted, and how it ended.
    Ends,
    /// Nothing comes for so many milliseconds.
    Quiet(u64),
    /// The client sends FIN.
    Fin,
    /// The client resets.
    Reset,
    /// The client closes, and the next step is on a new connection.
    Anew,
    /// Servers have got so many requests.
    Served(usize),
    /// Connections of servers end; how they do is noted.
    ServersEnd,
    /// Log lines are compared too: so many are waited for.
    #[allow(dead_code)]
    Lines(usize),
}

/// What stands before every configuration that does not begin with `global` itself.
const GLOBAL: &str = "global\n nbthread 1\n";
/// Where clients and servers have all the time that a busy machine needs.
const TIMES: &str = " timeout connect 5s\n timeout client 20s\n timeout server 20s\n";

/// A whole `haproxy.cfg`, but for `global`.
pub fn whole(name: &'static str, cfg: &str) -> Case {
    let global = if cfg.contains("global\n") { "" } else { GLOBAL };
    Case { name, cfg: format!("{global}{cfg}"), ..Case::default() }
}

/// Sections that stand on the defaults of HTTP.
pub fn sections(name: &'static str, text: &str) -> Case {
    whole(name, &format!("defaults\n mode http\n{TIMES}{text}"))
}

/// An HTTP frontend `web` with these lines, before a backend `app` with one server `s1` and these other lines.
pub fn http(name: &'static str, frontend: &str, backend: &str) -> Case {
    let (frontend, backend) = (lines(frontend), lines(backend));
    sections(
        name,
        &format!("frontend web\n bind <bind>\n{frontend} default_backend app\nbackend app\n{backend} server s1 <s1>\n"),
    )
}

/// The same in TCP mode; the server says `s1:` and gives back what it hears.
pub fn tcp(name: &'static str, frontend: &str, backend: &str) -> Case {
    let (frontend, backend) = (lines(frontend), lines(backend));
    let text = format!(
        "defaults\n mode tcp\n{TIMES}frontend web\n bind <bind>\n{frontend} default_backend app\nbackend app\n{backend} server s1 <s1>\n"
    );
    whole(name, &text).echo("<name>:")
}

fn lines(text: &str) -> String {
    text.lines().map(|line| format!(" {}\n", line.trim())).collect()
}

/// Adds a step.
macro_rules! steps {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty)?) = $step:expr;)*) => {
        impl Case {
            $($(#[$doc])* pub fn $name(mut self $(, $argument: $type)?) -> Self {
                self.steps.push($step);
                self
            })*
        }
    };
}

steps! {
    /// Another client goes on.
    client(number: usize) = Step::Client(number);
    /// The client sends these bytes.
    send(bytes: &'static str) = Step::Send(bytes);
    /// The client asks for a path, and reads nothing.
    ask(path: &'static str) = Step::Ask(path);
    /// The client reads an answer.
    answer() = Step::Answer("GET");
    /// The client reads an answer without a body.
    head() = Step::Answer("HEAD");
    /// The client reads so many bytes.
    hear(count: usize) = Step::Hear(count);
    /// The client reads to the end.
    ends() = Step::Ends;
    /// Nothing comes for these milliseconds.
    quiet(milliseconds: u64) = Step::Quiet(milliseconds);
    /// The client will send no more.
    fin() = Step::Fin;
    /// The client resets its connection.
    reset() = Step::Reset;
    /// The client begins anew.
    anew() = Step::Anew;
    /// So many requests have come to servers.
    served(count: usize) = Step::Served(count);
    /// The connections of the servers end.
    servers_end() = Step::ServersEnd;
    /// So many log lines are there, and compared. The seam for cases about logs.
    #[allow(dead_code)]
    lines(count: usize) = Step::Lines(count);
}

impl Case {
    /// The client asks and reads the answer.
    pub fn get(self, path: &'static str) -> Self {
        self.ask(path).answer()
    }

    /// The client sends a request and reads the answer.
    pub fn says(self, request: &'static str) -> Self {
        self.send(request).answer()
    }

    /// What servers answer to a path.
    pub fn origin(mut self, path: &'static str, answer: &'static str) -> Self {
        self.answers.push((path, answer));
        self
    }

    /// Servers do not speak HTTP: they say this first.
    pub fn echo(mut self, greeting: &'static str) -> Self {
        self.echo = Some(greeting);
        self
    }

    /// A file beside the configuration.
    pub fn file(mut self, name: &'static str, text: &'static str) -> Self {
        self.files.push((name, text));
        self
    }

    /// A variable of the environment.
    pub fn variable(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.push((name, value));
        self
    }

    /// They differ on purpose.
    pub fn chosen(mut self, why: &'static str, ours: &'static [&'static str]) -> Self {
        self.chosen = Some(Chosen { why, ours });
        self
    }
}
