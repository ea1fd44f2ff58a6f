//! `lb` with several workers, and its figures by worker.

use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_testkit::{Client, Lb, eventually, runtime_socket};
use plimsoll_tests::{Site, Timeouts};
use rustix::process::Signal;
use tempfile::TempDir;

pub const SOON: Duration = Duration::from_secs(20);

pub struct House {
    pub lb: Lb,
    folder: TempDir,
}

/// Asks, and is answered.
#[track_caller]
pub fn asks(client: &mut Client) {
    assert_eq!(client.get("/").expect("an answer").status, 200);
}

pub fn patient(site: Site) -> Site {
    site.timeouts(Timeouts { http_request: 60_000, client: 60_000, server: 60_000, keep_alive: 60_000, tunnel: 60_000 })
}

impl House {
    /// `site` is given a folder for its sockets.
    pub fn new(workers: usize, site: impl FnOnce(&Path) -> Site) -> Self {
        Self::start(workers, site, Lb::start)
    }

    pub fn start(workers: usize, site: impl FnOnce(&Path) -> Site, start: impl FnOnce(&str) -> Lb) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let yaml = site(folder.path()).global(&Self::global(folder.path(), workers)).yaml();
        Self { lb: start(&yaml), folder }
    }

    /// The keys of `global`.
    pub fn global(folder: &Path, workers: usize) -> String {
        let folder = folder.display();
        format!("threads: {workers}, runtime-api: [\"unix@{folder}/run\"], admin: [\"unix@{folder}/admin\"]")
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A figure of each worker.
    pub fn figure(&self, name: &str) -> Vec<u64> {
        let page = Client::connect_unix(&self.path("admin")).get("/metrics").expect("metrics").text();
        let prefix = format!("plimsoll_{name}{{worker=\"");
        let rows = page.lines().filter_map(|line| line.strip_prefix(&prefix)?.split_once("\"} "));
        rows.map(|(_, value)| value.parse().expect("a number")).collect()
    }

    pub fn sum(&self, name: &str) -> u64 {
        self.figure(name).iter().sum()
    }

    /// Connections of clients that each worker serves.
    pub fn connections(&self) -> Vec<u64> {
        self.figure("worker_connections")
    }

    pub fn ask(&self, command: &str) -> String {
        runtime_socket::ask(&self.path("run"), command)
    }

    pub fn info(&self, name: &str) -> u64 {
        runtime_socket::figure(&self.path("run"), name)
    }

    /// A column of `show stat` for the frontend.
    pub fn row(&self, server: &str, column: &str) -> String {
        let text = self.ask("show stat");
        let mut lines = text.lines();
        let names = lines.next().expect("a head").trim_start_matches("# ");
        let at = names.split(',').position(|name| name == column).expect("a column");
        let row = lines.find(|line| line.split(',').nth(1) == Some(server)).expect("a row");
        row.split(',').nth(at).expect("a field").to_owned()
    }

    /// Writes the file again, sends SIGHUP and waits for the verdict.
    #[track_caller]
    pub fn reload(&mut self, yaml: &str) {
        let (new, file) = (self.lb.folder().join("lb.new.yaml"), self.lb.folder().join("lb.yaml"));
        std::fs::write(&new, yaml).expect("a file");
        std::fs::rename(new, file).expect("in its place");
        let before = self.lb.stderr_len();
        self.lb.signal(Signal::HUP);
        let lb = &self.lb;
        eventually("the reload is over", SOON, || lb.stderr_from(before).contains(" kept\n"));
    }
}
