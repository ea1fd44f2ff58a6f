//! Variables: named values of a process, session, transaction, request, response or check.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use crate::{Arena, Stored, Value};

/// How long a variable lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The process.
    Proc,
    /// The client's connection.
    Sess,
    /// A request and its response.
    Txn,
    /// While a request is processed.
    Req,
    /// While a response is processed.
    Res,
    /// A health check.
    Check,
}

impl Scope {
    /// All, with their prefixes.
    pub const ALL: [(&'static str, Self); 6] = [
        ("proc", Self::Proc),
        ("sess", Self::Sess),
        ("txn", Self::Txn),
        ("req", Self::Req),
        ("res", Self::Res),
        ("check", Self::Check),
    ];
}

/// A variable's name, resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    /// How long it lives.
    pub scope: Scope,
    id: u32,
}

/// Every name that any configuration of this process used: few, and never forgotten, because values outlive configurations.
static NAMES: LazyLock<RwLock<HashMap<Box<str>, u32>>> = LazyLock::new(RwLock::default);

impl Name {
    /// `scope.name`. The error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some((scope, rest)) = text.split_once('.') else {
            return Err(format!(
                "`{text}` names no scope: variables are called proc.x, sess.x, txn.x, req.x, res.x or check.x"
            ));
        };
        let Some((_, scope)) = Scope::ALL.into_iter().find(|(name, _)| *name == scope) else {
            return Err(format!("`{scope}` is no scope: it is one of proc, sess, txn, req, res, check"));
        };
        if rest.is_empty() {
            return Err(format!("`{text}` has no name behind its scope"));
        }
        if let Some(wrong) = rest.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '.' | '-')) {
            return Err(format!("a variable's name has letters, digits, `_`, `.` and `-`, not `{wrong}`"));
        }
        let mut names = NAMES.write().unwrap_or_else(PoisonError::into_inner);
        let next = names.len() as u32;
        let id = *names.entry(text.into()).or_insert(next);
        Ok(Self { scope, id })
    }

    /// As it is written.
    #[must_use]
    pub fn text(self) -> String {
        let names = NAMES.read().unwrap_or_else(PoisonError::into_inner);
        names.iter().find(|(_, id)| **id == self.id).map(|(text, _)| text.to_string()).unwrap_or_default()
    }

    /// The name of a known variable; `None`: no configuration ever used it.
    #[must_use]
    pub fn known(text: &str) -> Option<Self> {
        let (scope, _) = text.split_once('.')?;
        let (_, scope) = Scope::ALL.into_iter().find(|(name, _)| *name == scope)?;
        let id = *NAMES.read().unwrap_or_else(PoisonError::into_inner).get(text)?;
        Some(Self { scope, id })
    }
}

/// What one variable costs beside its bytes, for the limits; HAProxy's own structure is of that size.
const EACH: usize = 48;

/// Values by name: few, so they are searched one after another.
#[derive(Debug, Default)]
pub struct Set {
    values: Vec<(Name, Stored)>,
    bytes: usize,
}

impl Set {
    /// Is there none?
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Forgets all, keeps the memory.
    pub fn clear(&mut self) {
        self.values.clear();
        self.bytes = 0;
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (Name, &Stored)> {
        self.values.iter().map(|(name, value)| (*name, value))
    }

    fn get(&self, name: Name) -> Option<&Stored> {
        self.values.iter().find(|(have, _)| *have == name).map(|(_, value)| value)
    }

    fn set(&mut self, name: Name, value: Stored, limit: Option<usize>) -> bool {
        let old = self.values.iter().position(|(have, _)| *have == name);
        let freed = old.map_or(0, |at| EACH + self.values[at].1.extra());
        let bytes = self.bytes - freed + EACH + value.extra();
        if limit.is_some_and(|limit| bytes > limit) {
            return false;
        }
        self.bytes = bytes;
        match old {
            Some(at) => self.values[at].1 = value,
            None => self.values.push((name, value)),
        }
        true
    }

    fn unset(&mut self, name: Name) {
        if let Some(at) = self.values.iter().position(|(have, _)| *have == name) {
            self.bytes -= EACH + self.values[at].1.extra();
            self.values.swap_remove(at);
        }
    }
}

/// The most bytes of each scope; none if not given (`tune.vars`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// All scopes of one connection together, and the process's.
    pub global: Option<usize>,
    /// `proc`
    pub proc: Option<usize>,
    /// `sess`
    pub sess: Option<usize>,
    /// `txn`
    pub txn: Option<usize>,
    /// `req` and `res`, each
    pub reqres: Option<usize>,
}

