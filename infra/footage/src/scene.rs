//! What is in front of the lens, in ACES2065-1: a studio with a chart, a zone plate, slanted edges, reference balls, a
//! ball that rolls, and a burnt-in frame number and timecode.
//!
//! Nothing is brighter than the sensor can hold, so the whole picture can be compared with the truth.

use std::ops::Range;

use platefleet_media::raw::Rect;

use crate::{
    chart::{COLUMNS, PATCHES},
    lettering,
};

/// Linear red, green, blue.
type Light = [f32; 3];

/// The picture in units: 16 wide and 9 high, or more where the picture has another shape.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    width: usize,
    height: usize,
    /// Pixels of a unit.
    unit: f32,
    /// Pixels left of and above the 16 x 9 units.
    origin: [f32; 2],
}

/// Upper left of the chart, and from patch to patch, in units.
const CHART: ([f32; 2], f32) = ([0.9, 0.8], 1.05);
/// Side of a patch in units.
const PATCH: f32 = 0.88;
/// Centre and radius of the zone plate.
const ZONE_PLATE: ([f32; 2], f32) = ([9.6, 2.9], 1.9);
/// Centre and half side of the panel with the slanted edges.
const EDGES: ([f32; 2], f32) = ([13.8, 2.9], 1.6);
/// Half side of the slanted square.
const SLANTED: f32 = 0.95;
/// Five degrees, as ISO 12233 has it.
const SLANT_RADIANS: f32 = 0.087_266_46;
/// Where the wall meets the floor.
const HORIZON: f32 = 5.9;
/// Left, top, right and bottom of the lettering.
const LETTERING: [f32; 4] = [12.35, 7.85, 15.6, 8.75];
/// Frames of one way there and back of the rolling ball.
const ROLL_FRAMES: f32 = 96.0;

/// Grey balls as set on every plate: 18 % and 80 %.
const BALLS: [Ball; 2] = [
    Ball { centre: [1.9, 7.2], radius: 0.75, albedo: [0.18, 0.18, 0.18], shine: 0.0 },
    Ball { centre: [3.8, 7.2], radius: 0.75, albedo: [0.80, 0.80, 0.80], shine: 0.0 },
];

/// A ball, lit from the upper left.
#[derive(Clone, Copy)]
struct Ball {
    centre: [f32; 2],
    radius: f32,
    albedo: Light,
    shine: f32,
}

impl Ball {
    /// Light at this place and how much of the pixel the ball covers.
    fn light(&self, x: f32, y: f32, unit: f32) -> (Light, f32) {
        let [dx, dy] = [(x - self.centre[0]) / self.radius, (y - self.centre[1]) / self.radius];
        let distance = (dx * dx + dy * dy).sqrt();
        let cover = ((1.0 - distance) * self.radius * unit + 0.5).clamp(0.0, 1.0);
        let z = (1.0 - distance * distance).max(0.0).sqrt();
        // Towards the light, of length one; the viewer looks along z.
        let toward = [-0.48, -0.64, 0.6];
        let facing = (dx * toward[0] + dy * toward[1] + z * toward[2]).max(0.0);
        // Half-way between light and viewer.
        let half = [-0.268_33, -0.357_77, 0.894_43];
        let glint = (dx * half[0] + dy * half[1] + z * half[2]).max(0.0).powi(40) * self.shine;
        (self.albedo.map(|a| a * (0.14 + 0.86 * facing) + glint), cover)
    }

    /// What its shadow leaves of the light on the floor.
    fn shadow(&self, x: f32, y: f32) -> f32 {
        let [dx, dy] = [(x - self.centre[0] - 0.25) / (self.radius * 1.25), (y - self.centre[1] - self.radius) / 0.28];
        let near = (1.0 - (dx * dx + dy * dy)).max(0.0);
        1.0 - 0.75 * near.min(1.0)
    }

    /// Pixels that the ball and its shadow can change.
    fn bounds(&self, layout: &Layout) -> Rect {
        let [x, y] = self.centre;
        layout.pixels([x - self.radius * 1.3, y - self.radius * 1.1, x + self.radius * 1.8, y + self.radius + 0.35])
    }
}

fn mix(under: Light, over: Light, cover: f32) -> Light {
    std::array::from_fn(|i| under[i] + (over[i] - under[i]) * cover)
}

impl Layout {
    pub(crate) fn new(width: usize, height: usize) -> Self {
        let unit = (width as f32 / 16.0).min(height as f32 / 9.0);
        let origin = [(width as f32 - 16.0 * unit) / 2.0, (height as f32 - 9.0 * unit) / 2.0];
        Self { width, height, unit, origin }
    }

