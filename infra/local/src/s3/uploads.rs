//! Uploads in parts: each part a file, put together when the upload is completed.
//!
//! ```text
//! uploads/<id>/upload.json          what the object will be
//! uploads/<id>/<part>-<order>.data  a part, and <part>-<order>.json what is known of it
//! ```

use std::{collections::BTreeMap, fs, io, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};

use super::{
    body::{Arrived, Sink, check_value},
    checksum::{Algorithm, Checksum, ChecksumType},
    disk::{Content, Disk, Version, at, entries, read_json},
    error::{Result, S3Error},
    event::Happened,
    store::{Condition, Store, now_ms},
};

/// All parts but the last have at least this many bytes.
const MIN_PART: u64 = 5 << 20;
/// Highest number of a part.
pub(super) const MAX_PART: u32 = 10_000;

/// An upload that is not complete.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Upload {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) headers: BTreeMap<String, String>,
    /// What was asked for. `None` lets parts come with any, and gives the object a CRC-64/NVME.
    pub(super) asked: Option<Algorithm>,
    pub(super) of: ChecksumType,
    #[serde(skip)]
    pub(super) parts: BTreeMap<u32, Part>,
}

/// A part that has arrived.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) number: u32,
    pub(super) size: u64,
    pub(super) etag: String,
    pub(super) checksum: Checksum,
    /// Milliseconds since 1970.
    pub(super) modified: u64,
    order: u64,
}

/// A part as the completing request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) number: u32,
    pub(super) etag: String,
    /// Checksums in base64, at most the one that the part has.
    pub(super) checksums: BTreeMap<Algorithm, String>,
}

/// Uploads by id.
pub(super) type Uploads = BTreeMap<String, Upload>;

impl Upload {
    /// Of the object.
    pub(super) fn algorithm(&self) -> Algorithm {
        self.asked.unwrap_or(Algorithm::Crc64Nvme)
    }
}

/// Reads the uploads on disk. A half-made one is removed.
pub(super) fn load(disk: &Disk) -> io::Result<Uploads> {
    let root = disk.uploads();
    fs::create_dir_all(&root).map_err(at(&root))?;
    let mut uploads = Uploads::new();
    for directory in entries(&root)? {
        let about = directory.join("upload.json");
        if !about.exists() {
            fs::remove_dir_all(&directory).map_err(at(&directory))?;
            continue;
        }
        let mut upload: Upload = read_json(&about)?;
        for path in entries(&directory)? {
            if path.extension().is_some_and(|extension| extension == "json") && path != about {
                let part: Part = read_json(&path)?;
                // Of two files of one part the later counts.
                let held = upload.parts.get(&part.number).map_or(0, |held| held.order);
                if part.order >= held {
                    upload.parts.insert(part.number, part);
                }
            }
        }
        if let Some(id) = directory.file_name().and_then(|name| name.to_str()) {
            uploads.insert(id.to_owned(), upload);
        }
    }
    Ok(uploads)
}

impl Store {
    /// `CreateMultipartUpload`: answers the id.
    pub(super) fn create_upload(&self, upload: Upload) -> Result<String> {
        let id = format!("{:016x}{:016x}", self.next_order(), self.scramble(&upload.key));
        let directory = self.disk.uploads().join(&id);
        fs::create_dir(&directory).map_err(at(&directory))?;
        self.disk.write_json(&directory.join("upload.json"), &upload)?;
        self.uploads().insert(id.clone(), upload);
        Ok(id)
    }

    /// An upload of this object with its parts.
    pub(super) fn upload(&self, bucket: &str, key: &str, id: &str) -> Result<Upload> {
        let uploads = self.uploads();
        let upload = uploads.get(id).filter(|upload| upload.bucket == bucket && upload.key == key);
        upload.cloned().ok_or_else(|| S3Error::no_such_upload(id))
    }

    /// `UploadPart`, when its bytes have arrived. A part of the same number is replaced.
    pub(super) fn put_part(&self, id: &str, number: u32, arrived: Arrived) -> Result<Part> {
        let order = self.next_order();
        let etag = arrived.etag();
        let part = Part { number, size: arrived.size, etag, checksum: arrived.checksum, modified: now_ms(), order };
        // The upload must not be completed or aborted while its directory is written to.
        let mut uploads = self.uploads();
        let upload = uploads.get_mut(id).ok_or_else(|| S3Error::no_such_upload(id))?;
        if upload.asked.is_some_and(|asked| asked != part.checksum.algorithm) {
            let (given, wanted) = (part.checksum.algorithm.name(), upload.algorithm().name());
            let message = format!("the part comes with {given}, the upload was created with {wanted}");
            return Err(S3Error::bad("InvalidRequest", message));
        }
        let stem = self.disk.uploads().join(id).join(part.stem());
        let data = stem.with_extension("data");
        fs::rename(arrived.incoming.path(), &data).map_err(at(&data))?;
        self.disk.write_json(&stem.with_extension("json"), &part)?;
        if let Some(old) = upload.parts.insert(number, part.clone()) {
            let stem = self.disk.uploads().join(id).join(old.stem());
            for extension in ["json", "data"] {
                let path = stem.with_extension(extension);
                fs::remove_file(&path).map_err(at(&path))?;
            }
        }
        Ok(part)
    }

