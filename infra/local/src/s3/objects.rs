//! Operations on one object: put, get, head, delete, copy.

use std::{collections::BTreeMap, io::SeekFrom, ops::Range, sync::Arc};

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode, response::Builder},
    response::Response,
};
use jiff::Timestamp;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use super::{
    auth::Parameters,
    body::{Sink, blocking, header, receive},
    checksum::{Algorithm, ChecksumType},
    disk::{Content, Version},
    error::{Result, S3Error},
    event::{Happened, moment},
    names::decode,
    store::{Condition, Store},
    xml::Document,
};

/// Longest key in bytes of UTF-8.
const MAX_KEY: usize = 1024;
/// User metadata, names and values, in bytes.
const MAX_METADATA: usize = 2048;
/// Bytes of a piece of an answer.
const PIECE: usize = 256 << 10;
/// Headers kept with an object besides user metadata.
const KEPT: [&str; 6] =
    ["content-type", "cache-control", "content-disposition", "content-encoding", "content-language", "expires"];
/// Headers that would change what is stored and that nothing here honours.
const REFUSED: [&str; 5] = [
    "x-amz-tagging",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-legal-hold",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-website-redirect-location",
];

/// The object that a request is about.
pub(super) struct Target {
    pub(super) bucket: String,
    pub(super) key: String,
}

/// A writing request is checked before its body is taken in.
pub(super) fn check_writable(store: &Store, target: &Target, headers: &HeaderMap) -> Result<()> {
    store.bucket(&target.bucket, |_| ())?;
    if target.key.len() > MAX_KEY {
        return Err(S3Error::bad("KeyTooLongError", format!("a key has {MAX_KEY} bytes at most")));
    }
    REFUSED.iter().find(|name| headers.contains_key(**name)).map_or(Ok(()), |name| Err(S3Error::unsupported(name)))
}

/// What of a request's headers stays with the object.
pub(super) fn kept_headers(headers: &HeaderMap) -> Result<BTreeMap<String, String>> {
    let mut kept = BTreeMap::new();
    let mut metadata = 0;
    for (name, value) in headers {
        let name = name.as_str();
        let user = name.strip_prefix("x-amz-meta-");
        if user.is_none() && !KEPT.contains(&name) {
            continue;
        }
        let value = std::str::from_utf8(value.as_bytes())
            .map_err(|_| S3Error::invalid(format!("the header {name} is not UTF-8")))?;
        metadata += user.map_or(0, |user| user.len() + value.len());
        let value = match name {
            "content-encoding" => {
                let real: Vec<_> = value.split(',').map(str::trim).filter(|one| *one != "aws-chunked").collect();
                real.join(",")
            }
            _ => value.to_owned(),
        };
        if !value.is_empty() || user.is_some() {
            let held: &mut String = kept.entry(name.to_owned()).or_default();
            if !held.is_empty() {
                held.push(',');
            }
            held.push_str(&value);
        }
    }
    if metadata > MAX_METADATA {
        return Err(S3Error::bad("MetadataTooLarge", format!("user metadata has {MAX_METADATA} bytes at most")));
    }
    Ok(kept)
}

fn unquote(tag: &str) -> &str {
    tag.trim().trim_matches('"')
}

/// The condition in the headers of a write or removal.
pub(super) fn condition(headers: &HeaderMap) -> Result<Condition> {
    match (header(headers, "if-none-match"), header(headers, "if-match")) {
        (None, None) => Ok(Condition::None),
        (Some("*"), None) => Ok(Condition::Absent),
        (None, Some(tag)) => Ok(Condition::Match(unquote(tag).to_owned())),
        (Some(_), None) => Err(S3Error::unsupported("If-None-Match of a write with anything but *")),
        (Some(_), Some(_)) => Err(S3Error::bad("InvalidRequest", "If-Match and If-None-Match exclude each other")),
    }
}

