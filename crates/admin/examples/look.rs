//! Serves the page, the metrics and the runtime socket over made-up figures that move: to look at them, and to measure a scrape.
//!
//! `look [SERVERS] [ADDRESS]`; `look SERVERS --measure` prints how long a scrape and a page of that many servers take.

#[path = "../tests/house/mod.rs"]
mod house;

use std::sync::Arc;
use std::time::{Duration, Instant};

use house::{House, server};
use plimsoll_admin::{AdminOptions, Events, Look, Options, State, metrics, page, serve};
use plimsoll_net::{Address, AddressSpec};
use plimsoll_server::{Admin, CheckStatus};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let servers: usize = arguments.next().map_or(Ok(6), |text| text.parse())?;
    let other = arguments.next();
    let many = (1..=servers).map(|n| server(&format!("app{n:02}"), 10, n == servers, n == 5)).collect();
    let api = vec![server("api1", 1, false, false), server("api2", 1, false, false)];
    let house = Arc::new(House::new(&[("app", many), ("api", api), ("nobody", Vec::new())]).checked());
    house.check(CheckStatus::L7Ok, "OK");
    house.serve(1_234_567);
    let state: Arc<dyn State> = house.clone();
    if other.as_deref() == Some("--measure") {
        measure(&state);
        return Ok(());
    }
    let text = other.unwrap_or_else(|| "127.0.0.1:0".into());
    let AddressSpec::Known(bind) = Address::parse(&text)? else { return Err("an IP address is needed".into()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let options = Options { runtime_api: Vec::new(), admin: vec![AdminOptions { bind }] };
        let serving = serve(&options, state)?;
        for (_, address) in serving.addresses() {
            println!("http://{address}/");
        }
        let backends = &house.snapshot.backends;
        if let [first, second, ..] = &backends[0].targets[..] {
            second.server.administer(house.now(), Admin::Drain);
            for _ in 0..3 {
                let report =
                    plimsoll_server::CheckReport::new(CheckStatus::L7Sts, Duration::from_millis(12)).with_code(503);
                backends[1].targets[0].server.report(house.now(), report);
            }
            first.server.load().begin();
        }
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        for step in 0.. {
            ticks.tick().await;
            house.advance(Duration::from_millis(100));
            house.serve(37 + step % 11);
            if step % 100 == 20 {
                house.fail(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            }
        }
        Ok(())
    })
}

fn measure(state: &Arc<dyn State>) {
    let mut events = Events::default();
    for round in 0..5 {
        let start = Instant::now();
        let (mut bytes, mut pages, mut longest) = (0, 0, Duration::ZERO);
        let mut scrape = metrics(state);
        let read = start.elapsed();
        loop {
            let before = Instant::now();
            let Some(page) = scrape.next() else { break };
            longest = longest.max(before.elapsed());
            (bytes, pages) = (bytes + page.len(), pages + 1);
        }
        let scraped = start.elapsed();
        let start = Instant::now();
        let html = page(state, Look::live()).map(|piece| piece.len()).sum::<usize>();
        let shown = start.elapsed();
        let start = Instant::now();
        let event = events.next(state).len();
        let told = start.elapsed();
        println!(
            "{round}: scrape {scraped:?} (read {read:?}, {bytes} bytes in {pages} pages, longest {longest:?}), page {shown:?} ({html} bytes), event {told:?} ({event} bytes)"
        );
    }
}
