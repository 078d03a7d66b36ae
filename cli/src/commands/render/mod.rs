//! `platefleet render`: plates from a clip on this machine, byte for byte what the fleet makes of the same order.

mod output;
mod select;
mod work;

use std::{fs, path::PathBuf, time::Instant};

use platefleet_fleet::{
    order::{RawSettings, Settings},
    state::Finding,
};
use platefleet_media::{camera::ClipReport, clip::Role, frame::Crop, frame::Document, plate::Recipe};
use serde_json::{Value, json};

use self::{
    output::Output,
    select::{Selection, Wanted},
};
use crate::{
    clips::{self, DiskClip},
    console::{Console, Unit, bytes, count},
    failure::{Exit, Failure},
};

/// Render EXR plates from a clip
///
/// Frame numbers are inclusive and are those of the plates: a numbered sequence keeps its file numbers, the first frame
/// of a single file is 1001, and --first-frame counts anew.
#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "flags are what they are")]
pub(crate) struct Render {
    /// Clip: a file, a folder that holds one, or a numbered sequence (A001_%06d.dng, A001_[000000-000023].dng)
    #[arg(long, value_name = "CLIP")]
    input: PathBuf,
    /// Folder, or file name with a place for the frame number (plate.%04d.exr, plate.[####].exr)
    #[arg(long, value_name = "DIR_OR_PATTERN")]
    output: PathBuf,
    /// Plates to make, inclusive
    #[arg(long, value_name = "A-B", conflicts_with = "source_tc", value_parser = select::frame_range)]
    frame_range: Option<(u64, u64)>,
    /// Source timecodes; OUT is exclusive
    #[arg(long, value_name = "IN-OUT", value_parser = select::timecodes)]
    source_tc: Option<(String, String)>,
    /// Number of the clip's first frame; with --source-tc, of the first plate
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=9_000_000))]
    first_frame: Option<u32>,

    /// Framing document (ASC FDL); carried in the header, and cropped to with --crop
    #[arg(long, value_name = "FILE")]
    fdl: Option<PathBuf>,
    /// Canvas of the framing document; the one of the clip's size without it
    #[arg(long, value_name = "ID", requires = "fdl")]
    canvas: Option<String>,
    /// Framing decision; the only one, or that of the default intent, without it
    #[arg(long, value_name = "ID", requires = "fdl")]
    decision: Option<String>,
    /// What of the canvas to keep
    #[arg(long, value_parser = ["none", "effective", "protection", "decision"], requires = "fdl")]
    crop: Option<String>,
    /// Canvas template: not yet
    #[arg(long, value_name = "FILE", hide = true)]
    template: Option<PathBuf>,
    /// Template of the document: not yet
    #[arg(long, value_name = "ID", hide = true)]
    template_id: Option<String>,
    /// Let a template enlarge
    #[arg(long, hide = true)]
    allow_upscale: bool,
    /// ACES metadata file: not yet
    #[arg(long, value_name = "FILE", hide = true)]
    amf: Option<PathBuf>,
    /// Looks of the ACES metadata file: not yet
    #[arg(long, hide = true)]
    looks: bool,

    /// as-shot, or Kelvin
    #[arg(long, value_name = "as-shot|KELVIN", value_parser = white_balance)]
    white_balance: Option<Value>,
    /// Off the Planckian locus, towards magenta; with a temperature
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    tint: Option<f64>,
    /// Stops
    #[arg(long, value_name = "STOPS", allow_negative_numbers = true)]
    exposure: Option<f64>,
    /// What becomes of clipped highlights
    #[arg(long, value_parser = ["clip", "reconstruct"])]
    highlights: Option<String>,
    /// Encoding of footage that is no raw: not yet
    #[arg(long, value_name = "ID", hide = true)]
    input_space: Option<String>,
    /// Levels of footage that is no raw: not yet
    #[arg(long, value_parser = ["full", "legal"], hide = true)]
    input_levels: Option<String>,
    /// How missing colours are found
    #[arg(long, value_parser = ["quality", "fast", "half"])]
    debayer: Option<String>,

    /// What plates are encoded in
    #[arg(long, value_parser = ["aces2065-1", "acescg"])]
    working_space: Option<String>,
    /// How plates are compressed, always without loss
    #[arg(long, value_parser = ["zip", "zips", "piz", "none"])]
    compression: Option<String>,
    /// aces-strict: the container of SMPTE ST 2065-4
    #[arg(long, value_parser = ["plate", "aces-strict"])]
    profile: Option<String>,
    /// Threads; all of the machine's without it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

