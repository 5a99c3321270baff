//! Servers that are machines on a network of the story's own.

use anyhow::{Context as _, Result};
use testkit::databases;
use tokio::task::block_in_place;

use super::{Fleet, Node, home};
use crate::net::{Net, Peer};

impl Fleet {
    /// So many servers on a network of the story's own, where each is a machine, and so is the database; none of them
    /// started.
    pub(crate) fn prepare_on_a_network(count: usize) -> Result<Self> {
        let net = block_in_place(|| Net::start(count))?;
        let url = net.database_url();
        let node = |number| {
            let address = net.address(Peer::Server(number));
            let home = home(number, &url)?
                .with("HEARTH_C2S__LISTEN", &format!("{address}:5222"))
                .with("HEARTH_C2S__TLS_LISTEN", &format!("{address}:5223"))
                .through(net.entrance(number));
            Ok(Node::new(number, home))
        };
        Ok(Self {
            nodes: (1..=count).map(node).collect::<Result<_>>()?,
            is_told: false,
            net: Some(net),
            _database: None,
        })
    }

    /// So many servers that are one cluster on such a network, and these people are each other's contacts.
    pub(crate) async fn together_on_a_network(count: usize, people: &[&str]) -> Result<Self> {
        let mut fleet = Self::prepare_on_a_network(count)?;
        fleet.begin(people).await?;
        Ok(fleet)
    }

    /// Starts all; they become one cluster, with accounts for these people, who are each other's contacts.
    pub(crate) async fn begin(&mut self, people: &[&str]) -> Result<()> {
        self.start_all()?;
        self.add_people(people)?;
        self.unite(people).await
    }

    /// Its machine has no power any more: nobody is told anything, and nobody is refused.
    pub(crate) fn power_off(&mut self, number: usize) -> Result<()> {
        self.net()?.unplug(number)?;
        self.kill(number);
        Ok(())
    }

    /// It has, and the server starts.
    pub(crate) fn power_on(&mut self, number: usize) -> Result<()> {
        block_in_place(|| self.net()?.plug(number))?;
        self.restart(number)
    }

    /// These servers and all others do not hear each other any more.
    pub(crate) fn part(&self, side: &[usize]) -> Result<()> {
        self.each_across(side, Net::cut)
    }

    /// They do again.
    pub(crate) fn reunite(&self, side: &[usize]) -> Result<()> {
        self.each_across(side, Net::mend)
    }

    fn each_across(&self, side: &[usize], act: impl Fn(&Net, Peer, Peer) -> Result<()>) -> Result<()> {
        for one in side {
            for other in (1..=self.size()).filter(|it| !side.contains(it)) {
                act(self.net()?, Peer::Server(*one), Peer::Server(other))?;
            }
        }
        Ok(())
    }

    /// The network that the servers are on.
    pub(crate) fn net(&self) -> Result<&Net> {
        self.net.as_ref().context("the servers are on no network of their own")
    }

    /// The database of that network.
    pub(crate) fn database(&mut self) -> Result<&mut databases::Server> {
        let net = self.net.as_mut();
        Ok(net.context("the database is another's")?.database())
    }
}