/// The variables of the process, shared by all workers.
#[derive(Debug, Default)]
pub struct Shared(RwLock<Set>);

impl Shared {
    /// A copy of a value.
    #[must_use]
    pub fn get(&self, name: Name) -> Option<Stored> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Sets it. False: the limit does not allow it.
    pub fn set(&self, name: Name, value: Stored, limit: Option<usize>) -> bool {
        self.0.write().unwrap_or_else(PoisonError::into_inner).set(name, value, limit)
    }

    /// Takes it away.
    pub fn unset(&self, name: Name) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).unset(name);
    }
}

/// The variables that one evaluation sees.
#[derive(Default)]
pub struct Variables {
    /// Of the process.
    pub process: Arc<Shared>,
    /// Of the client's connection.
    pub sess: Set,
    /// Of the request and its response.
    pub txn: Set,
    /// Of the request.
    pub req: Set,
    /// Of the response.
    pub res: Set,
    /// Of a check.
    pub check: Set,
    /// How much they may hold.
    pub limits: Limits,
    /// A rewrite that fails is passed over, in the list of rules that is gone through (`strict-mode off`).
    pub lenient: bool,
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Variables").field("txn", &self.txn).finish_non_exhaustive()
    }
}

impl Variables {
    fn scope(&mut self, scope: Scope) -> Option<&mut Set> {
        match scope {
            Scope::Proc => None,
            Scope::Sess => Some(&mut self.sess),
            Scope::Txn => Some(&mut self.txn),
            Scope::Req => Some(&mut self.req),
            Scope::Res => Some(&mut self.res),
            Scope::Check => Some(&mut self.check),
        }
    }

    /// A value, copied to the arena.
    #[must_use]
    pub fn get<'a>(&mut self, name: Name, arena: &'a Arena) -> Option<Value<'a>> {
        match self.scope(name.scope) {
            Some(set) => set.get(name).map(|stored| keep(stored, arena)),
            None => self.process.get(name).map(|stored| keep(&stored, arena)),
        }
    }

    /// Is it set?
    #[must_use]
    pub fn has(&mut self, name: Name) -> bool {
        match self.scope(name.scope) {
            Some(set) => set.get(name).is_some(),
            None => self.process.get(name).is_some(),
        }
    }

    /// Sets it. False: the limits do not allow it, and it is as it was.
    pub fn set(&mut self, name: Name, value: &Value<'_>) -> bool {
        let limits = self.limits;
        let own = match name.scope {
            Scope::Proc => limits.proc.or(limits.global),
            Scope::Sess => limits.sess,
            Scope::Txn => limits.txn,
            Scope::Req | Scope::Res => limits.reqres,
            Scope::Check => None,
        };
        let held = self.sess.bytes + self.txn.bytes + self.req.bytes + self.res.bytes;
        match self.scope(name.scope) {
            None => self.process.set(name, value.store(), own),
            Some(set) => {
                // What the others hold is not this scope's to take.
                let all = limits.global.map(|all| all.saturating_sub(held - set.bytes.min(held)));
                let limit = match (own, all) {
                    (Some(own), Some(all)) => Some(own.min(all)),
                    (own, all) => own.or(all),
                };
                set.set(name, value.store(), limit)
            }
        }
    }

    /// Takes it away.
    pub fn unset(&mut self, name: Name) {
        match self.scope(name.scope) {
            Some(set) => set.unset(name),
            None => self.process.unset(name),
        }
    }

    /// A request is over: only the connection's and the process's stay.
    pub fn next_request(&mut self) {
        self.txn.clear();
        self.req.clear();
        self.res.clear();
    }
}

fn keep<'a>(stored: &Stored, arena: &'a Arena) -> Value<'a> {
    match stored {
        Stored::Bool(yes) => Value::Bool(*yes),
        Stored::Int(number) => Value::Int(*number),
        Stored::Ipv4(address) => Value::Ipv4(*address),
        Stored::Ipv6(address) => Value::Ipv6(*address),
        Stored::Str(bytes) => Value::Str(arena.keep(bytes)),
        Stored::Bin(bytes) => Value::Bin(arena.keep(bytes)),
        Stored::Method(bytes) => Value::Method(arena.keep(bytes)),
    }
}
