//! Cards as each maker's cameras write them: which files are a clip, and what belongs to it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use platefleet_media::{
    clip::{Related, Role, group, relate},
    path::RelativePath,
};

/// The originals of a card, each with the files that belong to it.
fn takes(card: &[&str]) -> Vec<(String, usize, Vec<String>)> {
    let paths: Vec<_> = card.iter().map(|path| RelativePath::new(*path).unwrap()).collect();
    let clips = group(&paths);
    let related = relate(&clips);
    let originals = clips.iter().zip(related).filter(|(clip, _)| clip.role == Role::Original);
    let by_path = |files: Vec<Related>| {
        let mut paths: Vec<String> = files.into_iter().map(|file| file.path).collect();
        paths.sort();
        paths
    };
    originals.map(|(clip, files)| (clip.path(), clip.files.len(), by_path(files))).collect()
}

#[test]
fn every_file_of_a_take_is_found_by_its_name() {
    for (original, files, others) in [
        (
            &[
                "A001.RDM/A001_C001_0101AB.RDC/A001_C001_0101AB_001.R3D",
                "A001.RDM/A001_C001_0101AB.RDC/A001_C001_0101AB_002.R3D",
            ][..],
            "A001.RDM/A001_C001_0101AB.RDC/A001_C001_0101AB_[001-002].R3D",
            &[
                "A001.RDM/A001_C001_0101AB.RDC/A001_C001_0101AB.RMD",
                "A001.RDM/A001_C001_0101AB.RDC/A001_C001_0101AB_001.wav",
            ][..],
        ),
        (&["A_0001C001_230101_101500_a1ABC.mxf"], "A_0001C001_230101_101500_a1ABC.mxf", &[]),
        (&["A001C001_210716_R1AB.mov"], "A001C001_210716_R1AB.mov", &["A001C001_210716_R1AB.xml"]),
        (
            &[
                "R/A001C001_180327_R1ZA/A001C001_180327_R1ZA.0000001.ari",
                "R/A001C001_180327_R1ZA/A001C001_180327_R1ZA.0000002.ari",
            ],
            "R/A001C001_180327_R1ZA/A001C001_180327_R1ZA.[0000001-0000002].ari",
            &["R/A001C001_180327_R1ZA/A001C001_180327_R1ZA.wav"],
        ),
        (
            &["A001_01010000_C001.braw"],
            "A001_01010000_C001.braw",
            &["A001_01010000_C001.sidecar", "Proxy/A001_01010000_C001.mp4"],
        ),
        (
            &["XDROOT/Clip/A001C001_210716AG.MXF"],
            "XDROOT/Clip/A001C001_210716AG.MXF",
            &["XDROOT/Clip/A001C001_210716AGM01.XML", "XDROOT/Sub/A001C001_210716AGS03.MP4"],
        ),
        (&["Clip/C0001.MXF"], "Clip/C0001.MXF", &["Clip/C0001M01.XML", "Clip/C0001R01.BIM"]),
        (
            &["CLIPS001/A001C001H210716AB_CANON_001.CRM", "CLIPS001/A001C001H210716AB_CANON_002.CRM"],
            "CLIPS001/A001C001H210716AB_CANON_[001-002].CRM",
            &["CLIPS001/A001C001H210716AB_CANON.XML"],
        ),
        (&["A001C002_210716AC_CANON.MXF"], "A001C002_210716AC_CANON.MXF", &["A001C002_210716AC_CANON.XML"]),
        (
            &["CONTENTS/VIDEO/0001AB.MXF"],
            "CONTENTS/VIDEO/0001AB.MXF",
            &["CONTENTS/AUDIO/0001AB00.MXF", "CONTENTS/CLIP/0001AB.XML"],
        ),
        (&["DCIM/DJI_0001.MOV"], "DCIM/DJI_0001.MOV", &["DCIM/DJI_0001.LRF", "DCIM/DJI_0001.SRT"]),
        (&["DCIM/GX010001.MP4"], "DCIM/GX010001.MP4", &["DCIM/GL010001.LRV", "DCIM/GX010001.THM"]),
        (&["S/a0001.exr", "S/a0002.exr"], "S/a[0001-0002].exr", &[]),
        (&["S/b 1001.dpx", "S/b 1002.dpx"], "S/b [1001-1002].dpx", &[]),
        (&["S/c-v01.1001.exr", "S/c-v01.1002.exr"], "S/c-v01.[1001-1002].exr", &[]),
    ] {
        let card: Vec<&str> = original.iter().chain(others).copied().collect();
        let others = others.iter().map(|path| (*path).to_owned()).collect();
        assert_eq!(takes(&card), [(files.to_owned(), original.len(), others)], "{card:?}");
    }
}
