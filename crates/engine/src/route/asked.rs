//! A request as a person writes it: `GET https://a.example/x`, and headers as `K: v`.

use std::net::{IpAddr, SocketAddr};

/// The port of a client that has none.
const PORT: u16 = 49_152;

/// Who asks for what.
#[derive(Clone, Debug)]
pub struct Asking {
    /// The request line, method and version being optional; `None`: a connection of TCP mode.
    pub request: Option<String>,
    /// Where the client is.
    pub from: SocketAddr,
    /// Where it connects to, if not where the file says.
    pub to: Option<SocketAddr>,
    /// `K: v`
    pub headers: Vec<String>,
    /// The frontend, by name.
    pub frontend: Option<String>,
    /// The body.
    pub body: Vec<u8>,
    /// In TCP mode: what the client sends first.
    pub payload: Vec<u8>,
    /// In TCP mode: it sends a ClientHello that names this server.
    pub sni: Option<String>,
    /// What the server answers, the version and the reason being optional: `HTTP/1.1 200`.
    pub response: Option<String>,
    /// `K: v`, of that answer.
    pub response_headers: Vec<String>,
}

/// A request that is none.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WrongRequest(String);

impl WrongRequest {
    pub(super) fn no_response() -> Self {
        Self("the response is none that a server may give: it would be answered 502".into())
    }

    pub(super) fn unfinished() -> Self {
        Self("the request's head does not end".into())
    }
}

impl Asking {
    /// A request from a client.
    #[must_use]
    pub fn new(request: Option<&str>, from: SocketAddr) -> Self {
        Self {
            request: request.map(str::to_owned),
            from,
            to: None,
            headers: Vec::new(),
            frontend: None,
            body: Vec::new(),
            payload: Vec::new(),
            sni: None,
            response: None,
            response_headers: Vec::new(),
        }
    }

    /// An address, with a port or without.
    #[must_use]
    pub fn client(text: &str) -> Option<SocketAddr> {
        let alone = text.trim_start_matches('[').trim_end_matches(']');
        text.parse().ok().or_else(|| alone.parse::<IpAddr>().ok().map(|address| SocketAddr::new(address, PORT)))
    }

    /// The port that its URL leads to.
    pub(super) fn port(&self) -> Option<u16> {
        if let Some(to) = self.to {
            return Some(to.port());
        }
        let (_, target, _) = parts(self.request.as_deref()?).ok()?;
        let (scheme, rest) = target.split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let port = authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        port.or(if scheme.eq_ignore_ascii_case("https") { Some(443) } else { Some(80) })
    }

    /// The head as a client would send it.
    pub(super) fn head(&self) -> Result<Vec<u8>, WrongRequest> {
        let (method, target, version) = parts(self.request.as_deref().unwrap_or_default())?;
        let (host, target) = match target.split_once("://") {
            Some((_, rest)) => {
                let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
                let target = rest[end..].split('#').next().unwrap_or_default();
                let slash = if target.starts_with('/') { "" } else { "/" };
                (Some(&rest[..end]), format!("{slash}{target}"))
            }
            None => (None, target.to_owned()),
        };
        let mut head = format!("{method} {target} {version}\r\n");
        let named = self.headers.iter().any(|line| line.to_ascii_lowercase().starts_with("host:"));
        if let Some(host) = host.filter(|_| !named) {
            head += &format!("Host: {host}\r\n");
        }
        head += &lines(&self.headers)?;
        let framed = self.headers.iter().map(|line| line.to_ascii_lowercase());
        let framed =
            framed.filter(|line| line.starts_with("content-length:") || line.starts_with("transfer-encoding:")).count()
                > 0;
        if !self.body.is_empty() && !framed {
            head += &format!("Content-Length: {}\r\n", self.body.len());
        }
        head += "\r\n";
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        Ok(bytes)
    }
}

impl Asking {
    /// The head of the server's answer, if one is given.
    pub(super) fn answer(&self) -> Result<Option<Vec<u8>>, WrongRequest> {
        if self.response.is_none() && self.response_headers.is_empty() {
            return Ok(None);
        }
        let line = self.response.as_deref().unwrap_or("200");
        let (version, rest) = match line.split_once(' ') {
            Some((version, rest)) if version.starts_with("HTTP/") => (version, rest.trim_start()),
            _ => ("HTTP/1.1", line),
        };
        let (status, reason) = rest.split_once(' ').unwrap_or((rest, ""));
        let wrong =
            || WrongRequest(format!("`{line}` is not the first line of a response: it is written 'HTTP/1.1 200'"));
        let code: u16 = status.parse().map_err(|_| wrong())?;
        if !(200..=599).contains(&code) || line.contains(['\r', '\n']) {
            return Err(wrong());
        }
        let reason = if reason.is_empty() { plimsoll_http::reason(code) } else { reason };
        Ok(Some(format!("{version} {code} {reason}\r\n{}\r\n", lines(&self.response_headers)?).into_bytes()))
    }

