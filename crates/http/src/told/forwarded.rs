//! `forwarded`: who asked for what, in one field (RFC 7239).

use std::fmt;
use std::io::Write as _;
use std::marker::PhantomData;
use std::net::{IpAddr, SocketAddr};

use plimsoll_config::{Sources, Spanned};
use plimsoll_rules::{Compiler, Context, Expr, Text, Type};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use crate::{Request, is_token};

/// Which parameters `Forwarded` has. `true` alone is `proto` and `for`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ForwardedOptions {
    /// `http` or `https`.
    pub proto: bool,
    /// The `Host` of the request, or an expression.
    pub host: Spanned<Told>,
    /// The address that the client connected to, or an expression.
    pub by: Spanned<Told>,
    /// Its port, or an expression.
    pub by_port: Spanned<Told>,
    /// The client's address, or an expression.
    #[serde(rename = "for")]
    pub of: Spanned<Told>,
    /// Its port, or an expression.
    pub for_port: Spanned<Told>,
}

/// A parameter: not told, told as it is, or an expression of its own.
#[derive(Clone, Debug, Default, PartialEq, JsonSchema)]
#[schemars(untagged)]
pub enum Told {
    /// `false`
    #[default]
    Not,
    /// `true`
    Plain(bool),
    /// An expression.
    Expr(String),
}

impl<'de> Deserialize<'de> for Told {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any(PhantomData<()>);

        impl Visitor<'_> for Any {
            type Value = Told;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false or an expression")
            }

            fn visit_bool<E: Error>(self, told: bool) -> Result<Told, E> {
                Ok(if told { Told::Plain(true) } else { Told::Not })
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Told, E> {
                Ok(Told::Expr(text.to_owned()))
            }
        }

        from.deserialize_any(Any(PhantomData))
    }
}

/// The same, compiled.
#[derive(Debug)]
pub struct Forwarded {
    proto: bool,
    host: Source,
    by: Source,
    by_port: Source,
    of: Source,
    for_port: Source,
}

#[derive(Debug)]
enum Source {
    Not,
    Plain,
    Expr(Expr),
}

/// What is told of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// The client spoke TLS.
    pub secure: bool,
    /// The client.
    pub client: Option<SocketAddr>,
    /// Where it connected to.
    pub local: Option<SocketAddr>,
}

impl Forwarded {
    /// Compiles the expressions. What is wrong is reported.
    pub fn compile(options: &ForwardedOptions, sources: &Sources, compiler: &mut Compiler<'_>) -> Option<Self> {
        let mut source = |told: &Spanned<Told>| match told.get() {
            Told::Not => Some(Source::Not),
            Told::Plain(_) => Some(Source::Plain),
            Told::Expr(text) => Expr::compile(&Text::at(text, told.span(), sources).word(), compiler).map(Source::Expr),
        };
        let (host, by, by_port) = (source(&options.host), source(&options.by), source(&options.by_port));
        let (of, for_port) = (source(&options.of), source(&options.for_port));
        let (host, by, by_port, of, for_port) = (host?, by?, by_port?, of?, for_port?);
        let none = *options == ForwardedOptions::default();
        let of = if none { Source::Plain } else { of };
        Some(Self { proto: options.proto || none, host, by, by_port, of, for_port })
    }

    /// The value of the field, in the memory of the evaluation.
    #[must_use]
    pub fn value<'f>(&self, cx: &Context<'f>, seen: &Seen) -> &'f [u8] {
        cx.arena().built(|out| {
            let mut rest = "";
            let mut parameter = |out: &mut bumpalo::collections::Vec<'_, u8>, name: &str, value: &[u8]| {
                out.extend_from_slice(rest.as_bytes());
                out.extend_from_slice(name.as_bytes());
                out.push(b'=');
                out.extend_from_slice(value);
                rest = ";";
            };
            if self.proto {
                parameter(out, "proto", if seen.secure { b"https" } else { b"http" });
            }
            if let Some(host) = self.host(cx) {
                parameter(out, "host", &quoted(host));
            }
            for (name, node, port, address) in
                [("by", &self.by, &self.by_port, seen.local), ("for", &self.of, &self.for_port, seen.client)]
            {
                if let Some(value) = endpoint(node, port, address, cx) {
                    parameter(out, name, &value);
                }
            }
        })
    }

    fn host<'c>(&'c self, cx: &'c Context<'_>) -> Option<&'c [u8]> {
        match &self.host {
            Source::Not => None,
            Source::Plain => cx.fact::<Request>()?.head.value("host"),
            Source::Expr(expr) => expr.eval_as(Type::Str, cx)?.bytes(),
        }
    }
}

fn quoted(text: &[u8]) -> Vec<u8> {
    let mut out = vec![b'"'];
    for &byte in text {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
    out
}

/// `192.0.2.1`, `"[2001:db8::1]:80"`, `_hidden` or `unknown` (RFC 7239 section 6). With a port alone, the node is unknown.
fn endpoint(node: &Source, port: &Source, address: Option<SocketAddr>, cx: &Context<'_>) -> Option<Vec<u8>> {
    if matches!(node, Source::Not) && matches!(port, Source::Not) {
        return None;
    }
    let mut out = match node {
        Source::Not => b"unknown".to_vec(),
        Source::Plain => address.map_or_else(|| b"unknown".to_vec(), |address| written(address.ip())),
        Source::Expr(expr) => match expr.eval(cx) {
            Some(plimsoll_rules::Value::Ipv4(address)) => written(address.into()),
            Some(plimsoll_rules::Value::Ipv6(address)) => written(address.into()),
            Some(value) => hidden(value.text(cx.arena())),
            None => b"unknown".to_vec(),
        },
    };
    let port = match port {
        Source::Not => None,
        Source::Plain => address.map(|address| address.port().to_string().into_bytes()),
        Source::Expr(expr) => expr.eval(cx).map(|value| match value.int() {
            Some(port) if u16::try_from(port).is_ok() && value.kind() == Type::Int => port.to_string().into_bytes(),
            _ => hidden(value.text(cx.arena())),
        }),
    };
    if let Some(port) = port {
        out.push(b':');
        out.extend_from_slice(&port);
    }
    Some(if is_token(&out) { out } else { quoted(&out) })
}

fn written(address: IpAddr) -> Vec<u8> {
    let mut out = Vec::new();
    let _ = match address {
        IpAddr::V4(address) => write!(out, "{address}"),
        IpAddr::V6(address) => write!(out, "[{address}]"),
    };
    out
}

/// A name that says nothing, with the underscore that such names begin with.
fn hidden(text: Option<&[u8]>) -> Vec<u8> {
    let fits = |text: &[u8]| {
        !text.is_empty() && text.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
    };
    match text.filter(|text| fits(text)) {
        Some(text) if text.starts_with(b"_") => text.to_vec(),
        Some(text) => [b"_", text].concat(),
        None => b"unknown".to_vec(),
    }
}
