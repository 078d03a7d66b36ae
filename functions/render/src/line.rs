//! Frames on their way: one being read, one being rendered, one being written.

use std::{sync::Arc, time::Duration};

use platefleet_fleet::{
    id::hex_sha256,
    plan::{PlateResult, RangeOrder, RangeResult},
    ports::{Bucket, Error, PutIf},
    runner::Failure,
    state::Finding,
    store::JobRow,
};
use platefleet_media::{frame::Document, hash};

use crate::{
    Needs,
    frame::{self, Bytes, Made},
    still_wanted,
};

/// Time that is kept for writing the last plate and handing over the rest.
const MARGIN: Duration = Duration::from_secs(15);

/// Why a line stops.
pub(crate) enum Stop {
    /// Every frame was tried.
    End(RangeResult),
    /// Time is running out; this frame of the range is next.
    Late(u32),
    /// The job was cancelled, or begun anew.
    Unwanted,
}

/// The frames of one range.
pub(crate) struct Line<'a, E> {
    env: &'a E,
    row: &'a JobRow,
    order: Arc<RangeOrder>,
    fdl: Option<Arc<Document>>,
    /// What was made so far.
    pub(crate) result: RangeResult,
}

impl<'a, E: Needs> Line<'a, E> {
    pub(crate) fn new(env: &'a E, row: &'a JobRow, order: RangeOrder) -> Self {
        let result = RangeResult {
            schema: "range-result.v1".into(),
            index: order.index,
            frames: Vec::new(),
            warnings: Vec::new(),
            failed: Vec::new(),
        };
        Self { env, row, order: Arc::new(order), fdl: None, result }
    }

    /// Reads the framing document, which has to be the one that the order was planned with.
    pub(crate) async fn framing(&mut self) -> Result<Result<(), Finding>, Failure> {
        let Some(place) = &self.order.fdl else { return Ok(Ok(())) };
        let replaced = || {
            let detail = "was replaced after the order was planned: order again";
            Ok(Err(Finding::new("missing", &place.key, detail)))
        };
        let bytes = match self.env.get(Bucket::Ingest, &place.key, None, Some(&place.etag)).await {
            Err(Error::NotFound(_) | Error::Conflict(_)) => return replaced(),
            other => other?,
        };
        if hex_sha256(&bytes) != place.sha256 {
            return replaced();
        }
        Ok(match Document::parse(&bytes) {
            Ok(document) => {
                self.fdl = Some(Arc::new(document));
                Ok(())
            }
            Err(error) => Err(Finding::of(&error, &place.key)),
        })
    }

    /// Makes the plates from frame `from` of the range on.
    pub(crate) async fn run(&mut self, from: usize) -> Result<Stop, Failure> {
        let order = Arc::clone(&self.order);
        let count = order.frames.len();
        let mut finished: Option<(u32, Vec<u8>)> = None;
        let mut next = self.read(from).await?;
        let mut slowest = Duration::ZERO;
        for at in from..count {
            let began = self.env.now_ms();
            let is_late = self.env.time_left() < MARGIN + 2 * slowest && at > from;
            if is_late || !still_wanted(self.env, &self.row.job, self.row.epoch).await? {
                self.write(finished.take()).await?;
                return Ok(if is_late { Stop::Late(at as u32) } else { Stop::Unwanted });
            }
            let bytes = std::mem::replace(&mut next, Bytes::None);
            let render = frame::render(self.env, &order, at, bytes, self.fdl.clone());
            let (made, read, written) = futures::join!(render, self.read(at + 1), self.write(finished.take()));
            written?;
            next = read?;
            finished = self.note(order.frames[at].number, made?);
            slowest = slowest.max(Duration::from_millis(self.env.now_ms().saturating_sub(began)));
        }
        self.write(finished).await?;
        self.result.frames.sort_by_key(|plate| plate.number);
        Ok(Stop::End(self.result.clone()))
    }

    /// Takes what came of a frame into the result; answers the plate that is to be written.
    fn note(&mut self, number: u32, made: Made) -> Option<(u32, Vec<u8>)> {
        match made {
            Made::Plate(plate) => {
                let known = &mut self.result;
                known.warnings.extend(plate.warnings);
                known.warnings.sort();
                known.warnings.dedup();
                known.frames.push(PlateResult {
                    number,
                    file: self.order.file_name(number),
                    bytes: plate.bytes.len() as u64,
                    xxh128: hash::xxh128(&plate.bytes),
                });
                Some((number, plate.bytes))
            }
            Made::Not(finding) => {
                self.result.failed.push(finding);
                None
            }
        }
    }

    async fn read(&self, at: usize) -> Result<Bytes, Failure> {
        match self.order.frames.get(at) {
            Some(wanted) => Ok(frame::read(self.env, wanted).await?),
            None => Ok(Bytes::None),
        }
    }

    async fn write(&self, plate: Option<(u32, Vec<u8>)>) -> Result<(), Error> {
        let Some((number, bytes)) = plate else { return Ok(()) };
        let key = format!("{}/{}", self.order.folder, self.order.file_name(number));
        self.env.put(Bucket::Delivery, &key, bytes, PutIf::Always).await?;
        Ok(())
    }
}
