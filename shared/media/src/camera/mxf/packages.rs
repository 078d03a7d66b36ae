//! Packages (SMPTE ST 377-1, section 5): what a clip is called, when it was made, where its timecode starts, what it was
//! recorded on.

use super::{
    items,
    sets::{Set, Sets},
};
use crate::{
    camera::{
        labels::hex,
        said::{Rule, Said, flag, text},
    },
    timecode::{Rational, Timecode},
};

const MATERIAL_PACKAGE: u8 = 0x36;
const SOURCE_PACKAGE: u8 = 0x37;
const TIMECODE_COMPONENT: u8 = 0x14;
const SOURCE_CLIP: u8 = 0x11;
const TAPE_DESCRIPTOR: u8 = 0x2e;
const TAGGED_VALUE: u8 = 0x3f;

/// The packages of a file.
pub(super) struct Packages<'a> {
    material: Option<Set<'a>>,
    /// Of the essence that is in the file.
    pub(super) file: Option<Set<'a>>,
    /// Of the tape, card or take that it came from.
    physical: Option<Set<'a>>,
}

/// Remarks of the user (tagged values of packages), as editing systems write them.
const COMMENTS: &[Rule] = &[
    ("Comment Scene", |said, value, tag| said.scene(text(value), tag)),
    ("Comment Take", |said, value, tag| said.take(text(value), tag)),
    ("Comment Circled", |said, value, tag| said.circle_take(flag(value), tag)),
    ("Comment Camroll", |said, value, tag| said.reel_name(text(value), tag)),
    ("Comment Camera", |said, value, tag| said.camera_index(text(value), tag)),
    ("Comment Director", |said, value, tag| said.director(text(value), tag)),
    ("Comment DOP", |said, value, tag| said.cinematographer(text(value), tag)),
];

impl<'a> Packages<'a> {
    pub(super) fn of(sets: &'a Sets) -> Self {
        let sources: Vec<Set<'_>> = sets.of_class(SOURCE_PACKAGE).collect();
        let has_essence = |set: &&Set<'_>| set.child(0x4701).is_some_and(|descriptor| descriptor.get(0x3004).is_some());
        let is_physical = |set: &&Set<'_>| set.child(0x4701).is_some_and(|descriptor| descriptor.get(0x3004).is_none());
        Self {
            material: sets.of_class(MATERIAL_PACKAGE).next(),
            file: sources.iter().find(has_essence).or_else(|| sources.first()).copied(),
            physical: sources.iter().find(is_physical).copied(),
        }
    }

    /// Says what the packages know of the clip. `edit_rate` is that of the picture.
    pub(super) fn say(&self, edit_rate: Option<Rational>, said: &mut Said) {
        if let Some(id) =
            self.material.or(self.file).and_then(|package| package.get(0x4401)).filter(|id| id.len() == 32)
        {
            said.clip_uuid(hex(id).to_uppercase(), "MaterialPackage PackageUID");
        }
        for (package, tag) in [
            (self.physical, "SourcePackage PackageCreationDate"),
            (self.material, "MaterialPackage PackageCreationDate"),
            (self.file, "SourcePackage PackageCreationDate"),
        ] {
            said.recorded_at(package.and_then(|package| package.get(0x4405)).and_then(items::time), tag);
        }
        self.comments(said);
        if let Some(physical) = self.physical {
            let is_tape = physical.child(0x4701).is_some_and(|d| d.class() == Some(TAPE_DESCRIPTOR));
            let name = physical.text(0x4402);
            if is_tape {
                said.tape_name(name.clone(), "SourcePackage Name");
            }
            said.reel_name(name, "SourcePackage Name");
        }
        self.timecode(edit_rate, said);
    }

    fn comments(&self, said: &mut Said) {
        for package in [self.material, self.file, self.physical].into_iter().flatten() {
            for comment in package.children(0x4406).iter().filter(|set| set.class() == Some(TAGGED_VALUE)) {
                if let (Some(name), Some(value)) = (comment.text(0x5001), comment.get(0x5003).and_then(indirect)) {
                    said.tag(format!("Comment {name}"), value);
                }
            }
        }
        said.apply(COMMENTS);
    }

