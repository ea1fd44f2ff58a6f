//! `lb ctl`, `lb errors` and `lb reload` beside a running process, and its pages.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::process::{Command, Output};
use std::time::Duration;

use plimsoll_testkit::{Client, Lb, eventually, lb, runtime_socket};

const SITE: &str = "global:\n  runtime-api:\n    - { bind: \"unix@${SOCKETS}/lb.sock\", level: admin }\n    - \"unix@${SOCKETS}/low.sock\"\n\
    \x20 admin: 127.0.0.1:0\n\
    defaults: { timeouts: { connect: 1s, client: 5s, server: 5s } }\n\
    frontends:\n  web: { bind: [\"127.0.0.1:0\"], default-backend: app }\n\
    backends:\n  app: { retries: 0, servers: { a1: \"127.0.0.1:1\" } }\n";

struct Running {
    lb: Lb,
    sockets: tempfile::TempDir,
}

impl Running {
    fn new() -> Self {
        let sockets = tempfile::tempdir().unwrap();
        let folder = sockets.path().to_str().unwrap().to_owned();
        let how = lb::Start { variables: vec![("SOCKETS".into(), folder)], ..lb::Start::default() };
        Self { lb: Lb::start_with(SITE, &how), sockets }
    }

    fn socket(&self, name: &str) -> String {
        self.sockets.path().join(name).to_str().unwrap().to_owned()
    }

    fn file(&self) -> String {
        self.lb.folder().join("lb.yaml").to_str().unwrap().to_owned()
    }

    /// Runs `lb` with these arguments, with the socket in the environment.
    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(lb::binary()).args(arguments).env("LB_SOCKET", self.socket("lb.sock")).output().unwrap()
    }
}

#[track_caller]
fn assert_said(output: &Output, code: i32, out: &str, err: &str) {
    let said = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{said:?}");
    assert!(said.0.contains(out) && said.1.contains(err), "{said:?}");
}

#[test]
fn a_command_is_answered() {
    let running = Running::new();
    assert_said(&running.run(&["ctl", "show", "version"]), 0, env!("CARGO_PKG_VERSION"), "");
    assert_said(&running.run(&["ctl", "show backend; show cli level"]), 0, "# name\napp\n\nadmin\n", "");
    assert_said(&running.run(&["ctl"]), 0, "set server", "");
    assert_said(&running.run(&["ctl", "show", "stat", "-1", "4", "-1"]), 0, "\napp,a1,", "");
}

#[test]
fn an_error_is_the_exit_code() {
    let running = Running::new();
    assert_said(&running.run(&["ctl", "disable server app/none"]), 1, "", "No such server.\n");
    assert_said(&running.run(&["ctl", "no", "such", "thing"]), 1, "", "Unknown command");
    assert_said(&running.run(&["ctl", "disable", "server", "app/a1"]), 0, "", "");
    assert_said(&running.run(&["ctl", "show stat"]), 0, ",MAINT,", "");
}

#[test]
fn the_socket_is_given_or_in_the_environment_or_in_the_file() {
    let running = Running::new();
    let level = |arguments: &[&str], variable: Option<&str>| {
        let mut command = Command::new(lb::binary());
        command.args(arguments).env("SOCKETS", running.sockets.path()).env_remove("LB_SOCKET");
        command.envs(variable.map(|socket| ("LB_SOCKET", running.socket(socket)))).output().unwrap()
    };
    let file = running.file();
    assert_said(&level(&["ctl", "-f", &file, "show cli level"], None), 0, "admin\n", "");
    assert_said(&level(&["ctl", "-f", &file, "show cli level"], Some("low.sock")), 0, "operator\n", "");
    let given = running.socket("lb.sock");
    assert_said(&level(&["ctl", "-s", &given, "-f", &file, "show cli level"], Some("low.sock")), 0, "admin\n", "");
    assert_said(&level(&["ctl", "show cli level"], None), 1, "", "--socket");
    assert_said(&level(&["ctl", "show cli level"], Some("nobody.sock")), 1, "", "cannot talk to");
}

