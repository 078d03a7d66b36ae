//! Operations on buckets: what they are, what stands in them, removing much at once.

use std::sync::Arc;

use axum::{body::Body, http::HeaderMap, response::Response};

use super::{
    auth::Parameters,
    body::{blocking, receive_xml},
    disk::Version,
    error::{Result, S3Error},
    event::moment,
    list::{MAX_KEYS, Place, Query, list as page},
    multipart::{number, xml},
    names::encode_key,
    store::{Condition, Store},
    xml::{Document, Element},
};

/// Most objects of one `DeleteObjects`.
const MAX_DELETES: usize = 1000;

/// `ListBuckets`.
pub(super) fn all(store: &Store) -> Result<Response> {
    let mut document = Document::new("ListAllMyBucketsResult");
    document.group("Owner", |owner| _ = owner.leaf("ID", "local"));
    document.group("Buckets", |document| {
        for name in store.bucket_names() {
            document.group("Bucket", |bucket| _ = bucket.leaf("Name", name).leaf("CreationDate", moment(0)));
        }
    });
    xml(document)
}

/// `GetBucketLocation`. The oldest region has no name here.
pub(super) fn location(store: &Store) -> Result<Response> {
    let region = if store.region() == "us-east-1" { "" } else { store.region() };
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{region}</LocationConstraint>"
    );
    super::objects::answer(Response::builder().header("content-type", "application/xml"), text)
}

/// `GetBucketVersioning`.
pub(super) fn versioning(store: &Store, bucket: &str) -> Result<Response> {
    let mut document = Document::new("VersioningConfiguration");
    if store.bucket(bucket, |bucket| bucket.spec.versioned)? {
        document.leaf("Status", "Enabled");
    }
    xml(document)
}

/// How keys are written in a listing.
fn encoding(query: &Parameters) -> Result<fn(&str) -> String> {
    match query.get("encoding-type").map(String::as_str) {
        None => Ok(str::to_owned),
        Some("url") => Ok(encode_key),
        Some(_) => Err(S3Error::invalid("encoding-type is not url")),
    }
}

/// `ListObjectsV2`.
pub(super) fn list(store: &Store, bucket: &str, query: &Parameters) -> Result<Response> {
    let get = |name: &str| query.get(name).cloned().unwrap_or_default();
    let write = encoding(query)?;
    let after = match (query.get("continuation-token"), query.get("start-after")) {
        (Some(token), _) => Some(Place::parse(token)?),
        (None, Some(key)) => Some(Place::Key(key.clone())),
        (None, None) => None,
    };
    let max = number(query, "max-keys", MAX_KEYS)?.min(MAX_KEYS);
    let wanted = Query { prefix: get("prefix"), delimiter: get("delimiter"), after, max };
    let page = store.bucket(bucket, |bucket| page(bucket, &wanted))?;
    let mut document = Document::new("ListBucketResult");
    document.leaf("Name", bucket).leaf("Prefix", write(&wanted.prefix));
    document.leaf("KeyCount", page.objects.len() + page.prefixes.len()).leaf("MaxKeys", max);
    document.leaf("IsTruncated", page.next.is_some());
    for (name, element) in [("delimiter", "Delimiter"), ("start-after", "StartAfter")] {
        if let Some(value) = query.get(name) {
            document.leaf(element, write(value));
        }
    }
    for (name, element) in [("encoding-type", "EncodingType"), ("continuation-token", "ContinuationToken")] {
        if let Some(value) = query.get(name) {
            document.leaf(element, value);
        }
    }
    if let Some(next) = &page.next {
        document.leaf("NextContinuationToken", next.token());
    }
    for version in &page.objects {
        document.group("Contents", |document| describe(document, version, write));
    }
    for prefix in &page.prefixes {
        document.group("CommonPrefixes", |document| _ = document.leaf("Prefix", write(prefix)));
    }
    xml(document)
}

fn describe(document: &mut Document, version: &Version, write: fn(&str) -> String) {
    document.leaf("Key", write(&version.key)).leaf("LastModified", moment(version.modified));
    let Some(content) = &version.content else { return };
    document.leaf("ETag", format!("\"{}\"", content.etag)).leaf("Size", content.size).leaf("StorageClass", "STANDARD");
    if let Some(checksum) = &content.checksum {
        document.leaf("ChecksumAlgorithm", checksum.algorithm.name()).leaf("ChecksumType", checksum.of.name());
    }
}

