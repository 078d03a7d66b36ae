//! Files on disk to and from S3, for the command line.

use std::{io, path::Path, time::Duration};

use aws_sdk_s3::{
    config::timeout::TimeoutConfig,
    primitives::{ByteStream, Length},
    types::{CompletedMultipartUpload, CompletedPart},
};
use futures::{StreamExt as _, TryStreamExt as _};
use platefleet_media::hash::Algorithm;
use tokio::io::AsyncWriteExt as _;

use super::{CONNECT, Fleet, error::port_error};
use crate::ports::{Bucket, Error, Result};

/// Up to here an upload without a checksum is one request.
const MULTIPART_ABOVE: u64 = 64 << 20;
/// S3's limit of one request.
const MAX_SINGLE: u64 = 5 << 30;
/// S3's limits of an upload in parts: parts, and bytes of the whole.
const MAX_PARTS: u64 = 10_000;
const MAX_OBJECT: u64 = 50_000_000_000_000;
/// Bytes of a part at least.
const PART: u64 = 32 << 20;
/// Parts that are sent at once.
const PARTS_IN_FLIGHT: usize = 4;
/// An upload that moves no byte for this long is tried again.
const STALLED: Duration = Duration::from_mins(1);

/// A checksum that the store compares with what it receives, and vouches for from then on: base64 of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checksum {
    /// MD5.
    Md5(String),
    /// SHA-1.
    Sha1(String),
    /// XXH64.
    Xxh64(String),
    /// XXH3, 64 bits.
    Xxh3(String),
    /// XXH3, 128 bits.
    Xxh128(String),
    /// SHA-512, which a C4 ID writes in base 58.
    Sha512(String),
}

impl Checksum {
    /// Of a hash as a manifest writes it. `None` for an algorithm that the store does not compare, or for text that is not
    /// a digest of it.
    pub fn from_mhl(algorithm: &str, text: &str) -> Option<Self> {
        let algorithm = Algorithm::parse(algorithm)?;
        let make: fn(String) -> Self = match algorithm {
            Algorithm::Md5 => Self::Md5,
            Algorithm::Sha1 => Self::Sha1,
            Algorithm::Xxh64 => Self::Xxh64,
            Algorithm::Xxh3 => Self::Xxh3,
            Algorithm::Xxh128 => Self::Xxh128,
            Algorithm::C4 => Self::Sha512,
            // No manifest of a fleet has SHA-256, and no store XXH32.
            Algorithm::Sha256 | Algorithm::Xxh32 => return None,
        };
        Some(make(aws_smithy_types::base64::encode(algorithm.to_bytes(text)?)))
    }
}

/// Bytes of a part, so that they are not too many.
fn part_size(size: u64) -> u64 {
    PART.max(size.div_ceil(MAX_PARTS).next_multiple_of(1 << 20))
}

fn on_disk(path: &Path, error: &io::Error) -> Error {
    Error::Refused(format!("{}: {error}", path.display()))
}

fn patience() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .read_timeout(STALLED)
        .disable_operation_timeout()
        .disable_operation_attempt_timeout()
        .build()
}

impl Fleet {
    /// Uploads a file and answers its entity tag. With a checksum, and up to 5 GiB, it is one request whose bytes the
    /// store compares: [`Error::Refused`] when they differ. Larger files, and those above 64 MiB without a checksum, go
    /// in parts, of which the store keeps no checksum of the whole.
    pub async fn upload_file(
        &self,
        bucket: Bucket,
        key: &str,
        path: &Path,
        checksum: Option<&Checksum>,
    ) -> Result<String> {
        let meta = tokio::fs::metadata(path).await.map_err(|e| on_disk(path, &e))?;
        let size = meta.len();
        if size > MAX_OBJECT {
            return Err(Error::Refused(format!("{}: {size} bytes are more than S3 stores", path.display())));
        }
        if size > MAX_SINGLE || (checksum.is_none() && size > MULTIPART_ABOVE) {
            return self.upload_parts(bucket, key, path, size).await;
        }
        let body = ByteStream::read_from().path(path).length(Length::Exact(size)).build().await;
        let body = body.map_err(|e| Error::Refused(format!("{}: {e}", path.display())))?;
        let request = self.shared.s3.put_object().bucket(self.bucket(bucket)).key(key).body(body);
        let request = match checksum {
            None => request,
            Some(Checksum::Md5(text)) => request.checksum_md5(text),
            Some(Checksum::Sha1(text)) => request.checksum_sha1(text),
            Some(Checksum::Xxh64(text)) => request.checksum_xxhash64(text),
            Some(Checksum::Xxh3(text)) => request.checksum_xxhash3(text),
            Some(Checksum::Xxh128(text)) => request.checksum_xxhash128(text),
            Some(Checksum::Sha512(text)) => request.checksum_sha512(text),
        };
        let patient = aws_sdk_s3::config::Config::builder().timeout_config(patience());
        let request = request.customize().config_override(patient).disable_payload_signing();
        let output = request.send().await.map_err(|e| port_error(key, &e))?;
        Ok(output.e_tag().unwrap_or_default().trim_matches('"').to_owned())
    }

