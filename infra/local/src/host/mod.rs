//! The fleet on one machine, begun and ended as one thing.
//!
//! Everything that it keeps stands in one directory: `objects/`, `queues/`, `table.sqlite`, `logs/<function>.log`, and
//! `endpoints.json` for as long as it runs.

mod directory;

use std::{
    collections::BTreeMap,
    io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result, bail, ensure};
use axum::body::Bytes;
use platefleet_fleet::aws::Connection;
use tokio::{
    net::{TcpListener, TcpSocket},
    task::JoinSet,
};

use self::directory::Directory;
use crate::{
    lambda::{Answer, Functions, Settings, Surroundings},
    s3::{self, BucketSpec, Notification, Store},
    sqs::{self, QueueAttributes, Sqs},
    table::Tables,
    template::{Place, Template},
};

/// The template that this program was built with.
const TEMPLATE: &str = include_str!("../../../../template.yaml");
/// Name of the stack: what names of buckets and queues begin with.
const STACK: &str = "platefleet";
const REGION: &str = "us-east-1";
const ACCOUNT: &str = "000000000000";

/// How a fleet is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it keeps everything; made if it is missing.
    pub dir: PathBuf,
    /// The template; the one of the repository that this was built from without it.
    pub template: Option<PathBuf>,
    /// Folder of the function binaries `platefleet-<name>`.
    pub functions: PathBuf,
    /// Port of S3; SQS, DynamoDB and Lambda have the three after it. 0 for any free ones.
    pub port: u16,
    /// Divides visibility times, delays, and the times of ticks and rest; not the time-outs of functions.
    pub time_scale: f64,
    /// Processes of one function at once; as many as there are cores, but at least 2, without it.
    pub workers: Option<usize>,
}

impl Options {
    /// A fleet in a directory, with the functions beside the running program.
    ///
    /// # Errors
    /// The place of the running program is not known.
    pub fn new(dir: impl Into<PathBuf>) -> io::Result<Self> {
        let program = std::env::current_exe()?;
        let functions = program.parent().map(Path::to_owned).unwrap_or_default();
        Ok(Self { dir: dir.into(), template: None, functions, port: 0, time_scale: 1.0, workers: None })
    }
}

/// How many messages a queue holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth {
    /// Ready to be received.
    pub visible: usize,
    /// Sent with a delay that has not passed.
    pub delayed: usize,
    /// Received and not answered yet.
    pub in_flight: usize,
}

impl Depth {
    fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// A running fleet. [`Host::stop`] ends it in order; dropping it kills its processes.
pub struct Host {
    connection: Connection,
    sqs: Arc<Sqs>,
    functions: Functions,
    servers: JoinSet<()>,
    directory: Directory,
}

impl Host {
    /// Begins a fleet: in a new directory, or where the last one in it ended.
    ///
    /// # Errors
    /// Another fleet runs in the directory, a port is taken, the template is not understood, a function binary is
    /// missing, or the directory cannot be used.
    pub async fn start(options: Options) -> Result<Self> {
        let scale = options.time_scale;
        ensure!(
            scale.is_finite() && scale > 0.0 && scale <= 1e6,
            "the time scale {scale} is not above 0 and at most 1e6"
        );
        let directory = Directory::open(&options.dir)?;
        let [s3, sqs, dynamodb, lambda] = listen(options.port)?;
        let url = |listener: &TcpListener| Ok::<_, io::Error>(format!("http://{}", listener.local_addr()?));
        let surroundings = Surroundings {
            region: REGION.into(),
            access_key_id: s3::ACCESS_KEY_ID.into(),
            secret_access_key: s3::SECRET_ACCESS_KEY.into(),
            s3: url(&s3)?,
            sqs: url(&sqs)?,
            dynamodb: url(&dynamodb)?,
            lambda: url(&lambda)?,
            time_scale: scale,
        };
        let template = read_template(options.template.as_deref(), &surroundings.sqs)?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let settings = Settings {
            binaries: &options.functions,
            logs: &directory.logs(),
            time_scale: scale,
            workers: options.workers.unwrap_or(cores.max(2)).clamp(1, 1000),
        };
        let mut functions = Functions::new(&template.functions, &settings, &surroundings)?;
        let engine = queues(&template, &directory.queues(), surroundings.sqs.clone(), scale)?;
        let (specs, wanted, notified) = (buckets(&template), template.tables.clone(), Arc::clone(&engine));
        let (objects, table) = (directory.objects(), directory.table());
        let opened = tokio::task::spawn_blocking(move || -> Result<_> {
            Ok((Store::open(&objects, &specs, notified)?, Tables::open(&table, &wanted)?))
        });
        let (store, tables) = opened.await??;
        let connection = connection(&template, &surroundings, &engine)?;

        let mut servers = JoinSet::new();
        servers.spawn(named("S3", s3::serve(s3, store)));
        servers.spawn(named("SQS", sqs::serve(sqs, Arc::clone(&engine))));
        servers.spawn(tables.serve(dynamodb));
        functions.serve(lambda);
        functions.poll(&engine);
        directory.publish(&connection)?;
        Ok(Self { connection, sqs: engine, functions, servers, directory })
    }

