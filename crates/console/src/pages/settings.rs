//! `/settings`: the properties, a form for each topic. A form is saved as a whole or not at all.

use std::collections::HashMap;

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ops::{Applies, NotSet, OpsError, PropertyInfo, Source};

use crate::{
    frame::Frame,
    language::{Text, filters, n, t, t1, told},
    refusal::{self, rendered},
    topics::{TOPICS, Topic, label},
    visit::{Visit, done},
};

#[derive(Template)]
#[template(path = "settings.html")]
struct TopicsPage {
    frame: Frame,
    topics: Vec<TopicRow>,
}

struct TopicRow {
    topic: &'static Topic,
    count: usize,
    /// How many of them are not as they would be if nothing were set.
    changed: usize,
}

#[derive(Template)]
#[template(path = "settings_topic.html")]
struct FormPage {
    frame: Frame,
    topic: &'static Topic,
    fields: Vec<Field>,
    error: Option<String>,
}

struct Field {
    info: PropertyInfo,
    label: String,
    unit: Option<Text>,
    /// Why it cannot be changed here.
    locked: Option<String>,
    needs_restart: bool,
    /// What stands in the field.
    value: String,
    /// What stood there when the form was shown: only what differs is set, so that a form that lay open for an hour
    /// does not take back what somebody else has set meanwhile.
    was: String,
    error: Option<String>,
}

/// What was sent, and what is wrong with it.
struct Refused {
    values: HashMap<String, OpsError>,
    other: Option<OpsError>,
}

pub(crate) async fn topics(visit: Visit) -> Response {
    let properties = match visit.acts().properties.list(visit.actor()).await {
        Ok(properties) => properties,
        Err(error) => return visit.refuse(&error).await,
    };
    let row = |topic: &'static Topic| {
        let of_it = properties
            .iter()
            .filter(|info| Topic::of(&info.name).slug == topic.slug);
        let is_changed = |info: &&PropertyInfo| info.source != Source::Default;
        TopicRow {
            topic,
            count: of_it.clone().count(),
            changed: of_it.filter(is_changed).count(),
        }
    };
    let topics = TOPICS.iter().map(row).filter(|row| row.count > 0).collect();
    rendered(&TopicsPage {
        frame: visit.frame(t("Settings")).await,
        topics,
    })
}

pub(crate) async fn page(visit: Visit) -> Response {
    show(&visit, None).await
}

pub(crate) async fn save(visit: Visit) -> Response {
    let infos = match of_topic(&visit).await {
        Ok((_, infos)) => infos,
        Err(response) => return response,
    };
    let mut values = Vec::new();
    let mut needs_restart = false;
    for info in &infos {
        let Some(value) = visit.form.sent(&info.name) else {
            continue;
        };
        let value = value.trim();
        if visit.form.sent(&was(&info.name)) != Some(value) {
            needs_restart |= info.applies == Applies::Restart;
            values.push((info.name.clone(), value.to_owned()));
        }
    }
    let path = format!("/settings/{}", visit.name("topic"));
    let refused = match visit.acts().properties.set_all(visit.actor(), &values).await {
        Ok(()) if values.is_empty() => return done(&path, "unchanged"),
        Ok(()) if needs_restart => return done(&path, "saved-restart"),
        Ok(()) => return done(&path, "saved"),
        Err(NotSet::Values(values)) => Refused { values, other: None },
        Err(NotSet::Other(error)) => Refused {
            values: HashMap::new(),
            other: Some(error),
        },
    };
    show(&visit, Some(refused)).await
}

/// The name of the field that says what stood in a property's field.
fn was(name: &str) -> String {
    format!("was:{name}")
}

/// The topic that is asked for, and what is of it.
async fn of_topic(visit: &Visit) -> Result<(&'static Topic, Vec<PropertyInfo>), Response> {
    let mut infos = match visit.acts().properties.list(visit.actor()).await {
        Ok(infos) => infos,
        Err(error) => return Err(visit.refuse(&error).await),
    };
    let topic = Topic::find(visit.name("topic"));
    infos.retain(|info| topic.is_some_and(|topic| Topic::of(&info.name).slug == topic.slug));
    match topic.filter(|_| !infos.is_empty()) {
        Some(topic) => Ok((topic, infos)),
        None => Err(visit
            .refuse_with(StatusCode::NOT_FOUND, t("There are no settings of this name."))
            .await),
    }
}

async fn show(visit: &Visit, refused: Option<Refused>) -> Response {
    let (topic, infos) = match of_topic(visit).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let (status, error) = match &refused {
        None => (StatusCode::OK, None),
        Some(Refused { other: Some(error), .. }) => (refusal::status(error), Some(told(error))),
        Some(Refused { values, .. }) => {
            let count = u64::try_from(values.len()).unwrap_or(u64::MAX);
            let text = n(
                "Nothing was saved: one field is wrong.|Nothing was saved: {0} fields are wrong.",
                count,
            );
            (StatusCode::UNPROCESSABLE_ENTITY, Some(text))
        }
    };
    let page = FormPage {
        frame: visit.frame(topic.title.say()).await,
        topic,
        fields: infos
            .into_iter()
            .map(|info| Field::of(info, visit, refused.as_ref()))
            .collect(),
        error,
    };
    (status, rendered(&page)).into_response()
}

impl Field {
    fn of(info: PropertyInfo, visit: &Visit, refused: Option<&Refused>) -> Self {
        let (label, unit) = label(&info.name);
        let typed = |name: &str| refused.and_then(|_| visit.form.sent(name)).map(str::to_owned);
        let now = info.value.to_string();
        Self {
            label,
            unit,
            locked: match &info.source {
                Source::Pinned(by) => Some(t1("Locked: it is pinned by {0}. Change it there.", by)),
                Source::Node => Some(t("This server has a value of its own, which its page changes.").to_owned()),
                Source::Default | Source::Cluster => None,
            },
            needs_restart: info.applies == Applies::Restart,
            value: typed(&info.name).unwrap_or_else(|| now.clone()),
            was: typed(&was(&info.name)).unwrap_or(now),
            error: refused.and_then(|refused| refused.values.get(&info.name)).map(told),
            info,
        }
    }
}
