//! The whole fleet on one machine: S3, SQS, DynamoDB and the Lambda Runtime API in one process, bound to 127.0.0.1.

pub mod host;
pub mod lambda;
pub mod s3;
pub mod sqs;
mod table;
pub mod template;
