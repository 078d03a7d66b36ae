//! Objects on S3.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use aws_sdk_s3::{
    operation::{get_object::GetObjectOutput, head_object::HeadObjectOutput},
    primitives::ByteStream,
    types::{ChecksumMode, ChecksumType, EncodingType, TaggingDirective},
};
use aws_smithy_types::base64;
use platefleet_media::hash::Algorithm;

use super::{Fleet, error::port_error};
use crate::{
    ports::{Bucket, Error, ObjectInfo, Objects, Page, PutIf, Result},
    s3_event::{decode_key, encode_key},
};

/// An object that is asked for whole may have this many bytes; larger ones are read in ranges.
const MAX_WHOLE: u64 = 1 << 30;
/// Attempts at a body that breaks off.
const BODY_ATTEMPTS: u32 = 3;
/// For one body to arrive.
const BODY_TIME: Duration = Duration::from_secs(100);

fn unquoted(etag: Option<&str>) -> String {
    etag.unwrap_or_default().trim_matches('"').to_owned()
}

fn quoted(etag: &str) -> String {
    format!("\"{etag}\"")
}

/// The checksums of the whole object that the store vouches for, as MHL text by algorithm. Of an upload in parts all but
/// CRCs are composite: checksums of checksums, which say nothing here.
fn checksums(head: &HeadObjectOutput) -> BTreeMap<String, String> {
    if head.checksum_type() != Some(&ChecksumType::FullObject) {
        return BTreeMap::new();
    }
    // S3 writes the bytes of a digest, and an XXH value big-endian: exactly what MHL has as hex, and a C4 ID in base 58.
    let all = [
        (Algorithm::C4, head.checksum_sha512()),
        (Algorithm::Md5, head.checksum_md5()),
        (Algorithm::Sha1, head.checksum_sha1()),
        (Algorithm::Xxh64, head.checksum_xxhash64()),
        (Algorithm::Xxh3, head.checksum_xxhash3()),
        (Algorithm::Xxh128, head.checksum_xxhash128()),
    ];
    let known = all.into_iter().filter_map(|(algorithm, text)| {
        let digest = base64::decode(text?).ok()?;
        Some((algorithm.name().to_owned(), algorithm.to_text(&digest)?))
    });
    known.collect()
}

/// Reads a body of a known length into memory that was reserved for it.
async fn read(output: GetObjectOutput, length: u64) -> std::result::Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(length as usize);
    let mut body = output.body;
    while let Some(chunk) = body.try_next().await.map_err(|e| e.to_string())? {
        if bytes.len() as u64 + chunk.len() as u64 > length {
            return Err("more bytes than announced".into());
        }
        bytes.extend_from_slice(&chunk);
    }
    if bytes.len() as u64 == length { Ok(bytes) } else { Err(format!("{} of {length} bytes", bytes.len())) }
}

impl Objects for Fleet {
    async fn head(&self, bucket: Bucket, key: &str) -> Result<Option<ObjectInfo>> {
        let request = self.shared.s3.head_object().bucket(self.bucket(bucket)).key(key);
        let head = match request.checksum_mode(ChecksumMode::Enabled).send().await {
            Ok(head) => head,
            Err(error) => {
                return match port_error(key, &error) {
                    Error::NotFound(_) => Ok(None),
                    other => Err(other),
                };
            }
        };
        Ok(Some(ObjectInfo {
            key: key.to_owned(),
            size: head.content_length().unwrap_or(0).max(0) as u64,
            etag: unquoted(head.e_tag()),
            version: head.version_id().filter(|v| *v != "null").map(str::to_owned),
            checksums: if self.shared.trusts_checksums { checksums(&head) } else { BTreeMap::new() },
        }))
    }

    async fn get(
        &self,
        bucket: Bucket,
        key: &str,
        range: Option<Range<u64>>,
        if_match: Option<&str>,
    ) -> Result<Vec<u8>> {
        if range.as_ref().is_some_and(Range::is_empty) {
            return Ok(Vec::new());
        }
        let mut attempt = 1;
        loop {
            let output = self
                .shared
                .s3
                .get_object()
                .bucket(self.bucket(bucket))
                .key(key)
                .set_range(range.as_ref().map(|r| format!("bytes={}-{}", r.start, r.end - 1)))
                .set_if_match(if_match.map(quoted))
                .send()
                .await
                .map_err(|e| port_error(key, &e))?;
            let length = output.content_length().unwrap_or(0).max(0) as u64;
            match &range {
                Some(r) if length != r.end - r.start => {
                    let text = format!("bytes {}..{} of {key}: the store has {length} of them", r.start, r.end);
                    return Err(Error::Refused(text));
                }
                None if length > MAX_WHOLE => {
                    return Err(Error::Refused(format!("{key} has {length} bytes: read it in ranges")));
                }
                _ => {}
            }
            let problem = match tokio::time::timeout(BODY_TIME, read(output, length)).await {
                Ok(Ok(bytes)) => return Ok(bytes),
                Ok(Err(problem)) => problem,
                Err(_) => "the body did not arrive in time".into(),
            };
            if attempt == BODY_ATTEMPTS {
                return Err(Error::Unknown(format!("{key}: {problem}")));
            }
            attempt += 1;
        }
    }

