//! The process while it runs: workers, checks, the pointer to the snapshot, the end.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread::Thread;
use std::time::Duration;

use arc_swap::ArcSwap;
use plimsoll_admin::State;
use plimsoll_clock::Tick;
use plimsoll_net::Address;
use plimsoll_observe::{Events, Sink, SinkError};
use plimsoll_outcome::Outcome;
use plimsoll_proxy::services::Services;
use plimsoll_proxy::{Snapshot, Spread};
use tokio::sync::Notify;

use crate::alive::Alive;
use crate::answers::Answers;
use crate::budget::{Budget, BudgetError, Demand};
use crate::changes::{Changes, Started};
use crate::control::Control;
use crate::events::{self, Asked, Refused};
use crate::language::SERVICE_TABLES;
use crate::listeners::{self, Opened, SocketFile};
use crate::names;
use crate::plan::Plan;
use crate::worker::{Command, Handle, Start};
use crate::world::World;

/// For the last lines of the log, when whoever takes them is slow.
const LAST_LINES: Duration = Duration::from_secs(2);

/// Why it does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration asks for more than the system gives.
    #[error(transparent)]
    Budget(#[from] BudgetError),
    /// An address cannot be listened on.
    #[error("cannot listen on {address} (frontend {frontend}): {error}")]
    Listen {
        /// Which frontend wanted it.
        frontend: String,
        /// Where.
        address: Address,
        /// What the system says.
        error: io::Error,
    },
    /// A right is missing for what `usesrc` asks for.
    #[error("`usesrc` needs the right CAP_NET_RAW or CAP_NET_ADMIN: {0}")]
    Transparent(io::Error),
    /// The runtime socket or the pages cannot be opened; the error says where.
    #[error("{0}")]
    Admin(io::Error),
    /// It takes no more clients, so it takes no other configuration.
    #[error("the process is ending")]
    Ending,
    /// The log cannot be written.
    #[error(transparent)]
    Log(#[from] SinkError),
    /// A thread or an event loop cannot be made.
    #[error("cannot start: {0}")]
    System(#[from] io::Error),
}

/// A running process.
#[derive(Debug)]
pub struct Engine {
    /// The one pointer that is swapped.
    snapshot: Arc<ArcSwap<Snapshot>>,
    alive: Alive,
    pub(crate) running: Mutex<Running>,
    pub(crate) workers: Mutex<Vec<Handle>>,
    pub(crate) control: Mutex<Option<Control>>,
    log: Sink,
    loader: Loader,
    draining: AtomicBool,
    /// It still serves, and no more clients are to be sent.
    pub(crate) leaving: AtomicBool,
    /// Another process has taken this one's place.
    pub(crate) replaced: AtomicBool,
    /// Wakes whoever waits for that.
    pub(crate) succeeded: Notify,
    /// Some server's name has no address yet.
    unresolved: AtomicBool,
    /// The thread that looks after those names.
    names: OnceLock<Thread>,
    /// What services look at: they do not keep it alive.
    answers: OnceLock<Arc<Answers>>,
    me: Weak<Self>,
}

/// Reads the configuration again; what is wrong with it is text for people.
pub struct Loader(Box<dyn Fn() -> Result<Plan, Refused> + Send + Sync>);

impl Loader {
    /// Reads the same files again.
    #[must_use]
    pub fn new(read: impl Fn() -> Result<Plan, Refused> + Send + Sync + 'static) -> Self {
        Self(Box::new(read))
    }

    /// For what has no files.
    #[must_use]
    pub fn none() -> Self {
        Self::new(|| Err(String::from("there is no file to read again").into()))
    }
}

impl std::fmt::Debug for Loader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Loader")
    }
}

/// What a reload changes, one at a time.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) plan: Plan,
    world: World,
    addresses: Vec<(String, Address)>,
    files: Vec<SocketFile>,
    started: Started,
}

/// Every crate's outcomes.
#[must_use]
pub fn outcome_tables() -> [&'static [&'static Outcome]; 4] {
    [plimsoll_proxy_protocol::OUTCOMES, plimsoll_http::OUTCOMES, plimsoll_upstream::OUTCOMES, plimsoll_proxy::OUTCOMES]
}

