//! What features do, told as stories: who sends what, and who hears what of it. What must not be heard counts double.

mod offline;
mod presence;
mod roster;
mod subscription;
