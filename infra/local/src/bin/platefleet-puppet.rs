//! A function for the tests of this crate: it does what its events say, and speaks the Lambda Runtime API by itself, so
//! that what the host says on the wire is tested without the runtime crate's help.
//!
//! A direct invocation is `{"do": ...}`, a batch has such an object as the body of each message:
//!
//! | do | what happens |
//! |---|---|
//! | `echo` | answers the event (a message: is done) |
//! | `env` | answers its environment |
//! | `fail` | fails (a message: is reported as failed) |
//! | `crash`, `hang` | ends in the middle, or never ends |
//! | `sleep` | is done after `ms` milliseconds |
//!
//! With `"once": true` it does so at the first delivery of a message, and is done at the next. Every message that it is
//! done with is a line on standard output.
#![allow(clippy::print_stdout, reason = "what a function prints is its log")]

use std::{
    collections::BTreeMap,
    error::Error,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// One request over a connection of its own, and the headers and body of its answer.
fn ask(method: &str, path: &str, body: &str) -> Result<(BTreeMap<String, String>, Vec<u8>)> {
    let mut stream = TcpStream::connect(std::env::var("AWS_LAMBDA_RUNTIME_API")?)?;
    let (path, length) = (format!("/2018-06-01/runtime/{path}"), body.len());
    let head = format!("{method} {path} HTTP/1.1\r\nhost: runtime\r\nconnection: close\r\ncontent-length: {length}");
    stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes())?;
    let mut answer = BufReader::new(stream);
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        if answer.read_line(&mut line)? == 0 {
            return Err("the runtime API has gone".into());
        }
        match line.trim_end() {
            "" => break,
            line => {
                let (name, value) = line.split_once(':').unwrap_or((line, ""));
                headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
            }
        }
    }
    let length = headers.get("content-length").map_or(Ok(0), |length| length.parse())?;
    let mut body = vec![0; length];
    answer.read_exact(&mut body)?;
    Ok((headers, body))
}

enum Outcome {
    Answer(String),
    Failed,
}

/// Does what an order says.
fn obey(order: &Value, first: bool) -> Outcome {
    let what = order["do"].as_str().unwrap_or("echo");
    if order["once"] == true && !first {
        return Outcome::Answer(order.to_string());
    }
    match what {
        "env" => Outcome::Answer(json!(std::env::vars().collect::<BTreeMap<_, _>>()).to_string()),
        "fail" => Outcome::Failed,
        "crash" => std::process::exit(7),
        "hang" => loop {
            std::thread::park();
        },
        "sleep" => {
            std::thread::sleep(Duration::from_millis(order["ms"].as_u64().unwrap_or(0)));
            Outcome::Answer(order.to_string())
        }
        _ => Outcome::Answer(order.to_string()),
    }
}

/// Works through a batch and answers which messages failed.
fn batch(records: &[Value]) -> String {
    let mut failures = Vec::new();
    for record in records {
        let order: Value = record["body"].as_str().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
        match obey(&order, record["attributes"]["ApproximateReceiveCount"] == "1") {
            Outcome::Answer(_) => {
                println!("{}", json!({"done": order, "of": records.len(), "pid": std::process::id()}));
            }
            Outcome::Failed => failures.push(json!({"itemIdentifier": record["messageId"]})),
        }
    }
    json!({"batchItemFailures": failures}).to_string()
}

fn main() -> Result<()> {
    if std::env::var("PUPPET_REFUSES").is_ok() {
        eprintln!("this puppet does not begin");
        std::process::exit(3);
    }
    loop {
        let (headers, event) = ask("GET", "invocation/next", "")?;
        let id = headers.get("lambda-runtime-aws-request-id").ok_or("an event without an id")?;
        let event: Value = serde_json::from_slice(&event)?;
        let outcome = match event["Records"].as_array() {
            Some(records) => Outcome::Answer(batch(records)),
            None if event["do"] == "headers" => Outcome::Answer(json!(headers).to_string()),
            None if event["do"] == "pid" => Outcome::Answer(std::process::id().to_string()),
            None => obey(&event, true),
        };
        match outcome {
            Outcome::Answer(answer) => ask("POST", &format!("invocation/{id}/response"), &answer)?,
            Outcome::Failed => {
                let error = json!({"errorType": "Puppet", "errorMessage": "as it was told"}).to_string();
                ask("POST", &format!("invocation/{id}/error"), &error)?
            }
        };
    }
}
