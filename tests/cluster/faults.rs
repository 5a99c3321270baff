//! What can happen to a server, and what its cluster's people notice of it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use protocol::Jid;
use tokio::task::block_in_place;

use crate::{
    PATIENCE,
    fleet::{Fleet, name},
    net::Peer::Server,
    person::{Person, all_see, all_talk, is_unavailable, only_lost},
};

/// One for every server.
pub(crate) const NAMES: [&str; 5] = ["romeo", "juliet", "mercutio", "nurse", "tybalt"];
/// Who logs in while something is wrong.
pub(crate) const LATE: &str = "benvolio";
/// Until everybody is a member again.
const HEAL: Duration = Duration::from_secs(60);
/// Meanwhile people talk so often.
const BETWEEN_ROUNDS: Duration = Duration::from_millis(200);

/// To whom it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Senior,
    Junior,
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// `kill -9`.
    Kill(Role),
    /// SIGSTOP for so long.
    Silence(Role, Duration),
    /// Its machine is off, and on again later.
    PowerLoss(Role),
    /// It and the others do not hear each other.
    Apart(Role),
    /// What it says to one other member gets lost.
    OneWay(Role),
    /// Nobody reaches the database for so long.
    WithoutDatabase(Duration),
}

/// How long everything took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    /// From the fault until the first one was told that somebody is gone.
    pub(crate) told: Option<Duration>,
    /// From the fault until somebody had logged in at a server that is left; without the database, from its return.
    pub(crate) login: Duration,
    /// From the end of the fault until all are members again.
    pub(crate) healed: Duration,
}

/// A fleet on a network of its own, and one person at every server, who sees all others.
pub(crate) struct Town {
    pub(crate) fleet: Fleet,
    people: Vec<Person>,
}

impl Town {
    pub(crate) async fn found(servers: usize) -> Result<Self> {
        let mut names = NAMES[..servers].to_vec();
        names.push(LATE);
        let mut fleet = Fleet::prepare_on_a_network(servers)?;
        if servers == 2 {
            // The other one takes over from a silent senior when it has been registered for as long as this, and a tenth.
            for number in 1..=servers {
                fleet.set(number, "HEARTH_PROPERTIES__CLUSTER__DATABASE_AWAY_SECS", "1")?;
            }
        }
        fleet.begin(&names).await?;
        let mut town = Self {
            fleet,
            people: Vec::new(),
        };
        town.come_back().await?;
        Ok(town)
    }

    /// Everybody who is not connected logs in at their own server; all see and talk to each other.
    async fn come_back(&mut self) -> Result<()> {
        for (place, name) in NAMES[..self.fleet.size()].iter().enumerate() {
            let is_here = |it: &Person| it.jid.local() == Some(*name);
            if !self.people.iter().any(is_here) {
                self.people.push(self.fleet.arrive_at_last(place + 1, name).await?.0);
            }
        }
        let all = self.jids();
        all_see(&mut self.people, &all).await?;
        all_talk(&mut self.people).await?;
        Ok(())
    }

    /// A fault from its beginning to its end, and until all is as before.
    pub(crate) async fn suffer(&mut self, fault: Fault) -> Result<Times> {
        let times = match fault {
            Fault::WithoutDatabase(away) => self.lose_the_database(away).await,
            _ => self.lose_a_server(fault).await,
        };
        let times = times.with_context(|| format!("{fault:?}, {} servers", self.fleet.size()))?;
        let told = times.told.map(|told| format!("somebody is told after {told:.1?}, "));
        println!(
            "{fault:?}, {} servers: {}a login works after {:.1?}, all are members again {:.1?} after its end",
            self.fleet.size(),
            told.unwrap_or_default(),
            times.login,
            times.healed
        );
        Ok(times)
    }

    async fn lose_a_server(&mut self, fault: Fault) -> Result<Times> {
        let size = self.fleet.size();
        let everybody = self.jids();
        self.people.iter_mut().for_each(Person::take_all);
        let mut marked: Vec<_> = self.people.drain(..).map(|mut it| (it.mark(), it)).collect();
        let pair = Pair {
            senior: self.fleet.senior()?,
            junior: self.fleet.junior()?,
        };
        let began = Instant::now();
        let victim = fault.begin(&mut self.fleet, pair).await?;

        // Nobody hangs up before it is over: who does is missed for that.
        let lost: Vec<_> = marked.extract_if(.., |(_, it)| is_at(&it.jid, victim)).collect();
        let lost_jids: Vec<_> = lost.iter().map(|(_, it)| it.jid.clone()).collect();
        let (marks, mut living): (Vec<_>, Vec<_>) = marked.into_iter().unzip();
        let survivor = self.fleet.awake().next().context("one survives")?;
        let (late, _) = self.fleet.arrive_at_last(survivor, LATE).await?;
        let login = began.elapsed();
        let told = first_told(&mut living, &lost_jids, began).await?;
        self.fleet.wait_members(size - 1, PATIENCE).await?;
        all_talk(&mut living).await?;
        if let Fault::Silence(_, duration) = fault {
            talk_until(&mut living, began + duration).await?;
        }
        only_lost(&mut living, &marks, &lost_jids, &everybody).await?;

        let ended = Instant::now();
        fault.end(&mut self.fleet, victim, pair)?;
        self.fleet.wait_members(size, HEAL).await?;
        let healed = ended.elapsed();
        late.leave().await?;
        self.people = living;
        drop(lost);
        self.come_back().await?;
        Ok(Times {
            told: Some(told),
            login,
            healed,
        })
    }

