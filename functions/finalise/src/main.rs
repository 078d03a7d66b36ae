//! `finalise` as a Lambda function.

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    platefleet_fleet::runner::run("finalise", async |fleet, record| platefleet_finalise::handle(&fleet, &record).await)
        .await
}
