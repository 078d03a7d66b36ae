//! Which files belong to a clip without being of it: the sidecars, proxies and sound of the same take.
//!
//! Names decide, as with clips: a file belongs to the original of its name, in the same folder or in one beside it that
//! cameras keep for files of a kind (`Clip/`, `Sub/`, `Proxy/`, `Audio/`).

use std::collections::BTreeMap;

use super::{Clip, ClipKey, Related, Role, key_of};
use crate::path::RelativePath;

/// Folders that say of which kind their files are, not of which take.
const FOLDERS_OF_A_KIND: [&str; 10] =
    ["audio", "clip", "icon", "proxies", "proxy", "sub", "thmbnl", "thumbnail", "video", "voice"];

/// The names that a take goes by, each with a folder, lower case: those that files of it are looked up under.
///
/// `A001/Clip/C0001.MXF` goes by `a001/clip/c0001` and `a001/c0001`.
pub fn names_of_take(original: &ClipKey) -> Vec<String> {
    let name = original.clip_name().to_lowercase();
    let folder = original.pattern.rsplit_once('/').map_or("", |(folder, _)| folder).to_lowercase();
    let mut folders = vec![folder.clone()];
    // Frames stand in a folder of the take's name, and what belongs to them beside it.
    if let Some((above, own)) = folder.rsplit_once('/').or(Some(("", folder.as_str())))
        && (own == name || own.rsplit_once('.').is_some_and(|(stem, _)| stem == name))
    {
        folders.push(above.to_owned());
    }
    names(&folders, &[name])
}

/// The names of takes that a sidecar, proxy or sound may belong to, the likeliest first.
///
/// `A001/Clip/C0001M01.XML` may belong to `a001/clip/c0001m01` and to `a001/clip/c0001`.
pub fn takes_of_file(path: &RelativePath) -> Vec<String> {
    let (folder, name) = path.as_str().rsplit_once('/').unwrap_or(("", path.as_str()));
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_lowercase();
    let mut stems = vec![stem.clone()];
    let mut known = |stem: &str| {
        if !stem.is_empty() && !stems.iter().any(|s| s == stem) {
            stems.push(stem.to_owned());
        }
    };
    let copy = ["_proxy", "-proxy", "_f", "_h", "_m", "_p", "_sub"].into_iter().find_map(|e| stem.strip_suffix(e));
    for stem in [Some(stem.as_str()), copy].into_iter().flatten() {
        known(stem);
        // Sony: C0001M01.XML, C0001S03.MP4, C0001T01.JPG. RED and others: the part's number.
        if let Some((head, digits)) = stem.split_at_checked(stem.len().saturating_sub(2))
            && digits.bytes().all(|b| b.is_ascii_digit())
        {
            for letter in ['m', 's', 't', 'r', 'i', '_'] {
                known(head.strip_suffix(letter).unwrap_or_default());
            }
            // Panasonic P2: 0001AB00.MXF is the first channel of 0001AB.MXF.
            if Role::of(path) == Role::Audio && stem.len() == 8 {
                known(head);
            }
        }
        if let Some((head, digits)) = stem.rsplit_once('_')
            && digits.len() == 3
            && digits.bytes().all(|b| b.is_ascii_digit())
        {
            known(head);
        }
        // GoPro: GL010001.LRV is the smaller copy of GX010001.MP4, or of GH010001.MP4.
        if let Some(number) = stem.strip_prefix("gl").filter(|n| n.len() == 6 && n.bytes().all(|b| b.is_ascii_digit()))
        {
            known(&format!("gx{number}"));
            known(&format!("gh{number}"));
        }
    }
    names(&[folder.to_lowercase()], &stems)
}

