//! `/properties`: what can be changed while the server runs.

use askama::Template;
use axum::response::Response;
use ops::{Applies, PropertyInfo, Source};

use crate::{
    frame::Frame,
    language::{filters, t, t1, told},
    refusal::rendered,
    visit::Visit,
};

#[derive(Template)]
#[template(path = "properties.html")]
struct Page {
    frame: Frame,
    text: String,
    groups: Vec<Group>,
    shown: usize,
    count: usize,
}

/// Properties whose names begin with the same word.
struct Group {
    name: String,
    rows: Vec<Row>,
}

struct Row {
    info: PropertyInfo,
    source: String,
    is_set: bool,
    is_pinned: bool,
    needs_restart: bool,
}

pub(crate) async fn page(visit: Visit) -> Response {
    let properties = match visit.acts().properties.list(visit.actor()).await {
        Ok(properties) => properties,
        Err(error) => return visit.refuse(&error).await,
    };
    let (text, count) = (visit.query.get("text"), properties.len());
    let wanted = text.to_lowercase();
    let is_meant = |info: &PropertyInfo| {
        info.name.to_lowercase().contains(&wanted) || told(&info.doc).to_lowercase().contains(&wanted)
    };
    let mut groups: Vec<Group> = Vec::new();
    let mut shown = 0;
    for info in properties.into_iter().filter(is_meant) {
        shown += 1;
        let name = info.name.split('.').next().unwrap_or_default().to_owned();
        match groups.last_mut().filter(|group| group.name == name) {
            Some(group) => group.rows.push(Row::of(info)),
            None => groups.push(Group {
                name,
                rows: vec![Row::of(info)],
            }),
        }
    }
    rendered(&Page {
        frame: visit.frame(t("System properties")).await,
        text,
        groups,
        shown,
        count,
    })
}

/// Why a value holds, in words.
pub(crate) fn source(info: &PropertyInfo) -> String {
    match &info.source {
        Source::Default => t("default").to_owned(),
        Source::Cluster => t("set for all servers").to_owned(),
        Source::Node => t("set for this server").to_owned(),
        Source::Pinned(by) => t1("pinned by {0}", by),
    }
}

impl Row {
    fn of(info: PropertyInfo) -> Self {
        Self {
            source: source(&info),
            is_set: matches!(info.source, Source::Cluster | Source::Node),
            is_pinned: matches!(info.source, Source::Pinned(_)),
            needs_restart: info.applies == Applies::Restart,
            info,
        }
    }
}
