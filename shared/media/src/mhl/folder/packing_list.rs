//! Verifying a folder against a packing list: one manifest from elsewhere, that no chain vouches for.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    path::Path,
};

use super::{
    Report, Watch,
    legacy::look,
    scan::{Found, failed, scan},
    verify::verify_against,
};
use crate::{
    error::Result,
    mhl::{Action, Expectation, Finding, FindingKind, Ignore, ManifestReader, Record},
    path::RelativePath,
    source,
};

/// Verifies a folder against a packing list, such as [`super::flatten`] writes. Histories in the folder are not asked, except
/// for what they leave out. A file that a record of the list calls renamed is right; one that moved since is not.
///
/// # Errors
/// [`Error::Invalid`] when the list as a whole cannot be used, [`Error::Io`] when something cannot be read or the watcher
/// stops it. All that is wrong with the data, or with single records of the list, is in the report.
pub fn verify_packing_list(root: &Path, list: &Path, watch: &dyn Watch) -> Result<Report> {
    let List { expected, ignore, problems } = List::read(list)?;
    let mut disk = scan(root, None)?;
    disk.findings.retain(|finding| !hides(&ignore, &finding.path));
    disk.findings.extend(problems);
    // The list itself may stand in the folder.
    let own = list.canonicalize().map_err(failed(list))?;
    let is_own = |file: &Found| {
        own.file_name().is_some_and(|name| name == file.path.file_name())
            && file.place(root).canonicalize().is_ok_and(|place| place == own)
    };
    disk.files
        .retain(|file| expected.contains_key(&file.path) || !ignore.is_ignored(&file.path, false) && !is_own(file));
    // What the list asks for is looked for, whatever a history here leaves out.
    let is_there: BTreeSet<RelativePath> = disk.files.iter().map(|file| file.path.clone()).collect();
    for path in expected.keys().filter(|path| !is_there.contains(*path)) {
        disk.files.extend(look(root, path)?);
    }
    disk.files.sort_by(|a, b| a.path.cmp(&b.path));
    verify_against(root, disk, &expected, "the list", watch)
}

/// What a packing list says.
struct List {
    /// Of each file, every format that did not fail.
    expected: BTreeMap<RelativePath, Expectation>,
    ignore: Ignore,
    /// Records that cannot be used.
    problems: Vec<Finding>,
}

impl List {
    fn read(list: &Path) -> Result<Self> {
        let shown = list.display().to_string();
        let source = source::File::open(list)?;
        let mut reader = ManifestReader::open(&source)?;
        let mut expected = BTreeMap::new();
        let mut repeated = Vec::new();
        while let Some(record) = reader.next_record()? {
            let Record::File(file) = record else { continue };
            match expected.entry(file.path) {
                Entry::Occupied(known) => {
                    let detail = format!("line {}: `{}` is listed twice", reader.line(), known.key());
                    repeated.push(Finding::new(FindingKind::Malformed, shown.as_str(), detail));
                }
                Entry::Vacant(new) => {
                    let good = file.hashes.into_iter().filter(|(_, entry)| entry.action != Some(Action::Failed));
                    let hashes = good.map(|(algorithm, entry)| (algorithm, entry.text)).collect();
                    let (size, previous) = (file.size, file.previous);
                    new.insert(Expectation { size, hashes, generation: 1, previous, ..Expectation::default() });
                }
            }
        }
        let mut head = reader.finish()?;
        head.problems.append(&mut repeated);
        let ignore = Ignore::new(head.ignore.iter().map(String::as_str));
        Ok(Self { expected, ignore, problems: head.problems })
    }
}