fn white_balance(text: &str) -> Result<Value, String> {
    match text.parse::<f64>() {
        _ if text == "as-shot" => Ok(text.into()),
        Ok(kelvin) if kelvin.is_finite() => Ok(kelvin.into()),
        _ => Err("is neither as-shot nor a temperature in Kelvin".into()),
    }
}

/// Everything that is decided before the first frame.
struct Job {
    clip: DiskClip,
    report: ClipReport,
    recipe: Recipe,
    fdl: Option<Document>,
    wanted: Vec<Wanted>,
    output: Output,
    threads: usize,
}

/// A plate that was written.
struct Made {
    number: u32,
    path: String,
    bytes: u64,
    xxh128: String,
}

impl Render {
    pub(crate) fn run(&self, console: &Console) -> Result<Exit, Failure> {
        let started = Instant::now();
        let (job, selection) = self.prepare()?;
        job.output.prepare()?;
        let bar = console.bar("rendering", Unit::Count, job.wanted.len() as u64);
        let outcome = work::render(&job, console, &bar);
        bar.finish_and_clear();
        if console.stopped() {
            return Err(Failure::interrupted());
        }
        let mut failures = selection.missing;
        failures.extend(outcome.failures);
        let exit = failures.iter().map(|f| f.exit).fold(Exit::Done, Exit::and);
        let worst = failures.iter().find(|f| f.exit == exit).cloned();
        match worst {
            Some(worst) if outcome.made.is_empty() => return Err(worst),
            _ => {}
        }
        let mut warnings = job.report.metadata.findings.clone();
        warnings.extend(outcome.warnings);
        for warning in &warnings {
            console.note(format!("warning: {warning}"));
        }
        for failure in &failures {
            console.note(format!("error: {}", failure.text()));
        }
        let seconds = started.elapsed().as_secs_f64();
        let frames: Vec<Value> = outcome
            .made
            .iter()
            .map(|m| json!({"frame": m.number, "path": m.path, "bytes": m.bytes, "xxh128": m.xxh128}))
            .collect();
        let mut document = json!({
            "frames": frames, "seconds": seconds, "recipe": job.recipe.id(), "warnings": warnings,
            "findings": failures.iter().map(Failure::finding).collect::<Vec<Finding>>(),
        });
        if let Some(worst) = worst {
            document["error"] = worst.to_json();
        }
        console.document(&document)?;
        let written: u64 = outcome.made.iter().map(|m| m.bytes).sum();
        let said = count(outcome.made.len() as u64, "plate");
        console.say(format!("{}: {said}, {} in {seconds:.1} s", job.output, bytes(written)))?;
        Ok(exit)
    }

