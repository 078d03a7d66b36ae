//! Operations on uploads in parts.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
    response::Response,
};

use super::{
    auth::Parameters,
    body::{blocking, header, receive, receive_xml},
    checksum::{Algorithm, ChecksumType},
    error::{Result, S3Error},
    event::moment,
    objects::{Target, answer, check_writable, condition, kept_headers, with_version},
    store::Store,
    uploads::{MAX_PART, Named, Upload},
    xml::{Document, Element},
};

/// An answer of XML.
pub(super) fn xml(document: Document) -> Result<Response> {
    answer(Response::builder().header("content-type", "application/xml"), document.finish())
}

/// A number in a query.
pub(super) fn number(query: &Parameters, name: &str, default: usize) -> Result<usize> {
    let bad = || S3Error::invalid(format!("{name} is not a number"));
    query.get(name).map_or(Ok(default), |text| text.parse().map_err(|_| bad()))
}

/// `CreateMultipartUpload`.
pub(super) async fn create(store: &Arc<Store>, target: Target, headers: &HeaderMap) -> Result<Response> {
    check_writable(store, &target, headers)?;
    let bad = |name: &str| S3Error::invalid(format!("{name} is unknown"));
    let asked = header(headers, "x-amz-checksum-algorithm")
        .map(|name| Algorithm::named(name).ok_or_else(|| bad("x-amz-checksum-algorithm")))
        .transpose()?;
    let algorithm = asked.unwrap_or(Algorithm::Crc64Nvme);
    let of = match header(headers, "x-amz-checksum-type") {
        None if algorithm == Algorithm::Crc64Nvme => ChecksumType::FullObject,
        None | Some("COMPOSITE") => ChecksumType::Composite,
        Some("FULL_OBJECT") => ChecksumType::FullObject,
        Some(_) => return Err(bad("x-amz-checksum-type")),
    };
    let possible = match of {
        ChecksumType::FullObject => algorithm.may_be_full_object(),
        ChecksumType::Composite => algorithm != Algorithm::Crc64Nvme,
    };
    if !possible {
        let message = format!("the checksum type {} cannot be used with {}", of.name(), algorithm.name());
        return Err(S3Error::bad("InvalidRequest", message));
    }
    let Target { bucket, key } = target;
    let mut document = Document::new("InitiateMultipartUploadResult");
    document.leaf("Bucket", &bucket).leaf("Key", &key);
    let upload = Upload { bucket, key, headers: kept_headers(headers)?, asked, of, parts: BTreeMap::new() };
    let store = Arc::clone(store);
    document.leaf("UploadId", blocking(move || store.create_upload(upload)).await?);
    let builder = Response::builder()
        .header("content-type", "application/xml")
        .header("x-amz-checksum-algorithm", algorithm.name())
        .header("x-amz-checksum-type", of.name());
    answer(builder, document.finish())
}

/// `UploadPart`.
pub(super) async fn put_part(
    store: &Arc<Store>,
    target: &Target,
    query: &Parameters,
    headers: &HeaderMap,
    body: Body,
    id: &str,
) -> Result<Response> {
    let upload = store.upload(&target.bucket, &target.key, id)?;
    if headers.contains_key("x-amz-copy-source") {
        return Err(S3Error::unsupported("UploadPartCopy"));
    }
    let part = query.get("partNumber").and_then(|text| text.parse().ok()).filter(|part| (1..=MAX_PART).contains(part));
    let part = part.ok_or_else(|| S3Error::invalid(format!("partNumber is not in 1..={MAX_PART}")))?;
    let arrived = receive(store, headers, body, upload.algorithm()).await?;
    let (store, id) = (Arc::clone(store), id.to_owned());
    let part = blocking(move || store.put_part(&id, part, arrived)).await?;
    let builder = Response::builder()
        .header("etag", format!("\"{}\"", part.etag))
        .header(part.checksum.algorithm.header(), part.checksum.value);
    answer(builder, Body::empty())
}

