//! What is cut, slow or lossy.

use std::collections::BTreeSet;

use cluster::lease::Micros;

use crate::random::Random;

#[derive(Default)]
pub(crate) struct Network {
    pub(crate) cut: BTreeSet<(usize, usize)>,
    /// Servers without the database.
    pub(crate) database_cut: BTreeSet<usize>,
    pub(crate) is_slow: bool,
    pub(crate) is_lossy: bool,
}

impl Network {
    pub(crate) fn heal(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn is_well(&self) -> bool {
        self.cut.is_empty() && self.database_cut.is_empty() && !self.is_slow && !self.is_lossy
    }

    pub(crate) fn passes(&self, from: usize, to: usize) -> bool {
        !self.cut.contains(&(from, to))
    }

    pub(crate) fn part(&mut self, side: &[usize], count: usize) {
        for a in 0..count {
            for b in 0..count {
                if side.contains(&a) != side.contains(&b) {
                    self.cut.insert((a, b));
                }
            }
        }
    }

    pub(crate) fn loses(&self, random: &mut Random) -> bool {
        self.is_lossy && random.chance(0.2)
    }

    /// 20 ms on average; when slow, three in ten take seconds.
    pub(crate) fn delay(&self, random: &mut Random) -> Micros {
        if self.is_slow && random.chance(0.3) {
            return random.between(1_000_000, 4_000_000) as Micros;
        }
        (-20_000.0 * (1.0 - random.fraction()).ln()) as Micros
    }
}
