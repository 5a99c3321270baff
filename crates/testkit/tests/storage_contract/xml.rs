//! vCards, private XML, block lists.

use storage::StorageError;

use crate::Ground;

on_every_database!(
    a_vcard_is_kept_and_replaced,
    private_xml_is_kept_by_name_and_namespace,
    private_xml_has_one_bound_for_all_of_it,
    a_block_list_holds_each_address_once,
    a_block_list_grows_to_its_bound_and_no_further,
);

async fn a_vcard_is_kept_and_replaced(g: Ground) {
    let vcards = g.storage.vcards();
    let juliet = g.account("juliet").await;
    assert_eq!(vcards.get(juliet).await.unwrap(), None);
    let picture: Vec<u8> = (0..200_000_u32).map(|index| index.to_le_bytes()[0]).collect();
    for xml in [b"<vCard/>".as_slice(), &picture] {
        vcards.set(juliet, xml, 200_000).await.unwrap();
        assert_eq!(vcards.get(juliet).await.unwrap().unwrap(), xml);
    }
    assert!(matches!(
        vcards.set(juliet, b"<vCard/>", 7).await,
        Err(StorageError::TooLarge { limit: 7, .. })
    ));
    vcards.remove(juliet).await.unwrap();
    assert_eq!(vcards.get(juliet).await.unwrap(), None);
}

async fn private_xml_is_kept_by_name_and_namespace(g: Ground) {
    let private = g.storage.private();
    let juliet = g.account("juliet").await;
    let other = g.account("rosaline").await;
    private
        .set(juliet, "storage", "storage:bookmarks", b"1", 10)
        .await
        .unwrap();
    private
        .set(juliet, "storage", "storage:rosternotes", b"2", 10)
        .await
        .unwrap();
    private
        .set(juliet, "storage", "storage:bookmarks", b"3", 10)
        .await
        .unwrap();
    for (account, namespace, expected) in [
        (juliet, "storage:bookmarks", Some(b"3".to_vec())),
        (juliet, "storage:rosternotes", Some(b"2".to_vec())),
        (juliet, "storage:Bookmarks", None),
        (other, "storage:bookmarks", None),
    ] {
        assert_eq!(
            private.get(account, "storage", namespace).await.unwrap(),
            expected,
            "{namespace}"
        );
    }
}

async fn private_xml_has_one_bound_for_all_of_it(g: Ground) {
    let private = g.storage.private();
    let juliet = g.account("juliet").await;
    private.set(juliet, "a", "n", b"12345", 10).await.unwrap();
    private.set(juliet, "b", "n", b"12345", 10).await.unwrap();
    assert!(matches!(
        private.set(juliet, "c", "n", b"1", 10).await,
        Err(StorageError::TooLarge { limit: 10, .. })
    ));
    // Replacing counts once.
    private.set(juliet, "a", "n", b"54321", 10).await.unwrap();
    assert_eq!(private.get(juliet, "c", "n").await.unwrap(), None);
    assert_eq!(private.get(juliet, "a", "n").await.unwrap().unwrap(), b"54321");
}

async fn a_block_list_holds_each_address_once(g: Ground) {
    let blocking = g.storage.blocking();
    let juliet = g.account("juliet").await;
    blocking
        .add(juliet, &["paris@verona.example", "tybalt@capulet.example/🗡"], 10)
        .await
        .unwrap();
    blocking
        .add(juliet, &["paris@verona.example", "verona.example"], 10)
        .await
        .unwrap();
    let all = ["paris@verona.example", "tybalt@capulet.example/🗡", "verona.example"];
    assert_eq!(blocking.list(juliet).await.unwrap(), all);
    blocking
        .remove(juliet, &["paris@verona.example", "nobody.example"])
        .await
        .unwrap();
    assert_eq!(blocking.list(juliet).await.unwrap(), all[1..]);
    blocking.clear(juliet).await.unwrap();
    assert!(blocking.list(juliet).await.unwrap().is_empty());
}

async fn a_block_list_grows_to_its_bound_and_no_further(g: Ground) {
    let blocking = g.storage.blocking();
    let juliet = g.account("juliet").await;
    blocking.add(juliet, &["a", "b"], 3).await.unwrap();
    let refused = blocking.add(juliet, &["c", "d"], 3).await;
    assert!(
        matches!(refused, Err(StorageError::TooLarge { limit: 3, .. })),
        "{refused:?}"
    );
    assert_eq!(blocking.list(juliet).await.unwrap(), ["a", "b"]);
    blocking.add(juliet, &["b", "c"], 3).await.unwrap();
    assert_eq!(blocking.list(juliet).await.unwrap(), ["a", "b", "c"]);
}
