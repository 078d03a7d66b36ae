//! Signature version 4, in the header or, presigned, in the query.
//!
//! One caller is known. Its request signature is verified; signatures of single chunks are not, nor is the clock of a
//! request in whose header the signature stands.

use std::collections::BTreeMap;

use axum::http::request::Parts;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use sha2::{Digest as _, Sha256};

use super::{
    error::{Result, S3Error},
    names::{decode, uri_encode},
};

/// Access key id of the one caller that the local services know.
pub const ACCESS_KEY_ID: &str = "platefleet";
/// Its secret: known to everybody, since everything is bound to 127.0.0.1.
pub const SECRET_ACCESS_KEY: &str = "platefleet-local";

/// Parameters of a query, decoded.
pub(super) type Parameters = BTreeMap<String, String>;

/// Reads a query string; a name without `=` has an empty value.
pub(super) fn parameters(query: &str) -> Result<Parameters> {
    let bad = || S3Error::bad("InvalidURI", "the query is not percent-encoded UTF-8");
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Ok((decode(name, true).ok_or_else(bad)?, decode(value, true).ok_or_else(bad)?))
    });
    pairs.collect()
}

/// What a signature says of itself.
struct Signed {
    credential: String,
    headers: String,
    signature: String,
    date: String,
    payload: String,
}

/// Whether the one caller has signed this request.
pub(super) fn check(parts: &Parts, query: &Parameters) -> Result<()> {
    let signed = match parts.headers.get("authorization") {
        Some(value) => from_header(parts, value.to_str().unwrap_or_default())?,
        None if query.contains_key("X-Amz-Signature") => from_query(query)?,
        None => return Err(S3Error::denied("AccessDenied", "the request is not signed")),
    };
    let (id, scope) = signed.credential.split_once('/').unwrap_or((&signed.credential, ""));
    if id != ACCESS_KEY_ID {
        let message = format!("the access key id is `{}`; this store knows `{ACCESS_KEY_ID}` only", id.escape_debug());
        return Err(S3Error::denied("InvalidAccessKeyId", message));
    }
    let canonical = canonical_request(parts, query, &signed)?;
    let to_sign = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{}", signed.date, hex::encode(Sha256::digest(canonical)));
    let expected = sign(SECRET_ACCESS_KEY, scope, &to_sign);
    // Not in constant time: the secret is public.
    if expected != signed.signature {
        let message = "the signature is not that of this request and the secret of the local services";
        return Err(S3Error::denied("SignatureDoesNotMatch", message));
    }
    Ok(())
}

fn from_header(parts: &Parts, value: &str) -> Result<Signed> {
    let malformed = || S3Error::bad("AuthorizationHeaderMalformed", "the authorization is not of AWS4-HMAC-SHA256");
    let fields = value.strip_prefix("AWS4-HMAC-SHA256").ok_or_else(malformed)?;
    let field = |name: &str| {
        let mut fields = fields.split(',').filter_map(|field| field.trim().split_once('='));
        fields.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).ok_or_else(malformed)
    };
    let header = |name: &str| {
        let value = parts.headers.get(name).and_then(|value| value.to_str().ok());
        value.map(str::to_owned).ok_or_else(|| S3Error::bad("MissingSecurityHeader", format!("{name} is missing")))
    };
    Ok(Signed {
        credential: field("Credential")?,
        headers: field("SignedHeaders")?,
        signature: field("Signature")?,
        date: header("x-amz-date")?,
        payload: header("x-amz-content-sha256")?,
    })
}

