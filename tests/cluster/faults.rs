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
    /// It and another member do not hear the rest.
    TwoApart(Role),
    /// What it says to one other member gets lost.
    OneWay(Role),
    /// Two juniors do not hear each other.
    Triangle,
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
        let fleet = Fleet::prepare_on_a_network(servers)?;
        let mut town = Self {
            fleet,
            people: Vec::new(),
        };
        town.fleet.begin(&names).await?;
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
        let cast = Cast::of(&self.fleet)?;
        let began = Instant::now();
        let victims = fault.begin(&mut self.fleet, cast).await?;

        // Nobody hangs up before it is over: who does is missed for that.
        let lost: Vec<_> = marked.extract_if(.., |(_, it)| is_at(&it.jid, &victims)).collect();
        let lost_jids: Vec<_> = lost.iter().map(|(_, it)| it.jid.clone()).collect();
        let (marks, mut living): (Vec<_>, Vec<_>) = marked.into_iter().unzip();
        let survivor = self.fleet.awake().next().context("one survives")?;
        let (late, _) = self.fleet.arrive_at_last(survivor, LATE).await?;
        let login = began.elapsed();
        let told = first_told(&mut living, &lost_jids, began).await?;
        self.fleet.wait_members(size - victims.len(), PATIENCE).await?;
        all_talk(&mut living).await?;
        if let Fault::Silence(_, duration) = fault {
            talk_until(&mut living, began + duration).await?;
        }
        only_lost(&mut living, &marks, &lost_jids, &everybody).await?;

        let ended = Instant::now();
        fault.end(&mut self.fleet, &victims, cast)?;
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

/// Members in their roles.
#[derive(Clone, Copy)]
struct Cast {
    senior: usize,
    junior: usize,
    /// Of three and more.
    another: Option<usize>,
}

impl Cast {
    fn of(fleet: &Fleet) -> Result<Self> {
        let (senior, junior) = (fleet.senior()?, fleet.junior()?);
        Ok(Self {
            senior,
            junior,
            another: fleet.awake().find(|it| ![senior, junior].contains(it)),
        })
    }

    /// The one to whom it happens, and the other.
    fn sort(self, role: Role) -> (usize, usize) {
        match role {
            Role::Senior => (self.senior, self.junior),
            Role::Junior => (self.junior, self.senior),
        }
    }

    /// Two to whom it happens, one of them in this role.
    fn two(self, role: Role) -> Result<[usize; 2]> {
        Ok([self.sort(role).0, self.another.context("there are more than two")?])
    }
}

impl Fault {
    /// Begins; the servers that are lost to the others.
    async fn begin(self, fleet: &mut Fleet, cast: Cast) -> Result<Vec<usize>> {
        let lost = match self {
            Self::Kill(role) => {
                let (victim, _) = cast.sort(role);
                fleet.kill(victim);
                return Ok(vec![victim]);
            }
            Self::Silence(role, _) => {
                let (victim, _) = cast.sort(role);
                fleet.pause(victim)?;
                return Ok(vec![victim]);
            }
            Self::PowerLoss(role) => {
                let (victim, _) = cast.sort(role);
                fleet.power_off(victim)?;
                return Ok(vec![victim]);
            }
            Self::Apart(role) => {
                let (victim, other) = cast.sort(role);
                fleet.part(&[victim])?;
                // Of two either may go on.
                match fleet.size() {
                    2 => vec![fleet.wait_cut_off(&[victim, other], PATIENCE).await?],
                    _ => vec![victim],
                }
            }
            Self::TwoApart(role) => {
                let two = cast.two(role)?;
                fleet.part(&two)?;
                two.to_vec()
            }
            Self::OneWay(role) => {
                let (from, to) = cast.sort(role);
                fleet.net()?.lose(Server(from), Server(to))?;
                vec![fleet.wait_cut_off(&[from, to], PATIENCE).await?]
            }
            Self::Triangle => {
                let [one, other] = cast.two(Role::Junior)?;
                fleet.net()?.cut(Server(one), Server(other))?;
                vec![fleet.wait_cut_off(&[one, other], PATIENCE).await?]
            }
            Self::WithoutDatabase(_) => bail!("no server is lost to the others without the database"),
        };
        lost.iter().for_each(|victim| fleet.set_aside(*victim));
        Ok(lost)
    }

    fn end(self, fleet: &mut Fleet, victims: &[usize], cast: Cast) -> Result<()> {
        match self {
            Self::Kill(_) => return victims.iter().try_for_each(|victim| fleet.restart(*victim)),
            Self::Silence(..) => return victims.iter().try_for_each(|victim| fleet.go_on(*victim)),
            Self::PowerLoss(_) => return victims.iter().try_for_each(|victim| fleet.power_on(*victim)),
            Self::Apart(role) => fleet.reunite(&[cast.sort(role).0])?,
            Self::TwoApart(role) => fleet.reunite(&cast.two(role)?)?,
            Self::OneWay(role) => {
                let (from, to) = cast.sort(role);
                fleet.net()?.find(Server(from), Server(to))?;
            }
            Self::Triangle => {
                let [one, other] = cast.two(Role::Junior)?;
                fleet.net()?.mend(Server(one), Server(other))?;
            }
            Self::WithoutDatabase(_) => {}
        }
        victims.iter().for_each(|victim| fleet.take_back(*victim));
        Ok(())
    }
}

fn is_at(person: &Jid, servers: &[usize]) -> bool {
    servers.iter().any(|server| person.resource() == Some(&name(*server)))
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
