//! Settings as typed values: what configuration keys and system properties have in common.

mod catalogue;
mod kind;
mod nearest;
mod value;

pub use catalogue::{Applies, Catalogue, Definition, is_secret_name};
pub use kind::{BadValue, Check, Kind};
pub use nearest::nearest;
pub use value::Value;
