//! RFC 6120 §7: resources, and what happens when two clients want the same one.

use protocol::{Jid, ns};
use router::ConflictPolicy;
use testkit::{
    client::{Client, Connect},
    managed::{befriend, condition},
    server::{PASSWORD, Server, Setup},
};

/// Logs in and binds; the condition of the server's refusal.
async fn bind(server: &Server, account: &Jid, resource: &str) -> Result<Client, String> {
    let login = Connect::StartTls(server.starttls).log_in(account, PASSWORD);
    let unbound = login.await.expect("the password is right");
    unbound.bind(resource).await.map_err(|refusal| {
        let error = refusal.find("error", ns::CLIENT).expect("a stanza error");
        condition(error).to_owned()
    })
}

async fn with_policy(policy: ConflictPolicy) -> Server {
    let mut setup = Setup::default();
    setup.c2s.conflict_policy = policy;
    Server::with(setup).await
}

#[tokio::test]
async fn a_newcomer_displaces_the_client_that_has_the_resource() {
    let server = with_policy(ConflictPolicy::Kick).await;
    let mut romeo = server.user("romeo").await;
    let mut juliet = server.user("juliet").await;
    befriend(&server, &mut romeo, &mut juliet).await;
    let account = juliet.jid.to_bare();
    let mut newcomer = bind(&server, &account, "sofa")
        .await
        .expect("the policy is on its side");
    assert_eq!(juliet.end().await.as_ref().map(condition), Some("conflict"));
    newcomer.available().await;
    // The end of the old session must not look like the end of the new one (its presence comes first).
    let seen: Vec<_> = romeo.all().await;
    let types: Vec<_> = seen
        .iter()
        .filter(|it| it.name == "presence" && it.get("from") == Some(newcomer.jid.as_str()))
        .map(|it| it.get("type"))
        .collect();
    assert_eq!(types, [Some("unavailable"), None]);
    romeo
        .send(format!("<message to='{}'><body>Hi</body></message>", newcomer.jid))
        .await;
    newcomer.message().await;
}

#[tokio::test]
async fn a_newcomer_is_refused_where_the_policy_says_so() {
    let server = with_policy(ConflictPolicy::Refuse).await;
    let mut juliet = server.user("juliet").await;
    let account = juliet.jid.to_bare();
    for _ in 0..3 {
        assert_eq!(bind(&server, &account, "sofa").await.err().as_deref(), Some("conflict"));
    }
    juliet.all().await;
    let other = bind(&server, &account, "balcony").await;
    assert!(other.is_ok(), "another resource is free");
}

#[tokio::test]
async fn a_newcomer_that_insists_gets_the_resource() {
    let server = with_policy(ConflictPolicy::KickAfter(2)).await;
    let mut juliet = server.user("juliet").await;
    let account = juliet.jid.to_bare();
    for _ in 0..2 {
        assert_eq!(bind(&server, &account, "sofa").await.err().as_deref(), Some("conflict"));
    }
    let newcomer = bind(&server, &account, "sofa").await;
    assert!(newcomer.is_ok());
    assert_eq!(juliet.end().await.as_ref().map(condition), Some("conflict"));
}

#[tokio::test]
async fn who_is_refused_may_ask_for_another_resource_on_the_same_stream() {
    let server = with_policy(ConflictPolicy::Refuse).await;
    let juliet = server.user("juliet").await;
    let account = juliet.jid.to_bare();
    let login = Connect::DirectTls(server.direct_tls).log_in(&account, PASSWORD);
    let mut wire = login.await.expect("the password is right").wire;
    for (resource, expected) in [("sofa", "error"), ("balcony", "result")] {
        wire.send(format!(
            "<iq type='set' id='b'><bind xmlns='{}'><resource>{resource}</resource></bind></iq>",
            ns::BIND
        ))
        .await;
        assert_eq!(wire.element().await.get("type"), Some(expected));
    }
}

#[tokio::test]
async fn an_account_has_ten_sessions_and_no_more() {
    let server = Server::start().await;
    let account = server.account("juliet").await;
    let mut clients = Vec::new();
    for number in 0..10 {
        clients.push(server.client(&account, &format!("client {number}")).await);
    }
    assert_eq!(
        bind(&server, &account, "one too many").await.err().as_deref(),
        Some("resource-constraint")
    );
    for client in &mut clients {
        client.all().await;
    }
    assert!(
        bind(&server, &account, "client 3").await.is_ok(),
        "taking an own place takes none"
    );
}

#[tokio::test]
async fn who_names_no_resource_gets_one() {
    let server = Server::start().await;
    let account = server.account("juliet").await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let client = bind(&server, &account, "").await.expect("there is always one");
        let resource = client.jid.resource().expect("it is bound").to_owned();
        assert!(resource.len() >= 16 && !seen.contains(&resource), "{resource}");
        seen.push(resource);
    }
}

#[tokio::test]
async fn resources_are_kept_as_clients_really_name_them() {
    let server = Server::start().await;
    let account = server.account("juliet").await;
    for resource in ["Psi+ on a Mac", "🛋 sofa", "a/b@c", "Käfig"] {
        let client = server.client(&account, resource).await;
        assert_eq!(client.jid.resource(), Some(resource));
    }
    let refused = bind(&server, &account, &"x".repeat(1024)).await;
    assert_eq!(refused.err().as_deref(), Some("bad-request"), "1023 bytes are the most");
}