    /// What a client of TCP mode sends first.
    pub(super) fn first_bytes(&self) -> Result<Vec<u8>, WrongRequest> {
        match &self.sni {
            Some(name) if name.len() > 255 => Err(WrongRequest("a name has 255 bytes at most".into())),
            Some(name) => Ok(plimsoll_tls::client_hello(Some(name))),
            None => Ok(self.payload.clone()),
        }
    }
}

/// Fields as they stand in a head.
fn lines(fields: &[String]) -> Result<String, WrongRequest> {
    let mut head = String::new();
    for line in fields {
        let Some((name, value)) = line.split_once(':') else {
            return Err(WrongRequest(format!("`{line}` is not a header field: it is written 'Name: value'")));
        };
        if value.contains(['\r', '\n']) || name.contains(['\r', '\n']) {
            return Err(WrongRequest("a header field is one line".into()));
        }
        head += &format!("{name}: {}\r\n", value.trim());
    }
    Ok(head)
}

/// Method, target and version of a request line; `GET` and `HTTP/1.1` are meant where they are left out.
fn parts(line: &str) -> Result<(&str, &str, &str), WrongRequest> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match *words {
        [target] if target.contains(['/', '*']) => Ok(("GET", target, "HTTP/1.1")),
        [method, target] => Ok((method, target, "HTTP/1.1")),
        [method, target, version] => Ok((method, target, version)),
        _ => Err(WrongRequest(format!("`{line}` is not a request: it is written 'GET https://a.example/path'"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(request: &str, headers: &[&str]) -> String {
        let mut asking = Asking::new(Some(request), SocketAddr::from(([10, 0, 0, 1], 1)));
        asking.headers = headers.iter().map(|line| (*line).to_owned()).collect();
        match asking.head() {
            Ok(head) => String::from_utf8(head).expect("text"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_url_becomes_a_request_line_and_a_host() {
        assert_eq!(head("GET https://a.example/x?y=1#z", &[]), "GET /x?y=1 HTTP/1.1\r\nHost: a.example\r\n\r\n");
        assert_eq!(head("https://a.example:8443", &[]), "GET / HTTP/1.1\r\nHost: a.example:8443\r\n\r\n");
        assert_eq!(head("POST http://a?b HTTP/1.0", &[]), "POST /?b HTTP/1.0\r\nHost: a\r\n\r\n");
    }

    #[test]
    fn a_host_of_its_own_stands_for_the_one_of_the_url() {
        assert_eq!(head("GET http://a/x", &["host:  b "]), "GET /x HTTP/1.1\r\nhost: b\r\n\r\n");
    }

    #[test]
    fn what_is_no_request_or_no_field_is_told() {
        assert!(head("", &[]).contains("it is written 'GET https://a.example/path'"));
        assert!(head("GET /", &["nothing"]).contains("it is written 'Name: value'"));
    }

    #[test]
    fn the_port_is_the_one_of_the_url_or_of_its_scheme() {
        let port = |request: &str| Asking::new(Some(request), SocketAddr::from(([10, 0, 0, 1], 1))).port();
        assert_eq!(port("GET https://a/"), Some(443));
        assert_eq!(port("GET http://a/"), Some(80));
        assert_eq!(port("GET http://a:8080/"), Some(8080));
        assert_eq!(port("GET /x"), None);
    }

    #[test]
    fn an_answer_is_a_status_line_as_far_as_it_is_written() {
        let answer = |response: Option<&str>, headers: &[&str]| {
            let mut asking = Asking::new(Some("/"), SocketAddr::from(([10, 0, 0, 1], 1)));
            asking.response = response.map(str::to_owned);
            asking.response_headers = headers.iter().map(|line| (*line).to_owned()).collect();
            match asking.answer() {
                Ok(head) => head.map(|head| String::from_utf8(head).expect("text")),
                Err(error) => Some(error.to_string()),
            }
        };
        assert_eq!(answer(None, &[]), None);
        assert_eq!(answer(Some("404"), &[]).as_deref(), Some("HTTP/1.1 404 Not Found\r\n\r\n"));
        assert_eq!(answer(Some("HTTP/1.0 200 Fine"), &["a:b"]).as_deref(), Some("HTTP/1.0 200 Fine\r\na: b\r\n\r\n"));
        assert_eq!(answer(None, &["a:b"]).as_deref(), Some("HTTP/1.1 200 OK\r\na: b\r\n\r\n"));
        for wrong in ["", "HTTP/1.1", "fine", "99", "HTTP/1.1 100", "200\r\nx: y"] {
            assert!(
                answer(Some(wrong), &[]).is_some_and(|told| told.contains("it is written 'HTTP/1.1 200'")),
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn a_client_needs_no_port() {
        assert_eq!(Asking::client("10.0.0.1").map(|at| at.to_string()).as_deref(), Some("10.0.0.1:49152"));
        assert_eq!(Asking::client("[2001:db8::1]:7").map(|at| at.to_string()).as_deref(), Some("[2001:db8::1]:7"));
        assert_eq!(Asking::client("2001:db8::1").map(|at| at.port()), Some(PORT));
        assert_eq!(Asking::client("example"), None);
    }
}
