//! What a reload does to one server: the file speaks again, and run-time values give way only where it says something new.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use plimsoll_clock::Tick;

use super::Server;
use crate::bus::Turn;
use crate::{Admin, Cause, Event, Settings};

impl Server {
    /// The one that takes this one's place in another slot. A `fresh` one has all to prove; what was counted, and what
    /// was set at run time, goes on.
    pub(crate) fn replaced_by(&self, settings: &Settings, slot: usize, fresh: bool, now: Tick) -> Self {
        let state = self.state.lock();
        let state = if fresh { state.succeeded(now) } else { state.clone() };
        let identity = (self.id(), slot, self.weight());
        Self::with(settings, identity, state, Arc::clone(&self.counters), Arc::clone(&self.bus))
    }

    /// Whether the file says the same of it as at the last load.
    pub(crate) fn is_filed_as(&self, settings: &Settings) -> bool {
        self.state.lock().filed == *settings
    }

    /// Takes over what the file says; a value set at run time gives way only to one that the file changed.
    pub(crate) fn file(&self, turn: &Turn<'_>, settings: &Settings, now: Tick) {
        let mut state = self.state.lock();
        let filed = std::mem::replace(&mut state.filed, settings.clone());
        if filed == *settings {
            return;
        }
        state.limit(settings.health.rise, settings.health.fall);
        let before = state.health;
        let change = (filed.options.disabled != settings.options.disabled).then(|| {
            let admin = if settings.options.disabled { Admin::Maint } else { Admin::Ready };
            state.apply(Event::Admin(admin), now)
        });
        let health = state.health;
        drop(state);
        if let Some(change) = change.flatten() {
            turn.tell(self, &self.transition(now, change, before, health, Cause::Reload));
        }
        if filed.options.weight != settings.options.weight {
            self.weigh(turn, now, settings.options.weight, Cause::Reload);
        }
    }

    /// Counts as usable from now on, if it is.
    pub(crate) fn join(&self) {
        let health = self.health();
        self.count(if health.is_usable() { self.weight.load(Relaxed) } else { 0 });
    }

    /// Gets no more work, and hears of nothing any more.
    pub(crate) fn retire(&self) {
        self.state.lock().retired = true;
        self.count(0);
    }
}
