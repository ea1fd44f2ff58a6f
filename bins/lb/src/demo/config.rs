//! The demo's configuration: a file that is right as it stands, and the same with the addresses of this run.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// As `lb demo --print-config` prints it.
pub const TEXT: &str = include_str!("demo.yaml");

/// Where [`TEXT`] listens.
const FRONTEND: &str = "127.0.0.1:8080";
/// Where [`TEXT`] shows its page.
pub const PAGE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8404);
/// The servers of [`TEXT`]: name and address.
pub const SERVERS: [(&str, &str); 3] =
    [("alpha", "127.0.0.1:9001"), ("bravo", "127.0.0.1:9002"), ("charlie", "127.0.0.1:9003")];

/// [`TEXT`] with the addresses of this run; `servers` in the order of [`SERVERS`].
pub fn with_addresses(frontend: SocketAddr, page: SocketAddr, servers: [SocketAddr; 3]) -> String {
    let bind = TEXT.replace(&format!("bind: \"{FRONTEND}\""), &format!("bind: \"{frontend}\""));
    let bind = bind.replace(&format!("admin: \"{PAGE}\""), &format!("admin: \"{page}\""));
    SERVERS.iter().zip(servers).fold(bind, |text, ((name, from), to)| {
        text.replace(&format!("{name}: \"{from}\""), &format!("{name}: \"{to}\""))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_right_as_it_stands() {
        let (plan, findings) = plimsoll_engine::load_text("demo.yaml", TEXT);
        assert!(findings.is_empty(), "{}", findings.render(false));
        assert_eq!(plan.unwrap().binds[0].place.address.to_string(), FRONTEND);
    }

    #[test]
    fn every_address_of_the_text_is_replaced_and_nothing_else() {
        let ports = [1, 2, 3].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let [frontend, page] = [4, 5].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let text = with_addresses(frontend, page, ports);
        assert_eq!(text.matches("\"127.0.0.1:").count(), 5, "{text}");
        for (name, port) in [("alpha", 1), ("bravo", 2), ("charlie", 3), ("bind", 4), ("admin", 5)] {
            assert!(text.contains(&format!("{name}: \"127.0.0.1:{port}\"")), "{text}");
        }
        assert_eq!(text.lines().count(), TEXT.lines().count());
    }
}
