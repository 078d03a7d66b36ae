use super::*;

fn place() -> Place {
    Place {
        stack: "platefleet".into(),
        region: "us-east-1".into(),
        account_id: "000000000000".into(),
        sqs: "http://127.0.0.1:4".into(),
        parameters: BTreeMap::new(),
    }
}

fn ours() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml");
    std::fs::read_to_string(path).expect("the template of the repository")
}

fn fleet() -> Template {
    Template::read(&ours(), &place()).unwrap()
}

fn read(resources: &str) -> Result<Template, Problem> {
    Template::read(&format!("Resources:\n{resources}"), &place())
}

fn problem(resources: &str) -> String {
    read(resources).unwrap_err().to_string()
}

#[test]
fn the_fleets_own_template_is_read() {
    let fleet = fleet();
    let names: Vec<_> = fleet.functions.iter().map(|f| f.folder.as_str()).collect();
    assert_eq!(names, ["finalise", "hash", "inspect", "intake", "plan", "render", "status"]);
    assert_eq!(fleet.queues.len(), 12);
    assert_eq!(fleet.buckets.len(), 2);
    assert_eq!(fleet.tables.len(), 1);
}

#[test]
fn only_the_ingest_bucket_notifies() {
    let buckets = fleet().buckets;
    let [delivery, ingest] = buckets.as_slice() else { panic!("{buckets:?}") };
    assert_eq!(ingest.name, "platefleet-ingest-000000000000");
    let events: Vec<_> = ingest.notifications.iter().map(|n| (n.event.as_str(), n.queue.as_str())).collect();
    assert_eq!(events, [("s3:ObjectCreated:*", "platefleet-intake"), ("s3:ObjectRemoved:*", "platefleet-intake")]);
    assert!(ingest.versioned && delivery.versioned && delivery.notifications.is_empty());
}

#[test]
fn every_work_queue_waits_six_times_its_function_and_gives_up_after_four() {
    let fleet = fleet();
    for function in fleet.functions.iter().filter(|f| !f.sources.is_empty()) {
        let name = format!("platefleet-{}", function.folder);
        let queue = fleet.queues.iter().find(|q| q.name == name).unwrap();
        assert_eq!(queue.visibility, function.timeout * 6, "{name}");
        assert_eq!(queue.redrive, Some(Redrive { dead_letters: format!("{name}-dlq"), max_receive_count: 4 }));
        assert!(function.sources.iter().any(|s| s.queue == name && s.reports_failures));
    }
}

#[test]
fn finalise_works_from_its_queue_and_all_dead_letters() {
    let fleet = fleet();
    let finalise = fleet.functions.iter().find(|f| f.folder == "finalise").unwrap();
    let dead = finalise.sources.iter().filter(|s| s.queue.ends_with("-dlq")).count();
    assert_eq!((finalise.sources.len(), dead), (7, 6));
}

#[test]
fn all_event_sources_together_stay_below_800() {
    let all: usize = fleet().functions.iter().flat_map(|f| &f.sources).map(|s| s.max_concurrency.unwrap()).sum();
    assert!(all <= 800, "{all}");
}

#[test]
fn the_environment_has_names_and_urls() {
    let fleet = fleet();
    let render = fleet.functions.iter().find(|f| f.folder == "render").unwrap();
    let of = |name: &str| render.environment[name].as_str();
    assert_eq!(of("PLATEFLEET_TABLE"), "platefleet-table");
    assert_eq!(of("PLATEFLEET_DELIVERY_BUCKET"), "platefleet-delivery-000000000000");
    assert_eq!(of("PLATEFLEET_QUEUE_FINALISE"), "http://127.0.0.1:4/000000000000/platefleet-finalise");
    assert_eq!((of("PLATEFLEET_TICK_SECONDS"), of("PLATEFLEET_RANGE_SECONDS")), ("900", "24"));
    assert_eq!((render.memory_mb, render.timeout.as_secs()), (3008, 180));
}

