//! A network of the story's own: every server has a cable of its own to one switch, and so has the database.
//!
//! Each of them, and the switch, is a network namespace without a name. It lives as long as a process in it, so that
//! nothing stays behind however the test ends. The people are outside; a cable leads from the switch to them. What is
//! lost on the way is lost in silence: packets go to a hardware address that nobody has.

use std::{
    io::{BufRead as _, BufReader},
    net::{IpAddr, Ipv4Addr},
    os::{
        linux::net::SocketAddrExt as _,
        unix::net::{SocketAddr, UnixListener},
    },
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context as _, Result, bail, ensure};
use testkit::databases::{Durability, Network, Server};
use tests::support::child;

/// Networks of this machine's tests: the third byte of their addresses.
const NETWORKS: std::ops::Range<u8> = 1..255;
/// The kernel takes its time with cables where many are plugged in.
const NOTICED_WITHIN_SECS: usize = 20;
/// A server's last byte is its number and this.
const FIRST_SERVER: u8 = 10;

/// Who is on the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// All people.
    People,
    Database,
    /// By its number.
    Server(usize),
}

use Peer::{Database, People};

/// A network with a database and places for servers.
pub(crate) struct Net {
    number: u8,
    database: Server,
    switch: Space,
    database_space: Space,
    servers: Vec<Space>,
    _number_is_taken: UnixListener,
}

/// A network namespace with a process that does nothing but keep it.
struct Space {
    keeper: Child,
}

impl Net {
    pub(crate) fn start(servers: usize) -> Result<Self> {
        let (number, taken) = free_number()?;
        let (switch, database_space) = (Space::make()?, Space::make()?);
        let servers: Vec<_> = (0..servers).map(|_| Space::make()).collect::<Result<_>>()?;
        switch
            .ip("link set lo up\nlink add switch type bridge forward_delay 0 mcast_snooping 0\nlink set switch up")?;
        plug_in_people(number, &switch)?;
        plug_in(number, &switch, Database, &database_space)?;
        for (place, space) in servers.iter().enumerate() {
            plug_in(number, &switch, Peer::Server(place + 1), space)?;
        }
        let network = Network {
            entrance: database_space.entrance(),
            address: IpAddr::V4(address(number, Database)),
        };
        Ok(Self {
            number,
            database: Server::start_in_network(Durability::Relaxed, network)?,
            switch,
            database_space,
            servers,
            _number_is_taken: taken,
        })
    }

    pub(crate) fn address(&self, peer: Peer) -> Ipv4Addr {
        address(self.number, peer)
    }

    pub(crate) fn database(&mut self) -> &mut Server {
        &mut self.database
    }

    pub(crate) fn database_url(&self) -> String {
        self.database.url()
    }

    /// The command that runs another one at a server's place.
    pub(crate) fn entrance(&self, server: usize) -> Vec<String> {
        self.servers[server - 1].entrance()
    }

    /// What one sends to the other gets lost from now on.
    pub(crate) fn lose(&self, from: Peer, to: Peer) -> Result<()> {
        self.send_to(from, to, NOBODY, "permanent")
    }

    /// It arrives again.
    pub(crate) fn find(&self, from: Peer, to: Peer) -> Result<()> {
        self.send_to(from, to, &hardware(self.number, to), "reachable")
    }

    fn send_to(&self, from: Peer, to: Peer, hardware: &str, state: &str) -> Result<()> {
        let space = match from {
            Database => &self.database_space,
            Peer::Server(number) => &self.servers[number - 1],
            People => unreachable!("the people's network is not ours"),
        };
        space.ip(&format!(
            "neigh replace {} lladdr {hardware} dev eth0 nud {state}",
            self.address(to)
        ))
    }

    /// Neither hears the other.
    pub(crate) fn cut(&self, one: Peer, other: Peer) -> Result<()> {
        self.lose(one, other)?;
        self.lose(other, one)
    }

    /// They do again.
    pub(crate) fn mend(&self, one: Peer, other: Peer) -> Result<()> {
        self.find(one, other)?;
        self.find(other, one)
    }

    /// Pulls a server's cable.
    pub(crate) fn unplug(&self, server: usize) -> Result<()> {
        self.switch.ip(&format!("link set {} down", port(Peer::Server(server))))
    }

    /// Plugs it in again, and waits until the switch has noticed.
    pub(crate) fn plug(&self, server: usize) -> Result<()> {
        self.switch.ip(&format!("link set {} up", port(Peer::Server(server))))?;
        let knock = format!("exec 3<>/dev/tcp/{}/5432", self.address(Database));
        for _ in 0..NOTICED_WITHIN_SECS {
            let mut knocking = self.servers[server - 1].command();
            knocking.args(["timeout", "1", "bash", "-c", &knock]);
            if knocking.stderr(Stdio::null()).status()?.success() {
                return Ok(());
            }
        }
        bail!("the database cannot be reached through a cable that was plugged in")
    }

