//! What happens in the middle of something else: one act is stopped at each of its waits in turn, another happens, and
//! the first goes on.

use std::{future::Future, future::poll_fn, pin::pin, task::Poll};

use testkit::{house::Client, town::Town};

/// More waits than any act here has.
const WAITS: usize = 16;

/// Lets `work` come to its wait of this number, then `other` happen, then `work` end.
async fn stopped<T>(town: &Town, wait: usize, work: impl Future<Output = T>, other: impl Future<Output = ()>) -> T {
    let mut work = pin!(work);
    for _ in 0..wait {
        let step = poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx))).await;
        if let Poll::Ready(end) = step {
            other.await;
            return end;
        }
        // The databases' threads have done what was asked of them once they have done this as well.
        for node in 1..=3 {
            let storage = town.house(node).router.storage();
            storage.log().flush().await.expect("the database answers");
            storage.check().await.expect("the database answers");
        }
    }
    other.await;
    work.await
}

fn bodies(client: &mut Client) -> usize {
    std::iter::from_fn(|| client.hears())
        .filter(|stanza| stanza.id.as_deref() == Some("waited"))
        .count()
}

async fn says(town: &Town, to: &str) {
    let mut romeo = town
        .house(1)
        .client(&format!("romeo@localhost/for-{to}"))
        .await
        .with_acknowledgements();
    romeo
        .sends(&format!(
            "<message type='chat' id='waited' to='{to}@localhost'><body>hi</body></message>"
        ))
        .await;
    romeo.leaves().await;
}

#[tokio::test]
async fn of_two_clients_that_come_one_gets_what_waited() {
    let town = Town::open(3).await;
    for (stopped_node, other_node) in [(2, 3), (3, 2)] {
        for wait in 0..WAITS {
            let name = format!("juliet{stopped_node}-{wait}");
            town.house(1).account(&format!("{name}@localhost")).await;
            says(&town, &name).await;
            let mut one = town.house(stopped_node).client(&format!("{name}@localhost/one")).await;
            let mut other = town.house(other_node).client(&format!("{name}@localhost/other")).await;
            stopped(&town, wait, one.sends("<presence/>"), other.sends("<presence/>")).await;
            town.settle().await;
            assert_eq!(
                bodies(&mut one) + bodies(&mut other),
                1,
                "stopped at wait {wait} of node {stopped_node}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_acknowledged_while_another_client_comes_is_not_sent_to_it() {
    let town = Town::open(3).await;
    for wait in 0..WAITS {
        let name = format!("juliet{wait}");
        let mut juliet = town.house(2).online(&format!("{name}@localhost/balcony")).await;
        says(&town, &name).await;
        town.settle().await;
        assert_eq!(bodies(&mut juliet), 1);
        let mut other = town.house(3).client(&format!("{name}@localhost/chamber")).await;
        let acknowledging = async {
            juliet.acknowledges();
            town.settle().await;
        };
        stopped(&town, wait, other.sends("<presence/>"), acknowledging).await;
        town.settle().await;
        assert_eq!(bodies(&mut other), 0, "stopped at wait {wait}");
    }
}

#[tokio::test]
async fn what_changes_while_a_node_reads_it_is_read_again() {
    let town = Town::open(3).await;
    for wait in 0..WAITS {
        let name = format!("romeo{wait}@localhost");
        let mut desk = town.house(1).online(&format!("{name}/desk")).await;
        let reader = town.house(2).account(&name).await;
        let storage = town.house(2).router.storage();
        let changing = async {
            desk.sends(
                "<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='nurse@localhost'/></query></iq>",
            )
            .await;
            town.settle().await;
        };
        let _ = stopped(&town, wait, reader.profile(storage), changing).await;
        let profile = reader.profile(storage).await.expect("the database answers");
        assert!(
            profile.contacts().get("nurse@localhost").is_some(),
            "stopped at wait {wait}"
        );
    }
}
