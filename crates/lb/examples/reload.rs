//! Prints what a reload costs the live objects: `reload SHAPE MILLISECONDS`, the median of eleven, with nothing changed,
//! and with every weight changed or every server replaced in between.

use std::sync::Arc;
use std::time::Instant;

use plimsoll_clock::Tick;
use plimsoll_lb::{Balance, Balancer};
use plimsoll_server::{Set, Settings, Wanted};

const NOW: Tick = Tick::from_micros(1);

fn main() {
    for (backends, servers) in [(10_000, 1), (1_000, 10), (1, 10_000)] {
        let file = |name: &str, weight: u16| -> Vec<Wanted> {
            let server = |number: usize| {
                let mut settings = Settings { name: format!("{name}{number}").into(), ..Settings::default() };
                settings.options.weight = weight;
                Wanted::from(settings)
            };
            (0..servers).map(server).collect()
        };
        let settings: Vec<Settings> = file("s", 1).into_iter().map(|wanted| wanted.settings).collect();
        let new = |_| Balancer::new(&Balance::default(), false, Set::new("be", &settings, 2, NOW));
        let balancers: Vec<Arc<Balancer>> = (0..backends).map(new).collect();
        for (what, one, other) in [
            ("kept", file("s", 1), file("s", 1)),
            ("weights", file("s", 2), file("s", 1)),
            ("replaced", file("t", 1), file("s", 1)),
        ] {
            let mut times: Vec<f64> = (0..11)
                .map(|round| {
                    let wanted = if round % 2 == 0 { &one } else { &other };
                    let start = Instant::now();
                    for balancer in &balancers {
                        balancer.set().reshape(wanted, NOW);
                        let _same = balancer.reload(balancer.balance(), false);
                        balancer.set().retire();
                    }
                    start.elapsed().as_secs_f64() * 1000.0
                })
                .collect();
            times.sort_by(f64::total_cmp);
            println!("reload {backends}x{servers} {what} {:.1}", times[5]);
        }
    }
}
