//! Invocations over HTTP: Lambda's own `Invoke`, and Function URLs below `/url/<function>/`.
//!
//! Signatures are not checked. Browsers are kept out of what is not theirs: only requests that name this machine are
//! answered, so that no page of the network can reach the functions under a name of its own.

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Path, RawQuery, State, rejection::BytesRejection},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{any, post},
    serve::ListenerExt as _,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::{net::TcpListener, sync::watch};

use super::{
    MAX_PAYLOAD_BYTES, Phase, find,
    function::{Answer, Function},
};

type Functions = Arc<BTreeMap<String, Arc<Function>>>;

/// Serves until the host ends.
pub(super) async fn serve(
    listener: TcpListener,
    functions: BTreeMap<String, Arc<Function>>,
    mut phase: watch::Receiver<Phase>,
) {
    let router = Router::new()
        .route("/2015-03-31/functions/{name}/invocations", post(invoke))
        .route("/url/{name}", any(root))
        .route("/url/{name}/", any(root))
        .route("/url/{name}/{*path}", any(url))
        .layer(DefaultBodyLimit::max(MAX_PAYLOAD_BYTES))
        .with_state(Arc::new(functions));
    let listener = listener.tap_io(|stream| _ = stream.set_nodelay(true));
    tokio::select! {
        ended = async { axum::serve(listener, router).await } => tracing::error!(?ended, "invocations are no longer served"),
        _ = phase.wait_for(|phase| *phase >= Phase::Ending) => {}
    }
}

/// Why a request is not answered, as Lambda words it.
struct Refusal {
    status: StatusCode,
    kind: &'static str,
    message: String,
}

fn refuse(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Refusal {
    Refusal { status, kind, message: message.into() }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let headers = [("content-type", "application/json"), ("x-amzn-errortype", self.kind)];
        (self.status, headers, json!({"Type": "User", "message": self.message}).to_string()).into_response()
    }
}

/// Refuses requests under a name that is not this machine's.
fn check_host(headers: &HeaderMap) -> Result<(), Refusal> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    match name {
        "127.0.0.1" | "localhost" => Ok(()),
        _ => Err(refuse(StatusCode::FORBIDDEN, "AccessDeniedException", "ask 127.0.0.1 or localhost by this name")),
    }
}

fn body_of(body: Result<Bytes, BytesRejection>) -> Result<Bytes, Refusal> {
    body.map_err(|rejection| {
        let message = format!("the request is longer than {MAX_PAYLOAD_BYTES} bytes, or broken: {rejection}");
        refuse(rejection.status(), "RequestTooLargeException", message)
    })
}

fn known<'a>(functions: &'a Functions, name: &str) -> Result<&'a Arc<Function>, Refusal> {
    find(functions, name).ok_or_else(|| {
        let names = functions.keys().cloned().collect::<Vec<_>>().join(", ");
        let message = format!("Function not found: {}; there are {names}", name.escape_debug());
        refuse(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
    })
}

/// `Invoke` of the Lambda API.
async fn invoke(
    State(functions): State<Functions>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    invoked(&functions, &name, &headers, body).await.unwrap_or_else(IntoResponse::into_response)
}

async fn invoked(
    functions: &Functions,
    name: &str,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    check_host(headers)?;
    let function = known(functions, name)?;
    let body = body_of(body)?;
    let event = if body.is_empty() { Bytes::from_static(b"{}") } else { body };
    if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&event) {
        let message = format!("Could not parse request body into json: {error}");
        return Err(refuse(StatusCode::BAD_REQUEST, "InvalidRequestContentException", message));
    }
    match headers.get("x-amz-invocation-type").map_or(Ok("RequestResponse"), HeaderValue::to_str) {
        Ok("RequestResponse") => {}
        Ok("DryRun") => return Ok(StatusCode::NO_CONTENT.into_response()),
        _ => {
            let message = "the invocation types here are RequestResponse and DryRun";
            return Err(refuse(StatusCode::BAD_REQUEST, "InvalidParameterValueException", message));
        }
    }
    let answer = function.invoke(event, None).await;
    let headers = [("content-type", "application/json"), ("x-amz-executed-version", "$LATEST")];
    Ok(match answer {
        Answer::Done(json) => (headers, json).into_response(),
        Answer::Failed(json) => (headers, [("x-amz-function-error", "Unhandled")], json).into_response(),
    })
}

async fn root(
    functions: State<Functions>,
    Path(name): Path<String>,
    method: Method,
    query: RawQuery,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    url(functions, Path((name, String::new())), method, query, headers, body).await
}

/// A request to a Function URL.
async fn url(
    State(functions): State<Functions>,
    Path((name, path)): Path<(String, String)>,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let answer = async {
        check_host(&headers)?;
        let function = known(&functions, &name)?;
        if !function.has_url() {
            let message = format!("the function {} has no URL", function.name());
            return Err(refuse(StatusCode::FORBIDDEN, "AccessDeniedException", message));
        }
        let body = body_of(body)?;
        let event = request_event(&method, &format!("/{path}"), query.as_deref().unwrap_or_default(), &headers, &body);
        match function.invoke(event.to_string().into(), None).await {
            Answer::Done(json) => Ok(over_http(&json)),
            Answer::Failed(_) => Err(refuse(StatusCode::BAD_GATEWAY, "InternalServerError", "Internal Server Error")),
        }
    };
    answer.await.unwrap_or_else(IntoResponse::into_response)
}

/// Payload version 2.0. Source: Lambda developer guide, "Invoking Lambda function URLs".
fn request_event(method: &Method, path: &str, query: &str, headers: &HeaderMap, body: &Bytes) -> Value {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let named: Map<_, _> = headers
        .keys()
        .map(|name| {
            let values = headers.get_all(name).iter().map(text).collect::<Vec<_>>();
            (name.as_str().to_owned(), values.join(",").into())
        })
        .collect();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64);
    let get = |name: header::HeaderName| headers.get(name).map(text).unwrap_or_default();
    let (body, encoded) = match std::str::from_utf8(body) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (BASE64_STANDARD.encode(body), true),
    };
    let mut event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query, "headers": named,
        "requestContext": {
            "accountId": "anonymous", "apiId": "local", "domainName": get(header::HOST), "domainPrefix": "local",
            "http": {"method": method.as_str(), "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1",
                "userAgent": get(header::USER_AGENT)},
            "requestId": format!("local-{now}"), "routeKey": "$default", "stage": "$default", "timeEpoch": now,
        },
        "isBase64Encoded": encoded,
    });
    if !body.is_empty() {
        event["body"] = body.into();
    }
    event
}

/// What a function answers to a request.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HttpAnswer {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, Value>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// An answer as HTTP. Without a status code, all of it is the body of a success.
fn over_http(json: &Bytes) -> Response {
    let Ok(answer) = serde_json::from_slice::<HttpAnswer>(json) else {
        return ([("content-type", "application/json")], json.clone()).into_response();
    };
    let body =
        if answer.is_base64_encoded { BASE64_STANDARD.decode(&answer.body).ok() } else { Some(answer.body.into()) };
    let (Some(body), Ok(status)) = (body, StatusCode::from_u16(answer.status_code)) else {
        return refuse(StatusCode::BAD_GATEWAY, "InternalServerError", "the function's answer is no HTTP response")
            .into_response();
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    for (name, value) in &answer.headers {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