fn hides(ignore: &Ignore, path: &str) -> bool {
    RelativePath::new(path).is_ok_and(|path| ignore.is_ignored(&path, false))
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use super::*;
    use crate::mhl::{
        FileRecord, Manifest, Stamp,
        folder::{SealOptions, Unwatched, Verdict, flatten, seal},
    };

    fn stamp(second: u32) -> Stamp {
        Stamp { created: format!("2026-11-22T10:57:{second:02}Z"), ..Stamp::default() }
    }

    /// `Reels` with a nested history `A001`, and the list of both.
    fn listed() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let keep = tempfile::tempdir().unwrap();
        let (root, list) = (keep.path().join("Reels"), keep.path().join("list.mhl"));
        fs::create_dir_all(root.join("A001/Clips")).unwrap();
        for (name, bytes) in [("A001/Clips/a.mov", "aaaa"), ("A001/b.mov", "bbb"), ("notes.txt", "n"), ("zero", "")] {
            fs::write(root.join(name), bytes).unwrap();
        }
        for (root, second) in [(root.join("A001"), 1), (root.clone(), 2)] {
            seal(&root, &SealOptions { hashes: Vec::new(), stamp: stamp(second) }, &Unwatched).unwrap();
        }
        let report = flatten(&root, &list, &stamp(3)).unwrap();
        assert_eq!((report.files, report.bytes, report.histories), (4, 8, 2));
        (keep, root, list)
    }

    fn found(root: &Path, list: &Path) -> Vec<(FindingKind, String)> {
        let report = verify_packing_list(root, list, &Unwatched).unwrap();
        report.findings.into_iter().map(|finding| (finding.kind, finding.path)).collect()
    }

    #[test]
    fn a_copy_without_its_histories_is_checked_and_every_damage_has_its_name() {
        let (_keep, root, list) = listed();
        for folder in ["ascmhl", "A001/ascmhl"] {
            fs::remove_dir_all(root.join(folder)).unwrap();
        }
        let report = verify_packing_list(&root, &list, &Unwatched).unwrap();
        assert_eq!((report.verdict, report.files.expected, report.files.verified), (Verdict::Verified, 4, 4));
        assert_eq!((report.bytes, report.findings), (8, vec![]));
        fs::write(root.join("A001/Clips/a.mov"), "aaax").unwrap();
        fs::write(root.join("notes.txt"), "longer").unwrap();
        fs::rename(root.join("A001/b.mov"), root.join("A001/c.mov")).unwrap();
        fs::remove_file(root.join("zero")).unwrap();
        fs::write(root.join("new"), "n").unwrap();
        let expected = [
            (FindingKind::Mismatch, "A001/Clips/a.mov"),
            (FindingKind::Renamed, "A001/c.mov"),
            (FindingKind::Extra, "new"),
            (FindingKind::SizeMismatch, "notes.txt"),
            (FindingKind::Missing, "zero"),
        ];
        assert_eq!(found(&root, &list), expected.map(|(kind, path)| (kind, path.to_owned())));
    }

    #[test]
    fn a_renamed_file_that_the_list_knows_as_such_is_right() {
        let (keep, root, _) = listed();
        fs::rename(root.join("A001/b.mov"), root.join("A001/c.mov")).unwrap();
        seal(&root, &SealOptions { hashes: Vec::new(), stamp: stamp(4) }, &Unwatched).unwrap();
        let list = keep.path().join("second.mhl");
        flatten(&root, &list, &stamp(5)).unwrap();
        let report = verify_packing_list(&root, &list, &Unwatched).unwrap();
        assert_eq!((report.verdict, report.files.verified, report.files.renamed), (Verdict::Verified, 4, 1));
        assert_eq!(report.findings[0].detail, "was `A001/b.mov`, as the list records");
    }

    #[test]
    fn a_list_in_the_folder_is_not_extra_and_records_that_cannot_be_used_are_findings() {
        let (_keep, root, list) = listed();
        let inside = root.join("list.mhl");
        fs::copy(&list, &inside).unwrap();
        assert_eq!(found(&root, &inside), []);
        let text = fs::read_to_string(&list).unwrap().replace(">notes.txt<", ">../notes.txt<");
        fs::write(&list, text).unwrap();
        fs::remove_file(&inside).unwrap();
        let found: Vec<_> = found(&root, &list).into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(found, [FindingKind::UnsafePath, FindingKind::Extra]);
    }

    #[test]
    fn a_list_is_never_written_over_anything_or_into_a_history_or_from_a_damaged_one() {
        let (keep, root, list) = listed();
        let refused = |out: &Path| flatten(&root, out, &stamp(6)).unwrap_err().to_string();
        assert!(refused(&list).ends_with("is there already; choose another name"));
        assert!(refused(&root.join("A001/ascmhl/0003_x.mhl")).contains("belongs to no history"));
        fs::write(root.join("A001/ascmhl/0003_A001_2026-11-22_110000Z.mhl"), "<hashlist/>").unwrap();
        let out = keep.path().join("other.mhl");
        assert!(refused(&out).contains("manifest-unlisted: A001/ascmhl/0003_A001"), "{}", refused(&out));
        assert!(!out.exists());
        let none = flatten(&root.join("A001/Clips"), &out, &stamp(7)).unwrap_err().to_string();
        assert!(none.ends_with("there is no ASC MHL history"), "{none}");
    }

    /// The list that the reference tool made of the same histories (`samples/README.md`).
    #[test]
    fn our_list_of_published_histories_is_that_of_the_reference() {
        let default = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
        let samples = std::env::var_os("PLATEFLEET_REFERENCE").map_or_else(default, PathBuf::from);
        let samples = samples.join("samples/mhl/histories");
        if !samples.exists() {
            println!("SKIPPED: {} is not there (PLATEFLEET_REFERENCE)", samples.display());
            return;
        }
        let keep = tempfile::tempdir().unwrap();
        let out = keep.path().join("list.mhl");
        flatten(&samples.join("Reels"), &out, &stamp(1)).unwrap();
        let read = |place: &Path| Manifest::parse("list", &fs::read(place).unwrap()).unwrap();
        let theirs = samples.join("flat/packinglist_Reels_2026-11-22_105822Z.mhl");
        let (ours, theirs) = (read(&out), read(&theirs));
        let records = |list: &Manifest| {
            let one = |file: &FileRecord| (file.path.clone(), (file.size, file.hashes.clone(), file.previous.clone()));
            list.files.iter().map(one).collect::<BTreeMap<_, _>>()
        };
        assert_eq!((records(&ours), &ours.ignore, ours.process), (records(&theirs), &theirs.ignore, theirs.process));
        assert_eq!(ours.files.len(), 3);
        assert_eq!(found(&samples.join("Reels"), &samples.join("flat/packinglist_Reels_2026-11-22_105822Z.mhl")), []);
    }
}