    async fn upload_parts(&self, bucket: Bucket, key: &str, path: &Path, size: u64) -> Result<String> {
        let s3 = &self.shared.s3;
        let name = self.bucket(bucket);
        let begun = s3.create_multipart_upload().bucket(name).key(key).send().await.map_err(|e| port_error(key, &e))?;
        let id = begun.upload_id().ok_or_else(|| Error::Unknown(format!("{key}: an upload without an id")))?;
        let step = part_size(size);
        let parts = futures::stream::iter(0..size.div_ceil(step)).map(|index| async move {
            let offset = index * step;
            let length = Length::Exact(step.min(size - offset));
            let body = ByteStream::read_from().path(path).offset(offset).length(length).build().await;
            let body = body.map_err(|e| Error::Refused(format!("{}: {e}", path.display())))?;
            let number = index as i32 + 1;
            let request = s3.upload_part().bucket(name).key(key).upload_id(id).part_number(number).body(body);
            let patient = aws_sdk_s3::config::Config::builder().timeout_config(patience());
            let request = request.customize().config_override(patient).disable_payload_signing();
            let part = request.send().await.map_err(|e| port_error(key, &e))?;
            let done = CompletedPart::builder().part_number(number).set_e_tag(part.e_tag().map(str::to_owned));
            Ok::<_, Error>(done.set_checksum_crc32(part.checksum_crc32().map(str::to_owned)).build())
        });
        let outcome = match parts.buffered(PARTS_IN_FLIGHT).try_collect::<Vec<_>>().await {
            Ok(parts) => {
                let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
                let request =
                    s3.complete_multipart_upload().bucket(name).key(key).upload_id(id).multipart_upload(parts);
                request.send().await.map_err(|e| port_error(key, &e))
            }
            Err(error) => Err(error),
        };
        match outcome {
            Ok(output) => Ok(output.e_tag().unwrap_or_default().trim_matches('"').to_owned()),
            Err(error) => {
                // Parts that nobody completes are paid for until a lifecycle rule finds them.
                let _ = s3.abort_multipart_upload().bucket(name).key(key).upload_id(id).send().await;
                Err(error)
            }
        }
    }

    /// Downloads an object into a file, which appears under its name only when it is whole. Answers its bytes.
    pub async fn download_file(&self, bucket: Bucket, key: &str, path: &Path) -> Result<u64> {
        let disk = |e: io::Error| on_disk(path, &e);
        let request = self.shared.s3.get_object().bucket(self.bucket(bucket)).key(key);
        let output = request.send().await.map_err(|e| port_error(key, &e))?;
        let expected = output.content_length().unwrap_or(0).max(0) as u64;
        let mut beside = path.as_os_str().to_owned();
        beside.push(".part");
        let beside = Path::new(&beside);
        let mut file = tokio::fs::File::create(beside).await.map_err(disk)?;
        let (mut body, mut received) = (output.body, 0);
        while let Some(chunk) = body.try_next().await.map_err(|e| Error::Unknown(format!("{key}: {e}")))? {
            received += chunk.len() as u64;
            file.write_all(&chunk).await.map_err(disk)?;
        }
        file.flush().await.map_err(disk)?;
        drop(file);
        if received != expected {
            return Err(Error::Unknown(format!("{key}: {received} of {expected} bytes arrived")));
        }
        tokio::fs::rename(beside, path).await.map_err(disk)?;
        Ok(received)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifests_hash_is_the_checksum_that_s3_prints() {
        // The S3 user guide's value for "hello world".
        assert_eq!(Checksum::from_mhl("xxh64", "45ab6734b21e6968"), Some(Checksum::Xxh64("RatnNLIeaWg=".into())));
        // "hello world" again, by the hasher of ascmhl 1.2 and by openssl dgst -sha512.
        assert_eq!(
            Checksum::from_mhl(
                "c4",
                "c41yP4cqy7jmaRDzC2bmcGNZkuQb3VdftMk6YH7ynQ2Qw4zktKsyA9fk52xghNQNAdkpF9iFmFkKh2bNVG4kDWhsok"
            ),
            Some(Checksum::Sha512(
                "MJ7MSJwS1utMxA9QyQLytNDtd+5RGnx6m808qG1M2G+YndNbxf9JlnDaNCVbRbDP2DDoH2Bdz33FVC6TrpzXbw==".into()
            ))
        );
        for (algorithm, text) in
            [("xxh64", "45ab6734b21e69"), ("c4", "c45d"), ("md5", "zz"), ("xxh64", "45ab6734b21e696é")]
        {
            assert_eq!(Checksum::from_mhl(algorithm, text), None, "{algorithm} {text}");
        }
    }

    #[test]
    fn an_upload_has_at_most_ten_thousand_parts() {
        for size in [MULTIPART_ABOVE + 1, MAX_SINGLE + 1, 500 << 30, MAX_OBJECT] {
            let part = part_size(size);
            assert!(size.div_ceil(part) <= MAX_PARTS && (PART..=MAX_SINGLE).contains(&part), "{size}: {part}");
        }
    }
}
