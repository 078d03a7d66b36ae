//! Reading an FDL document. Lenient where the versions differ (custom attributes, missing optional parts), strict where
//! pixels depend on it: ids are unique, numbers finite, sizes sane.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::error::{Error, Result};

/// Largest document, in bytes.
pub const MAX_BYTES: usize = 4 << 20;
/// Largest side of a canvas, in pixels.
const MAX_SIDE: f64 = 131_072.0;
/// Most canvases of a document.
const MAX_CANVASES: usize = 10_000;

/// A width and a height in pixels of the canvas; dimensions of decisions may have fractions.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Size {
    /// Across.
    pub width: f64,
    /// Down.
    pub height: f64,
}

impl Size {
    /// Whether this is that picture's width and height, in whole pixels.
    #[expect(clippy::float_cmp, reason = "whole numbers of this magnitude are exact; a fraction is another size")]
    fn is(self, [width, height]: [usize; 2]) -> bool {
        self.width == width as f64 && self.height == height as f64
    }
}

/// A point on the canvas.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Point {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
}

/// A framing decision: what of the canvas is meant to be seen.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Decision {
    /// `<canvas id>-<framing intent id>`.
    pub id: String,
    /// The intent that it follows.
    #[serde(default)]
    pub framing_intent_id: Option<String>,
    /// Its size.
    pub dimensions: Size,
    /// Its top left.
    pub anchor_point: Point,
    /// Size of the protected area around it.
    #[serde(default)]
    pub protection_dimensions: Option<Size>,
    /// Top left of the protected area.
    #[serde(default)]
    pub protection_anchor_point: Option<Point>,
}

/// A canvas: the picture that decisions are made on.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Canvas {
    /// Its id.
    pub id: String,
    /// Its name for people.
    #[serde(default)]
    pub label: Option<String>,
    /// Its size in pixels.
    pub dimensions: Size,
    /// Size of the part that holds picture.
    #[serde(default)]
    pub effective_dimensions: Option<Size>,
    /// Top left of that part.
    #[serde(default)]
    pub effective_anchor_point: Option<Point>,
    /// Anamorphic squeeze of its pixels; 1 is spherical.
    #[serde(default = "one")]
    pub anamorphic_squeeze: f64,
    /// The decisions made on it.
    #[serde(default)]
    pub framing_decisions: Vec<Decision>,
}

fn one() -> f64 {
    1.0
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    uuid: String,
    version: Version,
    #[serde(default)]
    default_framing_intent: Option<String>,
    #[serde(default)]
    contexts: Vec<Context>,
}

#[derive(Deserialize)]
struct Version {
    major: u32,
}

#[derive(Deserialize)]
struct Context {
    #[serde(default)]
    canvases: Vec<Canvas>,
}

/// A framing document.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    text: String,
    uuid: String,
    default_intent: Option<String>,
    canvases: Vec<Canvas>,
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a version other than 1 and 2; [`Error::Invalid`] with every semantic problem at once.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > MAX_BYTES {
            return Err(Error::invalid(format!(
                "a framing document has at most {MAX_BYTES} bytes, this {}",
                bytes.len()
            )));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| Error::invalid("a framing document is UTF-8"))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let raw: Raw =
            serde_json::from_str(text).map_err(|e| Error::invalid(format!("not a framing document (ASC FDL): {e}")))?;
        if !(1..=2).contains(&raw.version.major) {
            return Err(Error::unsupported(format!("ASC FDL version {}", raw.version.major)).in_field("version"));
        }
        let canvases: Vec<Canvas> = raw.contexts.into_iter().flat_map(|c| c.canvases).collect();
        let problems = problems(&canvases);
        if !problems.is_empty() {
            return Err(Error::invalid(problems.join("; ")));
        }
        Ok(Self { text: text.to_owned(), uuid: raw.uuid, default_intent: raw.default_framing_intent, canvases })
    }

    /// The document as it came, for headers.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its UUID as written; may be empty in old documents.
    pub fn uuid(&self) -> &str {
        &self.uuid
    }

    /// Its canvases, of all contexts.
    pub fn canvases(&self) -> &[Canvas] {
        &self.canvases
    }

    /// The canvas with this id; without one, the only canvas of this size (width, height).
    ///
    /// # Errors
    /// [`Error::Invalid`] that lists the canvases when none or several fit.
    pub fn canvas(&self, id: Option<&str>, size: [usize; 2]) -> Result<&Canvas> {
        let fits = |c: &&Canvas| match id {
            Some(id) => c.id == id,
            None => c.dimensions.is(size),
        };
        let found: Vec<&Canvas> = self.canvases.iter().filter(fits).collect();
        let all = || {
            let list: Vec<String> = self
                .canvases
                .iter()
                .map(|c| format!("{} ({}x{})", c.id, c.dimensions.width, c.dimensions.height))
                .collect();
            list.join(", ")
        };
        match (found.as_slice(), id) {
            ([one], _) => Ok(one),
            ([], Some(id)) => {
                Err(Error::invalid(format!("the framing document has no canvas `{id}`; it has {}", all())))
            }
            ([], None) => {
                let [w, h] = size;
                Err(Error::invalid(format!("no canvas of the framing document is {w}x{h}; it has {}", all())))
            }
            _ => Err(Error::invalid(format!("several canvases fit; name one of {}", all()))),
        }
    }

    /// The decision of a canvas with this id; without one, the only one, or that of the default intent.
    ///
    /// # Errors
    /// [`Error::Invalid`] that lists the decisions when none or several fit.
    pub fn decision<'a>(&self, canvas: &'a Canvas, id: Option<&str>) -> Result<&'a Decision> {
        let all = &canvas.framing_decisions;
        let default = |d: &&Decision| d.framing_intent_id.is_some() && d.framing_intent_id == self.default_intent;
        let found = match (id, all.as_slice()) {
            (Some(id), _) => all.iter().find(|d| d.id == id),
            (None, [one]) => Some(one),
            (None, _) => all.iter().find(default),
        };
        found.ok_or_else(|| {
            let list: Vec<&str> = all.iter().map(|d| d.id.as_str()).collect();
            let list = if list.is_empty() { "none".to_owned() } else { list.join(", ") };
            let what =
                id.map_or_else(|| "decision is not clear".to_owned(), |id| format!("decision `{id}` is not there"));
            Error::invalid(format!("canvas `{}`: the {what}; its framing decisions are: {list}", canvas.id))
        })
    }
}