    fn prepare(&self) -> Result<(Job, Selection), Failure> {
        self.refuse()?;
        let document = match &self.fdl {
            None => None,
            Some(path) => {
                let read = fs::read(path).map_err(|e| Failure::io(path, &e))?;
                let named = |e: platefleet_media::Error| Failure::from(e.in_file(path.display().to_string()));
                let parsed = Document::parse(&read).map_err(named)?;
                Some((read, parsed))
            }
        };
        let settings = self.settings();
        let recipe = settings.recipe(document.as_ref().map(|d| &d.0[..])).map_err(|e| Failure::from(e).typed())?;
        let clip = self.clip()?;
        let report = clip.inspect()?;
        if let (Some((_, fdl)), Some(path)) = (&document, &self.fdl) {
            self.check_framing(fdl, recipe.crop, &report).map_err(|f| f.about(path.display().to_string()))?;
        }
        let selection = self.select(&clip, &report)?;
        let output = Output::of(&self.output, &clip.clip.name, selection.wanted.len())?;
        let threads = self
            .threads
            .map_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get), usize::from);
        let fdl = document.map(|(_, fdl)| fdl);
        Ok((Job { clip, report, recipe, fdl, wanted: selection.wanted.clone(), output, threads }, selection))
    }

    /// Refuses what later versions do, by the name that was typed.
    fn refuse(&self) -> Result<(), Failure> {
        let legal = self.input_levels.as_deref() == Some("legal");
        for (asked, name) in [
            (self.template.is_some() || self.template_id.is_some(), "--template (an ASC FDL canvas template)"),
            (self.amf.is_some() || self.looks, "--amf (an ACES metadata file)"),
            (self.highlights.as_deref() == Some("reconstruct"), "--highlights reconstruct"),
            (self.input_space.is_some(), "--input-space (footage that is no raw)"),
            (legal, "--input-levels legal (footage that is no raw)"),
        ] {
            if asked {
                return Err(Failure::unsupported(name));
            }
        }
        Ok(())
    }

    fn settings(&self) -> Settings {
        Settings {
            fdl: self.fdl.as_ref().map(|p| p.display().to_string()),
            canvas: self.canvas.clone(),
            decision: self.decision.clone(),
            crop: self.crop.clone(),
            profile: self.profile.clone(),
            compression: self.compression.clone(),
            debayer: self.debayer.clone(),
            working_space: self.working_space.clone(),
            raw: Some(RawSettings {
                white_balance: self.white_balance.clone(),
                tint: self.tint,
                exposure_stops: self.exposure,
                highlights: self.highlights.clone(),
            }),
            ..Settings::default()
        }
    }

    /// The one clip that the input means.
    fn clip(&self) -> Result<DiskClip, Failure> {
        let found = clips::find(&self.input)?;
        if let Some(failure) = found.failures.into_iter().next() {
            return Err(failure);
        }
        let (mut originals, others): (Vec<_>, Vec<_>) =
            found.clips.into_iter().partition(|c| c.clip.role == Role::Original);
        if originals.is_empty() {
            originals = others;
        }
        let shown = self.input.display().to_string();
        match originals.len() {
            0 => Err(Failure::invalid("holds no clip").about(shown)),
            1 => Ok(originals.remove(0)),
            n => {
                let list: Vec<String> = originals.iter().take(8).map(DiskClip::path).collect();
                let problem = format!("holds {n} clips; render makes plates of one");
                Err(Failure::usage(problem).about(shown).hint(format!("name one of {}", list.join(", "))))
            }
        }
    }

    /// Finds a framing choice that is open, or names nothing, before the first frame.
    fn check_framing(&self, fdl: &Document, crop: Crop, report: &ClipReport) -> Result<(), Failure> {
        let metadata = &report.metadata;
        let size =
            metadata.active_area.map(|[_, _, w, h]| [w, h]).or(metadata.width.zip(metadata.height).map(Into::into));
        let (Some(size), false) = (size, crop == Crop::None) else { return Ok(()) };
        let [width, height] = size.map(|side| side as usize);
        let fits = |c: &&platefleet_media::frame::Canvas| {
            (c.dimensions.width, c.dimensions.height) == (f64::from(size[0]), f64::from(size[1]))
        };
        let open = self.canvas.is_some() || fdl.canvases().iter().filter(fits).count() > 1;
        let canvas = fdl.canvas(self.canvas.as_deref(), [width, height]).map_err(|e| {
            let failure = Failure::from(e);
            if open { failure.typed() } else { failure }
        })?;
        if matches!(crop, Crop::Decision | Crop::Protection) && !canvas.framing_decisions.is_empty() {
            fdl.decision(canvas, self.decision.as_deref()).map_err(|e| Failure::from(e).typed())?;
        }
        let decision = self.decision.as_deref();
        platefleet_media::frame::region(Some(fdl), crop, self.canvas.as_deref(), decision, [width, height])?;
        Ok(())
    }

    fn select(&self, clip: &DiskClip, report: &ClipReport) -> Result<Selection, Failure> {
        let selection = match (&self.frame_range, &self.source_tc) {
            (Some(range), _) => select::by_number(clip, report, self.first_frame, *range),
            (None, Some(span)) => select::by_timecode(clip, report, self.first_frame, span),
            (None, None) => select::all(clip, report, self.first_frame),
        }?;
        if selection.wanted.is_empty() {
            let missing = selection.missing.into_iter().next();
            return Err(missing.unwrap_or_else(|| Failure::invalid("has no frames").about(clip.path())));
        }
        Ok(selection)
    }
}