impl Engine {
    /// Opens the listeners, starts the workers and the checks. Nothing is left behind when it fails.
    pub fn start(plan: Plan, loader: Loader) -> Result<Arc<Self>, StartError> {
        let workers = plan.workers;
        let budget = budget(&plan, workers)?;
        let log = Sink::start(&plan.log.all)?;
        let mut world = World::new(workers, budget.maxconn, log.events());
        let control = Control::start(world.process.panics.clone())?;
        let admin = control.prepare(&plan.admin()).map_err(StartError::Admin)?;
        let mut opened = Opened::open(&plan, &world, workers)?;
        let snapshot = Arc::new(plan.build(&mut world, budget, Tick::now()));
        plan.rules.commit();
        events::follow(&snapshot, &[], &log.events());
        let (ready, started) = channel();
        let mut handles = Vec::with_capacity(workers);
        let assignments = opened.assignments(&plan, &snapshot, &mut world);
        for (id, listeners) in opened.deal(workers).into_iter().enumerate() {
            let (process, assignments) = (Arc::clone(&world.process), assignments.clone());
            let (log, cpus) = (Some(log.writer()), plan.cpus(id));
            let start = Start { id, process, listeners, assignments, log, cpus };
            handles.push(Handle::spawn(start, ready.clone())?);
        }
        drop(ready);
        for worker in &started {
            worker?;
        }
        let addresses = opened.settle(&mut world);
        control.check(plan.subjects(&snapshot));
        let files = SocketFile::of(&plan);
        let unresolved = plan.has_unresolved();
        let alive = Alive::default();
        alive.add(&snapshot);
        let engine = Arc::new_cyclic(|me| Self {
            snapshot: Arc::new(ArcSwap::new(snapshot)),
            alive,
            running: Mutex::new(Running {
                started: Started { workers, with: plan.file.global.clone() },
                plan,
                world,
                addresses,
                files,
            }),
            workers: Mutex::new(handles),
            control: Mutex::new(Some(control)),
            log,
            loader,
            draining: AtomicBool::new(false),
            leaving: AtomicBool::new(false),
            replaced: AtomicBool::new(false),
            succeeded: Notify::new(),
            unresolved: AtomicBool::new(unresolved),
            names: OnceLock::new(),
            answers: OnceLock::new(),
            me: me.clone(),
        });
        let answers: Arc<dyn State> = engine.answers.get_or_init(|| Answers::of(&engine)).clone();
        let services =
            SERVICE_TABLES.iter().fold(Services::default(), |all, (_, rows)| all.with(rows, &Arc::downgrade(&answers)));
        // Nobody else sets it.
        let _ = engine.snapshot.load().process.services.set(services);
        if let Some(control) = &*lock(&engine.control) {
            control.answer(admin, || answers);
        }
        {
            let addresses = &lock(&engine.running).addresses;
            let events = engine.log.events();
            events::started(&events, workers, addresses.len());
            events::listeners(&events, &[], addresses);
        }
        if unresolved {
            engine.look_after_names()?;
        }
        Ok(engine)
    }

    /// Is there a server whose name has no address?
    pub(crate) fn has_unresolved(&self) -> bool {
        self.unresolved.load(Relaxed)
    }

    /// Looks the names up that have no address yet, and takes over those that have one now.
    pub(crate) fn resolve_again(&self, lookup: names::Lookup<'_>) {
        // Asked outside the lock: it may take seconds.
        let before = lock(&self.running).plan.clone();
        let Some(plan) = before.resolved(lookup) else { return };
        // What a reload changed meanwhile is newer than what was asked for.
        if lock(&self.running).plan.file == plan.file {
            match self.reload(plan) {
                Ok(changes) => events::reloaded(&self.log.events(), Asked::Names, &changes),
                Err(error) => {
                    eprintln!("lb: names were found, but could not be taken over: {error}");
                    events::refused(&self.log.events(), Asked::Names, &error.to_string().into());
                }
            }
        }
    }

