//! Style sheet, scripts and icon: built into the binary, found under names that change with what is in them.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

/// A file that browsers get.
struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

const ASSETS: [Asset; 4] = [
    Asset {
        name: "console.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../../../web/assets/console.css"),
    },
    Asset {
        name: "live.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../../web/assets/live.js"),
    },
    Asset {
        name: "icon.svg",
        kind: "image/svg+xml",
        bytes: include_bytes!("../../../web/assets/icon.svg"),
    },
    Asset {
        name: "back.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../../web/assets/back.js"),
    },
];

/// A browser may keep a file for ever: another one has another name.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Where the files are.
static PLACES: LazyLock<[String; 4]> = LazyLock::new(|| ASSETS.each_ref().map(place));

/// Where the style sheet is.
pub(crate) fn style() -> &'static str {
    &PLACES[0]
}

/// Where the script of live pages is.
pub(crate) fn script() -> &'static str {
    &PLACES[1]
}

/// Where the icon is.
pub(crate) fn icon() -> &'static str {
    &PLACES[2]
}

/// Where the script is that waits for a server to be back.
pub(crate) fn back() -> &'static str {
    &PLACES[3]
}

fn place(asset: &Asset) -> String {
    let hash = Sha256::digest(asset.bytes);
    let version: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("/assets/{version}/{}", asset.name)
}

/// `/assets/{version}/{name}`
pub(crate) async fn file(Path((version, name)): Path<(String, String)>) -> Response {
    let wanted = format!("/assets/{version}/{name}");
    let found = PLACES.iter().zip(&ASSETS).find(|(place, _)| **place == wanted);
    match found {
        Some((_, asset)) => ([(CONTENT_TYPE, asset.kind), (CACHE_CONTROL, FOR_EVER)], asset.bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
