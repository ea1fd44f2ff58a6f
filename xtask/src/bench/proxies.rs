//! The contestants: how each is configured for a row, started on a free port, and found ready.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use super::rules;
use super::work::{FILES, Mode};
use crate::get;
use crate::process::Process;

#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Who {
    Lb,
    Haproxy,
    Nginx,
    Relay,
}

impl Who {
    pub const ALL: [Who; 4] = [Who::Lb, Who::Haproxy, Who::Nginx, Who::Relay];

    pub fn name(self) -> &'static str {
        match self {
            Who::Lb => "lb",
            Who::Haproxy => "haproxy",
            Who::Nginx => "nginx",
            Who::Relay => "relay",
        }
    }

    /// Why this one has no figure in a row.
    pub fn absent(self, mode: Mode) -> Option<&'static str> {
        match self {
            Who::Nginx if mode != Mode::Http && !Path::new(NGINX_STREAM).exists() => Some("no stream module installed"),
            Who::Relay if mode == Mode::TcpSplice => Some("copies only"),
            _ => None,
        }
    }
}

const NGINX_STREAM: &str = "/usr/lib/nginx/modules/ngx_stream_module.so";

/// The programs that stand here or there: those that we build ourselves, and haproxy.
pub struct Built {
    pub lb: Option<PathBuf>,
    pub haproxy: PathBuf,
    pub relay: Option<PathBuf>,
}

/// What a proxy is to do.
#[derive(Clone, Copy)]
pub struct Duty {
    pub mode: Mode,
    pub threads: usize,
    /// `http-reuse always` instead of the default: one server connection for all.
    pub share_servers: bool,
    pub cpu: Option<usize>,
    /// A line per request goes there.
    pub log: Option<Place>,
    /// The rules of [`rules`].
    pub rules: bool,
}

/// Where a log goes.
#[derive(Clone, Copy)]
pub enum Place {
    /// httplog's text, by UDP.
    Syslog(SocketAddr),
    /// JSON, to [`LOG_FILE`] in the run's folder.
    File,
}

pub const LOG_FILE: &str = "requests.json";

pub struct Running {
    pub process: Process,
    pub address: SocketAddr,
}

/// Starts a proxy in front of the origin and waits until a request passes through it.
pub fn start(who: Who, duty: Duty, origin: SocketAddr, built: &Built, folder: &Path) -> Result<Running> {
    let address = get::free_address()?;
    let more = duty.log.is_some() || duty.rules;
    let name = if more { format!("{}-more", who.name()) } else { who.name().to_owned() };
    let config = folder.join(format!("{name}.conf"));
    let text = match who {
        Who::Lb => lb(duty, address, origin, folder),
        Who::Haproxy => haproxy(duty, address, origin),
        Who::Nginx => nginx(duty, address, origin, folder),
        Who::Relay => String::new(),
    };
    fs::write(&config, text)?;
    let config = config.to_str().context("the folder's name is not UTF-8")?;
    let (listen, to, threads) = (address.to_string(), origin.to_string(), duty.threads.to_string());
    let own = |path: &Option<PathBuf>| path.clone().context("not built");
    let (program, args): (PathBuf, Vec<&str>) = match who {
        Who::Lb => (own(&built.lb)?, vec!["run", "-f", config]),
        Who::Haproxy => (built.haproxy.clone(), vec!["-db", "-f", config]),
        Who::Nginx => ("nginx".into(), vec!["-e", "stderr", "-c", config]),
        Who::Relay => (own(&built.relay)?, vec![&listen, &to, &threads]),
    };
    let mut running = Running { process: Process::start(&name, &program, &args, duty.cpu, folder)?, address };
    wait_ready(&mut running).with_context(|| format!("{name} with {config}"))?;
    Ok(running)
}

/// The origin: nginx, one worker, files from the folder.
pub fn origin(cpu: Option<usize>, folder: &Path) -> Result<Running> {
    for (path, size) in FILES {
        fs::write(folder.join(&path[1..]), vec![b'x'; size])?;
    }
    let address = get::free_address()?;
    let inside = format!(
        "http {{ access_log off; keepalive_requests 1000000000; keepalive_timeout 300s; sendfile on; tcp_nopush on;\n\
         open_file_cache max=16; server {{ listen {address} backlog=4096; root {}; }} }}",
        folder.display()
    );
    let config = folder.join("origin.conf");
    fs::write(&config, format!("{}{inside}\n", nginx_head(1, folder, "origin")))?;
    let config = config.to_str().context("the folder's name is not UTF-8")?;
    let process = Process::start("origin", Path::new("nginx"), &["-e", "stderr", "-c", config], cpu, folder)?;
    let mut running = Running { process, address };
    wait_ready(&mut running).context("the origin")?;
    Ok(running)
}

