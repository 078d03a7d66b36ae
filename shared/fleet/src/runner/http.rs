//! One HTTP request to a function.

use std::{collections::BTreeMap, time::Instant};

use serde::Deserialize;
use serde_json::{Value, json};
use tracing::Instrument as _;

use super::{BadEvent, Invocation, guarded};
use crate::{
    ports::Clock,
    s3_event::decode_key,
    telemetry::{Unit, metrics},
};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET` and so on, in capitals.
    pub method: String,
    /// The path, decoded, beginning with `/`.
    pub path: String,
    /// The query, decoded. Of a repeated name the last value.
    pub query: BTreeMap<String, String>,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// What the body is.
    pub content_type: &'static str,
    /// The text.
    pub body: String,
}

impl Response {
    /// A JSON document.
    pub fn json(status: u16, value: &Value) -> Self {
        Self { status, content_type: "application/json", body: value.to_string() }
    }

    /// A page for people.
    pub fn html(status: u16, page: impl Into<String>) -> Self {
        Self { status, content_type: "text/html; charset=utf-8", body: page.into() }
    }

    /// An error in the shape that the command line uses.
    pub fn error(status: u16, kind: &str, detail: &str) -> Self {
        Self::json(status, &json!({"error": {"kind": kind, "detail": detail}}))
    }
}

/// Payload version 2.0, or a direct invocation.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Event {
    request_context: Option<Context>,
    raw_path: Option<String>,
    raw_query_string: Option<String>,
    method: Option<String>,
    path: Option<String>,
    query: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Context {
    http: Http,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Http {
    method: String,
}

/// A request, and whether it came over HTTP.
fn read(event: &Value) -> Result<(Request, bool), BadEvent> {
    let not = BadEvent::NotARequest;
    let fields = Event::deserialize(event).map_err(|_| not("its fields are not those of payload version 2.0"))?;
    let Some(context) = fields.request_context else {
        let path = fields.path.ok_or(not("it has neither `requestContext` nor `path`"))?;
        let method = fields.method.unwrap_or_else(|| "GET".into()).to_ascii_uppercase();
        return Ok((Request { method, path, query: fields.query }, false));
    };
    let path = fields.raw_path.ok_or(not("it has no `rawPath`: only payload version 2.0 is read"))?;
    let query = fields.raw_query_string.unwrap_or_default();
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let query = pairs.map(|(name, value)| Some((decode_key(name)?, decode_key(value)?))).collect::<Option<_>>();
    let query = query.ok_or(not("its query is not percent-encoded UTF-8"))?;
    Ok((Request { method: context.http.method.to_ascii_uppercase(), path, query }, true))
}

pub(super) async fn answer<E, H>(
    env: &E,
    invocation: &Invocation,
    event: &Value,
    handler: &H,
) -> Result<Value, BadEvent>
where
    E: Clone + Clock,
    H: AsyncFn(E, Request) -> Response,
{
    let began = Instant::now();
    let (request, over_http) = match read(event) {
        Ok(read) => read,
        // A caller over HTTP gets an answer; whoever invoked something else has made a mistake in the template.
        Err(problem) if event.get("requestContext").is_some() => {
            return Ok(over_the_wire(&Response::error(400, "usage", &problem.to_string())));
        }
        Err(problem) => return Err(problem),
    };
    let span = tracing::info_span!(
        "request",
        function = invocation.function,
        request_id = invocation.request_id,
        method = request.method,
        path = request.path,
        trace = invocation.trace,
    );
    async {
        let response = guarded(env.time_left(), handler(env.clone(), request)).await.unwrap_or_else(|reason| {
            tracing::error!(outcome = "ended", reason);
            Response::error(500, "internal", "the request could not be answered; see the log")
        });
        let elapsed_ms = began.elapsed().as_secs_f64() * 1000.0;
        tracing::info!(outcome = "answered", status = response.status, elapsed_ms);
        metrics(&[
            ("Records", Unit::Count, 1.0),
            ("Failures", Unit::Count, if response.status >= 500 { 1.0 } else { 0.0 }),
            ("DurationMs", Unit::Milliseconds, elapsed_ms),
        ]);
        Ok(if over_http { over_the_wire(&response) } else { direct(&response) })
    }
    .instrument(span)
    .await
}

fn over_the_wire(response: &Response) -> Value {
    json!({
        "statusCode": response.status,
        "headers": {"content-type": response.content_type, "cache-control": "no-store", "x-content-type-options": "nosniff"},
        "body": response.body,
        "isBase64Encoded": false
    })
}

fn direct(response: &Response) -> Value {
    match serde_json::from_str::<Value>(&response.body) {
        Ok(json) => json!({"status": response.status, "json": json}),
        Err(_) => json!({"status": response.status, "body": response.body}),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[derive(Clone)]
    struct Minute;

    impl Clock for Minute {
        fn now_ms(&self) -> u64 {
            0
        }
        fn time_left(&self) -> Duration {
            Duration::from_mins(1)
        }
    }

    async fn echo(event: Value) -> Result<Value, BadEvent> {
        answer(&Minute, &Invocation::default(), &event, &async |_, request: Request| match request.path.as_str() {
            "/panic" => panic!("a bug"),
            path => Response::json(200, &json!({"method": request.method, "path": path, "query": request.query})),
        })
        .await
    }

    /// The example of the Lambda developer guide ("Request and response payloads" of function URLs), shortened.
    fn event(path: &str, query: &str) -> Value {
        json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
            "cookies": ["cookie1"], "headers": {"header1": "value1"}, "queryStringParameters": {"parameter1": "value1,value2"},
            "requestContext": {"accountId": "123456789012", "domainName": "<url-id>.lambda-url.us-west-2.on.aws",
                "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "123.123.123.123", "userAgent": "agent"},
                "requestId": "id", "stage": "$default", "timeEpoch": 1_583_348_638_390_u64},
            "body": "Hello from client!", "isBase64Encoded": false
        })
    }

    #[tokio::test]
    async fn a_request_over_http_is_answered_over_http() {
        let answer = echo(event("/rolls/show/day 1", "reel=A001%20B&x=1+2&flag&x=3")).await.unwrap();
        assert_eq!(
            (&answer["statusCode"], &answer["headers"]["content-type"]),
            (&json!(200), &json!("application/json"))
        );
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        let query = json!({"reel": "A001 B", "x": "3", "flag": ""});
        assert_eq!(body, json!({"method": "GET", "path": "/rolls/show/day 1", "query": query}));
    }

    #[tokio::test]
    async fn a_direct_invocation_gets_the_value_itself() {
        let answer = echo(json!({"path": "/jobs", "query": {"state": "done"}})).await.unwrap();
        assert_eq!(answer["json"], json!({"method": "GET", "path": "/jobs", "query": {"state": "done"}}));
    }

    #[tokio::test]
    async fn a_panic_is_an_answer_with_status_500_and_a_bad_query_one_with_400() {
        assert_eq!(echo(event("/panic", "")).await.unwrap()["statusCode"], 500);
        assert_eq!(echo(event("/", "a=%FF")).await.unwrap()["statusCode"], 400);
        assert!(echo(json!({"Records": []})).await.unwrap_err().to_string().starts_with("not a request"));
    }
}
