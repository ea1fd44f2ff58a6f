//! What changes in the life of a server, behind its lock: health, what the file said last, and the history that
//! statistics show.

use std::time::Duration;

use plimsoll_clock::Tick;

use crate::{Admin, Change, CheckReport, Event, Health, Settings};

/// Everything about a server that only a change of state writes.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) health: Health,
    /// What the file said at the last load: a value set at run time stays until this changes.
    pub(crate) filed: Settings,
    /// The server is in no configuration any more.
    pub(crate) retired: bool,
    pub(crate) history: History,
}

/// What happened so far.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) last_change: Tick,
    /// Of the times that are over.
    down: Duration,
    failed: u64,
    downs: u64,
    pub(crate) last_check: Option<(Tick, CheckReport)>,
}

/// A server at one moment, as statistics show it.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Health and administrative state.
    pub health: Health,
    /// Since when it serves, is drained, or does not serve (`lastchg`).
    pub last_change: Tick,
    /// How long it did not serve, in all: down or in maintenance (`downtime`).
    pub downtime: Duration,
    /// Checks that failed while it was up (`chkfail`).
    pub failed_checks: u64,
    /// How often it stopped serving (`chkdown`).
    pub downs: u64,
    /// The last check and when it ended (`check_status`, `check_code`, `check_duration`, `last_chk`).
    pub last_check: Option<(Tick, CheckReport)>,
    /// The weight that was configured or set (`srv_uweight`).
    pub weight: u16,
    /// The weight in the file (`srv_iweight`).
    pub file_weight: u16,
    /// Whether the file says that it starts in maintenance.
    pub file_disabled: bool,
}

impl Standing {
    /// `srv_admin_state` of `show servers state`: 1 is maintenance, 4 disabled in the file, 8 drained (observed on 2.6).
    #[must_use]
    pub fn admin_mask(&self) -> u8 {
        let forced = match self.health.admin() {
            Admin::Ready => 0,
            Admin::Maint => 1,
            Admin::Drain => 8,
        };
        forced | if self.file_disabled { 4 } else { 0 }
    }

    /// `srv_op_state` of `show servers state`: 0 is stopped, 2 running.
    #[must_use]
    pub fn op_state(&self) -> u8 {
        if serves(&self.health) { 2 } else { 0 }
    }
}

impl State {
    pub(crate) fn new(settings: &Settings, now: Tick) -> Self {
        let admin = if settings.options.disabled { Admin::Maint } else { Admin::Ready };
        let history = History { last_change: now, down: Duration::ZERO, failed: 0, downs: 0, last_check: None };
        let health = Health::new(settings.health.rise, settings.health.fall, admin);
        Self { health, filed: settings.clone(), retired: false, history }
    }

    /// Of a new server in the place of this one: its own health, the counts of both.
    pub(crate) fn succeeded(&self, now: Tick) -> Self {
        let health = Health::new(self.health.rise(), self.health.fall(), self.health.admin());
        let mut state = Self { health, history: self.history.clone(), ..self.clone() };
        state.note(self.health, now);
        state.history.last_check = None;
        state
    }

    pub(crate) fn apply(&mut self, event: Event, now: Tick) -> Option<Change> {
        let before = self.health;
        if event == Event::Failed && before.is_up() && before.admin() != Admin::Maint {
            self.history.failed += 1;
        }
        let change = self.health.apply(event);
        self.note(before, now);
        change
    }

    /// Other limits for checks; what is known stays.
    pub(crate) fn limit(&mut self, rise: u32, fall: u32) {
        self.health = self.health.with_limits(rise, fall);
    }

    fn note(&mut self, before: Health, now: Tick) {
        let history = &mut self.history;
        match (serves(&before), serves(&self.health)) {
            (true, false) => history.downs += 1,
            (false, true) => history.down += now.since(history.last_change),
            // Into and out of drain, as in HAProxy: no down time, but a change.
            _ if before.is_usable() != self.health.is_usable() => {}
            _ => return,
        }
        history.last_change = now;
    }

    pub(crate) fn downtime(&self, now: Tick) -> Duration {
        let current = if serves(&self.health) { Duration::ZERO } else { now.since(self.history.last_change) };
        self.history.down + current
    }

    pub(crate) fn standing(&self, weight: u16, now: Tick) -> Standing {
        Standing {
            health: self.health,
            last_change: self.history.last_change,
            downtime: self.downtime(now),
            failed_checks: self.history.failed,
            downs: self.history.downs,
            last_check: self.history.last_check.clone(),
            weight,
            file_weight: self.filed.options.weight,
            file_disabled: self.filed.options.disabled,
        }
    }
}

/// Up and not in maintenance; a drained server still serves what is bound to it.
fn serves(health: &Health) -> bool {
    health.is_up() && health.admin() != Admin::Maint
}
