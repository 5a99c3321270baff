//! A system property, in two steps: which one, and to what.

use ops::{Applies, OpsError, PropertyInfo, Where};
use protocol::xep::data_forms::{Field, FieldKind, Form, FormKind};

use super::{Visit, table::Report};

pub(super) async fn ask(visit: Visit, filled: Vec<Form>) -> Result<Form, OpsError> {
    match filled.first() {
        None => ask_which(&visit).await,
        Some(first) => ask_value(&visit, first).await,
    }
}

async fn ask_which(visit: &Visit) -> Result<Form, OpsError> {
    let which = Field::new("name", FieldKind::ListSingle).label("Property").required();
    let all = visit.acts.properties.list(&visit.actor).await?;
    let which = all
        .iter()
        .fold(which, |field, property| field.option(&property.name, &property.name));
    Ok(Form::new(FormKind::Form).title("Set a system property").field(which))
}

async fn ask_value(visit: &Visit, first: &Form) -> Result<Form, OpsError> {
    let property = visit.acts.properties.get(&visit.actor, name(first)).await?;
    let value = Field::new("value", FieldKind::TextSingle)
        .label(&format!("Value: {}", property.allowed))
        .value(property.value.to_string());
    Ok(Form::new(FormKind::Form)
        .title(&property.name)
        .instruction(&property.doc)
        .field(value))
}

pub(super) async fn set(visit: Visit, filled: Vec<Form>) -> Result<Report, OpsError> {
    let (Some(first), Some(value)) = (filled.first(), filled.last().and_then(|form| form.get("value"))) else {
        return Err(OpsError::Field("say to which value"));
    };
    let properties = &visit.acts.properties;
    let set = properties.set(&visit.actor, Where::Cluster, name(first), value).await?;
    Ok(Report::note(sentence(&set)))
}

fn name(form: &Form) -> &str {
    form.get("name").unwrap_or_default()
}

fn sentence(property: &PropertyInfo) -> String {
    let when = match property.applies {
        Applies::Live => "",
        Applies::Restart => " It takes effect at the next start.",
    };
    format!("{} is {} now.{when}", property.name, property.value)
}
