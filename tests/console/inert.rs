//! What attackers store, looked at by a real browser: nothing of it runs, and nothing even tries to.

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use testkit::client::Connect;
use tests::support::process::DOMAIN;
use tokio::task::block_in_place;

use crate::{
    chromium::{Chromium, DESKTOP},
    house::{House, PASSWORD},
};

const MARKUP: &[&str] = &[
    "\"><script>window.hacked=1</script>",
    "'><img src=x onerror=window.hacked=1>",
    "</textarea></title><svg onload=window.hacked=1>",
    "<a href=\"javascript:window.hacked=1\" autofocus onfocus=window.hacked=1>x</a>",
    "{{7*7}}\u{2028}<style>*{display:none}</style>",
];

/// What the browser had to forbid on this page, and what ran.
const FORBIDDEN: &str = "const done = arguments[0]; const seen = []; \
    const observer = new ReportingObserver((reports) => seen.push(...reports.map((it) => it.body.blockedURL || 'inline')), \
    { types: ['csp-violation'], buffered: true }); observer.observe(); \
    setTimeout(() => done([seen, window.hacked === undefined]), 50)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_is_stored_runs_in_a_browser() -> Result<()> {
    let house = block_in_place(House::start)?;
    let connect = Connect::DirectTls(house.server.addresses().c2s_tls);
    let console = format!("http://{}", house.console());
    let browser = Chromium::start(DESKTOP).await?;
    browser.log_in(&console, &format!("owner@{DOMAIN}")).await?;
    for payload in MARKUP {
        let alice = format!("/accounts/alice@{DOMAIN}");
        block_in_place(|| {
            let mut owner = house.visitor("owner");
            owner.post("/", &format!("{alice}/lock"), &[("reason", payload)]);
            owner.post("/", "/administrators/grant", &[("address", payload), ("role", "owner")]);
            house.stranger().log_in(payload, payload);
        });
        let escaped = payload
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('\'', "&apos;")
            .replace('"', "&quot;");
        let bob = format!("bob@{DOMAIN}").parse()?;
        // Some of them are no resource, which is as good.
        let _session = match connect.log_in(&bob, PASSWORD).await {
            Ok(stream) => stream.bind(&escaped).await.ok(),
            Err(_) => None,
        };
        let search = format!("/sessions?text={}", crate::browser::percent(payload));
        for path in ["/sessions", "/audit", &alice, &search, "/accounts", "/administrators"] {
            browser.page.goto(&format!("{console}{path}")).await?;
            let found = browser.page.execute_async(FORBIDDEN, Vec::new()).await?;
            let found = found.as_array().context("the browser says what it forbade")?;
            ensure!(
                found[0] == json!([]) && found[1] == json!(true),
                "{payload} at {path}: {found:?}"
            );
        }
    }
    browser.end().await
}
