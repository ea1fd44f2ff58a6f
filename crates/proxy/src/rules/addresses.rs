//! `set-src` and its likes: other addresses than the connection's.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use plimsoll_rules::{Act, Action, Call, Compiler, Context, Expr, Parts, Place, Places, Step, Type, Value};

use crate::client::Client;

/// The rows.
pub(crate) const PARTS: Parts = Parts { actions: ACTIONS, ..Parts::EMPTY };

const PLACES: Places = Places::EARLY.and(Places::TCP_CONTENT).and(Places::HTTP_REQUEST);

const ACTIONS: &[Action] = &[
    Action {
        name: "set-src",
        places: PLACES,
        usage: "set-src EXPRESSION",
        parse: |call, compiler| address(call, What::Source, compiler),
        doc: "Takes an address for the client's: for the log, for servers and for later rules. The port stays if the family does.",
    },
    Action {
        name: "set-src-port",
        places: PLACES,
        usage: "set-src-port EXPRESSION",
        parse: |call, compiler| port(call, What::SourcePort, compiler),
        doc: "Takes a port for the client's.",
    },
    Action {
        name: "set-dst",
        places: PLACES,
        usage: "set-dst EXPRESSION",
        parse: |call, compiler| address(call, What::Destination, compiler),
        doc: "Takes an address for the one that the client connected to. The port stays if the family does.",
    },
    Action {
        name: "set-dst-port",
        places: PLACES,
        usage: "set-dst-port EXPRESSION",
        parse: |call, compiler| port(call, What::DestinationPort, compiler),
        doc: "Takes a port for the one that the client connected to.",
    },
];

#[derive(Clone, Copy, Debug)]
enum What {
    Source,
    SourcePort,
    Destination,
    DestinationPort,
}

#[derive(Debug)]
struct SetAddress(What, Expr);

impl Act for SetAddress {
    fn act(&self, cx: &mut Context<'_>) -> Step {
        let Self(what, expr) = self;
        let value = match what {
            What::Source | What::Destination => expr.eval_as(Type::Addr, cx),
            What::SourcePort | What::DestinationPort => expr.eval_as(Type::Int, cx),
        };
        let (ip, port) = match value {
            Some(Value::Ipv4(ip)) => (Some(IpAddr::V4(ip)), None),
            Some(Value::Ipv6(ip)) => (Some(IpAddr::V6(ip)), None),
            Some(Value::Int(port)) => (None, Some(port as u16)),
            _ => return cx.take_wait().map_or(Step::Next, Step::Wait),
        };
        let lasting = matches!(cx.place(), Place::TcpConnection | Place::TcpSession);
        let Some(client) = cx.fact_mut::<Client>() else { return Step::Next };
        let old = match what {
            What::Source | What::SourcePort => client.address(),
            What::Destination | What::DestinationPort => client.destination(),
        };
        let kept = |ip: IpAddr| old.filter(|old| old.is_ipv4() == ip.is_ipv4()).map_or(0, |old| old.port());
        let address = match (ip, port) {
            (Some(ip), _) => SocketAddr::new(ip, kept(ip)),
            // Who has no address at all is at 0.0.0.0, as in HAProxy.
            (None, port) => {
                SocketAddr::new(old.map_or(Ipv4Addr::UNSPECIFIED.into(), |old| old.ip()), port.unwrap_or_default())
            }
        };
        match what {
            What::Source | What::SourcePort => client.set_source(address, lasting),
            What::Destination | What::DestinationPort => client.set_destination(address, lasting),
        }
        Step::Next
    }
}

fn address(call: &mut Call<'_>, what: What, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    made(call, what, Type::Addr, compiler)
}

fn port(call: &mut Call<'_>, what: What, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    made(call, what, Type::Int, compiler)
}

fn made(call: &mut Call<'_>, what: What, wanted: Type, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    let word = call.word("an expression", compiler)?;
    let expr = Expr::compile(&word, compiler)?;
    if !expr.output().casts_to(wanted) {
        let text = format!("`{}` takes {}, and this gives {}", call.action.name, wanted.name(), expr.output().name());
        compiler.error("rule.type", word.span(), text);
        return None;
    }
    Some(Box::new(SetAddress(what, expr)))
}