/// `PutObject`.
pub(super) async fn put(store: &Arc<Store>, target: Target, headers: &HeaderMap, body: Body) -> Result<Response> {
    check_writable(store, &target, headers)?;
    let (condition, kept) = (condition(headers)?, kept_headers(headers)?);
    let arrived = receive(store, headers, body, Algorithm::Crc64Nvme).await?;
    let store = Arc::clone(store);
    let version = blocking(move || {
        let etag = arrived.etag();
        let content = Content { size: arrived.size, etag, checksum: Some(arrived.checksum), headers: kept };
        let Target { bucket, key } = &target;
        store.write(bucket, key, (content, arrived.incoming), &condition, Happened::Put)
    });
    let version = version.await?;
    answer(with_checksum(with_version(Response::builder(), &version), &version), Body::empty())
}

pub(super) fn answer(builder: Builder, body: impl Into<Body>) -> Result<Response> {
    // A stored header that HTTP cannot carry would end here.
    builder.body(body.into()).map_err(|error| std::io::Error::other(error).into())
}

/// Adds entity tag and version.
pub(super) fn with_version(builder: Builder, version: &Version) -> Builder {
    let builder = match &version.content {
        Some(content) => builder.header("etag", format!("\"{}\"", content.etag)),
        None => builder.header("x-amz-delete-marker", "true"),
    };
    match &version.id {
        Some(id) => builder.header("x-amz-version-id", id),
        None => builder,
    }
}

fn with_checksum(builder: Builder, version: &Version) -> Builder {
    match version.content.as_ref().and_then(|content| content.checksum.as_ref()) {
        Some(checksum) => builder
            .header(checksum.algorithm.header(), &checksum.value)
            .header("x-amz-checksum-type", checksum.of.name()),
        None => builder,
    }
}

/// Milliseconds since 1970 as HTTP writes a date.
fn http_date(ms: u64) -> String {
    let time = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or_default();
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Whether one of the tags in a condition is this one.
fn names_tag(tags: &str, etag: &str) -> bool {
    tags.split(',').any(|tag| tag.trim() == "*" || unquote(tag.trim().trim_start_matches("W/")) == etag)
}

/// `GetObject`, and `HeadObject` when `bytes` is `false`.
pub(super) async fn get(
    store: &Arc<Store>,
    target: &Target,
    query: &Parameters,
    headers: &HeaderMap,
    bytes: bool,
) -> Result<Response> {
    let id = query.get("versionId").map(String::as_str);
    let (version, file) = open(store, target, id, bytes)?;
    let content = version.content.as_ref().ok_or_else(|| {
        let message = "this version is a delete marker";
        with_marker(S3Error::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message), &version)
    })?;
    for name in ["if-modified-since", "if-unmodified-since"] {
        if headers.contains_key(name) {
            return Err(S3Error::unsupported(name));
        }
    }
    if header(headers, "if-match").is_some_and(|tags| !names_tag(tags, &content.etag)) {
        return Err(S3Error::precondition("If-Match"));
    }
    if header(headers, "if-none-match").is_some_and(|tags| names_tag(tags, &content.etag)) {
        let builder = with_version(Response::builder().status(StatusCode::NOT_MODIFIED), &version);
        return answer(builder.header("last-modified", http_date(version.modified)), Body::empty());
    }
    let range = header(headers, "range").map(|range| parse_range(range, content.size)).transpose()?.flatten();
    let mut builder = with_version(Response::builder(), &version)
        .header("last-modified", http_date(version.modified))
        .header("accept-ranges", "bytes");
    if !content.headers.contains_key("content-type") {
        builder = builder.header("content-type", "binary/octet-stream");
    }
    for (name, value) in &content.headers {
        builder = builder.header(name, value.as_bytes());
    }
    let whole = 0..content.size;
    if let Some(range) = &range {
        let value = format!("bytes {}-{}/{}", range.start, range.end - 1, content.size);
        builder = builder.status(StatusCode::PARTIAL_CONTENT).header("content-range", value);
    } else if header(headers, "x-amz-checksum-mode").is_some_and(|mode| mode.eq_ignore_ascii_case("enabled")) {
        builder = with_checksum(builder, &version);
    }
    let range = range.unwrap_or(whole);
    builder = builder.header("content-length", range.end - range.start);
    match file {
        Some(file) => answer(builder, stream(file, range).await?),
        None => answer(builder, Body::empty()),
    }
}

