//! Actions that set and unset variables.

use crate::action::{Act, Action, Call, Step};
use crate::expr::Expr;
use crate::format::{Format, Purpose};
use crate::place::Places;
use crate::variables::Name;
use crate::{Compiler, Context, Value};

/// The rows.
pub const ACTIONS: &[Action] = &[
    Action {
        name: "set-var",
        places: Places::RULES,
        usage: "set-var(NAME) EXPRESSION",
        parse: set_var,
        doc: "Sets a variable to the value of an expression. Without a value it stays as it was.",
    },
    Action {
        name: "set-var-fmt",
        places: Places::RULES,
        usage: "set-var-fmt(NAME) FORMAT",
        parse: set_var_fmt,
        doc: "Sets a variable to a text.",
    },
    Action {
        name: "unset-var",
        places: Places::RULES,
        usage: "unset-var(NAME)",
        parse: unset_var,
        doc: "Takes a variable away.",
    },
];

#[derive(Debug)]
struct SetVar(Name, Expr);

impl Act for SetVar {
    fn act(&self, cx: &mut Context<'_>) -> Step {
        if let Some(value) = self.1.eval(cx) {
            cx.variables(|variables| variables.set(self.0, &value));
        } else if let Some(wait) = cx.take_wait() {
            return Step::Wait(wait);
        }
        Step::Next
    }
}

#[derive(Debug)]
struct SetVarFmt(Name, Format);

impl Act for SetVarFmt {
    fn act(&self, cx: &mut Context<'_>) -> Step {
        let text = self.1.render(cx);
        cx.variables(|variables| variables.set(self.0, &Value::Str(text)));
        Step::Next
    }
}

#[derive(Debug)]
struct UnsetVar(Name);

impl Act for UnsetVar {
    fn act(&self, cx: &mut Context<'_>) -> Step {
        cx.variables(|variables| variables.unset(self.0));
        Step::Next
    }
}

fn name(call: &mut Call<'_>, compiler: &mut Compiler<'_>) -> Option<Name> {
    let word = call.arg("a variable's name", compiler)?;
    Name::parse(word.as_str()).map_err(|text| compiler.error("rule.argument", word.span(), text)).ok()
}

fn set_var(call: &mut Call<'_>, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    let name = name(call, compiler)?;
    let expr = Expr::compile(&call.word("an expression", compiler)?, compiler)?;
    Some(Box::new(SetVar(name, expr)))
}

fn set_var_fmt(call: &mut Call<'_>, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    let name = name(call, compiler)?;
    let format = Format::compile_for(Purpose::Plain, &call.word("a format", compiler)?, compiler)?;
    Some(Box::new(SetVarFmt(name, format)))
}

fn unset_var(call: &mut Call<'_>, compiler: &mut Compiler<'_>) -> Option<Box<dyn Act>> {
    Some(Box::new(UnsetVar(name(call, compiler)?)))
}