    async fn lose_the_database(&mut self, away: Duration) -> Result<Times> {
        let everybody = self.jids();
        let marks: Vec<_> = self.people.iter_mut().map(Person::mark).collect();
        let began = Instant::now();
        block_in_place(|| self.fleet.database()?.pause())?;
        talk_until(&mut self.people, began + away).await?;
        block_in_place(|| self.fleet.database()?.resume())?;
        let ended = Instant::now();
        let (late, login) = self.fleet.arrive_at_last(1, LATE).await?;
        self.fleet.wait_members(self.fleet.size(), HEAL).await?;
        let healed = ended.elapsed();
        late.leave().await?;
        only_lost(&mut self.people, &marks, &[], &everybody).await?;
        Ok(Times {
            told: None,
            login,
            healed,
        })
    }

    fn jids(&self) -> Vec<Jid> {
        self.people.iter().map(|it| it.jid.clone()).collect()
    }
}

/// Two members.
#[derive(Clone, Copy)]
struct Pair {
    senior: usize,
    junior: usize,
}

impl Pair {
    /// The one to whom it happens, and the other.
    fn sort(self, role: Role) -> (usize, usize) {
        match role {
            Role::Senior => (self.senior, self.junior),
            Role::Junior => (self.junior, self.senior),
        }
    }
}

impl Fault {
    /// Begins; the server that is lost to the others.
    async fn begin(self, fleet: &mut Fleet, pair: Pair) -> Result<usize> {
        match self {
            Self::Kill(role) => {
                let (victim, _) = pair.sort(role);
                fleet.kill(victim);
                Ok(victim)
            }
            Self::Silence(role, _) => {
                let (victim, _) = pair.sort(role);
                fleet.pause(victim)?;
                Ok(victim)
            }
            Self::PowerLoss(role) => {
                let (victim, _) = pair.sort(role);
                fleet.power_off(victim)?;
                Ok(victim)
            }
            Self::Apart(role) => {
                let (victim, other) = pair.sort(role);
                fleet.part(&[victim])?;
                // Of two either may go on.
                let victim = match fleet.size() {
                    2 => fleet.wait_cut_off(&[victim, other], PATIENCE).await?,
                    _ => victim,
                };
                fleet.set_aside(victim);
                Ok(victim)
            }
            Self::OneWay(role) => {
                let (from, to) = pair.sort(role);
                fleet.net()?.lose(Server(from), Server(to))?;
                let victim = fleet.wait_cut_off(&[from, to], PATIENCE).await?;
                fleet.set_aside(victim);
                Ok(victim)
            }
            Self::WithoutDatabase(_) => bail!("no server is lost to the others without the database"),
        }
    }

    fn end(self, fleet: &mut Fleet, victim: usize, pair: Pair) -> Result<()> {
        match self {
            Self::Kill(_) => fleet.restart(victim),
            Self::Silence(..) => fleet.go_on(victim),
            Self::PowerLoss(_) => fleet.power_on(victim),
            Self::Apart(role) => {
                fleet.reunite(&[pair.sort(role).0])?;
                fleet.take_back(victim);
                Ok(())
            }
            Self::OneWay(role) => {
                let (from, to) = pair.sort(role);
                fleet.net()?.find(Server(from), Server(to))?;
                fleet.take_back(victim);
                Ok(())
            }
            Self::WithoutDatabase(_) => Ok(()),
        }
    }
}

fn is_at(person: &Jid, server: usize) -> bool {
    person.resource() == Some(&name(server))
}

/// When the first of them was told of the first of those.
async fn first_told(people: &mut [Person], lost: &[Jid], since: Instant) -> Result<Duration> {
    let mut first = Duration::MAX;
    for person in people {
        for jid in lost {
            let what = format!("the loss of {jid}");
            let heard = person.expect(&what, PATIENCE, is_unavailable(jid)).await?;
            first = first.min(heard.at.saturating_duration_since(since));
        }
    }
    Ok(first)
}

async fn talk_until(people: &mut [Person], end: Instant) -> Result<()> {
    while Instant::now() < end {
        all_talk(people).await?;
        tokio::time::sleep(BETWEEN_ROUNDS).await;
    }
    Ok(())
}
