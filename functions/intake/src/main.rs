//! `intake` as a Lambda function.

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    platefleet_fleet::runner::run("intake", async |fleet, record| platefleet_intake::handle(&fleet, &record).await)
        .await
}
