//! Errors as S3 words them.

use axum::http::StatusCode;

/// A refusal: status, code, and a message that says what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub(super) struct S3Error {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
    /// Headers that belong to the answer.
    pub(super) headers: Vec<(&'static str, String)>,
}

pub(super) type Result<T, E = S3Error> = std::result::Result<T, E>;

impl S3Error {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), headers: Vec::new() }
    }

    pub(super) fn with(mut self, header: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((header, value.into()));
        self
    }

    pub(super) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::bad("InvalidArgument", message)
    }

    pub(super) fn denied(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    pub(super) fn unsupported(what: &str) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", format!("{what} is not supported here"))
    }

    pub(super) fn no_such_bucket(bucket: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NoSuchBucket", format!("there is no bucket `{}`", bucket.escape_debug()))
    }

    pub(super) fn no_such_key(key: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NoSuchKey", format!("there is no object `{}`", key.escape_debug()))
    }

    pub(super) fn no_such_version(id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NoSuchVersion", format!("there is no version `{}`", id.escape_debug()))
    }

    pub(super) fn no_such_upload(id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NoSuchUpload", format!("there is no upload `{}`", id.escape_debug()))
    }

    pub(super) fn precondition(condition: &str) -> Self {
        let message = format!("the condition {condition} does not hold");
        Self::new(StatusCode::PRECONDITION_FAILED, "PreconditionFailed", message)
    }
}

impl From<std::io::Error> for S3Error {
    fn from(error: std::io::Error) -> Self {
        tracing::error!(%error, "the store's disk");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", error.to_string())
    }
}
