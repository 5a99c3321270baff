//! What two people do with tokio-xmpp, step by step; ends at the first step that fails and names it.

mod session;
mod wire;

use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use session::Session;
use tokio_xmpp::parsers::delay::Delay;
use tokio_xmpp::parsers::presence::{Presence, Show, Type};
use tokio_xmpp::parsers::roster::Subscription;

/// An offline message was sent moments ago: its stamp may not be older than this.
const STAMP_AGE: Duration = Duration::from_secs(300);

fn main() -> ExitCode {
    match story() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            println!("failed: {failure:#}\nwire:\n{}", wire::transcript());
            ExitCode::FAILURE
        }
    }
}

fn story() -> Result<()> {
    wire::record();
    let juliet_password = std::env::var("JULIET_PASSWORD")?;
    let romeo_password = std::env::var("ROMEO_PASSWORD")?;

    step("a wrong password is refused", || {
        Session::is_refused("romeo", &format!("not {romeo_password}"))
    })?;
    let (mut juliet, mut romeo) = step("log in by SCRAM", || {
        Ok((
            Session::go_online("juliet", &juliet_password)?,
            Session::go_online("romeo", &romeo_password)?,
        ))
    })?;
    step("add a contact", || add_contact(&mut romeo, &mut juliet))?;
    step("accept a contact", || accept_contact(&mut juliet, &mut romeo))?;
    let mut romeo = step("presence comes and goes", || {
        let away = Presence::available().with_show(Show::Away);
        romeo.send(away)?;
        juliet.expect_presence(&romeo, &Type::None, |presence| presence.show == Some(Show::Away))?;
        come_back(romeo, &romeo_password, &mut juliet)
    })?;
    step("chat both ways", || chat(&mut romeo, &mut juliet))?;
    let romeo = step("an offline message arrives with its stamp", || {
        offline(romeo, &romeo_password, &mut juliet)
    })?;
    let juliet = step("change the password", || {
        let new_password = format!("new {juliet_password}");
        juliet.change_password(&new_password)?;
        juliet.log_out()?;
        Session::is_refused("juliet", &juliet_password)?;
        let mut juliet = Session::go_online("juliet", &new_password)?;
        juliet.expect_presence(&romeo, &Type::None, |_| true)?;
        Ok(juliet)
    })?;
    step("log out", || {
        juliet.log_out()?;
        romeo.log_out()
    })
}

/// Says how the step ended.
fn step<T>(name: &'static str, act: impl FnOnce() -> Result<T>) -> Result<T> {
    let result = act().context(name)?;
    println!("ok: {name}");
    Ok(result)
}

fn add_contact(romeo: &mut Session, juliet: &mut Session) -> Result<()> {
    romeo.add_to_roster(juliet, "Juliet", "Friends")?;
    romeo.send(Presence::subscribe().with_to(juliet.address()))?;
    juliet.expect_presence(romeo, &Type::Subscribe, |_| true)?;
    Ok(())
}

fn accept_contact(juliet: &mut Session, romeo: &mut Session) -> Result<()> {
    juliet.send(Presence::subscribed().with_to(romeo.address()))?;
    juliet.send(Presence::subscribe().with_to(romeo.address()))?;
    romeo.expect_presence(juliet, &Type::Subscribed, |_| true)?;
    romeo.expect_presence(juliet, &Type::None, |_| true)?;
    romeo.expect_presence(juliet, &Type::Subscribe, |_| true)?;
    romeo.send(Presence::subscribed().with_to(juliet.address()))?;
    juliet.expect_presence(romeo, &Type::Subscribed, |_| true)?;
    juliet.expect_presence(romeo, &Type::None, |_| true)?;
    let roster = romeo.roster()?;
    let entry = roster.iter().find(|item| item.jid == juliet.address());
    let entry = entry.with_context(|| format!("juliet is not on romeo's roster: {roster:?}"))?;
    let groups: Vec<&str> = entry.groups.iter().map(|group| group.0.as_str()).collect();
    let kept = (&entry.subscription, entry.name.as_deref(), groups.as_slice());
    ensure!(
        kept == (&Subscription::Both, Some("Juliet"), &["Friends"]),
        "romeo's roster entry is {entry:?}"
    );
    Ok(())
}

/// Romeo logs out and in again, and Juliet sees it.
fn come_back(romeo: Session, password: &str, juliet: &mut Session) -> Result<Session> {
    leave(romeo, juliet)?;
    let mut romeo = Session::go_online("romeo", password)?;
    juliet.expect_presence(&romeo, &Type::None, |_| true)?;
    romeo.expect_presence(juliet, &Type::None, |_| true)?;
    Ok(romeo)
}

fn leave(romeo: Session, juliet: &mut Session) -> Result<()> {
    let address = romeo.address();
    romeo.log_out()?;
    juliet.expect_presence_of(&address, &Type::Unavailable, |_| true)?;
    Ok(())
}

fn chat(romeo: &mut Session, juliet: &mut Session) -> Result<()> {
    romeo.say(juliet.address().into(), "Shall I speak at this? 🌹 <&>")?;
    let heard = juliet.expect_message("Shall I speak at this? 🌹 <&>")?;
    juliet.say(heard.from.context("a message has a sender")?, "Ay me!")?;
    let answer = romeo.expect_message("Ay me!")?;
    let late = answer.payloads.iter().any(|payload| payload.name() == "delay");
    ensure!(!late, "a message that was delivered at once carries a delay stamp");
    Ok(())
}

fn offline(romeo: Session, password: &str, juliet: &mut Session) -> Result<Session> {
    let address = romeo.address();
    leave(romeo, juliet)?;
    juliet.say(address.into(), "Good night, good night!")?;
    let mut romeo = Session::go_online("romeo", password)?;
    let message = romeo.expect_message("Good night, good night!")?;
    let delay = message
        .payloads
        .iter()
        .find_map(|payload| Delay::try_from(payload.clone()).ok());
    let delay = delay.with_context(|| format!("no delay stamp in {message:?}"))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let age = now.abs_diff(u64::try_from(delay.stamp.0.timestamp())?);
    ensure!(age < STAMP_AGE.as_secs(), "the delay stamp is {:?}", delay.stamp);
    Ok(romeo)
}
