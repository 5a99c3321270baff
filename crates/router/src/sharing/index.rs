//! Who sees whom: all groups, and where each account is in them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use foldhash::fast::RandomState;
use protocol::Jid;
use smallvec::SmallVec;
use storage::{GroupNumber, SharedGroup, SharedGroups, ShownTo};

use super::SHARED_CONTACTS_MAX;

/// All groups that matter to rosters, at one time.
#[derive(Debug, Default)]
pub struct SharingIndex {
    version: i64,
    groups: Vec<Shown>,
    /// Which groups each account is in.
    memberships: HashMap<Jid, SmallVec<[usize; 2]>, RandomState>,
    /// Groups that everybody of a host sees.
    for_all: HashMap<String, Vec<usize>>,
}

/// A group, with places for numbers.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) number: GroupNumber,
    pub(super) version: i64,
    domain: String,
    display_name: String,
    shown_to: ShownTo,
    viewers: Vec<usize>,
    viewer_numbers: Vec<GroupNumber>,
    /// Groups whose members this one's see.
    sees: Vec<usize>,
    pub(super) members: Vec<Jid>,
}

/// What two accounts are to each other by groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Share {
    /// The account sees the other's presence.
    pub to: bool,
    /// The other sees the account's.
    pub from: bool,
    /// Under which names the other stands in the account's roster, sorted.
    pub groups: Vec<String>,
}

/// What groups put into one account's roster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// Whom it sees.
    pub contacts: BTreeMap<Jid, Share>,
    /// Another number for everything that is another view, on every node and after every restart. 0: no groups.
    pub print: u64,
}

impl SharingIndex {
    /// As the database has it. Addresses that are none are left out.
    pub(crate) fn of(shared: &SharedGroups) -> Self {
        let places: HashMap<GroupNumber, usize> = shared
            .groups
            .iter()
            .enumerate()
            .map(|(place, group)| (group.number, place))
            .collect();
        let mut index = Self {
            version: shared.version,
            groups: shared.groups.iter().map(|group| Shown::of(group, &places)).collect(),
            ..Self::default()
        };
        for place in 0..index.groups.len() {
            for viewer in index.groups[place].viewers.clone() {
                index.groups[viewer].sees.push(place);
            }
            let group = &index.groups[place];
            for member in &group.members {
                index.memberships.entry(member.clone()).or_default().push(place);
            }
            if group.shown_to == ShownTo::Host {
                index.for_all.entry(group.domain.clone()).or_default().push(place);
            }
        }
        index
    }

