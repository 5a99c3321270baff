//! `/audit/export`: the record as a file, for a spreadsheet or a program.

use std::io;

use axum::{
    body::Body,
    http::{
        StatusCode,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use futures_util::stream;
use ops::{AuditInfo, AuditPage, OpsError, PAGE_MAX};

use super::audit::wanted;
use crate::{language::t, visit::Visit, words};

/// How the record is written.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// As RFC 4180 has it.
    Csv,
    /// An object a line.
    JsonLines,
}

const CSV_HEAD: &str = "id,time,actor,address,node,act,target,before,after,outcome\r\n";

/// What is still to be sent.
struct Rest {
    visit: Visit,
    wanted: AuditPage,
    form: Form,
    /// The next part; none: all was sent.
    next: Option<Vec<AuditInfo>>,
    is_begun: bool,
}

pub(crate) async fn file(visit: Visit) -> Response {
    let (form, kind, name) = match visit.query.raw("form") {
        "jsonl" => (Form::JsonLines, "application/jsonl; charset=utf-8", "audit.jsonl"),
        "csv" | "" => (Form::Csv, "text/csv; charset=utf-8", "audit.csv"),
        _ => {
            let why = t("The record is exported as csv or jsonl.");
            return visit.refuse_with(StatusCode::BAD_REQUEST, why).await;
        }
    };
    let (mut wanted, date_error) = wanted(&visit.query);
    if let Some(why) = date_error {
        return visit.refuse_with(StatusCode::BAD_REQUEST, why).await;
    }
    wanted.limit = PAGE_MAX;
    // What cannot be read at all is a page that says so, and no file.
    let first = match visit.acts().audit.list(visit.actor(), &wanted).await {
        Ok(rows) => rows,
        Err(error) => return visit.refuse(&error).await,
    };
    let rest = Rest {
        visit,
        wanted,
        form,
        next: Some(first),
        is_begun: false,
    };
    let parts = stream::try_unfold(rest, |mut rest| async move {
        let part = rest.part().await.map_err(io::Error::other)?;
        Ok::<_, io::Error>(part.map(|part| (part, rest)))
    });
    let disposition = format!("attachment; filename=\"{name}\"");
    let head = [(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, disposition)];
    (head, Body::from_stream(parts)).into_response()
}

impl Rest {
    /// The next part of the file. Where the database fails in the middle, the answer breaks off, so that nobody takes a
    /// part for the whole.
    async fn part(&mut self) -> Result<Option<String>, OpsError> {
        let Some(rows) = self.next.take() else { return Ok(None) };
        let mut text = match self.form {
            Form::Csv if !self.is_begun => CSV_HEAD.to_owned(),
            Form::Csv | Form::JsonLines => String::new(),
        };
        self.is_begun = true;
        for row in &rows {
            match self.form {
                Form::Csv => text += &csv(row),
                Form::JsonLines => text += &json(row),
            }
        }
        if let Some(last) = rows.last().filter(|_| rows.len() == PAGE_MAX as usize) {
            self.wanted.before = Some(last.id);
            let (audit, actor) = (&self.visit.acts().audit, self.visit.actor());
            self.next = Some(audit.list(actor, &self.wanted).await?);
        }
        Ok(Some(text))
    }
}

fn json(row: &AuditInfo) -> String {
    // Strings and numbers only: nothing in it can fail to be written.
    let mut line = serde_json::to_string(row).unwrap_or_default();
    line.push('\n');
    line
}

fn csv(row: &AuditInfo) -> String {
    let (id, time) = (row.id.to_string(), words::exact_time(row.at));
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let fields = [
        id,
        time,
        row.actor.clone(),
        text(&row.address),
        row.node.clone(),
        row.act.clone(),
        row.target.clone(),
        text(&row.before),
        text(&row.after),
        text(&row.outcome),
    ];
    fields.map(|field| quoted(&field)).join(",") + "\r\n"
}

/// A field that is text wherever it is opened: a spreadsheet takes what begins like this for a formula and runs it.
fn quoted(field: &str) -> String {
    let begins_a_formula = field
        .trim_start()
        .starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
        || field.starts_with(['\t', '\r', '\n']);
    let guard = if begins_a_formula { "'" } else { "" };
    format!("\"{guard}{}\"", field.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn no_field_is_a_formula_or_ends_early() {
        for (field, expected) in [
            ("plain, text", "\"plain, text\""),
            ("a \"b\"", "\"a \"\"b\"\"\""),
            ("=1+1", "\"'=1+1\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            (" =1", "\"' =1\""),
            ("\t=1", "\"'\t=1\""),
            ("\u{ff1d}1", "\"'\u{ff1d}1\""),
            ("\",=1", "\"\"\",=1\""),
            ("", "\"\""),
        ] {
            assert_eq!(quoted(field), expected, "{field}");
        }
    }
}
