//! At most one live group acts.

use crate::world::Violation;
use crate::worlds::never;

#[test]
fn at_most_one_live_group_acts() {
    never(|violation| matches!(violation, Violation::TwoGroupsAct(_)));
}
