//! What of a picture a plate holds. A crop copies whole pixels; one that falls between pixels is refused.

use serde::{Deserialize, Serialize};

use super::{Document, Point, Size};
use crate::{
    error::{Error, Result},
    raw::Rect,
};

/// Which part of the canvas is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Crop {
    /// All of the picture.
    #[default]
    None,
    /// The canvas's effective area.
    Effective,
    /// The decision's protection area.
    Protection,
    /// The framing decision.
    Decision,
}

/// How near to a whole pixel a number has to be to be meant as one.
const WHOLE: f64 = 1e-6;

/// The part of a picture of this size (width, height) that a crop keeps.
///
/// # Errors
/// [`Error::Invalid`] when the document has no such canvas, decision or area, or it lies outside the picture;
/// [`Error::Unsupported`] when it falls between pixels.
pub fn region(
    document: Option<&Document>,
    crop: Crop,
    canvas: Option<&str>,
    decision: Option<&str>,
    size: [usize; 2],
) -> Result<Rect> {
    let [width, height] = size;
    if crop == Crop::None {
        return Ok(Rect { left: 0, top: 0, width, height });
    }
    let document = document.ok_or_else(|| Error::invalid("a crop needs a framing document (fdl)"))?;
    let canvas = document.canvas(canvas, size)?;
    if canvas.dimensions != (Size { width: width as f64, height: height as f64 }) {
        let Size { width: w, height: h } = canvas.dimensions;
        return Err(Error::invalid(format!(
            "canvas `{}` is {w}x{h}, but the picture is {width}x{height}: this framing document belongs to another format",
            canvas.id
        )));
    }
    let missing = |what: &str, of: &str| Error::invalid(format!("{of} has no {what} area"));
    let (size, anchor) = match crop {
        Crop::None => (canvas.dimensions, Point { x: 0.0, y: 0.0 }),
        Crop::Effective => match (canvas.effective_dimensions, canvas.effective_anchor_point) {
            (Some(size), Some(anchor)) => (size, anchor),
            _ => return Err(missing("effective", &format!("canvas `{}`", canvas.id))),
        },
        Crop::Protection => {
            let decision = document.decision(canvas, decision)?;
            match (decision.protection_dimensions, decision.protection_anchor_point) {
                (Some(size), Some(anchor)) => (size, anchor),
                _ => return Err(missing("protection", &format!("framing decision `{}`", decision.id))),
            }
        }
        Crop::Decision => {
            let decision = document.decision(canvas, decision)?;
            (decision.dimensions, decision.anchor_point)
        }
    };
    let whole = |what: &str, value: f64| -> Result<usize> {
        if (value - value.round()).abs() > WHOLE {
            return Err(Error::unsupported(format!("a crop between pixels ({what} {value})")));
        }
        if value.round() < 0.0 {
            return Err(Error::invalid(format!("the crop begins outside the picture ({what} {value})")));
        }
        Ok(value.round() as usize)
    };
    let rect = Rect {
        left: whole("x", anchor.x)?,
        top: whole("y", anchor.y)?,
        width: whole("width", size.width)?,
        height: whole("height", size.height)?,
    };
    if rect.width == 0 || rect.height == 0 || rect.left + rect.width > width || rect.top + rect.height > height {
        return Err(Error::invalid(format!(
            "the crop {}x{} at {},{} is not inside the picture {width}x{height}",
            rect.width, rect.height, rect.left, rect.top
        )));
    }
    Ok(rect)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The decision of the published framing chart "B 4448x3096" (ASC FDL examples).
    fn chart(x: f64, extra: &str) -> Document {
        let text = format!(
            r#"{{"uuid":"u","version":{{"major":2,"minor":0}},"contexts":[{{"canvases":[{{"id":"1",
            "dimensions":{{"width":4448,"height":3096}},"framing_decisions":[{{"id":"1-1",
            "dimensions":{{"width":4004,"height":2252}},"anchor_point":{{"x":{x},"y":422}}{extra}}}]}}]}}]}}"#
        );
        Document::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_decision_in_whole_pixels_is_its_rectangle() {
        let rect = region(Some(&chart(222.0, "")), Crop::Decision, None, None, [4448, 3096]).unwrap();
        assert_eq!(rect, Rect { left: 222, top: 422, width: 4004, height: 2252 });
    }

    #[test]
    fn protection_is_kept_when_asked_for_and_refused_when_there_is_none() {
        let protection =
            r#","protection_dimensions":{"width":4448,"height":2502},"protection_anchor_point":{"x":0,"y":297}"#;
        let rect = region(Some(&chart(222.0, protection)), Crop::Protection, None, None, [4448, 3096]).unwrap();
        assert_eq!(rect, Rect { left: 0, top: 297, width: 4448, height: 2502 });
        let error = region(Some(&chart(222.0, "")), Crop::Protection, None, None, [4448, 3096]).unwrap_err();
        assert_eq!(error.to_string(), "framing decision `1-1` has no protection area");
    }

    #[test]
    fn a_crop_between_pixels_is_unsupported_and_one_outside_invalid() {
        let between = region(Some(&chart(222.5, "")), Crop::Decision, None, None, [4448, 3096]).unwrap_err();
        assert_eq!(between.to_string(), "a crop between pixels (x 222.5) is not supported");
        let outside = region(Some(&chart(500.0, "")), Crop::Decision, None, None, [4448, 3096]).unwrap_err();
        assert_eq!(outside.kind(), "invalid");
        let other = region(Some(&chart(222.0, "")), Crop::Decision, Some("1"), None, [1920, 1080]).unwrap_err();
        assert!(other.to_string().contains("canvas `1` is 4448x3096, but the picture is 1920x1080"));
    }
}
