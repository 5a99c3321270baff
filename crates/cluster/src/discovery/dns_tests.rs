//! Against a small name server.
#![allow(clippy::unwrap_used)]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, SRV};
use hickory_resolver::proto::rr::{Name as DnsName, Record};
use parking_lot::Mutex;
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::super::Candidates;
use super::*;

/// What the name server knows; `None`: it fails.
type Zone = Arc<Mutex<Option<Vec<Record>>>>;

struct NameServer {
    address: SocketAddr,
    zone: Zone,
    _task: AbortOnDropHandle<()>,
}

impl NameServer {
    async fn start(records: Vec<Record>) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let zone: Zone = Arc::new(Mutex::new(Some(records)));
        Self {
            address: socket.local_addr().unwrap(),
            zone: Arc::clone(&zone),
            _task: AbortOnDropHandle::new(tokio::spawn(serve(socket, zone))),
        }
    }

    fn source(&self, name: &str) -> Source {
        let mut connection = ConnectionConfig::udp();
        connection.port = self.address.port();
        let server = NameServerConfig::new(self.address.ip(), true, vec![connection]);
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        builder.options_mut().cache_size = 0;
        Source {
            resolver: builder.build().unwrap(),
            name: Name::read(name).unwrap(),
        }
    }
}

async fn serve(socket: UdpSocket, zone: Zone) {
    let mut buffer = [0; 512];
    loop {
        let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
        let answer = answer(&Message::from_vec(&buffer[..length]).unwrap(), &zone);
        socket.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
    }
}

fn answer(question: &Message, zone: &Zone) -> Message {
    let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
    answer.add_queries(question.queries.iter().cloned());
    let query = &question.queries[0];
    match &*zone.lock() {
        None => answer.metadata.response_code = ResponseCode::ServFail,
        Some(records) => {
            let wanted = |record: &&Record| record.name == query.name && record.record_type() == query.query_type;
            answer.add_answers(records.iter().filter(wanted).cloned());
        }
    }
    answer
}

fn a(name: &str, ip: [u8; 4]) -> Record {
    Record::from_rdata(
        DnsName::from_ascii(name).unwrap(),
        3_600,
        RData::A(A(Ipv4Addr::from(ip))),
    )
}

fn srv(name: &str, target: &str, port: u16) -> Record {
    let data = SRV::new(0, 5, port, DnsName::from_ascii(target).unwrap());
    Record::from_rdata(DnsName::from_ascii(name).unwrap(), 3_600, RData::SRV(data))
}

fn addresses(expected: &[([u8; 4], u16)]) -> Candidates {
    expected
        .iter()
        .map(|(ip, port)| SocketAddr::new(IpAddr::from(*ip), *port))
        .collect()
}

async fn found(source: &Source) -> Candidates {
    source.addresses().await.unwrap().into_iter().collect()
}

#[tokio::test]
async fn a_headless_service_stands_for_all_its_nodes() {
    let server = NameServer::start(vec![
        a("hearth.chat.svc.", [10, 0, 0, 1]),
        a("hearth.chat.svc.", [10, 0, 0, 2]),
        a("other.chat.svc.", [10, 0, 0, 3]),
    ])
    .await;
    let here = [([10, 0, 0, 1], 5701), ([10, 0, 0, 2], 5701)];
    assert_eq!(found(&server.source("hearth.chat.svc")).await, addresses(&here));
    let here = here.map(|(ip, _)| (ip, 6000));
    assert_eq!(found(&server.source("hearth.chat.svc:6000")).await, addresses(&here));
    assert_eq!(found(&server.source("nobody.chat.svc")).await, addresses(&[]));
}

#[tokio::test]
async fn srv_records_name_hosts_and_ports() {
    let server = NameServer::start(vec![
        srv("_cluster._tcp.chat.example.", "one.chat.example.", 5701),
        srv("_cluster._tcp.chat.example.", "two.chat.example.", 5702),
        srv("_cluster._tcp.chat.example.", "gone.chat.example.", 5703),
        srv("_none._tcp.chat.example.", ".", 0),
        a("one.chat.example.", [10, 0, 0, 1]),
        a("two.chat.example.", [10, 0, 0, 2]),
    ])
    .await;
    let expected = addresses(&[([10, 0, 0, 1], 5701), ([10, 0, 0, 2], 5702)]);
    assert_eq!(found(&server.source("_cluster._tcp.chat.example")).await, expected);
    assert_eq!(found(&server.source("_none._tcp.chat.example")).await, addresses(&[]));
    assert_eq!(
        found(&server.source("_unknown._tcp.chat.example")).await,
        addresses(&[])
    );
}

#[tokio::test]
async fn changes_are_found_whatever_the_time_to_live_and_a_failing_server_takes_nothing_back() {
    let server = NameServer::start(vec![a("hearth.svc.", [10, 0, 0, 1])]).await;
    let source = server.source("hearth.svc");
    let again = server.source("hearth.svc");
    let (told, mut candidates) = watch::channel(Candidates::new());
    let own = Candidates::new();
    let _task = AbortOnDropHandle::new(tokio::spawn(source.look(Found { told, own })));
    let first = addresses(&[([10, 0, 0, 1], 5701)]);
    candidates.wait_for(|found| *found == first).await.unwrap();

    *server.zone.lock() = None;
    assert!(again.addresses().await.is_err());
    assert_eq!(*candidates.borrow(), first);
    *server.zone.lock() = Some(vec![a("hearth.svc.", [10, 0, 0, 2])]);
    let second = addresses(&[([10, 0, 0, 2], 5701)]);
    candidates
        .wait_for(|found| *found == second || *found != first)
        .await
        .unwrap();
    assert_eq!(*candidates.borrow(), second);
}

#[test]
fn names_are_read_and_what_is_none_is_refused() {
    for (text, expected) in [
        ("hearth", Name::Host("hearth".into(), 5701)),
        (" hearth.svc:6000 ", Name::Host("hearth.svc".into(), 6000)),
        ("_c._tcp.chat.example", Name::Service("_c._tcp.chat.example".into())),
    ] {
        assert_eq!(Name::read(text).unwrap(), expected);
    }
    for (text, reason) in [("", "needs a name"), ("a b", "\"a b\" is not")] {
        let error = Name::read(text).unwrap_err().to_string();
        assert!(error.contains(reason), "{text}: {error}");
    }
}
