//! A real Chromium: from the terminal's token to a page of accounts, without a violation of accessibility.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use fantoccini::{Client, ClientBuilder, Locator, key::Key};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tests::support::{
    child::Guarded,
    process::{DOMAIN, Server},
    tools,
};
use tokio::task::block_in_place;

use crate::house::{PASSWORD, setup_token};

/// How long a page may take to show something, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A driver with one browser. Both end with this value.
pub(crate) struct Chromium {
    pub(crate) page: Client,
    _driver: Guarded,
    _directory: tempfile::TempDir,
}

/// What a person has before them.
#[derive(Clone, Copy)]
pub(crate) struct Screen {
    name: &'static str,
    width: u32,
    height: u32,
    is_phone: bool,
    is_dark: bool,
}

const fn screen(name: &'static str, width: u32, height: u32, is_phone: bool, is_dark: bool) -> Screen {
    Screen {
        name,
        width,
        height,
        is_phone,
        is_dark,
    }
}

pub(crate) const DESKTOP: Screen = screen("desktop.light", 1280, 900, false, false);
pub(crate) const SCREENS: [Screen; 4] = [
    DESKTOP,
    screen("desktop.dark", 1280, 900, false, true),
    screen("phone.light", 390, 844, true, false),
    screen("phone.dark", 390, 844, true, true),
];

