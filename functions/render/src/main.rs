//! The function `render`: one range of frames.
// Layouts of the SDK's futures nest deeper than the default.
#![recursion_limit = "256"]

use platefleet_fleet::runner;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    runner::run("render", async |fleet, record| Box::pin(platefleet_render::handle(&fleet, &record)).await).await
}