/// `lb` splices by itself, so the key is spelled only where a row must not.
fn lb(duty: Duty, address: SocketAddr, origin: SocketAddr, folder: &Path) -> String {
    let mode = if duty.mode == Mode::Http { "http" } else { "tcp" };
    let splice = if duty.mode == Mode::TcpCopy { "splice-auto: false, " } else { "" };
    let reuse = if duty.share_servers { "http-reuse: always, " } else { "" };
    let log = match duty.log {
        Some(Place::Syslog(to)) => format!(", log: \"udp:{to}\""),
        Some(Place::File) => format!(", log: {{ to: \"file:{}\", format: json }}", folder.join(LOG_FILE).display()),
        None => String::new(),
    };
    let rules = if duty.rules { rules::yaml() } else { String::new() };
    format!(
        "global: {{ threads: {}, maxconn: 9000{log} }}\n\
         defaults: {{ mode: {mode}, timeouts: {{ connect: 5s, client: 30s, server: 30s, http-request: 10s }} }}\n\
         frontends: {{ f: {{ bind: [\"{address}\"], access-log: {}, {rules}default-backend: b }} }}\n\
         backends: {{ b: {{ {splice}{reuse}servers: {{ s1: \"{origin}\" }} }} }}\n",
        duty.threads,
        duty.log.is_some(),
    )
}

fn haproxy(duty: Duty, address: SocketAddr, origin: SocketAddr) -> String {
    // With splicing haproxy 2.6 counts pipes too, and 9,000 connections no longer fit into 20,000 descriptors.
    let maxconn = if duty.mode == Mode::TcpSplice { 6000 } else { 9000 };
    let mut text = format!(
        "global\n  maxconn {maxconn}\n  nbthread {}\ndefaults\n  timeout connect 5s\n  timeout client 30s\n  \
         timeout server 30s\n  timeout http-request 10s\n",
        duty.threads
    );
    match duty.mode {
        Mode::Http => text.push_str("  mode http\n  option http-keep-alive\n"),
        Mode::TcpCopy => text.push_str("  mode tcp\n"),
        // Not `splice-auto`: under this load 2.6 then never splices (no splice call in its trace).
        Mode::TcpSplice => text.push_str("  mode tcp\n  option splice-request\n  option splice-response\n"),
    }
    if let Some(Place::Syslog(to)) = duty.log {
        let _ = writeln!(text, "  log {to} local0\n  option httplog");
    }
    if duty.share_servers {
        text.push_str("  http-reuse always\n");
    }
    let rules = if duty.rules { rules::haproxy() } else { String::new() };
    let _ = write!(text, "frontend f\n  bind {address}\n{rules}  default_backend b\nbackend b\n  server s1 {origin}\n");
    text
}

fn nginx(duty: Duty, address: SocketAddr, origin: SocketAddr, folder: &Path) -> String {
    let mut text = nginx_head(duty.threads, folder, "nginx");
    if duty.mode == Mode::Http {
        // Buffers stay in memory: a temporary file per 1 MiB body would measure the disk.
        let _ = write!(
            text,
            "http {{ access_log off; keepalive_requests 1000000000; keepalive_timeout 30s; proxy_http_version 1.1;\n\
             proxy_set_header Connection \"\"; proxy_max_temp_file_size 0; proxy_connect_timeout 5s;\n\
             proxy_read_timeout 30s; proxy_send_timeout 30s; client_header_timeout 10s;\n\
             upstream b {{ server {origin}; keepalive 256; keepalive_requests 1000000000; }}\n\
             server {{ listen {address} backlog=4096; location / {{ proxy_pass http://b; }} }} }}\n"
        );
    } else {
        text.insert_str(0, &format!("load_module {NGINX_STREAM};\n"));
        let _ = write!(
            text,
            "stream {{ server {{ listen {address} backlog=4096; proxy_connect_timeout 5s; proxy_timeout 30s;\n\
             proxy_pass {origin}; }} }}\n"
        );
    }
    text
}

/// Everything that both nginxes need; as root the workers stay root, to read a temporary folder.
fn nginx_head(workers: usize, folder: &Path, name: &str) -> String {
    let user = if rustix::process::geteuid().is_root() { "user root;\n" } else { "" };
    format!(
        "{user}daemon off; worker_processes {workers}; pid {}/{name}.pid; error_log stderr warn;\n\
         worker_rlimit_nofile 20000; events {{ worker_connections 19000; }}\n",
        folder.display()
    )
}

fn wait_ready(running: &mut Running) -> Result<()> {
    get::wait_ready(&mut running.process, running.address, FILES[0].0, Duration::from_secs(5))
}
