//! What a change of groups changes for one account, found without looking at all its contacts: a group of ten thousand
//! that gets one more member costs each of its members one look.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use protocol::Jid;

use super::index::{SharingIndex, Shown};

/// Groups have changed.
#[derive(Debug)]
pub struct SharingChange {
    /// Who saw whom.
    pub before: Arc<SharingIndex>,
    /// Who sees whom.
    pub after: Arc<SharingIndex>,
    /// Who has come into a group, or left one.
    moved: HashSet<Jid>,
    /// Numbers of groups that are new, gone, or shown otherwise.
    reshown: HashSet<i64>,
}

/// With whom an account may stand otherwise than before.
#[derive(Debug, PartialEq, Eq)]
pub enum Affected<'a> {
    /// With nobody.
    Nobody,
    /// With some of these at most.
    These(&'a HashSet<Jid>),
    /// With anybody.
    Anybody,
}

impl SharingChange {
    pub(super) fn of(before: Arc<SharingIndex>, after: Arc<SharingIndex>) -> Self {
        let mut groups: BTreeMap<i64, [Option<&Shown>; 2]> = BTreeMap::new();
        for (side, index) in [&before, &after].into_iter().enumerate() {
            for group in index.groups() {
                groups.entry(group.number.get()).or_default()[side] = Some(group);
            }
        }
        let (mut moved, mut reshown) = (HashSet::new(), HashSet::new());
        for (number, sides) in groups {
            let [Some(was), Some(is)] = sides else {
                reshown.insert(number);
                continue;
            };
            if was.version == is.version {
                continue;
            }
            if !is.is_shown_as(was) {
                reshown.insert(number);
            }
            let [was, is] = [was, is].map(|group| group.members.iter().collect::<HashSet<_>>());
            moved.extend(was.symmetric_difference(&is).map(|jid| (*jid).clone()));
        }
        Self {
            before,
            after,
            moved,
            reshown,
        }
    }

    /// With whom this account may stand otherwise.
    #[must_use]
    pub fn affects(&self, account: &Jid) -> Affected<'_> {
        if self.before.print(account) == self.after.print(account) {
            return Affected::Nobody;
        }
        let is_reshown = |index: &SharingIndex| {
            let mut numbers = index.relevant(account).into_iter();
            numbers.any(|number| self.reshown.contains(&number))
        };
        if self.moved.contains(account) || is_reshown(&self.before) || is_reshown(&self.after) {
            return Affected::Anybody;
        }
        Affected::These(&self.moved)
    }
}
