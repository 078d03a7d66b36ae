//! Pull orders: `pull-order.v1`, as a VFX editor or a pipeline writes them (`pull.json`).
//!
//! What was typed and what it means are two types: [`Order::parse`] reads a document and answers shots whose defaults are
//! filled in, or every problem at once.

use platefleet_media::path::RelativePath;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    id::{Production, PullName},
    state::Finding,
};

/// The `schema` of the documents that this build reads.
pub const SCHEMA: &str = "pull-order.v1";
/// Largest document, in bytes.
pub const MAX_BYTES: usize = 16 << 20;
/// Most shots in an order.
pub const MAX_SHOTS: usize = 10_000;
/// Longest name of a clip or reel, in bytes.
pub const MAX_NAME: usize = 255;
/// Most handles on one side, in frames.
pub const MAX_HANDLES: u32 = 1_000;

/// An order for plates.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Order {
    /// Whose it is.
    pub production: Production,
    /// Its name.
    pub pull: PullName,
    /// Its shots with every default filled in, in the order they were written.
    pub shots: Vec<Shot>,
}

/// One event of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shot {
    /// Shot name: letters, digits, `.`, `_`, `-`.
    pub shot: String,
    /// Plate of the shot: two capital letters and two digits, `PL01`.
    pub plate: String,
    /// What to look for.
    pub source: Source,
    /// Which part of it.
    pub span: Span,
    /// How to make the plates.
    pub settings: Settings,
}

/// What names the clip of a shot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// `clip_name` of a clip.
    Clip(String),
    /// `reel_name`; the timecode of the span tells which clip of the reel.
    Reel(String),
}

/// Which part of a clip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Span {
    /// All of it.
    Whole,
    /// Source timecodes; the second is exclusive.
    Timecode(String, String),
    /// Source frame numbers, inclusive: a sequence's file numbers; a single file begins at 1001.
    Frames(u64, u64),
}

/// How to make plates. In a document all are optional, in the defaults as in each shot.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Frames before and after the span.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handles: Option<u32>,
    /// Number of the first plate; 1001 unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_frame: Option<u32>,
    /// Framing document, named relative to `pull.json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fdl: Option<String>,
    /// Canvas of the framing document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canvas: Option<String>,
    /// Framing decision of the framing document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// Canvas template, named relative to `pull.json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// `none`, `effective`, `protection` or `decision`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crop: Option<String>,
    /// ACES metadata file, named relative to `pull.json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amf: Option<String>,
    /// `plate` or `aces-strict`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// `zip`, `zips`, `piz` or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compression: Option<String>,
    /// `quality`, `fast` or `half`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub debayer: Option<String>,
    /// `aces2065-1` or `acescg`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_space: Option<String>,
    /// Camera raw settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<RawSettings>,
}

/// Camera raw settings of an order.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawSettings {
    /// `"as-shot"`, or Kelvin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub white_balance: Option<Value>,
    /// Green to magenta.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tint: Option<f64>,
    /// Stops.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exposure_stops: Option<f64>,
    /// `clip` or `reconstruct`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub highlights: Option<String>,
}

const SHOT_FIELDS: [&str; 7] = ["shot", "plate", "clip", "reel", "source_in", "source_out", "frames"];