    /// The first of the packages' timecodes that does not start at 0, or the first.
    fn timecode(&self, edit_rate: Option<Rational>, said: &mut Said) {
        let found: Vec<_> = [
            (self.material, "MaterialPackage TimecodeComponent", 0),
            (self.file, "SourcePackage TimecodeComponent", 0),
            (self.physical, "physical SourcePackage TimecodeComponent", self.start_in_physical()),
        ]
        .into_iter()
        .filter_map(|(package, tag, start)| Some((timecode_of(&package?)?, tag, start)))
        .collect();
        let best = found.iter().find(|(timecode, ..)| timecode.start != 0).or(found.first());
        let Some((Counting { start, base, drop }, tag, from)) = best else { return };
        match Timecode::from_frame(*start, *base, *drop) {
            Ok(timecode) => {
                said.start_timecode(timecode.plus(*from), tag);
                let is_ntsc = edit_rate.is_some_and(|rate| rate.normalised().den() == 1001);
                let rate = if is_ntsc { Rational::new(base * 1000, 1001) } else { Rational::new(*base, 1) };
                said.timecode_rate(rate, tag);
            }
            Err(error) => said.finding(format!("{tag}: {error}")),
        }
    }

    /// Where the clip starts on the tape, in edit units.
    fn start_in_physical(&self) -> i64 {
        let Some((physical, file)) = self.physical.zip(self.file) else { return 0 };
        let id = physical.get(0x4401);
        let clips = components(&file).into_iter().filter(|set| set.class() == Some(SOURCE_CLIP));
        let of_it = clips.into_iter().find(|clip| id.is_some() && clip.get(0x1101) == id);
        of_it.and_then(|clip| clip.length(0x1201)).and_then(|start| i64::try_from(start).ok()).unwrap_or(0)
    }
}

/// How a timecode counts.
struct Counting {
    start: i64,
    base: u32,
    drop: bool,
}

fn timecode_of(package: &Set<'_>) -> Option<Counting> {
    let component = components(package).into_iter().find(|set| set.class() == Some(TIMECODE_COMPONENT))?;
    Some(Counting {
        start: component.length(0x1501).and_then(|start| i64::try_from(start).ok())?,
        base: u32::try_from(component.number(0x1502)?).ok().filter(|base| (1..=Timecode::MAX_BASE).contains(base))?,
        drop: component.number(0x1503).is_some_and(|drop| drop != 0),
    })
}

/// What stands on the tracks of a package: of each sequence the components, or the segment itself.
fn components<'a>(package: &Set<'a>) -> Vec<Set<'a>> {
    let segments = package.children(0x4403).into_iter().filter_map(|track| track.child(0x4803));
    let of = |segment: Set<'a>| match segment.children(0x1001) {
        none if none.is_empty() => vec![segment],
        components => components,
    };
    segments.flat_map(of).take(4096).collect()
}

/// A picture track of a package: its edit rate, its length in edit units.
pub(super) fn picture_track(package: &Set<'_>) -> (Option<Rational>, Option<u64>) {
    let is_picture = |track: &Set<'_>| {
        let definition = track.child(0x4803).and_then(|segment| segment.label(0x0201));
        definition.is_some_and(|label| label[8..14] == [1, 3, 2, 2, 1, 0])
    };
    let track = package.children(0x4403).into_iter().find(is_picture);
    let length = track.and_then(|track| track.child(0x4803)).and_then(|segment| segment.length(0x0202));
    (track.and_then(|track| ratio(&track, 0x4b01)), length.filter(|length| *length > 0))
}

/// A ratio above 0.
pub(super) fn ratio(set: &Set<'_>, tag: u16) -> Option<Rational> {
    let value = set.number(tag)?;
    Rational::new((value >> 32) as u32, value as u32).filter(|ratio| ratio.num() > 0)
}

/// A value that carries its type: `B` or `L` for its byte order, a label, the value. Text alone is read.
fn indirect(value: &[u8]) -> Option<String> {
    const UTF16: [u8; 8] = [1, 0x10, 2, 0, 0, 0, 0, 0];
    let (order, rest) = value.split_first()?;
    let (kind, value) = rest.split_at_checked(16)?;
    if kind.get(8..)? != UTF16 && kind.get(..8)? != UTF16 && !kind.windows(2).any(|w| w == [1, 0x10]) {
        return None;
    }
    let swapped: Vec<u8> = value.chunks_exact(2).flat_map(|pair| [pair[1], pair[0]]).collect();
    let text = super::sets::utf16(if *order == b'L' { &swapped } else { value });
    (!text.is_empty()).then_some(text)
}
