//! A few servers, one database and a network, all of which misbehave; what must never happen is checked in every step.

use std::collections::HashSet;

use cluster::lease::{Answer, Bug, Effect, Micros, Peer, SECOND, ServerId};
use cluster::{Group, NodeId};

use crate::database::Database;
use crate::network::Network;
use crate::process::{Input, Process, Wish};
use crate::random::Random;

const STEP: Micros = SECOND / 20;
const FAULTS_FROM: Micros = 20 * SECOND;
const LENGTH: Micros = 160 * SECOND;
/// All is healed for so long before the end; then everybody must act again.
const CALM: Micros = 40 * SECOND;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Violation {
    TwoGroupsAct(Vec<(NodeId, Group)>),
    TheDeadAct(NodeId),
    NoService { acting: usize, of: usize },
}

pub(crate) struct Outcome {
    pub(crate) seed: u64,
    pub(crate) violation: Option<(Micros, Violation)>,
    pub(crate) take_overs: u128,
    /// The longest time until all acted while nothing was wrong.
    pub(crate) longest_recovery: Micros,
    /// The longest time in which nobody acted although a running server had the database.
    pub(crate) longest_unserved: Micros,
}

pub(crate) enum Event {
    Arrive {
        from: usize,
        to: usize,
        only: Option<NodeId>,
        input: Input,
    },
    Statement {
        of: NodeId,
        server: usize,
        effect: Effect,
        sent: Micros,
    },
    Answer {
        of: NodeId,
        server: usize,
        input: Input,
        is_database: bool,
    },
    Knock {
        of: NodeId,
        from: usize,
        to: usize,
        sent: Micros,
    },
    Wake(NodeId, usize),
    Restart(usize),
    DatabaseUp,
}

pub(crate) struct World {
    pub(crate) random: Random,
    pub(crate) now: Micros,
    pub(crate) database: Database,
    pub(crate) network: Network,
    pub(crate) processes: Vec<Process>,
    queue: Vec<(Micros, Event)>,
    declared_dead: HashSet<(Group, NodeId)>,
    bugs: Vec<Bug>,
    trace: bool,
}

pub(crate) fn run(seed: u64, bugs: &[Bug]) -> Outcome {
    World::new(seed, bugs).run(seed)
}

impl World {
    fn new(seed: u64, bugs: &[Bug]) -> Self {
        let mut random = Random::new(seed);
        let mut database = Database::new();
        let count = random.pick(&[2, 2, 3, 3, 3, 4, 5]);
        let start = |server| Process::start(database.next_life(), server, count, 0, &mut random, bugs);
        let processes = (0..count).map(start).collect();
        Self {
            random,
            now: 0,
            database,
            network: Network::default(),
            processes,
            queue: Vec::new(),
            declared_dead: HashSet::new(),
            bugs: bugs.to_vec(),
            trace: std::env::var_os("HEARTH_SIM_TRACE").is_some(),
        }
    }

    fn run(mut self, seed: u64) -> Outcome {
        let mut outcome = Outcome {
            seed,
            violation: None,
            take_overs: 0,
            longest_recovery: 0,
            longest_unserved: 0,
        };
        let (mut next_fault, mut recovering, mut unserved) = (FAULTS_FROM, 0, 0);
        while self.now < LENGTH && outcome.violation.is_none() {
            self.now += STEP;
            if self.now >= LENGTH - CALM {
                self.network.heal();
                self.bring_database_back();
            } else if self.now >= next_fault {
                self.fault();
                next_fault = self.now
                    + self
                        .random
                        .pick(&[300_000, SECOND, 3 * SECOND, 6 * SECOND, 10 * SECOND, 15 * SECOND]);
            }
            self.deliver();
            self.step();
            outcome.violation = self.violation().map(|violation| (self.now, violation));
            let acting = self.acting();
            let is_quiet = self.network.is_well() && !self.database.is_down && self.all_run();
            recovering = if is_quiet && acting < self.processes.len() {
                recovering + STEP
            } else {
                0
            };
            unserved = if acting == 0 && self.somebody_has_database() {
                unserved + STEP
            } else {
                0
            };
            outcome.longest_recovery = outcome.longest_recovery.max(recovering);
            outcome.longest_unserved = outcome.longest_unserved.max(unserved);
        }
        let (acting, of) = (self.acting(), self.processes.len());
        if outcome.violation.is_none() && acting < of {
            outcome.violation = Some((self.now, Violation::NoService { acting, of }));
        }
        outcome.take_overs = self.database.take_overs();
        outcome
    }

    pub(crate) fn say(&self, text: impl FnOnce(&Self) -> String) {
        if self.trace {
            eprintln!("{:9.2}  {}", self.now as f64 / 1e6, text(self));
        }
    }

    pub(crate) fn later(&mut self, delay: Micros, event: Event) {
        self.queue.push((self.now + delay, event));
    }

    pub(crate) fn restart(&mut self, server: usize) {
        let count = self.processes.len() as u64;
        let me = self.database.next_life();
        self.processes[server] = Process::start(me, server as u64, count, self.now, &mut self.random, &self.bugs);
    }

    fn acting(&self) -> usize {
        self.processes.iter().filter(|process| process.acts(self.now)).count()
    }

    fn all_run(&self) -> bool {
        self.processes
            .iter()
            .all(|process| process.is_alive && !process.is_paused)
    }

