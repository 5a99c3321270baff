//! The network loses what one server says to another, and carries what the other says.

use anyhow::Result;

use crate::faults::{Fault, Role, Town};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_another_does_not_hear_is_left_out_until_it_does() -> Result<()> {
    let mut town = Town::found(3).await?;
    town.suffer(Fault::OneWay(Role::Junior)).await?;
    town.suffer(Fault::OneWay(Role::Senior)).await?;
    town.fleet.told()
}
