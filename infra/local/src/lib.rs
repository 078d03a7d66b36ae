//! The whole fleet on one machine: S3, SQS, DynamoDB and the Lambda Runtime API in one process, bound to 127.0.0.1.

pub mod s3;
pub mod sqs;
pub mod template;