    /// Whole pixels around left, top, right and bottom in units, inside the picture.
    fn pixels(&self, [left, top, right, bottom]: [f32; 4]) -> Rect {
        let at = |n: f32, axis: usize, end: usize| (n * self.unit + self.origin[axis]).clamp(0.0, end as f32);
        let (left, top) = (at(left, 0, self.width).floor() as usize, at(top, 1, self.height).floor() as usize);
        let (right, bottom) = (at(right, 0, self.width).ceil() as usize, at(bottom, 1, self.height).ceil() as usize);
        Rect { left, top, width: right - left, height: bottom - top }
    }

    /// Pixels of a patch of the chart, counted row by row.
    pub(crate) fn patch(&self, i: usize) -> Rect {
        let ([left, top], step) = CHART;
        let edge = |n: f32, axis: usize| (n * self.unit + self.origin[axis]).round() as usize;
        let (x, y) = (left + step * (i % COLUMNS) as f32, top + step * (i / COLUMNS) as f32);
        let (left, top) = (edge(x, 0), edge(y, 1));
        Rect { left, top, width: edge(x + PATCH, 0) - left, height: edge(y + PATCH, 1) - top }
    }

    /// The middle of a pixel in units.
    fn place(&self, x: usize, y: usize) -> [f32; 2] {
        [(x as f32 + 0.5 - self.origin[0]) / self.unit, (y as f32 + 0.5 - self.origin[1]) / self.unit]
    }
}

/// The scene of one picture size.
pub(crate) struct Scene {
    layout: Layout,
    patches: [Rect; PATCHES.len()],
}

impl Scene {
    pub(crate) fn new(layout: Layout) -> Self {
        Self { layout, patches: std::array::from_fn(|i| layout.patch(i)) }
    }

    /// What stands still, at this pixel.
    pub(crate) fn still(&self, x: usize, y: usize) -> Light {
        let [u, v] = self.layout.place(x, y);
        let mut light = backdrop(u, v);
        if v > HORIZON {
            for ball in &BALLS {
                let shadow = ball.shadow(u, v);
                light = light.map(|l| l * shadow);
                let (over, cover) = ball.light(u, v, self.layout.unit);
                light = mix(light, over, cover);
            }
            return light;
        }
        if let Some(over) = self.chart(x, y, [u, v]) {
            return over;
        }
        let ([cx, cy], radius) = ZONE_PLATE;
        let squared = (u - cx).powi(2) + (v - cy).powi(2);
        let cover = ((radius - squared.sqrt()) * self.layout.unit + 0.5).clamp(0.0, 1.0);
        if cover > 0.0 {
            return mix(light, [zone(squared, radius, self.layout.unit); 3], cover);
        }
        let ([cx, cy], half) = EDGES;
        let [dx, dy] = [u - cx, v - cy];
        if dx.abs().max(dy.abs()) < half {
            let (sin, cos) = SLANT_RADIANS.sin_cos();
            let [a, b] = [dx * cos + dy * sin, dy * cos - dx * sin];
            let inside = ((SLANTED - a.abs().max(b.abs())) * self.layout.unit + 0.5).clamp(0.0, 1.0);
            return [0.62 + (0.04 - 0.62) * inside; 3];
        }
        light
    }

    fn chart(&self, x: usize, y: usize, [u, v]: [f32; 2]) -> Option<Light> {
        let ([left, top], step) = CHART;
        let margin = 0.18;
        let (right, bottom) = (left + step * COLUMNS as f32 - step + PATCH, top + step * 3.0 + PATCH);
        let on_board = (left - margin..right + margin).contains(&u) && (top - margin..bottom + margin).contains(&v);
        if !on_board {
            return None;
        }
        let column = ((u - left) / step).max(0.0) as usize;
        let row = ((v - top) / step).max(0.0) as usize;
        let i = row.min(PATCHES.len() / COLUMNS - 1) * COLUMNS + column.min(COLUMNS - 1);
        let rect = self.patches[i];
        let inside =
            (rect.left..rect.left + rect.width).contains(&x) && (rect.top..rect.top + rect.height).contains(&y);
        Some(if inside { PATCHES[i].1.map(|n| n as f32) } else { [0.012; 3] })
    }

