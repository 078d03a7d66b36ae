//! The checksums that S3 knows: their names, their digests, how they are written.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use crc_fast::CrcAlgorithm;
use md5::Digest as _;
use serde::{Deserialize, Serialize};
use twox_hash::{XxHash3_64, XxHash3_128, XxHash64};

/// A checksum algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Algorithm {
    /// CRC-32 of ISO-HDLC.
    Crc32,
    /// CRC-32C of Castagnoli.
    Crc32c,
    /// CRC-64/NVME: what S3 computes when nobody asks for anything.
    Crc64Nvme,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
    /// MD5.
    Md5,
    /// XXH64.
    Xxhash64,
    /// XXH3 of 64 bits.
    Xxhash3,
    /// XXH3 of 128 bits.
    Xxhash128,
}

use Algorithm::{Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256, Sha512, Xxhash3, Xxhash64, Xxhash128};

/// What a checksum is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum ChecksumType {
    /// All bytes of the object.
    #[serde(rename = "FULL_OBJECT")]
    FullObject,
    /// The checksums of the parts of an upload, one after the other.
    #[serde(rename = "COMPOSITE")]
    Composite,
}

impl ChecksumType {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::FullObject => "FULL_OBJECT",
            Self::Composite => "COMPOSITE",
        }
    }
}

impl Algorithm {
    /// All of them.
    pub(super) const ALL: [Self; 10] =
        [Crc32, Crc32c, Crc64Nvme, Sha1, Sha256, Sha512, Md5, Xxhash64, Xxhash3, Xxhash128];

    /// The name in `x-amz-checksum-algorithm`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Crc32 => "CRC32",
            Crc32c => "CRC32C",
            Crc64Nvme => "CRC64NVME",
            Sha1 => "SHA1",
            Sha256 => "SHA256",
            Sha512 => "SHA512",
            Md5 => "MD5",
            Xxhash64 => "XXHASH64",
            Xxhash3 => "XXHASH3",
            Xxhash128 => "XXHASH128",
        }
    }

    /// The header or trailer that carries it.
    pub(super) fn header(self) -> &'static str {
        match self {
            Crc32 => "x-amz-checksum-crc32",
            Crc32c => "x-amz-checksum-crc32c",
            Crc64Nvme => "x-amz-checksum-crc64nvme",
            Sha1 => "x-amz-checksum-sha1",
            Sha256 => "x-amz-checksum-sha256",
            Sha512 => "x-amz-checksum-sha512",
            Md5 => "x-amz-checksum-md5",
            Xxhash64 => "x-amz-checksum-xxhash64",
            Xxhash3 => "x-amz-checksum-xxhash3",
            Xxhash128 => "x-amz-checksum-xxhash128",
        }
    }

    /// The element of XML that carries it: `ChecksumCRC32`.
    pub(super) fn element(self) -> String {
        format!("Checksum{}", self.name())
    }

    /// Reads a name, in any case.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    /// Reads the name of a header or trailer, in any case.
    pub(super) fn of_header(header: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.header().eq_ignore_ascii_case(header))
    }

    /// Whether S3 can give it for the whole of an object that arrived in parts; the others are composite then.
    pub(super) fn may_be_full_object(self) -> bool {
        matches!(self, Crc32 | Crc32c | Crc64Nvme)
    }

    /// A digest that has seen nothing yet.
    pub(super) fn start(self) -> Hasher {
        match self {
            Crc32 => Hasher::Crc(crc_fast::Digest::new(CrcAlgorithm::Crc32IsoHdlc), 4),
            Crc32c => Hasher::Crc(crc_fast::Digest::new(CrcAlgorithm::Crc32Iscsi), 4),
            Crc64Nvme => Hasher::Crc(crc_fast::Digest::new(CrcAlgorithm::Crc64Nvme), 8),
            Sha1 => Hasher::Sha1(sha1::Sha1::new()),
            Sha256 => Hasher::Sha256(sha2::Sha256::new()),
            Sha512 => Hasher::Sha512(sha2::Sha512::new()),
            Md5 => Hasher::Md5(md5::Md5::new()),
            Xxhash64 => Hasher::Xxh64(XxHash64::with_seed(0)),
            Xxhash3 => Hasher::Xxh3(Box::new(XxHash3_64::new())),
            Xxhash128 => Hasher::Xxh128(Box::new(XxHash3_128::new())),
        }
    }
}

