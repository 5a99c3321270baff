//! Servers that share a database: a cluster, or one that is alone.

use crate::child::Child;
use crate::client::{Security, Target};
use crate::hearth::{Control, House, target};
use crate::process::Server;
use anyhow::bail;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// So long servers may take to become a cluster.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often they are asked meanwhile.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// How clients connect.
const SECURITY: Security = Security::Direct;

/// Servers, whether they run or not.
pub(super) struct Servers {
    running: Option<Running>,
    houses: Rc<[House]>,
}

impl Servers {
    /// With `accounts` accounts on an empty database.
    pub(super) fn build(program: &Path, count: usize, database: &str, accounts: usize) -> anyhow::Result<Self> {
        let house = |number| House::build(program, &format!("n{number}"), Some(database));
        let houses = (1..=count).map(house).collect::<anyhow::Result<Rc<[_]>>>()?;
        if let Some(first) = houses.first() {
            first.import(accounts)?;
        }
        Ok(Self { running: None, houses })
    }

    /// Their column in the table.
    pub(super) fn name(&self) -> String {
        match self.count() {
            1 => "one alone".to_owned(),
            count => format!("{count} nodes"),
        }
    }

    pub(super) fn count(&self) -> usize {
        self.houses.len()
    }

    /// As they run, from the part before where they did so then.
    pub(super) fn running(&mut self) -> anyhow::Result<&Running> {
        let running = self.take()?;
        Ok(self.running.insert(running))
    }

    /// The same, for who lets them end.
    pub(super) fn take(&mut self) -> anyhow::Result<Running> {
        match self.running.take() {
            Some(running) => Ok(running),
            None => self.start(),
        }
    }

    /// As they run when they have just been started.
    pub(super) fn anew(&mut self) -> anyhow::Result<&Running> {
        self.running = None;
        self.running()
    }

    /// Starts them and waits until they are one cluster, where they are several.
    fn start(&self) -> anyhow::Result<Running> {
        let children = self
            .houses
            .iter()
            .map(House::begin)
            .collect::<anyhow::Result<Vec<_>>>()?;
        let mut running = Running {
            houses: Rc::clone(&self.houses),
            children,
        };
        for (house, child) in self.houses.iter().zip(&mut running.children) {
            house.wait_for(child)?;
        }
        if self.count() > 1 {
            running.control(0)?.enable()?;
            running.wait_until_together()?;
        }
        Ok(running)
    }
}

/// Servers that run; they end with this.
pub(super) struct Running {
    houses: Rc<[House]>,
    children: Vec<Child>,
}

impl Running {
    /// All of them, for clients.
    pub(super) fn target(&self) -> Target {
        let all: Vec<usize> = (0..self.houses.len()).collect();
        self.target_at(&all)
    }

    /// Some of them, for clients.
    pub(super) fn target_at(&self, numbers: &[usize]) -> Target {
        let address = |number: &usize| self.houses[*number].address(SECURITY);
        target(numbers.iter().map(address).collect(), SECURITY)
    }

    /// The processes of all of them.
    pub(super) fn processes(&self) -> Server {
        Server {
            pids: self.children.iter().map(Child::pid).collect(),
        }
    }

    /// The process of one of them.
    pub(super) fn process(&self, number: usize) -> Server {
        Server {
            pids: vec![self.children[number].pid()],
        }
    }

    pub(super) fn control(&self, number: usize) -> anyhow::Result<Control> {
        self.houses[number].control()
    }

    /// The number of the server that leads.
    pub(super) fn senior(&self) -> anyhow::Result<usize> {
        for number in 0..self.houses.len() {
            let status = self.control(number)?.status()?;
            if status.senior == status.node {
                return Ok(number);
            }
        }
        bail!("no server leads")
    }

    /// Ends one from one instruction to the next.
    pub(super) fn kill(&mut self, number: usize) -> std::io::Result<()> {
        self.children[number].kill()
    }

    /// Waits until every server has so many sessions in its directory.
    pub(super) fn wait_for_sessions(&self, numbers: &[usize], sessions: u64) -> anyhow::Result<()> {
        wait("know all sessions", || {
            let knows = |number: &usize| Ok(self.control(*number)?.sessions()? == sessions);
            all(numbers, knows)
        })
    }

    fn wait_until_together(&self) -> anyhow::Result<()> {
        let numbers: Vec<usize> = (0..self.houses.len()).collect();
        let count = numbers.len() as u64;
        wait("become a cluster", || {
            let is_in = |number: &usize| {
                let status = self.control(*number)?.status()?;
                Ok(status.is_member && status.members == count && status.senior.is_some())
            };
            all(&numbers, is_in)
        })
    }
}

impl Drop for Running {
    /// All are asked to end before one is waited for.
    fn drop(&mut self) {
        for child in &mut self.children {
            child.dismiss();
        }
    }
}

fn all(numbers: &[usize], is_so: impl Fn(&usize) -> anyhow::Result<bool>) -> anyhow::Result<bool> {
    for number in numbers {
        if !is_so(number)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn wait(what: &str, is_so: impl Fn() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let end = Instant::now() + PATIENCE;
    loop {
        let so = is_so();
        if matches!(so, Ok(true)) {
            return Ok(());
        }
        if Instant::now() > end {
            so?;
            bail!("the servers did not {what} within {} s", PATIENCE.as_secs());
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}
