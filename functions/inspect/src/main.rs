//! The function `inspect`: one clip of a roll that is checked.

use platefleet_fleet::runner;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    runner::run("inspect", async |fleet, record| platefleet_inspect::handle(&fleet, &record).await).await
}