    /// Which of the machine's test networks it is.
    pub(crate) fn number(&self) -> u8 {
        self.number
    }

    /// Has a server look names up by this configuration.
    pub(crate) fn resolve_by(&self, server: usize, configuration: &Path) -> Result<()> {
        let mut mount = self.servers[server - 1].command();
        mount.args(["mount", "--bind"]).arg(configuration);
        child::run(mount.arg("/etc/resolv.conf"), "")?;
        Ok(())
    }
}

/// A hardware address that nobody has: the switch offers what is sent to it to everybody, and nobody takes it.
const NOBODY: &str = "02:ff:ff:ff:ff:ff";

/// The last byte of addresses.
fn last_byte(peer: Peer) -> u8 {
    match peer {
        People => 1,
        Database => 2,
        Peer::Server(number) => FIRST_SERVER + u8::try_from(number).expect("there are few servers"),
    }
}

fn address(net: u8, peer: Peer) -> Ipv4Addr {
    Ipv4Addr::new(10, 201, net, last_byte(peer))
}

fn hardware(net: u8, peer: Peer) -> String {
    format!("02:00:00:00:{net:02x}:{:02x}", last_byte(peer))
}

/// The switch's end of a cable.
fn port(peer: Peer) -> String {
    format!("port{}", last_byte(peer))
}

fn plug_in(net: u8, switch: &Space, peer: Peer, space: &Space) -> Result<()> {
    let (port, hardware, address) = (port(peer), hardware(net, peer), address(net, peer));
    switch.ip(&format!(
        "link add {port} type veth peer name eth0 netns {}\nlink set {port} master switch up",
        space.keeper.id()
    ))?;
    space.ip(&format!(
        "link set lo up\nlink set eth0 address {hardware}\naddress add {address}/24 dev eth0\n\
         link set eth0 up\nroute add default dev eth0"
    ))
}

/// The outer end of the people's cable.
fn cable(net: u8) -> String {
    format!("hearth{net}")
}

/// The cable's outer end goes with the inner one, which goes with the switch.
fn plug_in_people(net: u8, switch: &Space) -> Result<()> {
    let (port, hardware, address) = (port(People), hardware(net, People), address(net, People));
    let name = cable(net);
    run_ip(
        Command::new("ip"),
        &format!(
            "link add {name} address {hardware} type veth peer name {port} netns {}\n\
             address add {address}/24 dev {name}\nlink set {name} up",
            switch.keeper.id()
        ),
    )?;
    switch.ip(&format!("link set {port} master switch up"))
}

/// Test processes run side by side: a name that the kernel takes back when its owner ends says whose a number is.
fn free_number() -> Result<(u8, UnixListener)> {
    static STARTED: AtomicU32 = AtomicU32::new(0);
    // The next one has another number.
    let begin = std::process::id().wrapping_add(STARTED.fetch_add(1, Ordering::Relaxed)) % u32::from(NETWORKS.end);
    let mut numbers = NETWORKS.cycle().skip(begin.try_into()?).take(NETWORKS.len());
    let taken = numbers.find_map(|number| {
        // The people's cable outlives the network that it was of by a moment.
        if Path::new(&format!("/sys/class/net/{}", cable(number))).exists() {
            return None;
        }
        let name = SocketAddr::from_abstract_name(format!("hearth-test-net-{number}")).ok()?;
        Some((number, UnixListener::bind_addr(&name).ok()?))
    });
    taken.context("all networks are taken")
}

impl Space {
    fn make() -> Result<Self> {
        let mut keeper = Command::new("unshare")
            .args(["--net", "--mount", "sh", "-c", "echo made; read -r line"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start unshare (util-linux)")?;
        let mut line = String::new();
        let output = keeper.stdout.take().context("it was asked for")?;
        BufReader::new(output).read_line(&mut line)?;
        let space = Self { keeper };
        ensure!(line.trim() == "made", "a network namespace takes root's rights");
        Ok(space)
    }

    fn entrance(&self) -> Vec<String> {
        let target = self.keeper.id().to_string();
        ["nsenter", "--target", &target, "--net", "--mount", "--"]
            .map(str::to_owned)
            .to_vec()
    }

    fn command(&self) -> Command {
        let words = self.entrance();
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        command
    }

    /// Runs these commands of `ip` in it.
    fn ip(&self, commands: &str) -> Result<()> {
        let mut command = self.command();
        command.arg("ip");
        run_ip(command, commands)
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}

fn run_ip(mut ip: Command, commands: &str) -> Result<()> {
    child::run(ip.args(["-batch", "-"]), &format!("{commands}\n")).with_context(|| commands.to_owned())?;
    Ok(())
}
