//! Certificates: made, asked for, put in, and shown to whoever connects from then on, without a restart.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};
use tests::support::process::{DOMAIN, Home};

use crate::{
    authority::{Authority, Issued},
    browser::{Answer, Browser},
    cluster::{Fleet, until},
    house::{House, LOOK_AGAIN, OTHER, PATIENCE},
};

const HERE: &str = "/certificates/import";
const SEPARATOR: &str = "----part";

/// Sends a form as browsers send those that have files in them.
fn send_parts(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Answer {
    let csrf = browser.get("/certificates").field("csrf");
    let mut body = String::new();
    for (name, value) in [&[("csrf", csrf.as_str())], fields].concat() {
        let file = if name.ends_with("-file") {
            "; filename=\"a.pem\""
        } else {
            ""
        };
        body += &format!("--{SEPARATOR}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n");
    }
    body += &format!("--{SEPARATOR}--\r\n");
    let kind = format!("multipart/form-data; boundary={SEPARATOR}");
    browser.send("POST", path, &[("Content-Type", kind.as_str())], &body)
}

fn import(browser: &mut Browser, issued: &Issued) -> Answer {
    send_parts(browser, HERE, &[("chain", &issued.chain), ("key", &issued.key)])
}

#[test]
fn a_certificate_that_is_put_in_is_shown_to_whoever_connects_from_then_on() -> Result<()> {
    let (house, authority) = (House::start()?, Authority::new()?);
    let addresses = house.server.addresses();
    let (clients, console) = (addresses.c2s_tls, addresses.admin_tls.unwrap());
    let mut owner = house.visitor("owner");
    owner.get("/certificates").says(200, "vouches for itself");
    let issued = authority.issue(&[DOMAIN, "*.localhost"])?;
    let print = authority.fingerprint(&issued.certificate)?;
    assert_ne!(authority.shown(clients, DOMAIN)?, print);

    // Files, as they are chosen on the page; the hosts are those that it names.
    let files = [("chain-file", issued.chain.as_str()), ("key-file", issued.key.as_str())];
    send_parts(&mut owner, HERE, &files).leads_to("/certificates?done=certificate-set");
    assert_eq!(authority.shown(clients, DOMAIN)?, print);
    assert_eq!(authority.shown(console, DOMAIN)?, print);
    assert_ne!(authority.shown(clients, OTHER)?, print, "it is not for that one");
    let list = owner.get("/certificates");
    list.says(200, "CN=Test-Middle")
        .says(200, "valid for 8")
        .says(200, "put in by an operator");
    let page = owner.get(&format!("/certificates/host/{DOMAIN}"));
    page.says(200, &print)
        .says(200, "whom this machine does not believe")
        .says(200, "ECDSA P-256")
        .says(200, "*.localhost");

    // The record says what was done, and nobody is told the key.
    owner.get("/audit?act=certificate").says(200, &print);
    let secret: String = issued.key.lines().nth(1).unwrap().to_owned();
    for path in ["/audit", "/certificates", &format!("/certificates/host/{DOMAIN}"), HERE] {
        assert!(!owner.get(path).body.contains(&secret), "{path}");
    }
    assert!(!fs::read_to_string(house.server.home().log_file())?.contains(&secret));
    let kept = house.server.home().data().join("certs/localhost.pem");
    assert_eq!(fs::metadata(&kept)?.permissions().mode() & 0o777, 0o600);

    // It outlives the server, and another one takes its place.
    let (home, _) = house.server.stop()?;
    let server = home.start()?;
    assert_eq!(authority.shown(server.addresses().c2s_tls, DOMAIN)?, print);
    let next = authority.issue(&[DOMAIN])?;
    let mut owner = Browser::new(server.addresses().admin.unwrap());
    owner
        .log_in(&format!("owner@{DOMAIN}"), crate::house::PASSWORD)
        .leads_to("/");
    import(&mut owner, &next).leads_to("/certificates?done=certificate-set");
    let print = authority.fingerprint(&next.certificate)?;
    assert_eq!(authority.shown(server.addresses().c2s_tls, DOMAIN)?, print);
    let before = fs::read_to_string(kept.with_file_name("localhost.previous.pem"))?;
    assert!(before.contains(&secret), "what it took the place of is kept");
    Ok(())
}

#[test]
fn what_cannot_be_used_is_refused_beside_its_field_and_changes_nothing() -> Result<()> {
    let (house, authority) = (House::start()?, Authority::new()?);
    let clients = house.server.addresses().c2s_tls;
    let mut owner = house.visitor("owner");
    let before = authority.shown(clients, DOMAIN)?;
    let good = authority.issue(&[DOMAIN])?;
    let other = authority.issue(&["elsewhere.test"])?;
    let expired = authority.issue_for(&[DOMAIN], -1)?;
    let stranger = Authority::new()?.issue(&[DOMAIN])?;
    let middle = good.chain.replace(&good.certificate, "");
    let upside_down = format!("{middle}{}", good.certificate);
    let torn = format!(
        "{}{}",
        good.certificate,
        stranger.chain.replace(&stranger.certificate, "")
    );
    let twice = format!("{}{}", good.certificate, good.chain);
    let locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let old_locked = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END EC PRIVATE KEY-----\n";
    let long = "x".repeat(100 * 1024);
    for (chain, key, host, field, words) in [
        ("", good.key.as_str(), "", "chain", "holds no CERTIFICATE block"),
        ("nonsense", &good.key, "", "chain", "holds no CERTIFICATE block"),
        (good.key.as_str(), &good.key, "", "chain", "the wrong way round"),
        (&good.chain[..300], &good.key, "", "chain", "damaged PEM"),
        (&good.chain, &other.key, "", "key", "does not belong"),
        (&upside_down, &good.key, "", "key", "must come first"),
        (&good.chain, "nonsense", "", "key", "holds no PRIVATE KEY block"),
        (&good.chain, &good.chain, "", "key", "the wrong way round"),
        (&good.chain, locked, "", "key", "decrypt it first"),
        (&good.chain, old_locked, "", "key", "decrypt it first"),
        (&good.chain, "", "", "key", "put the key in too"),
        (&twice, &good.key, "", "chain", "is signed by"),
        (&torn, &good.key, "", "chain", "do not vouch for one another"),
        (&expired.chain, &expired.key, "", "chain", "has run out: renew it"),
        (&other.chain, &other.key, "", "chain", "for none of the hosts"),
        (&good.chain, &good.key, OTHER, "chain", "is not for other.test"),
        (
            &good.chain,
            &good.key,
            "nowhere.test",
            "host",
            "has no host nowhere.test",
        ),
        (&long, &good.key, "", "chain", "longer than 96 KiB"),
    ] {
        let fields = [("chain", chain), ("key", key), ("host", host)];
        let answer = send_parts(&mut owner, HERE, &fields);
        answer.says(422, words);
        let place = format!("id=\"{field}-error\">");
        assert!(
            answer.body.contains(&place),
            "{words}: not beside {field}: {}",
            answer.body
        );
        assert!(
            !answer.body.contains(good.key.lines().nth(1).unwrap()) || chain == good.key,
            "{words}"
        );
    }
    assert_eq!(authority.shown(clients, DOMAIN)?, before);
    let certs = house.server.home().data().join("certs");
    assert!(!certs.join("localhost.pem").exists());
    let too_long = "x".repeat(300 * 1024);
    assert_eq!(send_parts(&mut owner, HERE, &[("chain", &too_long)]).status, 413);
    let headers = [("Content-Type", "multipart/form-data; boundary=x")];
    assert_eq!(owner.send("POST", HERE, &headers, "--y\r\nnonsense").status, 400);
    Ok(())
}

#[test]
fn a_signing_request_keeps_its_key_and_its_chain_comes_back_without_one() -> Result<()> {
    let (house, authority) = (House::start()?, Authority::new()?);
    let mut owner = house.visitor("owner");
    let page = format!("/certificates/host/{DOMAIN}");
    let ask = format!("{page}/request");
    owner
        .post(&page, &ask, &[("names", "good.test, not_a_name")])
        .says(422, "id=\"names-error\">")
        .says(422, "is no domain");
    owner
        .post(&page, &ask, &[("country", "Germany")])
        .says(422, "id=\"country-error\">");
    let fields = [
        ("names", "*.localhost"),
        ("organization", "Hearth & Söhne"),
        ("country", "DE"),
        ("key", "rsa-3072"),
    ];
    owner
        .post(&page, &ask, &fields)
        .leads_to(&format!("{page}?done=request-made"));
    let shown = owner.get(&page).body;
    let begin = shown.find("-----BEGIN CERTIFICATE REQUEST").unwrap();
    let request = shown[begin..].split_once("</pre>").unwrap().0;
    assert!(!shown.contains("PRIVATE KEY"));
    let key = house.server.home().data().join("certs/localhost.csr.key");
    assert_eq!(fs::metadata(&key)?.permissions().mode() & 0o777, 0o600);
    owner.get("/certificates").says(200, "a request waits");

    let issued = authority.sign(request)?;
    import(&mut owner, &issued).leads_to("/certificates?done=certificate-set");
    let print = authority.fingerprint(&issued.certificate)?;
    assert_eq!(authority.shown(house.server.addresses().c2s_tls, DOMAIN)?, print);
    owner.get(&page).says(200, "RSA 3072").says(200, "*.localhost");
    assert!(!owner.get("/certificates").body.contains("a request waits"));
    assert!(!key.exists());

    // Renewed with the same key: the authority signs the same request again.
    let again = authority.sign(request)?;
    import(&mut owner, &again).leads_to("/certificates?done=certificate-set");
    let print = authority.fingerprint(&again.certificate)?;
    assert_eq!(authority.shown(house.server.addresses().c2s_tls, DOMAIN)?, print);

    // And back to one that vouches for itself.
    owner
        .post(&page, &format!("{page}/self-signed"), &[])
        .says(422, "tick the box");
    owner
        .post(&page, &format!("{page}/self-signed"), &[("sure", "yes")])
        .leads_to("/certificates?done=certificate-set");
    assert_ne!(authority.shown(house.server.addresses().c2s_tls, DOMAIN)?, print);
    owner.get(&page).says(200, "vouches for itself");
    Ok(())
}

#[test]
fn the_command_line_does_the_same_with_and_without_a_server() -> Result<()> {
    let (house, authority) = (House::start()?, Authority::new()?);
    let home = house.server.home();
    let request = home.hearth(&["certificate", "csr", OTHER, "--organization", "Test"], "")?;
    let issued = authority.sign(&request)?;
    let chain = home.data().join("chain.pem");
    fs::write(&chain, &issued.chain)?;
    let chain = chain.to_str().unwrap().to_owned();
    let told = home.hearth(&["certificate", "import", "--chain", &chain], "")?;
    let print = authority.fingerprint(&issued.certificate)?;
    assert_eq!(told.trim(), format!("in force for {OTHER}: {print}"));
    assert_eq!(authority.shown(house.server.addresses().c2s_tls, OTHER)?, print);
    let refused = home.hearth(&["certificate", "import", "--chain", &chain, "--host", DOMAIN], "");
    let refused = format!("{:#}", refused.unwrap_err());
    assert!(refused.contains("is not for localhost"), "{refused}");

    let (home, _) = house.server.stop()?;
    let list = home.hearth(&["cert", "list"], "")?;
    assert!(list.contains(&print), "{list}");
    for host in [OTHER, DOMAIN] {
        home.hearth(&["certificate", "self-signed", host], "")?;
    }
    assert!(!home.hearth(&["cert", "list"], "")?.contains(&print));
    let server = home.start()?;
    assert_ne!(authority.shown(server.addresses().c2s_tls, OTHER)?, print);
    let began = Instant::now();
    while !server.home().log().contains("data/certs, put in by an operator") {
        assert!(began.elapsed() < PATIENCE, "the greeting says: {}", server.home().log());
        std::thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}

#[test]
fn what_the_configuration_names_is_changed_there_and_other_hosts_have_their_own() -> Result<()> {
    let authority = Authority::new()?;
    let named = authority.issue(&[DOMAIN])?;
    let folder = tempfile::tempdir()?;
    let (chain, key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
    fs::write(&chain, &named.chain)?;
    fs::write(&key, &named.key)?;
    let home = Home::new()?
        .without("HEARTH_DOMAIN")
        .with("HEARTH_DOMAINS", &format!("{DOMAIN},{OTHER}"))
        .with("HEARTH_TLS__CERTIFICATE", chain.to_str().unwrap())
        .with("HEARTH_TLS__KEY", key.to_str().unwrap())
        .with("HEARTH_TLS__TRUST", authority.root().to_str().unwrap());
    let server = home.start()?;
    let (home, clients) = (server.home(), server.addresses().c2s_tls);
    let list = home.hearth(&["certificate", "list"], "")?;
    let line = |list: &str, host: &str| list.lines().find(|line| line.starts_with(host)).unwrap().to_owned();
    assert!(
        line(&list, DOMAIN).contains("valid for 8"),
        "its chain leads to whom is trusted: {list}"
    );
    assert!(line(&list, OTHER).contains("there is none for this host"), "{list}");

    let written = |name: &str, text: &str| -> Result<String> {
        let file = folder.path().join(name);
        fs::write(&file, text)?;
        Ok(file.to_str().unwrap().to_owned())
    };
    let next = authority.issue(&[DOMAIN, OTHER])?;
    let (next_chain, next_key) = (written("next", &next.chain)?, written("next.key", &next.key)?);
    let import = ["certificate", "import", "--chain", &next_chain, "--key", &next_key];
    let refused = home
        .hearth(&[&import[..], &["--host", DOMAIN]].concat(), "")
        .unwrap_err();
    let refused = format!("{refused:#}");
    assert!(
        refused.contains("HEARTH_TLS__CERTIFICATE") && refused.contains("put the new one into that file"),
        "{refused}"
    );
    home.hearth(&import, "")?;
    let print = authority.fingerprint(&next.certificate)?;
    assert_eq!(authority.shown(clients, OTHER)?, print);
    assert_eq!(
        authority.shown(clients, DOMAIN)?,
        authority.fingerprint(&named.certificate)?
    );

    // The file is written anew: that holds without anybody's help.
    let renewed = authority.issue(&[DOMAIN])?;
    fs::write(&key, &renewed.key)?;
    fs::write(&chain, &renewed.chain)?;
    let (began, print) = (Instant::now(), authority.fingerprint(&renewed.certificate)?);
    while authority.shown(clients, DOMAIN)? != print {
        assert!(began.elapsed() < PATIENCE, "{}", home.log());
        std::thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_import_is_for_all_servers_of_a_cluster() -> Result<()> {
    let (fleet, authority) = (Fleet::start().await?, Authority::new()?);
    let mut owner = fleet.visitor(0);
    assert!(
        !owner.get(HERE).body.contains("On all servers"),
        "they are strangers yet"
    );
    fleet.servers[0].home().hearth(&["cluster", "enable"], "")?;
    until(&mut owner, "/cluster", "3 members", Duration::from_secs(30))?;
    for other in [">n2</a>", ">n3</a>"] {
        until(&mut owner, "/certificates", other, Duration::from_secs(30))?;
    }
    let list = owner.get("/certificates");
    list.says(200, "others of the cluster");
    owner.get(HERE).says(200, "On all servers");
    let issued = authority.issue(&[DOMAIN])?;
    let print = authority.fingerprint(&issued.certificate)?;
    let fields = [
        ("chain", issued.chain.as_str()),
        ("key", &issued.key),
        ("everywhere", "yes"),
    ];
    send_parts(&mut owner, HERE, &fields).leads_to("/certificates?done=certificate-set");
    for server in &fleet.servers {
        assert_eq!(authority.shown(server.addresses().c2s_tls, DOMAIN)?, print);
    }

    // Another server's own: seen and made anew from here.
    let (_, link) = list.body.split_once("href=\"/certificates?node=").unwrap();
    let node = link.split('"').next().unwrap();
    let page = format!("/certificates/host/{DOMAIN}?node={node}");
    owner.get(&page).says(200, &print);
    owner
        .post(
            &page,
            &format!("/certificates/host/{DOMAIN}/self-signed"),
            &[("sure", "yes"), ("node", node)],
        )
        .leads_to(&format!("/certificates?node={node}&done=certificate-set"));
    owner.get(&page).says(200, "vouches for itself");
    let prints: Vec<String> = fleet
        .servers
        .iter()
        .map(|server| authority.shown(server.addresses().c2s_tls, DOMAIN))
        .collect::<Result<_>>()?;
    assert_eq!(prints.iter().filter(|other| **other == print).count(), 2);
    assert_eq!(prints[0], print);
    owner.get("/certificates?node=99").says(404, "number or name 99");
    Ok(())
}

#[test]
fn programs_do_the_same_over_the_api() -> Result<()> {
    let (house, authority) = (House::start()?, Authority::new()?);
    let owner = house.program("owner", &["owner"]);
    let clients = house.server.addresses().c2s_tls;
    let request = json!({ "names": ["*.localhost"], "organization": "Test" });
    let request = owner.post("/certificates/localhost/request", &request).json();
    let issued = authority.sign(request["request"].as_str().unwrap())?;
    let list = owner.get("/certificates").json();
    assert_eq!(list["certificates"][0]["chain_state"], "self-signed", "{list}");
    assert!(list["certificates"][0]["pending_request"].is_string(), "{list}");
    let put = owner.post("/certificates", &json!({ "chain": issued.chain })).json();
    let print = authority.fingerprint(&issued.certificate)?;
    assert_eq!(
        put,
        json!({ "hosts": [DOMAIN], "fingerprint_sha256": print, "failed": [] })
    );
    assert_eq!(authority.shown(clients, DOMAIN)?, print);
    let list = owner.get("/certificates").json();
    let host = &list["certificates"][0];
    assert_eq!(
        (&host["source"], &host["chain_state"]),
        (&json!("put-in"), &json!("incomplete"))
    );
    assert_eq!(host["chain"][0]["fingerprint_sha256"], print);
    assert!(host["days_left"].as_i64().unwrap() > 80);

    let other = authority.issue(&["elsewhere.test"])?;
    for (body, field, words) in [
        (
            json!({ "chain": other.chain, "key": other.key }),
            "chain",
            "none of the hosts",
        ),
        (json!({ "chain": other.chain }), "key", "put the key in too"),
        (
            json!({ "chain": issued.chain, "host": "x.test" }),
            "host",
            "has no host x.test",
        ),
    ] {
        let refused = owner.post("/certificates", &body);
        let problem: Value = serde_json::from_str(&refused.body)?;
        assert_eq!((refused.status, &problem["field"]), (422, &json!(field)), "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(words), "{problem}");
    }
    owner.post("/certificates/localhost/self-signed", &json!({}));
    assert_ne!(authority.shown(clients, DOMAIN)?, print);
    Ok(())
}
