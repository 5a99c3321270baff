//! A text as a picture that cameras read (ISO/IEC 18004): an SVG of one path, in the page itself.

use qrcode::{Color, EcLevel, QrCode};

/// §9.1: so many light modules around it.
const MARGIN: usize = 4;

/// What a template draws.
pub(crate) struct Picture {
    /// Modules on a side.
    pub(crate) side: usize,
    /// The dark ones, as an SVG path.
    pub(crate) path: String,
}

/// The picture of a text; none where it is too long for one.
pub(crate) fn of(text: &str) -> Option<Picture> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (position, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            let (x, y) = (position % width + MARGIN, position / width + MARGIN);
            path.push_str(&format!("M{x} {y}h1v1h-1z"));
        }
    }
    Some(Picture {
        side: width + 2 * MARGIN,
        path,
    })
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn a_picture_has_its_three_corners_and_a_margin() {
        let picture = of("otpauth://totp/x").expect("it is short");
        for corner in ["M4 4h1v1h-1z", "M10 10h1v1h-1z"] {
            assert!(picture.path.contains(corner), "{corner}");
        }
        assert!(!picture.path.contains("M3 ") && !picture.path.contains(" 3h"));
        assert!(of(&"x".repeat(10_000)).is_none());
    }
}
