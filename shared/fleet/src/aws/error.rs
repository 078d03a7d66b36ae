//! What an SDK's error means for the fleet.

use aws_sdk_s3::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};

use crate::ports::Error;

/// The meaning of a service's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Missing,
    Conflict,
    Throttled,
    Refused,
    Unknown,
}

fn meaning(status: u16, code: &str) -> Meaning {
    match code {
        "NoSuchKey" | "NotFound" | "NoSuchVersion" => return Meaning::Missing,
        "PreconditionFailed"
        | "ConditionalRequestConflict"
        | "ConditionalCheckFailedException"
        | "OperationAborted"
        | "TransactionConflictException" => return Meaning::Conflict,
        // A bucket, table or queue that is not there is a mistake in the settings.
        "NoSuchBucket" | "ResourceNotFoundException" => return Meaning::Refused,
        _ if code.contains("Throttl") || code.contains("TooManyRequests") => return Meaning::Throttled,
        "SlowDown" | "ProvisionedThroughputExceededException" | "RequestLimitExceeded" | "ServiceUnavailable" => {
            return Meaning::Throttled;
        }
        "RequestTimeout" | "InternalError" | "InternalServerError" => return Meaning::Unknown,
        _ => {}
    }
    match status {
        404 => Meaning::Missing,
        409 | 412 => Meaning::Conflict,
        429 | 503 => Meaning::Throttled,
        400..=499 => Meaning::Refused,
        _ => Meaning::Unknown,
    }
}

/// The port's error for a call on `what` (a key, a row, a queue).
pub(super) fn port_error<E>(what: &str, error: &SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let SdkError::ServiceError(service) = error else {
        let text = format!("{what}: {}", chain(error));
        // A request that cannot even be built will not get better.
        return if matches!(error, SdkError::ConstructionFailure(_)) {
            Error::Refused(text)
        } else {
            Error::Unknown(text)
        };
    };
    let (code, message) = (service.err().code().unwrap_or_default(), service.err().message().unwrap_or_default());
    let status = service.raw().status().as_u16();
    let text = match (code, message) {
        ("", "") => format!("{what}: HTTP status {status}"),
        ("", message) => format!("{what}: {message}"),
        (code, "") => format!("{what}: {code}"),
        (code, message) => format!("{what}: {code}: {message}"),
    };
    match meaning(status, code) {
        Meaning::Missing => Error::NotFound(what.to_owned()),
        Meaning::Conflict => Error::Conflict(what.to_owned()),
        Meaning::Throttled => Error::Throttled(text),
        Meaning::Refused => Error::Refused(text),
        Meaning::Unknown => Error::Unknown(text),
    }
}

/// An error with its causes, each once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let next = inner.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_means_the_same_whichever_service_gives_it() {
        use Meaning::{Conflict, Missing, Refused, Throttled, Unknown};
        for (status, code, expected) in [
            (404, "NoSuchKey", Missing),
            (404, "", Missing),
            (404, "NoSuchBucket", Refused),
            (400, "ResourceNotFoundException", Refused),
            (412, "PreconditionFailed", Conflict),
            (409, "ConditionalRequestConflict", Conflict),
            (400, "ConditionalCheckFailedException", Conflict),
            (503, "SlowDown", Throttled),
            (400, "ThrottlingException", Throttled),
            (400, "ProvisionedThroughputExceededException", Throttled),
            (403, "RequestThrottled", Throttled),
            (503, "", Throttled),
            (500, "InternalError", Unknown),
            (502, "", Unknown),
            (400, "RequestTimeout", Unknown),
            (403, "AccessDenied", Refused),
            (416, "InvalidRange", Refused),
            (400, "ValidationException", Refused),
        ] {
            assert_eq!(meaning(status, code), expected, "{status} {code}");
        }
    }
}
