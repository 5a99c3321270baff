//! German. One file for each part of the console.

mod accounts;
mod certificates;
mod cluster;
mod common;
mod findings;
mod frame;
mod groups;
mod hosts;
mod meanings;
mod overview;
mod power;
mod properties;
mod records;
mod sessions;
mod settings;
mod setup;
mod told;

use std::sync::OnceLock;

use super::Language;

pub(super) static GERMAN: Language = Language {
    tag: "de",
    name: "Deutsch",
    form: |count| usize::from(count != 1),
    lists: &[
        accounts::TEXTS,
        certificates::TEXTS,
        cluster::TEXTS,
        common::TEXTS,
        frame::TEXTS,
        groups::TEXTS,
        hosts::TEXTS,
        overview::TEXTS,
        power::TEXTS,
        records::TEXTS,
        sessions::TEXTS,
        settings::TEXTS,
        setup::TEXTS,
    ],
    texts: OnceLock::new(),
    others: &[findings::TEXTS, meanings::TEXTS, properties::TEXTS, told::TEXTS],
    told: OnceLock::new(),
};