    /// Paints what a frame has beside what stands still: `paint(x, y, light)` for each pixel that may differ.
    pub(crate) fn moving(&self, frame: u64, timecode: &str, mut paint: impl FnMut(usize, usize, Light)) {
        let ball = rolling(frame);
        for (x, y) in pixels(ball.bounds(&self.layout)) {
            let [u, v] = self.layout.place(x, y);
            let still = self.still(x, y);
            let shaded = if v > HORIZON { still.map(|l| l * ball.shadow(u, v)) } else { still };
            let (over, cover) = ball.light(u, v, self.layout.unit);
            paint(x, y, mix(shaded, over, cover));
        }
        self.lettering(frame, timecode, &mut paint);
    }

    fn lettering(&self, frame: u64, timecode: &str, paint: &mut impl FnMut(usize, usize, Light)) {
        let panel = self.layout.pixels(LETTERING);
        let lines = [format!("{frame:011}"), timecode.to_owned()].map(|line| line.chars().collect::<Vec<_>>());
        let columns = lines.iter().map(Vec::len).max().unwrap_or(1) * lettering::ADVANCE + 3;
        let rows = 2 * (lettering::DOTS.1 + 2) + 2;
        let dot = (panel.width / columns).min(panel.height / rows);
        for (x, y) in pixels(panel) {
            let (column, row) = ((x - panel.left).checked_div(dot), (y - panel.top).checked_div(dot));
            let ink = column.zip(row).is_some_and(|(column, row)| {
                let (line, row) = (row.saturating_sub(2) / 9, row.saturating_sub(2) % 9);
                column >= 2
                    && (y - panel.top) >= 2 * dot
                    && lines.get(line).is_some_and(|text| lettering::is_ink(text, column - 2, row))
            });
            paint(x, y, if ink { [0.75; 3] } else { [0.02; 3] });
        }
    }
}

fn pixels(rect: Rect) -> impl Iterator<Item = (usize, usize)> {
    let columns: Range<usize> = rect.left..rect.left + rect.width;
    (rect.top..rect.top + rect.height).flat_map(move |y| columns.clone().map(move |x| (x, y)))
}

/// The orange ball in this frame.
fn rolling(frame: u64) -> Ball {
    let turn = (frame % ROLL_FRAMES as u64) as f32 / ROLL_FRAMES * std::f32::consts::TAU;
    Ball { centre: [8.0 - 2.4 * turn.cos(), 7.0], radius: 0.95, albedo: [0.62, 0.24, 0.07], shine: 0.22 }
}

/// A grey wall in a pool of light over a warm floor.
fn backdrop(u: f32, v: f32) -> Light {
    if v < HORIZON {
        let from_pool = ((u - 8.0) / 9.5).powi(2) + ((v - 3.2) / 6.5).powi(2);
        let level = 0.06 + 0.15 / (1.0 + 1.6 * from_pool * from_pool);
        return [level * 0.98, level, level * 1.05];
    }
    let depth = (v - HORIZON) / (9.0 - HORIZON);
    let from_pool = ((u - 7.0) / 9.0).powi(2);
    let level = (0.09 + 0.13 * depth) / (1.0 + from_pool);
    [level * 1.08, level, level * 0.86]
}

/// A zone plate: its rings reach 0.4 cycles a pixel at the rim, so they never alias.
fn zone(squared: f32, radius: f32, unit: f32) -> f32 {
    // The phase grows with the square of the distance r (units); its slope in pixels, 2 r k / unit, is
    // 2 pi * 0.4 at the rim.
    let k = std::f32::consts::TAU * 0.4 * unit / (2.0 * radius);
    0.32 + 0.26 * (k * squared).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_place_is_brighter_than_the_sensor_holds_or_darker_than_nothing() {
        let to_camera = crate::camera::aces_to_camera();
        let scene = Scene::new(Layout::new(320, 180));
        let check = |x: usize, y: usize, light: Light| {
            for row in to_camera {
                let seen: f64 = row.iter().zip(light).map(|(m, l)| m * f64::from(l)).sum();
                assert!((0.0..0.97).contains(&seen), "{light:?} at {x}, {y}");
            }
        };
        for (x, y) in pixels(Rect { left: 0, top: 0, width: 320, height: 180 }) {
            check(x, y, scene.still(x, y));
        }
        for frame in 0..96 {
            scene.moving(frame, "10:00:00:00", check);
        }
    }

    #[test]
    fn every_shape_of_picture_has_its_whole_chart() {
        for (width, height) in [(64, 36), (1920, 1080), (2048, 858), (300, 900), (8192, 4320)] {
            let layout = Layout::new(width, height);
            for i in 0..24 {
                let rect = layout.patch(i);
                assert!(rect.width > 2 && rect.height > 2, "{width}x{height}: {rect:?}");
                assert!(rect.left + rect.width <= width && rect.top + rect.height <= height);
            }
        }
    }
}