impl Chromium {
    pub(crate) async fn start(screen: Screen) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("hearth-chromium.").tempdir()?;
        let log = directory.path().join("driver.log");
        let driver = Guarded::spawn(Command::new("chromedriver").arg("--port=0"), &log)?;
        let port = block_in_place(|| port(&log, &driver))?;
        let capabilities = capabilities(screen, &directory.path().join("profile"));
        let page = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .context("chromium does not start")?;
        Ok(Self {
            page,
            _driver: driver,
            _directory: directory,
        })
    }

    pub(crate) async fn end(self) -> Result<()> {
        Ok(self.page.close().await?)
    }

    pub(crate) async fn type_into(&self, field: &str, text: &str) -> Result<()> {
        let field = self.page.find(Locator::Css(field)).await?;
        field.clear().await?;
        Ok(field.send_keys(text).await?)
    }

    /// Clicks on it as soon as it is there: one page may just be taking another's place.
    pub(crate) async fn click(&self, what: &str) -> Result<()> {
        self.click_live(Locator::Css(what))
            .await
            .with_context(|| what.to_owned())
    }

    /// Waits until the page says this; how long that took.
    pub(crate) async fn until(&self, words: &str) -> Result<Duration> {
        let began = Instant::now();
        loop {
            let text = self.text().await.unwrap_or_default();
            if text.contains(words) {
                return Ok(began.elapsed());
            }
            if began.elapsed() > PATIENCE {
                bail!("waited in vain for {words:?}; the page says:\n{text}");
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Waits until something that this selects is on the page.
    pub(crate) async fn until_there(&self, selector: &str) -> Result<()> {
        let began = Instant::now();
        while self.page.find(Locator::Css(selector)).await.is_err() {
            if began.elapsed() > PATIENCE {
                bail!("waited in vain for {selector}; the page says:\n{}", self.text().await?);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    /// Clicks on what keeps itself up to date. It may just be swapped for its like: then again.
    pub(crate) async fn click_live(&self, what: Locator<'_>) -> Result<()> {
        let began = Instant::now();
        loop {
            let clicked = match self.page.find(what).await {
                Ok(link) => link.click().await,
                Err(error) => Err(error),
            };
            match clicked {
                Ok(()) => return Ok(()),
                Err(error) if began.elapsed() > PATIENCE => return Err(error.into()),
                Err(_) => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    }

    pub(crate) async fn text(&self) -> Result<String> {
        let text = self.page.execute("return document.body.innerText", Vec::new()).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    pub(crate) async fn log_in(&self, console: &str, address: &str) -> Result<()> {
        self.page.goto(&format!("{console}/login")).await?;
        self.type_into("#address", address).await?;
        self.type_into("#password", PASSWORD).await?;
        self.click(".door button").await?;
        self.until("Overview").await.map(drop)
    }

    /// Saves what is seen, and holds the page to what everybody can use: no violation that axe-core finds, and nothing
    /// wider than the screen.
    pub(crate) async fn look(&self, screen: Screen, name: &str) -> Result<()> {
        let picture = self.page.screenshot().await?;
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("console");
        fs::create_dir_all(&directory)?;
        fs::write(directory.join(format!("{name}.{}.png", screen.name)), picture)?;
        let width = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        let surplus = self.page.execute(width, Vec::new()).await?;
        ensure!(
            surplus.as_i64() == Some(0),
            "{name} is {surplus} pixels too wide on {}",
            screen.name
        );
        let found = self.violations().await?;
        ensure!(found.is_empty(), "{name} on {}: {found:#?}", screen.name);
        Ok(())
    }

    async fn violations(&self) -> Result<Vec<Value>> {
        let source = fs::read_to_string(tools::installed("clients/node_modules/axe-core/axe.min.js")?)?;
        self.page.execute(&source, Vec::new()).await?;
        let run = "const done = arguments[0]; axe.run().then((it) => done(it.violations), (it) => done([String(it)]))";
        let found = self.page.execute_async(run, Vec::new()).await?;
        let found = found.as_array().context("axe says what it has found")?.iter();
        let short = |it: &Value| json!({ "id": it["id"], "help": it["help"], "nodes": it["nodes"][0]["html"] });
        Ok(found.map(short).collect())
    }
}

fn capabilities(screen: Screen, profile: &Path) -> Map<String, Value> {
    let mut options = json!({
        "args": [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--ignore-certificate-errors",
            "--no-first-run",
            format!("--user-data-dir={}", profile.display()),
            format!("--window-size={},{}", screen.width, screen.height),
            format!("--blink-settings=preferredColorScheme={}", u8::from(!screen.is_dark)),
        ]
    });
    if screen.is_phone {
        let metrics = json!({ "width": screen.width, "height": screen.height, "pixelRatio": 2.0 });
        options["mobileEmulation"] = json!({ "deviceMetrics": metrics });
    }
    Map::from_iter([
        ("goog:chromeOptions".to_owned(), options),
        ("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" })),
        ("acceptInsecureCerts".to_owned(), json!(true)),
    ])
}

/// The port that the driver has chosen, from what it prints.
fn port(log: &Path, driver: &Guarded) -> Result<u16> {
    let began = Instant::now();
    loop {
        let printed = fs::read_to_string(log).unwrap_or_default();
        let said = printed.split("successfully on port ").nth(1);
        if let Some(port) = said.and_then(|rest| rest.split_once('.')?.0.parse().ok()) {
            return Ok(port);
        }
        ensure!(began.elapsed() < PATIENCE, "chromedriver says no port: {printed}");
        ensure!(driver.wait_for_output(LOOK_AGAIN), "chromedriver has ended: {printed}");
    }
}

pub(crate) fn https(address: SocketAddr) -> String {
    // The name that its certificate is for.
    format!("https://{DOMAIN}:{}", address.port())
}

/// Every page that is looked at.
const PAGES: &[(&str, &str)] = &[
    ("you", "/me"),
    ("welcome", "/welcome"),
    ("overview", "/"),
    ("accounts", "/accounts"),
    ("account", "/accounts/juliet@localhost"),
    ("new-account", "/accounts/new"),
    ("contacts", "/accounts/juliet@localhost/contacts"),
    ("blocked", "/accounts/juliet@localhost/blocked"),
    ("offline", "/accounts/juliet@localhost/offline"),
    ("vcard", "/accounts/juliet@localhost/vcard"),
    ("groups", "/groups"),
    ("new-group", "/groups/new"),
    ("sessions", "/sessions"),
    ("session", "/sessions/one?jid=juliet%40localhost%2Fbalcony"),
    ("announcement", "/sessions/announce"),
    ("clustering", "/cluster"),
    ("server", "/cluster/nodes/1"),
    ("cache", "/cluster/nodes/1/caches/failed%20logins%20by%20address"),
    ("cache-kept", "/cluster/nodes/1/caches/sessions"),
    ("properties", "/properties?text=roster"),
    ("property", "/properties/roster.max_items"),
    ("hosts", "/hosts"),
    ("certificates", "/certificates"),
    ("certificate", "/certificates/host/localhost"),
    ("certificate-import", "/certificates/import"),
    ("certificates-acme", "/certificates/acme"),
    ("host", "/hosts/localhost"),
    ("settings", "/settings"),
    ("settings-offline", "/settings/offline"),
    ("history", "/history"),
    ("administrators", "/administrators"),
    ("tokens", "/tokens"),
    ("database", "/database"),
    ("logs", "/logs"),
    ("audit", "/audit"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_the_token_on_the_terminal_to_every_page() -> Result<()> {
    let server = Server::start()?;
    let console = https(server.addresses().admin_tls.context("the console listens with TLS")?);
    let browser = Chromium::start(DESKTOP).await?;
    browser.page.goto(&console).await?;
    browser.until("has no administrator yet").await?;
    browser.type_into("#token", &setup_token(server.home())?).await?;
    browser.click(".door button").await?;
    browser.until("Step 1 of 3").await?;
    browser.click("button[value=go]").await?;
    browser.until("Step 2 of 3").await?;
    browser.click("button[value=go]").await?;
    browser.until("Step 3 of 3").await?;
    browser.type_into("#name", "romeo").await?;
    browser.type_into("#password", PASSWORD).await?;
    browser.type_into("#again", PASSWORD).await?;
    browser.click(".door button").await?;
    browser.until("The server is set up. Welcome.").await?;
    let cookies = browser.page.get_all_cookies().await?;
    let login = cookies.iter().find(|cookie| cookie.name() == "__Host-hearth");
    let login = login.with_context(|| format!("no login among {cookies:?}"))?;
    ensure!(
        login.http_only() == Some(true) && login.secure() == Some(true),
        "{login:?}"
    );
    let seen = browser.page.execute("return document.cookie", Vec::new()).await?;
    ensure!(seen == json!(""), "scripts see {seen}");

    browser.click(".side a[href='/accounts']").await?;
    browser.until("1 account at localhost").await?;
    browser.click(".title .button").await?;
    browser.type_into("#name", "juliet").await?;
    browser.type_into("#password", PASSWORD).await?;
    browser.type_into("#again", PASSWORD).await?;
    browser.click("main .form button").await?;
    browser.until("The account was made.").await?;
    browser.end().await?;
    let mut juliet = online(&server, "juliet", "balcony").await?;

    for screen in SCREENS {
        let browser = Chromium::start(screen).await?;
        browser.page.goto(&format!("{console}/login")).await?;
        browser.look(screen, "login").await?;
        browser.log_in(&console, "romeo").await?;
        for (name, path) in PAGES {
            browser.page.goto(&format!("{console}{path}")).await?;
            browser.look(screen, name).await?;
        }
        inspects(&browser, screen, &console, &mut juliet).await?;
        browser.page.goto(&format!("{console}/cluster")).await?;
        browser.until("SQLite is for one server alone").await?;
        // In one question: the page may put another one in its place at any moment.
        let ask = "return document.getElementById('switch').disabled";
        let is_off = browser.page.execute(ask, Vec::new()).await?;
        ensure!(is_off == json!(true), "clustering cannot be switched on with SQLite");
        browser.end().await?;
    }
    // German has the longer words: one screen of each width.
    for screen in [SCREENS[1], SCREENS[2]] {
        in_german(screen, &console).await?;
    }
    Ok(())
}

/// Chooses German in the foot of a page, and looks at all pages once more.
async fn in_german(screen: Screen, console: &str) -> Result<()> {
    let browser = Chromium::start(screen).await?;
    browser.log_in(console, "romeo").await?;
    browser.click(".foot button[value=de]").await?;
    browser.until("Übersicht").await?;
    for (name, path) in PAGES {
        browser.page.goto(&format!("{console}{path}")).await?;
        browser.look(screen, &format!("{name}.de")).await?;
    }
    browser.page.goto(&format!("{console}/logs")).await?;
    for words in ["Weiter", "Anhalten"] {
        browser.click("[data-pause]").await?;
        browser.until(words).await?;
    }
    browser.end().await
}

/// Somebody who is connected, and says so.
async fn online(server: &Server, name: &str, resource: &str) -> Result<testkit::client::Client> {
    let jid: protocol::Jid = format!("{name}@{DOMAIN}").parse()?;
    let connect = testkit::client::Connect::DirectTls(server.addresses().c2s_tls);
    let unbound = connect
        .log_in(&jid, PASSWORD)
        .await
        .map_err(|it| anyhow::anyhow!("{it:?}"))?;
    let mut client = unbound.bind(resource).await.map_err(|it| anyhow::anyhow!("{it:?}"))?;
    client
        .send("<presence><show>dnd</show><status>on the balcony, and not to be disturbed</status></presence>")
        .await;
    client.presence().await;
    Ok(client)
}

/// Looks into a session: what passes it is seen without a reload, and it ends.
async fn inspects(
    browser: &Chromium,
    screen: Screen,
    console: &str,
    juliet: &mut testkit::client::Client,
) -> Result<()> {
    let page = format!("{console}/sessions/one?jid=juliet%40localhost%2Fbalcony");
    browser.page.goto(&page).await?;
    browser.until("on the balcony").await?;
    browser
        .click_live(Locator::Css("[data-live=inspection] button"))
        .await?;
    browser.until("what people write is hidden").await?;
    let before = juliet.jid.clone();
    juliet
        .send(format!(
            "<message to='{before}' type='chat' id='night'><body>Good night!</body>\
             <active xmlns='http://jabber.org/protocol/chatstates'/></message>"
        ))
        .await;
    juliet.message().await;
    browser.until("[11 characters]").await?;
    browser.until("to the client").await?;
    browser.look(screen, "inspector").await?;
    browser
        .click_live(Locator::Css("[data-live=inspection] button"))
        .await?;
    browser.until("It shows every stanza that passes").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keyboard_is_enough() -> Result<()> {
    let server = Server::start()?;
    server.home().add_account("romeo", PASSWORD)?;
    server
        .home()
        .hearth(&["admin", "grant", &format!("romeo@{DOMAIN}"), "--role", "owner"], "")?;
    let console = format!("http://{}", server.addresses().admin.context("the console listens")?);
    let browser = Chromium::start(DESKTOP).await?;
    browser.page.goto(&format!("{console}/login")).await?;
    let press = async |text: &str| {
        let focused = browser.page.active_element().await?;
        focused.send_keys(text).await
    };
    let tab = String::from(char::from(Key::Tab));
    let enter = String::from(char::from(Key::Enter));
    press(&tab).await?;
    press("romeo").await?;
    press(&tab).await?;
    press(&format!("{PASSWORD}{enter}")).await?;
    browser.until("Overview").await?;
    press(&tab).await?;
    let focused = browser.page.active_element().await?;
    ensure!(
        focused.text().await? == "Skip to the page",
        "the first stop is the way past the menu"
    );
    press(&enter).await?;
    let place = browser
        .page
        .execute("return document.activeElement.id", Vec::new())
        .await?;
    ensure!(place == json!("main"), "the way past the menu leads to {place}");
    browser.end().await
}
