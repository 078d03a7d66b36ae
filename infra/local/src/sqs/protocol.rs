//! The protocol AWS JSON 1.0 over HTTP: `POST /` with the operation in `x-amz-target`.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    serve::ListenerExt as _,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{
    MAX_MESSAGE_BYTES,
    engine::{Sqs, SqsError},
    operations,
};

/// A batch of 1 MiB in JSON, where one byte of text may take six.
const MAX_REQUEST_BYTES: usize = 6 * MAX_MESSAGE_BYTES + (64 << 10);

/// Serves until the listener fails. Signatures are not checked: bind to 127.0.0.1.
pub async fn serve(listener: TcpListener, sqs: Arc<Sqs>) -> std::io::Result<()> {
    let router = Router::new().fallback(answer).layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES)).with_state(sqs);
    let listener = listener.tap_io(|stream| _ = stream.set_nodelay(true));
    axum::serve(listener, router).await
}

async fn answer(State(sqs): State<Arc<Sqs>>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|v| v.to_str().ok()).unwrap_or_default();
    let result = match (target.strip_prefix("AmazonSQS."), serde_json::from_slice(&body)) {
        (Some(operation), Ok(input)) => operations::run(&sqs, operation, &input).await,
        (None, _) => Err(Fault::new("UnknownOperationException", "the header x-amz-target names no operation of SQS")),
        (_, Err(error)) => Err(Fault::new("SerializationException", format!("the request is not JSON: {error}"))),
    };
    result.map_or_else(IntoResponse::into_response, |output| respond(StatusCode::OK, &output))
}

fn respond(status: StatusCode, body: &Value) -> Response {
    static REQUESTS: AtomicU64 = AtomicU64::new(1);
    let id = format!("00000000-0000-4000-8000-{:012x}", REQUESTS.fetch_add(1, Ordering::Relaxed));
    let headers = [(header::CONTENT_TYPE, "application/x-amz-json-1.0".to_owned()), (REQUEST_ID, id)];
    (status, headers, body.to_string()).into_response()
}

const REQUEST_ID: header::HeaderName = header::HeaderName::from_static("x-amzn-requestid");

/// Code of an error that is not the sender's.
const INTERNAL: &str = "InternalFailure";

/// An error as clients read it: a shape of the service model and the code of the older query protocol.
#[derive(Debug)]
pub(super) struct Fault {
    /// Shape, such as `QueueDoesNotExist`.
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub(super) fn is_the_senders(&self) -> bool {
        self.code != INTERNAL
    }

    /// What `x-amzn-query-error` says, and what an entry of a batch fails with.
    pub(super) fn query_code(&self) -> &'static str {
        match self.code {
            "QueueDoesNotExist" => "AWS.SimpleQueueService.NonExistentQueue",
            "QueueNameExists" => "QueueAlreadyExists",
            "BatchEntryIdsNotDistinct" => "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
            "BatchRequestTooLong" => "AWS.SimpleQueueService.BatchRequestTooLong",
            "EmptyBatchRequest" => "AWS.SimpleQueueService.EmptyBatchRequest",
            "InvalidBatchEntryId" => "AWS.SimpleQueueService.InvalidBatchEntryId",
            "MessageNotInflight" => "AWS.SimpleQueueService.MessageNotInflight",
            "TooManyEntriesInBatchRequest" => "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            "UnsupportedOperation" => "AWS.SimpleQueueService.UnsupportedOperation",
            "InvalidParameterValueException" => "InvalidParameterValue",
            "MissingParameterException" => "MissingParameter",
            other => other,
        }
    }
}

impl From<SqsError> for Fault {
    fn from(error: SqsError) -> Self {
        let code = match error {
            SqsError::NoSuchQueue(_) => "QueueDoesNotExist",
            SqsError::QueueExists(_) => "QueueNameExists",
            SqsError::InvalidParameter(_) => "InvalidParameterValueException",
            SqsError::InvalidCharacter(_) => "InvalidMessageContents",
            SqsError::InvalidReceipt(_) => "ReceiptHandleIsInvalid",
            SqsError::NotInFlight(_) => "MessageNotInflight",
            SqsError::Unsupported(_) => "UnsupportedOperation",
            SqsError::Disk(_) => INTERNAL,
        };
        Self::new(code, error.to_string())
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let body = json!({"__type": format!("com.amazonaws.sqs#{}", self.code), "message": self.message});
        let (status, at_fault) = if self.is_the_senders() {
            (StatusCode::BAD_REQUEST, "Sender")
        } else {
            (StatusCode::INTERNAL_SERVER_ERROR, "Receiver")
        };
        let mut response = respond(status, &body);
        if let Ok(code) = HeaderValue::from_str(&format!("{};{at_fault}", self.query_code())) {
            response.headers_mut().insert("x-amzn-query-error", code);
        }
        response
    }
}
