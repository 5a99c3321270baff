//! No process acts that its group has declared dead.

use crate::world::Violation;
use crate::worlds::never;

#[test]
fn no_process_acts_that_its_group_declared_dead() {
    never(|violation| matches!(violation, Violation::TheDeadAct(_)));
}
