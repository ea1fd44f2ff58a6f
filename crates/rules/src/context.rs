//! What an evaluation has in its hands: facts, variables, memory, and what it still waits for.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::time::Duration;

use crate::fact::{Fact, Slot};
use crate::variables::Variables;
use crate::{Arena, Place, Value};

/// What is neither fact nor text: time and chance.
pub trait Outside {
    /// Since 1970.
    fn wall(&self) -> Duration;
    /// Any 64 bits.
    fn random(&self) -> u64;
    /// The worker that evaluates.
    fn worker(&self) -> u32 {
        0
    }
    /// The converter `debug` shows a value: with its prefix, for a destination; either may be empty.
    fn debug(&self, _prefix: &str, _destination: &str, _value: &Value<'_>) {}
}

/// Why a result is not final yet.
pub enum Wait {
    /// More bytes may change it.
    Bytes,
    /// Something is to be computed away from the event loop; then the same rule is evaluated again.
    Work(Box<dyn FnOnce() + Send>),
    /// The rule asks for a pause; then the next one is evaluated.
    Pause(Duration),
}

impl fmt::Debug for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes => f.write_str("Bytes"),
            Self::Work(_) => f.write_str("Work"),
            Self::Pause(time) => write!(f, "Pause({time:?})"),
        }
    }
}

/// A fact in its slot.
enum Held<'f> {
    Nothing,
    Shared(&'f dyn Any),
    Own(&'f mut dyn Any),
}

/// One evaluation. It holds facts by reference, so it never lives across an await.
pub struct Context<'f> {
    slots: [Held<'f>; Slot::COUNT],
    place: Place,
    arena: &'f Arena,
    outside: &'f dyn Outside,
    variables: RefCell<&'f mut Variables>,
    walk: Walk,
    /// All input that will ever come is here.
    whole: bool,
    /// Is there a wait? Asked behind every rule, when there mostly is none.
    waits: Cell<bool>,
    wait: RefCell<Option<Wait>>,
}

/// Where a fetch is among several values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Walk {
    /// [`EACH`] and [`MORE`].
    state: Cell<u8>,
    /// The fetch's own mark of where it is.
    at: Cell<u64>,
}

/// Every value is asked for, one after another; otherwise one value is wanted.
const EACH: u8 = 1;
/// There are more.
const MORE: u8 = 2;

impl Walk {
    /// Begins at the first value. Gives what was before.
    #[inline]
    pub(crate) fn begin(&self, each: bool) -> (u8, u64) {
        (self.state.replace(if each { EACH } else { 0 }), self.at.replace(0))
    }

    /// Goes on with what was before.
    #[inline]
    pub(crate) fn end(&self, (state, at): (u8, u64)) {
        self.state.set(state);
        self.at.set(at);
    }

    /// Is there another value? Asked once for each.
    #[inline]
    pub(crate) fn goes_on(&self) -> bool {
        self.state.replace(EACH) & MORE != 0
    }
}

impl<'f> Context<'f> {
    /// Without a fact yet.
    #[inline]
    #[must_use]
    pub fn new(place: Place, arena: &'f Arena, outside: &'f dyn Outside, variables: &'f mut Variables) -> Self {
        Self {
            slots: [const { Held::Nothing }; Slot::COUNT],
            place,
            arena,
            outside,
            variables: RefCell::new(variables),
            walk: Walk::default(),
            whole: true,
            waits: Cell::new(false),
            wait: RefCell::new(None),
        }
    }

    /// Puts a fact into its slot.
    #[inline]
    #[must_use]
    pub fn with<F: Fact>(mut self, fact: &'f mut F) -> Self {
        self.slots[F::SLOT as usize] = Held::Own(fact);
        self
    }

    /// Puts a fact into its slot that nobody may change here.
    #[inline]
    #[must_use]
    pub fn with_shared<F: Fact>(mut self, fact: &'f F) -> Self {
        self.slots[F::SLOT as usize] = Held::Shared(fact);
        self
    }

    /// More input may come: what cannot be told yet is waited for.
    #[must_use]
    pub fn unfinished(mut self) -> Self {
        self.whole = false;
        self
    }

    /// A fact, if it is there.
    #[inline]
    #[must_use]
    pub fn fact<F: Fact>(&self) -> Option<&F> {
        match &self.slots[F::SLOT as usize] {
            Held::Own(fact) => fact.downcast_ref(),
            Held::Shared(fact) => fact.downcast_ref(),
            Held::Nothing => None,
        }
    }

    /// A fact, to be changed; `None` too if it is only shown here.
    #[must_use]
    pub fn fact_mut<F: Fact>(&mut self) -> Option<&mut F> {
        match &mut self.slots[F::SLOT as usize] {
            Held::Own(fact) => fact.downcast_mut(),
            Held::Shared(_) | Held::Nothing => None,
        }
    }

    /// Where this is evaluated.
    #[inline]
    #[must_use]
    pub const fn place(&self) -> Place {
        self.place
    }

    /// Memory for what is made on the way. It outlives every borrow of the facts.
    #[inline]
    #[must_use]
    pub const fn arena(&self) -> &'f Arena {
        self.arena
    }

    /// Time and chance.
    #[must_use]
    pub const fn outside(&self) -> &'f dyn Outside {
        self.outside
    }

    /// Looks at the variables, or changes them. Not while another look lasts.
    pub fn variables<R>(&self, look: impl FnOnce(&mut Variables) -> R) -> R {
        look(&mut self.variables.borrow_mut())
    }

    /// From now on a rewrite that fails is passed over, or is not: up to the end of this list of rules.
    pub fn set_lenient(&self, lenient: bool) {
        self.variables.borrow_mut().lenient = lenient;
    }

    pub(crate) fn is_lenient(&self) -> bool {
        self.variables.borrow().lenient
    }

    /// A fetch says: what is missing may still come.
    pub fn may_come(&self) {
        if !self.whole {
            self.wait_for(Wait::Bytes);
        }
    }

    /// A fetch says: this has to be done first.
    pub fn wait_for(&self, wait: Wait) {
        *self.wait.borrow_mut() = Some(wait);
        self.waits.set(true);
    }

    /// What the last evaluation waits for, if it does.
    #[inline]
    pub fn take_wait(&self) -> Option<Wait> {
        if self.waits.get() { self.waited_for() } else { None }
    }

    #[cold]
    fn waited_for(&self) -> Option<Wait> {
        self.waits.set(false);
        self.wait.borrow_mut().take()
    }

    #[inline]
    pub(crate) fn waits(&self) -> bool {
        self.waits.get()
    }

    #[inline]
    pub(crate) const fn walk(&self) -> &Walk {
        &self.walk
    }

    /// For a fetch with several values: is each of them asked for, or only one?
    #[inline]
    #[must_use]
    pub fn each(&self) -> bool {
        self.walk.state.get() & EACH != 0
    }

    /// Where the fetch left off; 0 at the first value.
    #[inline]
    #[must_use]
    pub fn at(&self) -> u64 {
        self.walk.at.get()
    }

    /// The fetch gives a value now and there is another one: it will be asked again from there.
    #[inline]
    pub fn more_at(&self, at: u64) {
        self.walk.state.set(self.walk.state.get() | MORE);
        self.walk.at.set(at);
    }
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("place", &self.place).finish_non_exhaustive()
    }
}
