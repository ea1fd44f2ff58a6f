//! Runs wrk against a proxy and charges the proxy for it.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use super::proxies::Running;

/// One measured window of one proxy. CPU in microseconds a request, latencies in microseconds.
#[derive(Clone, Debug)]
pub struct Sample {
    pub user: f64,
    pub total: f64,
    pub rate: f64,
    pub p50: f64,
    pub p99: f64,
    pub memory_kib: f64,
    pub requests: u64,
    pub errors: u64,
}

pub struct Load<'a> {
    pub path: &'a str,
    pub close: bool,
    pub seconds: u32,
    pub cpu: Option<usize>,
}

/// wrk's own figures.
#[derive(Debug, PartialEq)]
struct Report {
    requests: u64,
    rate: f64,
    p50: f64,
    p99: f64,
    errors: u64,
}

pub fn measure(proxy: &mut Running, load: &Load<'_>) -> Result<Sample> {
    let before = proxy.process.cpu()?;
    let report = wrk(proxy, load)?;
    let used = proxy.process.cpu()?.since(before);
    proxy.process.must_live()?;
    ensure!(report.requests > 0, "no request was answered");
    let requests = report.requests as f64;
    Ok(Sample {
        user: used.user_ns() / 1e3 / requests,
        total: used.total_ns as f64 / 1e3 / requests,
        rate: report.rate,
        p50: report.p50,
        p99: report.p99,
        memory_kib: proxy.process.memory_kib()? as f64,
        requests: report.requests,
        errors: report.errors,
    })
}

fn wrk(proxy: &Running, load: &Load<'_>) -> Result<Report> {
    let mut command = match load.cpu {
        Some(cpu) => {
            let mut command = Command::new("taskset");
            command.args(["--cpu-list", &cpu.to_string(), "wrk"]);
            command
        }
        None => Command::new("wrk"),
    };
    command.args(["-t1", "-c64", "--latency", "--timeout", "10s", &format!("-d{}s", load.seconds)]);
    if load.close {
        command.args(["-H", "Connection: close"]);
    }
    let output = command
        .arg(format!("http://{}{}", proxy.address, load.path))
        .stdin(Stdio::null())
        .output()
        .context("wrk: is it installed?")?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "wrk failed: {text}{}", String::from_utf8_lossy(&output.stderr));
    read(&text).with_context(|| format!("wrk printed\n{text}"))
}

fn read(text: &str) -> Result<Report> {
    let mut report = Report { requests: 0, rate: 0.0, p50: 0.0, p99: 0.0, errors: 0 };
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["50%", time] => report.p50 = micros(time)?,
            ["99%", time] => report.p99 = micros(time)?,
            [count, "requests", "in", ..] => report.requests = count.parse()?,
            ["Requests/sec:", rate] => report.rate = rate.parse()?,
            ["Socket", "errors:", ..] => {
                let counts = words.iter().filter_map(|word| word.trim_end_matches(',').parse::<u64>().ok());
                report.errors += counts.sum::<u64>();
            }
            ["Non-2xx", .., count] => report.errors += count.parse::<u64>()?,
            _ => {}
        }
    }
    Ok(report)
}

/// wrk writes `850.00us`, `1.23ms`, `2.00s`, `1.01m`.
fn micros(time: &str) -> Result<f64> {
    for (unit, factor) in [("us", 1.0), ("ms", 1e3), ("s", 1e6), ("m", 60e6)] {
        if let Some(number) = time.strip_suffix(unit) {
            return Ok(number.parse::<f64>()? * factor);
        }
    }
    bail!("no unit in {time}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_of_wrk_are_read_with_their_units_and_errors() {
        let text = "Running 4s test @ http://127.0.0.1:1/100\n  1 threads and 64 connections\n  \
            Thread Stats   Avg      Stdev     Max   +/- Stdev\n    Latency     1.23ms  200.00us   9.00ms   90.00%\n  \
            Latency Distribution\n     50%  850.00us\n     75%    1.50ms\n     90%    2.00ms\n     99%    1.01s \n  \
            123456 requests in 4.00s, 30.00MB read\n  Socket errors: connect 1, read 2, write 0, timeout 3\n  \
            Non-2xx or 3xx responses: 10\nRequests/sec:  30864.00\nTransfer/sec:      7.50MB\n";
        let report = read(text).unwrap();
        assert_eq!(report, Report { requests: 123_456, rate: 30864.0, p50: 850.0, p99: 1.01e6, errors: 16 });
    }
}
