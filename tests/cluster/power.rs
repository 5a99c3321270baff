//! A machine loses its power: it falls silent from one moment to the next, and answers nobody, not even with a refusal.

use anyhow::Result;

use crate::faults::{Fault, Role, Town};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_machines_survive_the_power_loss_of_any() -> Result<()> {
    let mut town = Town::found(3).await?;
    town.suffer(Fault::PowerLoss(Role::Junior)).await?;
    town.suffer(Fault::PowerLoss(Role::Senior)).await?;
    town.fleet.told()
}