fn with_marker(error: S3Error, marker: &Version) -> S3Error {
    let error = error.with("x-amz-delete-marker", "true");
    error.with("x-amz-version-id", marker.id.clone().unwrap_or_else(|| "null".to_owned()))
}

/// Finds a version and opens its bytes. A write may remove it between the two; then its successor is found.
fn open(
    store: &Arc<Store>,
    target: &Target,
    id: Option<&str>,
    bytes: bool,
) -> Result<(Arc<Version>, Option<tokio::fs::File>)> {
    loop {
        let version = store.find(&target.bucket, &target.key, id)?;
        if !bytes || version.content.is_none() {
            return Ok((version, None));
        }
        match store.disk.open_data(&target.bucket, &version) {
            Ok(file) => return Ok((version, Some(tokio::fs::File::from_std(file)))),
            Err(error) => match store.find(&target.bucket, &target.key, id) {
                Ok(now) if now.order == version.order => return Err(error.into()),
                _ => {}
            },
        }
    }
}

/// One range of bytes; several, and what is none, count as no range, as HTTP says.
fn parse_range(text: &str, size: u64) -> Result<Option<Range<u64>>> {
    let Some((first, last)) = text.trim().strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Ok(None);
    };
    let number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    let range = match (first.is_empty(), number(first), number(last), last.is_empty()) {
        (true, _, Some(count), _) => size.saturating_sub(count)..size,
        (false, Some(first), _, true) => first..size,
        (false, Some(first), Some(last), _) if first <= last => first..last.saturating_add(1).min(size),
        _ => return Ok(None),
    };
    if range.start < range.end {
        return Ok(Some(range));
    }
    let message = format!("`{}` lies outside of the {size} bytes of the object", text.escape_debug());
    let error = S3Error::new(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange", message);
    Err(error.with("content-range", format!("bytes */{size}")))
}

async fn stream(mut file: tokio::fs::File, range: Range<u64>) -> Result<Body> {
    file.seek(SeekFrom::Start(range.start)).await?;
    let pieces = futures::stream::try_unfold((file, range.end - range.start), |(mut file, left)| async move {
        if left == 0 {
            return Ok::<_, std::io::Error>(None);
        }
        let mut piece = vec![0; PIECE.min(usize::try_from(left).unwrap_or(PIECE))];
        file.read_exact(&mut piece).await?;
        let left = left - piece.len() as u64;
        Ok(Some((piece, (file, left))))
    });
    Ok(Body::from_stream(pieces))
}

/// `DeleteObject`.
pub(super) async fn delete(
    store: &Arc<Store>,
    target: Target,
    query: &Parameters,
    headers: &HeaderMap,
) -> Result<Response> {
    let (condition, id) = (condition(headers)?, query.get("versionId").cloned());
    let store = Arc::clone(store);
    let removed = blocking(move || store.remove(&target.bucket, &target.key, id.as_deref(), &condition)).await?;
    let mut builder = Response::builder().status(StatusCode::NO_CONTENT);
    if removed.marker {
        builder = builder.header("x-amz-delete-marker", "true");
    }
    if let Some(id) = removed.version {
        builder = builder.header("x-amz-version-id", id);
    }
    answer(builder, Body::empty())
}