/// A digest in progress.
pub(super) enum Hasher {
    /// A CRC, and its length in bytes.
    Crc(crc_fast::Digest, usize),
    /// SHA-1.
    Sha1(sha1::Sha1),
    /// SHA-256.
    Sha256(sha2::Sha256),
    /// SHA-512.
    Sha512(sha2::Sha512),
    /// MD5.
    Md5(md5::Md5),
    /// XXH64.
    Xxh64(XxHash64),
    /// XXH3 of 64 bits.
    Xxh3(Box<XxHash3_64>),
    /// XXH3 of 128 bits.
    Xxh128(Box<XxHash3_128>),
}

impl Hasher {
    /// Takes in more bytes.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc(digest, _) => digest.update(bytes),
            Self::Sha1(digest) => digest.update(bytes),
            Self::Sha256(digest) => digest.update(bytes),
            Self::Sha512(digest) => digest.update(bytes),
            Self::Md5(digest) => digest.update(bytes),
            Self::Xxh64(digest) => std::hash::Hasher::write(digest, bytes),
            Self::Xxh3(digest) => std::hash::Hasher::write(&mut **digest, bytes),
            Self::Xxh128(digest) => digest.write(bytes),
        }
    }

    /// The digest, most significant byte first.
    pub(super) fn finish(self) -> Vec<u8> {
        match self {
            Self::Crc(digest, bytes) => digest.finalize().to_be_bytes()[8 - bytes..].to_vec(),
            Self::Sha1(digest) => digest.finalize().to_vec(),
            Self::Sha256(digest) => digest.finalize().to_vec(),
            Self::Sha512(digest) => digest.finalize().to_vec(),
            Self::Md5(digest) => digest.finalize().to_vec(),
            Self::Xxh64(digest) => std::hash::Hasher::finish(&digest).to_be_bytes().to_vec(),
            Self::Xxh3(digest) => std::hash::Hasher::finish(&*digest).to_be_bytes().to_vec(),
            Self::Xxh128(digest) => digest.finish_128().to_be_bytes().to_vec(),
        }
    }
}

/// A checksum as S3 keeps it with an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checksum {
    /// How it was computed.
    pub(super) algorithm: Algorithm,
    /// Base64; composite ones end in `-` and the number of parts.
    pub(super) value: String,
    /// What it is of.
    #[serde(rename = "type")]
    pub(super) of: ChecksumType,
}

impl Checksum {
    pub(super) fn full_object(algorithm: Algorithm, digest: &[u8]) -> Self {
        Self { algorithm, value: BASE64_STANDARD.encode(digest), of: ChecksumType::FullObject }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected: the check values of the CRC catalogue, python's hashlib, and the reference implementation for
    /// the XXH family, all of "123456789".
    #[test]
    fn digests_are_those_of_their_standards() {
        let expected = [
            (Crc32, "cbf43926"),
            (Crc32c, "e3069283"),
            (Crc64Nvme, "ae8b14860a799888"),
            (Sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
            (Sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
            (Md5, "25f9e794323b453885f5181f1b624d0b"),
            (Xxhash64, "8cb841db40e6ae83"),
            (Xxhash3, "72dcb18b67a17dff"),
            (Xxhash128, "33119477ede5dcd5e9716427681d5860"),
        ];
        for (algorithm, digest) in expected {
            let mut hasher = algorithm.start();
            hasher.update(b"12345");
            hasher.update(b"6789");
            assert_eq!(hex::encode(hasher.finish()), digest, "{algorithm:?}");
        }
    }

    #[test]
    fn names_and_headers_read_back() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::named(algorithm.name()), Some(algorithm));
            assert_eq!(Algorithm::of_header(&algorithm.header().to_uppercase()), Some(algorithm));
            assert_eq!(algorithm.header(), format!("x-amz-checksum-{}", algorithm.name().to_lowercase()));
        }
    }
}
