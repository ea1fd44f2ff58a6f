//! Numbers in ranges.

use super::{FEW, Seek};

#[derive(Clone, Copy, Debug)]
struct Range {
    low: i64,
    high: i64,
    at: u32,
    /// The highest end of this and all before.
    reach: i64,
}

#[derive(Debug)]
pub(crate) struct Ranges {
    /// By their lower ends, unless they are a few.
    sorted: Vec<Range>,
}

impl Ranges {
    pub(super) fn new(ranges: impl Iterator<Item = (i64, i64)>) -> Self {
        let each = ranges.enumerate().map(|(at, (low, high))| Range { low, high, at: at as u32, reach: high });
        let mut sorted: Vec<Range> = each.collect();
        if sorted.len() > FEW {
            sorted.sort_by_key(|range| (range.low, range.at));
            let mut reach = i64::MIN;
            for range in &mut sorted {
                reach = reach.max(range.high);
                range.reach = reach;
            }
        }
        Self { sorted }
    }

    #[inline]
    pub(super) fn seek(&self, number: i64, seek: &mut Seek<'_>) {
        if self.sorted.len() <= FEW {
            for range in &self.sorted {
                if range.low <= number && number <= range.high && seek.take(range.at, 0) {
                    return;
                }
            }
            return;
        }
        let begun = self.sorted.partition_point(|range| range.low <= number);
        for range in self.sorted.iter().take(begun).rev().take_while(|range| range.reach >= number) {
            if range.high >= number && seek.offer(range.at, 0) {
                return;
            }
        }
    }
}
