//! Groups that stories make, as an operator would.

use std::sync::Arc;

use protocol::Jid;
use router::Router;
use storage::{AccountId, Group, GroupFacts, HostId, ShownTo};

/// A group of a host.
pub struct TestGroup<'a> {
    router: &'a Arc<Router>,
    host: HostId,
    name: String,
}

impl<'a> TestGroup<'a> {
    /// Makes a group whose members stand in rosters under its name.
    ///
    /// # Panics
    /// Where that fails.
    pub async fn make(router: &'a Arc<Router>, domain: &str, name: &str, shown_to: ShownTo, viewers: &[&str]) -> Self {
        let host = router.hosts().id(domain).expect("the domain is one of ours");
        let this = Self {
            router,
            host,
            name: name.to_owned(),
        };
        let facts = facts(name, shown_to, viewers);
        let made = router.storage().groups().create(host, name, &facts);
        assert!(made.await.expect("the database answers"), "{name} is new");
        this
    }

    /// Shows it to others.
    ///
    /// # Panics
    /// Where that fails.
    pub async fn show_to(&self, shown_to: ShownTo, viewers: &[&str]) {
        let groups = self.router.storage().groups();
        let facts = facts(&self.name, shown_to, viewers);
        let changed = groups.change(self.host, &self.name, &facts);
        assert!(changed.await.expect("the database answers"));
    }

    /// Adds accounts, which must exist.
    ///
    /// # Panics
    /// Where that fails.
    pub async fn add(&self, members: &[&Jid]) {
        let mut accounts = Vec::new();
        for member in members {
            accounts.push(self.account(member).await);
        }
        let added = self
            .router
            .storage()
            .groups()
            .add_members(self.group().await.number, &accounts);
        assert_eq!(added.await.expect("the database answers"), members.len());
    }

    /// Takes an account out.
    ///
    /// # Panics
    /// Where it is not in it.
    pub async fn remove(&self, member: &Jid) {
        let account = self.account(member).await;
        let removed = self
            .router
            .storage()
            .groups()
            .remove_member(self.group().await.number, account);
        assert!(removed.await.expect("the database answers"));
    }

    /// Deletes it.
    ///
    /// # Panics
    /// Where that fails.
    pub async fn delete(self) {
        let deleted = self.router.storage().groups().delete(self.host, &self.name);
        assert!(deleted.await.expect("the database answers"));
    }

    async fn group(&self) -> Group {
        let group = self.router.storage().groups().get(self.host, &self.name).await;
        group.expect("the database answers").expect("it was made")
    }

    async fn account(&self, jid: &Jid) -> AccountId {
        let account = self.router.accounts().find(jid).await.expect("the database answers");
        account.expect("members have accounts").id
    }
}

fn facts(name: &str, shown_to: ShownTo, viewers: &[&str]) -> GroupFacts {
    GroupFacts {
        display_name: name.to_owned(),
        description: String::new(),
        shown_to,
        viewers: viewers.iter().map(|viewer| (*viewer).to_owned()).collect(),
    }
}
