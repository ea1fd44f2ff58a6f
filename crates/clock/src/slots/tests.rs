//! What the wheel does, with explicit ticks and against a model.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use proptest::prelude::*;

use super::*;

const MS: u64 = 1_000;

struct Count(AtomicUsize);
impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn advance(slots: &mut Slots, now: u64) -> usize {
    let mut woken = Vec::new();
    slots.advance(now, &mut woken);
    woken.len()
}

#[test]
fn an_entry_takes_48_bytes() {
    assert_eq!(size_of::<Entry>(), 48);
}

#[test]
fn a_timer_is_never_early_and_at_most_a_slot_late() {
    for at in [1, SLOT - 1, SLOT, SLOT + 1, 100 * MS, 2_048 * MS, 2_049 * MS, 600_000 * MS, 5_000_000 * MS] {
        let mut slots = Slots::new(0);
        let timer = slots.insert();
        slots.arm(timer, at);
        advance(&mut slots, at - 1);
        assert!(!slots.expired(timer), "early at {at}");
        advance(&mut slots, at + SLOT);
        assert!(slots.expired(timer), "late at {at}");
    }
}

#[test]
fn moving_a_deadline_later_does_not_touch_the_lists() {
    let mut slots = Slots::new(0);
    let timer = slots.insert();
    assert_eq!(slots.arm(timer, 100 * MS), Some(104 * MS));
    assert_eq!(slots.arm(timer, 900 * MS), None);
    assert_eq!(slots.next_due(), Some(104 * MS));
    advance(&mut slots, 200 * MS);
    assert!(!slots.expired(timer));
    assert_eq!(slots.next_due(), Some(904 * MS), "queued again where it belongs");
}

#[test]
fn moving_a_deadline_earlier_requeues_at_once() {
    let mut slots = Slots::new(0);
    let timer = slots.insert();
    slots.arm(timer, 900 * MS);
    assert_eq!(slots.arm(timer, 80 * MS), Some(80 * MS));
    assert_eq!(slots.next_due(), Some(80 * MS));
}

#[test]
fn a_removed_timer_leaves_nothing_behind() {
    let mut slots = Slots::new(0);
    let timers: Vec<u32> = (0..100).map(|_| slots.insert()).collect();
    for timer in &timers {
        slots.arm(*timer, 50 * MS);
    }
    // From the middle, the end and the start of the list.
    for timer in timers.iter().skip(1).step_by(2).chain(timers.iter().step_by(2).rev()) {
        slots.remove(*timer);
    }
    assert_eq!((slots.live(), slots.next_due()), (0, None));
    slots.insert();
    assert_eq!(slots.entries.len(), 100, "places are used again");
}

#[test]
fn a_disarmed_timer_does_not_fire() {
    let mut slots = Slots::new(0);
    let timer = slots.insert();
    slots.arm(timer, 50 * MS);
    slots.arm(timer, NEVER);
    advance(&mut slots, 1_000 * MS);
    assert!(!slots.expired(timer));
    assert_eq!(slots.next_due(), None, "and is forgotten by the lists after its slot");
}

#[test]
fn expiry_wakes_once_and_arming_again_forgets_it() {
    let mut slots = Slots::new(0);
    let timer = slots.insert();
    let count = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(count.clone());
    slots.arm(timer, 10 * MS);
    assert!(slots.watch(timer, &waker).is_none());
    assert!(slots.watch(timer, &waker).is_none(), "the same waker is not stored twice");
    assert_eq!(advance(&mut slots, 16 * MS), 1);
    assert_eq!(advance(&mut slots, 32 * MS), 0);
    assert!(slots.expired(timer));
    slots.arm(timer, 100 * MS);
    assert!(!slots.expired(timer));
}

#[test]
fn a_wheel_that_slept_for_days_still_fires_in_order() {
    let mut slots = Slots::new(0);
    let timer = slots.insert();
    let now = 10 * 24 * 3_600_000 * MS;
    slots.arm(timer, now + 100 * MS);
    advance(&mut slots, now);
    assert!(!slots.expired(timer));
    advance(&mut slots, now + 104 * MS);
    assert!(slots.expired(timer));
}

#[test]
fn the_last_slot_of_a_block_cascades_into_level_0() {
    let mut slots = Slots::new(0);
    let timer = slots.insert();
    slots.arm(timer, 511 * SLOT);
    advance(&mut slots, 256 * SLOT);
    assert_eq!(slots.next_due(), Some(511 * SLOT));
}

#[derive(Clone, Debug)]
enum Step {
    Insert,
    Arm(usize, u64),
    Disarm(usize),
    Remove(usize),
    Advance(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Offsets around the borders of slots, of level 0, of level 1 and beyond.
    let offset = prop_oneof![0..40 * MS, 2_000 * MS..2_100 * MS, 0..20_000 * MS, 500_000 * MS..2_000_000 * MS];
    let step = prop_oneof![
        2 => Just(Step::Insert),
        6 => (any::<usize>(), offset.clone()).prop_map(|(which, by)| Step::Arm(which, by)),
        1 => any::<usize>().prop_map(Step::Disarm),
        1 => any::<usize>().prop_map(Step::Remove),
        4 => offset.prop_map(Step::Advance),
    ];
    prop::collection::vec(step, 1..200)
}

proptest! {
    #[test]
    fn behaves_as_a_sorted_map_of_deadlines(start in 0_u64..10_000_000, steps in steps()) {
        let mut slots = Slots::new(start);
        let mut now = start;
        // By timer: the slot in which it must fire, `None` when not armed; and whether it has.
        let mut model: BTreeMap<u32, (Option<u64>, bool)> = BTreeMap::new();
        let pick = |model: &BTreeMap<u32, (Option<u64>, bool)>, which: usize| {
            model.keys().nth(which % model.len().max(1)).copied()
        };
        for step in steps {
            match step {
                Step::Insert => { model.insert(slots.insert(), (None, false)); }
                Step::Arm(which, by) => if let Some(timer) = pick(&model, which) {
                    slots.arm(timer, now + by);
                    model.insert(timer, (Some((now + by).div_ceil(SLOT).max(now / SLOT + 1)), false));
                }
                Step::Disarm(which) => if let Some(timer) = pick(&model, which) {
                    slots.arm(timer, NEVER);
                    model.insert(timer, (None, false));
                }
                Step::Remove(which) => if let Some(timer) = pick(&model, which) {
                    slots.remove(timer);
                    model.remove(&timer);
                }
                Step::Advance(by) => {
                    now += by;
                    advance(&mut slots, now);
                    for (fires, expired) in model.values_mut() {
                        if fires.is_some_and(|fires| fires <= now / SLOT) {
                            (*fires, *expired) = (None, true);
                        }
                    }
                }
            }
            for (timer, (_, expired)) in &model {
                prop_assert_eq!(slots.expired(*timer), *expired);
            }
            let earliest = model.values().filter_map(|(fires, _)| *fires).min();
            if let Some(earliest) = earliest {
                prop_assert!(slots.next_due().is_some_and(|due| due <= earliest * SLOT));
            }
            prop_assert!(slots.next_due().is_none_or(|due| due > now / SLOT * SLOT));
            prop_assert_eq!(slots.live(), model.len());
        }
    }
}
