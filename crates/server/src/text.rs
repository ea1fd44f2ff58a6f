//! How a server and its changes read: the lines of the log and the words of `show stat`, as in HAProxy 2.6.

use std::fmt::Write;

use crate::{Admin, Cause, Change, Health, Server, Transition};

impl Health {
    /// The state as `show stat` prints it; `checked` says whether anything checks this server.
    #[must_use]
    pub fn word(&self, checked: bool) -> String {
        match self.admin() {
            Admin::Maint => "MAINT".into(),
            _ if !self.is_up() && self.is_moving() => format!("DOWN {}/{}", self.value(), self.rise()),
            _ if !self.is_up() => "DOWN".into(),
            Admin::Drain => "DRAIN".into(),
            Admin::Ready if !checked => "no check".into(),
            Admin::Ready if self.is_moving() => format!("UP {}/{}", self.value() - self.rise() + 1, self.fall()),
            Admin::Ready => "UP".into(),
        }
    }
}

impl Transition {
    /// The lines about the server that the log gets: one, two where a second fact is worth saying, none for a step that
    /// changes no server's use.
    #[must_use]
    pub fn lines(&self, server: &Server) -> Vec<String> {
        let who = format!(
            "{} {}/{}",
            if server.is_backup() { "Backup Server" } else { "Server" },
            server.backend(),
            server.name()
        );
        let Some(what) = self.what() else { return Vec::new() };
        let mut lines = vec![format!("{who} {what}")];
        if self.health.admin() == Admin::Drain && self.stays_drained() {
            lines.push(format!("{who} remains in forced drain mode."));
        }
        lines
    }

    /// The line about the backend, if it lost its last server or has one again.
    #[must_use]
    pub fn backend_line(&self, server: &Server) -> Option<String> {
        Some(match self.backend? {
            false => format!("backend {} has no server available!", server.backend()),
            true => format!("backend {} has a server available again.", server.backend()),
        })
    }

    /// Whether the drain was asked for before, or outlived something else.
    fn stays_drained(&self) -> bool {
        matches!(self.change, Change::Up | Change::Down | Change::Admin { from: Admin::Maint })
    }

    fn what(&self) -> Option<String> {
        let up = if self.health.is_up() { "UP" } else { "DOWN" };
        let was_up = self.before.is_up();
        Some(match (self.change, self.health.admin()) {
            (Change::Up | Change::Down, _) => format!("is {up}, {}. {}", self.why(), self.left()),
            (Change::Admin { .. }, Admin::Maint) if was_up => format!("is going DOWN for maintenance. {}", self.lost()),
            (Change::Admin { .. }, Admin::Maint) => "was DOWN and now enters maintenance.".into(),
            (Change::Admin { from: Admin::Maint }, Admin::Drain) => "is UP/DRAIN (leaving forced maintenance).".into(),
            (Change::Admin { from: Admin::Maint }, Admin::Ready) => "is UP/READY (leaving forced maintenance).".into(),
            (Change::Admin { .. }, Admin::Drain) => format!("enters drain state. {}", self.left()),
            (Change::Admin { .. }, Admin::Ready) => format!("is {up} (leaving forced drain)."),
            _ => return None,
        })
    }

    fn why(&self) -> String {
        match &self.cause {
            Cause::Check(report) => report.to_string(),
            Cause::Administrator => "changed from CLI".into(),
            Cause::Reload => "changed in the configuration".into(),
        }
    }

    fn left(&self) -> String {
        if self.health.is_up() { self.gained() } else { self.lost() }
    }

    // There is no queue yet: its figures are the constant that they are.
    fn gained(&self) -> String {
        format!("{}0 sessions requeued, 0 total in queue.", self.servers("online"))
    }

    fn lost(&self) -> String {
        format!("{}{} sessions active, 0 requeued, 0 remaining in queue.", self.servers("left"), self.served)
    }

    fn servers(&self, are: &str) -> String {
        let mut text = format!("{} active and {} backup servers {are}. ", self.left.active, self.left.backup);
        if self.left.active == 0 && self.left.backup > 0 {
            let _ = write!(text, "Running on backup. ");
        }
        text
    }
}