fn from_query(query: &Parameters) -> Result<Signed> {
    let malformed =
        |name: &str| S3Error::bad("AuthorizationQueryParametersError", format!("{name} is missing or malformed"));
    let get = |name: &str| query.get(name).cloned().ok_or_else(|| malformed(name));
    let date = get("X-Amz-Date")?;
    let since = DateTime::strptime("%Y%m%dT%H%M%SZ", &date).and_then(|date| TimeZone::UTC.to_timestamp(date));
    let since = since.map_err(|_| malformed("X-Amz-Date"))?.as_second();
    let lasts: u32 = get("X-Amz-Expires")?.parse().map_err(|_| malformed("X-Amz-Expires"))?;
    if Timestamp::now().as_second() > since.saturating_add(i64::from(lasts)) {
        return Err(S3Error::denied("AccessDenied", "the presigned request has expired"));
    }
    Ok(Signed {
        credential: get("X-Amz-Credential")?,
        headers: get("X-Amz-SignedHeaders")?,
        signature: get("X-Amz-Signature")?,
        date,
        payload: query.get("X-Amz-Content-Sha256").map_or("UNSIGNED-PAYLOAD", String::as_str).to_owned(),
    })
}

/// Source: S3 API reference, "Signature calculations for the authorization header".
fn canonical_request(parts: &Parts, query: &Parameters, signed: &Signed) -> Result<String> {
    let path = decode(parts.uri.path(), false)
        .ok_or_else(|| S3Error::bad("InvalidURI", "the path is not percent-encoded UTF-8"))?;
    let mut pairs: Vec<String> = query
        .iter()
        .filter(|(name, _)| *name != "X-Amz-Signature")
        .map(|(name, value)| format!("{}={}", uri_encode(name, false), uri_encode(value, false)))
        .collect();
    pairs.sort_unstable();
    let mut headers = String::new();
    for name in signed.headers.split(';') {
        let values = parts.headers.get_all(name).iter().map(|value| {
            let text = String::from_utf8_lossy(value.as_bytes());
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        });
        for part in [name, ":", &values.collect::<Vec<_>>().join(","), "\n"] {
            headers.push_str(part);
        }
    }
    let (method, path, query) = (&parts.method, uri_encode(&path, true), pairs.join("&"));
    Ok(format!("{method}\n{path}\n{query}\n{headers}\n{}\n{}", signed.headers, signed.payload))
}

/// The scope is `date/region/service/aws4_request`.
fn sign(secret: &str, scope: &str, to_sign: &str) -> String {
    let key = scope.split('/').fold(format!("AWS4{secret}").into_bytes(), |key, part| hmac(&key, part));
    hex::encode(hmac(&key, to_sign))
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the S3 API reference, "GET Object".
    #[test]
    fn the_published_example_is_signed_as_published() {
        let parts = axum::http::Request::get("/test.txt")
            .header("host", "examplebucket.s3.amazonaws.com")
            .header("range", "bytes=0-9")
            .header("x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
            .header("x-amz-date", "20130524T000000Z")
            .body(())
            .unwrap()
            .into_parts()
            .0;
        let value = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
            SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=x";
        let signed = from_header(&parts, value).unwrap();
        let canonical = canonical_request(&parts, &Parameters::new(), &signed).unwrap();
        let digest = hex::encode(Sha256::digest(&canonical));
        assert_eq!(digest, "7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972");
        let to_sign = format!("AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n{digest}");
        let signature =
            sign("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "20130524/us-east-1/s3/aws4_request", &to_sign);
        assert_eq!(signature, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
        assert_eq!(check(&parts, &Parameters::new()).unwrap_err().code, "AccessDenied");
    }

    proptest::proptest! {
        #[test]
        fn no_authorization_panics(value in "(AWS4-HMAC-SHA256|Credential=|SignedHeaders=|Signature=|platefleet|/|,|;| |=|x){0,12}") {
            let parts = axum::http::Request::get("/%41?a=b")
                .header("authorization", value)
                .header("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
                .header("x-amz-date", "20130524T000000Z")
                .body(())
                .unwrap()
                .into_parts()
                .0;
            proptest::prop_assert!(check(&parts, &Parameters::new()).is_err());
        }

        #[test]
        fn no_query_panics(text in "[%&=+a-fA-Z0-9]{0,20}") {
            let _ = parameters(&text).map(|query| from_query(&query).map(drop));
        }
    }
}