    fn somebody_has_database(&self) -> bool {
        let has =
            |(server, process): (usize, &Process)| process.is_alive && !process.is_paused && self.has_database(server);
        self.processes.iter().enumerate().any(has)
    }

    fn has_database(&self, server: usize) -> bool {
        !self.database.is_down && !self.network.database_cut.contains(&server)
    }

    fn violation(&self) -> Option<Violation> {
        let acting = self.processes.iter().filter(|process| process.acts(self.now));
        let acting: Vec<(NodeId, Group)> = acting
            .filter_map(|process| Some((process.me(), process.lease.group()?)))
            .collect();
        if acting.iter().any(|(_, group)| *group != acting[0].1) {
            return Some(Violation::TwoGroupsAct(acting));
        }
        let dead = acting
            .into_iter()
            .find(|(node, group)| self.declared_dead.contains(&(*group, *node)));
        dead.map(|(node, _)| Violation::TheDeadAct(node))
    }

    fn deliver(&mut self) {
        let now = self.now;
        let (mut due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.queue)
            .into_iter()
            .partition(|(at, _)| *at <= now);
        self.queue = later;
        due.sort_by_key(|(at, _)| *at);
        for (_, event) in due {
            self.happen(event);
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Arrive { from, to, only, input } => {
                let process = &mut self.processes[to];
                let is_there = process.is_alive && only.is_none_or(|node| node == process.me());
                if is_there && self.network.passes(from, to) {
                    process.inbox.push(input);
                }
            }
            Event::Statement {
                of,
                server,
                effect,
                sent,
            } => {
                if self.has_database(server) {
                    let answered = self.database.run(&effect, ServerId(server as u64), self.now);
                    if let crate::database::Answered::Taken(node, group) = answered {
                        self.say(|_| format!("server {server} takes over as {node}, {group}: {effect:?}"));
                    }
                    let input = Input::Database(answered, sent);
                    let delay = self.network.delay(&mut self.random);
                    self.later(
                        delay,
                        Event::Answer {
                            of,
                            server,
                            input,
                            is_database: true,
                        },
                    );
                }
            }
            Event::Answer {
                of,
                server,
                input,
                is_database,
            } => {
                let is_open = !is_database || !self.network.database_cut.contains(&server);
                let process = &mut self.processes[server];
                if is_open && process.is_alive && process.me() == of {
                    process.inbox.push(input);
                }
            }
            Event::Knock { of, from, to, sent } => self.knock(of, from, to, sent),
            Event::Wake(node, server) => {
                if self.processes[server].me() == node {
                    self.processes[server].is_paused = false;
                }
            }
            Event::Restart(server) => {
                if !self.processes[server].is_alive {
                    self.restart(server);
                }
            }
            Event::DatabaseUp => self.bring_database_back(),
        }
    }

    /// A connection attempt arrives: refused, answered by whoever lives there, or nothing.
    fn knock(&mut self, of: NodeId, from: usize, to: usize, sent: Micros) {
        let there = &self.processes[to];
        let passes = self.network.passes(from, to) && self.network.passes(to, from);
        if !passes || (there.is_alive && there.is_paused) {
            return;
        }
        let answer = if there.is_alive {
            Answer::Lives(there.me())
        } else {
            Answer::Refused
        };
        let input = Input::Attempt(ServerId(to as u64), answer, sent);
        let delay = self.network.delay(&mut self.random);
        self.later(
            delay,
            Event::Answer {
                of,
                server: from,
                input,
                is_database: false,
            },
        );
    }

    fn step(&mut self) {
        for server in 0..self.processes.len() {
            let process = &mut self.processes[server];
            if !process.is_alive || process.is_paused {
                continue;
            }
            let (of, sent) = (process.me(), process.now(self.now));
            for wish in process.step(self.now, &mut self.random) {
                self.grant(wish, of, server, sent);
            }
        }
    }

    fn grant(&mut self, wish: Wish, of: NodeId, server: usize, sent: Micros) {
        match wish {
            Wish::Send(to, input) => self.send(server, to, input),
            Wish::Database(effect) => {
                if self.has_database(server) {
                    let delay = self.network.delay(&mut self.random);
                    self.later(
                        delay,
                        Event::Statement {
                            of,
                            server,
                            effect,
                            sent,
                        },
                    );
                }
            }
            Wish::Probe(to) => {
                let to = to.0 as usize;
                if self.network.passes(server, to) {
                    let delay = self.network.delay(&mut self.random);
                    self.later(
                        delay,
                        Event::Knock {
                            of,
                            from: server,
                            to,
                            sent,
                        },
                    );
                }
            }
            Wish::Reborn => {
                let me = self.database.next_life();
                self.say(|_| format!("server {server} leaves as {of}, comes as {me}"));
                self.processes[server].reborn(me, self.now);
            }
            Wish::Dead(group, node) => {
                self.say(|_| format!("server {server} declares {node} dead"));
                self.declared_dead.insert((group, node));
            }
        }
    }

    fn send(&mut self, from: usize, to: Peer, input: Input) {
        let (to, only) = match to {
            Peer::Server(server) => (server.0 as usize, None),
            Peer::Node(node) => {
                let Some(place) = self.processes.iter().position(|process| process.me() == node) else {
                    return;
                };
                (place, Some(node))
            }
        };
        if self.network.passes(from, to) && !self.network.loses(&mut self.random) {
            let delay = self.network.delay(&mut self.random);
            self.later(delay, Event::Arrive { from, to, only, input });
        }
    }
}
