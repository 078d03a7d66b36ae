//! The function `status`: where rolls and jobs stand, over HTTP.
// Layouts of the SDK's futures nest deeper than the default.
#![recursion_limit = "256"]

use platefleet_fleet::runner;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    runner::run_http("status", async |fleet, request| Box::pin(platefleet_status::handle(&fleet, &request)).await).await
}
