//! The function `render`: one frame range.

use platefleet_fleet::runner;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    runner::run("render", async |fleet, record| Box::pin(platefleet_render::handle(&fleet, &record)).await).await
}
