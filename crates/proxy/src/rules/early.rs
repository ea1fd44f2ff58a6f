//! Rules about a connection before anything of its protocol is read: `tcp-request connection` and `session`.

use std::rc::Rc;

use plimsoll_rules::{Arena, Context, End, Place, Rules};

use crate::RULE_REJECT;
use crate::client::{Client, Closing};
use crate::rules::{Proxies, State, Verdict};
use crate::snapshot::FrontendLive;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Early {
    /// As soon as it is accepted.
    Connection,
    /// When it is known who connects.
    Session,
}

/// Are there any for a client's port? Asked first: a client is large, and mostly there are none.
#[inline]
pub(crate) fn is_judged(client: &Client, early: Early) -> bool {
    client.port().with_rules(|rules| match early {
        Early::Connection => !rules.connection.is_empty(),
        Early::Session => !rules.session.is_empty(),
    })
}

/// Goes through them. `None`: a rule ended the connection.
#[cold]
pub(crate) fn judged(mut client: Client, early: Early) -> Option<Client> {
    let route = client.port().route();
    let Some(rules) = &route.frontend.rules else { return Some(client) };
    let (list, place): (&Rules, _) = match early {
        Early::Connection => (&rules.connection, Place::TcpConnection),
        Early::Session => (&rules.session, Place::TcpSession),
    };
    let (mut state, proxies, worker) = (State::of(&mut client), Proxies::of(&route), Rc::clone(&client.port().worker));
    let end = {
        let arena = Arena::new();
        let State { variables, fate } = &mut state;
        let cx = Context::new(place, &arena, &*worker, variables);
        list.run(0, &mut cx.with(&mut client).with_shared(&proxies).with(fate))
    };
    match end {
        // Nothing is waited for here: what cannot be told yet does not hold.
        End::Passed | End::Stopped { .. } | End::Wait { .. } => {
            state.keep(&mut client);
            Some(client)
        }
        End::Final { .. } | End::Failed { .. } => {
            count(&route.frontend.live, worker.id, early);
            worker.count(&RULE_REJECT);
            if matches!(state.fate.verdict, Some(Verdict::Drop)) {
                client.stream.forget();
            }
            // As in HAProxy: before there is a session nobody owes the client a proper end.
            let _ = client.close(match early {
                Early::Connection => Closing::Reset,
                Early::Session => Closing::Plain,
            });
            None
        }
    }
}

fn count(live: &FrontendLive, worker: usize, early: Early) {
    let counters = live.counters.shard(worker);
    match early {
        Early::Connection => counters.denied_connections.add(1),
        Early::Session => counters.denied_sessions.add(1),
    }
}
