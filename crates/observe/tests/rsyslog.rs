//! Debian's rsyslog as a receiver: it takes our datagrams apart as it does those of any other program.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, UNIX_EPOCH};

use plimsoll_clock::Tick;
use plimsoll_observe::{Event, Format, Framing, Level, LogTarget, Sink, To};

const AMPLE: Duration = Duration::from_secs(20);

/// A private daemon; it ends with the test.
struct Rsyslog(Child);

impl Drop for Rsyslog {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Rsyslog {
    /// One that writes facility, severity, tag, host and message of all that it gets, a line each.
    fn start(folder: &Path) -> Self {
        let path = folder.display();
        let configuration = format!(
            "module(load=\"imuxsock\" SysSock.Use=\"off\")\n\
             module(load=\"imudp\")\n\
             input(type=\"imuxsock\" Socket=\"{path}/unix\" UseSysTimeStamp=\"off\" RateLimit.Interval=\"0\" CreatePath=\"on\")\n\
             input(type=\"imudp\" address=\"127.0.0.1\" port=\"0\")\n\
             template(name=\"parts\" type=\"string\" string=\"%syslogfacility-text%|%syslogseverity-text%|%programname%|%procid%|%hostname%|%msg%\\n\")\n\
             *.* action(type=\"omfile\" file=\"{path}/out\" template=\"parts\")\n"
        );
        let file = folder.join("rsyslog.conf");
        fs::write(&file, configuration).unwrap();
        let child = Command::new("rsyslogd")
            .arg("-n")
            .arg("-f")
            .arg(&file)
            .arg("-i")
            .arg(folder.join("pid"))
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.join("stderr")).unwrap())
            .spawn()
            .expect("rsyslogd: install Debian's package rsyslog");
        Self(child)
    }

    /// The port that the kernel chose for it; this version does not write it anywhere, but /proc knows.
    fn port(&self) -> Option<u16> {
        let process = Path::new("/proc").join(self.0.id().to_string());
        let inodes: Vec<String> = fs::read_dir(process.join("fd"))
            .ok()?
            .filter_map(|entry| {
                fs::read_link(entry.ok()?.path())
                    .ok()?
                    .to_str()?
                    .strip_prefix("socket:[")?
                    .strip_suffix(']')
                    .map(String::from)
            })
            .collect();
        let table = fs::read_to_string(process.join("net/udp")).ok()?;
        table.lines().skip(1).find_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (_, port) = fields.get(1)?.split_once(':')?;
            inodes
                .iter()
                .any(|inode| fields.get(9) == Some(&inode.as_str()))
                .then(|| u16::from_str_radix(port, 16).ok())?
        })
    }
}

#[test]
fn rsyslog_reads_facility_level_tag_process_and_message_from_what_we_send() {
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap_or_default();
    let daemon = Rsyslog::start(folder.path());
    let ready = || daemon.port().filter(|_| folder.path().join("unix").exists());
    eventually(|| ready().is_some(), || read("stderr"));
    let port = ready().unwrap();
    let targets = [
        LogTarget { tag: Some("udp-3164".into()), ..LogTarget::new(To::Udp("127.0.0.1".into(), port)) },
        LogTarget {
            framing: Some(Framing::Rfc5424),
            hostname: Some("edge".into()),
            tag: Some("udp-5424".into()),
            format: Format::Json,
            ..LogTarget::new(To::Udp("127.0.0.1".into(), port))
        },
        LogTarget { tag: Some("unix-3164".into()), ..LogTarget::new(To::Unix(folder.path().join("unix"))) },
    ];
    let sink = Sink::start(&targets).unwrap();
    let text = "Server app/app1 is DOWN";
    sink.events().send(&Event { time: UNIX_EPOCH, level: Level::Alert, slug: "server.down", text, fields: &[] });
    eventually(
        || read("out").lines().filter(|line| line.contains(text)).count() == 3,
        || read("out") + &read("stderr"),
    );
    let process = std::process::id();
    let out = read("out");
    let line = |tag: &str| out.lines().find(|line| line.contains(tag)).unwrap_or_default().to_owned();
    let three = line("udp-3164");
    assert!(three.starts_with(&format!("local0|alert|udp-3164|{process}|")), "{three}");
    assert!(three.ends_with("| Server app/app1 is DOWN"), "{three}");
    let five = line("udp-5424");
    let message =
        five.strip_prefix(&format!("local0|alert|udp-5424|{process}|edge|")).unwrap_or_else(|| panic!("{five}"));
    let value: serde_json::Value = serde_json::from_str(message).unwrap();
    assert_eq!((&value["event"], &value["level"]), (&"server.down".into(), &"alert".into()));
    let unix = line("unix-3164");
    assert!(unix.starts_with(&format!("local0|alert|unix-3164|{process}|")) && unix.ends_with(text), "{unix}");
}

fn eventually(mut so: impl FnMut() -> bool, otherwise: impl Fn() -> String) {
    let until = Tick::now().after(AMPLE);
    while !so() {
        assert!(Tick::now() < until, "not within {AMPLE:?}: {}", otherwise());
        std::thread::yield_now();
    }
}