/// `CopyObject`.
pub(super) async fn copy(store: &Arc<Store>, target: Target, headers: &HeaderMap, source: &str) -> Result<Response> {
    check_writable(store, &target, headers)?;
    let condition = condition(headers)?;
    let malformed =
        || S3Error::invalid("x-amz-copy-source is not bucket/key, percent-encoded, with ?versionId= or not");
    let (path, query) = source.split_once('?').unwrap_or((source, ""));
    let id = super::auth::parameters(query)?.remove("versionId");
    let path = decode(path, false).ok_or_else(malformed)?;
    let (bucket, key) = path.trim_start_matches('/').split_once('/').ok_or_else(malformed)?;
    let from = Target { bucket: bucket.to_owned(), key: key.to_owned() };
    let replace = header(headers, "x-amz-metadata-directive").is_some_and(|directive| directive == "REPLACE");
    let itself = (&from.bucket, &from.key) == (&target.bucket, &target.key);
    if itself && id.is_none() && !replace {
        return Err(S3Error::bad("InvalidRequest", "an object is copied to itself only with other metadata"));
    }
    let (version, file) = open(store, &from, id.as_deref(), true)?;
    let (Some(content), Some(file)) = (version.content.clone(), file) else {
        return Err(S3Error::bad("InvalidRequest", "a delete marker cannot be copied"));
    };
    if header(headers, "x-amz-copy-source-if-match").is_some_and(|tags| !names_tag(tags, &content.etag)) {
        return Err(S3Error::precondition("x-amz-copy-source-if-match"));
    }
    if header(headers, "x-amz-copy-source-if-none-match").is_some_and(|tags| names_tag(tags, &content.etag)) {
        return Err(S3Error::precondition("x-amz-copy-source-if-none-match"));
    }
    let algorithm = match header(headers, "x-amz-checksum-algorithm") {
        Some(name) => Algorithm::named(name).ok_or_else(|| S3Error::invalid("x-amz-checksum-algorithm is unknown"))?,
        None => content
            .checksum
            .filter(|held| held.of == ChecksumType::FullObject)
            .map_or(Algorithm::Crc64Nvme, |c| c.algorithm),
    };
    let kept = if replace { kept_headers(headers)? } else { content.headers };
    let file = file.into_std().await;
    let store = Arc::clone(store);
    let copied = blocking(move || {
        let mut sink = Sink::create(&store.disk, algorithm)?;
        sink.write_all_of(file)?;
        let arrived = sink.finish();
        let etag = arrived.etag();
        let content = Content { size: arrived.size, etag, checksum: Some(arrived.checksum), headers: kept };
        store.write(&target.bucket, &target.key, (content, arrived.incoming), &condition, Happened::Copied)
    });
    let copied = copied.await?;
    let mut document = Document::new("CopyObjectResult");
    document.leaf("LastModified", moment(copied.modified));
    if let Some(content) = &copied.content {
        document.leaf("ETag", format!("\"{}\"", content.etag));
        if let Some(checksum) = &content.checksum {
            document.leaf(&checksum.algorithm.element(), &checksum.value).leaf("ChecksumType", checksum.of.name());
        }
    }
    let mut builder = with_version(Response::builder(), &copied).header("content-type", "application/xml");
    if let Some(id) = &version.id {
        builder = builder.header("x-amz-copy-source-version-id", id);
    }
    answer(builder, document.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cases of RFC 9110, section 14.1.2, on 10,000 bytes.
    #[test]
    fn ranges_are_those_of_http() {
        let range = |text| parse_range(text, 10_000).map_err(|error| error.status.as_u16());
        assert_eq!(range("bytes=0-499"), Ok(Some(0..500)));
        assert_eq!(range("bytes=9500-"), Ok(Some(9500..10_000)));
        assert_eq!(range("bytes=-500"), Ok(Some(9500..10_000)));
        assert_eq!(range("bytes=-20000"), Ok(Some(0..10_000)));
        assert_eq!(range("bytes=9999-20000"), Ok(Some(9999..10_000)));
        assert_eq!(range("bytes=10000-"), Err(416));
        assert_eq!(range("bytes=-0"), Err(416));
        for none in ["bytes=5-4", "bytes=a-b", "bytes=", "bytes=-", "bytes=0-1,3-4", "lines=1-2", "bytes=+1-2"] {
            assert_eq!(range(none), Ok(None), "{none}");
        }
        assert_eq!(parse_range("bytes=0-", 0).unwrap_err().code, "InvalidRange");
        assert_eq!(parse_range("bytes=0-18446744073709551615", 3).unwrap(), Some(0..3));
    }

    #[test]
    fn dates_are_written_as_http_does() {
        // The example of RFC 9110, section 5.6.7.
        assert_eq!(http_date(784_111_777_000), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
