//! What patterns cost: loading 100,000 of them, a look-up, a change, memory; and a few patterns beside a plain comparison.
//!
//! `cargo run --release -p plimsoll-rules --example pattern_cost`, and a word behind it for those rows alone whose names hold it.

use std::alloc::System;
use std::any::Any;
use std::cell::Cell;
use std::hint::black_box;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plimsoll_config::{Diagnostics, Sources};
use plimsoll_rules::{
    Acl, Acls, Arena, Compiler, Context, Expr, Fetch, Language, Loading, Names, Outside, Parts, PatternFiles, Place,
    Regexes, Text, Value, Variables,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const COUNT: usize = 100_000;
const LOOKS: usize = 1_000_000;

thread_local! {
    static INPUT: Cell<Option<Value<'static>>> = const { Cell::new(None) };
}

const FETCHES: &[Fetch] = &[Fetch { name: "input", eval: |_, _| INPUT.get(), ..Fetch::PLAIN }];

struct Still;

impl Outside for Still {
    fn wall(&self) -> Duration {
        Duration::ZERO
    }

    fn random(&self) -> u64 {
        4
    }
}

/// One file, whatever it is called.
struct File(Vec<u8>);

impl Names for File {
    fn find(&self, _: &str, _: &str) -> Option<Arc<dyn Any + Send + Sync>> {
        None
    }

    fn all(&self, _: &str) -> Vec<String> {
        Vec::new()
    }

    fn read(&self, _: &str) -> io::Result<Vec<u8>> {
        Ok(self.0.clone())
    }
}

fn compile<T>(
    text: &str,
    file: &File,
    loading: &Loading,
    compile: impl FnOnce(Text<'_>, &mut Compiler<'_>) -> Option<T>,
) -> T {
    let (language, acls) = (Language::new(&[Parts { fetches: FETCHES, ..Parts::EMPTY }]), Acls::default());
    let (mut regexes, mut found) = (Regexes::default(), Diagnostics::new());
    let mut compiler = Compiler {
        language: &language,
        names: file,
        acls: &acls,
        patterns: loading,
        place: None,
        regexes: &mut regexes,
        found: &mut found,
    };
    let made = compile(Text::detached(text), &mut compiler);
    made.unwrap_or_else(|| panic!("{text}: {}", found.render_short(&Sources::new())))
}

/// A number that looks like any other.
fn mixed(number: usize) -> u32 {
    (number as u32).wrapping_mul(0x9e37_79b1).rotate_left(13).wrapping_mul(0x85eb_ca6b)
}

/// The time that this thread was at work: others may use the machine as well.
fn worked() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or_default())
}

/// Nanoseconds of one run of something that is done often.
fn each(times: usize, mut run: impl FnMut(usize)) -> f64 {
    let start = worked();
    for number in 0..times {
        run(number);
    }
    (worked() - start).as_nanos() as f64 / times as f64
}

fn large(what: &str, expression: &str, line: impl Fn(usize) -> String, input: impl Fn(usize) -> Input) {
    if std::env::args().nth(1).is_some_and(|only| !what.contains(&only)) {
        return;
    }
    let text: String = (0..COUNT).map(|number| line(number) + "\n").collect();
    let (file, files) = (File(text.into_bytes()), PatternFiles::default());
    let region = Region::new(ALLOCATOR);
    let start = worked();
    let loading = files.load();
    let map = expression.contains(",map");
    let (look, acl): (Option<Expr>, Option<_>) = if map {
        (Some(compile(expression, &file, &loading, |text, compiler| Expr::compile(&text.word(), compiler))), None)
    } else {
        (
            None,
            Some(compile(expression, &file, &loading, |text, compiler| {
                Acl::line(&mut text.words(compiler.found)?, compiler)
            })),
        )
    };
    let load = worked() - start;
    let bytes = region.change();
    let held = bytes.bytes_allocated as isize - bytes.bytes_deallocated as isize;
    loading.commit();
    let list = files.find("f").expect("the list");
    assert!(list.len() == COUNT || what.contains("prefix"), "{}", list.len());

    // Half of the inputs are in the list; they are taken in an order that caches do not know.
    let inputs: &'static [Input] =
        Vec::leak((0..COUNT).map(|number| input(mixed(number) as usize % (2 * COUNT))).collect());
    let (arena, mut variables) = (Arena::new(), Variables::default());
    let cx = Context::new(Place::HttpRequest, &arena, &Still, &mut variables);
    let mut hits = 0_usize;
    let look_up = |number: usize, hits: &mut usize| {
        let value = inputs[number % COUNT].value();
        match (&look, &acl) {
            (Some(look), _) => {
                INPUT.set(Some(value));
                *hits += usize::from(black_box(look.eval(&cx)).is_some());
            }
            (_, Some(acl)) => *hits += usize::from(black_box(acl.patterns.matches(value, &cx))),
            _ => {}
        }
    };
    // Fetching the input from memory is no part of a look-up.
    let base = each(LOOKS, |number| {
        black_box(match inputs[number % COUNT].value() {
            Value::Str(text) => text.iter().map(|byte| usize::from(*byte)).sum(),
            value => usize::from(value == Value::Bool(true)),
        });
    });
    let cost = each(LOOKS, |number| look_up(number, &mut hits)) - base;
    let share = hits * 100 / LOOKS;
    let mut slowest = Duration::ZERO;
    let change = each(20_000, |number| {
        let start = Instant::now();
        let key = line(COUNT * 4 + number);
        let key = key.split(' ').next().unwrap_or_default();
        list.add_new(key.as_bytes(), b"1").expect("added");
        slowest = slowest.max(start.elapsed());
    });
    let after = each(LOOKS, |number| look_up(number, &mut hits)) - base;
    let remove = each(2_000, |number| {
        let key = line(number * 7);
        list.remove(key.split(' ').next().unwrap_or_default().as_bytes());
    });
    println!(
        "{what:<22} load {:>5.1} ms  {:>5.1} MB  look-up {cost:>5.0} ns ({share} % hits), after 20,000 changes {after:>5.0} ns  add {:>5.1} us (slowest {:.1} ms)  remove {:>5.1} us",
        load.as_secs_f64() * 1e3,
        held as f64 / 1e6,
        change / 1e3,
        slowest.as_secs_f64() * 1e3,
        remove / 1e3,
    );
}

