//! Pipes: who gets one, how many there are, and what is left in them when a receiver stops.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

use plimsoll_testkit::{Client, Lb, Origin, eventually, holds_for, runtime_socket};
use plimsoll_tests::{Site, Timeouts};
use rustix::process::Signal;
use tempfile::TempDir;

const SOON: Duration = Duration::from_secs(20);
/// More than the kernel keeps for both ends: whoever does not read stalls.
const BODY: usize = 20_000_000;

/// An origin that sends bodies of that length whatever it is asked.
fn sending(length: usize) -> Origin {
    Origin::raw(move |mut wire, _| {
        while wire.line().is_ok_and(|line| !line.is_empty()) {}
        wire.patience(Duration::from_secs(60));
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        wire.send(head.as_bytes());
        let mut left = length;
        while left > 0 && wire.send(&[b'y'; 100_000][..left.min(100_000)]) {
            left -= left.min(100_000);
        }
    })
}

/// `lb` with a runtime socket.
struct House {
    lb: Lb,
    folder: TempDir,
    site: Site,
}

fn patient(site: Site) -> Site {
    site.timeouts(Timeouts { http_request: 60_000, client: 60_000, server: 60_000, keep_alive: 60_000, tunnel: 60_000 })
}

impl House {
    fn new(site: Site, global: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let site = Self::global(patient(site), &folder, global);
        Self { lb: site.start(), folder, site }
    }

    fn global(site: Site, folder: &TempDir, keys: &str) -> Site {
        let socket = folder.path().join("lb.sock");
        site.global(&format!("threads: 2, {keys} runtime-api: [\"unix@{}\"]", socket.display()))
    }

    fn figure(&self, name: &str) -> u64 {
        runtime_socket::figure(&self.folder.path().join("lb.sock"), name)
    }

    fn ask(&self) -> Client {
        let mut client = Client::connect(self.lb.addr("web")).patient(SOON);
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        client
    }

    /// Asks, and reads nothing.
    fn stalled(&self) -> TcpStream {
        let mut stream = TcpStream::connect(self.lb.addr("web")).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        stream
    }

    /// Bytes in each pipe of the process.
    fn in_pipes(&mut self) -> Vec<u64> {
        let folder = PathBuf::from(format!("/proc/{}/fd", self.lb.process().pid()));
        let mut seen = std::collections::BTreeMap::new();
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let Ok(name) = std::fs::read_link(entry.path()) else { continue };
            // Its own standard error may be a pipe of the test's; the two ends of one have one name.
            if name.to_string_lossy().starts_with("pipe:")
                && entry.file_name().to_string_lossy().parse::<u32>().unwrap() > 2
                && let Ok(pipe) = File::open(entry.path())
            {
                seen.insert(name, rustix::io::ioctl_fionread(&pipe).unwrap());
            }
        }
        seen.into_values().collect()
    }

    /// All that it could move has moved.
    fn comes_to_rest(&mut self) {
        eventually("nothing moves", SOON, || {
            let before = self.lb.process().cpu();
            holds_for(Duration::from_millis(300), || self.lb.process().cpu() == before)
        });
    }

    fn reload(&mut self, global: &str) {
        let site = Self::global(self.site.clone(), &self.folder, global);
        let (new, file) = (self.lb.folder().join("lb.new.yaml"), self.lb.folder().join("lb.yaml"));
        std::fs::write(&new, site.yaml()).unwrap();
        std::fs::rename(new, file).unwrap();
        let before = self.lb.stderr_len();
        self.lb.signal(Signal::HUP);
        let lb = &self.lb;
        eventually("the reload is over", SOON, || lb.stderr_from(before).contains(" kept\n"));
    }
}

