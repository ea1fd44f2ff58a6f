//! A network of a test's own: three hosts (client, lb, server), each a network namespace, joined by cables (veth pairs).
//!
//! A namespace has no name and no file: it lives as long as the process that holds it, and that process dies with the test's
//! thread, also after a panic or a kill. The addresses are those that RFC 5737 keeps for documentation. Needs root.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::eventually::eventually;
use crate::process::{Process, command};

/// The client.
pub const CLIENT: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 2);
/// The balancer, where clients reach it.
pub const FRONT: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);
/// The balancer, as servers see it: the one source address.
pub const BACK: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// The server.
pub const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
/// An address in the servers' network that nobody has: nothing ever comes back from it.
pub const BLACK_HOLE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 99);

/// An Ethernet address that no interface has: what is sent there is dropped without a word.
const NOBODY: &str = "02:00:00:00:00:99";

/// Who is who in a captured packet.
pub(crate) fn name_of(address: Ipv4Addr) -> &'static str {
    match address {
        CLIENT => "client",
        FRONT | BACK => "lb",
        SERVER => "server",
        _ => "nobody",
    }
}

/// Three hosts; `lb` has a cable to each of the others.
#[derive(Debug)]
pub struct Network {
    /// Connects to `FRONT`.
    pub client: Host,
    /// Where the balancer runs.
    pub lb: Host,
    /// Has `SERVER`.
    pub server: Host,
}

impl Network {
    /// Makes the hosts and their cables.
    #[track_caller]
    pub fn new() -> Self {
        assert!(rustix::process::geteuid().is_root(), "network namespaces need root");
        let network = Self { client: Host::new(), lb: Host::new(), server: Host::new() };
        cable(("front", &network.lb, FRONT), ("eth", &network.client, CLIENT));
        cable(("back", &network.lb, BACK), ("eth", &network.server, SERVER));
        network.lb.ip(&["neigh", "add", &BLACK_HOLE.to_string(), "lladdr", NOBODY, "dev", "back"]);
        network
    }

    /// From now on nothing that `lb` sends to the server arrives.
    pub fn cut_off_server(&self) {
        self.lb.ip(&["neigh", "replace", &SERVER.to_string(), "lladdr", NOBODY, "dev", "back"]);
    }

    /// What `lb` sends to the server arrives again.
    pub fn join_server(&self) {
        self.lb.ip(&["neigh", "del", &SERVER.to_string(), "dev", "back"]);
    }
}

impl Default for Network {
    fn default() -> Self {
        Self::new()
    }
}

fn cable(one: (&str, &Host, Ipv4Addr), other: (&str, &Host, Ipv4Addr)) {
    let (near, far) = (one.1.pid(), other.1.pid());
    ip(&["link", "add", "name", one.0, "netns", &near, "type", "veth", "peer", "name", other.0, "netns", &far]);
    for (name, host, address) in [one, other] {
        host.ip(&["addr", "add", &format!("{address}/24"), "dev", name]);
        host.ip(&["link", "set", name, "up"]);
        host.ip(&["link", "set", "lo", "up"]);
    }
    for (name, host, _) in [one, other] {
        // The kernel may notice a second later that it carries, and drops what is sent until then.
        eventually("the cable carries", Duration::from_secs(10), || {
            host.enter(|| run("ip", &["-o", "link", "show", "dev", name])).contains(" state UP ")
        });
    }
}

fn ip(words: &[&str]) {
    run("ip", words);
}

fn run(program: &str, words: &[&str]) -> String {
    let output = Command::new(program).args(words).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program} {}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A network namespace.
#[derive(Debug)]
pub struct Host {
    holder: Process,
    namespace: File,
}

impl Host {
    fn new() -> Self {
        let mut unshare = command("unshare");
        unshare.args(["--net", "sleep", "infinity"]);
        let holder = Process::spawn(unshare).expect("unshare starts");
        let path = format!("/proc/{}/ns/net", holder.pid());
        let ours = fs::read_link("/proc/thread-self/ns/net").expect("our own namespace");
        eventually("a namespace of its own", Duration::from_secs(10), || {
            fs::read_link(&path).is_ok_and(|theirs| theirs != ours)
        });
        let namespace = File::open(&path).expect("the namespace");
        Self { holder, namespace }
    }

