//! The Lambda Runtime API as one process sees it. Each process has a server of its own, so a request says by where it
//! arrives whose it is. Source: Lambda developer guide, "Using the Lambda runtime API".

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State, rejection::BytesRejection},
    http::{HeaderMap, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::json;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot, watch},
    task::AbortHandle,
};

use super::MAX_PAYLOAD_BYTES;

/// What a process is given.
#[derive(Debug, Clone)]
pub(super) struct Invocation {
    /// Identity of the invocation.
    pub(super) id: String,
    /// JSON.
    pub(super) event: Bytes,
    /// How long it may take.
    pub(super) timeout: Duration,
    /// X-Ray trace header.
    pub(super) trace: String,
    /// ARN of the function.
    pub(super) arn: Arc<str>,
}

/// What a process answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// It is done; JSON of the function.
    Response(Bytes),
    /// It failed; JSON with `errorType` and `errorMessage`.
    Error(Bytes),
}

type Offer = (Invocation, oneshot::Sender<Reply>);

struct Shared {
    offers: tokio::sync::Mutex<mpsc::Receiver<Offer>>,
    /// How often the process has asked for work.
    asked: watch::Sender<u64>,
    current: Mutex<Option<(String, oneshot::Sender<Reply>)>>,
    init_error: Mutex<Option<Bytes>>,
}

/// The server of one process; it ends when this is dropped.
pub(super) struct Session {
    pub(super) address: SocketAddr,
    shared: Arc<Shared>,
    offers: mpsc::Sender<Offer>,
    server: AbortHandle,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Session {
    /// Begins to serve.
    pub(super) async fn open() -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (offers, taken) = mpsc::channel(1);
        let shared = Arc::new(Shared {
            offers: tokio::sync::Mutex::new(taken),
            asked: watch::Sender::new(0),
            current: Mutex::new(None),
            init_error: Mutex::new(None),
        });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .layer(DefaultBodyLimit::max(MAX_PAYLOAD_BYTES))
            .with_state(Arc::clone(&shared));
        let listener = axum::serve::ListenerExt::tap_io(listener, |stream| _ = stream.set_nodelay(true));
        let server = tokio::spawn(async move { _ = axum::serve(listener, router).await }).abort_handle();
        Ok(Self { address, shared, offers, server })
    }

    /// Waits until the process asks for work for the first time.
    pub(super) async fn ready(&self) {
        let _ = self.shared.asked.subscribe().wait_for(|asked| *asked > 0).await;
    }

    /// Hands over an event. The answer never comes if the process ends.
    pub(super) async fn offer(&self, invocation: Invocation) -> oneshot::Receiver<Reply> {
        let (reply, answer) = oneshot::channel();
        let _ = self.offers.send((invocation, reply)).await;
        answer
    }

    /// What the process said of why it could not begin.
    pub(super) fn init_error(&self) -> Option<Bytes> {
        lock(&self.shared.init_error).take()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An error as Lambda words its own.
pub(super) fn error_json(kind: &str, message: &str) -> Bytes {
    json!({"errorType": kind, "errorMessage": message}).to_string().into()
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    // Whoever asks again has no answer to the last event.
    if let Some((id, reply)) = lock(&shared.current).take() {
        let message =
            format!("RequestId: {id} Error: the function asked for the next event without an answer to this one");
        let _ = reply.send(Reply::Error(error_json("Runtime.NoResponse", &message)));
    }
    shared.asked.send_modify(|asked| *asked += 1);
    let Some((invocation, reply)) = shared.offers.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let deadline = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default() + invocation.timeout;
    let headers = [
        ("content-type", "application/json".to_owned()),
        // Clients send head and body of their answer in two pieces. On a connection that has been used, the second waits
        // for the acknowledgement of the first, which comes 40 ms late; on a new one it comes at once.
        ("connection", "close".to_owned()),
        ("lambda-runtime-aws-request-id", invocation.id.clone()),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", invocation.arn.to_string()),
        ("lambda-runtime-trace-id", invocation.trace),
    ];
    *lock(&shared.current) = Some((invocation.id, reply));
    let mut response = Response::new(invocation.event.into());
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Ends the current invocation if this is its id.
fn end(shared: &Shared, id: &str, reply: impl FnOnce() -> Reply) -> Response {
    let current = lock(&shared.current).take_if(|(current, _)| current == id);
    let Some((_, sender)) = current else {
        let problem = error_json("InvalidRequestID", "this is not the invocation at work; its time may be over");
        return (StatusCode::BAD_REQUEST, problem).into_response();
    };
    let _ = sender.send(reply());
    accepted()
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, [("content-type", "application/json")], r#"{"status":"OK"}"#).into_response()
}

async fn response(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    match body {
        Ok(body) => end(&shared, &id, || Reply::Response(body)),
        Err(rejection) => {
            let message = format!("the answer is unusable or longer than {MAX_PAYLOAD_BYTES} bytes: {rejection}");
            end(&shared, &id, || Reply::Error(error_json("Function.ResponseSizeTooLarge", &message)));
            rejection.into_response()
        }
    }
}

/// The error of a function, whatever the body is.
fn told(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Bytes {
    let kind = headers.get("lambda-runtime-function-error-type").and_then(|v| v.to_str().ok());
    body.ok()
        .filter(|body| serde_json::from_slice::<serde_json::Value>(body).is_ok())
        .unwrap_or_else(|| error_json(kind.unwrap_or("Unhandled"), "the function failed and did not say why"))
}

async fn error(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    end(&shared, &id, || Reply::Error(told(&headers, body)))
}

async fn init_error(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    *lock(&shared.init_error) = Some(told(&headers, body));
    accepted()
}
