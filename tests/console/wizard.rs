//! The first line of the console's story: from a fresh server to two people chatting, with a browser and a client.

use anyhow::{Context as _, Result, ensure};
use protocol::Jid;
use testkit::{
    client::{Client, Connect},
    databases::{self, Kind},
};
use tests::support::{
    ports,
    process::{DOMAIN, Home, Server},
};
use tokio::task::block_in_place;

use crate::{
    app::App,
    chromium::{Chromium, DESKTOP, SCREENS},
    house::{PASSWORD, setup_token},
};

/// A server as it comes: nothing is configured but where it listens.
fn fresh() -> Result<Home> {
    let mut home = Home::new()?.without("HEARTH_DOMAIN").without("HEARTH_DATABASE__URL");
    for key in [
        "HEARTH_C2S__LISTEN",
        "HEARTH_C2S__TLS_LISTEN",
        "HEARTH_ADMIN__LISTEN",
        "HEARTH_ADMIN__TLS_LISTEN",
    ] {
        home = home.with(key, &format!("127.0.0.1:{}", ports::free()?));
    }
    Ok(home)
}

async fn show_the_token(browser: &Chromium, console: &str, server: &Server) -> Result<()> {
    browser.page.goto(&format!("{console}/setup")).await?;
    browser
        .type_into("#token", &block_in_place(|| setup_token(server.home()))?)
        .await?;
    browser.click(".door button").await?;
    browser.until("Step 1 of 3").await.map(drop)
}

