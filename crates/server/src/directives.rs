//! What HAProxy's directives about a server itself become.

use plimsoll_haproxy_cfg::Becomes::{By, Flag, Value};
use plimsoll_haproxy_cfg::{Directive, Kind, Line, Out, Sections};

const SERVER: Sections = Sections::SERVER;

/// Every directive whose key is ours.
pub const DIRECTIVES: &[Directive] = &[
    Directive::option("weight", SERVER, 1, Value("weight", Kind::Count)),
    Directive::option("backup", SERVER, 0, Flag("backup")),
    Directive::option("no-backup", SERVER, 0, By(off, &["backup"])),
    Directive::option("disabled", SERVER, 0, Flag("disabled")),
    Directive::option("enabled", SERVER, 0, By(off, &["disabled"])),
];

fn off(line: &Line<'_>, out: &mut Out<'_, '_>) {
    let key = if line.name() == "no-backup" { "backup" } else { "disabled" };
    out.set_flag(line, key, false);
}
