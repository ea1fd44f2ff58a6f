//! What HAProxy's directives about the process become.

use plimsoll_config::Node;
use plimsoll_haproxy_cfg::Becomes::{By, Flag, Value};
use plimsoll_haproxy_cfg::{Directive, Kind, Line, Out, Sections};

const GLOBAL: Sections = Sections::GLOBAL;

/// Every directive whose key is ours.
pub const DIRECTIVES: &[Directive] = &[
    Directive::line("user", GLOBAL, Value("user", Kind::Word)),
    Directive::line("uid", GLOBAL, Value("user", Kind::Count)),
    Directive::line("group", GLOBAL, Value("group", Kind::Word)),
    Directive::line("gid", GLOBAL, Value("group", Kind::Count)),
    Directive::line("chroot", GLOBAL, Value("chroot", Kind::Word)),
    Directive::line("setcap", GLOBAL, By(capabilities, &["setcap"])),
    Directive::line("set-dumpable", GLOBAL, Flag("set-dumpable")),
    Directive::line("pidfile", GLOBAL, Value("pidfile", Kind::Word)),
    Directive::line("daemon", GLOBAL, Flag("daemon")),
    Directive::line("cpu-map", GLOBAL, By(cpu_map, &["cpu-map"])),
];

/// `setcap A,B`
fn capabilities(line: &Line<'_>, out: &mut Out<'_, '_>) {
    out.at_most(line, 1);
    let Some(list) = line.arguments.first() else {
        return out.wrong(line.place(), "`setcap` takes capabilities", "`setcap cap_net_bind_service,cap_net_admin`");
    };
    for name in list.text.split(',') {
        out.map.push("setcap", line.place(), Node::text(name, list.span));
    }
}

/// `cpu-map [auto:]THREADS CPUS…`
fn cpu_map(line: &Line<'_>, out: &mut Out<'_, '_>) {
    if line.arguments.len() < 2 {
        return out.wrong(line.place(), "`cpu-map` takes threads and CPUs", "`cpu-map auto:1/1-4 0-3`");
    }
    out.map.push("cpu-map", line.place(), line.rest(0));
}