    /// `AbortMultipartUpload`.
    pub(super) fn abort_upload(&self, bucket: &str, key: &str, id: &str) -> Result<()> {
        self.upload(bucket, key, id)?;
        self.uploads().remove(id);
        self.remove_upload_files(id)
    }

    /// `CompleteMultipartUpload`: the parts become an object.
    pub(super) fn complete_upload(
        &self,
        (bucket, key, id): (&str, &str, &str),
        named: &[Named],
        claimed: Option<(Algorithm, &str)>,
        condition: &Condition,
    ) -> Result<Arc<Version>> {
        self.upload(bucket, key, id)?;
        // Taken out, so that no part changes meanwhile and nobody completes it twice.
        let upload = self.uploads().remove(id).ok_or_else(|| S3Error::no_such_upload(id))?;
        let completed = self
            .assemble(&upload, id, named, claimed)
            .and_then(|content| self.write(bucket, key, content, condition, Happened::Completed));
        match completed {
            Ok(version) => {
                self.remove_upload_files(id)?;
                Ok(version)
            }
            Err(error) => {
                self.uploads().insert(id.to_owned(), upload);
                Err(error)
            }
        }
    }

    fn remove_upload_files(&self, id: &str) -> Result<()> {
        let directory = self.disk.uploads().join(id);
        // What makes it an upload goes first: a crash in between leaves nothing that counts.
        let about = directory.join("upload.json");
        fs::remove_file(&about).map_err(at(&about))?;
        Ok(fs::remove_dir_all(&directory).map_err(at(&directory))?)
    }

    fn assemble(
        &self,
        upload: &Upload,
        id: &str,
        named: &[Named],
        claimed: Option<(Algorithm, &str)>,
    ) -> Result<(Content, super::disk::Incoming)> {
        let parts = chosen(upload, named)?;
        let mut sink = Sink::create(&self.disk, upload.algorithm())?;
        for part in &parts {
            let path = self.disk.uploads().join(id).join(part.stem()).with_extension("data");
            sink.write_all_of(fs::File::open(&path).map_err(at(&path))?)?;
        }
        let arrived = sink.finish();
        let checksum = match upload.of {
            ChecksumType::FullObject => arrived.checksum,
            ChecksumType::Composite => composite(upload.algorithm(), &parts)?,
        };
        match claimed {
            Some((algorithm, _)) if algorithm != upload.algorithm() => {
                let message = format!("the upload was created with {}", upload.algorithm().name());
                return Err(S3Error::bad("InvalidRequest", message));
            }
            Some((_, value)) => check_value(&checksum, value)?,
            None => {}
        }
        let mut digests = Algorithm::Md5.start();
        for part in &parts {
            digests.update(&hex::decode(&part.etag).map_err(io::Error::other)?);
        }
        let etag = format!("{}-{}", hex::encode(digests.finish()), parts.len());
        let headers = upload.headers.clone();
        Ok((Content { size: arrived.size, etag, checksum: Some(checksum), headers }, arrived.incoming))
    }
}

impl Part {
    fn stem(&self) -> String {
        format!("{:05}-{:016x}", self.number, self.order)
    }
}

/// The parts that the completing request names.
fn chosen<'a>(upload: &'a Upload, named: &[Named]) -> Result<Vec<&'a Part>> {
    if named.is_empty() {
        return Err(S3Error::bad("MalformedXML", "the request names no parts"));
    }
    if !named.is_sorted_by(|a, b| a.number < b.number) {
        return Err(S3Error::bad("InvalidPartOrder", "the parts do not stand in ascending order"));
    }
    let mut parts = Vec::with_capacity(named.len());
    for (place, name) in named.iter().enumerate() {
        let fits = |part: &&Part| {
            let held = &part.checksum;
            let same = |(algorithm, value): (&Algorithm, &String)| *algorithm == held.algorithm && *value == held.value;
            part.etag == name.etag && name.checksums.iter().all(same)
        };
        let part = upload.parts.get(&name.number).filter(fits).ok_or_else(|| {
            let message = format!("part {} is missing or has another entity tag or checksum", name.number);
            S3Error::bad("InvalidPart", message)
        })?;
        if part.size < MIN_PART && place + 1 < named.len() {
            let message = format!("part {} has {} bytes; all but the last need {MIN_PART}", part.number, part.size);
            return Err(S3Error::bad("EntityTooSmall", message));
        }
        parts.push(part);
    }
    Ok(parts)
}

/// The checksum of the checksums of the parts.
fn composite(algorithm: Algorithm, parts: &[&Part]) -> Result<Checksum> {
    let mut digest = algorithm.start();
    for part in parts {
        digest.update(&BASE64_STANDARD.decode(&part.checksum.value).map_err(io::Error::other)?);
    }
    let value = format!("{}-{}", BASE64_STANDARD.encode(digest.finish()), parts.len());
    Ok(Checksum { algorithm, value, of: ChecksumType::Composite })
}
