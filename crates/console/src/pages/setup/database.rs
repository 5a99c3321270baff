//! `/setup/database`: the database, tried before it is chosen.

use std::fmt::Write as _;

use askama::Template;
use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use ops::{Applied, Finding, Written};

use super::{Step, TOO_OLD};
use crate::{
    Console, assets,
    fields::Fields,
    language::{filters, t, told},
    refusal,
};

#[derive(Template)]
#[template(path = "setup_database.html")]
struct Page<'a> {
    style: &'static str,
    icon: &'static str,
    form_token: &'a str,
    now: String,
    fixed_by: Option<String>,
    kind: &'a str,
    server: &'a str,
    name: &'a str,
    user: &'a str,
    password: &'a str,
    findings: Vec<Finding>,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "setup_restart.html")]
struct RestartPage<'a> {
    life: &'a str,
    style: &'static str,
    icon: &'static str,
    script: &'static str,
}

#[derive(Template)]
#[template(path = "setup_by_hand.html")]
struct ByHandPage {
    style: &'static str,
    icon: &'static str,
    path: String,
    why: String,
    lines: String,
}

pub(crate) async fn page(State(console): State<Console>, request: Request) -> Response {
    match Step::read(&console, request).await {
        Ok(step) => show(&step, StatusCode::OK, Vec::new(), None).await,
        Err(response) => response,
    }
}

/// Tries the database; where it does, and that is wanted, makes all that was chosen hold.
pub(crate) async fn choose(State(console): State<Console>, request: Request) -> Response {
    let step = match Step::read(&console, request).await {
        Ok(step) => step,
        Err(response) => return response,
    };
    if !step.is_own() {
        return show(&step, StatusCode::FORBIDDEN, Vec::new(), Some(TOO_OLD.to_string())).await;
    }
    let setup = &console.acts.setup;
    let is_trial = step.form.raw("do") == "check";
    let url = match url(&step.form) {
        Ok(url) => url,
        Err(why) => {
            return show(
                &step,
                StatusCode::UNPROCESSABLE_ENTITY,
                Vec::new(),
                Some(why.to_owned()),
            )
            .await;
        }
    };
    if let Some(url) = &url {
        let findings = match setup.try_database(&step.token, url).await {
            Ok(findings) => findings,
            Err(error) => return show(&step, refusal::status(&error), Vec::new(), Some(told(&error))).await,
        };
        let is_bad = findings.iter().any(|finding| finding.mood == "bad");
        if is_trial || is_bad {
            let status = if is_bad {
                StatusCode::UNPROCESSABLE_ENTITY
            } else {
                StatusCode::OK
            };
            return show(&step, status, findings, None).await;
        }
    } else if is_trial {
        return show(&step, StatusCode::OK, Vec::new(), None).await;
    }
    let applied = match setup.choose_database(&step.token, url.as_deref()) {
        Ok(()) => setup.apply(&step.token).await,
        Err(error) => Err(error),
    };
    match applied {
        Ok(Applied::Holds) => Redirect::to("/setup/account").into_response(),
        Ok(Applied::Restarts) => restarting(&step),
        Ok(Applied::ByHand(written)) => by_hand(&step, written),
        Err(error) => show(&step, refusal::status(&error), Vec::new(), Some(told(&error))).await,
    }
}

/// The database that a form describes; none: the one that runs.
fn url(form: &Fields) -> Result<Option<String>, &'static str> {
    let scheme = match form.raw("kind") {
        "postgres" => "postgres",
        "mysql" => "mysql",
        _ => return Ok(None),
    };
    let (server, name, user) = (form.get("server"), form.get("name"), form.get("user"));
    if let Some((given, _)) = server.split_once("://") {
        let is_it = given == scheme || [("postgresql", "postgres"), ("mariadb", "mysql")].contains(&(given, scheme));
        return match is_it {
            true => Ok(Some(server)),
            false => Err(t(
                "this whole address is of another kind of database than the one chosen above it",
            )),
        };
    }
    if server.is_empty() || server.contains(['/', '?', '#', '@', ' ']) {
        return Err(t(
            "say on which server the database is, as in db.example.org or 192.0.2.7:5432",
        ));
    }
    if name.is_empty() || user.is_empty() {
        return Err(t("say the name of the database, and the user that it lets in"));
    }
    let mut url = format!("{scheme}://{}", percent(&user));
    if !form.raw("password").is_empty() {
        let _ = write!(url, ":{}", percent(form.raw("password")));
    }
    let _ = write!(url, "@{server}/{}", percent(&name));
    Ok(Some(url))
}

fn percent(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

fn restarting(step: &Step) -> Response {
    let page = RestartPage {
        life: step.console.acts.setup.life(),
        style: assets::style(),
        icon: assets::icon(),
        script: assets::back(),
    };
    step.show(StatusCode::OK, &page)
}

fn by_hand(step: &Step, written: Written) -> Response {
    let Written::Not { path, why, lines } = written else {
        return restarting(step);
    };
    let page = ByHandPage {
        style: assets::style(),
        icon: assets::icon(),
        path: path.display().to_string(),
        why,
        lines,
    };
    step.show(StatusCode::OK, &page)
}

async fn show(step: &Step, status: StatusCode, findings: Vec<Finding>, error: Option<String>) -> Response {
    let info = match step.console.acts.setup.info().await {
        Ok(info) => info,
        Err(error) => return refusal::bare(refusal::status(&error), &told(&error)),
    };
    let form = &step.form;
    let page = Page {
        style: assets::style(),
        icon: assets::icon(),
        form_token: &step.form_token,
        now: info.configured.database,
        fixed_by: info.configured.database_by,
        kind: form.raw("kind"),
        server: &form.get("server"),
        name: &form.get("name"),
        user: &form.get("user"),
        // What was typed is kept for the press of the other button.
        password: form.raw("password"),
        findings,
        error,
    };
    step.show(status, &page)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(form: &str, expected: Result<Option<&str>, ()>) {
        let url = url(&Fields::read(form.as_bytes())).ok();
        assert_eq!(url.as_ref().map(Option::as_deref), expected.ok(), "{form}");
    }

    #[test]
    fn a_form_describes_a_database() {
        check("kind=keep&server=x", Ok(None));
        check("", Ok(None));
        check(
            "kind=postgres&server=db:5433&name=hearth&user=h&password=a%40b%2Fc",
            Ok(Some("postgres://h:a%40b%2Fc@db:5433/hearth")),
        );
        check(
            "kind=mysql&server=db&name=hearth&user=h",
            Ok(Some("mysql://h@db/hearth")),
        );
        let whole = "mysql://h@db/hearth?socket=/run/x.sock";
        check(&format!("kind=mysql&server={whole}"), Ok(Some(whole)));
        check(&format!("kind=postgres&server={whole}"), Err(()));
        check("kind=mysql&server=&name=hearth&user=h", Err(()));
        check("kind=mysql&server=a%40b&name=hearth&user=h", Err(()));
        check("kind=postgres&server=db&name=&user=h", Err(()));
    }
}
