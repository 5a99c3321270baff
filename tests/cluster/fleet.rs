//! Several `hearth` processes that share a private database.

mod network;

use std::{
    fmt::Write as _,
    fs,
    net::SocketAddr,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use protocol::Jid;
use testkit::databases::{self, Fresh, Kind};
use tests::support::{
    ports,
    process::{DOMAIN, Home, Server},
};
use tokio::task::block_in_place;

use crate::{
    chosen,
    net::Net,
    nodes::{self, View},
    person::{self, PASSWORD, Person},
};

/// How often the servers are asked what they see.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Servers n1, n2, … by their numbers, which begin with 1. They end with this value, and with the test's process.
pub(crate) struct Fleet {
    nodes: Vec<Node>,
    is_told: bool,
    net: Option<Net>,
    _database: Option<Fresh>,
}

struct Node {
    name: String,
    life: Life,
    is_aside: bool,
}

enum Life {
    Up(Box<Server>),
    Down(Home),
    /// On its way from one to the other.
    Changing,
}

impl Fleet {
    /// So many servers on an empty database, none of them started.
    pub(crate) async fn prepare(kind: Kind, count: usize) -> Result<Self> {
        let database = databases::fresh(kind).await?;
        let mut fleet = Self::prepare_on(database.url(), count)?;
        fleet._database = Some(database);
        Ok(fleet)
    }

    /// The same on a database of the story's own.
    pub(crate) fn prepare_on(url: &str, count: usize) -> Result<Self> {
        let node = |number| {
            let home = home(number, url)?
                .with("HEARTH_CLUSTER__INTERFACES", "127.0.0.1")
                .with("HEARTH_CLUSTER__PORTS", &ports::free()?.to_string());
            Ok(Node::new(number, home))
        };
        Ok(Self {
            nodes: (1..=count).map(node).collect::<Result<_>>()?,
            is_told: false,
            net: None,
            _database: None,
        })
    }

    /// Another setting for a server that does not run.
    pub(crate) fn set(&mut self, number: usize, variable: &str, value: &str) -> Result<()> {
        let node = &mut self.nodes[number - 1];
        node.life = match std::mem::replace(&mut node.life, Life::Changing) {
            Life::Down(home) => Life::Down(home.with(variable, value)),
            _ => bail!("{} runs", node.name),
        };
        Ok(())
    }

    /// Makes accounts.
    pub(crate) fn add_people(&self, people: &[&str]) -> Result<()> {
        let accounts: String = people
            .iter()
            .map(|name| format!("{{\"jid\":\"{name}@{DOMAIN}\",\"password\":\"{PASSWORD}\"}}\n"))
            .collect();
        self.run_with_input(1, &["account", "import", "--iterations", "4096"], &accounts)?;
        Ok(())
    }

    /// So many servers, started, each alone, and accounts for these people.
    pub(crate) async fn start(kind: Kind, count: usize, people: &[&str]) -> Result<Self> {
        let mut fleet = Self::prepare(kind, count).await?;
        fleet.start_all()?;
        fleet.add_people(people)?;
        Ok(fleet)
    }

    /// So many servers that are one cluster, and these people are each other's contacts.
    pub(crate) async fn together(kind: Kind, count: usize, people: &[&str]) -> Result<Self> {
        let fleet = Self::start(kind, count, people).await?;
        fleet.unite(people).await?;
        Ok(fleet)
    }

    async fn unite(&self, people: &[&str]) -> Result<()> {
        person::befriend(self.address(1)?, people).await?;
        let (count, began) = (self.nodes.len(), Instant::now());
        self.enable(1)?;
        self.wait_members(count, crate::PATIENCE).await?;
        println!("{count} servers are one cluster after {:.1?}", began.elapsed());
        Ok(())
    }

    /// The story has been told: a fleet that goes before this shows what its servers have to say.
    pub(crate) fn told(mut self) -> Result<()> {
        self.is_told = true;
        Ok(())
    }

    // Servers come and go.

    /// Starts every server that does not run, all at the same moment.
    pub(crate) fn start_all(&mut self) -> Result<()> {
        let down = self.nodes.iter_mut().filter(|node| matches!(node.life, Life::Down(_)));
        let started: Vec<Result<()>> = block_in_place(|| {
            thread::scope(|scope| {
                let starting: Vec<_> = down.map(|node| scope.spawn(move || node.start())).collect();
                starting.into_iter().map(join).collect()
            })
        });
        started.into_iter().collect()
    }

    /// Starts it again after a kill.
    pub(crate) fn restart(&mut self, number: usize) -> Result<()> {
        block_in_place(|| self.nodes[number - 1].start())
    }

    /// Ends it from one instruction to the next.
    pub(crate) fn kill(&mut self, number: usize) {
        let node = &mut self.nodes[number - 1];
        node.is_aside = false;
        node.life = match std::mem::replace(&mut node.life, Life::Changing) {
            Life::Up(server) => Life::Down(server.kill()),
            other => other,
        };
    }

    /// Has one server told at another to hand over what it has and end; ends when it has.
    pub(crate) fn drain(&mut self, at: usize, number: usize) -> Result<()> {
        self.run(at, &["cluster", "drain", &name(number)])?;
        let node = &mut self.nodes[number - 1];
        node.life = match std::mem::replace(&mut node.life, Life::Changing) {
            Life::Up(server) => {
                let (home, status) = block_in_place(|| server.wait())?;
                ensure!(status.success(), "{} ended with {status}:\n{}", node.name, home.log());
                Life::Down(home)
            }
            other => other,
        };
        Ok(())
    }

    /// Stops it in the middle of whatever it does, without closing anything.
    pub(crate) fn pause(&mut self, number: usize) -> Result<()> {
        self.signal(number, Signal::SIGSTOP)?;
        self.set_aside(number);
        Ok(())
    }

    /// It goes on as if nothing had happened.
    pub(crate) fn go_on(&mut self, number: usize) -> Result<()> {
        self.signal(number, Signal::SIGCONT)?;
        self.take_back(number);
        Ok(())
    }

    /// What the others see need not be what this server sees: it is not waited for.
    pub(crate) fn set_aside(&mut self, number: usize) {
        self.nodes[number - 1].is_aside = true;
    }

    /// It is one of them again.
    pub(crate) fn take_back(&mut self, number: usize) {
        self.nodes[number - 1].is_aside = false;
    }

    fn signal(&self, number: usize, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.server(number)?.id()).context("a process id has 31 bits")?;
        Ok(kill(Pid::from_raw(pid), signal)?)
    }

    // What an operator does.

    /// `hearth` with these arguments beside this server; what it printed.
    pub(crate) fn run(&self, number: usize, arguments: &[&str]) -> Result<String> {
        self.run_with_input(number, arguments, "")
    }

    fn run_with_input(&self, number: usize, arguments: &[&str], input: &str) -> Result<String> {
        let home = self.nodes[number - 1].home()?;
        block_in_place(|| home.hearth(arguments, input))
    }

    /// Switches clustering on, at this server, which has joined when this ends.
    pub(crate) fn enable(&self, number: usize) -> Result<()> {
        self.run(number, &["cluster", "enable"])?;
        Ok(())
    }

    /// Switches clustering off, at this server, which is alone when this ends.
    pub(crate) fn disable(&self, number: usize) -> Result<()> {
        self.run(number, &["cluster", "disable"])?;
        Ok(())
    }

    /// Changes the switch at this server, and waits for nothing.
    pub(crate) fn flip(&self, number: usize, is_on: bool) -> Result<()> {
        self.run(number, &["property", "set", "cluster.enabled", &is_on.to_string()])?;
        Ok(())
    }

    /// What this server sees of the cluster.
    pub(crate) fn view(&self, number: usize) -> Result<View> {
        let home = self.nodes[number - 1].home()?;
        block_in_place(|| view(home))
    }

    /// What this server says of itself: `member`, `fenced`, …
    pub(crate) fn state(&self, number: usize) -> Result<String> {
        nodes::state(&self.run(number, &["cluster", "status", "--json"])?)
    }

    /// Waits until one of these servers is no member any more, by its own word; which one.
    pub(crate) async fn wait_cut_off(&self, of: &[usize], within: Duration) -> Result<usize> {
        let began = Instant::now();
        loop {
            for number in of {
                if self.state(*number)? != "member" {
                    return Ok(*number);
                }
            }
            ensure!(began.elapsed() < within, "all of {of:?} are members after {within:?}");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// The number of the server that is the cluster's senior.
    pub(crate) fn senior(&self) -> Result<usize> {
        let view = self.view(self.awake().next().context("no server runs")?)?;
        let name = view.senior().context("there is no senior")?;
        self.number(&name)
    }

    /// A server that runs and is not the senior.
    pub(crate) fn junior(&self) -> Result<usize> {
        let senior = self.senior()?;
        self.awake().find(|it| *it != senior).context("all are senior")
    }

    /// The full JIDs of the sessions that this server has itself.
    pub(crate) fn sessions(&self, number: usize) -> Result<Vec<String>> {
        let printed = self.run(number, &["session", "list", "--json"])?;
        let rows: serde_json::Value = serde_json::from_str(&printed)?;
        let rows = rows.as_array().context("sessions are a list")?;
        let here = rows
            .iter()
            .filter(|row| row["node"].as_str().is_none_or(|it| it == name(number)));
        here.map(|row| Ok(row["jid"].as_str().context("a session has a JID")?.to_owned()))
            .collect()
    }

    /// Waits until every server that runs lists exactly these many members, the same on all, with one senior.
    pub(crate) async fn wait_members(&self, count: usize, within: Duration) -> Result<()> {
        let what = format!("{count} members on every server");
        self.wait(&what, within, |views| View::agree(views, count)).await
    }

    /// Waits until every server that runs is alone.
    pub(crate) async fn wait_alone(&self, within: Duration) -> Result<()> {
        self.wait("every server alone", within, |views| views.iter().all(View::is_alone))
            .await
    }

    async fn wait(&self, what: &str, within: Duration, is_so: impl Fn(&[View]) -> bool) -> Result<()> {
        let began = Instant::now();
        loop {
            let views = self.views();
            if views.as_ref().is_ok_and(|views| is_so(views)) {
                return Ok(());
            }
            if began.elapsed() > within {
                bail!("waited {within:?} in vain for {what}; they see: {views:#?}");
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    fn views(&self) -> Result<Vec<View>> {
        let homes: Vec<_> = self
            .awake()
            .map(|it| self.nodes[it - 1].home())
            .collect::<Result<_>>()?;
        block_in_place(|| {
            thread::scope(|scope| {
                let asking: Vec<_> = homes.into_iter().map(|home| scope.spawn(|| view(home))).collect();
                asking.into_iter().map(join).collect()
            })
        })
    }

    // Where people go.

    /// Where this server takes clients, by direct TLS.
    pub(crate) fn address(&self, number: usize) -> Result<SocketAddr> {
        Ok(self.server(number)?.addresses().c2s_tls)
    }

    /// Somebody logs in at this server and is available; the resource is the server's name.
    pub(crate) async fn arrive(&self, number: usize, who: &str) -> Result<Person> {
        Person::arrive(self.address(number)?, who, &name(number)).await
    }

    /// They log in one after another, each at the next server.
    pub(crate) async fn gather(&self, names: &[&str]) -> Result<Vec<Person>> {
        let mut people = Vec::new();
        for (place, who) in names.iter().enumerate() {
            people.push(self.arrive(place % self.nodes.len() + 1, who).await?);
        }
        Ok(people)
    }

    /// The same, and contacts have seen each other.
    pub(crate) async fn gather_friends(&self, names: &[&str]) -> Result<(Vec<Person>, Vec<Jid>)> {
        let mut people = self.gather(names).await?;
        let everybody: Vec<_> = people.iter().map(|it| it.jid.clone()).collect();
        person::all_see(&mut people, &everybody).await?;
        Ok((people, everybody))
    }

    /// The same as [`Fleet::arrive`], for somebody who does not give up at once, as clients do not; how long it took.
    pub(crate) async fn arrive_at_last(&self, number: usize, who: &str) -> Result<(Person, Duration)> {
        let began = Instant::now();
        loop {
            match self.arrive(number, who).await {
                Ok(person) => return Ok((person, began.elapsed())),
                Err(error) if began.elapsed() > crate::PATIENCE => return Err(error),
                Err(_) => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    }

    /// A running server.
    pub(crate) fn server(&self, number: usize) -> Result<&Server> {
        match &self.nodes[number - 1].life {
            Life::Up(server) => Ok(server),
            _ => bail!("{} does not run", name(number)),
        }
    }

    /// How many servers there are, whether they run or not.
    pub(crate) fn size(&self) -> usize {
        self.nodes.len()
    }

    /// The numbers of the servers that run and are not paused or set aside.
    pub(crate) fn awake(&self) -> impl Iterator<Item = usize> {
        (1..=self.nodes.len()).filter(|number| {
            let node = &self.nodes[number - 1];
            !node.is_aside && matches!(node.life, Life::Up(_))
        })
    }

    fn number(&self, name: &str) -> Result<usize> {
        let place = self.nodes.iter().position(|node| node.name == name);
        Ok(place.with_context(|| format!("there is no server {name}"))? + 1)
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        if self.is_told {
            return;
        }
        // The test's name is its thread's.
        let story = thread::current().name().unwrap_or("story").replace("::", ".");
        // One story may have several networks at the same time.
        let story = match &self.net {
            Some(net) => format!("{story}.{}", net.number()),
            None => story,
        };
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(story);
        let mut told = String::new();
        for node in &self.nodes {
            let log = node.home().and_then(|home| node.keep_log(home, &directory));
            let log = log.unwrap_or_else(|error| format!("{error:#}"));
            let _ = writeln!(told, "--- {}: {log}", node.name);
        }
        eprintln!("{told}");
    }
}

/// What every server has.
fn home(number: usize, url: &str) -> Result<Home> {
    let home = Home::new()?
        .with("HEARTH_DATABASE__URL", url)
        .with("HEARTH_NODE_NAME", &name(number))
        .with("HEARTH_LOG__LEVEL", &chosen("HEARTH_CLUSTER_LOG", "info".to_owned())?);
    Ok(home)
}

impl Node {
    fn new(number: usize, home: Home) -> Self {
        Self {
            name: name(number),
            life: Life::Down(home),
            is_aside: false,
        }
    }

    fn start(&mut self) -> Result<()> {
        self.life = match std::mem::replace(&mut self.life, Life::Changing) {
            Life::Down(home) => Life::Up(Box::new(home.start().with_context(|| self.name.clone())?)),
            other => other,
        };
        Ok(())
    }

    fn home(&self) -> Result<&Home> {
        match &self.life {
            Life::Up(server) => Ok(server.home()),
            Life::Down(home) => Ok(home),
            Life::Changing => bail!("{} did not start", self.name),
        }
    }

    /// Saves the whole log from the end of the test; where it is now, and how it ends.
    fn keep_log(&self, home: &Home, directory: &Path) -> Result<String> {
        let kept = directory.join(&self.name).with_extension("log");
        fs::create_dir_all(directory)?;
        fs::copy(home.log_file(), &kept).context("it has no log")?;
        Ok(format!("{} ends:\n{}", kept.display(), home.log()))
    }
}

fn view(home: &Home) -> Result<View> {
    let ask = |what| home.hearth(&["cluster", what, "--json"], "");
    View::read(&ask("status")?, &ask("nodes")?)
}

fn join<T>(thread: thread::ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread.join().unwrap_or_else(|_| Err(anyhow!("a thread panicked")))
}

/// A server's name, and the resource of those who log in there.
pub(crate) fn name(number: usize) -> String {
    format!("n{number}")
}
