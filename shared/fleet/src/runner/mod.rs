//! Running a function: its settings are read and its clients connected once, then events come one after the other.
//!
//! A batch of messages is answered message by message: what fails, panics or runs out of time comes again, the rest is
//! done. What is not an event of the expected kind is an error of the whole invocation.

mod batch;
mod http;

use std::{future::Future, time::Duration};

use lambda_runtime::{Diagnostic, Error, LambdaEvent, Runtime, service_fn};
use serde_json::Value;

pub use batch::BadEvent;
pub use http::{Request, Response};

use crate::{
    aws::Fleet,
    message::{BadMessage, Message},
    ports, telemetry,
};

/// One message as it was delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Identity of the message in its queue; the same for every delivery of it.
    pub id: String,
    /// Its text.
    pub body: String,
    /// Which delivery of it this is; 1 is the first.
    pub attempt: u32,
    /// Name of the queue that it came from.
    pub source: String,
    /// True when that queue holds what others gave up on.
    pub dead: bool,
}

impl Record {
    /// The body as one of our messages.
    ///
    /// # Errors
    /// [`Failure::Hopeless`]: a body does not get better by trying again.
    pub fn message(&self) -> Result<Message, Failure> {
        Ok(Message::parse(&self.body)?)
    }
}

/// Why a message is not done. Either kind stays in its queue until that gives up and hands it to the dead letters, so
/// that nothing is acknowledged silently; the kind tells a reader of the log whether waiting may help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Another attempt may succeed.
    #[error("{0}")]
    Retry(String),
    /// No attempt will.
    #[error("{0}")]
    Hopeless(String),
}

impl From<ports::Error> for Failure {
    fn from(error: ports::Error) -> Self {
        match error {
            ports::Error::Refused(_) => Self::Hopeless(error.to_string()),
            _ => Self::Retry(error.to_string()),
        }
    }
}

impl From<BadMessage> for Failure {
    fn from(error: BadMessage) -> Self {
        Self::Hopeless(error.to_string())
    }
}

/// One invocation, as the log names it.
#[derive(Debug, Clone, Default)]
struct Invocation {
    function: &'static str,
    request_id: String,
    /// The trace header of the invocation; a message may carry its own.
    trace: Option<String>,
}

/// Runs a function that serves a queue, until Lambda ends the process.
///
/// # Errors
/// A variable of the environment that is missing or unusable (all of them at once), or the end of the runtime.
pub async fn run<H>(function: &'static str, handler: H) -> Result<(), Error>
where
    H: AsyncFn(Fleet, Record) -> Result<(), Failure>,
{
    serve(function, async |fleet, invocation, event| batch::answer(&fleet, &invocation, event, &handler).await).await
}

/// Runs a function that answers HTTP requests (a Function URL, payload version 2.0) and direct invocations
/// (`{"method","path","query"}`).
///
/// # Errors
/// As [`run`].
pub async fn run_http<H>(function: &'static str, handler: H) -> Result<(), Error>
where
    H: AsyncFn(Fleet, Request) -> Response,
{
    serve(function, async |fleet, invocation, event| http::answer(&fleet, &invocation, &event, &handler).await).await
}

async fn serve<H>(function: &'static str, answer: H) -> Result<(), Error>
where
    H: AsyncFn(Fleet, Invocation, Value) -> Result<Value, BadEvent>,
{
    telemetry::init(function);
    let fleet = Fleet::from_env().await.inspect_err(|error| tracing::error!(function, %error, "cannot begin"))?;
    let (fleet, answer) = (&fleet, &answer);
    let service = service_fn(move |event: LambdaEvent<Value>| {
        let context = event.context;
        let invocation = Invocation { function, request_id: context.request_id, trace: context.xray_trace_id };
        let fleet = fleet.until(context.deadline);
        async move {
            answer(fleet, invocation, event.payload)
                .await
                .inspect_err(|error| tracing::error!(function, %error, "not an event of this function"))
                .map_err(|error| Diagnostic { error_type: "BadEvent".into(), error_message: error.to_string() })
        }
    });
    Runtime::new(service).run().await
}

/// Runs a future to its end, to its panic, or to a time that leaves [`MARGIN`] for the answer.
async fn guarded<T>(time_left: Duration, work: impl Future<Output = T>) -> Result<T, String> {
    use futures::FutureExt as _;
    let work = std::panic::AssertUnwindSafe(work).catch_unwind();
    match tokio::time::timeout(time_left.saturating_sub(MARGIN), work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(panic)) => Err(format!("panicked: {}", telemetry::panic_text(&*panic))),
        Err(_) => Err("ran out of time".into()),
    }
}

/// Kept for answering, so that one slow message does not make Lambda end the whole batch.
const MARGIN: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_call_is_hopeless_and_every_other_error_is_worth_another_attempt() {
        let retry = |error: ports::Error| matches!(Failure::from(error), Failure::Retry(_));
        assert!(!retry(ports::Error::Refused("no".into())));
        for error in [
            ports::Error::Unknown("x".into()),
            ports::Error::Throttled("x".into()),
            ports::Error::Conflict("x".into()),
            ports::Error::NotFound("x".into()),
        ] {
            assert!(retry(error));
        }
    }

    #[tokio::test]
    async fn work_that_outlives_its_time_or_panics_is_given_up() {
        let never = guarded(MARGIN + Duration::from_millis(1), std::future::pending::<()>()).await;
        assert_eq!(never, Err("ran out of time".into()));
        let panics = guarded(Duration::from_secs(9), async { assert_eq!(6 * 7, 41, "bad frame") }).await;
        assert!(panics.is_err_and(|reason| reason.starts_with("panicked: ") && reason.contains("bad frame")));
        assert_eq!(guarded(Duration::from_secs(9), async { 42 }).await, Ok(42));
    }
}
