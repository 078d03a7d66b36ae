//! One frame: its bytes out of the bucket, and the plate that they make.

use std::{ops::Range, sync::Arc};

use platefleet_fleet::{
    plan::{FrameOrder, RangeOrder},
    ports::{Bucket, Error},
    state::Finding,
};
use platefleet_media::{
    Error as Problem, Result as Decoded,
    camera::recognise,
    frame::Document,
    plate::{FrameTiming, Plate, render_frame},
    source::Known,
};

use crate::Needs;

/// Most further reads that one frame may ask for: headers and indexes.
const MAX_READS: usize = 8;
/// Most bytes of one frame.
const MAX_BYTES: u64 = 1 << 30;
/// Least bytes of a further read.
const WINDOW: u64 = 64 << 10;

/// What was read of a frame's file.
pub(crate) enum Bytes {
    /// Nothing was asked for.
    None,
    /// What is known of the file so far.
    Known(Known),
    /// It cannot be read as it was planned.
    Not(Finding),
}

/// What came of a frame.
pub(crate) enum Made {
    /// A plate.
    Plate(Plate),
    /// The reason why there is none.
    Not(Finding),
}

/// Reads the bytes of a frame, of the version that was verified and inspected.
pub(crate) async fn read(env: &impl Needs, frame: &FrameOrder) -> Result<Bytes, Error> {
    let range = match frame.span {
        Some(span) => span.offset..span.offset.saturating_add(span.len),
        None => 0..frame.size,
    };
    if range.end > frame.size || range.end - range.start > MAX_BYTES {
        let detail = format!("bytes {}..{} are no frame of a file of {}", range.start, range.end, frame.size);
        return Ok(Bytes::Not(Finding::new("malformed", &frame.key, detail)));
    }
    let mut known = Known::new(frame.key.as_str(), frame.size);
    Ok(match fetch(env, frame, &mut known, range).await? {
        Ok(()) => Bytes::Known(known),
        Err(finding) => Bytes::Not(finding),
    })
}

/// Adds a range to what is known. The inner error is of a file that is not what it was.
async fn fetch(
    env: &impl Needs,
    frame: &FrameOrder,
    known: &mut Known,
    range: Range<u64>,
) -> Result<Result<(), Finding>, Error> {
    if range.is_empty() {
        return Ok(Ok(()));
    }
    let start = range.start;
    match env.get(Bucket::Ingest, &frame.key, Some(range), Some(&frame.etag)).await {
        Ok(bytes) => {
            known.insert(start, bytes);
            Ok(Ok(()))
        }
        Err(Error::NotFound(_) | Error::Conflict(_)) => {
            let detail = "was removed or replaced after the order was planned: order again";
            Ok(Err(Finding::new("missing", &frame.key, detail)))
        }
        Err(other) => Err(other),
    }
}

/// Renders frame `at` of the range from what was read of it, and reads what its decoder asks for besides.
pub(crate) async fn render(
    env: &impl Needs,
    order: &Arc<RangeOrder>,
    at: usize,
    bytes: Bytes,
    fdl: Option<Arc<Document>>,
) -> Result<Made, Error> {
    let wanted = &order.frames[at];
    let mut known = match bytes {
        Bytes::Known(known) => known,
        Bytes::Not(finding) => return Ok(Made::Not(finding)),
        Bytes::None => return Err(Error::Unknown(format!("{} was not read", wanted.key))),
    };
    for _ in 0..MAX_READS {
        let (order, fdl) = (Arc::clone(order), fdl.clone());
        let work = move || (plate(&order, at, &known, fdl.as_deref()), known);
        let (made, kept) = env.compute(work).await?;
        known = kept;
        match made {
            Ok(plate) => return Ok(Made::Plate(plate)),
            Err(Problem::Missing { range, .. }) => {
                let range = range.start..range.end.max(range.start + WINDOW).min(wanted.size);
                if let Err(finding) = fetch(env, wanted, &mut known, range).await? {
                    return Ok(Made::Not(finding));
                }
            }
            Err(error @ Problem::Io { .. }) => return Err(Error::Unknown(error.to_string())),
            Err(error) => return Ok(Made::Not(Finding::of(&error, &wanted.key))),
        }
    }
    let detail = format!("its decoder asked for more than {MAX_READS} reads");
    Ok(Made::Not(Finding::new("unsupported", &wanted.key, detail)))
}

/// The pure part: the same bytes and order, the same plate.
fn plate(order: &RangeOrder, at: usize, known: &Known, fdl: Option<&Document>) -> Decoded<Plate> {
    let wanted = &order.frames[at];
    let name = wanted.key.as_str();
    let decode = || {
        let format = recognise(name, known)?;
        let mosaic = format.decode(known, wanted.frame)?;
        let timing = FrameTiming::of(&order.metadata, wanted.number, wanted.timecode.as_deref())?;
        render_frame(&order.recipe, fdl, &order.metadata, &mosaic, &timing)
    };
    decode().map_err(|error| error.in_file(name))
}
