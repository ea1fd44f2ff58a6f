//! `lb route`: what would become of a request, rule by rule, without opening a port.

mod human;

use std::io::{self, IsTerminal, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;

use crate::configuration::Configuration;
use clap::{Args, ValueEnum};
use plimsoll_engine::{Asking, NoTrial, Rehearsal};

use crate::check;

/// What `route` is told.
#[derive(Debug, Args)]
pub struct Route {
    #[command(flatten)]
    configuration: Configuration,
    /// The request: `GET https://a.example/path`, or only its URL. Without one, a connection of TCP mode is tried.
    #[arg(value_name = "REQUEST")]
    request: Option<String>,
    /// Where the client is: an address, with its port if that matters.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1", value_parser = client)]
    from: SocketAddr,
    /// Where the client connects to: address and port; the frontend's first `bind` if not given.
    #[arg(long, value_name = "ADDRESS:PORT")]
    to: Option<SocketAddr>,
    /// A header field of the request; repeat for several.
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// The frontend; if not given, the only one that fits, or the one that listens at the port of --to or of the URL.
    #[arg(long, value_name = "NAME")]
    frontend: Option<String>,
    /// The body of the request.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    body: String,
    /// In TCP mode: what the client sends first, in hexadecimal.
    #[arg(long, value_name = "BYTES", conflicts_with = "request", value_parser = hexadecimal)]
    payload_hex: Option<Payload>,
    /// In TCP mode: the client sends a ClientHello that names this server.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["request", "payload_hex"])]
    sni: Option<String>,
    /// The first line of what the server answers: the rules about responses are gone through too.
    #[arg(long, value_name = "HTTP/1.1 STATUS", requires = "request")]
    response: Option<String>,
    /// A header field of what the server answers; repeat for several.
    #[arg(long = "response-header", value_name = "NAME: VALUE", requires = "request")]
    response_headers: Vec<String>,
    /// How it is told.
    #[arg(long, value_enum, default_value_t = Format::Human, value_name = "FORMAT")]
    format: Format,
}

/// How a report is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// One object.
    Json,
}

/// Bytes of a client.
#[derive(Clone, Debug)]
struct Payload(Vec<u8>);

fn client(text: &str) -> Result<SocketAddr, String> {
    Asking::client(text).ok_or_else(|| "an address is written 10.0.0.1, 10.0.0.1:50000 or [2001:db8::1]:50000".into())
}

fn hexadecimal(text: &str) -> Result<Payload, String> {
    let digits: Vec<u32> = text.chars().filter(|c| !c.is_whitespace()).filter_map(|c| c.to_digit(16)).collect();
    if digits.len() != text.chars().filter(|c| !c.is_whitespace()).count() || digits.len() % 2 == 1 {
        return Err("bytes are written as pairs of hexadecimal digits".into());
    }
    Ok(Payload(digits.chunks(2).map(|two| (two[0] << 4 | two[1]) as u8).collect()))
}

/// The verb.
pub fn route(arguments: &Route) -> ExitCode {
    let (plan, findings) = plimsoll_engine::load_files(arguments.configuration.files());
    // What is only to be looked at is told by `check`.
    let Some(plan) =
        (if findings.errors() > 0 { check::told(arguments.configuration.files(), None, &findings) } else { plan })
    else {
        return ExitCode::FAILURE;
    };
    let asking = Asking {
        to: arguments.to,
        headers: arguments.headers.clone(),
        frontend: arguments.frontend.clone(),
        body: arguments.body.clone().into_bytes(),
        payload: arguments.payload_hex.clone().map(|payload| payload.0).unwrap_or_default(),
        sni: arguments.sni.clone(),
        response: arguments.response.clone(),
        response_headers: arguments.response_headers.clone(),
        ..Asking::new(arguments.request.as_deref(), arguments.from)
    };
    let report = match Rehearsal::new(&plan).and_then(|rehearsal| rehearsal.ask(&asking)) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("lb: {error}");
            return match error {
                NoTrial::System(_) => ExitCode::FAILURE,
                _ => ExitCode::from(2),
            };
        }
    };
    let text = match arguments.format {
        Format::Human => human::text(&report, io::stdout().is_terminal()),
        Format::Json => format!("{}\n", serde_json::to_string_pretty(&report).unwrap_or_default()),
    };
    // A reader that has enough may close the pipe.
    let _ = io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}
