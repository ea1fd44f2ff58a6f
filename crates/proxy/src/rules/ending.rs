//! Actions that end a list of rules, or the connection.

use plimsoll_outcome::Outcome;
use plimsoll_rules::{Act, Action, Call, Compiler, Context, Parts, Place, Places, Step};

use crate::rules::reply::Recipe;
use crate::rules::{Fate, Verdict};
use crate::{RULE_AUTH, RULE_DENY, RULE_REJECT, RULE_RESPONSE_DENY, RULE_RESPONSE_RETURN, RULE_RETURN, RULE_TARPIT};

/// The rows.
pub(crate) const PARTS: Parts = Parts { actions: ACTIONS, ..Parts::EMPTY };

const HTTP: Places = Places::HTTP_REQUEST.and(Places::of(&[Place::HttpResponse]));

const ACTIONS: &[Action] = &[
    Action {
        name: "allow",
        places: Places::HTTP_REQUEST.and(Places::RESPONSES),
        usage: "allow",
        parse: |_, _| Some(Box::new(Pass)),
        doc: "Ends this list: what follows in it is passed over.",
    },
    Action {
        name: "accept",
        places: Places::EARLY.and(Places::TCP_CONTENT).and(Places::TCP_RESPONSE),
        usage: "accept",
        parse: |_, _| Some(Box::new(Pass)),
        doc: "Ends this list: what follows in it is passed over.",
    },
    Action {
        name: "deny",
        places: HTTP,
        usage: "deny [status CODE] [content-type TYPE] [string TEXT | lf-string FORMAT | file PATH | lf-file PATH | errorfile PATH | errorfiles NAME] [hdr NAME FORMAT]…",
        parse: deny,
        doc: "Answers with an error, 403 for a request and 502 for a response, or as given.",
    },
    Action {
        name: "tarpit",
        places: Places::HTTP_REQUEST,
        usage: "tarpit [status CODE] [content-type TYPE] [string TEXT | …] [hdr NAME FORMAT]…",
        parse: tarpit,
        doc: "Holds the request for `timeouts.tarpit`, then answers with an error, 500 unless given.",
    },
    Action {
        name: "return",
        places: HTTP,
        usage: "return [status CODE] [content-type TYPE] [string TEXT | lf-string FORMAT | file PATH | lf-file PATH | errorfile PATH | errorfiles NAME] [hdr NAME FORMAT]…",
        parse: give,
        doc: "Answers without asking a server, with 200 unless given.",
    },
    Action {
        name: "auth",
        places: Places::HTTP_REQUEST,
        usage: "auth [realm TEXT]",
        parse: auth,
        doc: "Asks the client for a user and a password: 401, or 407 for a request to a proxy.",
    },
    Action {
        name: "reject",
        places: Places::EARLY.and(Places::TCP_CONTENT).and(Places::TCP_RESPONSE).and(Places::HTTP_REQUEST),
        usage: "reject",
        parse: |_, _| Some(Box::new(Close(false))),
        doc: "Closes the connection without an answer.",
    },
    Action {
        name: "close",
        places: Places::TCP_RESPONSE,
        usage: "close",
        parse: |_, _| Some(Box::new(Close(false))),
        doc: "Closes the server's connection at once.",
    },
    Action {
        name: "silent-drop",
        places: Places::EARLY.and(Places::TCP_CONTENT).and(Places::TCP_RESPONSE).and(HTTP),
        usage: "silent-drop",
        parse: |_, _| Some(Box::new(Close(true))),
        doc: "Forgets the connection: the client is told nothing, and goes on waiting.",
    },
];

#[derive(Debug)]
struct Pass;

impl Act for Pass {
    fn act(&self, _: &mut Context<'_>) -> Step {
        Step::Stop
    }

    fn ends(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct Close(bool);

impl Act for Close {
    fn act(&self, cx: &mut Context<'_>) -> Step {
        decide(cx, if self.0 { Verdict::Drop } else { Verdict::Reject(&RULE_REJECT) })
    }

    fn ends(&self) -> bool {
        true
    }
}

/// Answers by a recipe.
#[derive(Debug)]
struct Answer {
    recipe: Recipe,
    outcome: &'static Outcome,
    tarpit: bool,
}

impl Act for Answer {
    fn act(&self, cx: &mut Context<'_>) -> Step {
        let reply = self.recipe.make(cx);
        decide(cx, if self.tarpit { Verdict::Tarpit(reply) } else { Verdict::Reply(reply, self.outcome) })
    }

    fn ends(&self) -> bool {
        true
    }
}

pub(super) fn decide(cx: &mut Context<'_>, verdict: Verdict) -> Step {
    match cx.fact_mut::<Fate>() {
        Some(fate) => {
            fate.verdict = Some(verdict);
            Step::Final
        }
        None => Step::Next,
    }
}

fn deny(call: &mut Call<'_>, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    let (status, outcome) = match compiler.place {
        Some(Place::HttpResponse) => (502, &RULE_RESPONSE_DENY),
        _ => (403, &RULE_DENY),
    };
    let mut recipe = Recipe::parse(call, status, false, compiler)?;
    recipe.text = outcome.text;
    Some(Box::new(Answer { recipe, outcome, tarpit: false }))
}

fn tarpit(call: &mut Call<'_>, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    let mut recipe = Recipe::parse(call, 500, false, compiler)?;
    recipe.text = RULE_DENY.text;
    Some(Box::new(Answer { recipe, outcome: &RULE_TARPIT, tarpit: true }))
}

fn give(call: &mut Call<'_>, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    let recipe = Recipe::parse(call, 200, true, compiler)?;
    let outcome = if compiler.place == Some(Place::HttpResponse) { &RULE_RESPONSE_RETURN } else { &RULE_RETURN };
    Some(Box::new(Answer { recipe, outcome, tarpit: false }))
}

fn auth(call: &mut Call<'_>, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    let mut recipe = Recipe::plain(401);
    if call.words.take_if("realm").is_some() {
        recipe.realm = Some(call.word("a realm", compiler)?.as_str().into());
    }
    recipe.asks = true;
    recipe.text = RULE_AUTH.text;
    Some(Box::new(Answer { recipe, outcome: &RULE_AUTH, tarpit: false }))
}
