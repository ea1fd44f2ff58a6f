//! Scorecard row 16: the disk under the log is full. No request waits or fails for it, what is lost is counted, and the log goes on when there is room.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use plimsoll_testkit::lb::Start;
use plimsoll_testkit::runtime_socket::figure;
use plimsoll_testkit::{Client, Lb, Origin, eventually, wait_until};
use plimsoll_tests::Site;
use rustix::process::Signal;
use serde_json::Value;

use crate::stage::SOON;

/// No request takes longer, on a busy machine.
const LONGEST: Duration = Duration::from_secs(1);

/// A disk of 64 KiB that only `lb` sees, and the test through `lb`.
struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("disk")).expect("room for a folder");
        Self { folder }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("lb.sock")
    }

    /// Its place in the world of `lb`.
    fn path(&self, name: &str) -> String {
        self.folder.path().join("disk").join(name).display().to_string()
    }

    /// `before`: what the shell does on the disk first.
    fn start(&self, yaml: &str, before: &str) -> Lb {
        Lb::spawn(yaml, &Start { under: self.mounted(before), ..Start::default() })
    }

    fn mounted(&self, before: &str) -> Vec<String> {
        let disk = self.path("");
        let script = format!("mount -t tmpfs -o size=64k none {disk} && cd {disk} && {before} exec \"$0\" \"$@\"");
        ["unshare", "--mount", "sh", "-c", &script].map(String::from).into()
    }

    /// The same place as the test reaches it.
    fn seen(&self, lb: &mut Lb, name: &str) -> PathBuf {
        Path::new(&format!("/proc/{}/root{}", lb.process().pid(), self.path(name))).to_owned()
    }
}

/// Takes all the room that is left, down to the last byte.
fn fill(path: &Path) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).expect("a file");
    for size in [4096, 1] {
        while file.write(&vec![b'x'; size]).is_ok_and(|count| count > 0) {}
    }
}

fn ready(lb: &mut Lb) -> bool {
    wait_until(SOON, || lb.stderr().contains("lb: ready\n") || lb.process().ended().is_some());
    lb.process().ended().is_none()
}

/// Sends this many requests; the longest that one took.
fn ask(client: &mut Client, count: usize) -> Duration {
    let took = (0..count).map(|_| {
        let began = Instant::now();
        assert_eq!(client.get("/").expect("an answer").status, 200);
        began.elapsed()
    });
    took.max().unwrap_or_default()
}

#[test]
fn a_full_disk_under_the_log_costs_lines_which_are_counted_and_no_request() {
    let (disk, origin) = (Disk::new(), Origin::answering());
    let (log, socket) = (disk.path("lb.log"), disk.socket());
    let global = format!(
        "threads: 1, log: {{ to: \"file:{log}\", format: json }}, runtime-api: [{{ bind: \"unix@{}\" }}]",
        socket.display()
    );
    let mut lb = disk.start(&Site::http().global(&global).server("o", origin.addr).yaml(), "");
    assert!(ready(&mut lb), "{}", lb.stderr());
    let (log, ballast) = (disk.seen(&mut lb, "lb.log"), disk.seen(&mut lb, "ballast"));
    let mut client = Client::connect(lb.addr("web"));
    let before = ask(&mut client, 20);

    fill(&ballast);
    let (mut asked, mut during) = (20, Duration::ZERO);
    eventually("lines are dropped", SOON, || {
        asked += 100;
        during = during.max(ask(&mut client, 100));
        figure(&socket, "DroppedLogs") > 200
    });
    // Nor does a reload, which opens the file anew, fail for it.
    let told = lb.stderr_len();
    lb.signal(Signal::HUP);
    eventually("it reloads", SOON, || lb.stderr_from(told).contains("reload"));

    fs::remove_file(&ballast).expect("the ballast");
    // Whole lines only: the last one may just be on its way.
    let read = || {
        let mut text = fs::read_to_string(&log).expect("the log");
        text.truncate(text.rfind('\n').map_or(0, |end| end + 1));
        text
    };
    // The reload tells two events, which may be among the lines that are lost.
    asked += 1;
    ask(&mut client, 1);
    eventually("every line is written or counted", SOON, || {
        let text = read();
        let lines: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let written = lines.iter().filter(|line| line["type"] == "http").count();
        let dropped: u64 = lines.iter().filter_map(|line| line["lines"].as_u64()).sum();
        let torn = text.lines().filter(|line| serde_json::from_str::<Value>(line).is_err()).count();
        assert!(torn <= 1, "at most the line that was being written is torn, and nothing is glued to it: {text}");
        let missing = (asked - written) as u64;
        dropped > 200 && dropped == figure(&socket, "DroppedLogs") && (missing..=missing + 2).contains(&dropped)
    });
    println!(
        "row 16: disk full under the log: {asked} requests, 0 failed, the longest {:.1} ms ({:.1} ms before), {} lines dropped and counted",
        during.as_secs_f64() * 1e3,
        before.as_secs_f64() * 1e3,
        figure(&socket, "DroppedLogs"),
    );
    assert!(during < LONGEST, "a request took {during:?}");
    assert!(read().contains("No space left on device"), "the log says why: {}", read());
}

#[test]
fn a_pid_file_for_which_there_is_no_room_is_said_and_nothing_is_left_of_it() {
    let (disk, origin) = (Disk::new(), Origin::answering());
    let global = format!("threads: 1, pidfile: \"{}\"", disk.path("lb.pid"));
    let yaml = Site::http().global(&global).server("o", origin.addr).yaml();
    let mut lb = disk.start(&yaml, "dd if=/dev/zero of=ballast bs=4096 2>/dev/null;");
    assert!(!ready(&mut lb), "it runs though nobody can find its number: {}", lb.stderr());
    assert!(lb.stderr().contains("No space left on device"), "{}", lb.stderr());
}