/// Each folder with each stem: the folders as they are before those without the ones of a kind.
fn names(folders: &[String], stems: &[String]) -> Vec<String> {
    let reduced = |folder: &String| {
        let kept = folder.split('/').filter(|part| !part.is_empty() && !FOLDERS_OF_A_KIND.contains(part));
        kept.collect::<Vec<_>>().join("/")
    };
    let mut names = Vec::new();
    for folder in folders.iter().cloned().chain(folders.iter().map(reduced)) {
        for stem in stems {
            let name = if folder.is_empty() { stem.clone() } else { format!("{folder}/{stem}") };
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// For each clip, in the same order, the files among the other clips that belong to it. Only originals have any; a file
/// belongs to at most one.
pub fn relate(clips: &[Clip]) -> Vec<Vec<Related>> {
    let mut takes: BTreeMap<String, usize> = BTreeMap::new();
    for (at, clip) in clips.iter().enumerate().filter(|(_, clip)| clip.role == Role::Original) {
        let Some(file) = clip.files.first() else { continue };
        for name in names_of_take(&key_of(&file.path)) {
            takes.entry(name).or_insert(at);
        }
    }
    let mut related = vec![Vec::new(); clips.len()];
    for clip in clips.iter().filter(|clip| clip.role != Role::Original) {
        for file in &clip.files {
            let take = takes_of_file(&file.path).into_iter().find_map(|name| takes.get(&name));
            if let Some(found) = take.and_then(|at| related.get_mut(*at)) {
                found.push(Related { role: clip.role, path: file.path.to_string() });
            }
        }
    }
    for files in &mut related {
        files.sort();
    }
    related
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clip::group;

    fn related(paths: &[&str]) -> Vec<(String, Vec<String>)> {
        let paths: Vec<_> = paths.iter().map(|p| RelativePath::new(*p).unwrap()).collect();
        let clips = group(&paths);
        let related = relate(&clips);
        let originals = clips.iter().zip(related).filter(|(clip, _)| clip.role == Role::Original);
        originals.map(|(clip, files)| (clip.path(), files.into_iter().map(|f| f.path).collect())).collect()
    }

    #[test]
    fn what_cameras_write_beside_a_take_belongs_to_it() {
        for (original, others) in [
            ("A/XDROOT/Clip/C0001.MXF", &["A/XDROOT/Clip/C0001M01.XML", "A/XDROOT/Sub/C0001S03.MP4"][..]),
            (
                "A001.RDM/A001_C001_0303LZ.RDC/A001_C001_0303LZ_001.R3D",
                &[
                    "A001.RDM/A001_C001_0303LZ.RDC/A001_C001_0303LZ_H.mov",
                    "A001.RDM/A001_C001_0303LZ.RDC/A001_C001_0303LZ.RMD",
                    "A001.RDM/A001_C001_0303LZ.RDC/A001_C001_0303LZ_001.wav",
                ],
            ),
            ("CONTENTS/VIDEO/0001AB.MXF", &["CONTENTS/AUDIO/0001AB00.MXF", "CONTENTS/CLIP/0001AB.XML"]),
            ("A001/A001_07161015_C003.braw", &["A001/Proxy/A001_07161015_C003.mp4"]),
            ("A001C001.mov", &["A001C001_proxy.mov", "A001C001.xml"]),
            (
                "M4ROOT/CLIP/C0001.MP4",
                &["M4ROOT/CLIP/C0001M01.XML", "M4ROOT/SUB/C0001S03.MP4", "M4ROOT/THMBNL/C0001T01.JPG"],
            ),
            ("A/A_0001C002X250716_101500AB_CANON_001.MP4", &["A/A_0001C002X250716_101500AB_CANON_001_Proxy.MP4"]),
            ("DCIM/GX010001.MP4", &["DCIM/GL010001.LRV", "DCIM/GX010001.THM"]),
            ("CONTENTS/VIDEO/0002AB.MXF", &["CONTENTS/ICON/0002AB.BMP", "CONTENTS/PROXY/0002AB.MP4"]),
        ] {
            let mut all = vec![original];
            all.extend(others);
            let [(path, files)] = &related(&all)[..] else { panic!("{original}: {:?}", related(&all)) };
            assert_eq!(path, original);
            let mut found = files.clone();
            found.sort();
            let mut expected = others.to_vec();
            expected.sort_unstable();
            assert_eq!(found, expected, "{original}");
        }
    }

    #[test]
    fn the_sound_of_a_sequence_stands_in_its_folder_or_beside_it() {
        let found = related(&["Clips/T1/T1_0001.dng", "Clips/T1/T1_0002.dng", "Clips/T1/T1.wav", "Clips/T1.xml"]);
        assert_eq!(
            found,
            [("Clips/T1/T1_[0001-0002].dng".into(), vec!["Clips/T1.xml".into(), "Clips/T1/T1.wav".into()])]
        );
    }

    #[test]
    fn takes_of_the_same_name_in_two_units_keep_their_own() {
        let found = related(&["A/Clip/C0001.MXF", "A/Clip/C0001M01.XML", "B/Clip/C0001.MXF", "B/Clip/C0001M01.XML"]);
        let expected =
            ["A", "B"].map(|unit| (format!("{unit}/Clip/C0001.MXF"), vec![format!("{unit}/Clip/C0001M01.XML")]));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_file_of_another_name_belongs_to_nobody() {
        assert_eq!(related(&["A/C0001.MXF", "A/C0002M01.XML", "A/notes.txt"]), [("A/C0001.MXF".into(), vec![])]);
        // Take 12 of the sound is none of the picture's take 1.
        assert_eq!(related(&["A/T.mov", "A/T12.wav"]), [("A/T.mov".into(), vec![])]);
    }
}
