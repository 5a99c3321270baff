//! Settings as typed values: what configuration keys and system properties have in common.

mod catalogue;
mod kind;
mod value;

pub use catalogue::{Applies, Catalogue, Definition};
pub use kind::{BadValue, Check, Kind};
pub use value::Value;
