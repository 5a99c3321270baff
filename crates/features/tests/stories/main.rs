//! What features do, told as stories: who sends what, and who hears what of it. What must not be heard counts double.

mod blocking;
mod delivery;
mod disco;
mod keeping;
mod offline;
mod presence;
mod questions;
mod registration;
mod roster;
mod sanitize;
mod shared_rosters;
mod strangers;
mod subscription;