/// `ListParts`.
pub(super) fn list_parts(store: &Store, target: &Target, query: &Parameters, id: &str) -> Result<Response> {
    let upload = store.upload(&target.bucket, &target.key, id)?;
    let max = number(query, "max-parts", 1000)?.min(1000);
    let after = number(query, "part-number-marker", 0)?;
    let mut parts: Vec<_> = upload.parts.values().filter(|part| part.number as usize > after).collect();
    let more = parts.len() > max;
    parts.truncate(max);
    let mut document = Document::new("ListPartsResult");
    document.leaf("Bucket", &target.bucket).leaf("Key", &target.key).leaf("UploadId", id);
    document.leaf("PartNumberMarker", after).leaf("MaxParts", max).leaf("IsTruncated", more);
    if let Some(last) = parts.last().filter(|_| more) {
        document.leaf("NextPartNumberMarker", last.number);
    }
    document.leaf("ChecksumAlgorithm", upload.algorithm().name()).leaf("ChecksumType", upload.of.name());
    for part in parts {
        document.group("Part", |document| {
            document.leaf("PartNumber", part.number).leaf("LastModified", moment(part.modified));
            document.leaf("ETag", format!("\"{}\"", part.etag)).leaf("Size", part.size);
            document.leaf(&part.checksum.algorithm.element(), &part.checksum.value);
        });
    }
    xml(document)
}

/// `CompleteMultipartUpload`.
pub(super) async fn complete(
    store: &Arc<Store>,
    target: Target,
    headers: &HeaderMap,
    body: Body,
    id: &str,
) -> Result<Response> {
    store.upload(&target.bucket, &target.key, id)?;
    let condition = condition(headers)?;
    // In this request the checksum is that of the object, not of the body.
    let claimed = Algorithm::ALL
        .into_iter()
        .find_map(|algorithm| header(headers, algorithm.header()).map(|value| (algorithm, value.to_owned())));
    let mut of_body = headers.clone();
    for algorithm in Algorithm::ALL {
        of_body.remove(algorithm.header());
    }
    of_body.remove("x-amz-sdk-checksum-algorithm");
    let request = Element::parse(&receive_xml(store, &of_body, body).await?)?;
    let malformed = || S3Error::bad("MalformedXML", "a part has no number or no entity tag");
    let named = request.all("Part").map(|part| {
        Ok(Named {
            number: part.get("PartNumber").and_then(|text| text.trim().parse().ok()).ok_or_else(malformed)?,
            etag: part.get("ETag").ok_or_else(malformed)?.trim().trim_matches('"').to_owned(),
            checksums: checksums(part),
        })
    });
    let named = named.collect::<Result<Vec<_>>>()?;
    let mut document = Document::new("CompleteMultipartUploadResult");
    document.leaf("Location", format!("/{}/{}", target.bucket, target.key));
    document.leaf("Bucket", &target.bucket).leaf("Key", &target.key);
    let (store, id) = (Arc::clone(store), id.to_owned());
    let version = blocking(move || {
        let claimed = claimed.as_ref().map(|(algorithm, value)| (*algorithm, value.as_str()));
        store.complete_upload((&target.bucket, &target.key, &id), &named, claimed, &condition)
    });
    let version = version.await?;
    if let Some(content) = &version.content {
        document.leaf("ETag", format!("\"{}\"", content.etag));
        if let Some(checksum) = &content.checksum {
            document.leaf(&checksum.algorithm.element(), &checksum.value).leaf("ChecksumType", checksum.of.name());
        }
    }
    let builder = with_version(Response::builder(), &version).header("content-type", "application/xml");
    answer(builder, document.finish())
}

fn checksums(part: &Element) -> BTreeMap<Algorithm, String> {
    let given = |algorithm: Algorithm| Some((algorithm, part.get(&algorithm.element())?.to_owned()));
    Algorithm::ALL.into_iter().filter_map(given).collect()
}

/// `AbortMultipartUpload`.
pub(super) fn abort(store: &Store, target: &Target, id: &str) -> Result<Response> {
    store.abort_upload(&target.bucket, &target.key, id)?;
    answer(Response::builder().status(StatusCode::NO_CONTENT), Body::empty())
}
