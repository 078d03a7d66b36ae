//! The function `status`: what people and scripts ask.

use platefleet_fleet::runner;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    runner::run_http("status", async |fleet, request| Box::pin(platefleet_status::handle(&fleet, &request)).await).await
}