    async fn put(&self, bucket: Bucket, key: &str, bytes: Vec<u8>, condition: PutIf) -> Result<String> {
        let request = self.shared.s3.put_object().bucket(self.bucket(bucket)).key(key).body(ByteStream::from(bytes));
        let (request, by_tag) = match condition {
            PutIf::Always => (request, false),
            PutIf::Absent => (request.if_none_match("*"), false),
            PutIf::Match(etag) => (request.if_match(quoted(&etag)), true),
        };
        // The CRC guards the bytes; signing them as well would read them once more.
        let output =
            request.customize().disable_payload_signing().send().await.map_err(|e| match port_error(key, &e) {
                // S3 answers 404 for a tag of something that is gone.
                Error::NotFound(what) if by_tag => Error::Conflict(what),
                other => other,
            })?;
        Ok(unquoted(output.e_tag()))
    }

    async fn copy(&self, from: (Bucket, &str), if_match: &str, to: (Bucket, &str)) -> Result<()> {
        let source = format!("{}/{}", self.bucket(from.0), encode_key(from.1).replace('+', "%20"));
        let request = self.shared.s3.copy_object().copy_source(source).copy_source_if_match(quoted(if_match));
        // Tags would need permissions of their own.
        let request = request.tagging_directive(TaggingDirective::Replace).bucket(self.bucket(to.0)).key(to.1);
        request.send().await.map_err(|e| port_error(from.1, &e))?;
        Ok(())
    }

    async fn remove(&self, bucket: Bucket, key: &str) -> Result<()> {
        match self.shared.s3.delete_object().bucket(self.bucket(bucket)).key(key).send().await {
            Ok(_) => Ok(()),
            Err(error) => match port_error(key, &error) {
                Error::NotFound(_) => Ok(()),
                other => Err(other),
            },
        }
    }

    async fn list(&self, bucket: Bucket, prefix: &str, after: Option<&str>) -> Result<Page<ObjectInfo>> {
        let output = self
            .shared
            .s3
            .list_objects_v2()
            .bucket(self.bucket(bucket))
            .prefix(prefix)
            .set_start_after(after.map(str::to_owned))
            .encoding_type(EncodingType::Url)
            .send()
            .await
            .map_err(|e| port_error(prefix, &e))?;
        let encoded = output.encoding_type() == Some(&EncodingType::Url);
        let items: Vec<ObjectInfo> = output
            .contents()
            .iter()
            .map(|object| {
                let key = object.key().unwrap_or_default();
                let key = if encoded { decode_key(key) } else { Some(key.to_owned()) };
                Ok(ObjectInfo {
                    key: key.ok_or_else(|| Error::Refused(format!("a key below {prefix} is not UTF-8")))?,
                    size: object.size().unwrap_or(0).max(0) as u64,
                    etag: unquoted(object.e_tag()),
                    version: None,
                    checksums: BTreeMap::new(),
                })
            })
            .collect::<Result<_>>()?;
        let next = items.last().filter(|_| output.is_truncated() == Some(true)).map(|last| last.key.clone());
        Ok(Page { items, next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_checksum_is_the_text_of_a_manifest() {
        // base64 of XXH64("hello world") as the S3 user guide prints it; hex by any other implementation (xxhsum -H1).
        let head =
            HeadObjectOutput::builder().checksum_xxhash64("RatnNLIeaWg=").checksum_md5("XrY7u+Ae7tCTyyK7j1rNww==");
        // openssl dgst -sha512 -binary | base64 of "hello world", and its C4 ID by the hasher of ascmhl 1.2.
        let head = head.checksum_sha512(
            "MJ7MSJwS1utMxA9QyQLytNDtd+5RGnx6m808qG1M2G+YndNbxf9JlnDaNCVbRbDP2DDoH2Bdz33FVC6TrpzXbw==",
        );
        let found = checksums(&head.clone().checksum_type(ChecksumType::FullObject).build());
        assert_eq!(
            found["c4"],
            "c41yP4cqy7jmaRDzC2bmcGNZkuQb3VdftMk6YH7ynQ2Qw4zktKsyA9fk52xghNQNAdkpF9iFmFkKh2bNVG4kDWhsok"
        );
        assert_eq!(found["xxh64"], "45ab6734b21e6968");
        assert_eq!(found["md5"], "5eb63bbbe01eeed093cb22bb8f5acdc3");
        assert!(checksums(&head.clone().checksum_type(ChecksumType::Composite).build()).is_empty());
        assert!(checksums(&head.build()).is_empty(), "a server that does not say is not believed");
    }

    #[test]
    fn a_checksum_of_the_wrong_length_is_none() {
        for text in ["RatnNLIeaQ==", "not base64!", "", "RatnNLIeaWg=-2"] {
            let head = HeadObjectOutput::builder().checksum_xxhash64(text).checksum_type(ChecksumType::FullObject);
            assert!(checksums(&head.build()).is_empty(), "{text}");
        }
    }
}
