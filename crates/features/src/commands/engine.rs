//! Steps forward and back (XEP-0050 §3).

use ops::OpsError;
use protocol::{
    Condition, StanzaError,
    xep::{
        commands::{self, Action, Note, Response, Status},
        data_forms::FormKind,
    },
};
use router::{Answer, Request};

use super::{
    Visit, failed,
    running::{Begun, Running, new_id},
    table::{self, Command},
};

/// Goes one step.
pub(super) async fn run(running: &Running, visit: Visit, request: &Request) -> Answer {
    let asked = commands::Command::parse(&request.payload)?;
    let Some(command) = table::find(&asked.node) else {
        return Err(unknown(&asked.node));
    };
    if !command.needs.allows(visit.actor.role()) {
        return Err(Condition::Forbidden.into());
    }
    let (id, mut begun) = match asked.session {
        Some(id) => {
            let begun = running.take(&id, request.from(), command.node)?;
            (id, begun)
        }
        None => return begin(running, visit, command, request, asked.action).await,
    };
    match asked.action {
        Action::Cancel => {
            let response = response(command, id, Status::Canceled);
            return Ok(Some(response.to_element()));
        }
        Action::Prev => {
            if begun.filled.pop().is_none() {
                running.keep(id, begun);
                return Err(commands::refusal("bad-action"));
            }
        }
        Action::Complete if begun.filled.len() + 1 < command.steps => {
            running.keep(id, begun);
            return Err(commands::refusal("bad-action"));
        }
        Action::Execute | Action::Next | Action::Complete => match asked.form {
            Some(form) if form.kind == FormKind::Submit => begun.filled.push(form),
            Some(form) if form.kind == FormKind::Cancel => {
                let response = response(command, id, Status::Canceled);
                return Ok(Some(response.to_element()));
            }
            _ => {
                running.keep(id, begun);
                return Err(commands::refusal("bad-payload"));
            }
        },
    }
    go_on(running, visit, command, id, begun).await
}

async fn begin(running: &Running, visit: Visit, command: &Command, request: &Request, action: Action) -> Answer {
    if !matches!(action, Action::Execute | Action::Next | Action::Complete) {
        return Err(commands::refusal("bad-action"));
    }
    let begun = Begun::new(request.from().clone(), command.node);
    go_on(running, visit, command, new_id(), begun).await
}

/// Shows the next form, or does what was filled in. What is wrong with it is said, and can be mended.
async fn go_on(running: &Running, visit: Visit, command: &Command, id: String, mut begun: Begun) -> Answer {
    let mut notes = Vec::new();
    loop {
        let filled = begun.filled.clone();
        if filled.len() < command.steps {
            let form = match (command.form)(visit.clone(), filled).await {
                Ok(form) => form,
                Err(error) if is_final(&error) || begun.filled.is_empty() => return Err(failed(&error)),
                // What the form before it says leads to no next one.
                Err(error) => {
                    notes.push(Note::error(error.to_string()));
                    begun.filled.pop();
                    continue;
                }
            };
            let status = Status::Executing {
                has_prev: !begun.filled.is_empty(),
                is_last: begun.filled.len() + 1 == command.steps,
            };
            running.keep(id.clone(), begun);
            let response = Response {
                notes,
                form: Some(form),
                ..response(command, id, status)
            };
            return Ok(Some(response.to_element()));
        }
        match (command.act)(visit.clone(), filled).await {
            Ok(report) => {
                let response = Response {
                    notes: report.notes,
                    form: report.form,
                    ..response(command, id, Status::Completed)
                };
                return Ok(Some(response.to_element()));
            }
            Err(error) if is_final(&error) || begun.filled.is_empty() => return Err(failed(&error)),
            Err(error) => {
                notes.push(Note::error(error.to_string()));
                begun.filled.pop();
            }
        }
    }
}

/// No other word in a form would help.
fn is_final(error: &OpsError) -> bool {
    matches!(error, OpsError::Denied { .. }) || error.is_unavailable()
}

fn unknown(node: &str) -> StanzaError {
    if node == table::GET_PASSWORD {
        let why = "passwords are not kept, only what proves them: nobody can be told one";
        return StanzaError::with_text(Condition::NotAllowed, why);
    }
    Condition::ItemNotFound.into()
}

fn response(command: &Command, session: String, status: Status) -> Response {
    Response {
        node: command.node.to_owned(),
        session,
        status,
        notes: Vec::new(),
        form: None,
    }
}
