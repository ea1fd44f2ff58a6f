//! The fetch `acl`: named ACLs as a value.

use std::sync::Arc;

use crate::acl::Acl;
use crate::args::{Arg, ArgKind, Args, Param};
use crate::condition::Truth;
use crate::{Compiler, Fetch, Type, Value};

const OTHER: Param = Param::optional("name", ArgKind::Str);

/// The rows.
pub const FETCHES: &[Fetch] = &[Fetch {
    name: "acl",
    params: &[
        Param::new("name", ArgKind::Str),
        OTHER,
        OTHER,
        OTHER,
        OTHER,
        OTHER,
        OTHER,
        OTHER,
        OTHER,
        OTHER,
        OTHER,
        OTHER,
    ],
    output: Type::Bool,
    check: Some(resolve),
    eval: |args, cx| {
        let terms = args.object::<Vec<Term>>(0)?;
        let holds = |term: &Term| (term.acl.holds(cx) == Truth::Yes) != term.negated;
        Some(Value::Bool(terms.iter().all(holds)))
    },
    doc: "Whether all of these named ACLs hold; `!` before a name asks for the contrary.",
    ..Fetch::PLAIN
}];

#[derive(Debug)]
struct Term {
    acl: Arc<Acl>,
    negated: bool,
}

fn resolve(args: &mut Args, compiler: &mut Compiler<'_>) -> Result<(), String> {
    let mut terms = Vec::new();
    for arg in args.0.iter_mut() {
        let Arg::Str(text) = std::mem::take(arg) else { continue };
        let text = String::from_utf8_lossy(&text).into_owned();
        let name = text.trim_start_matches('!');
        let negated = (text.len() - name.len()) % 2 == 1;
        let acl = Acl::used_as_value(name, compiler).ok_or_else(|| format!("no ACL is called `{name}` here"))?;
        terms.push(Term { acl, negated });
    }
    args.0[0] = Arg::Object(Arc::new(terms));
    Ok(())
}
