//! Which files make a clip.
//!
//! A key is computed from one path alone, so files can arrive in any order and on any machine: whoever sees
//! `A001C001_000017.dng` knows that it belongs to `A001C001_[######].dng`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ClipNumber;
use crate::path::RelativePath;

/// What a file is to a production. Pulls match originals only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// What the camera recorded.
    Original,
    /// A smaller copy of it.
    Proxy,
    /// A document about it.
    Sidecar,
    /// Sound.
    Audio,
}

impl Role {
    /// What a path says by its extension, its folder (`Proxy/`, `Sub/`) and its `_proxy` ending.
    ///
    /// An extension that no camera or recorder uses belongs to a document.
    pub fn of(path: &RelativePath) -> Self {
        match path.extension().as_str() {
            "wav" | "bwf" | "rf64" | "w64" | "aif" | "aiff" | "flac" | "mp3" | "m4a" => Self::Audio,
            "lrv" | "lrf" => Self::Proxy,
            "mxf" if is_in(path, &["audio"]) => Self::Audio,
            "mov" | "mp4" | "mxf" if is_beside_a_larger_copy(path) => Self::Proxy,
            extension if ORIGINALS.contains(&extension) => Self::Original,
            _ => Self::Sidecar,
        }
    }
}

/// Extensions that cameras and scanners give to pictures.
const ORIGINALS: [&str; 22] = [
    "ari", "arx", "braw", "cine", "cr3", "cri", "crm", "dng", "dpx", "exr", "insv", "mlv", "mov", "mp4", "mts", "mxf",
    "nev", "r3d", "rmf", "tif", "tiff", "vrw",
];

/// Extensions of one-frame files.
const SEQUENCES: [&str; 8] = ["ari", "arx", "cri", "dng", "dpx", "exr", "tif", "tiff"];

/// Longest run of digits that is a frame number; more are part of the name.
const MAX_FRAME_DIGITS: usize = 18;

/// Folders that cameras and recorders put smaller copies in.
const PROXY_FOLDERS: [&str; 3] = ["proxy", "proxies", "sub"];

fn is_in(path: &RelativePath, folders: &[&str]) -> bool {
    path.as_str().rsplit('/').skip(1).any(|f| folders.iter().any(|named| f.eq_ignore_ascii_case(named)))
}

fn is_beside_a_larger_copy(path: &RelativePath) -> bool {
    let stem = path.file_name().rsplit_once('.').map_or("", |(stem, _)| stem).to_ascii_lowercase();
    // RED writes QuickTime copies of four sizes into the folder of the clip.
    let of_red = || {
        let folder = path.as_str().rsplit('/').nth(1).unwrap_or_default();
        let ending = folder.get(folder.len().saturating_sub(4)..).unwrap_or_default();
        ending.eq_ignore_ascii_case(".rdc") && ["_f", "_h", "_m", "_p"].iter().any(|size| stem.ends_with(size))
    };
    is_in(path, &PROXY_FOLDERS) || stem.ends_with("_proxy") || stem.ends_with("-proxy") || of_red()
}

/// Which clip a file belongs to, and where in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ClipKey {
    /// The path, its frame or part digits replaced by as many `#` in brackets: `Clips/A001C001/A001C001_[######].dng`.
    pub pattern: String,
    /// The frame number in the file's name; none for a file that is a clip by itself, or a part of one.
    pub frame: Option<u64>,
    /// The number of a part, from 1, of a clip that its camera spread over several files (`_001.R3D`, `_002.R3D`).
    pub part: Option<u64>,
    /// Original, proxy, sidecar or audio.
    pub role: Role,
}

impl ClipKey {
    /// The number that is part of the file's name: of the frame, or of the part.
    pub fn number(&self) -> Option<u64> {
        self.frame.or(self.part)
    }

    /// What the camera calls the take: the file name without extension, frame digits and the mark before them; the
    /// folder's name for frames that are only numbered.
    pub fn clip_name(&self) -> &str {
        let (folder, name) = self.pattern.rsplit_once('/').unwrap_or(("", &self.pattern));
        let stem = match name.rsplit_once('.') {
            Some((stem, _)) if !stem.is_empty() => stem,
            _ => name,
        };
        let Some((take, _)) = stem.rsplit_once('[').filter(|_| self.number().is_some()) else { return stem };
        match take.trim_end_matches(['_', '.', '-', ' ']) {
            "" => folder.rsplit('/').next().unwrap_or(folder),
            take => take,
        }
    }
}