enum Input {
    Text(String),
    Address(std::net::IpAddr),
    Number(i64),
}

impl Input {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Text(text) => Value::Str(text.as_bytes()),
            Self::Address(address) => Value::from(*address),
            Self::Number(number) => Value::Int(*number),
        }
    }
}

fn few() {
    let (files, file) = (PatternFiles::default(), File(Vec::new()));
    let loading = files.load();
    let (arena, mut variables) = (Arena::new(), Variables::default());
    let cx = Context::new(Place::HttpRequest, &arena, &Still, &mut variables);
    let text = b"www.example.com".as_slice();
    let wanted: Vec<Vec<u8>> =
        ["www.example.net", "www.example.org"].iter().map(|text| text.as_bytes().to_vec()).collect();
    let plain = each(20_000_000, |_| {
        black_box(wanted.iter().any(|wanted| black_box(text) == wanted.as_slice()));
    });
    println!("two memcmp of 15 bytes: {plain:.1} ns");
    let acls = [
        "str(x) www.example.net",
        "str(x) www.example.net www.example.org",
        "str(x) -i WWW.example.net www.example.org a b",
        "str(x) -m beg /a",
        "str(x) -m beg /a /b www.f",
        "str(x) -m end .net .org",
        "str(x) -m sub static",
        "str(x) -m sub static images css js",
        "str(x) -m dom examples",
        "str(x) -m reg ^www[.][0-9]+",
        "str(x) a b c d e f g h",
        "str(x) -i www.example.nex b c d e f g h",
        "str(x) -m beg a b c d e f g h wwx",
        "str(x) -m sub aa bb cc dd ee ff gg hh",
        "str(x) -m reg ^a ^b ^c ^d ^e ^f ^g x$",
    ];
    for acl in acls {
        let line =
            compile(acl, &file, &loading, |text, compiler| Acl::line(&mut text.words(compiler.found)?, compiler));
        let look = |_| {
            black_box(line.patterns.matches(Value::Str(black_box(text)), &cx));
        };
        let cost = each(5_000_000, look);
        let region = Region::new(ALLOCATOR);
        (0..1000).for_each(look);
        println!("{acl:<50} {cost:>6.1} ns, {} allocations", region.change().allocations);
    }
}

fn main() {
    let v4 = |number: usize| std::net::Ipv4Addr::from_bits(mixed(number));
    let v6 = |number: usize| {
        std::net::Ipv6Addr::from_bits(
            0x2001_0db8_u128 << 96 | u128::from(mixed(number)) << 64 | u128::from(mixed(number * 3)),
        )
    };
    let name = |number: usize| format!("host-{}.example-{}.com", mixed(number), number % 977);
    large("addresses", "ipv4(1.1.1.1) -f f", |n| v4(n).to_string(), |n| Input::Address(v4(n).into()));
    large("networks", "ipv4(1.1.1.1) -f f", |n| format!("{}/{}", v4(n), 17 + n % 15), |n| Input::Address(v4(n).into()));
    large("addresses of IPv6", "ipv6(::1) -f f", |n| v6(n).to_string(), |n| Input::Address(v6(n).into()));
    large("strings", "str(x) -f f", name, |n| Input::Text(name(n)));
    large("strings, -i", "str(x) -i -f f", name, |n| Input::Text(name(n).to_ascii_uppercase()));
    large(
        "prefixes",
        "str(x) -m beg -f f",
        |n| format!("/{}/{}", n % 97, mixed(n)),
        |n| Input::Text(format!("/{}/{}/index.html", n % 97, mixed(n))),
    );
    large("suffixes", "str(x) -m end -f f", name, |n| Input::Text(format!("www.{}", name(n))));
    large("numbers", "int(1) -f f", |n| (n * 2).to_string(), |n| Input::Number(n as i64));
    large("map_str", "input,map(f)", |n| format!("{} value-{n}", name(n)), |n| Input::Text(name(n)));
    large(
        "map_beg",
        "input,map_beg(f)",
        |n| format!("/{}/{} v{n}", n % 97, mixed(n)),
        |n| Input::Text(format!("/{}/{}/index.html", n % 97, mixed(n))),
    );
    large("map_ip", "input,map_ip(f)", |n| format!("{}/32 v{n}", v4(n)), |n| Input::Address(v4(n).into()));
    few();
}