/// Makes the administrator, and is led to what comes next.
async fn make_the_administrator(browser: &Chromium) -> Result<()> {
    browser.until("Step 3 of 3").await?;
    browser.type_into("#name", "romeo").await?;
    browser.type_into("#password", PASSWORD).await?;
    browser.type_into("#again", PASSWORD).await?;
    browser.click(".door button").await?;
    browser.until("The server is set up. Welcome.").await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_a_fresh_server_to_two_people_chatting() -> Result<()> {
    let server = block_in_place(|| fresh()?.start())?;
    let console = format!("http://{}", server.addresses().admin.context("the console listens")?);
    for screen in SCREENS {
        let browser = Chromium::start(screen).await?;
        browser.page.goto(&format!("{console}/setup")).await?;
        browser.look(screen, "setup").await?;
        show_the_token(&browser, &console, &server).await?;
        browser.look(screen, "setup-domain").await?;
        browser.click("button[value=check]").await?;
        browser.until("this server listens there").await?;
        browser.look(screen, "setup-domain-checked").await?;
        browser.click("button[value=go]").await?;
        browser.until("Step 2 of 3").await?;
        browser.look(screen, "setup-database").await?;
        browser.click("button[value=go]").await?;
        browser.until("Step 3 of 3").await?;
        browser.look(screen, "setup-account").await?;
        browser.end().await?;
    }

    let browser = Chromium::start(DESKTOP).await?;
    show_the_token(&browser, &console, &server).await?;
    for _ in 0..2 {
        browser.click("button[value=go]").await?;
    }
    make_the_administrator(&browser).await?;
    browser.look(DESKTOP, "welcome").await?;
    browser.click("main .button").await?;
    browser.type_into("#name", "juliet").await?;
    browser.type_into("#password", PASSWORD).await?;
    browser.type_into("#again", PASSWORD).await?;
    browser.click("main .form button").await?;
    browser.until("The account was made.").await?;
    browser.page.goto(&format!("{console}/setup")).await?;
    browser.until("No page has this address.").await?;
    browser.end().await?;
    chat(&server, DOMAIN).await
}

/// Two clients, and a message each way.
async fn chat(server: &Server, domain: &str) -> Result<()> {
    let connect = Connect::DirectTls(server.addresses().c2s_tls);
    let enter = async |name: &str| -> Result<Client> {
        let jid: Jid = format!("{name}@{domain}").parse()?;
        let mut client = connect
            .log_in(&jid, PASSWORD)
            .await
            .unwrap()
            .bind("balcony")
            .await
            .unwrap();
        client.available().await;
        Ok(client)
    };
    let (mut romeo, mut juliet) = (enter("romeo").await?, enter("juliet").await?);
    say(&mut romeo, &mut juliet, "She speaks").await;
    say(&mut juliet, &mut romeo, "O Romeo").await;
    Ok(())
}

async fn say(from: &mut Client, to: &mut Client, text: &str) {
    let message = format!("<message type='chat' to='{}'><body>{text}</body></message>", to.jid);
    from.send(&message).await;
    let heard = to.message().await;
    assert!(format!("{heard:?}").contains(text), "{heard:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_domain_and_another_database_hold_after_the_server_has_started_anew() -> Result<()> {
    let database = databases::fresh(Kind::Postgres).await?;
    let server = block_in_place(|| fresh()?.start())?;
    let console = format!("http://{}", server.addresses().admin.context("the console listens")?);
    let browser = Chromium::start(DESKTOP).await?;
    show_the_token(&browser, &console, &server).await?;
    browser.type_into("#domain", "chat.test").await?;
    browser.click("button[value=go]").await?;
    browser.until("Step 2 of 3").await?;
    browser.click("#kind option[value=postgres]").await?;
    browser.type_into("#server", "127.0.0.1:1").await?;
    for field in ["#name", "#user", "#password"] {
        browser.type_into(field, "hearth").await?;
    }
    browser.click("button[value=go]").await?;
    browser.until("nothing answers at 127.0.0.1:1").await?;
    browser.look(DESKTOP, "setup-database-silent").await?;
    browser.type_into("#server", database.url()).await?;
    browser.click("button[value=check]").await?;
    browser.until("the first start makes its tables").await?;
    browser.click("button[value=go]").await?;
    let made = make_the_administrator(&browser).await;
    made.with_context(|| server.home().log())?;
    browser.until("romeo@chat.test").await?;
    browser.page.goto(&console).await?;
    browser.until("chat.test").await?;
    browser.end().await?;
    block_in_place(|| {
        let accounts = server.home().hearth(&["account", "list"], "")?;
        ensure!(accounts.contains("romeo@chat.test"), "{accounts}");
        let shown = server.home().hearth(&["config", "show"], "")?;
        ensure!(shown.contains("postgres") && shown.contains("hearth.toml:"), "{shown}");
        Ok(())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_factor_is_set_up_and_asked_for() -> Result<()> {
    let home = Home::new()?.with("HEARTH_PROPERTIES__CONSOLE__PROOF_LASTS_SECS", "0");
    let server = block_in_place(|| home.start())?;
    block_in_place(|| {
        server.home().add_account("romeo", PASSWORD)?;
        let jid = format!("romeo@{DOMAIN}");
        server.home().hearth(&["admin", "grant", &jid, "--role", "owner"], "")
    })?;
    let console = format!("http://{}", server.addresses().admin.context("the console listens")?);
    let mut app = None;
    for screen in SCREENS {
        let browser = Chromium::start(screen).await?;
        if app.is_some() {
            browser.page.goto(&format!("{console}/login")).await?;
            browser.type_into("#address", "romeo").await?;
            browser.type_into("#password", PASSWORD).await?;
            browser.click(".door button").await?;
            browser.until("One more step").await?;
            browser.look(screen, "code").await?;
            browser.end().await?;
            continue;
        }
        browser.log_in(&console, "romeo").await?;
        browser.page.goto(&format!("{console}/me/second-factor")).await?;
        browser.look(screen, "second-factor").await?;
        browser.click("main .form button").await?;
        browser.until("Is it still you?").await?;
        browser.look(screen, "proof").await?;
        browser.type_into("#proof-password", PASSWORD).await?;
        browser.click("main .form button").await?;
        browser.until("Secret:").await?;
        browser.look(screen, "second-factor-secret").await?;
        let text = browser.text().await?;
        let secret = text.split("Secret: ").nth(1).and_then(|rest| rest.lines().next());
        let made = App::of(secret.context("the secret is shown")?.trim());
        browser.type_into("#code", &made.code(0)).await?;
        browser.click("main .form button").await?;
        browser.until("Keep these").await?;
        browser.look(screen, "recovery-codes").await?;
        app = Some(made);
        browser.page.goto(&format!("{console}/me")).await?;
        browser.click("main .form button").await?;
        browser.until("Is it still you?").await?;
        browser.look(screen, "proof-with-code").await?;
        browser.end().await?;
    }
    Ok(())
}