/// What the files of a clip call it, from their pattern, or from [`Clip::path`]: [`ClipKey::clip_name`] where only that is known.
pub fn name_in_pattern(pattern: &str) -> String {
    let stem = pattern.rsplit_once('.').map_or(pattern, |(stem, _)| stem);
    let digits = stem.strip_suffix(']').and_then(|s| s.rsplit_once('[')).map(|(_, digits)| digits);
    let is_numbered = digits.is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b"#-0123456789".contains(&b)));
    let key =
        ClipKey { pattern: pattern.to_owned(), frame: is_numbered.then_some(0), part: None, role: Role::Original };
    key.clip_name().to_owned()
}

impl fmt::Display for ClipKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.pattern)
    }
}

/// The clip that a file belongs to, from its path alone.
///
/// * `.ari .arx .cri .dng .dpx .exr .tif` files whose stem ends in digits are frames of a numbered sequence. The number of
///   digits is part of the key, because cameras and deliveries pad their numbers.
/// * `.R3D` files that end in `_` and three digits, and `.mxf` and `.crm` files with a camera's clip name
///   ([`ClipNumber`]) that end in `_` and two or three, and Canon's `.mp4`, are parts of one clip.
/// * Every other file is a clip by itself.
pub fn key_of(path: &RelativePath) -> ClipKey {
    let role = Role::of(path);
    let alone = || ClipKey { pattern: path.as_str().to_owned(), frame: None, part: None, role };
    let kind = path.extension();
    let sequence = SEQUENCES.contains(&kind.as_str());
    let Some((stem, extension)) = path.as_str().rsplit_once('.') else { return alone() };
    let digits = stem.bytes().rev().take_while(u8::is_ascii_digit).count();
    let Some((head, number)) = stem.split_at_checked(stem.len() - digits.min(MAX_FRAME_DIGITS)) else { return alone() };
    let Ok(counted) = number.parse() else { return alone() };
    let part = || {
        let name = head.rsplit('/').next().and_then(|name| name.strip_suffix('_'));
        name.is_some_and(|name| match kind.as_str() {
            "r3d" => digits == 3 && !name.is_empty(),
            "mxf" | "crm" => (2..=3).contains(&digits) && ClipNumber::of(name).is_some(),
            "mp4" => digits == 3 && name.ends_with("_CANON") && ClipNumber::of(name).is_some(),
            _ => false,
        })
    };
    let pattern = || format!("{head}[{}].{extension}", "#".repeat(number.len()));
    if sequence {
        ClipKey { pattern: pattern(), frame: Some(counted), part: None, role }
    } else if role == Role::Original && part() {
        ClipKey { pattern: pattern(), frame: None, part: Some(counted), role }
    } else {
        alone()
    }
}

/// A clip as far as its files are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clip {
    /// As in [`ClipKey::pattern`].
    pub pattern: String,
    /// As in [`ClipKey::clip_name`].
    pub name: String,
    /// Original, proxy, sidecar or audio.
    pub role: Role,
    /// By frame number; one for a file that is a clip by itself.
    pub files: Vec<ClipFile>,
    /// What is wrong with it, in sentences: frames that are missing between the first and the last, and `duplicates`.
    pub findings: Vec<String>,
    /// A sentence for each other sequence that has frames of the same numbers.
    pub duplicates: Vec<String>,
}

impl Clip {
    /// The path of its only file, or that of the sequence with its first and last number: `A001C003_[000000-000047].dng`.
    pub fn path(&self) -> String {
        match &self.files[..] {
            [only] => only.path.to_string(),
            files => span_of(
                &self.pattern,
                files.first().and_then(ClipFile::number),
                files.last().and_then(ClipFile::number),
            ),
        }
    }
}

