//! What goes wrong in a world.

use cluster::lease::{Micros, SECOND};

use crate::world::{Event, World};

/// A failover takes longer than the gap that two reads may have between them (`Settings::read_gap`).
const SHORTEST_FAILOVER: u64 = 2_500_000;

const KINDS: [&str; 18] = [
    "part", "part", "oneway", "pause", "pause", "kill", "kill", "heal", "heal", "dbcut", "dbpart", "dbone", "dbdown",
    "failover", "slow", "lossy", "skew", "calm",
];

impl World {
    pub(crate) fn fault(&mut self) {
        let kind = self.random.pick(&KINDS);
        let count = self.processes.len();
        let one = self.random.below(count as u64) as usize;
        match kind {
            "part" => self.part(false),
            "dbpart" => self.part(true),
            "oneway" => {
                let other = (one + self.random.between(1, count as u64 - 1) as usize) % count;
                self.network.cut.insert((one, other));
            }
            "pause" => self.pause(one),
            "kill" => self.kill(one),
            "heal" => {
                self.network.heal();
                self.bring_database_back();
            }
            "dbcut" => {
                let side = self.random.side(count);
                self.network.database_cut.extend(side);
            }
            "dbone" => self.one_alone_keeps_the_database(one),
            "dbdown" => self.outage(2_000_000),
            "failover" => {
                self.database.forget_last_commit();
                self.outage(SHORTEST_FAILOVER);
            }
            "slow" => self.network.is_slow = true,
            "lossy" => self.network.is_lossy = true,
            "skew" => self.database.skew += self.random.pick(&[-5 * SECOND, 5 * SECOND, 20 * SECOND]),
            _ => {}
        }
        self.say(|world| {
            let processes: Vec<_> = world
                .processes
                .iter()
                .map(|p| (p.me().0, p.is_alive, p.is_paused, p.leads()))
                .collect();
            format!(
                "fault {kind}: cut {:?}, no database {:?}, down {}, processes (id, alive, paused, leads) {processes:?}",
                world.network.cut, world.network.database_cut, world.database.is_down
            )
        });
    }

    fn part(&mut self, takes_database: bool) {
        let side = self.random.side(self.processes.len());
        self.network.part(&side, self.processes.len());
        if takes_database {
            self.network.database_cut.extend(side);
        }
    }

    fn pause(&mut self, server: usize) {
        if !self.processes[server].is_alive || self.processes[server].is_paused {
            return;
        }
        self.processes[server].is_paused = true;
        let secs = self.random.pick(&[2.0, 4.0, 6.0, 8.0, 12.0, 20.0]) * self.random.uniform(0.7, 1.1);
        let event = Event::Wake(self.processes[server].me(), server);
        self.later((secs * 1e6) as Micros, event);
    }

    fn kill(&mut self, server: usize) {
        if self.processes[server].is_alive {
            self.processes[server].is_alive = false;
            self.processes[server].is_paused = false;
            let delay = self.random.pick(&[300_000, SECOND, 5 * SECOND, 20 * SECOND]);
            self.later(delay, Event::Restart(server));
        }
    }

    /// One server alone keeps the database, and may not hear the others.
    fn one_alone_keeps_the_database(&mut self, one: usize) {
        let others: Vec<usize> = (0..self.processes.len()).filter(|server| *server != one).collect();
        self.network.database_cut.extend(&others);
        if self.random.chance(0.5) {
            self.network.cut.extend(others.into_iter().map(|server| (server, one)));
        }
    }

    fn outage(&mut self, shortest: u64) {
        self.database.is_down = true;
        self.database.down_until = self.database.down_until.max(self.now + shortest as Micros);
        let delay = self.random.between(shortest, 40_000_000) as Micros;
        self.later(delay, Event::DatabaseUp);
    }

    pub(crate) fn bring_database_back(&mut self) {
        match self.database.down_until - self.now {
            left if left > 0 => self.later(left, Event::DatabaseUp),
            _ => self.database.is_down = false,
        }
    }
}
