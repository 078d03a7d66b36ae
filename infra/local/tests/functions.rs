//! Functions as processes: what the runtime API says, how processes are used again and ended, and what becomes of the
//! messages of a batch.
#![allow(clippy::unwrap_used)]

mod common;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use common::{fixture, options, order, until};
use platefleet_local::{host::Host, lambda::Answer};
use serde_json::{Value, json};

/// What a direct invocation answers.
async fn ask(host: &Host, event: Value) -> Value {
    match host.invoke("puppet", event.to_string()).await.unwrap() {
        Answer::Done(json) => serde_json::from_slice(&json).unwrap(),
        Answer::Failed(json) => panic!("{}", String::from_utf8_lossy(&json)),
    }
}

/// How a direct invocation fails: type and message.
async fn failure(host: &Host, event: Value) -> (String, String) {
    match host.invoke("puppet", event.to_string()).await.unwrap() {
        Answer::Done(json) => panic!("{}", String::from_utf8_lossy(&json)),
        Answer::Failed(json) => {
            let error: Value = serde_json::from_slice(&json).unwrap();
            let text = |name: &str| error[name].as_str().unwrap().to_owned();
            (text("errorType"), text("errorMessage"))
        }
    }
}

fn is_there(pid: &Value) -> bool {
    // A zombie has no command line.
    std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_finds_the_environment_of_the_template_and_of_lambda() {
    let f = fixture(50.0).await;
    let env = ask(&f.host, order("env")).await;
    let connection = f.host.connection();
    for (name, value) in [
        ("AWS_LAMBDA_FUNCTION_NAME", "platefleet-puppet"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL_S3", connection.s3.as_deref().unwrap()),
        ("AWS_ENDPOINT_URL_SQS", connection.sqs.as_deref().unwrap()),
        ("AWS_ENDPOINT_URL_DYNAMODB", connection.dynamodb.as_deref().unwrap()),
        ("PLATEFLEET_TABLE", "platefleet-facts"),
        ("PLATEFLEET_INGEST_BUCKET", "platefleet-ingest"),
        ("PLATEFLEET_QUEUE_PLAN", connection.queues["work"].as_str()),
        ("PLATEFLEET_TICK_SECONDS", "900"),
        ("PLATEFLEET_TIME_SCALE", "50"),
        ("PLATEFLEET_VALIDATES_CHECKSUMS", "1"),
        ("_HANDLER", "bootstrap"),
    ] {
        assert_eq!(env[name], value, "{name}");
    }
    assert!(env["HOME"].is_null() && env["CARGO_MANIFEST_DIR"].is_null(), "nothing of the host's own: {env}");
    f.host.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_comes_with_the_headers_of_the_runtime_api() {
    let f = fixture(50.0).await;
    let before = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64;
    let headers = ask(&f.host, order("headers")).await;
    let text = |name: &str| headers[name].as_str().unwrap();
    let deadline: u64 = text("lambda-runtime-deadline-ms").parse().unwrap();
    assert!((before + 1000..before + 11_000).contains(&deadline), "{deadline} is about a second after {before}");
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:platefleet-puppet";
    assert_eq!(text("lambda-runtime-invoked-function-arn"), arn);
    assert_eq!(text("lambda-runtime-aws-request-id").len(), 36);
    assert!(text("lambda-runtime-trace-id").starts_with("Root=1-"));
    f.host.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_process_is_used_again_and_ends_when_it_has_been_idle() {
    let f = fixture(50.0).await;
    assert_eq!(f.host.processes(), 0, "nothing runs before there is work");
    let pid = ask(&f.host, order("pid")).await;
    for _ in 0..3 {
        assert_eq!(ask(&f.host, order("pid")).await, pid);
    }
    assert_eq!((f.host.processes(), is_there(&pid)), (1, true));
    until("the idle process ends", || f.host.processes() == 0).await;
    assert!(!is_there(&pid));
    let reports = f.platform("platform.report");
    assert_eq!(reports.len(), 4);
    assert!(reports[0]["metrics"]["initDurationMs"].as_f64().unwrap() > 0.0);
    assert!(reports[1]["metrics"]["initDurationMs"].is_null(), "only the first invocation waited for it");
    if cfg!(target_os = "linux") {
        assert!(reports[0]["metrics"]["maxMemoryUsedMB"].as_u64().unwrap() > 0);
    }
    assert_eq!(f.platform("platform.initReport").len(), 1);
    f.host.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_and_a_late_answer_fail_the_invocation_and_end_the_process() {
    let f = fixture(50.0).await;
    let (kind, message) = failure(&f.host, order("crash")).await;
    assert_eq!(kind, "Runtime.ExitError");
    assert!(message.ends_with("Error: Runtime exited with error: exit status: 7"), "{message}");
    assert_eq!(f.host.processes(), 0);
    let began = Instant::now();
    let (kind, message) = failure(&f.host, order("hang")).await;
    assert_eq!(kind, "Sandbox.Timedout");
    assert!(message.ends_with("Task timed out after 1.00 seconds"), "{message}");
    assert!(began.elapsed() >= Duration::from_secs(1), "the time scale does not shorten work");
    assert_eq!(f.host.processes(), 0);
    assert_eq!(failure(&f.host, order("fail")).await, ("Puppet".to_owned(), "as it was told".to_owned()));
    assert_eq!(f.host.processes(), 1, "a function that says that it failed goes on");
    f.host.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_processs_message_comes_back_after_its_visibility_and_is_done() {
    let f = fixture(50.0).await;
    assert!(!f.host.kill("puppet"), "there is nothing to kill");
    let began = Instant::now();
    f.send(json!({"do": "hang", "once": true, "n": 1})).await;
    until("the message is at work", || f.host.kill("puppet")).await;
    until("the message is done", || f.host.is_idle()).await;
    let took = began.elapsed();
    // The visibility time of the queue is 60 s, the time scale 50.
    assert!(took >= Duration::from_millis(1200), "{took:?}");
    assert_eq!(f.done().len(), 1);
    let ends: Vec<_> = f.platform("platform.report").iter().map(|r| r["status"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ends, ["failure", "success"]);
    f.host.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_batch_only_the_failed_message_comes_again() {
    let f = fixture(50.0).await;
    // The two processes are busy, so that the next five messages are one batch.
    for _ in 0..2 {
        f.send(json!({"do": "sleep", "ms": 600})).await;
        until("it is at work", || f.work()[0] == 0).await;
    }
    for n in 1..=5 {
        let order = if n == 3 { json!({"do": "fail", "once": true, "n": n}) } else { json!({"do": "echo", "n": n}) };
        f.send(order).await;
    }
    until("all is done", || f.host.is_idle()).await;
    let done = f.done();
    let numbers = |of: usize| -> Vec<_> {
        done.iter().filter(|d| d["of"] == of).filter_map(|d| d["done"]["n"].as_u64()).collect()
    };
    assert_eq!((numbers(5), numbers(1)), (vec![1, 2, 4, 5], vec![3]), "{done:?}");
    f.host.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_fails_or_crashes_twice_is_with_the_dead_letters() {
    let f = fixture(200.0).await;
    for what in ["fail", "crash"] {
        f.send(order(what)).await;
    }
    // Twice received; the third look buries it.
    until("both are dead", || f.work() == [0, 0, 0, 2, 0, 0]).await;
    assert!(f.done().is_empty());
    assert!(!f.host.is_idle(), "dead letters are messages");
    f.host.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_has_no_more_processes_at_once_than_it_may() {
    let f = fixture(50.0).await;
    let began = Instant::now();
    for _ in 0..4 {
        f.send(json!({"do": "sleep", "ms": 200})).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(f.host.processes() <= 2);
    }
    until("all is done", || f.host.is_idle()).await;
    assert!(f.host.processes() <= 2 && began.elapsed() >= Duration::from_millis(400));
    f.host.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn work_is_not_delivered_twice_while_it_lasts_longer_than_the_scaled_visibility() {
    // Visibility is 60 s / 1000 = 60 ms here, and the work takes 400 ms.
    let f = fixture(1000.0).await;
    f.send(json!({"do": "sleep", "ms": 400})).await;
    until("all is done", || f.host.is_idle()).await;
    assert_eq!((f.done().len(), f.platform("platform.report").len()), (1, 1));
    f.host.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_leaves_no_process_and_the_message_at_work_is_done_after_the_next_start() {
    let f = fixture(1.0).await;
    let pid = ask(&f.host, order("pid")).await;
    f.send(json!({"do": "sleep", "ms": 100, "n": 1})).await;
    until("it is at work", || f.work()[2] == 1).await;
    f.host.stop().await.unwrap();
    assert!(!is_there(&pid));
    assert!(!f.dir.path().join("endpoints.json").exists());

    let host = Host::start(options(f.dir.path(), 1.0)).await.unwrap();
    let f = common::Fixture { host, dir: f.dir };
    assert!(f.host.is_idle(), "it had the time to end: {:?}", f.host.depths());
    assert_eq!(f.done().len(), 1);
    // What hangs is killed, and comes again.
    f.send(json!({"do": "sleep", "ms": 900, "n": 2})).await;
    f.send(json!({"do": "hang", "once": true, "n": 3})).await;
    until("both are at work", || f.work()[2] == 2).await;
    let began = Instant::now();
    f.host.stop().await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binary_that_is_missing_or_does_not_begin_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let nowhere = platefleet_local::host::Options { functions: dir.path().to_owned(), ..options(dir.path(), 1.0) };
    let error = format!("{:#}", Host::start(nowhere).await.err().unwrap());
    assert!(error.contains("platefleet-puppet") && error.contains("cargo build"), "{error}");

    let text = std::fs::read_to_string(options(dir.path(), 1.0).template.unwrap()).unwrap();
    let template = dir.path().join("refuses.yaml");
    std::fs::write(&template, text.replace("PLATEFLEET_TICK_SECONDS: 900", "PUPPET_REFUSES: 1")).unwrap();
    let refuses = platefleet_local::host::Options { template: Some(template), ..options(dir.path(), 1.0) };
    let host = Host::start(refuses).await.unwrap();
    let (kind, message) = failure(&host, order("echo")).await;
    assert_eq!(kind, "Runtime.ExitError");
    assert!(message.contains("exit status: 3") && message.contains("puppet.log"), "{message}");
    let log = std::fs::read_to_string(dir.path().join("logs/puppet.log")).unwrap();
    assert!(log.starts_with("this puppet does not begin\n"), "{log}");
    assert!(host.invoke("nobody", "{}").await.unwrap_err().to_string().contains("there are: puppet"));
    host.stop().await.unwrap();
}

/// One HTTP request; status, headers and body.
async fn http(url: &str, request: &str) -> (u16, String, String) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request.replace("HOST", address).as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), head.to_ascii_lowercase(), body.to_owned())
}

fn post(path: &str, host: &str, body: &str) -> String {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_are_invoked_over_http_as_lambda_is() {
    let f = fixture(50.0).await;
    let lambda = f.host.connection().lambda.clone().unwrap();
    for name in ["puppet", "platefleet-puppet", "arn:aws:lambda:us-east-1:000000000000:function:platefleet-puppet"] {
        let path = format!("/2015-03-31/functions/{name}/invocations");
        let (status, head, body) = http(&lambda, &post(&path, "HOST", r#"{"a": 1}"#)).await;
        assert_eq!((status, body.as_str()), (200, r#"{"a":1}"#), "{head}");
        assert!(head.contains("x-amz-executed-version: $latest") && !head.contains("x-amz-function-error"), "{head}");
    }
    let path = "/2015-03-31/functions/puppet/invocations";
    let (status, head, body) = http(&lambda, &post(path, "HOST", r#"{"do": "fail"}"#)).await;
    assert_eq!((status, body.contains("as it was told")), (200, true), "{body}");
    assert!(head.contains("x-amz-function-error: unhandled"), "{head}");
    for (path, host, body, status, kind) in [
        (path, "HOST", "not json", 400, "InvalidRequestContentException"),
        ("/2015-03-31/functions/nobody/invocations", "HOST", "{}", 404, "ResourceNotFoundException"),
        (path, "evil.example", "{}", 403, "AccessDeniedException"),
    ] {
        let (got, head, _) = http(&lambda, &post(path, host, body)).await;
        assert_eq!(got, status, "{head}");
        assert!(head.contains(&kind.to_ascii_lowercase()), "{head}");
    }
    f.host.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_url_asks_with_payload_version_2() {
    let f = fixture(50.0).await;
    let lambda = f.host.connection().lambda.clone().unwrap();
    let request = "GET /url/puppet/rolls/a%20b?x=1&y HTTP/1.1\r\nhost: HOST\r\nconnection: close\r\n\r\n";
    let (status, _, body) = http(&lambda, request).await;
    let event: Value = serde_json::from_str(&body).unwrap();
    // A puppet answers the event, which has no status code: all of it is the body.
    assert_eq!((status, &event["version"], &event["rawPath"]), (200, &json!("2.0"), &json!("/rolls/a b")));
    assert_eq!(
        (&event["rawQueryString"], &event["requestContext"]["http"]["method"]),
        (&json!("x=1&y"), &json!("GET"))
    );
    f.host.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_has_one_fleet_at_a_time_and_says_where_it_is() {
    let f = fixture(1.0).await;
    let endpoints = std::fs::read(f.dir.path().join("endpoints.json")).unwrap();
    let connection: platefleet_fleet::aws::Connection = serde_json::from_slice(&endpoints).unwrap();
    assert_eq!(&connection, f.host.connection());
    let names: Vec<_> = connection.queues.keys().map(String::as_str).collect();
    assert_eq!(names, ["finalise", "hash", "inspect", "intake", "plan", "render", "work", "work-dlq"]);
    let error = Host::start(options(f.dir.path(), 1.0)).await.err().unwrap().to_string();
    assert!(error.contains("a fleet runs in"), "{error}");
    f.host.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_rows_and_messages_are_there_after_a_restart() {
    use platefleet_fleet::{
        id::RollId,
        message::{Message, Queue},
        ports::{Bucket, Expect, Item, Key, Objects as _, PutIf, Queues as _, Table as _},
    };
    let f = fixture(1.0).await;
    let fleet = platefleet_fleet::aws::Fleet::connect(f.host.connection()).await;
    let key = Key::new("PROD#show", "ROLL#A001");
    let row = Item { key: key.clone(), rev: 1, body: serde_json::Map::new(), index: [].into() };
    fleet.put_row(row.clone(), Expect::Absent).await.unwrap();
    fleet.put(Bucket::Ingest, "show/A001/a.dng", b"bytes".to_vec(), PutIf::Always).await.unwrap();
    let message = Message::SettleRoll { roll: RollId::parse("show/A001").unwrap() };
    fleet.send(Queue::Finalise, &message, Duration::ZERO).await.unwrap();
    fleet.send(Queue::Finalise, &message, Duration::from_mins(15)).await.unwrap();
    f.host.stop().await.unwrap();

    let host = Host::start(options(f.dir.path(), 1.0)).await.unwrap();
    let fleet = platefleet_fleet::aws::Fleet::connect(host.connection()).await;
    assert_eq!(fleet.get_row(&key).await.unwrap(), Some(row));
    assert_eq!(fleet.get(Bucket::Ingest, "show/A001/a.dng", None, None).await.unwrap(), b"bytes");
    assert_eq!((host.depths()["finalise"].visible, host.depths()["finalise"].delayed), (1, 1));
    assert!(!host.is_idle());
    host.stop().await.unwrap();
}

/// Whoever has killed the host itself finds no function that goes on.
#[test]
fn a_process_does_not_outlive_a_killed_host() {
    if !cfg!(target_os = "linux") {
        eprintln!("SKIPPED: only Linux ends a process with its parent");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    // This test program itself, as the host.
    let mut host = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_host_to_be_killed", "--ignored", "--nocapture"])
        .env("PUPPETS_IN", dir.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let pid = wait_for_pid(dir.path());
    assert!(is_there(&pid));
    host.kill().unwrap();
    host.wait().unwrap();
    let began = Instant::now();
    while is_there(&pid) {
        assert!(began.elapsed() < Duration::from_secs(5), "process {pid} is an orphan");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn wait_for_pid(dir: &Path) -> Value {
    let began = Instant::now();
    loop {
        let log = std::fs::read_to_string(dir.join("logs/puppet.log")).unwrap_or_default();
        let line = log.lines().find_map(|line| serde_json::from_str::<Value>(line).ok());
        if let Some(line) = line {
            return line["record"]["pid"].clone();
        }
        assert!(began.elapsed() < Duration::from_secs(20), "no function began");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it is run and killed by another test"]
async fn a_host_to_be_killed() {
    let Some(dir) = std::env::var_os("PUPPETS_IN") else { return };
    let host = Host::start(options(Path::new(&dir), 1e-3)).await.unwrap();
    let hang = host.invoke("puppet", r#"{"do": "hang"}"#);
    let _ = tokio::time::timeout(Duration::from_secs(30), hang).await;
}
