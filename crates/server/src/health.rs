//! The state machine of one server: checks move a level, the administrator overrides it; nothing else happens here.
//!
//! The level runs from 0 to `rise + fall - 1`; at `rise` and above the server is up. So `fall` failures in a row bring
//! a sound server down, `rise` successes bring a dead one up, and one contrary result starts the count again:
//!
//! ```text
//!   0 ── 1 ── … ── rise-1 │ rise ── … ── rise+fall-1
//!   DOWN   going up       │   going down        UP
//! ```
//!
//! As in HAProxy (observed on 2.6), a new server starts at `rise`: up, and down at its first failed check.

/// What the administrator wants, whatever the checks say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Admin {
    /// Serve as health and weight allow.
    #[default]
    Ready,
    /// No new work, except what is bound to this server; checks go on.
    Drain,
    /// Nothing at all; checks stop.
    Maint,
}

/// What may move the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A check, or live traffic, spoke for the server.
    Passed,
    /// A check, or live traffic, spoke against it.
    Failed,
    /// The administrator's wish.
    Admin(Admin),
    /// The administrator overrules what checks found so far; later ones count again.
    Force {
        /// Up or down.
        up: bool,
    },
}

/// What an event changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Became usable, as far as checks are concerned.
    Up,
    /// Became unusable because of checks.
    Down,
    /// Still down, nearer to up.
    GoingUp,
    /// Still up, nearer to down.
    GoingDown,
    /// Up, and its count of failures is forgotten.
    Recovered,
    /// Down, and its count of successes is forgotten.
    Relapsed,
    /// The administrator's state changed from the one given here.
    Admin {
        /// What it was before.
        from: Admin,
    },
    /// The weight changed from the one given here; [`Health::apply`] never answers this.
    Weight {
        /// What it was before.
        from: u16,
    },
}

/// Health and administrative state of one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    value: u32,
    rise: u32,
    fall: u32,
    admin: Admin,
}

impl Health {
    /// A new server: up, and down at its first failure. Zero counts as one for both limits.
    #[must_use]
    pub fn new(rise: u32, fall: u32, admin: Admin) -> Self {
        let (rise, fall) = (rise.max(1), fall.max(1));
        Self { value: rise, rise, fall, admin }
    }

    /// The same server under other limits: sound stays sound, dead stays dead, and a count under way goes on as far as
    /// the new limits let it without turning the server.
    #[must_use]
    pub fn with_limits(self, rise: u32, fall: u32) -> Self {
        let mut new = Self::new(rise, fall, self.admin);
        new.value = match self.value {
            value if value == self.top() => new.top(),
            value if self.is_up() => (new.rise + (value - self.rise)).min(new.top()),
            value => value.min(new.rise - 1),
        };
        new
    }

    fn top(&self) -> u32 {
        self.rise + self.fall - 1
    }

    /// Moves by one event; `None` when nothing changed.
    pub fn apply(&mut self, event: Event) -> Option<Change> {
        let (was, up) = (self.value, self.is_up());
        match event {
            Event::Admin(admin) => return self.administer(admin),
            // Checks stop in maintenance; one that was under way when it began says nothing any more.
            _ if self.admin == Admin::Maint => return None,
            Event::Passed if up || was + 1 >= self.rise => self.value = self.top(),
            Event::Passed => self.value += 1,
            Event::Failed if was > self.rise => self.value -= 1,
            Event::Failed => self.value = 0,
            Event::Force { up: true } => self.value = self.top(),
            Event::Force { up: false } => self.value = 0,
        }
        match (up, self.is_up()) {
            (false, true) => Some(Change::Up),
            (true, false) => Some(Change::Down),
            _ if self.value == was => None,
            (false, false) if self.value > was => Some(Change::GoingUp),
            (false, false) => Some(Change::Relapsed),
            (true, true) if self.value < was => Some(Change::GoingDown),
            (true, true) => Some(Change::Recovered),
        }
    }

    fn administer(&mut self, admin: Admin) -> Option<Change> {
        if admin == self.admin {
            return None;
        }
        // Out of maintenance nothing is known of the server: as new.
        if self.admin == Admin::Maint {
            self.value = self.rise;
        }
        Some(Change::Admin { from: std::mem::replace(&mut self.admin, admin) })
    }

    /// Up as far as checks are concerned.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.value >= self.rise
    }

    /// Neither wholly up nor wholly down (the state in which `fast-interval` applies).
    #[must_use]
    pub fn is_moving(&self) -> bool {
        self.value != 0 && self.value != self.top()
    }

    /// New work may go there.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.is_up() && self.admin == Admin::Ready
    }

    /// The administrator's state.
    #[must_use]
    pub fn admin(&self) -> Admin {
        self.admin
    }

    /// The level, 0 to `rise + fall - 1`.
    #[must_use]
    pub fn value(&self) -> u32 {
        self.value
    }

    /// Successes that are needed.
    #[must_use]
    pub fn rise(&self) -> u32 {
        self.rise
    }

    /// Failures that are needed.
    #[must_use]
    pub fn fall(&self) -> u32 {
        self.fall
    }
}