#[test]
fn the_configuration_and_the_commands_come_from_pipes_as_well() {
    let running = Running::new();
    let through = |script: &str| {
        let mut command = Command::new("bash");
        command.args(["-c", script]).env("SOCKETS", running.sockets.path()).env_remove("LB_SOCKET");
        command.env("LB", lb::binary()).env("FILE", running.file()).output().unwrap()
    };
    assert_said(&through("\"$LB\" ctl -f - show cli level < \"$FILE\""), 0, "admin\n", "");
    assert_said(&through("cat \"$FILE\" | \"$LB\" ctl -f - show cli level"), 0, "admin\n", "");
    assert_said(&through("\"$LB\" ctl -f <(cat \"$FILE\") show cli level"), 0, "admin\n", "");
    assert_said(&through("\"$LB\" ctl -f \"$(dirname \"$FILE\")\" show cli level"), 0, "admin\n", "");
    assert_said(&through("\"$LB\" ctl -f - show cli level < /dev/null"), 1, "", "no `runtime-api`");
    let commands = "printf '# two\\nshow cli level\\n\\nshow backend\\n' | \"$LB\" ctl -f \"$FILE\" -";
    assert_said(&through(commands), 0, "admin\n\n# name\napp\n", "");
    assert_said(&through("\"$LB\" ctl -f - - < \"$FILE\""), 1, "", "both");
}

#[test]
fn a_reload_says_what_it_did_or_why_not() {
    let running = Running::new();
    std::fs::write(running.file(), SITE.replace("a1:", "a2:")).unwrap();
    assert_said(&running.run(&["reload", "--plan"]), 0, "a2", "");
    assert_said(&running.run(&["ctl", "show stat"]), 0, "\napp,a1,", "");
    assert_said(&running.run(&["reload"]), 0, "a2", "");
    assert_said(&running.run(&["ctl", "show stat"]), 0, "\napp,a2,", "");
    std::fs::write(running.file(), SITE.replace("retries:", "retrys:")).unwrap();
    assert_said(&running.run(&["reload"]), 1, "", "retrys");
    assert_said(&running.run(&["ctl", "show stat"]), 0, "\napp,a2,", "");
}

#[test]
fn failures_and_figures_are_seen() {
    let running = Running::new();
    let ask = |addr: &str, path: &str| {
        let mut stream = TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(ask(&running.lb.addr("web").to_string(), "/").starts_with("HTTP/1.1 503"));
    assert_said(&running.run(&["errors", "-n", "1"]), 0, "server.connect", "");
    let stderr = running.lb.stderr();
    let admin = stderr.lines().find_map(|line| line.strip_prefix("lb: admin on ")).unwrap();
    assert!(ask(admin, "/metrics").contains("haproxy_frontend_http_requests_total{proxy=\"web\"} 1\n"));
    assert!(ask(admin, "/").contains("server.connect"));
}

/// What is shown is what was sent, with the place that HAProxy finds as well.
#[test]
fn the_place_where_reading_stopped_is_shown() {
    let running = Running::new();
    let socket = running.socket("haproxy.sock");
    let haproxy = Lb::haproxy(
        "web",
        &format!(
            "global\n stats socket {socket} level admin\ndefaults\n mode http\n timeout connect 1s\n timeout client 5s\n\
             \x20timeout server 5s\nfrontend web\n bind fd@0\n default_backend app\nbackend app\n server a1 127.0.0.1:1\n"
        ),
    );
    eventually("haproxy's socket is there", Duration::from_secs(20), || UnixStream::connect(&socket).is_ok());
    // The space before the colon, and a byte that stands in no name.
    for (request, position) in
        [("GET / HTTP/1.1\r\nHo st: a\r\n\r\n", 18), ("GET /ab HTTP/1.1\r\nHost: a\r\nX-\x01: b\r\n\r\n", 29)]
    {
        for lb in [&running.lb, &haproxy] {
            let mut client = Client::connect(lb.addr("web"));
            client.send(request);
            assert_eq!(client.response().unwrap().status, 400, "{request:?}");
        }
        let at = format!("error at position {position}");
        assert_said(&running.run(&["ctl", "show errors 1"]), 0, &format!("{at}:\n"), "");
        let lines = if position == 18 { "  00016  Ho st: a\\r\\n\n" } else { "  00027  X-\\x01: b\\r\\n\n" };
        assert_said(&running.run(&["ctl", "show errors 1"]), 0, lines, "");
        assert_said(&running.run(&["errors", "-n", "1"]), 0, &format!("{at}:\n"), "");
        let theirs = runtime_socket::ask(socket.as_ref(), "show errors");
        assert!(theirs.contains(&format!("{at}\n")), "haproxy: {theirs}");
    }
}
