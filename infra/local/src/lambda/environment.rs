//! The variables that a function's process finds, as Lambda sets them, and where this fleet's servers are.

use std::collections::BTreeMap;

use platefleet_fleet::env;

use crate::template::Function;

/// What is the same for all functions.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    pub(crate) region: String,
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
    /// URLs of the servers.
    pub(crate) s3: String,
    pub(crate) sqs: String,
    pub(crate) dynamodb: String,
    pub(crate) lambda: String,
    pub(crate) time_scale: f64,
}

impl Surroundings {
    /// The environment of a function's processes, but for the address of the runtime API.
    pub(crate) fn of(&self, function: &Function) -> BTreeMap<String, String> {
        let mut variables = function.environment.clone();
        let mut set = |name: &str, value: &str| _ = variables.insert(name.to_owned(), value.to_owned());
        set("AWS_REGION", &self.region);
        set("AWS_DEFAULT_REGION", &self.region);
        set("AWS_ACCESS_KEY_ID", &self.access_key_id);
        set("AWS_SECRET_ACCESS_KEY", &self.secret_access_key);
        set("AWS_ENDPOINT_URL_S3", &self.s3);
        set("AWS_ENDPOINT_URL_SQS", &self.sqs);
        set("AWS_ENDPOINT_URL_DYNAMODB", &self.dynamodb);
        set("AWS_ENDPOINT_URL_LAMBDA", &self.lambda);
        // Our S3 checks the checksums that come with an upload. A template may still say that it is not to be believed.
        if !function.environment.contains_key(env::VALIDATES_CHECKSUMS) {
            set(env::VALIDATES_CHECKSUMS, "1");
        }
        set(env::TIME_SCALE, &self.time_scale.to_string());
        set("AWS_LAMBDA_FUNCTION_NAME", &function.name);
        set("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST");
        set("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &function.memory_mb.to_string());
        set("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand");
        set("AWS_LAMBDA_LOG_GROUP_NAME", &format!("/aws/lambda/{}", function.name));
        set("AWS_LAMBDA_LOG_STREAM_NAME", &format!("local/{}", function.folder));
        set("_HANDLER", &function.handler);
        set("LANG", "en_US.UTF-8");
        set("TZ", ":UTC");
        // Nothing else of this process's environment: a deployed function would not have it either.
        for name in ["PATH", "TMPDIR", "RUST_BACKTRACE"] {
            if let Ok(value) = std::env::var(name) {
                set(name, &value);
            }
        }
        variables
    }
}
