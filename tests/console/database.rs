//! The page of the database, on each of them.

use anyhow::{Result, ensure};
use testkit::databases::Kind;

use crate::house::House;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_of_sqlite() -> Result<()> {
    the_page_tells(
        Kind::Sqlite,
        &["SQLite is for one server alone", "Write-ahead log", "hearth.db"],
    )
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_of_postgresql() -> Result<()> {
    the_page_tells(
        Kind::Postgres,
        &["PostgreSQL 1", "Can be written to", "so there is room for", "about "],
    )
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_of_mariadb() -> Result<()> {
    the_page_tells(
        Kind::Mysql,
        &["MariaDB", "Can be written to", "so there is room for", "about "],
    )
    .await
}

async fn the_page_tells(kind: Kind, words: &[&str]) -> Result<()> {
    let house = House::start_on(kind).await?;
    tokio::task::block_in_place(|| {
        let mut owner = house.visitor("owner");
        let page = owner.get("/database");
        for words in words
            .iter()
            .chain(&["message_log", "the first tables", "0 of at most 50000"])
        {
            page.says(200, words);
        }
        ensure!(!page.body.contains("unknown"), "{}", page.body);
        // The password, where there is one, is no part of it.
        let address = page.body.split("<dt>Address</dt>").nth(1).unwrap_or_default();
        let address = address.split("</dd>").next().unwrap_or_default();
        ensure!(address.contains("hearth"), "{address}");
        ensure!(!address.contains('@') || !address.contains(":hearth@"), "{address}");
        // From now on nearly everything is slow; nobody's name is in what is listed.
        owner.post("/", "/properties/database.slow_statement_ms", &[("value", "1")]);
        let began = std::time::Instant::now();
        let slow = loop {
            owner.get("/accounts?prefix=sesame");
            owner.post(
                "/",
                "/hosts/add",
                &[("domain", &format!("h{}.sesame.test", began.elapsed().as_millis()))],
            );
            let page = owner.get("/database");
            if page.body.contains("id=\"slow\"") {
                break page;
            }
            ensure!(
                began.elapsed() < crate::house::PATIENCE,
                "nothing is slow: {}",
                page.body
            );
        };
        ensure!(!slow.body.contains("sesame"), "{}", slow.body);
        house.visitor("reader").get("/database").says(200, "Slow statements");
        house.visitor("chief").get("/database").says(403, "may not do this");
        Ok(())
    })
}