#[test]
fn when_no_pipe_is_left_transfers_are_copied_and_arrive_whole() {
    let origin = sending(BODY);
    for site in [Site::http(), Site::tcp()] {
        let house = House::new(site.server("o", origin.addr), "maxpipes: 1, ");
        assert_eq!(house.figure("Maxpipes"), 1);
        let mut clients: Vec<Client> = (0..8).map(|_| house.ask()).collect();
        eventually("one of them has the pipe, and others were told that there is none", SOON, || {
            assert!(house.figure("PipesUsed") + house.figure("PipesFree") <= 1);
            house.figure("PipesUsed") == 1 && house.figure("PipesLacking") > 0
        });
        for client in &mut clients {
            let response = client.response().unwrap();
            assert!(response.body.len() == BODY && response.body.iter().all(|byte| *byte == b'y'));
        }
        drop(clients);
        eventually("it is given back", SOON, || house.figure("PipesUsed") == 0);
    }
}

#[test]
fn without_pipes_nothing_is_spliced_and_a_reload_gives_and_takes_them() {
    let origin = sending(BODY);
    let mut house = House::new(Site::http().server("o", origin.addr), "maxpipes: 0, ");
    assert_eq!(house.ask().response().unwrap().body.len(), BODY);
    assert_eq!((house.figure("Maxpipes"), house.figure("PipesFree")), (0, 0));
    let lacking = house.figure("PipesLacking");
    assert!(lacking > 0);
    house.reload("maxpipes: 8, ");
    assert_eq!(house.ask().response().unwrap().body.len(), BODY);
    eventually("the pipe is kept for the next transfer", SOON, || house.figure("PipesFree") == 1);
    assert_eq!((house.figure("Maxpipes"), house.figure("PipesLacking")), (8, lacking));
    house.reload("maxpipes: 0, ");
    assert_eq!(house.figure("Maxpipes"), 0);
}

#[test]
fn either_sides_option_turns_it_on_and_one_sides_no_turns_it_off() {
    let origin = sending(1_000_000_000);
    let (yes, no) = ("splice-auto: true", "splice-auto: false");
    let up = "splice-request: true";
    let down = "splice-response: true";
    // Frontend, backend, pipes that a download of a gigabyte takes.
    for (frontend, backend, pipes) in
        [("", "", 1), (no, "", 0), ("", no, 0), (no, yes, 1), (yes, no, 1), (no, down, 1), (down, no, 1), (no, up, 0)]
    {
        for site in [Site::http(), Site::tcp()] {
            let mut site = site.server("o", origin.addr);
            for (key, add) in [(frontend, Site::frontend as fn(Site, &str) -> Site), (backend, Site::backend)] {
                site = if key.is_empty() { site } else { add(site, key) };
            }
            let mut house = House::new(site, "");
            let mut client = house.stalled();
            client.read_exact(&mut vec![0; 1_000_000]).unwrap();
            house.comes_to_rest();
            assert_eq!(house.figure("PipesUsed"), pipes, "{frontend:?} {backend:?}");
        }
    }
}

#[test]
fn a_client_that_stops_leaves_64_kib_in_a_pipe_at_most() {
    let origin = sending(1_000_000_000);
    for (tune, most) in [("", 64 << 10), ("tune: { pipesize: 16KiB }, ", 16 << 10)] {
        let mut house = House::new(Site::http().server("o", origin.addr), tune);
        let mut clients: Vec<TcpStream> = (0..20).map(|_| house.stalled()).collect();
        // Half of them read for a while, so that they stop while bytes flow.
        for client in clients.iter_mut().step_by(2) {
            let mut bytes = vec![0; 5_000_000];
            client.read_exact(&mut bytes).unwrap();
        }
        house.comes_to_rest();
        let held = house.in_pipes();
        let full = held.iter().filter(|bytes| **bytes > 0).count();
        println!("row 18: bytes in pipes of stalled downloads: {held:?}");
        assert!(full > 0, "somebody is stalled: {held:?}");
        assert!(held.iter().all(|bytes| *bytes <= most), "{held:?}");
    }
}
