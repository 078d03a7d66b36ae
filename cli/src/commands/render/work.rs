//! The work itself: frames side by side, each from its file to its plate.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use indicatif::ProgressBar;
use platefleet_media::{
    camera::recognise,
    hash,
    plate::{FrameTiming, render_frame},
};

use super::{Job, Made, select::Wanted};
use crate::{console::Console, failure::Failure};

/// What became of the frames.
#[derive(Default)]
pub(super) struct Outcome {
    /// In order of their numbers.
    pub(super) made: Vec<Made>,
    /// One for each frame that has no plate.
    pub(super) failures: Vec<Failure>,
    /// Each once.
    pub(super) warnings: Vec<String>,
}

/// Renders all frames. A bad frame costs its own plate only.
///
/// There are as many workers as frames or threads, whichever is less, and each has its share of the threads to itself,
/// so no more frames are in memory than there are workers. (One pool for all would begin another frame whenever a step
/// of one waits.)
pub(super) fn render(job: &Job, console: &Console, bar: &ProgressBar) -> Outcome {
    let workers = job.threads.min(job.wanted.len()).max(1);
    let share = (job.threads / workers).max(1);
    let (next, outcome) = (AtomicUsize::new(0), Mutex::new(Outcome::default()));
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let pool = match rayon::ThreadPoolBuilder::new().num_threads(share).build() {
                    Ok(pool) => pool,
                    Err(e) => {
                        let failure = Failure::service(format!("no threads to work with: {e}"));
                        return outcome.lock().unwrap_or_else(PoisonError::into_inner).failures.push(failure);
                    }
                };
                while let Some(wanted) = job.wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if console.stopped() {
                        return;
                    }
                    let result = pool.install(|| one(job, wanted));
                    bar.inc(1);
                    outcome.lock().unwrap_or_else(PoisonError::into_inner).add(result);
                }
            });
        }
    });
    let mut outcome = outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcome.made.sort_by_key(|m| m.number);
    outcome.failures.sort_by(|a, b| a.path.cmp(&b.path));
    outcome.warnings.sort();
    outcome.warnings.dedup();
    outcome
}

impl Outcome {
    fn add(&mut self, result: Result<(Made, Vec<String>), Failure>) {
        match result {
            Ok((made, warnings)) => {
                self.made.push(made);
                self.warnings.extend(warnings);
            }
            Err(failure) => self.failures.push(failure),
        }
    }
}

fn one(job: &Job, wanted: &Wanted) -> Result<(Made, Vec<String>), Failure> {
    let clip = &job.clip;
    let Some(file) = clip.clip.files.get(wanted.frame.file) else {
        return Err(Failure::invalid(format!("frame {} has no file", wanted.number)).about(clip.path()));
    };
    // Frames count from 0 in their file; a numbered file has one.
    let index = if file.frame.is_some() { 0 } else { wanted.frame.number };
    let rendered = clip.open(&file.path).and_then(|source| {
        let format = recognise(file.path.as_str(), &source)?;
        let mosaic = format.decode(&source, index)?;
        let timing = FrameTiming::of(&job.report.metadata, wanted.number, wanted.frame.timecode.as_deref())?;
        render_frame(&job.recipe, job.fdl.as_ref(), &job.report.metadata, &mosaic, &timing)
    });
    let name = file.path.as_str();
    let plate = rendered.map_err(|e| clip.failure(e.in_file(name)))?;
    let path = job.output.write(wanted.number, &plate.bytes)?;
    let made = Made {
        number: wanted.number,
        path: path.display().to_string(),
        bytes: plate.bytes.len() as u64,
        xxh128: hash::xxh128(&plate.bytes),
    };
    Ok((made, plate.warnings))
}