/// `ListObjectVersions`, without delimiter: by key, the latest version first.
pub(super) fn list_versions(store: &Store, bucket: &str, query: &Parameters) -> Result<Response> {
    let write = encoding(query)?;
    let get = |name: &str| query.get(name).map_or("", String::as_str);
    let (prefix, key_marker, id_marker) = (get("prefix"), get("key-marker"), get("version-id-marker"));
    let max = number(query, "max-keys", MAX_KEYS)?.min(MAX_KEYS);
    // One more than asked for tells whether there is more.
    let mut found: Vec<(Arc<Version>, bool)> = store.bucket(bucket, |bucket| {
        let from = prefix.max(key_marker);
        let keys = bucket.keys.range(from.to_owned()..).take_while(|(key, _)| key.starts_with(prefix));
        let versions = keys.flat_map(|(key, versions)| {
            let latest = versions.last().map(|version| version.order);
            let behind = |version: &Arc<Version>| version.id.as_deref().unwrap_or("null") == id_marker;
            // Behind the marked version; without one, behind the marked key.
            let skip = match versions.iter().rev().position(behind) {
                _ if key != key_marker || key_marker.is_empty() => 0,
                Some(place) if !id_marker.is_empty() => place + 1,
                _ => versions.len(),
            };
            versions.iter().rev().skip(skip).map(move |version| (Arc::clone(version), latest == Some(version.order)))
        });
        versions.take(max + 1).collect()
    })?;
    let more = found.len() > max && max > 0;
    found.truncate(max);
    let id = |version: &Version| version.id.clone().unwrap_or_else(|| "null".to_owned());
    let mut document = Document::new("ListVersionsResult");
    document.leaf("Name", bucket).leaf("Prefix", write(prefix)).leaf("KeyMarker", write(key_marker));
    document.leaf("VersionIdMarker", id_marker).leaf("MaxKeys", max).leaf("IsTruncated", more);
    if let Some(encoding) = query.get("encoding-type") {
        document.leaf("EncodingType", encoding);
    }
    if let Some((last, _)) = found.last().filter(|_| more) {
        document.leaf("NextKeyMarker", write(&last.key)).leaf("NextVersionIdMarker", id(last));
    }
    for (version, latest) in &found {
        let name = if version.content.is_some() { "Version" } else { "DeleteMarker" };
        document.group(name, |document| {
            describe(document, version, write);
            document.leaf("VersionId", id(version)).leaf("IsLatest", latest);
        });
    }
    xml(document)
}

/// `DeleteObjects`. Each object for itself.
pub(super) async fn delete_many(store: &Arc<Store>, bucket: &str, headers: &HeaderMap, body: Body) -> Result<Response> {
    let request = Element::parse(&receive_xml(store, headers, body).await?)?;
    let quiet = request.get("Quiet").is_some_and(|text| text.trim() == "true");
    if !(1..=MAX_DELETES).contains(&request.all("Object").count()) {
        return Err(S3Error::bad("MalformedXML", format!("the request names not 1 to {MAX_DELETES} objects")));
    }
    if request.all("Object").any(|object| object.get("Key").is_none_or(str::is_empty)) {
        return Err(S3Error::bad("MalformedXML", "an object has no key"));
    }
    let (store, bucket) = (Arc::clone(store), bucket.to_owned());
    let document = blocking(move || {
        let mut document = Document::new("DeleteResult");
        for object in request.all("Object") {
            let (key, id) = (object.get("Key").unwrap_or_default(), object.get("VersionId"));
            let condition =
                object.get("ETag").map_or(Condition::None, |tag| Condition::Match(tag.trim_matches('"').into()));
            match store.remove(&bucket, key, id, &condition) {
                Ok(_) if quiet => {}
                Ok(removed) => {
                    document.group("Deleted", |document| {
                        document.leaf("Key", key);
                        if let Some(id) = id {
                            document.leaf("VersionId", id);
                        }
                        if removed.marker {
                            document.leaf("DeleteMarker", true);
                            document.leaf("DeleteMarkerVersionId", removed.version.unwrap_or_default());
                        }
                    });
                }
                Err(error) => {
                    document.group("Error", |document| {
                        document.leaf("Key", key).leaf("Code", error.code).leaf("Message", &error.message);
                    });
                }
            }
        }
        Ok(document)
    });
    xml(document.await?)
}
