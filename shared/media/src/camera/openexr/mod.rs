//! OpenEXR (file layout of OpenEXR 2.0 and 3.x): the attributes of its header, or of the first of several parts. A frame a
//! file. Pixels are not decoded yet.

mod attributes;
mod chunks;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::{Format, FrameTable, Inspected, MAX_BYTES, MAX_READS, WINDOW, said::Said};
use crate::{
    error::{Error, Result},
    source::{Source, Windows},
};

/// The format.
pub struct OpenExr;

const MAGIC: [u8; 4] = [0x76, 0x2f, 0x31, 0x01];
/// Most attributes of a header.
const MAX_ATTRIBUTES: usize = 1024;
/// Longest name, with its NUL.
const MAX_NAME: u64 = 256;
/// Longer values (previews) are only named.
const MAX_VALUE: u64 = 16 << 10;
/// Flags of the version word: tiled, long names, not flat, several parts.
const FLAGS: [(u32, &str); 4] = [(0x200, "tiled"), (0x400, "long names"), (DEEP, "deep"), (PARTS, "multi-part")];
const DEEP: u32 = 0x800;
const PARTS: u32 = 0x1000;

impl Format for OpenExr {
    fn name(&self) -> &'static str {
        "OpenEXR"
    }

    fn recognises(&self, _: &str, head: &[u8]) -> bool {
        head.starts_with(&MAGIC)
    }

    fn is_sequence(&self) -> bool {
        true
    }

    fn inspect(&self, file: &dyn Source) -> Result<Inspected> {
        let windows = Windows::new(file, WINDOW, MAX_READS, MAX_BYTES);
        let head = windows.head(8)?;
        let Some(version) = head.get(4..8).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes) else {
            return Err(Error::invalid("the file ends in its first 8 bytes").in_file(file.name()));
        };
        if version & 0xff > 2 {
            let what = format!("OpenEXR file version {}", version & 0xff);
            return Err(Error::unsupported(what).at_offset(4).in_file(file.name()));
        }
        let mut said = Said::default();
        attributes::say_fixed(&mut said);
        let flags: Vec<Value> = FLAGS.iter().filter(|(bit, _)| version & bit != 0).map(|(_, n)| (*n).into()).collect();
        said.tag("version", version & 0xff);
        said.tag("flags", flags);
        let read = read_attributes(&windows, &mut said);
        let pixels = said.or_finding(read)?;
        said.apply(attributes::RULES);
        if said.metadata.width.is_none() {
            said.finding("its header says no data window");
        }
        if let Some(table) = pixels.filter(|_| version & (DEEP | PARTS) == 0) {
            let looked = chunks::look(&windows, table, &mut said);
            said.or_finding(looked)?;
        }
        said.frame_count(1, "file");
        Ok(said.finish(FrameTable::Whole))
    }
}

/// Notes every attribute: name, type, length, value, until an empty name. Tells at which byte the header has ended.
fn read_attributes(windows: &Windows<'_>, said: &mut Said) -> Result<u64> {
    let mut at = 8;
    for _ in 0..MAX_ATTRIBUTES {
        let name = name_at(windows, &mut at)?;
        if name.is_empty() {
            return Ok(at);
        }
        let kind = name_at(windows, &mut at)?;
        let len = windows.read(at..at.saturating_add(4))?;
        let len = len.as_ref().try_into().map_or(0, |bytes| u64::from(u32::from_le_bytes(bytes)));
        at += 4;
        if at.saturating_add(len) > windows.len() {
            let problem = format!("{len} bytes, but the file ends at byte {}", windows.len());
            return Err(Error::invalid(problem).in_field(name).at_offset(at));
        }
        if len <= MAX_VALUE {
            let bytes = windows.read(at..at + len)?;
            said.tag(name.clone(), value(&kind, &bytes).unwrap_or_else(|| format!("{kind} of {len} bytes").into()));
        } else {
            said.tag(name.clone(), format!("{kind} of {len} bytes"));
        }
        at += len;
    }
    Err(Error::invalid(format!("more than {MAX_ATTRIBUTES} attributes")))
}

