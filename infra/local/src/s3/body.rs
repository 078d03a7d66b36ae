//! Bodies on their way in: decoded, digested, compared with what the sender claims of them, written to a file.

use std::{fs, io, io::Write as _, sync::Arc};

use axum::{body::Body, http::HeaderMap};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use futures::StreamExt as _;

use super::{
    checksum::{Algorithm, Checksum, Hasher},
    chunked::Decoder,
    disk::{Disk, Incoming},
    error::{Result, S3Error},
    store::Store,
};

/// Largest object that arrives in one request, and largest part, in bytes.
const MAX_BODY: u64 = 5 << 30;
/// Largest XML request in bytes: 10,000 parts with their checksums.
const MAX_XML: u64 = 4 << 20;
/// Bytes that are digested and written at a time.
const STRIDE: usize = 1 << 20;

/// What the headers of a request claim of its body.
struct Claims {
    length: u64,
    chunked: bool,
    md5: Option<Vec<u8>>,
    /// Of the body as data, when the payload is signed.
    sha256: Option<String>,
    algorithm: Option<Algorithm>,
    /// In the headers; it may come as a trailer.
    checksum: Option<String>,
}

pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

impl Claims {
    fn read(headers: &HeaderMap, limit: u64) -> Result<Self> {
        let payload = header(headers, "x-amz-content-sha256").unwrap_or("UNSIGNED-PAYLOAD");
        let encoding = header(headers, "content-encoding").unwrap_or_default();
        let chunked = payload.starts_with("STREAMING-") || encoding.split(',').any(|one| one.trim() == "aws-chunked");
        let length = header(headers, if chunked { "x-amz-decoded-content-length" } else { "content-length" });
        let length = length.and_then(|length| length.parse().ok()).ok_or_else(|| {
            let status = axum::http::StatusCode::LENGTH_REQUIRED;
            S3Error::new(status, "MissingContentLength", "the length of the body is not given")
        })?;
        if length > limit {
            let message = format!("a body of {length} bytes is longer than {limit} bytes");
            return Err(S3Error::bad("EntityTooLarge", message));
        }
        let md5 = header(headers, "content-md5").map(|text| {
            let digest = BASE64_STANDARD.decode(text).ok().filter(|digest| digest.len() == 16);
            digest.ok_or_else(|| S3Error::bad("InvalidDigest", "Content-MD5 is not the base64 of 16 bytes"))
        });
        let (algorithm, checksum) = claimed_checksum(headers)?;
        let signed = payload.len() == 64 && !chunked;
        let sha256 = signed.then(|| payload.to_ascii_lowercase());
        Ok(Self { length, chunked, md5: md5.transpose()?, sha256, algorithm, checksum })
    }
}

/// The algorithm that headers name, and the value if it does not follow as a trailer.
fn claimed_checksum(headers: &HeaderMap) -> Result<(Option<Algorithm>, Option<String>)> {
    let mut given = Algorithm::ALL
        .into_iter()
        .filter_map(|algorithm| header(headers, algorithm.header()).map(|value| (algorithm, value.to_owned())));
    let first = given.next();
    if given.next().is_some() {
        return Err(S3Error::bad("InvalidRequest", "one checksum at most may be given"));
    }
    let trailer = header(headers, "x-amz-trailer")
        .and_then(|names| names.split(',').find_map(|name| Algorithm::of_header(name.trim())));
    let named = header(headers, "x-amz-sdk-checksum-algorithm");
    match (first, trailer, named) {
        (Some(_), Some(_), _) => Err(S3Error::bad("InvalidRequest", "one checksum at most may be given")),
        (Some((algorithm, value)), ..) => Ok((Some(algorithm), Some(value))),
        (None, Some(algorithm), _) => Ok((Some(algorithm), None)),
        (None, None, Some(_)) => {
            let message = "x-amz-sdk-checksum-algorithm is given, but neither a checksum nor a trailer";
            Err(S3Error::bad("InvalidRequest", message))
        }
        (None, None, None) => Ok((None, None)),
    }
}

/// Bytes going into a file of the store, digested as they pass.
pub(super) struct Sink {
    file: fs::File,
    incoming: Incoming,
    size: u64,
    md5: Hasher,
    algorithm: Algorithm,
    checksum: Hasher,
    sha256: Option<Hasher>,
}

/// Bytes that have arrived.
pub(super) struct Arrived {
    pub(super) incoming: Incoming,
    pub(super) size: u64,
    pub(super) md5: Vec<u8>,
    pub(super) checksum: Checksum,
    sha256: Option<Vec<u8>>,
}

impl Arrived {
    /// Entity tag of an object that is this.
    pub(super) fn etag(&self) -> String {
        hex::encode(&self.md5)
    }
}

