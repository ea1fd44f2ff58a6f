//! Which process listens at an address, for a message that says more than "in use".
//!
//! Source: proc(5), `/proc/net/tcp`, `/proc/net/tcp6` and the links in `/proc/PID/fd`. Without the right to look into a process it stays
//! unnamed, and so does what runs in another namespace.

use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::Address;

/// The state of a listening socket, as the kernel numbers them.
const LISTEN: &str = "0A";

/// A process that listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its number.
    pub pid: u32,
    /// What it is called.
    pub name: String,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {})", self.name, self.pid)
    }
}

/// Who listens at this address, or at one that covers it; each process once, by its number. Reads all of `/proc`: for errors only.
#[must_use]
pub fn owners(address: SocketAddr) -> Vec<Owner> {
    let mut sockets = HashSet::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        // A system without IPv6 has no second table.
        sockets
            .extend(fs::read_to_string(table).unwrap_or_default().lines().filter_map(|line| listening(line, address)));
    }
    if sockets.is_empty() {
        return Vec::new();
    }
    let links: HashSet<String> = sockets.into_iter().map(|inode| format!("socket:[{inode}]")).collect();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut owners: Vec<Owner> = processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| holds(*pid, &links))
        .map(|pid| Owner { pid, name: name(pid) })
        .collect();
    owners.sort_by_key(|owner| owner.pid);
    owners
}

/// An error of a bind, with the name of whom the address belongs to, if that is what is wrong and somebody can be named.
#[must_use]
pub fn named(error: io::Error, address: &Address) -> io::Error {
    let Address::Inet(address) = address else { return error };
    if error.kind() != io::ErrorKind::AddrInUse {
        return error;
    }
    let owners: Vec<String> = owners(*address).iter().map(ToString::to_string).collect();
    if owners.is_empty() { error } else { io::Error::new(error.kind(), format!("in use by {}", owners.join(" and "))) }
}

/// The inode of the socket in this line of the table, if it listens where `wanted` cannot then be bound.
fn listening(line: &str, wanted: SocketAddr) -> Option<u64> {
    let mut columns = line.split_ascii_whitespace().skip(1);
    let (local, state) = (columns.next()?, columns.nth(1)?);
    let bound = address(local)?;
    let covers = bound.ip() == wanted.ip() || bound.ip().is_unspecified() || wanted.ip().is_unspecified();
    (state == LISTEN && bound.port() == wanted.port() && covers).then_some(())?;
    columns.nth(5)?.parse().ok()
}

/// `0100007F:1F90`: words of four bytes in this machine's order, then the port.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let words: Vec<[u8; 4]> = ip
        .as_bytes()
        .chunks(8)
        .map(|word| Some(u32::from_str_radix(str::from_utf8(word).ok()?, 16).ok()?.to_ne_bytes()))
        .collect::<Option<_>>()?;
    let ip = match *words.as_slice() {
        [word] => IpAddr::V4(Ipv4Addr::from(word)),
        [_, _, _, _] => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(words.concat()).ok()?)).to_canonical(),
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

fn holds(pid: u32, links: &HashSet<String>) -> bool {
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let mut targets = descriptors.filter_map(|entry| fs::read_link(entry.path()).ok());
    targets.any(|target| target.to_str().is_some_and(|target| links.contains(target)))
}

fn name(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/comm")).map_or_else(|_| "?".to_owned(), |name| name.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn who_listens_is_named_with_its_number() {
        for at in ["127.0.0.1:0", "0.0.0.0:0", "[::1]:0"] {
            let listener = TcpListener::bind(at).expect("a port");
            let bound = listener.local_addr().expect("its address");
            let owners = owners(bound);
            let own = owners.iter().find(|owner| owner.pid == std::process::id());
            assert!(own.is_some_and(|owner| !owner.name.is_empty()), "{at}: {owners:?}");
        }
    }

    #[test]
    fn a_listener_at_all_addresses_owns_each_of_them_and_the_other_way_round() {
        let everywhere = TcpListener::bind("0.0.0.0:0").expect("a port");
        let port = everywhere.local_addr().expect("its address").port();
        assert!(!owners(([127, 0, 0, 1], port).into()).is_empty());
        let here = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = here.local_addr().expect("its address").port();
        assert!(!owners(([0, 0, 0, 0], port).into()).is_empty());
        assert!(owners(([127, 0, 0, 2], port).into()).is_empty());
    }

    #[test]
    fn a_connection_is_no_listener_and_junk_is_no_line() {
        let line =
            "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000 0 4711 1 0 100 0 0 10 0";
        let wanted: SocketAddr = "127.0.0.1:8080".parse().expect("an address");
        assert_eq!(listening(line, wanted), Some(4711));
        assert_eq!(listening(&line.replace(" 0A ", " 01 "), wanted), None);
        for junk in [
            "",
            "sl local_address",
            "0: x 0 0A",
            "0: 01:1F90 00000000:0000 0A 0 0 0 0 0 4711",
            "0: é:1 0 0A 0 0 0 0 0 1",
        ] {
            assert_eq!(listening(junk, wanted), None, "{junk}");
        }
    }
}
