//! `platefleet inspect`: what clips say about themselves, in one vocabulary for every camera.

use std::{collections::BTreeMap, fmt::Write as _, path::PathBuf};

use platefleet_media::{
    camera::{ClipReport, FrameRef},
    clip::{self, Metadata},
    timecode::Rational,
};
use serde_json::{Map, Value, json};

use crate::{
    clips::{self as disk, DiskClip},
    console::{Console, bytes, count},
    failure::{Exit, Failure},
};

/// Say what clips are: camera, format, frames, timecode, lens (JSON: clip-metadata.v1)
#[derive(Debug, clap::Args)]
pub(crate) struct Inspect {
    /// Clips: files, folders, or numbered sequences (A001_%06d.dng)
    #[arg(required_unless_present = "schema", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Add every tag as it was found
    #[arg(long)]
    raw: bool,
    /// Add what is known of each frame
    #[arg(long)]
    frames: bool,
    /// Print the JSON Schema of clip-metadata.v1, and inspect nothing
    #[arg(long, exclusive = true)]
    schema: bool,
}

impl Inspect {
    pub(crate) fn run(&self, console: &Console) -> Result<Exit, Failure> {
        if self.schema {
            let schema = clip::schema();
            console.document(&schema)?;
            console.say(serde_json::to_string_pretty(&schema).map_err(|e| Failure::invalid(e.to_string()))?)?;
            return Ok(Exit::Done);
        }
        let (mut documents, mut failures, mut said_wrong) = (Vec::new(), Vec::new(), false);
        for path in &self.paths {
            let found = match disk::find(path) {
                Ok(found) => found,
                Err(failure) => {
                    failures.push((None, failure));
                    continue;
                }
            };
            failures.extend(found.failures.into_iter().map(|f| (None, f)));
            for clip in found.clips {
                if console.stopped() {
                    return Err(Failure::interrupted());
                }
                match clip.inspect() {
                    Ok(mut report) => {
                        let values = if self.frames { values_of_frames(&clip, &mut report)? } else { BTreeMap::new() };
                        said_wrong |= !report.metadata.findings.is_empty();
                        console.say(self.text(&clip, &report, &values))?;
                        documents.push(self.document(&clip, &report, values)?);
                    }
                    Err(failure) => failures.push((Some(clip), failure)),
                }
            }
        }
        let exit = failures.iter().map(|(_, f)| f.exit).fold(Exit::bad_if(said_wrong), Exit::and);
        if documents.is_empty()
            && let Some(at) = failures.iter().position(|(_, f)| f.exit == exit)
        {
            let (_, worst) = failures.swap_remove(at);
            for (_, other) in &failures {
                console.note(format!("error: {}", other.text()));
            }
            return Err(worst);
        }
        for (clip, failure) in &failures {
            console.note(format!("error: {}", failure.text()));
            documents.push(refused(clip.as_ref(), failure));
        }
        console.document(&documents)?;
        Ok(exit)
    }

    fn document(&self, clip: &DiskClip, report: &ClipReport, mut values: FrameFields) -> Result<Value, Failure> {
        let unwritable = |e: serde_json::Error| Failure::invalid(e.to_string()).about(clip.path());
        let mut document = serde_json::to_value(&report.metadata).map_err(unwritable)?;
        if self.raw {
            document["raw"] = serde_json::to_value(&report.tags).map_err(unwritable)?;
        }
        if self.frames {
            document["frames"] =
                frames(report, &mut values).map(|(frame, own)| self::frame(clip, &frame, own)).collect();
        }
        Ok(document)
    }

    fn text(&self, clip: &DiskClip, report: &ClipReport, values: &FrameFields) -> String {
        let mut text = summary(&report.metadata);
        for finding in &report.metadata.findings {
            let _ = write!(text, "\n  ! {finding}");
        }
        if self.raw {
            for (name, value) in &report.tags {
                let _ = write!(text, "\n    {name} = {value}");
            }
        }
        if self.frames {
            for (frame, own) in frames(report, &mut values.clone()) {
                let file = clip.clip.files.get(frame.file).map_or("", |f| f.path.file_name());
                let timecode = frame.timecode.as_deref().unwrap_or("-");
                let own: Vec<String> = own.iter().map(|(field, value)| format!("{field}={value}")).collect();
                let number = number_of(clip, frame.number);
                let _ = write!(text, "\n    {number:>8}  {timecode}  {file}  {}", own.join(" "));
            }
        }
        text.push('\n');
        text
    }
}

/// The number that a frame of a clip goes by: its file's, or 1001 and up in a file that is a clip by itself.
pub(crate) fn number_of(clip: &DiskClip, number: u64) -> u64 {
    let numbered = clip.clip.files.first().is_some_and(|f| f.frame.is_some());
    if numbered { number } else { number.saturating_add(1001) }
}

/// Number of a frame -> the values that are its own.
type FrameFields = BTreeMap<u64, BTreeMap<String, Value>>;

fn values_of_frames(clip: &DiskClip, report: &mut ClipReport) -> Result<FrameFields, Failure> {
    let mut all = FrameFields::new();
    clip.each_frame(report, &mut |number, values| {
        all.insert(number, values);
        Ok(())
    })?;
    Ok(all)
}