#[test]
fn the_table_has_its_key_and_three_sparse_indexes() {
    let table = fleet().tables.remove(0);
    assert_eq!(table.key, TableKey { partition: "pk".into(), sort: Some("sk".into()) });
    let indexes: Vec<_> = table.indexes.iter().map(|i| (i.name.as_str(), i.key.partition.as_str())).collect();
    assert_eq!(indexes, [("gsi1", "gsi1pk"), ("gsi2", "gsi2pk"), ("gsi3", "gsi3pk")]);
    assert_eq!(table.expires.as_deref(), Some("expires_at"));
}

#[test]
fn parameters_can_be_given_within_their_bounds() {
    let with = |name: &str, value: &str| {
        let place = Place { parameters: [(name.into(), value.into())].into(), ..place() };
        Template::read(&ours(), &place)
    };
    let fleet = with("TickSeconds", "60").unwrap();
    assert_eq!(fleet.functions[0].environment["PLATEFLEET_TICK_SECONDS"], "60");
    assert_eq!(with("TickSeconds", "901").unwrap_err().to_string(), "parameter TickSeconds: 901 is above 900");
    assert_eq!(with("Tick", "1").unwrap_err().to_string(), "parameter Tick: is not declared by the template");
    let error = with("Architecture", "riscv").unwrap_err().to_string();
    assert_eq!(error, "parameter Architecture: riscv is not among the allowed values");
}

#[test]
fn what_is_not_understood_is_named_with_its_resource() {
    let error = problem("  Q: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}");
    assert_eq!(error, "resource Q: FifoQueue: is not understood by the fleet on one machine");
    let error =
        problem("  B: {Type: AWS::S3::Bucket, Properties: {NotificationConfiguration: {TopicConfigurations: []}}}");
    assert!(error.starts_with("resource B: NotificationConfiguration.TopicConfigurations: "), "{error}");
    let error = problem("  Q: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: !Select [0, [1]]}}");
    assert_eq!(error, "resource Q: DelaySeconds: !Select is not understood here");
    let error = problem("  Q: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 43201}}");
    assert_eq!(error, "resource Q: VisibilityTimeout: 43201 is not a whole number from 0 to 43200");
}

#[test]
fn a_queue_that_nobody_made_is_named() {
    let error = problem(
        "  Q: {Type: AWS::SQS::Queue, Properties: {RedrivePolicy: {maxReceiveCount: 2, deadLetterTargetArn: arn:aws:sqs:r:0:gone}}}",
    );
    assert_eq!(error, "queue platefleet-q: RedrivePolicy: queue gone is not in the template");
}

#[test]
fn a_function_slower_than_its_queue_is_patient_is_refused_as_lambda_does() {
    let error = problem(
        "  Q: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 10}}
  F: {Type: AWS::Serverless::Function, Properties: {CodeUri: build/f.zip, Timeout: 11, Events: {W: {Type: SQS, Properties: {Queue: !GetAtt Q.Arn}}}}}",
    );
    assert!(error.starts_with("function platefleet-f: Timeout: 11 s is longer"), "{error}");
}

#[test]
fn a_circle_of_references_ends() {
    let error = problem("  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref Q}}");
    assert!(error.starts_with("resource Q: name: "), "{error}");
}

#[test]
fn globals_are_defaults_and_conditions_decide() {
    let text = "
Parameters: {Stage: {Type: String, Default: dev}}
Conditions: {Live: !Equals [!Ref Stage, live]}
Globals: {Function: {Timeout: 7, Environment: {Variables: {A: general, B: general}}}}
Resources:
  F: {Type: AWS::Serverless::Function, Properties: {CodeUri: build/f.zip, Environment: {Variables: {B: own, C: !If [Live, 1, !Ref AWS::NoValue]}}}}
  Q: {Type: AWS::SQS::Queue, Condition: Live}
  Role: {Type: AWS::IAM::Role, Properties: {Anything: !Goes [here]}}
";
    let template = Template::read(text, &place()).unwrap();
    let function = &template.functions[0];
    assert_eq!(function.timeout.as_secs(), 7);
    assert_eq!(function.environment, [("A".into(), "general".into()), ("B".into(), "own".into())].into());
    assert!(template.queues.is_empty());
    let live = Place { parameters: [("Stage".into(), "live".into())].into(), ..place() };
    assert_eq!(Template::read(text, &live).unwrap().queues.len(), 1);
}
