//! `use-service`: something of the process itself answers.

use plimsoll_rules::{Act, Action, Call, Compiler, Context, Parts, Places, Step};

use crate::rules::Verdict;
use crate::rules::ending::decide;
use crate::services::ServiceRef;

/// The rows.
pub(crate) const PARTS: Parts = Parts { actions: ACTIONS, ..Parts::EMPTY };

const ACTIONS: &[Action] = &[Action {
    name: "use-service",
    places: Places::HTTP_REQUEST,
    usage: "use-service NAME",
    parse,
    doc: "Answers by a service of the process itself: `prometheus-exporter`, `stats`, `health`.",
}];

#[derive(Debug)]
struct Use(&'static str);

impl Act for Use {
    fn act(&self, cx: &mut Context<'_>) -> Step {
        decide(cx, Verdict::Service(self.0, None))
    }

    fn ends(&self) -> bool {
        true
    }
}

fn parse(call: &mut Call<'_>, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    let name = call.word("the name of a service", compiler)?;
    match compiler.object("service", name.as_str()) {
        Ok(found) => {
            let ServiceRef(name) = *found.downcast_ref::<ServiceRef>()?;
            Some(Box::new(Use(name)))
        }
        Err(text) => {
            compiler.error("rule.argument", name.span(), text);
            None
        }
    }
}