    fn pid(&self) -> String {
        self.holder.pid().to_string()
    }

    fn ip(&self, words: &[&str]) {
        self.enter(|| ip(words));
    }

    /// Runs a program on this host to its end, which must be a good one: `ip`, `tc`, `nft`.
    pub fn run(&self, program: &str, words: &[&str]) {
        self.enter(|| run(program, words));
    }

    /// Does something on this host: sockets made and processes started meanwhile are of this host for good.
    pub fn enter<T>(&self, act: impl FnOnce() -> T) -> T {
        let _back = Back(File::open("/proc/thread-self/ns/net").expect("the namespace to come back to"));
        join(&self.namespace);
        act()
    }

    /// Sets a key of `/proc/sys/net`, such as `ipv4/ip_local_port_range`, on this host alone.
    pub fn set(&self, key: &str, value: &str) {
        let path = format!("/proc/sys/net/{key}");
        self.enter(|| fs::write(&path, value)).unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// A counter of `/proc/net/snmp` or `/proc/net/netstat`, such as (`Tcp`, `ActiveOpens`).
    pub fn counter(&self, group: &str, name: &str) -> u64 {
        for file in ["snmp", "netstat"] {
            let text = self.proc(file);
            let mut lines = text.lines().filter_map(|line| line.strip_prefix(group)?.strip_prefix(':'));
            let (Some(names), Some(values)) = (lines.next(), lines.next()) else { continue };
            let found = names.split_whitespace().zip(values.split_whitespace()).find(|(other, _)| *other == name);
            if let Some(value) = found.and_then(|(_, value)| value.parse().ok()) {
                return value;
            }
        }
        panic!("the kernel counts no {group} {name}")
    }

    /// Connections of this host's sockets to this address that are in TIME_WAIT.
    pub fn time_wait(&self, to: Ipv4Addr) -> usize {
        // The kernel writes an address as the native number whose bytes are in network order.
        let to = format!("{:08X}:", u32::from_ne_bytes(to.octets()));
        let table = self.proc("tcp");
        let rows = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
        rows.filter(|row| row.len() > 3 && row[2].starts_with(&to) && row[3] == "06").count()
    }

    fn proc(&self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/net/{file}", self.pid())).expect("the kernel's tables")
    }
}

/// Brings the thread back to where it was, also when it panics.
struct Back(File);

impl Drop for Back {
    fn drop(&mut self) {
        join(&self.0);
    }
}

fn join(namespace: &File) {
    use std::os::fd::AsFd;
    move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).expect("changing the namespace");
}

/// An address on a host.
pub fn at(host: Ipv4Addr, port: u16) -> SocketAddr {
    SocketAddr::from((host, port))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn hosts_reach_their_neighbours_and_nobody_else() {
        let network = Network::new();
        let listener = network.server.enter(|| TcpListener::bind(at(SERVER, 80))).unwrap();
        let short = Duration::from_millis(200);
        let from_lb = network.lb.enter(|| TcpStream::connect_timeout(&at(SERVER, 80), Duration::from_secs(5)));
        assert!(from_lb.is_ok());
        assert!(network.client.enter(|| TcpStream::connect_timeout(&at(SERVER, 80), short)).is_err());
        assert!(network.lb.enter(|| TcpStream::connect_timeout(&at(BLACK_HOLE, 80), short)).is_err());
        assert!(TcpStream::connect_timeout(&at(SERVER, 80), short).is_err(), "the test itself is on none of the hosts");
        drop(listener);
    }

    #[test]
    fn who_closes_first_has_the_time_wait() {
        let network = Network::new();
        let listener = network.server.enter(|| TcpListener::bind(at(SERVER, 80))).unwrap();
        let client = network.lb.enter(|| TcpStream::connect(at(SERVER, 80))).unwrap();
        let (server, _) = listener.accept().unwrap();
        drop(client);
        drop(server);
        eventually("one TIME_WAIT", Duration::from_secs(5), || network.lb.time_wait(SERVER) == 1);
        assert_eq!(network.server.time_wait(BACK), 0);
        assert_eq!(network.lb.counter("Tcp", "ActiveOpens"), 1);
    }
}
