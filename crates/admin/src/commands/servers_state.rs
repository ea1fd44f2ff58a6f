//! `show servers state`, in the format that HAProxy's `load-server-state-from-file` reads: version 1.

use std::fmt::Write;

use plimsoll_commands::{Context, Progress, Reply};
use plimsoll_net::Address;
use plimsoll_server::{Admin, CheckStatus, Verdict};

use super::{answer, find_backend, state};
use crate::figures::{Row, Rows, ServerFigures};

const HEADER: &str = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight \
    srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state \
    bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr \
    srv_agent_port\n";
const PAGE: usize = 32 * 1024;

pub(super) fn show(context: &mut Context<'_>) -> Reply {
    answer(state(context).and_then(|state| {
        let only = match context.arg(0) {
            None => None,
            Some(name) => match find_backend(&state.snapshot(), name) {
                Some(backend) => Some(backend.name.clone()),
                None => return Err(Reply::error("Can't find backend.")),
            },
        };
        let mut rows = Rows::new(state);
        let mut line = String::from(HEADER);
        Ok(Reply::Pages(Box::new(move |out| {
            let start = out.len();
            out.append(&mut std::mem::take(&mut line).into_bytes());
            for row in rows.by_ref() {
                if let Row::Server(server) = row
                    && only.as_ref().is_none_or(|only| *only == server.backend.name)
                {
                    let mut line = String::with_capacity(160);
                    write_line(&server, &mut line);
                    out.append(&mut line.into_bytes());
                    if out.len() - start > PAGE {
                        return Progress::More;
                    }
                }
            }
            Progress::Done
        })))
    }))
}

pub(super) fn show_backend(context: &mut Context<'_>) -> Reply {
    answer(state(context).map(|state| {
        let mut text = String::from("# name\n");
        for backend in &state.snapshot().backends {
            let _ = writeln!(text, "{}", backend.name);
        }
        Reply::dump(text)
    }))
}

fn write_line(row: &ServerFigures, line: &mut String) {
    let (server, standing) = (row.server(), &row.standing);
    let (address, port) = match &row.target().address {
        Address::Inet(inet) => (inet.ip().to_string(), inet.port()),
        other => (other.to_string(), 0),
    };
    let report = standing.last_check.as_ref().map(|(_, report)| report.status);
    let result = match report.map(CheckStatus::verdict) {
        None | Some(Verdict::Unknown) => 0,
        Some(Verdict::Failed) => 2,
        Some(Verdict::Passed) if report == Some(CheckStatus::L7Okc) => 4,
        Some(Verdict::Passed) => 3,
    };
    let maintenance = standing.health.admin() == Admin::Maint;
    // Bits of srv_check_state: 2 configured, 4 enabled, 8 paused. Without a check, only what the file says pauses it.
    let (check_state, health) = match (row.checked, maintenance) {
        (true, true) => (14, standing.health.value()),
        (true, false) => (6, standing.health.value()),
        (false, _) if standing.file_disabled => (8, 0),
        (false, true) => (0, 0),
        (false, false) => (0, standing.health.value()),
    };
    // Writing into a string cannot fail.
    let _ = writeln!(
        line,
        "{} {} {} {} {address} {} {} {} {} {} {} {result} {health} {check_state} 0 0 0 - {port} - 0 0 - - 0",
        row.proxy,
        row.backend.name,
        server.id(),
        server.name(),
        standing.op_state(),
        standing.admin_mask(),
        standing.weight,
        standing.file_weight,
        row.last_change(),
        number(report),
    );
}

/// HAProxy 2.6's number of a check's status (observed).
fn number(status: Option<CheckStatus>) -> u8 {
    match status {
        None | Some(CheckStatus::Unk | CheckStatus::Ini) => 1,
        Some(CheckStatus::SockErr) => 5,
        Some(CheckStatus::L4Ok) => 6,
        Some(CheckStatus::L4Tout) => 7,
        Some(CheckStatus::L4Con) => 8,
        Some(CheckStatus::L6Ok) => 9,
        Some(CheckStatus::L6Tout) => 10,
        Some(CheckStatus::L6Rsp) => 11,
        Some(CheckStatus::L7Tout) => 12,
        Some(CheckStatus::L7Rsp) => 13,
        Some(CheckStatus::L7Ok) => 15,
        Some(CheckStatus::L7Okc) => 16,
        Some(CheckStatus::L7Sts) => 17,
    }
}
