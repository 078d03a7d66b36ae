//! The function `plan`: one pull order.

use platefleet_fleet::runner;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    runner::run("plan", async |fleet, record| platefleet_plan::handle(&fleet, &record).await).await
}
