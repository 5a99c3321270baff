//! `/accounts/{address}/export`: an account as a document that other servers read (XEP-0227), to be kept by whoever asks.

use axum::{
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    response::{IntoResponse, Response},
};

use crate::visit::Visit;

/// The document, as a file.
pub(crate) async fn export(visit: Visit) -> Response {
    let address = visit.name("address");
    match visit.acts().accounts.export_portable(visit.actor(), address).await {
        Ok(xml) => {
            let name = format!("attachment; filename=\"{}.xml\"", file_name(address));
            let headers = [
                (CONTENT_TYPE, "application/xml; charset=utf-8".to_owned()),
                (CONTENT_DISPOSITION, name),
            ];
            (headers, xml).into_response()
        }
        Err(error) => visit.refuse(&error).await,
    }
}

/// Of an address, without what means something in a header or a path.
fn file_name(address: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.' | '@');
    let name: String = address
        .chars()
        .map(|character| if is_plain(character) { character } else { '_' })
        .collect();
    name.trim_start_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn a_file_is_called_like_the_account_as_far_as_that_is_harmless() {
        assert_eq!(file_name("alice@example.org"), "alice@example.org");
        assert_eq!(file_name("../a\"\r\n;@x"), "_a____@x");
    }
}
