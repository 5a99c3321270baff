use serde_json::json;

use crate::{home::Home, stream::Stream};

#[test]
fn a_property_is_set_read_and_taken_back() {
    let home = Home::new();
    let of = |name: &str| home.hearth(&["property", "get", name, "--json"]).json();
    assert_eq!(of("registration.enabled")["value"], json!(false));
    home.hearth(&["property", "set", "registration.enabled", "true"]).done();
    assert_eq!(
        (
            of("registration.enabled")["value"].clone(),
            of("registration.enabled")["source"].clone()
        ),
        (json!(true), json!("cluster"))
    );
    home.hearth(&["property", "set", "registration.enabled", "false", "--node"])
        .done();
    assert_eq!(of("registration.enabled")["source"], json!("node"));
    home.hearth(&["property", "unset", "registration.enabled", "--node"])
        .done();
    home.hearth(&["property", "unset", "registration.enabled"]).done();
    assert_eq!(of("registration.enabled")["source"], json!("default"));
    home.hearth(&["property", "set", "sm.resume_secs", "-1"])
        .failed(1, "allowed are whole numbers from 0 to");
    home.hearth(&["property", "get", "registration.enabld"])
        .failed(1, "did you mean registration.enabled?");
    assert!(home.hearth(&["property", "list"]).done().contains("offline.policy"));
}

#[test]
fn a_pinned_property_is_refused_with_the_place_that_pins_it() {
    let home = Home::new();
    home.write("hearth.toml", "[properties]\n\"registration.enabled\" = true\n");
    let refused = "registration.enabled is pinned by hearth.toml:2";
    home.hearth(&["property", "set", "registration.enabled", "false"])
        .failed(1, refused);
    let server = home.start(&[]);
    home.hearth(&["property", "set", "registration.enabled", "false"])
        .failed(1, refused);
    home.hearth(&["property", "unset", "registration.enabled"])
        .failed(1, refused);
    let held = home
        .hearth(&["property", "get", "registration.enabled", "--json"])
        .json();
    assert_eq!(
        (held["value"].clone(), held["source"].clone()),
        (json!(true), json!({ "pinned": "hearth.toml:2" }))
    );
    server.stop();
}

#[test]
fn a_live_property_reaches_new_streams_of_the_running_server() {
    let home = Home::new();
    let server = home.start(&[]);
    let features = || Stream::open(server.address("c2s")).features();
    assert!(features().contains("<required/>"), "{}", features());
    home.hearth(&["property", "set", "c2s.tls_required", "false"]).done();
    while features().contains("<required/>") {}
    server.stop();
}
