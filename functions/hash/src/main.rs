//! `hash` as a Lambda function.

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    platefleet_fleet::runner::run("hash", async |fleet, record| platefleet_hash::handle(&fleet, &record).await).await
}
