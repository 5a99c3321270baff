//! Secrets in the database: properties whose values nobody sees, and the key that is not in it.

use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use ops::{
    Applies, Asked, Audit as Record, AuditPage, Catalogue, Check, Definition, KeyKeeper, Kind, OpsError, Pins,
    Properties, Sealing, SecretKey, Source, Value, Where, is_secret_name,
};
use storage::{Audit, Scope, Storage};

use crate::{House, house, local};

const SECRET: &str = "open sesame";

/// Keeps a key in memory, and asks another keeper for one.
#[derive(Clone, Default)]
pub(crate) struct Drawer {
    key: Arc<Mutex<Option<SecretKey>>>,
    neighbour: Option<Arc<Drawer>>,
}

impl KeyKeeper for Drawer {
    fn load(&self) -> Result<Option<SecretKey>, String> {
        Ok(self.key.lock().unwrap().clone())
    }

    fn keep(&self, key: Option<&SecretKey>) -> Result<(), String> {
        *self.key.lock().unwrap() = key.cloned();
        Ok(())
    }

    fn ask(&self) -> Asked<'_, Option<SecretKey>> {
        let key = self.neighbour.as_ref().and_then(|other| other.load().unwrap());
        Box::pin(std::future::ready(key))
    }

    fn place(&self) -> String {
        "the drawer".to_owned()
    }
}

/// What encrypts in `storage` with a key of its own.
pub(crate) fn sealing(storage: &Storage) -> Sealing {
    Sealing::new(storage.clone(), Arc::new(Drawer::default()))
}

const ANY: Check = Check {
    allowed: "anything but no …",
    is_allowed: |text| !text.starts_with("no "),
};

fn properties(house: &House, drawer: &Drawer) -> Properties {
    let definition = |name| Definition {
        name,
        doc: "Words.",
        kind: Kind::Text(ANY),
        default: Value::Text(String::new()),
        applies: Applies::Live,
        is_secret: is_secret_name(name),
    };
    let names = ["ldap.password", "ldap.user"];
    let catalogue = Catalogue::new(names.map(definition).into());
    let pins = Arc::new(ArcSwap::from_pointee(Pins::new()));
    let sealing = Sealing::new(house.storage.clone(), Arc::new(drawer.clone()));
    Properties::new(house.storage.clone(), Arc::new(catalogue), pins, "node1".into()).with_sealing(sealing)
}

