//! XEP-0050: Ad-Hoc Commands. XEP-0133: Service Administration. Administrators run the server from their chat client,
//! by the same acts and with the same power as in the console. Who administers a group adds and removes its members;
//! nobody else sees that there is anything to run.
//!
//! | to find | look in |
//! |---|---|
//! | who may ask, and what is listed | here |
//! | which commands there are | `table` |
//! | steps forward and back, and what is remembered between them | `engine`, `running` |
//! | what commands do | `accounts`, `groups`, `lists`, `power`, `properties` |

mod accounts;
mod engine;
mod fields;
mod groups;
mod lists;
mod power;
mod properties;
mod running;
mod table;

use std::sync::{Arc, OnceLock};

use ops::{Accounts, Actor, Administrators, Groups, OpsError, Properties, Role, Sessions};
use protocol::{
    Condition, Jid, StanzaError, ns,
    xep::disco::{Info, Item, Items},
};
use router::{Answer, Feature, Hooks, Request, Router, Session, To, Xep};

use crate::{host_info::identity, refuse};
use running::Running;
use table::Command;

/// What operators can do here.
#[derive(Clone)]
pub struct OperatorActs {
    /// Accounts.
    pub accounts: Accounts,
    /// Who has power.
    pub administrators: Administrators,
    /// Groups.
    pub groups: Groups,
    /// System properties.
    pub properties: Properties,
    /// Live sessions.
    pub sessions: Sessions,
}

/// Where the feature finds what operators can do. Acts need the switchboard, which needs the features first.
#[derive(Clone, Default)]
pub struct Operators(Arc<OnceLock<OperatorActs>>);

impl Operators {
    /// From now on they can do this.
    pub fn serve(&self, acts: OperatorActs) {
        // There is one way of doing so, for the life of the process.
        let _ = self.0.set(acts);
    }
}

/// Runs commands.
pub(crate) struct Commands {
    operators: Operators,
    running: Running,
}

/// An administrator asks.
#[derive(Clone)]
struct Visit {
    acts: OperatorActs,
    actor: Actor,
    /// The host that is asked.
    host: String,
}

impl Commands {
    pub(crate) fn new(operators: &Operators) -> Arc<Self> {
        Arc::new(Self {
            operators: operators.clone(),
            running: Running::default(),
        })
    }

    /// Who asks, as they may act now. Strangers and users hear the same, whatever they ask for.
    async fn visit(&self, request: &Request) -> Result<Visit, StanzaError> {
        let (Some(session), Some(acts)) = (&request.sender, self.operators.0.get()) else {
            return Err(Condition::Forbidden.into());
        };
        if session.account.is_anonymous {
            return Err(Condition::Forbidden.into());
        }
        let address = session.facts.address.ip();
        let actor = acts.administrators.actor(&session.account.jid, address).await;
        let to = request.stanza.to.as_ref();
        let host = to.map(Jid::domain).unwrap_or_default().to_owned();
        let actor = match actor.map_err(|error| failed(&error))? {
            Some(actor) => actor,
            None => group_admin(acts, session, &host).await?,
        };
        Ok(Visit {
            acts: acts.clone(),
            actor,
            host,
        })
    }
}

/// An account without power that administers groups of this host.
async fn group_admin(acts: &OperatorActs, session: &Session, host: &str) -> Result<Actor, StanzaError> {
    let jid = session.account.jid.to_bare();
    let groups = acts.groups.administered(&jid).await.map_err(|error| failed(&error))?;
    if groups.is_empty() || jid.domain() != host {
        return Err(Condition::Forbidden.into());
    }
    Ok(Actor::Account {
        jid,
        role: Role::GroupAdmin,
        address: Some(session.facts.address.ip()),
    })
}

impl Feature for Commands {
    fn name(&self) -> &'static str {
        "commands"
    }

    fn xeps(&self) -> &'static [Xep] {
        &[
            Xep {
                number: 50,
                version: "1.3.0",
            },
            Xep {
                number: 133,
                version: "1.2",
            },
        ]
    }

    fn hook(self: Arc<Self>, hooks: &mut Hooks) {
        hooks.answer(To::Host, "command", ns::COMMANDS, &self, run);
        hooks.host_node(is_own_node, &self, discover);
        hooks.session_ended(&self, forget);
    }
}

fn is_own_node(node: &str) -> bool {
    node == ns::COMMANDS || table::find(node).is_some()
}

async fn run(commands: Arc<Commands>, request: Request) -> Answer {
    let visit = commands.visit(&request).await?;
    if !request.is_set() {
        return Err(refuse::wrong_type());
    }
    engine::run(&commands.running, visit, &request).await
}

async fn forget(commands: Arc<Commands>, _: Arc<Router>, session: Arc<Session>) {
    commands.running.forget(&session.jid);
}

/// What is there to be run (XEP-0050 §2.2): for those who may run nothing, nothing.
async fn discover(commands: Arc<Commands>, request: Request) -> Answer {
    let node = request.payload.get("node").unwrap_or_default().to_owned();
    let visit = commands.visit(&request).await;
    if request.payload.is("query", ns::DISCO_ITEMS) {
        let listed = match (&visit, node == ns::COMMANDS) {
            (Ok(visit), true) => items(visit),
            (Err(error), _) if error.condition != Condition::Forbidden => return Err(error.clone()),
            _ => Vec::new(),
        };
        let items = Items {
            node: Some(node),
            items: listed,
        };
        return Ok(Some(items.to_element()));
    }
    let visit = visit?;
    let info = match table::find(&node) {
        Some(command) if command.needs.allows(visit.actor.role()) => command_info(command),
        Some(_) => return Err(Condition::Forbidden.into()),
        None => Info {
            identities: vec![identity("automation", "command-list")],
            ..Info::default()
        },
    };
    let info = Info {
        node: Some(node),
        ..info
    };
    Ok(Some(info.to_element()))
}

fn items(visit: &Visit) -> Vec<Item> {
    let Ok(jid) = Jid::from_parts(None, &visit.host, None) else {
        return Vec::new();
    };
    let allowed = table::COMMANDS
        .iter()
        .filter(|command| command.needs.allows(visit.actor.role()));
    allowed
        .map(|command| Item {
            jid: jid.clone(),
            node: Some(command.node.to_owned()),
            name: Some(command.name.to_owned()),
        })
        .collect()
}

fn command_info(command: &Command) -> Info {
    let mut identity = identity("automation", "command-node");
    identity.name = Some(command.name.to_owned());
    Info {
        identities: vec![identity],
        features: vec![ns::COMMANDS.to_owned(), ns::DATA_FORMS.to_owned()],
        ..Info::default()
    }
}

/// An act that failed altogether, to whoever asked for it.
fn failed(error: &OpsError) -> StanzaError {
    let condition = match error {
        OpsError::Denied { .. } => Condition::Forbidden,
        error if error.is_unavailable() => {
            tracing::error!(target: "commands", %error, "a command failed");
            return StanzaError::with_text(Condition::InternalServerError, "the database does not answer");
        }
        _ => Condition::NotAcceptable,
    };
    StanzaError::with_text(condition, error.to_string())
}