fn problems(canvases: &[Canvas]) -> Vec<String> {
    let mut problems = Vec::new();
    if canvases.len() > MAX_CANVASES {
        return vec![format!("more than {MAX_CANVASES} canvases")];
    }
    let mut ids = BTreeSet::new();
    let mut decisions = BTreeSet::new();
    for canvas in canvases {
        if !ids.insert(&canvas.id) {
            problems.push(format!("canvas id `{}` is used twice", canvas.id));
        }
        let mut size = |what: &str, size: &Size, least: f64| {
            let good = |v: f64| v.is_finite() && v > least && v <= MAX_SIDE;
            if !good(size.width) || !good(size.height) {
                problems.push(format!("canvas `{}`: {what} {}x{} is out of range", canvas.id, size.width, size.height));
            }
        };
        size("dimensions", &canvas.dimensions, 0.0);
        if let Some(effective) = &canvas.effective_dimensions {
            size("effective_dimensions", effective, 0.0);
        }
        for decision in &canvas.framing_decisions {
            size("framing decision", &decision.dimensions, 0.0);
        }
        if !(canvas.anamorphic_squeeze.is_finite() && canvas.anamorphic_squeeze >= 0.0) {
            problems.push(format!("canvas `{}`: anamorphic_squeeze is out of range", canvas.id));
        }
        let points = canvas.framing_decisions.iter().map(|d| &d.anchor_point).chain(&canvas.effective_anchor_point);
        for point in points {
            if !(point.x.is_finite() && point.y.is_finite() && point.x.abs() <= MAX_SIDE && point.y.abs() <= MAX_SIDE) {
                problems.push(format!("canvas `{}`: an anchor point is out of range", canvas.id));
            }
        }
        for decision in &canvas.framing_decisions {
            if !decisions.insert(&decision.id) {
                problems.push(format!("framing decision id `{}` is used twice", decision.id));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn canvas(id: &str, decisions: &str) -> String {
        format!(
            r#"{{"id":"{id}","source_canvas_id":"{id}","dimensions":{{"width":4448,"height":3096}},"framing_decisions":[{decisions}]}}"#
        )
    }
    fn document(canvases: &str) -> String {
        format!(
            r#"{{"uuid":"u","version":{{"major":2,"minor":0}},"default_framing_intent":"b","contexts":[{{"canvases":[{canvases}]}}],"_custom":1}}"#
        )
    }
    fn decision(id: &str, intent: &str) -> String {
        format!(
            r#"{{"id":"{id}","framing_intent_id":"{intent}","dimensions":{{"width":4004,"height":2252}},"anchor_point":{{"x":222,"y":422}}}}"#
        )
    }

    #[test]
    fn the_canvas_is_found_by_id_or_by_size_and_the_decision_by_id_or_default_intent() {
        let both = format!("{},{}", decision("1-a", "a"), decision("1-b", "b"));
        let document = Document::parse(document(&canvas("1", &both)).as_bytes()).unwrap();
        let canvas = document.canvas(None, [4448, 3096]).unwrap();
        assert_eq!(document.canvas(Some("1"), [1, 1]).unwrap().id, canvas.id);
        assert_eq!(document.decision(canvas, None).unwrap().id, "1-b");
        assert_eq!(document.decision(canvas, Some("1-a")).unwrap().id, "1-a");
        let error = document.canvas(None, [1920, 1080]).unwrap_err().to_string();
        assert_eq!(error, "no canvas of the framing document is 1920x1080; it has 1 (4448x3096)");
        assert!(document.decision(canvas, Some("x")).unwrap_err().to_string().ends_with("1-a, 1-b"));
    }

    #[test]
    fn all_semantic_problems_are_reported_at_once() {
        let twice = format!("{},{}", decision("1-a", "a"), decision("1-a", "a"));
        let text = document(&format!("{},{}", canvas("1", &twice), canvas("1", "")));
        let error = Document::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("canvas id `1` is used twice"), "{error}");
        assert!(error.contains("framing decision id `1-a` is used twice"), "{error}");
    }

    #[test]
    fn version_three_is_unsupported_and_other_json_invalid() {
        let three = document("").replace("\"major\":2", "\"major\":3");
        assert_eq!(
            Document::parse(three.as_bytes()).unwrap_err().to_string(),
            "version: ASC FDL version 3 is not supported"
        );
        assert_eq!(Document::parse(b"[]").unwrap_err().kind(), "invalid");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Document::parse(&bytes);
        }
    }
}
