//! What an operator can do: one function per act, called by the command line, later by the console,
//! the REST API and ad-hoc commands alike. Knows nothing of HTTP or terminals.
//!
//! | to find | look in |
//! |---|---|
//! | who acts, and what that allows | `actor` |
//! | what a setting may hold | `setting/` |

mod setting;

pub use setting::{Applies, BadValue, Catalogue, Check, Definition, Kind, Value};