/// Text up to its NUL.
fn name_at(windows: &Windows<'_>, at: &mut u64) -> Result<String> {
    let end = at.saturating_add(MAX_NAME).min(windows.len());
    let bytes = windows.read((*at).min(end)..end)?;
    let Some(len) = bytes.iter().position(|b| *b == 0) else {
        return Err(Error::invalid("a name without its end").at_offset(*at));
    };
    *at += len as u64 + 1;
    Ok(String::from_utf8_lossy(&bytes[..len]).into_owned())
}

/// A value by the name of its type; none for a type that is not read, or other bytes than it has.
fn value(kind: &str, bytes: &[u8]) -> Option<Value> {
    let words = || bytes.as_chunks::<4>().0.iter();
    let whole = bytes.len().is_multiple_of(4) && !bytes.is_empty();
    let ints = || whole.then(|| words().map(|b| Value::from(i32::from_le_bytes(*b))).collect::<Vec<_>>());
    let unsigned = || whole.then(|| words().map(|b| Value::from(u32::from_le_bytes(*b))).collect::<Vec<_>>());
    let floats = || {
        let shown = |b: &[u8; 4]| f32::from_le_bytes(*b).to_string().parse::<f64>().map_or(Value::Null, Value::from);
        whole.then(|| words().map(shown).collect::<Vec<_>>())
    };
    let doubles = || {
        let (values, rest) = bytes.as_chunks::<8>();
        let values = values.iter().map(|b| Value::from(f64::from_le_bytes(*b))).collect::<Vec<_>>();
        (rest.is_empty() && !values.is_empty()).then_some(values)
    };
    let one = |mut values: Vec<Value>| (values.len() == 1).then(|| values.remove(0));
    match kind {
        "string" => Some(String::from_utf8_lossy(bytes).trim_end_matches('\0').into()),
        "int" => ints().and_then(one),
        "float" => floats().and_then(one),
        "double" => doubles().and_then(one),
        "rational" => match bytes.as_chunks::<4>() {
            ([above, below], []) => {
                Some(format!("{}/{}", i32::from_le_bytes(*above), u32::from_le_bytes(*below)).into())
            }
            _ => None,
        },
        "compression" => bytes.first().map(|number| attributes::compression(*number).into()),
        "stringvector" => strings(bytes),
        "lineOrder" | "envmap" | "deepImageState" => bytes.first().map(|number| (*number).into()),
        "chlist" => Some(channels(bytes)),
        "box2i" | "v2i" | "v3i" | "keycode" => ints().map(Value::from),
        "timecode" => unsigned().map(Value::from),
        "tiledesc" => match bytes {
            [sides @ .., mode] => {
                let side = |(b, _): (&[[u8; 4]], _)| <[[u8; 4]; 2]>::try_from(b).ok();
                let [width, height] = side(sides.as_chunks())?.map(u32::from_le_bytes);
                Some(Value::from(vec![width, height, u32::from(*mode)]))
            }
            [] => None,
        },
        "v2d" | "v3d" | "m33d" | "m44d" => doubles().map(Value::from),
        "floatvector" | "box2f" | "v2f" | "v3f" | "m33f" | "m44f" | "chromaticities" => floats().map(Value::from),
        _ => None,
    }
}

/// Texts, each behind its length.
fn strings(mut bytes: &[u8]) -> Option<Value> {
    let mut list = Vec::new();
    while let Some((len, rest)) = bytes.split_first_chunk() {
        let len = usize::try_from(u32::from_le_bytes(*len)).ok()?;
        list.push(Value::from(String::from_utf8_lossy(rest.get(..len)?)));
        bytes = &rest[len..];
    }
    bytes.is_empty().then(|| Value::from(list))
}

/// `["B half", "G half", "R half"]`.
fn channels(mut bytes: &[u8]) -> Value {
    let mut list = Vec::new();
    while let Some(len) = bytes.iter().position(|b| *b == 0).filter(|len| *len > 0) {
        let Some(kind) = bytes.get(len + 1..len + 17).and_then(|rest| rest.first()) else { break };
        let kind = ["uint", "half", "float"].get(usize::from(*kind)).copied().unwrap_or("unknown");
        list.push(Value::from(format!("{} {kind}", String::from_utf8_lossy(&bytes[..len]))));
        bytes = &bytes[len + 17..];
    }
    Value::from(list)
}
