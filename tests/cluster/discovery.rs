//! Servers find each other in every way that there is.

use std::{
    io::Write as _,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use tokio::net::UdpSocket;

use crate::{
    fleet::Fleet,
    net::Peer::{People, Server},
    person::all_talk,
};

const SERVERS: usize = 3;
const LONG: Duration = Duration::from_secs(60);
/// The service that stands for all servers.
const SERVICE: &str = "hearth.chat.test";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_find_each_other_by_multicast() -> Result<()> {
    let fleet = Fleet::prepare_on_a_network(SERVERS)?;
    meet(fleet, &[("DISCOVERY", "multicast")]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_find_each_other_where_the_operator_says() -> Result<()> {
    let fleet = Fleet::prepare_on_a_network(SERVERS)?;
    let place = |number| Ok(fleet.net()?.address(Server(number)).to_string());
    let places = (1..=SERVERS).map(place).collect::<Result<Vec<_>>>()?.join(",");
    meet(fleet, &[("DISCOVERY", "static"), ("DISCOVERY__STATIC", &places)]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_find_each_other_by_a_name() -> Result<()> {
    let fleet = Fleet::prepare_on_a_network(SERVERS)?;
    let net = fleet.net()?;
    let addresses = (1..=SERVERS).map(|number| net.address(Server(number))).collect();
    let here = IpAddr::from(net.address(People));
    let socket = UdpSocket::bind(SocketAddr::new(here, 53)).await?;
    let mut configuration = tempfile::NamedTempFile::new()?;
    writeln!(configuration, "nameserver {here}")?;
    for number in 1..=SERVERS {
        net.resolve_by(number, configuration.path())?;
    }
    tokio::spawn(serve_names(socket, addresses));
    meet(fleet, &[("DISCOVERY", "dns"), ("DISCOVERY__DNS", SERVICE)]).await
}

/// With these properties servers that have clustering on become one cluster, and their people talk.
async fn meet(mut fleet: Fleet, properties: &[(&str, &str)]) -> Result<()> {
    for number in 1..=SERVERS {
        for (name, value) in [("ENABLED", "true")].iter().chain(properties) {
            fleet.set(number, &format!("HEARTH_PROPERTIES__CLUSTER__{name}"), value)?;
        }
    }
    let began = Instant::now();
    fleet.start_all()?;
    let started = began.elapsed();
    fleet.wait_members(SERVERS, LONG).await?;
    println!(
        "{properties:?}: all serve after {started:.1?}, one cluster after {:.1?}",
        began.elapsed()
    );
    let names = ["romeo", "juliet", "nurse"];
    fleet.add_people(&names)?;
    let mut people = fleet.gather(&names).await?;
    all_talk(&mut people).await?;
    fleet.told()
}

/// A name server that knows one name.
async fn serve_names(socket: UdpSocket, addresses: Vec<Ipv4Addr>) -> Result<()> {
    let mut buffer = [0; 512];
    loop {
        let (length, from) = socket.recv_from(&mut buffer).await?;
        match answer(&buffer[..length], &addresses) {
            Ok(answer) => _ = socket.send_to(&answer, from).await?,
            Err(error) => eprintln!("a question about a name: {error:#}"),
        }
    }
}

/// RFC 1035 §4.1: the question comes back, and behind it the addresses, where it asks for those of our name.
fn answer(question: &[u8], addresses: &[Ipv4Addr]) -> Result<Vec<u8>> {
    const HEADER_BYTES: usize = 12;
    const ADDRESS_RECORDS: [u8; 2] = [0, 1];
    ensure!(question.len() > HEADER_BYTES, "too short");
    let (mut name, mut rest) = (Vec::new(), &question[HEADER_BYTES..]);
    loop {
        let (length, behind) = rest.split_first().context("the name ends early")?;
        rest = behind;
        if *length == 0 {
            break;
        }
        let label = rest.split_off(..usize::from(*length)).context("a label ends early")?;
        name.push(std::str::from_utf8(label)?.to_lowercase());
    }
    let (kind, rest) = rest.split_at_checked(4).context("no type")?;
    let is_known = name.join(".") == SERVICE && kind[..2] == ADDRESS_RECORDS;
    let addresses = if is_known { addresses } else { &[] };
    let asked = &question[HEADER_BYTES..question.len() - rest.len()];

    let count = u8::try_from(addresses.len())?;
    // The question's number; an answer, with authority; one question, so many records.
    let mut answer = question[..2].to_vec();
    answer.extend([0x84, 0, 0, 1, 0, count, 0, 0, 0, 0]);
    answer.extend(asked);
    for address in addresses {
        // The name above, its address, for no time at all, in four bytes.
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        answer.extend(address.octets());
    }
    Ok(answer)
}
