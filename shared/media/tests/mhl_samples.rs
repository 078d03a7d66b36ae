//! Every history and every hash list of the reference data (`samples/mhl`), with the verdict that it has to get.
//!
//! Verdicts of histories are those of the reference tool (`ascmhl-debug verify`). Those of lists were worked out with Python's
//! hashlib and xxhash, digest by digest, and names of files with Python's codecs. What is in no table fails the test.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
};

use platefleet_media::mhl::{
    FindingKind, LegacyList, Manifest,
    folder::{Report, Unwatched, Verdict, VerifyOptions, verify},
};

/// The folder of the samples; none, and said aloud, where there is none.
fn samples() -> Option<PathBuf> {
    let default = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let samples = env::var_os("PLATEFLEET_REFERENCE").map_or_else(default, PathBuf::from).join("samples/mhl");
    if !samples.exists() {
        eprintln!("SKIPPED: {} is not there (PLATEFLEET_REFERENCE)", samples.display());
        return None;
    }
    Some(samples)
}

/// A folder or a list, how many files it expects, and what is wrong.
type Row = (&'static str, u64, &'static [(FindingKind, &'static str)]);

/// Roots of histories.
const HISTORIES: [Row; 18] = [
    ("histories/Reels", 3, &[]),
    ("histories/Reels/A001", 1, &[]),
    ("histories/Reels/B001", 1, &[]),
    // The reference tool exits with 11.
    ("histories/c_corrupt", 5, &[(FindingKind::SizeMismatch, "Sidecar.txt")]),
    // The reference tool exits with 10.
    ("histories/c_missing", 5, &[(FindingKind::Missing, "Sidecar.txt")]),
    ("histories/card1", 5, &[]),
    ("scenarios/scenario_01/travel_01/A002R2EC", 3, &[]),
    ("scenarios/scenario_02/file_server/A002R2EC", 3, &[]),
    ("scenarios/scenario_02/travel_01/A002R2EC", 3, &[]),
    ("scenarios/scenario_03/file_server/A002R2EC", 3, &[]),
    ("scenarios/scenario_03/travel_01/A002R2EC", 3, &[]),
    // The story of scenario 4: the sidecar was changed on the way. The reference tool exits with 11.
    ("scenarios/scenario_04/file_server/A002R2EC", 3, &[(FindingKind::SizeMismatch, "Sidecar.txt")]),
    ("scenarios/scenario_04/travel_01/A002R2EC", 3, &[]),
    ("scenarios/scenario_05/file_server/Reels", 7, &[]),
    ("scenarios/scenario_05/file_server/Reels/A002R2EC", 3, &[]),
    ("scenarios/scenario_05/file_server/Reels/A003R2EC", 3, &[]),
    ("scenarios/scenario_05/travel_01/Reels/A002R2EC", 3, &[]),
    ("scenarios/scenario_05/travel_01/Reels/A003R2EC", 3, &[]),
];

/// Manifests of ASC MHL outside any history: they are only read. How many files they list.
const MANIFESTS: [(&str, usize); 2] = [
    ("histories/flat/packinglist_Reels_2026-11-22_105822Z.mhl", 3),
    ("xsd/examples/0001_TEST01_2019-10-11_155603.mhl", 3),
];

const MISSING: FindingKind = FindingKind::Missing;

/// Lists of MHL 1.x, each checked alone.
const LISTS: [Row; 20] = [
    // Their one and two files are beside them: 277 bytes, and the md5 is right.
    ("aux_files_2012-11-24_103236.mhl", 1, &[]),
    ("aux_files_2012-12-01_183454.mhl", 2, &[]),
    (
        "aux_files_euc-jp_macln_Japanese_2012-12-15_180223.mhl",
        2,
        &[(MISSING, "日本人_dir/俳句"), (MISSING, "日本人_dir/日本語ファ_イル.txt")],
    ),
    (
        "aux_files_euc-kr_winln_Korean_2012-12-15_181135.mhl",
        2,
        &[(MISSING, "한국의_dir/한국어_당근"), (MISSING, "한국의_dir/한국어의파일")],
    ),
    (
        "aux_files_iso-8859-15_unixln_Umlaute_2012-12-15_174005.mhl",
        3,
        &[
            (MISSING, "Umlaute_und_so_weiter_dir/CAFÉ.txt"),
            (MISSING, "Umlaute_und_so_weiter_dir/Kölner_Dom.avi"),
            (MISSING, "Umlaute_und_so_weiter_dir/Straße"),
        ],
    ),
    (
        "aux_files_iso-8859-6_winln_Arabic_2012-12-15_174827.mhl",
        2,
        &[(MISSING, "دليل_dir/العربية"), (MISSING, "دليل_dir/ملف_باللغة_العربية")],
    ),
    ("aux_files_utf-16be_winln_mixed_2012-12-14_165427.mhl", 14, &MIXED),
    ("aux_files_utf-16le_macln_mixed_2012-12-14_165427.mhl", 14, &MIXED),
    ("aux_files_utf-32_unixln_mixed_2012-12-14_165427.mhl", 14, &MIXED),
    ("aux_files_utf-8_unixln_mixed_2012-12-14_165427.mhl", 14, &MIXED),
    (
        "aux_files_windows-1251_winln_Russian_2012-12-14_170634.mhl",
        2,
        &[(MISSING, "русский_dir/матрёшка.txt"), (MISSING, "русский_dir/файлнарусском")],
    ),
    ("mhl_verify_generic/generic.mhl", 3, &[]),
    // mhl-tool's test of its machine-readable output; every one of its six digests is right, in five formats and one null.
    ("mhl_verify_machinereadable/generic.mhl", 6, &[]),
    ("mhl_verify_md5/md5.mhl", 3, &[]),
    // Made for a tool that checks several digests: file1 and file2 have the md5 of file0, and their sha1 and xxhash64be are
    // right. A reader that stops at the first good one would call them verified.
    (
        "mhl_verify_multiple/multiple.mhl",
        3,
        &[(FindingKind::Mismatch, "file1.txt"), (FindingKind::Mismatch, "file2.txt")],
    ),
    ("mhl_verify_null/null.mhl", 3, &[]),
    ("mhl_verify_sha1/sha1.mhl", 3, &[]),
    ("mhl_verify_xxhash/xxhash.mhl", 3, &[]),
    ("mhl_verify_xxhash64/xxhash64.mhl", 3, &[]),
    ("mhl_verify_xxhash64be/xxhash64be.mhl", 3, &[]),
];

/// Files of one folder in many scripts; the four lists say the same in four encodings. The one that is UTF-16BE declares UTF-8.
const MIXED: [(FindingKind, &str); 14] = [
    (MISSING, "mixed_корейский_한국의_dir/CAFÉ.txt"),
    (MISSING, "mixed_корейский_한국의_dir/Straße"),
    (MISSING, "mixed_корейский_한국의_dir/Türk_dosya"),
    (MISSING, "mixed_корейский_한국의_dir/korean_корейский_한국의"),
    (MISSING, "mixed_корейский_한국의_dir/russian_файлнарусском.тхт"),
    (MISSING, "mixed_корейский_한국의_dir/słowo.avi"),
    (MISSING, "mixed_корейский_한국의_dir/ήλιος.txt"),
    (MISSING, "mixed_корейский_한국의_dir/αρχείο_στην_ελληνική_γλώσσα"),
    (MISSING, "mixed_корейский_한국의_dir/קובץ_בעברית"),
    (MISSING, "mixed_корейский_한국의_dir/ملف_باللغة_العربية"),
    (MISSING, "mixed_корейский_한국의_dir/हिन्दी_में_फ़ाइल"),
    (MISSING, "mixed_корейский_한국의_dir/文件在中國"),
    (MISSING, "mixed_корейский_한국의_dir/日本語ファ_イル.txt"),
    (MISSING, "mixed_корейский_한국의_dir/한국어의파일"),
];

fn report(place: &Path) -> Report {
    verify(place, &VerifyOptions::default(), &Unwatched).unwrap_or_else(|error| panic!("{}: {error}", place.display()))
}

fn check(place: &Path, (name, expected, findings): Row) {
    let report = report(place);
    let found: BTreeSet<_> = report.findings.iter().map(|finding| (finding.kind, finding.path.as_str())).collect();
    assert_eq!(found, findings.iter().copied().collect(), "{name}: {:?}", report.findings);
    assert_eq!(found.len(), report.findings.len(), "{name}");
    assert_eq!(report.verdict == Verdict::Verified, findings.is_empty(), "{name}");
    let missing = findings.iter().filter(|(kind, _)| *kind == MISSING).count() as u64;
    let failed = findings.len() as u64 - missing;
    let files = report.files;
    assert_eq!((files.expected, files.missing, files.failed), (expected, missing, failed), "{name}");
    assert_eq!((files.verified, files.extra), (expected - missing - failed, 0), "{name}");
}

#[test]
fn every_history_has_the_verdict_of_the_reference_tool() {
    let Some(samples) = samples() else { return };
    for row in HISTORIES {
        check(&samples.join(row.0), row);
    }
}

#[test]
fn every_list_of_mhl_1_has_the_verdict_that_its_digests_give() {
    let Some(samples) = samples() else { return };
    for row in LISTS {
        let place = samples.join("legacy").join(row.0);
        check(&place, row);
        if row.0.contains('/') {
            check(place.parent().unwrap(), row);
        }
    }
}

#[test]
fn manifests_outside_a_history_are_read_and_are_no_history() {
    let Some(samples) = samples() else { return };
    for (name, files) in MANIFESTS {
        let place = samples.join(name);
        let manifest = Manifest::parse(name, &fs::read(&place).unwrap()).unwrap();
        assert_eq!(manifest.files.len(), files, "{name}");
        let report = report(place.parent().unwrap());
        let kinds: Vec<_> = report.findings.iter().map(|finding| finding.kind).collect();
        assert_eq!((report.verdict, kinds), (Verdict::Failed, vec![FindingKind::NoHistory]), "{name}");
    }
}

#[test]
fn lists_keep_what_they_say_besides() {
    let Some(samples) = samples() else { return };
    let list = |name: &str| LegacyList::parse(name, &fs::read(samples.join("legacy").join(name)).unwrap()).unwrap();
    let old = list("aux_files_utf-32_unixln_mixed_2012-12-14_165427.mhl");
    assert_eq!((old.version.as_str(), old.creator.name.as_str()), ("1.0", "Anna,,,"));
    assert_eq!((old.creator.tool.as_str(), old.creator.started.as_str()), ("mhlcreate v0.0", "2012-12-14 16-54-27"));
    assert_eq!((old.files[0].path.as_str(), old.files[0].size), ("mixed_корейский_한국의_dir/한국어의파일", Some(277)));
    let newer = list("mhl_verify_null/null.mhl");
    assert_eq!((newer.creator.hostname.as_str(), newer.creator.log), ("simon-rmacbook.local", None));
    assert_eq!(newer.files[2].modified.as_deref(), Some("2016-04-18T14:45:37Z"));
    assert!(newer.files.iter().all(|file| file.is_null && file.digests.is_empty()));
}

/// All lists together: 25 files in lists without payload, 2 beside their lists, 30 in the folders of `mhl verify`. Two of those
/// fail; 19 files are in no list: 10 in the folder itself, 6 in `mhl_file_generic`, 3 in `mhl_seal`.
#[test]
fn a_folder_full_of_lists_is_one_verdict() {
    let Some(samples) = samples() else { return };
    let files = report(&samples.join("legacy")).files;
    assert_eq!((files.expected, files.verified, files.failed), (57, 30, 2));
    assert_eq!((files.missing, files.extra), (25, 19));
}

#[test]
fn no_history_and_no_list_of_the_samples_is_left_out() {
    let Some(samples) = samples() else { return };
    let (mut histories, mut lists) = (BTreeSet::new(), BTreeSet::new());
    let mut todo = vec![samples.clone()];
    while let Some(folder) = todo.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let place = entry.unwrap().path();
            let name = place.strip_prefix(&samples).unwrap().to_str().unwrap().to_owned();
            if name.ends_with("/ascmhl") {
                histories.insert(name.trim_end_matches("/ascmhl").to_owned());
            } else if place.is_dir() {
                todo.push(place);
            } else if place.extension().is_some_and(|extension| extension == "mhl") {
                lists.insert(name);
            }
        }
    }
    assert_eq!(histories, HISTORIES.map(|(name, ..)| name.to_owned()).into());
    let known = MANIFESTS.map(|(name, _)| name.to_owned()).into_iter();
    let known: BTreeSet<_> = known.chain(LISTS.map(|(name, ..)| format!("legacy/{name}"))).collect();
    assert_eq!(lists, known);
}
