//! One frame: fetched, rendered, written.

use std::sync::Arc;

use platefleet_fleet::{
    plan::{FrameOrder, PlateResult, RangeOrder},
    ports::{self, Bucket, Objects, PutIf, Workers},
    state::Finding,
};
use platefleet_media::{
    Error,
    camera::recognise,
    frame::Document,
    hash,
    plate::{FrameTiming, render_frame},
    source::{Known, Source as _},
};

/// Largest file, or part of a file, that is read for a frame.
const MAX_BYTES: u64 = 1 << 30;
/// Least bytes of a read besides a frame's own.
const WINDOW: u64 = 64 << 10;
/// Most reads for a frame.
const MAX_READS: u32 = 8;

/// What every frame of a range shares.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) order: RangeOrder,
    pub(crate) document: Option<Document>,
}

/// A frame whose bytes are here.
pub(crate) struct Fetched {
    place: usize,
    known: Known,
}

/// A plate that is not written yet.
pub(crate) struct Made {
    pub(crate) result: PlateResult,
    pub(crate) warnings: Vec<String>,
    bytes: Vec<u8>,
}

/// Why a frame was not made.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The world did not answer: worth another attempt.
    World(ports::Error),
    /// The frame will never be made: what is wrong with it.
    Frame(Finding),
}

impl From<ports::Error> for Trouble {
    fn from(error: ports::Error) -> Self {
        Self::World(error)
    }
}

/// Trouble with a frame of the order, in words that name the plate.
fn trouble(shared: &Shared, frame: &FrameOrder, kind: &str, detail: impl std::fmt::Display) -> Trouble {
    let detail = format!("frame {} of {} cannot be made: {detail}", frame.number, shared.order.name);
    Trouble::Frame(Finding::new(kind, &frame.key, detail))
}

/// Fetches the bytes of a frame, of the very version that was verified.
pub(crate) async fn fetch(env: &impl Objects, shared: &Shared, place: usize) -> Result<Fetched, Trouble> {
    let frame = &shared.order.frames[place];
    let mut known = Known::new(&*frame.key, frame.size);
    let range = match frame.span {
        None => 0..frame.size,
        Some(span) => span.offset..span.offset.saturating_add(span.len),
    };
    if range.end > frame.size || range.end - range.start > MAX_BYTES {
        let detail = format!("bytes {}..{} of a file of {} are no frame", range.start, range.end, frame.size);
        return Err(trouble(shared, frame, "malformed", detail));
    }
    if frame.span.is_some() {
        // The header, which every frame of the file needs.
        fetch_range(env, shared, frame, &mut known, 0..WINDOW.min(frame.size)).await?;
    }
    fetch_range(env, shared, frame, &mut known, range).await?;
    Ok(Fetched { place, known })
}

async fn fetch_range(
    env: &impl Objects,
    shared: &Shared,
    frame: &FrameOrder,
    known: &mut Known,
    range: std::ops::Range<u64>,
) -> Result<(), Trouble> {
    if range.is_empty() {
        return Ok(());
    }
    let start = range.start;
    let range = (range != (0..frame.size)).then_some(range);
    match env.get(Bucket::Ingest, &frame.key, range, Some(&frame.etag)).await {
        Ok(bytes) => known.insert(start, bytes),
        Err(ports::Error::NotFound(_)) => {
            return Err(trouble(shared, frame, "missing", "the file was removed after the order was planned"));
        }
        Err(ports::Error::Conflict(_)) => {
            return Err(trouble(shared, frame, "mismatch", "the file was replaced after the order was planned"));
        }
        Err(other) => return Err(other.into()),
    }
    Ok(())
}

/// Makes the plate of a frame, on the threads that compute.
pub(crate) async fn render(
    env: &(impl Objects + Workers),
    shared: &Arc<Shared>,
    fetched: Fetched,
) -> Result<Made, Trouble> {
    let Fetched { place, mut known } = fetched;
    let frame = &shared.order.frames[place];
    for _ in 0..MAX_READS {
        let work = shared.clone();
        let computed = env
            .compute(move || {
                let made = make(&work, &work.order.frames[place], &known);
                (known, made)
            })
            .await;
        // The same bytes would panic again: it is the frame that is refused, not the message.
        let (back, made) = match computed {
            Ok(done) => done,
            Err(ports::Error::Refused(detail)) => return Err(trouble(shared, frame, "malformed", detail)),
            Err(other) => return Err(other.into()),
        };
        known = back;
        match made {
            Ok(made) => return Ok(made),
            Err(Error::Missing { range, .. }) => {
                let end = range.end.max(range.start.saturating_add(WINDOW)).min(known.len());
                fetch_range(env, shared, frame, &mut known, range.start..end).await?;
            }
            Err(error) => {
                let finding = Finding::of(&error.in_file(&*frame.key), &frame.key);
                return Err(trouble(shared, frame, &finding.kind, finding.detail));
            }
        }
    }
    Err(trouble(shared, frame, "unsupported", format!("its header is in more than {MAX_READS} places")))
}

fn make(shared: &Shared, frame: &FrameOrder, known: &Known) -> Result<Made, Error> {
    let order = &shared.order;
    let mosaic = recognise(&frame.key, known)?.decode(known, frame.frame)?;
    let timing = FrameTiming::of(&order.metadata, frame.number, frame.timecode.as_deref())?;
    let plate = render_frame(&order.recipe, shared.document.as_ref(), &order.metadata, &mosaic, &timing)?;
    let result = PlateResult {
        number: frame.number,
        file: format!("{}.{:04}.exr", order.name, frame.number),
        bytes: plate.bytes.len() as u64,
        xxh128: hash::xxh128(&plate.bytes),
    };
    Ok(Made { result, warnings: plate.warnings, bytes: plate.bytes })
}

/// Writes a plate under its one key: made again, it has the same bytes.
pub(crate) async fn write(
    env: &impl Objects,
    shared: &Shared,
    made: Made,
) -> Result<(PlateResult, Vec<String>), Trouble> {
    let key = format!("{}/{}", shared.order.folder, made.result.file);
    env.put(Bucket::Delivery, &key, made.bytes, PutIf::Always).await?;
    Ok((made.result, made.warnings))
}
