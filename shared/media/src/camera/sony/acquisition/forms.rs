//! Items of SMPTE RDD 18 sets: bytes to values.

use half::f16;
use serde_json::{Value, json};

use super::items::Form;
use crate::camera::labels::{self, Label};

impl Form {
    /// The value that these bytes are; none when they are too few, or what cameras write for unknown (all ones).
    pub(super) fn read(self, bytes: &[u8]) -> Option<Value> {
        let numeric = !matches!(self, Self::Text | Self::Label | Self::Cdl | Self::BcdTime | Self::ZonedTime);
        if numeric && bytes.iter().all(|b| *b == 0xff) {
            return None;
        }
        match self {
            Self::U8 => bytes.first().map(|v| json!(v)),
            Self::U16 => u16_at(bytes, 0).map(|v| json!(v)),
            Self::U32 => u32_at(bytes, 0).map(|v| json!(v)),
            Self::I32 => u32_at(bytes, 0).map(|v| json!(v as i32)),
            Self::F32 => u32_at(bytes, 0).map(|v| json!(shortest(f32::from_bits(v)))),
            Self::Hundredths => u16_at(bytes, 0).map(|v| json!(f64::from(v) / 100.0)),
            Self::Hundredths32 => u32_at(bytes, 0).map(|v| json!(f64::from(v) / 100.0)),
            Self::Tenths => u16_at(bytes, 0).map(|v| json!(f64::from(v) / 10.0)),
            Self::Fraction => u16_at(bytes, 0).map(|v| json!(f64::from(v) / 65536.0)),
            Self::Stop => u16_at(bytes, 0).filter(|v| *v > 0).map(|v| json!(stop(v))),
            Self::Metres => u16_at(bytes, 0).map(|v| json!(decimal(v, 0))),
            Self::Millimetres => u16_at(bytes, 0).map(|v| json!(decimal(v, 3))),
            Self::Nanoseconds => u32_at(bytes, 0).map(|v| json!(f64::from(v) / 1e9)),
            Self::Ratio16 => Some(json!(format!("{}/{}", u16_at(bytes, 0)?, u16_at(bytes, 2)?))),
            Self::Ratio => Some(json!(format!("{}/{}", u32_at(bytes, 0)?, u32_at(bytes, 4)?))),
            Self::Inverse => Some(json!(format!("{}/{}", u32_at(bytes, 4)?, u32_at(bytes, 0)?))),
            Self::Text => text(bytes).map(Value::from),
            Self::Label => Label::try_from(bytes).ok().map(|label| json!(labels::dotted(&label))),
            Self::Choice(names) => {
                bytes.first().map(|v| names.get(usize::from(*v)).map_or(json!(v), |name| json!(name)))
            }
            Self::Cdl => cdl(bytes),
            Self::BcdTime => bcd_time(bytes).map(Value::from),
            Self::ZonedTime => zoned_time(bytes).map(Value::from),
        }
    }
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|b| u16::from_be_bytes(*b))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|b| u32::from_be_bytes(*b))
}

/// The decimal that a float of 32 bits abbreviates.
fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::NAN)
}

/// 2^(8(1 - v/65536)), to a ten-thousandth.
fn stop(v: u16) -> f64 {
    let number = (8.0 * (1.0 - f64::from(v) / 65536.0)).exp2();
    (number * 10_000.0).round() / 10_000.0
}

/// Mantissa of 12 bits times ten to the signed 4 bits before it, and to `more`.
fn decimal(v: u16, more: i32) -> f64 {
    let exponent = i32::from((v as i16) >> 12) + more;
    let mantissa = f64::from(v & 0xfff);
    if exponent < 0 { mantissa / 10f64.powi(-exponent) } else { mantissa * 10f64.powi(exponent) }
}

fn text(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    let text = String::from_utf8_lossy(bytes.get(..end)?).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

fn cdl(bytes: &[u8]) -> Option<Value> {
    if (u32_at(bytes, 0)?, u32_at(bytes, 4)?) != (10, 2) {
        return None;
    }
    let numbers: Option<Vec<f64>> =
        (0..10).map(|i| u16_at(bytes, 8 + 2 * i).map(|bits| shortest(f16::from_bits(bits).to_f32()))).collect();
    numbers.map(|numbers| json!(numbers))
}

fn bcd_time(bytes: &[u8]) -> Option<String> {
    let [century, year, month, day, hour, minute, second] = *bytes.get(1..)?.first_chunk()?;
    let decimal =
        |byte: u8| (byte >> 4 < 10 && byte & 15 < 10).then(|| u16::from(byte >> 4) * 10 + u16::from(byte & 15));
    let year = decimal(century)? * 100 + decimal(year)?;
    date_time(year, [decimal(month)?, decimal(day)?, decimal(hour)?, decimal(minute)?, decimal(second)?])
}

fn zoned_time(bytes: &[u8]) -> Option<String> {
    let [month, day, hour, minute, second] = *bytes.get(6..)?.first_chunk::<5>()?;
    let time = date_time(u16_at(bytes, 4)?, [month, day, hour, minute, second].map(u16::from))?;
    let [_, west, hours, minutes] = *bytes.first_chunk()?;
    let zone = match (hours, minutes) {
        (0..=14, 0..=59) => format!("{}{hours:02}:{minutes:02}", if west == 1 { '-' } else { '+' }),
        _ => String::new(),
    };
    Some(time + &zone)
}

fn date_time(year: u16, [month, day, hour, minute, second]: [u16; 5]) -> Option<String> {
    let exists = (1..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 61;
    exists.then(|| format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"))
}