    /// What the counter of groups was.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.version
    }

    /// Whether nobody sees anybody by a group.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Whether `viewer` sees `other` by a group; both are bare JIDs. Nobody is their own contact.
    #[must_use]
    pub fn sees(&self, viewer: &str, other: &str) -> bool {
        viewer != other && self.showing(viewer, other).next().is_some()
    }

    /// What two accounts are to each other.
    #[must_use]
    pub fn share(&self, account: &str, other: &str) -> Share {
        if self.is_empty() || account == other {
            return Share::default();
        }
        let names: BTreeSet<&str> = self
            .showing(account, other)
            .map(|group| group.display_name.as_str())
            .collect();
        Share {
            to: !names.is_empty(),
            from: self.sees(other, account),
            groups: names.into_iter().map(str::to_owned).collect(),
        }
    }

    /// What groups put into the account's roster, bounded by [`SHARED_CONTACTS_MAX`].
    #[must_use]
    pub fn view(&self, account: &Jid) -> View {
        if self.is_empty() {
            return View::default();
        }
        let bare = account.bare_str();
        let mut contacts: BTreeMap<Jid, Share> = BTreeMap::new();
        for place in self.visible(account) {
            let group = &self.groups[place];
            for member in group.members.iter().filter(|member| member.as_str() != bare) {
                if contacts.len() >= SHARED_CONTACTS_MAX && !contacts.contains_key(member) {
                    continue;
                }
                let share = contacts.entry(member.clone()).or_default();
                if let Err(at) = share.groups.binary_search(&group.display_name) {
                    share.groups.insert(at, group.display_name.clone());
                }
            }
        }
        for (contact, share) in &mut contacts {
            share.to = true;
            share.from = self.sees(contact.as_str(), bare);
        }
        View {
            contacts,
            print: self.print(account),
        }
    }

    /// The number of [`View::print`].
    #[must_use]
    pub fn print(&self, account: &Jid) -> u64 {
        let places = self.relevant_places(account);
        if places.is_empty() {
            return 0;
        }
        let words = places.into_iter().flat_map(|place| {
            let group = &self.groups[place];
            [group.number.get(), group.version]
        });
        fnv(words).max(1)
    }

    /// Numbers of the groups that decide whom the account sees and who sees it.
    pub(super) fn relevant(&self, account: &Jid) -> Vec<i64> {
        let places = self.relevant_places(account).into_iter();
        places.map(|place| self.groups[place].number.get()).collect()
    }

    fn relevant_places(&self, account: &Jid) -> BTreeSet<usize> {
        let mut places = self.visible(account);
        for place in self.groups_of(account.bare_str()) {
            places.insert(*place);
            places.extend(&self.groups[*place].viewers);
        }
        places
    }

    pub(super) fn groups(&self) -> &[Shown] {
        &self.groups
    }

    /// Members of groups that the account sees.
    pub(super) fn seen(&self, account: &Jid) -> HashSet<Jid> {
        let places = self.visible(account).into_iter();
        places
            .flat_map(|place| self.groups[place].members.iter().cloned())
            .collect()
    }

    /// Whether everybody of the host sees the account.
    pub(super) fn is_shown_to_all(&self, account: &Jid) -> bool {
        let mut places = self.groups_of(account.bare_str()).iter();
        places.any(|place| self.groups[*place].shown_to == ShownTo::Host)
    }

    /// Who sees the account by being in some group.
    pub(super) fn chosen_watchers(&self, account: &Jid) -> HashSet<Jid> {
        let mut watchers = HashSet::new();
        for place in self.groups_of(account.bare_str()) {
            let group = &self.groups[*place];
            let seeing: &[usize] = match group.shown_to {
                ShownTo::Nobody | ShownTo::Host => continue,
                ShownTo::Members => &[],
                ShownTo::Groups => &group.viewers,
            };
            for place in seeing.iter().chain([place]) {
                watchers.extend(self.groups[*place].members.iter().cloned());
            }
        }
        watchers
    }

    /// Groups that show `other` to `viewer`.
    fn showing<'a>(&'a self, viewer: &'a str, other: &str) -> impl Iterator<Item = &'a Shown> + use<'a> {
        let mine = self.groups_of(viewer);
        let groups = self.groups_of(other).iter().map(|place| (place, &self.groups[*place]));
        groups
            .filter(move |(place, group)| match group.shown_to {
                ShownTo::Nobody => false,
                ShownTo::Members => mine.contains(place),
                ShownTo::Groups => mine.contains(place) || mine.iter().any(|mine| group.viewers.contains(mine)),
                ShownTo::Host => domain(viewer) == group.domain,
            })
            .map(|(_, group)| group)
    }

    /// Places of the groups that the account sees.
    fn visible(&self, account: &Jid) -> BTreeSet<usize> {
        let mut places: BTreeSet<usize> = self
            .for_all
            .get(account.domain())
            .into_iter()
            .flatten()
            .copied()
            .collect();
        for place in self.groups_of(account.bare_str()) {
            let group = &self.groups[*place];
            if matches!(group.shown_to, ShownTo::Members | ShownTo::Groups) {
                places.insert(*place);
            }
            places.extend(&group.sees);
        }
        places
    }

    fn groups_of(&self, bare: &str) -> &[usize] {
        self.memberships.get(bare).map_or(&[], |places| places.as_slice())
    }
}

impl Shown {
    /// Whether both are shown to the same people under the same name, whoever is in them.
    pub(super) fn is_shown_as(&self, other: &Self) -> bool {
        let facts = |group: &Self| (group.shown_to, group.display_name.clone(), group.viewer_numbers.clone());
        facts(self) == facts(other)
    }

    fn of(group: &SharedGroup, places: &HashMap<GroupNumber, usize>) -> Self {
        let member = |local: &String| Jid::from_parts(Some(local), &group.domain, None).ok();
        let mut members: Vec<Jid> = group.members.iter().filter_map(member).collect();
        members.sort_unstable();
        let viewers = group.viewers.iter().filter_map(|viewer| places.get(viewer).copied());
        Self {
            number: group.number,
            version: group.version,
            domain: group.domain.clone(),
            display_name: group.display_name.clone(),
            shown_to: group.shown_to,
            viewers: viewers.collect(),
            viewer_numbers: group.viewers.clone(),
            sees: Vec::new(),
            members,
        }
    }
}

/// The domain of a bare JID.
fn domain(bare: &str) -> &str {
    bare.split_once('@').map_or(bare, |(_, domain)| domain)
}

/// FNV-1a over numbers: the same wherever and whenever it is reckoned, which no hasher of a map promises.
fn fnv(words: impl Iterator<Item = i64>) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in words.flat_map(i64::to_le_bytes) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}

#[cfg(test)]
mod tests;