    /// Takes another configuration over. When it fails nothing has changed: all that can fail comes first, and is only prepared.
    pub fn reload(&self, plan: Plan) -> Result<Changes, StartError> {
        let mut running = lock(&self.running);
        let Running { plan: old, world, addresses, files, started } = &mut *running;
        let handles = lock(&self.workers);
        if self.is_draining() {
            return Err(StartError::Ending);
        }
        let workers = world.workers;
        let budget = budget(&plan, workers)?;
        let changes = Changes::between(old, &plan).of_one_that(started, &plan);
        let log = self.log.prepare(&plan.log.all)?;
        let control = lock(&self.control);
        let control = control.as_ref().ok_or(StartError::Ending)?;
        let admin = control.prepare(&plan.admin()).map_err(StartError::Admin)?;
        let mut opened = Opened::open(&plan, world, workers)?;
        opened.keep(old, addresses);
        listeners::prepare(&mut opened, &handles)?;
        if plan.has_unresolved() {
            self.look_after_names()?;
        }

        // From here on nothing can fail.
        self.log.replace(log);
        plan.rules.commit();
        let now = Tick::now();
        let snapshot = Arc::new(plan.build(world, budget, now));
        self.alive.add(&snapshot);
        let before = self.snapshot.swap(Arc::clone(&snapshot));
        events::follow(&snapshot, &before.backends, &self.log.events());
        let assignments = opened.assignments(&plan, &snapshot, world);
        let before_addresses = std::mem::replace(addresses, opened.settle(world));
        let (done, adopted) = channel();
        handles.iter().for_each(|worker| worker.tell(Command::Adopt(assignments.clone(), done.clone())));
        drop(done);
        // Until every worker has let go of its end.
        let _ = adopted.recv();
        // Only now: a worker that still had the old view would have found none of its servers.
        let gone = world.retain(&plan, now);
        handles.iter().for_each(|worker| worker.tell(Command::Settle));
        control.check(plan.subjects(&snapshot));
        // The engine is asked by those who have it.
        if let Some(engine) = self.me.upgrade() {
            control.answer(admin, || Answers::of(&engine));
        }
        control.revoke(gone, plan.patience(), handles.iter().map(Handle::commands).collect());
        let before_files = std::mem::replace(files, SocketFile::of(&plan));
        before_files.iter().filter(|file| !files.contains(file)).for_each(SocketFile::remove);
        self.unresolved.store(plan.has_unresolved(), Relaxed);
        if let Some(names) = self.names.get() {
            names.unpark();
        }
        events::listeners(&self.log.events(), &before_addresses, addresses);
        events::removed(&self.log.events(), &before, &snapshot);
        *old = plan;
        // The last of the old snapshot goes here, on the thread that asked, never on a worker.
        drop(before);
        changes.needs_restart.iter().for_each(|what| events::needs_restart(&self.log.events(), what));
        Ok(changes)
    }

    /// Starts the thread that tries names again, once.
    fn look_after_names(&self) -> Result<(), StartError> {
        if self.names.get().is_none()
            && let Some(engine) = self.me.upgrade()
        {
            // Who reloads holds the lock on `running`: nobody else is here.
            let _ = self.names.set(names::look_after(&engine)?);
        }
        Ok(())
    }

    /// Reads the configuration again and takes it over. What went wrong is text for people, and then nothing has changed.
    ///
    /// Log files are opened anew, whatever came of it: who rotates them sends the same signal.
    pub fn reload_files(&self, asked: Asked) -> Result<Changes, Refused> {
        self.log.reopen();
        let done = (self.loader.0)().and_then(|plan| self.reload(plan).map_err(|error| error.to_string().into()));
        match &done {
            Ok(changes) => events::reloaded(&self.log.events(), asked, changes),
            Err(refused) => events::refused(&self.log.events(), asked, refused),
        }
        done
    }

    /// Reads the configuration again and says what a reload would do.
    pub fn plan_files(&self) -> Result<Changes, Refused> {
        (self.loader.0)().map(|plan| self.changes(&plan))
    }

    /// What a reload would do.
    #[must_use]
    pub fn changes(&self, plan: &Plan) -> Changes {
        let running = lock(&self.running);
        Changes::between(&running.plan, plan).of_one_that(&running.started, plan)
    }

    /// Where it listens: frontend and address, in the order of the file.
    #[must_use]
    pub fn addresses(&self) -> Vec<(String, Address)> {
        lock(&self.running).addresses.clone()
    }

