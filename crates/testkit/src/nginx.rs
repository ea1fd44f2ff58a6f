//! A real nginx as an origin: answers its name, can be killed and started again on the same port.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::eventually::wait_until;
use crate::haproxy::as_stdin;
use crate::process::{Process, command};
use crate::socket::listen;

/// Size of the file that `/big` serves.
pub const BIG: usize = 16 * 1024 * 1024;

/// A running nginx in a temporary folder.
pub struct Nginx {
    process: Process,
    folder: TempDir,
    /// Where it listens.
    pub addr: SocketAddr,
    /// What it answers to `GET /`.
    pub name: String,
}

impl Nginx {
    /// Starts one that answers its name to every path; `/big` is 16 MiB of zeros.
    #[track_caller]
    pub fn start(name: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let listener = listen().expect("a loopback port");
        let addr = listener.local_addr().expect("its address");
        let big = fs::File::create(folder.path().join("big")).expect("a large file");
        big.set_len(BIG as u64).expect("a sparse file");
        // nginx started by root hands its requests to `nobody`, who must be able to enter.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(folder.path(), open).expect("an open folder");
        fs::write(folder.path().join("nginx.conf"), conf(folder.path(), addr, name)).expect("writing nginx.conf");
        let process = run(folder.path(), listener);
        let nginx = Self { process, folder, addr, name: name.into() };
        nginx.wait_up();
        nginx
    }

    /// SIGKILL to all of its processes at once: the port refuses, open connections end.
    pub fn kill(&mut self) {
        self.process.signal_group(Signal::KILL);
        assert!(self.process.wait_exit(Duration::from_secs(10)).is_some(), "nginx ends");
        let refused = wait_until(Duration::from_secs(10), || TcpStream::connect(self.addr).is_err());
        assert!(refused, "the port of the killed nginx refuses");
    }

    /// Starts it again on the same port.
    pub fn restart(&mut self) {
        let mut listener = None;
        wait_until(Duration::from_secs(10), || {
            listener = TcpListener::bind(self.addr).ok();
            listener.is_some()
        });
        self.process = run(self.folder.path(), listener.expect("the old port"));
        self.wait_up();
    }

    fn wait_up(&self) {
        let up = wait_until(Duration::from_secs(10), || crate::client::get(self.addr, "/").is_ok());
        assert!(up, "nginx answers: {}", self.process.stderr.text());
    }
}

/// The port is bound here and inherited by nginx (its `NGINX` variable lists descriptors), so that no one can take it.
fn run(folder: &Path, listener: TcpListener) -> Process {
    let (_, stdin) = as_stdin(listener);
    let mut command = command("nginx");
    command.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf")).arg("-e").arg(folder.join("error.log"));
    command.env("NGINX", "0;").stdin(stdin);
    Process::spawn(command).expect("nginx starts")
}

fn conf(folder: &Path, addr: SocketAddr, name: &str) -> String {
    let folder = folder.display();
    format!(
        "daemon off; master_process on; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;\n\
         events {{ worker_connections 1024; }}\n\
         http {{ access_log off; client_max_body_size 0; keepalive_requests 1000000; default_type text/plain;\n\
           client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;\n\
           uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;\n\
           server {{ listen {addr}; location / {{ return 200 \"{name}\"; }} location = /big {{ root {folder}; }} }} }}\n"
    )
}