impl Order {
    /// Reads a document.
    ///
    /// # Errors
    /// Every problem that was found, each as a finding that names the field or the shot.
    pub fn parse(bytes: &[u8]) -> Result<Self, Vec<Finding>> {
        if bytes.len() > MAX_BYTES {
            return Err(vec![malformed("pull.json", format!("is larger than {MAX_BYTES} bytes"))]);
        }
        let document: Value =
            serde_json::from_slice(bytes).map_err(|e| vec![malformed("pull.json", format!("is not JSON: {e}"))])?;
        let Value::Object(document) = document else {
            return Err(vec![malformed("pull.json", "is not a JSON object")]);
        };
        let mut problems = Vec::new();
        for name in document.keys() {
            if !["schema", "production", "pull", "defaults", "shots"].contains(&name.as_str()) {
                problems.push(malformed("pull.json", format!("has an unknown field `{name}`")));
            }
        }
        match document.get("schema").and_then(Value::as_str) {
            Some(SCHEMA) => {}
            Some(other) => problems.push(Finding::new(
                "unsupported",
                "pull.json",
                format!("schema `{other}` is not supported; this build reads `{SCHEMA}`"),
            )),
            None => problems.push(malformed("pull.json", format!("has no `schema`; write \"{SCHEMA}\""))),
        }
        let text = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default();
        let production = Production::new(text("production")).map_err(|e| malformed("pull.json", e.to_string()));
        let pull = PullName::new(text("pull")).map_err(|e| malformed("pull.json", e.to_string()));
        let defaults = settings("defaults", document.get("defaults").cloned().unwrap_or_else(|| Map::new().into()));
        let defaults = keep(defaults, &mut problems).unwrap_or_default();
        let mut shots = Vec::new();
        match document.get("shots").and_then(Value::as_array) {
            None => problems.push(malformed("pull.json", "has no list `shots`")),
            Some(list) if list.is_empty() => problems.push(malformed("pull.json", "orders no shot")),
            Some(list) if list.len() > MAX_SHOTS => {
                problems.push(malformed("pull.json", format!("orders more than {MAX_SHOTS} shots")));
            }
            Some(list) => {
                for (index, value) in list.iter().enumerate() {
                    match shot(index, value, &defaults) {
                        Ok(shot) => shots.push(shot),
                        Err(more) => problems.extend(more),
                    }
                }
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        for shot in &shots {
            // Folders are compared without case, since deliveries end on file systems that do.
            if !seen.insert((shot.shot.to_lowercase(), shot.plate.clone())) {
                problems.push(malformed(&shot.shot, format!("plate {} is ordered twice", shot.plate)));
            }
        }
        match (keep_one(production, &mut problems), keep_one(pull, &mut problems), problems.is_empty()) {
            (Some(production), Some(pull), true) => Ok(Self { production, pull, shots }),
            _ => Err(problems),
        }
    }

    /// The files that the order names, each once, relative to `pull.json`.
    pub fn attachments(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .shots
            .iter()
            .flat_map(|s| [&s.settings.fdl, &s.settings.template, &s.settings.amf])
            .filter_map(Option::as_deref)
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

fn malformed(path: &str, detail: impl Into<String>) -> Finding {
    Finding::new("malformed", path, detail)
}

fn keep_one<T>(result: Result<T, Finding>, problems: &mut Vec<Finding>) -> Option<T> {
    result.map_err(|p| problems.push(p)).ok()
}

fn keep<T>(result: Result<T, Vec<Finding>>, problems: &mut Vec<Finding>) -> Option<T> {
    result.map_err(|p| problems.extend(p)).ok()
}

fn settings(place: &str, value: Value) -> Result<Settings, Vec<Finding>> {
    let settings: Settings = serde_json::from_value(value).map_err(|e| vec![malformed(place, e.to_string())])?;
    let mut problems = Vec::new();
    if settings.handles.is_some_and(|h| h > MAX_HANDLES) {
        problems.push(malformed(place, format!("`handles` is more than {MAX_HANDLES}")));
    }
    if settings.first_frame.is_some_and(|f| f > 9_000_000) {
        problems.push(malformed(place, "`first_frame` is more than 9000000"));
    }
    let raw = settings.raw.clone().unwrap_or_default();
    for (name, value) in [("tint", raw.tint), ("exposure_stops", raw.exposure_stops)] {
        if value.is_some_and(|v| !v.is_finite() || v.abs() > 100.0) {
            problems.push(malformed(place, format!("`{name}` is out of range")));
        }
    }
    match &raw.white_balance {
        None => {}
        Some(Value::String(s)) if s == "as-shot" => {}
        Some(Value::Number(n)) if n.as_f64().is_some_and(|k| (1_000.0..=40_000.0).contains(&k)) => {}
        Some(other) => {
            problems.push(malformed(place, format!("`white_balance` is {other}; write \"as-shot\" or Kelvin")));
        }
    }
    for (name, file) in [("fdl", &settings.fdl), ("template", &settings.template), ("amf", &settings.amf)] {
        if let Some(file) = file
            && let Err(e) = RelativePath::new(file.clone())
        {
            problems.push(Finding::new("unsafe-path", place, format!("`{name}`: {e}")));
        }
    }
    if problems.is_empty() { Ok(settings) } else { Err(problems) }
}

fn shot(index: usize, value: &Value, defaults: &Settings) -> Result<Shot, Vec<Finding>> {
    let place = value.get("shot").and_then(Value::as_str).map_or_else(|| format!("shots[{index}]"), str::to_owned);
    let Value::Object(fields) = value else {
        return Err(vec![malformed(&place, "is not a JSON object")]);
    };
    let mut problems = Vec::new();
    let (own, rest): (Map<_, _>, Map<_, _>) =
        fields.clone().into_iter().partition(|(name, _)| SHOT_FIELDS.contains(&name.as_str()));
    for (name, value) in &own {
        if name != "frames" && !value.is_string() {
            problems.push(malformed(&place, format!("`{name}` is not text")));
        }
    }
    let overrides = keep(settings(&place, rest.into()), &mut problems).unwrap_or_default();
    let text = |name: &str| own.get(name).and_then(Value::as_str);
    let shot = text("shot").unwrap_or_default().to_owned();
    let plate = text("plate").unwrap_or("PL01").to_owned();
    if let Err(e) = platefleet_media::plate::check_name(&shot, &plate) {
        problems.push(malformed(&place, e.to_string()));
    }
    for (name, value) in [("clip", text("clip")), ("reel", text("reel"))] {
        if value.is_some_and(|value| value.len() > MAX_NAME) {
            problems.push(malformed(&place, format!("`{name}` is longer than {MAX_NAME} bytes")));
        }
    }
    let source = match (text("clip"), text("reel")) {
        (Some(clip), None) if !clip.is_empty() => Some(Source::Clip(clip.to_owned())),
        (None, Some(reel)) if !reel.is_empty() => Some(Source::Reel(reel.to_owned())),
        (Some(_), Some(_)) => {
            problems.push(malformed(&place, "names both a `clip` and a `reel`: keep one"));
            None
        }
        _ => {
            problems.push(malformed(&place, "names neither a `clip` nor a `reel`"));
            None
        }
    };
    let span = match (text("source_in"), text("source_out"), own.get("frames")) {
        (None, None, None) => Some(Span::Whole),
        (Some(from), Some(to), None) => Some(Span::Timecode(from.to_owned(), to.to_owned())),
        (None, None, Some(frames)) => match serde_json::from_value::<[u64; 2]>(frames.clone()) {
            Ok([first, last]) if first <= last => Some(Span::Frames(first, last)),
            _ => {
                problems.push(malformed(&place, "`frames` is not [first, last] with first <= last"));
                None
            }
        },
        _ => {
            problems.push(malformed(&place, "give `source_in` and `source_out`, or `frames`, or none of them"));
            None
        }
    };
    if matches!((&source, &span), (Some(Source::Reel(_)), Some(Span::Frames(..) | Span::Whole))) {
        problems.push(malformed(&place, "a `reel` needs `source_in` and `source_out`"));
    }
    match (source, span, problems.is_empty()) {
        (Some(source), Some(span), true) => Ok(Shot { shot, plate, source, span, settings: overrides.over(defaults) }),
        _ => Err(problems),
    }
}

impl Settings {
    /// These settings, with what they leave out taken from `defaults`.
    #[must_use]
    fn over(self, defaults: &Self) -> Self {
        let d = defaults.clone();
        let (raw, raw_d) = (self.raw.unwrap_or_default(), d.raw.unwrap_or_default());
        Self {
            handles: self.handles.or(d.handles),
            first_frame: self.first_frame.or(d.first_frame),
            fdl: self.fdl.or(d.fdl),
            canvas: self.canvas.or(d.canvas),
            decision: self.decision.or(d.decision),
            template: self.template.or(d.template),
            crop: self.crop.or(d.crop),
            amf: self.amf.or(d.amf),
            profile: self.profile.or(d.profile),
            compression: self.compression.or(d.compression),
            debayer: self.debayer.or(d.debayer),
            working_space: self.working_space.or(d.working_space),
            raw: Some(RawSettings {
                white_balance: raw.white_balance.or(raw_d.white_balance),
                tint: raw.tint.or(raw_d.tint),
                exposure_stops: raw.exposure_stops.or(raw_d.exposure_stops),
                highlights: raw.highlights.or(raw_d.highlights),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn order(shots: &Value) -> Value {
        json!({"schema": SCHEMA, "production": "show", "pull": "VFX_012",
            "defaults": {"handles": 8, "fdl": "main.fdl", "raw": {"exposure_stops": 0.5}}, "shots": shots})
    }
    fn parse(value: &Value) -> Result<Order, Vec<Finding>> {
        Order::parse(value.to_string().as_bytes())
    }

    #[test]
    fn a_shot_overrides_the_defaults_field_by_field() {
        let order = parse(&order(&json!([
            {"shot": "AGM_104", "plate": "PL01", "clip": "A001C001", "frames": [1010, 1020], "handles": 16, "raw": {"tint": 2}},
            {"shot": "AGM_105", "reel": "A001", "source_in": "10:00:00:00", "source_out": "10:00:01:00"},
        ])))
        .unwrap();
        let [a, b] = &order.shots[..] else { panic!() };
        assert_eq!((a.settings.handles, b.settings.handles), (Some(16), Some(8)));
        let raw = a.settings.raw.clone().unwrap();
        assert_eq!((raw.tint, raw.exposure_stops), (Some(2.0), Some(0.5)));
        assert_eq!((a.plate.as_str(), b.plate.as_str()), ("PL01", "PL01"));
        assert_eq!(order.attachments(), ["main.fdl"]);
    }

    #[test]
    fn every_problem_is_reported_at_once_with_its_shot() {
        let problems = parse(&order(&json!([
            {"shot": "bad name", "clip": "x"},
            {"shot": "B", "clip": "x", "compresion": "zip"},
            {"shot": "C"},
            {"shot": "D", "clip": "x", "frames": [9, 3]},
            {"shot": "E", "clip": "x", "fdl": "../other/main.fdl"},
            {"shot": "F", "reel": "A001"},
        ])))
        .unwrap_err();
        let text: Vec<_> = problems.iter().map(|p| format!("{} {}", p.path, p.detail)).collect();
        for (place, part) in [
            ("bad name", "character"),
            ("B", "compresion"),
            ("C", "neither"),
            ("D", "first <= last"),
            ("E", "leaves its root"),
            ("F", "needs `source_in`"),
        ] {
            assert!(text.iter().any(|t| t.starts_with(place) && t.contains(part)), "{place} {part}: {text:#?}");
        }
    }

    #[test]
    fn a_plate_that_is_ordered_twice_is_refused_even_when_case_differs() {
        let problems =
            parse(&order(&json!([{"shot": "AB_1", "clip": "x"}, {"shot": "ab_1", "clip": "y"}]))).unwrap_err();
        assert!(problems[0].detail.contains("ordered twice"));
    }

    #[test]
    fn another_schema_is_unsupported_by_name() {
        let mut value = order(&json!([{"shot": "A", "clip": "x"}]));
        value["schema"] = "pull-order.v9".into();
        assert_eq!(parse(&value).unwrap_err()[0].kind, "unsupported");
    }

    proptest! {
        #[test]
        fn no_document_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Order::parse(&bytes);
        }
    }
}