impl Sink {
    pub(super) fn create(disk: &Disk, algorithm: Algorithm) -> io::Result<Self> {
        let incoming = disk.incoming();
        let file = fs::File::create_new(incoming.path())?;
        let (md5, checksum) = (Algorithm::Md5.start(), algorithm.start());
        Ok(Self { file, incoming, size: 0, md5, algorithm, checksum, sha256: None })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.size += bytes.len() as u64;
        self.md5.update(bytes);
        self.checksum.update(bytes);
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(bytes);
        }
        self.file.write_all(bytes)
    }

    /// Takes in all of a file.
    pub(super) fn write_all_of(&mut self, mut file: fs::File) -> io::Result<()> {
        let mut buffer = vec![0; STRIDE];
        loop {
            match io::Read::read(&mut file, &mut buffer)? {
                0 => return Ok(()),
                n => self.write(&buffer[..n])?,
            }
        }
    }

    pub(super) fn finish(self) -> Arrived {
        Arrived {
            incoming: self.incoming,
            size: self.size,
            md5: self.md5.finish(),
            checksum: Checksum::full_object(self.algorithm, &self.checksum.finish()),
            sha256: self.sha256.map(Hasher::finish),
        }
    }
}

/// Runs work that touches the disk or computes away from the threads that serve the network.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

/// Takes in a body. Its checksum is the one that is claimed, else of `default`.
pub(super) async fn receive(
    store: &Arc<Store>,
    headers: &HeaderMap,
    body: Body,
    default: Algorithm,
) -> Result<Arrived> {
    take(store, headers, body, default, MAX_BODY).await
}

/// Takes in a request of XML.
pub(super) async fn receive_xml(store: &Arc<Store>, headers: &HeaderMap, body: Body) -> Result<Vec<u8>> {
    let arrived = take(store, headers, body, Algorithm::Crc64Nvme, MAX_XML).await?;
    blocking(move || Ok(fs::read(arrived.incoming.path())?)).await
}

async fn take(store: &Arc<Store>, headers: &HeaderMap, body: Body, default: Algorithm, limit: u64) -> Result<Arrived> {
    let claims = Claims::read(headers, limit)?;
    let mut sink = Sink::create(&store.disk, claims.algorithm.unwrap_or(default))?;
    sink.sha256 = claims.sha256.is_some().then(|| Algorithm::Sha256.start());
    let mut decoder = claims.chunked.then(Decoder::new);
    let mut pieces = body.into_data_stream();
    let (mut pending, mut length) = (Vec::new(), 0_u64);
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| S3Error::bad("IncompleteBody", error.to_string()))?;
        let before = pending.len();
        match &mut decoder {
            Some(decoder) => decoder
                .feed(&piece, |data| pending.extend_from_slice(data))
                .map_err(|error| S3Error::bad("InvalidRequest", error.to_string()))?,
            None => pending.extend_from_slice(&piece),
        }
        length += (pending.len() - before) as u64;
        if length > claims.length {
            return Err(wrong_length(claims.length));
        }
        if pending.len() >= STRIDE {
            let bytes = std::mem::take(&mut pending);
            sink = blocking(move || sink.write(&bytes).map(|()| sink).map_err(Into::into)).await?;
        }
    }
    if length != claims.length {
        return Err(wrong_length(claims.length));
    }
    let trailers = decoder.map(Decoder::finish).transpose();
    let trailers = trailers.map_err(|error| S3Error::bad("IncompleteBody", error.to_string()))?.unwrap_or_default();
    let arrived = blocking(move || {
        sink.write(&pending)?;
        Ok(sink.finish())
    });
    let arrived = arrived.await?;
    let trailer = |algorithm: Algorithm| trailers.get(algorithm.header()).cloned();
    compare(&arrived, &claims, claims.checksum.clone().or_else(|| claims.algorithm.and_then(trailer)).as_deref())?;
    Ok(arrived)
}

fn wrong_length(claimed: u64) -> S3Error {
    S3Error::bad("IncompleteBody", format!("the body does not have the {claimed} bytes that its headers promise"))
}

fn compare(arrived: &Arrived, claims: &Claims, checksum: Option<&str>) -> Result<()> {
    if claims.md5.as_ref().is_some_and(|md5| *md5 != arrived.md5) {
        return Err(S3Error::bad("BadDigest", "Content-MD5 is not that of the body"));
    }
    if claims.sha256 != arrived.sha256.as_ref().map(hex::encode) {
        let message = "x-amz-content-sha256 is not that of the body";
        return Err(S3Error::bad("XAmzContentSHA256Mismatch", message));
    }
    let Some(algorithm) = claims.algorithm else { return Ok(()) };
    let checksum = checksum.ok_or_else(|| {
        S3Error::bad("InvalidRequest", format!("the trailer {} is announced and missing", algorithm.header()))
    })?;
    check_value(&arrived.checksum, checksum)
}

/// Compares a checksum with the value that a sender claims.
pub(super) fn check_value(computed: &Checksum, claimed: &str) -> Result<()> {
    if computed.value == claimed {
        return Ok(());
    }
    let header = computed.algorithm.header();
    // The number of parts behind a composite checksum is no base64.
    let claimed = claimed.split('-').next().unwrap_or_default();
    let length = computed.algorithm.start().finish().len();
    match BASE64_STANDARD.decode(claimed) {
        Ok(bytes) if bytes.len() == length => {
            Err(S3Error::bad("BadDigest", format!("{header} is not that of the body, which is {}", computed.value)))
        }
        _ => Err(S3Error::bad("InvalidRequest", format!("the value of {header} is not the base64 of {length} bytes"))),
    }
}
