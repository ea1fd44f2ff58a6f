//! From text to evaluation: expressions, conditions, rules, and what is said of those that are wrong.

mod house;

use house::House;
use plimsoll_rules::{End, Place, Stored, Variables};

fn house() -> House {
    House::new(&[], Place::HttpRequest)
}

#[test]
fn an_expression_gives_the_value_of_its_fetch() {
    assert_eq!(house().value("str(\"a,b)\")"), Some(Stored::Str((*b"a,b)").into())));
    assert_eq!(house().value("int(-5)"), Some(Stored::Int(-5)));
    assert_eq!(house().value("var(txn.x)"), None);
    assert_eq!(house().value("var(txn.x,none)"), Some(Stored::Str((*b"none").into())));
}

#[test]
fn rules_are_gone_through_in_order_and_conditions_choose() {
    let mut house = house();
    house.acl("one", "var(txn.a) -m str 1").unwrap();
    let rules = house.rules(&[
        "set-var(txn.a) int(1)",
        "set-var(txn.b) str(\"it is one\") if one",
        "set-var(txn.c) str(never) unless one or { bool(false) }",
        "unset-var(txn.a) if !{ var(txn.c) -m found } one || FALSE",
    ]);
    let mut variables = Variables::default();
    assert!(matches!(house.run(&rules, &mut variables), End::Passed));
    let arena = plimsoll_rules::Arena::new();
    let get = |variables: &mut Variables, name: &str| {
        variables.get(plimsoll_rules::Name::parse(name).unwrap(), &arena).map(|value| value.store())
    };
    assert_eq!(get(&mut variables, "txn.b"), Some(Stored::Str((*b"it is one").into())));
    assert_eq!(get(&mut variables, "txn.c"), None);
    assert_eq!(get(&mut variables, "txn.a"), None);
}

#[test]
fn a_format_holds_text_and_expressions() {
    let mut house = house();
    let format = house.format("a%[int(1)]b%%[x]%[str(\"]\")]").unwrap();
    let (arena, mut variables) = (plimsoll_rules::Arena::new(), Variables::default());
    let cx = plimsoll_rules::Context::new(Place::HttpRequest, &arena, &house::Still, &mut variables);
    assert_eq!(format.render(&cx), b"a1b%[x]]");
}

#[test]
fn what_is_wrong_is_said_at_its_place() {
    let mut house = house();
    let wrong = [
        ("set-var(txn.a)", "`set-var` lacks an expression"),
        ("set-vra(txn.a) int(1)", "did you mean `set-var`?"),
        ("set-var(txn.a) itn(1)", "did you mean `int`?"),
        ("set-var(x.a) int(1)", "`x` is no scope"),
        ("set-var(txn.a) int(1) fi one", "`fi` is not expected here"),
        ("set-var(txn.a) int(1) if { always_true", "never closed"),
        ("set-var(txn.a) int(1) if", "no ACL follows `if`"),
        ("set-var(txn.a) int(x)", "1:20 rule.argument ‹x› `x` is not an integer"),
        ("set-var(txn.a) \"int(1)", "this \" is never closed"),
    ];
    for (text, want) in wrong {
        let told = house.rule(text).expect_err(text);
        assert!(told.contains(want), "{text}: {told}");
    }
}

#[test]
fn what_is_legal_in_the_other_mode_only_is_told_so() {
    let mut house = House::new(&[], Place::TcpContentOfHttp);
    let told = house.rule("set-var(txn.a) req.len").unwrap_err();
    assert!(told.contains("tcp-request content in TCP mode"), "{told}");
}