    /// Where the runtime socket and the pages are: what for, and the address.
    #[must_use]
    pub fn admin_addresses(&self) -> Vec<(&'static str, Address)> {
        lock(&self.control).as_ref().map(Control::addresses).unwrap_or_default()
    }

    /// The configuration that is running.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Snapshots that are alive: the one that runs, the one before it while a reload hands over, and any that somebody looks at.
    #[must_use]
    pub fn live_snapshots(&self) -> usize {
        self.alive.count()
    }

    /// For those who ask it after the engine is gone.
    pub(crate) fn pointer(&self) -> Arc<ArcSwap<Snapshot>> {
        Arc::clone(&self.snapshot)
    }

    /// Takes no more clients and ends each connection when its request is done.
    pub fn drain(&self) {
        if !self.draining.swap(true, Relaxed) {
            events::stopping(&self.log.events(), self.connections());
        }
        // Nobody is in a hurry when another process serves: each client goes with its next request, or at its time-out.
        let unhurried = self.replaced.load(Relaxed).then_some(Spread::Infinite);
        let spread = lock(&self.running).plan.spread().or(unhurried);
        for worker in &*lock(&self.workers) {
            worker.tell(Command::Drain(spread));
        }
    }

    /// Ends the connections that a drain left over, each by its rule: towards servers by RST, so that no port stays taken. Takes a
    /// second at most, whatever a worker is about. The log is told why.
    pub fn end(&self, why: &str) {
        events::hard_stop(&self.log.events(), self.connections(), why);
        for worker in &*lock(&self.workers) {
            worker.tell(Command::End);
        }
        let until = Tick::now().after(Duration::from_secs(1));
        while !self.is_drained() && Tick::now() < until {
            std::thread::sleep(Duration::from_millis(2));
        }
        if !self.log.finish(LAST_LINES) {
            eprintln!("lb: the last lines of the log could not be written");
        }
    }

    /// Does it take no more clients?
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.load(Relaxed)
    }

    /// Tasks of all workers, those of them that are ready, and how long the workers were busy so far.
    pub(crate) fn load(&self) -> (usize, usize, Duration) {
        lock(&self.workers)
            .iter()
            .map(Handle::load)
            .fold(Default::default(), |all, one| (all.0 + one.0, all.1 + one.1, all.2 + one.2))
    }

    /// Log lines that no target took.
    #[must_use]
    pub fn dropped_log_lines(&self) -> u64 {
        self.log.dropped().iter().map(|(_, count)| count).sum()
    }

    /// Is the last connection gone?
    #[must_use]
    pub fn is_drained(&self) -> bool {
        lock(&self.workers).iter().all(Handle::is_finished)
    }

    /// Connections of clients that are open.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.snapshot.load().process.gate.used()
    }

    /// Waits for the workers, then writes what is left of the log.
    pub fn finish(&self) {
        if let Some(names) = self.names.get() {
            names.unpark();
        }
        lock(&self.workers).drain(..).for_each(Handle::join);
        let control = lock(&self.control).take();
        drop(control);
        events::stopped(&self.log.events());
        if !self.log.finish(LAST_LINES) {
            eprintln!("lb: the last lines of the log could not be written");
        }
        lock(&self.running).files.iter().for_each(SocketFile::remove);
    }

    /// Where process events are told.
    #[must_use]
    pub fn events(&self) -> Events {
        self.log.events()
    }

    /// How long a drain may take.
    #[must_use]
    pub fn hard_stop_after(&self) -> Option<Duration> {
        lock(&self.running).plan.hard_stop_after()
    }
}

/// What a thread that panicked left is still right: each change is one step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn budget(plan: &Plan, workers: usize) -> Result<Budget, StartError> {
    if plan.is_transparent() {
        // Every connection would fail, and a reload cannot bring the right back.
        plimsoll_net::may_be_transparent().map_err(StartError::Transparent)?;
    }
    let limit = plimsoll_net::limits::raise_descriptors()?.soft;
    let asked = Demand { maxconn: plan.maxconn, maxpipes: plan.maxpipes() };
    Ok(Budget::new(asked, (plan.binds.len() * workers) as u64, workers as u64, limit)?)
}
