//! Requests: who asks, for which operation, and how refusals are worded.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, request::Parts},
    response::Response,
    serve::ListenerExt as _,
};
use tokio::net::TcpListener;

use super::{
    auth::{self, Parameters},
    body::header,
    buckets,
    error::{Result, S3Error},
    event::request_id,
    multipart,
    names::decode,
    objects::{self, Target, answer},
    store::Store,
    xml::Document,
};

/// Serves until the listener fails. Buckets stand in the path.
pub async fn serve(listener: TcpListener, store: Arc<Store>) -> std::io::Result<()> {
    // Head and body of an answer leave in two writes; the second must not wait for the first to be acknowledged.
    let listener = listener.tap_io(|stream| _ = stream.set_nodelay(true));
    axum::serve(listener, Router::new().fallback(respond).with_state(store)).await
}

async fn respond(State(store): State<Arc<Store>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let id = request_id();
    let mut response = match run(&store, &parts, body).await {
        Ok(response) => response,
        Err(error) => refuse(&error, parts.uri.path(), &id),
    };
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-amz-request-id", id);
    }
    response
}

fn refuse(error: &S3Error, resource: &str, id: &str) -> Response {
    tracing::debug!(code = error.code, message = error.message, resource, "refused");
    let mut response = Response::new(Body::from(Document::error(error.code, &error.message, resource, id)));
    *response.status_mut() = error.status;
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/xml"));
    for (name, value) in &error.headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    response
}

/// Parameters that say nothing of the operation.
fn is_neutral(name: &str) -> bool {
    name == "x-id" || name.starts_with("X-Amz-")
}

/// Names what of a request nothing here answers to.
fn only(query: &Parameters, known: &[&str]) -> Result<()> {
    let unknown = query.keys().find(|name| !is_neutral(name) && !known.contains(&name.as_str()));
    let name = |name: &String| format!("the parameter `{}` of this request", name.escape_debug());
    unknown.map_or(Ok(()), |unknown| Err(S3Error::unsupported(&name(unknown))))
}

async fn run(store: &Arc<Store>, parts: &Parts, body: Body) -> Result<Response> {
    let query = auth::parameters(parts.uri.query().unwrap_or_default())?;
    auth::check(parts, &query)?;
    let bad = || S3Error::bad("InvalidURI", "the path is not percent-encoded UTF-8");
    let path = decode(parts.uri.path(), false).ok_or_else(bad)?;
    let path = path.strip_prefix('/').unwrap_or(&path);
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    if bucket.is_empty() {
        return match parts.method {
            Method::GET => only(&query, &["max-buckets", "prefix"]).and_then(|()| buckets::all(store)),
            _ => Err(not_allowed(&parts.method)),
        };
    }
    if key.is_empty() {
        return on_bucket(store, bucket, &query, parts, body).await;
    }
    let target = Target { bucket: bucket.to_owned(), key: key.to_owned() };
    on_object(store, target, &query, parts, body).await
}

fn not_allowed(method: &Method) -> S3Error {
    let message = format!("{method} is not allowed here");
    S3Error::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
}

async fn on_bucket(
    store: &Arc<Store>,
    bucket: &str,
    query: &Parameters,
    parts: &Parts,
    body: Body,
) -> Result<Response> {
    store.bucket(bucket, |_| ())?;
    let asks = |name: &str| query.contains_key(name);
    match parts.method {
        Method::HEAD => answer(Response::builder().header("x-amz-bucket-region", store.region()), Body::empty()),
        Method::GET if asks("location") => buckets::location(store),
        Method::GET if asks("versioning") => buckets::versioning(store, bucket),
        Method::GET if query.get("list-type").is_some_and(|kind| kind == "2") => {
            let known = ["list-type", "prefix", "delimiter", "continuation-token", "start-after", "max-keys"];
            only(query, &[&known[..], &["encoding-type", "fetch-owner"]].concat())?;
            buckets::list(store, bucket, query)
        }
        Method::GET if asks("versions") => {
            let known = ["versions", "prefix", "key-marker", "version-id-marker", "max-keys", "encoding-type"];
            only(query, &known)?;
            buckets::list_versions(store, bucket, query)
        }
        Method::POST if asks("delete") => {
            only(query, &["delete"])?;
            buckets::delete_many(store, bucket, &parts.headers, body).await
        }
        Method::PUT => {
            only(query, &[])?;
            let message = format!("the bucket `{bucket}` stands already");
            Err(S3Error::new(StatusCode::CONFLICT, "BucketAlreadyOwnedByYou", message))
        }
        _ => Err(S3Error::unsupported("this operation on a bucket")),
    }
}

async fn on_object(
    store: &Arc<Store>,
    target: Target,
    query: &Parameters,
    parts: &Parts,
    body: Body,
) -> Result<Response> {
    let headers = &parts.headers;
    let upload = query.get("uploadId").map(String::as_str);
    match (&parts.method, upload) {
        (&Method::GET, None) => {
            only(query, &["versionId"])?;
            objects::get(store, &target, query, headers, true).await
        }
        (&Method::HEAD, None) => {
            only(query, &["versionId"])?;
            objects::get(store, &target, query, headers, false).await
        }
        (&Method::PUT, None) => {
            only(query, &[])?;
            match header(headers, "x-amz-copy-source") {
                Some(source) => objects::copy(store, target, headers, source).await,
                None => objects::put(store, target, headers, body).await,
            }
        }
        (&Method::DELETE, None) => {
            only(query, &["versionId"])?;
            objects::delete(store, target, query, headers).await
        }
        (&Method::POST, None) => {
            only(query, &["uploads"])?;
            multipart::create(store, target, headers).await
        }
        (&Method::PUT, Some(id)) => {
            only(query, &["uploadId", "partNumber"])?;
            multipart::put_part(store, &target, query, headers, body, id).await
        }
        (&Method::GET, Some(id)) => {
            only(query, &["uploadId", "max-parts", "part-number-marker"])?;
            multipart::list_parts(store, &target, query, id)
        }
        (&Method::POST, Some(id)) => {
            only(query, &["uploadId"])?;
            multipart::complete(store, target, headers, body, id).await
        }
        (&Method::DELETE, Some(id)) => {
            only(query, &["uploadId"])?;
            multipart::abort(store, &target, id)
        }
        (method, _) => Err(not_allowed(method)),
    }
}
