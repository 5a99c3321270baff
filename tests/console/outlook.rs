//! What is to be mended, on the first page: found in the background, as `hearth check` finds it.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::{
    cluster::until,
    house::{House, LOOK_AGAIN, PATIENCE},
};

#[test]
fn the_first_page_lists_what_is_to_be_mended_and_does_not_wait_for_it() -> Result<()> {
    let house = House::start()?;
    let mut owner = house.visitor("owner");
    until(
        &mut owner,
        "/",
        "is a name that only this machine or network knows",
        PATIENCE,
    )?;
    let page = owner.get("/");
    page.says(200, "What to do: clients elsewhere need a public domain")
        .says(200, "a self-signed one")
        .says(200, "as <code>hearth check</code> does");
    house.visitor("reader").get("/").says(200, "Names and certificates");
    let host_only = house.visitor("chief").get("/");
    ensure!(!host_only.body.contains("Names and certificates"), "{}", host_only.body);

    // Names that nobody answers for take seconds; the page takes none of them, and says what is not known.
    owner
        .post("/", "/hosts/add", &[("domain", "chat.example.org")])
        .leads_to("/hosts?done=host");
    let began = Instant::now();
    owner.get("/").says(200, "Names and certificates");
    ensure!(
        began.elapsed() < Duration::from_secs(2),
        "the page took {:.1?}",
        began.elapsed()
    );
    // The figures name the host as well, so the finding is looked for.
    let began = Instant::now();
    loop {
        let page = owner.get("/").body;
        let findings = page.split("id=\"warnings\"").nth(1).unwrap_or_default();
        let findings = findings.split("</section>").next().unwrap_or_default();
        if findings.contains("chat.example.org") {
            ensure!(findings.matches("What to do: ").count() > 2, "{findings}");
            return Ok(());
        }
        ensure!(
            began.elapsed() < PATIENCE,
            "nothing is said of the new host: {findings}"
        );
        std::thread::sleep(LOOK_AGAIN);
    }
}