/// The frames with their own values: those that the file lists, or, where it does not say where they are, those that spoke.
fn frames<'r>(
    report: &'r ClipReport,
    values: &'r mut FrameFields,
) -> impl Iterator<Item = (FrameRef, BTreeMap<String, Value>)> + 'r {
    let silent = report.frame_count() == 0;
    let unplaced: Vec<u64> = if silent { values.keys().copied().collect() } else { Vec::new() };
    let unplaced =
        unplaced.into_iter().map(|number| FrameRef { file: 0, within: number, span: None, number, timecode: None });
    report.frames().chain(unplaced).map(|mut frame| {
        let own = values.remove(&frame.number).unwrap_or_default();
        if let Some(timecode) = own.get("timecode").and_then(Value::as_str) {
            frame.timecode = Some(timecode.to_owned());
        }
        (frame, own)
    })
}

fn frame(clip: &DiskClip, frame: &FrameRef, own: BTreeMap<String, Value>) -> Value {
    let mut value = Map::new();
    value.insert("frame".into(), number_of(clip, frame.number).into());
    if let Some(timecode) = &frame.timecode {
        value.insert("timecode".into(), timecode.as_str().into());
    }
    if let Some(file) = clip.clip.files.get(frame.file) {
        value.insert("path".into(), clip.root.join(file.path.as_str()).display().to_string().into());
    }
    if let Some(span) = frame.span {
        value.insert("offset".into(), span.offset.into());
        value.insert("bytes".into(), span.len.into());
    }
    value.extend(own);
    value.into()
}

/// What is known of a clip that could not be read.
fn refused(clip: Option<&DiskClip>, failure: &Failure) -> Value {
    let mut document = match clip {
        Some(clip) => json!({"clip_name": clip.clip.name, "path": clip.path(), "role": clip.clip.role,
            "size_bytes": clip.size_bytes()}),
        None => json!({"path": failure.path}),
    };
    document["findings"] = json!([failure.detail]);
    document["error"] = failure.to_json();
    document
}

/// `24000/1001` as people say it: `23.976 fps`.
fn fps(rate: &str) -> Option<String> {
    let rate: Rational = rate.parse().ok()?;
    let decimal = format!("{:.3}", rate.as_f64());
    Some(format!("{} fps", decimal.trim_end_matches('0').trim_end_matches('.')))
}

/// Make and model; many makers begin the model with their name.
fn camera(m: &Metadata) -> Option<String> {
    let (make, model) = (m.camera_make.as_deref(), m.camera_model.as_deref());
    let first_word = |name: &str| name.split(' ').next().unwrap_or_default().to_lowercase();
    match (make, model) {
        (Some(make), Some(model)) if first_word(make) != first_word(model) => Some(format!("{make} {model}")),
        (make, model) => model.or(make).map(str::to_owned),
    }
}

/// A clip in a few lines.
pub(crate) fn summary(m: &Metadata) -> String {
    let words = |parts: &[Option<String>]| parts.iter().flatten().cloned().collect::<Vec<_>>().join(", ");
    let text = |value: &Option<String>| value.clone();
    let rate = |rate: &Option<String>| rate.as_deref().and_then(fps);
    let off_speed = m.sensor_frame_rate.as_ref().filter(|sensor| Some(*sensor) != m.frame_rate.as_ref());
    let lines = [
        words(&[text(&m.path), m.size_bytes.map(bytes)]),
        words(&[
            text(&m.codec),
            text(&m.container).filter(|container| Some(container) != m.codec.as_ref()),
            text(&m.resolution),
            m.bit_depth.map(|b| format!("{b} bit")),
            text(&m.compression),
        ]),
        words(&[
            m.frame_count.map(|n| count(n, "frame")),
            rate(&m.frame_rate),
            off_speed.and_then(|sensor| fps(sensor)).map(|sensor| format!("recorded at {sensor}")),
            m.duration_seconds.map(|s| format!("{s:.2} s")),
            m.start_timecode.as_ref().map(|t| format!("from {t}")),
            m.recorded_at.as_ref().map(|t| format!("recorded {t}")),
        ]),
        words(&[
            camera(m),
            m.camera_serial.as_ref().map(|s| format!("no. {s}")),
            m.reel_name.as_ref().map(|r| format!("reel {r}")),
            m.exposure_index.map(|ei| format!("EI {ei}")).or_else(|| m.iso.map(|iso| format!("ISO {iso}"))),
            m.shutter_angle_degrees.map(|a| format!("{a:.1}°")),
            m.white_balance_kelvin.map(|k| format!("{k:.0} K")),
        ]),
        words(&[
            m.audio_channels.map(|n| count(n.into(), "channel")),
            text(&m.audio_codec),
            m.audio_sample_rate_hz.map(|hz| format!("{hz} Hz")),
            m.audio_bit_depth.map(|b| format!("{b} bit")),
        ]),
        words(&[
            text(&m.lens_model),
            m.focal_length_mm.map(|f| format!("{f} mm")),
            m.t_stop.map(|t| format!("T{t}")).or_else(|| m.f_number.map(|f| format!("f/{f}"))),
        ]),
    ];
    let needs = m.decoder_needed.as_ref().map(|needed| format!("its pixels need: {needed}"));
    let mut said = m.clip_name.clone().unwrap_or_else(|| "clip".into());
    for line in lines.iter().chain(&needs).filter(|l| !l.is_empty()) {
        let _ = write!(said, "\n  {line}");
    }
    said
}