/// The pattern with its `#` replaced by the first and last frame number.
pub(crate) fn span_of(pattern: &str, first: Option<u64>, last: Option<u64>) -> String {
    let Some(((first, last), (head, rest))) = first.zip(last).zip(pattern.rsplit_once('[')) else {
        return pattern.to_owned();
    };
    let (hashes, tail) = rest.split_once(']').unwrap_or((rest, ""));
    let width = hashes.len();
    format!("{head}[{first:0width$}-{last:0width$}]{tail}")
}

/// One file of a clip.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClipFile {
    /// The frame number in its name.
    pub frame: Option<u64>,
    /// The number of the part in its name.
    pub part: Option<u64>,
    /// Where it is.
    pub path: RelativePath,
}

impl ClipFile {
    /// The number in its name.
    pub fn number(&self) -> Option<u64> {
        self.frame.or(self.part)
    }
}

/// Puts files together to clips, in order of their patterns, each with its frames in order. A path given twice counts
/// once. Frames that stand there twice, under numbers of different length, are a finding of both sequences.
pub fn group<'a>(paths: impl IntoIterator<Item = &'a RelativePath>) -> Vec<Clip> {
    let mut clips: BTreeMap<(String, bool), (ClipKey, Vec<ClipFile>)> = BTreeMap::new();
    for path in paths {
        let key = key_of(path);
        let file = ClipFile { frame: key.frame, part: key.part, path: path.clone() };
        let place = (key.pattern.clone(), key.number().is_some());
        clips.entry(place).or_insert_with(|| (key, Vec::new())).1.push(file);
    }
    let whole = |(key, mut files): (ClipKey, Vec<ClipFile>)| {
        files.sort();
        files.dedup();
        let findings = gaps(&files);
        Clip {
            name: key.clip_name().to_owned(),
            pattern: key.pattern,
            role: key.role,
            files,
            findings,
            duplicates: Vec::new(),
        }
    };
    let mut clips: Vec<Clip> = clips.into_values().map(whole).collect();
    tell_of_duplicates(&mut clips);
    clips
}

/// Finds sequences that differ only in how they write their numbers (`A_0007.dng`, `A_00007.DNG`), and share some.
fn tell_of_duplicates(clips: &mut [Clip]) {
    let mut alike: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, clip) in clips.iter().enumerate().filter(|(_, c)| c.files.iter().any(|f| f.frame.is_some())) {
        alike.entry(clip.pattern.replace('#', "").to_lowercase()).or_default().push(at);
    }
    for group in alike.into_values().filter(|group| group.len() > 1) {
        for (&one, &other) in group.iter().flat_map(|a| group.iter().map(move |b| (a, b))).filter(|(a, b)| a != b) {
            let there: BTreeSet<u64> = clips[other].files.iter().filter_map(|f| f.frame).collect();
            let twice = clips[one].files.iter().find(|f| f.frame.is_some_and(|n| there.contains(&n)));
            if let Some(number) = twice.and_then(|f| f.frame) {
                let problem =
                    format!("frame {number} is also in {}: the number stands there twice", clips[other].path());
                clips[one].findings.push(problem.clone());
                clips[one].duplicates.push(problem);
            }
        }
    }
}

/// Most gaps that are told one by one.
const MAX_GAPS_TOLD: usize = 8;

