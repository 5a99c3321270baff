//! Other nodes are where the operator has said.

use std::time::Duration;

use super::resolve::Names;
use super::{DiscoveryError, Found, Place, Settings};

/// Each is a node, or a few on one machine.
pub(super) const MAX_PLACES: usize = 64;
/// Names may come to stand for something else.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// The places in the settings.
pub(super) fn places(settings: &Settings) -> Result<Vec<Place>, DiscoveryError> {
    let places = settings.places.iter().map(|text| text.parse());
    match places.collect::<Result<Vec<Place>, _>>()? {
        places if places.is_empty() => Err(DiscoveryError::NoPlaces),
        places if places.len() > MAX_PLACES => Err(DiscoveryError::TooManyPlaces),
        places => Ok(places),
    }
}

pub(super) async fn look(places: Vec<Place>, found: Found) {
    let mut names = Names::default();
    loop {
        found.tell(names.addresses(&places).await);
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::Candidates;
    use super::*;
    use tokio::sync::watch;

    fn settings(places: &[&str]) -> Settings {
        Settings {
            places: places.iter().map(|place| (*place).to_owned()).collect(),
            ..Settings::default()
        }
    }

    #[test]
    fn a_list_that_cannot_be_used_is_refused_with_the_reason() {
        for (list, reason) in [
            (vec![], "needs the places"),
            (vec!["10.0.0.1", "a b"], "\"a b\" is not a host"),
            (vec!["10.0.0.1"; 65], "at most 64"),
        ] {
            let error = places(&settings(&list)).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[tokio::test]
    async fn those_listed_are_candidates_but_for_oneself() {
        let places = places(&settings(&["127.0.0.1:5701", "127.0.0.1:5702", "[::1]:5703"])).unwrap();
        let (told, mut candidates) = watch::channel(Candidates::new());
        let own = ["127.0.0.1:5702".parse().unwrap()].into();
        let task = tokio::spawn(look(places, Found { told, own }));
        candidates.changed().await.unwrap();
        let expected = ["127.0.0.1:5701", "[::1]:5703"].map(|text| text.parse().unwrap());
        assert_eq!(*candidates.borrow(), expected.into());
        task.abort();
    }
}