    /// Where the fleet is; the same stands in `endpoints.json`.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// How many messages every queue holds, dead letters included, by the names of the connection.
    pub fn depths(&self) -> BTreeMap<String, Depth> {
        let depth = |name: &str| {
            let counts = self.sqs.counts(name);
            Depth { visible: counts.visible, delayed: counts.delayed, in_flight: counts.in_flight }
        };
        self.sqs.names().iter().map(|name| (short(name).to_owned(), depth(name))).collect()
    }

    /// True when every queue is empty, dead letters included: nothing will happen any more by itself.
    pub fn is_idle(&self) -> bool {
        self.depths().values().all(|depth| depth.is_empty())
    }

    /// Function processes that are alive.
    pub fn processes(&self) -> usize {
        self.functions.processes()
    }

    /// Kills a process of a function (`render`) in the middle of its work; false when it has none at work.
    pub fn kill(&self, function: &str) -> bool {
        self.functions.kill(function)
    }

    /// Invokes a function (`status`) with a JSON event and waits for its answer.
    ///
    /// # Errors
    /// There is no such function. What goes wrong in a function is an [`Answer::Failed`].
    pub async fn invoke(&self, function: &str, event: impl Into<Bytes>) -> Result<Answer> {
        self.functions.invoke(function, event.into()).await
    }

    /// Ends the fleet: what is at work has two seconds to end by itself, and comes again after the next start otherwise.
    ///
    /// # Errors
    /// A function process is still there, or `endpoints.json` cannot be removed.
    pub async fn stop(self) -> Result<()> {
        let Self { functions, mut servers, directory, .. } = self;
        let withdrawn = directory.withdraw();
        let stopped = functions.stop().await;
        servers.shutdown().await;
        stopped.and(withdrawn)
    }
}

/// Runs a server, and says so when it ends by itself.
async fn named(name: &'static str, server: impl Future<Output = io::Result<()>>) {
    if let Err(error) = server.await {
        tracing::error!(server = name, %error, "a server has ended");
    }
}

/// The four listeners. Connections do not hold small answers back.
fn listen(port: u16) -> Result<[TcpListener; 4]> {
    let one = |n: u16| -> Result<TcpListener> {
        let number = if port == 0 { 0 } else { port.checked_add(n).context("the port is above 65532")? };
        let bound = || {
            let socket = TcpSocket::new_v4()?;
            // On Linux, accepted connections have it from their listener.
            socket.set_nodelay(true)?;
            socket.set_reuseaddr(true)?;
            socket.bind((Ipv4Addr::LOCALHOST, number).into())?;
            socket.listen(1024)
        };
        bound().with_context(|| format!("cannot listen on 127.0.0.1:{number}; choose another port, or 0 for any"))
    };
    Ok([one(0)?, one(1)?, one(2)?, one(3)?])
}

fn read_template(file: Option<&Path>, sqs: &str) -> Result<Template> {
    let place = Place {
        stack: STACK.into(),
        region: REGION.into(),
        account_id: ACCOUNT.into(),
        sqs: sqs.into(),
        parameters: BTreeMap::new(),
    };
    let (name, text) = match file {
        None => ("the built-in template".into(), TEMPLATE.into()),
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            (path.display().to_string(), text)
        }
    };
    Template::read(&text, &place).with_context(|| name)
}

fn queues(template: &Template, directory: &Path, url: String, time_scale: f64) -> Result<Arc<Sqs>> {
    let engine = Sqs::open(directory, url, ACCOUNT, REGION, time_scale);
    for queue in &template.queues {
        let attributes = QueueAttributes {
            visibility: queue.visibility,
            delay: queue.delay,
            retention: queue.retention,
            redrive: queue.redrive.as_ref().map(|r| (r.dead_letters.clone(), r.max_receive_count)),
            ..QueueAttributes::default()
        };
        engine.create(&queue.name, attributes).with_context(|| format!("queue {}", queue.name))?;
    }
    Ok(engine)
}

fn buckets(template: &Template) -> Vec<BucketSpec> {
    let notification = |n: &crate::template::Notification| Notification {
        queue: n.queue.clone(),
        events: vec![n.event.clone()],
        prefix: n.prefix.clone(),
        suffix: n.suffix.clone(),
    };
    let bucket = |b: &crate::template::Bucket| BucketSpec {
        name: b.name.clone(),
        versioned: b.versioned,
        notifications: b.notifications.iter().map(notification).collect(),
    };
    template.buckets.iter().map(bucket).collect()
}

/// What a function would connect to: its environment says it.
fn connection(template: &Template, surroundings: &Surroundings, sqs: &Sqs) -> Result<Connection> {
    let Some(function) = template.functions.first() else {
        bail!("the template has no function, so nothing says which bucket, table and queue is which");
    };
    let environment = surroundings.of(function);
    let mut connection = Connection::read(|name| environment.get(name).cloned())
        .with_context(|| format!("the environment of function {}", function.name))?;
    for name in sqs.names() {
        connection.queues.entry(short(&name).to_owned()).or_insert_with(|| sqs.url(&name));
    }
    Ok(connection)
}

/// The name of a queue without that of the stack.
fn short(queue: &str) -> &str {
    queue.strip_prefix(STACK).and_then(|rest| rest.strip_prefix('-')).unwrap_or(queue)
}