async fn held(properties: &Properties, name: &str) -> Value {
    properties.held().await.unwrap().remove(name).unwrap().value
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// All that operators and whoever has a copy of the database can read.
async fn everything(house: &House, properties: &Properties) -> String {
    let mut all = format!("{:?}", house.storage.properties().list().await.unwrap());
    all += &format!(
        "{:?}",
        house.storage.properties().history(None, None, 100).await.unwrap()
    );
    all += &format!("{:?}", properties.list(&local()).await.unwrap());
    all += &format!("{:?}", properties.history(&local(), None, None, 100).await.unwrap());
    let page = AuditPage {
        limit: 100,
        ..AuditPage::default()
    };
    let record = Record::new(house.storage.clone(), "x".into());
    all + &format!("{:?}", record.list(&local(), &page).await.unwrap())
}

#[tokio::test]
async fn a_secret_holds_and_is_nowhere_to_be_read() {
    let (house, drawer) = (house().await, Drawer::default());
    let properties = properties(&house, &drawer);
    assert!(drawer.load().unwrap().is_none(), "there is no key before one is needed");
    let set = properties
        .set(&local(), Where::Cluster, "ldap.password", SECRET)
        .await
        .unwrap();
    assert!(set.is_secret && set.source == Source::Cluster);
    assert_eq!(held(&properties, "ldap.password").await, text(SECRET));
    properties
        .set(&local(), Where::Node, "ldap.password", "another sesame")
        .await
        .unwrap();
    assert_eq!(held(&properties, "ldap.password").await, text("another sesame"));
    let both = [("ldap.user", "hearth"), ("ldap.password", "third sesame")];
    let both = both.map(|(name, value)| (name.to_owned(), value.to_owned()));
    properties.set_all(&local(), &both).await.unwrap();
    let refused = properties
        .set(&local(), Where::Cluster, "ldap.password", "no sesame")
        .await;
    assert!(matches!(refused, Err(OpsError::BadValue { .. })), "{refused:?}");
    // Spelt wrong: it may be a secret all the same.
    let refused = properties
        .set(&local(), Where::Cluster, "ldp.password", "lost sesame")
        .await;
    assert!(matches!(refused, Err(OpsError::NoProperty { .. })), "{refused:?}");
    // A form that was sent as it was shown.
    let refused = properties
        .set(&local(), Where::Cluster, "ldap.password", Audit::MASK)
        .await;
    assert!(matches!(refused, Err(OpsError::Mask("ldap.password"))), "{refused:?}");

    let all = everything(&house, &properties).await;
    assert!(!all.contains("sesame"), "{all}");
    assert!(all.contains("hearth") && all.contains(Audit::MASK), "{all}");
    let last = properties
        .history(&local(), Some("ldap.password"), None, 1)
        .await
        .unwrap();
    let undone = properties.undo(&local(), last[0].id).await;
    assert!(matches!(undone, Err(OpsError::SecretChange(_))), "{undone:?}");
    properties.unset(&local(), Where::Node, "ldap.password").await.unwrap();
    assert_eq!(held(&properties, "ldap.password").await, text("third sesame"));
}

#[tokio::test]
async fn any_property_becomes_a_secret_and_stays_one_until_it_is_taken_back() {
    let (house, drawer) = (house().await, Drawer::default());
    let properties = properties(&house, &drawer);
    let refused = properties.encrypt(&local(), "ldap.user").await;
    assert!(matches!(refused, Err(OpsError::NothingToSeal(_))), "{refused:?}");
    properties
        .set(&local(), Where::Cluster, "ldap.user", SECRET)
        .await
        .unwrap();
    properties
        .set(&local(), Where::Node, "ldap.user", "sesame here")
        .await
        .unwrap();
    let info = properties.encrypt(&local(), "ldap.user").await.unwrap();
    assert_eq!((info.is_secret, info.value), (true, text(Audit::MASK)));
    let stored = house.storage.properties();
    assert!(!format!("{:?}", stored.list().await.unwrap()).contains("sesame"));
    assert!(!format!("{:?}", stored.history(None, None, 100).await.unwrap()).contains("sesame"));
    assert_eq!(held(&properties, "ldap.user").await, text("sesame here"));
    let refused = properties.set(&local(), Where::Cluster, "ldap.user", "no sesame").await;
    let refused = refused.unwrap_err().to_string();
    assert!(
        !refused.contains("sesame") && refused.contains("anything but"),
        "{refused}"
    );
    properties
        .set(&local(), Where::Cluster, "ldap.user", "new sesame")
        .await
        .unwrap();
    assert!(!format!("{:?}", stored.list().await.unwrap()).contains("sesame"));
    properties.unset(&local(), Where::Node, "ldap.user").await.unwrap();
    assert_eq!(held(&properties, "ldap.user").await, text("new sesame"));
    properties.unset(&local(), Where::Cluster, "ldap.user").await.unwrap();
    assert!(!properties.get(&local(), "ldap.user").await.unwrap().is_secret);
}

#[tokio::test]
async fn values_that_cannot_be_read_are_named_with_what_to_do_and_defaults_hold() {
    let (house, drawer) = (house().await, Drawer::default());
    properties(&house, &drawer)
        .set(&local(), Where::Cluster, "ldap.password", SECRET)
        .await
        .unwrap();
    let key = drawer.load().unwrap().unwrap();

    // A server without the key, and one with another.
    for (other, words) in [
        (Drawer::default(), "which this server does not have: copy secret.key"),
        (
            Drawer {
                key: Arc::new(Mutex::new(Some(SecretKey::generate()))),
                neighbour: None,
            },
            "and this server has the key",
        ),
    ] {
        let properties = properties(&house, &other);
        let info = properties.get(&local(), "ldap.password").await.unwrap();
        let problem = info.problem.unwrap();
        assert!(problem.contains(words) && problem.contains("the drawer"), "{problem}");
        assert_eq!((info.value, info.source), (text(""), Source::Default));
        let refused = properties.set(&local(), Where::Cluster, "ldap.password", "x").await;
        assert!(matches!(refused, Err(OpsError::Sealed(_))), "{refused:?}");
        // The key is copied.
        other.keep(Some(&key)).unwrap();
        assert_eq!(held(&properties, "ldap.password").await, text(SECRET));
    }

    // Somebody moves a ciphertext to another property, or changes it.
    let stored = house.storage.properties();
    let sealed = stored.get(&Scope::Cluster, "ldap.password").await.unwrap().unwrap();
    let forged = |name, value| storage::NewValue {
        name,
        value: Some(value),
        is_sealed: true,
        audit: Audit::Masked,
    };
    let broken = format!("{}AAAA", &sealed[..sealed.len() - 4]);
    let changes = [
        forged("ldap.user", sealed.as_str()),
        forged("ldap.password", broken.as_str()),
    ];
    stored.set_all(&Scope::Cluster, &changes, "mallory").await.unwrap();
    let properties = properties(&house, &drawer);
    for name in ["ldap.user", "ldap.password"] {
        let info = properties.get(&local(), name).await.unwrap();
        assert!(info.problem.unwrap().contains("who has not the key"), "{name}");
    }
}

#[tokio::test]
async fn a_server_that_has_no_key_gets_it_from_another_one_and_never_makes_a_second() {
    let (house, first) = (house().await, Drawer::default());
    properties(&house, &first)
        .set(&local(), Where::Cluster, "ldap.password", SECRET)
        .await
        .unwrap();
    let second = Drawer {
        neighbour: Some(Arc::new(first.clone())),
        ..Drawer::default()
    };
    let there = properties(&house, &second);
    assert_eq!(held(&there, "ldap.password").await, text(SECRET));
    assert!(second.load().unwrap() == first.load().unwrap(), "and keeps it");

    // A neighbour with another key is no help.
    let liar = Drawer::default();
    liar.keep(Some(&SecretKey::generate())).unwrap();
    let third = Drawer {
        neighbour: Some(Arc::new(liar)),
        ..Drawer::default()
    };
    let there = properties(&house, &third);
    assert!(there.get(&local(), "ldap.password").await.unwrap().problem.is_some());
    assert!(third.load().unwrap().is_none());

    // A key that is lost is missed no more once nothing is left that it opens.
    there.unset(&local(), Where::Cluster, "ldap.password").await.unwrap();
    there
        .set(&local(), Where::Cluster, "ldap.password", "new")
        .await
        .unwrap();
    assert_eq!(held(&there, "ldap.password").await, text("new"));
}

#[tokio::test]
async fn values_of_before_are_encrypted_once_their_property_is_a_secret() {
    let (house, drawer) = (house().await, Drawer::default());
    let properties = properties(&house, &drawer);
    let stored = house.storage.properties();
    for (scope, value) in [
        (Scope::Cluster, "old sesame"),
        (Scope::Node("node1".into()), "here sesame"),
    ] {
        stored
            .set(&scope, "ldap.password", value, "x", Audit::Plain)
            .await
            .unwrap();
    }
    assert_eq!(held(&properties, "ldap.password").await, text("here sesame"));
    assert!(!format!("{:?}", properties.list(&local()).await.unwrap()).contains("sesame"));
    assert_eq!(properties.seal_old().await.unwrap(), 2);
    assert_eq!(properties.seal_old().await.unwrap(), 0);
    assert!(!everything(&house, &properties).await.contains("sesame"));
    assert_eq!(held(&properties, "ldap.password").await, text("here sesame"));
}