/// A sentence for each run of missing frame or part numbers; `files` are sorted. The first part has number 1.
pub(crate) fn gaps(files: &[ClipFile]) -> Vec<String> {
    let parts = files.iter().any(|f| f.part.is_some());
    let what = if parts { "part" } else { "frame" };
    let numbers: Vec<u64> = parts.then_some(0).into_iter().chain(files.iter().filter_map(ClipFile::number)).collect();
    let missing: Vec<(u64, u64)> =
        numbers.windows(2).filter(|w| w[1] > w[0] + 1).map(|w| (w[0] + 1, w[1] - 1)).collect();
    let mut told: Vec<String> = missing
        .iter()
        .take(MAX_GAPS_TOLD)
        .map(|&(first, last)| {
            if first == last {
                format!("{what} {first} is missing")
            } else {
                format!("{what}s {first} to {last} are missing")
            }
        })
        .collect();
    if let Some(rest) = missing.get(MAX_GAPS_TOLD..).filter(|rest| !rest.is_empty()) {
        told.push(format!(
            "{what}s are missing in {} more places, up to {what} {}",
            rest.len(),
            rest[rest.len() - 1].1
        ));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path(text: &str) -> RelativePath {
        RelativePath::new(text).unwrap()
    }

    #[test]
    fn one_path_is_enough_to_know_its_clip() {
        for (file, pattern, frame, name) in [
            (
                "Clips/A001C001_000001/A001C001_000017.dng",
                "Clips/A001C001_000001/A001C001_[######].dng",
                Some(17),
                "A001C001",
            ),
            (
                "B001/B001C002_180327_R1ZA.0123456.ari",
                "B001/B001C002_180327_R1ZA.[#######].ari",
                Some(123_456),
                "B001C002_180327_R1ZA",
            ),
            ("SHOT_PL01_v001.1001.exr", "SHOT_PL01_v001.[####].exr", Some(1001), "SHOT_PL01_v001"),
            ("reel 2/000001.DPX", "reel 2/[######].DPX", Some(1), "reel 2"),
            ("A001/A001_C001.R3D", "A001/A001_C001.R3D", None, "A001_C001"),
            ("S/Clip_001.mxf", "S/Clip_001.mxf", None, "Clip_001"),
            ("scan/0001.tif", "scan/[####].tif", Some(1), "scan"),
            ("chart.dng", "chart.dng", None, "chart"),
            ("take 1/a.mov", "take 1/a.mov", None, "a"),
        ] {
            let key = key_of(&path(file));
            assert_eq!((key.pattern.as_str(), key.frame, key.clip_name()), (pattern, frame, name), "{file}");
            assert_eq!(
                (name_in_pattern(pattern), name_in_pattern(&span_of(pattern, Some(3), Some(17)))),
                (name.into(), name.into())
            );
        }
    }

    #[test]
    fn a_clip_of_one_file_is_called_by_that_file() {
        let called = |files: &[&str]| group(&files.iter().map(|f| path(f)).collect::<Vec<_>>())[0].path();
        assert_eq!(called(&["A/A_007.dng"]), "A/A_007.dng");
        assert_eq!(called(&["A/A_007.dng", "A/A_009.dng"]), "A/A_[007-009].dng");
    }

    #[test]
    fn parts_of_a_clip_are_one_clip_and_missing_ones_are_told() {
        for (file, pattern, part, name) in [
            (
                "A001.RDM/A001_C001_0303LZ.RDC/A001_C001_0303LZ_002.R3D",
                "A001.RDM/A001_C001_0303LZ.RDC/A001_C001_0303LZ_[###].R3D",
                2,
                "A001_C001_0303LZ",
            ),
            ("A001C002_210716AG_003.MXF", "A001C002_210716AG_[###].MXF", 3, "A001C002_210716AG"),
            ("A001C002_210716AB_CANON_01.CRM", "A001C002_210716AB_CANON_[##].CRM", 1, "A001C002_210716AB_CANON"),
            ("A001C002H210716AB_CANON_002.MXF", "A001C002H210716AB_CANON_[###].MXF", 2, "A001C002H210716AB_CANON"),
            (
                "A_0001C002X250716_101500AB_CANON_002.MP4",
                "A_0001C002X250716_101500AB_CANON_[###].MP4",
                2,
                "A_0001C002X250716_101500AB_CANON",
            ),
        ] {
            let key = key_of(&path(file));
            assert_eq!((key.pattern.as_str(), key.part, key.frame, key.clip_name()), (pattern, Some(part), None, name));
        }
        let parts = ["A001_C001_0303LZ_002.R3D", "A001_C001_0303LZ_004.R3D"].map(path);
        let [clip] = &group(&parts)[..] else { panic!() };
        assert_eq!(clip.findings, ["part 1 is missing", "part 3 is missing"]);
        assert_eq!(clip.path(), "A001_C001_0303LZ_[002-004].R3D");
        let [clip] = &group(&[path("A001_C001_0303LZ_001.R3D")])[..] else { panic!() };
        assert_eq!((clip.path().as_str(), clip.findings.len()), ("A001_C001_0303LZ_001.R3D", 0));
    }

    #[test]
    fn a_frame_that_is_there_under_two_numbers_is_told_of_both() {
        let clips = group(&["A_0007.dng", "A_0008.dng", "A_00008.dng", "A_00009.dng", "B_008.dng"].map(path));
        let findings: Vec<_> = clips.iter().map(|c| (c.pattern.as_str(), c.findings.concat())).collect();
        let twice = |other: &str| format!("frame 8 is also in {other}: the number stands there twice");
        assert_eq!(
            findings,
            [
                ("A_[#####].dng", twice("A_[0007-0008].dng")),
                ("A_[####].dng", twice("A_[00008-00009].dng")),
                ("B_[###].dng", String::new()),
            ]
        );
    }

    #[test]
    fn roles_follow_extension_and_proxy_folders() {
        for (file, role) in [
            ("A/A001.ari", Role::Original),
            ("A/A001.MOV", Role::Original),
            ("A/Proxy/A001.mov", Role::Proxy),
            ("SUB/C0001S03.MP4", Role::Proxy),
            ("A001_C001_0303LZ.RDC/A001_C001_0303LZ_H.mov", Role::Proxy),
            ("A001_C001_0303LZ.RDC/A001_C001_0303LZ.RMD", Role::Sidecar),
            ("CONTENTS/AUDIO/0001AB00.MXF", Role::Audio),
            ("CONTENTS/VIDEO/0001AB.MXF", Role::Original),
            ("A/A001_proxy.mp4", Role::Proxy),
            ("Proxy/A001_C001.braw", Role::Original),
            ("sound/T01.WAV", Role::Audio),
            ("A/A001.xml", Role::Sidecar),
            ("A/ascmhl/0001_A.mhl", Role::Sidecar),
            ("A/README", Role::Sidecar),
        ] {
            assert_eq!(Role::of(&path(file)), role, "{file}");
        }
    }

    #[test]
    fn a_sequence_is_one_clip_with_its_frames_in_order_and_its_gaps_told() {
        let paths =
            ["c/A_0010.dng", "c/A_0007.dng", "c/A_0008.dng", "c/A_0014.dng", "c/A.xml", "d/A_0009.dng", "c/A_0008.dng"]
                .map(path);
        let clips = group(&paths);
        let patterns: Vec<_> = clips.iter().map(|c| (c.pattern.as_str(), c.files.len(), c.role)).collect();
        assert_eq!(
            patterns,
            [
                ("c/A.xml", 1, Role::Sidecar),
                ("c/A_[####].dng", 4, Role::Original),
                ("d/A_[####].dng", 1, Role::Original)
            ]
        );
        assert_eq!(clips[1].files.iter().filter_map(|f| f.frame).collect::<Vec<_>>(), [7, 8, 10, 14]);
        assert_eq!(clips[1].findings, ["frame 9 is missing", "frames 11 to 13 are missing"]);
        assert_eq!(clips[1].path(), "c/A_[0007-0014].dng");
        assert_eq!(clips[0].path(), "c/A.xml");
    }

    #[test]
    fn a_file_named_like_a_pattern_stays_apart_from_the_sequence() {
        let clips = group(&["A_[###].dng", "A_001.dng"].map(path));
        assert_eq!(clips.len(), 2);
    }

    proptest! {
        #[test]
        fn every_file_lands_in_exactly_one_clip_whatever_the_order(
            names in proptest::collection::btree_set("[ab]{0,2}[_.]?[0-9]{0,20}\\.(dng|ari|mov|txt)", 1..20),
        ) {
            let mut paths: Vec<_> = names.into_iter().filter_map(|n| RelativePath::new(n).ok()).collect();
            let clips = group(&paths);
            paths.reverse();
            prop_assert_eq!(&group(&paths), &clips);
            prop_assert_eq!(clips.iter().map(|c| c.files.len()).sum::<usize>(), paths.len());
            for clip in &clips {
                prop_assert!(clip.files.iter().all(|f| key_of(&f.path).pattern == clip.pattern));
                prop_assert!(clip.files.is_sorted());
            }
        }
    }
}
