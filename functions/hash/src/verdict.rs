//! What digests and sizes say of a file. Pure.

use std::collections::BTreeMap;

use platefleet_fleet::state::{Expected, FileRow, Finding, Observed, Verdict};
use platefleet_media::hash::Algorithm;

/// A verdict that needs no bytes: the size is wrong, or the manifest gives nothing to compare with, on purpose or not.
pub(crate) fn without_reading(file: &FileRow, expected: &Expected, observed: &Observed, at_ms: u64) -> Option<Verdict> {
    let finding = match expected.size {
        Some(size) if size != observed.size => Finding::new(
            "size-mismatch",
            file.path.as_str(),
            format!("has {} bytes, and its manifest says {size}: upload it again", observed.size),
        ),
        _ if expected.unhashed && expected.algorithms().is_empty() => {
            return Some(Verdict {
                verified: true,
                how: "size".into(),
                finding: None,
                digests: BTreeMap::new(),
                at_ms,
            });
        }
        _ if !expected.sets().all(|set| set.keys().any(|name| Algorithm::parse(name).is_some())) => Finding::new(
            "malformed",
            file.path.as_str(),
            "its manifest gives no hash that could be checked: seal it again",
        ),
        _ => return None,
    };
    Some(Verdict { verified: false, how: "size".into(), finding: Some(finding), digests: BTreeMap::new(), at_ms })
}

/// The verdict from these digests. What they are compared with: every set that the file has to match.
pub(crate) fn of_digests(
    file: &FileRow,
    expected: &Expected,
    digests: BTreeMap<String, String>,
    how: &str,
    at_ms: u64,
) -> Verdict {
    let wrong = expected.sets().enumerate().find_map(|(rank, set)| {
        let differs = |(algorithm, found): (&String, &String)| {
            let wanted = set.get(algorithm).filter(|wanted| *wanted != found)?;
            let who = if rank == 0 { "its manifest says" } else { "an independent generation of its history says" };
            Some(format!("its {algorithm} is {found}, and {who} {wanted}: upload it again"))
        };
        digests.iter().find_map(differs)
    });
    let verified = wrong.is_none() && covers(expected, &digests);
    let finding = wrong.map(|detail| Finding::new("mismatch", file.path.as_str(), detail));
    Verdict { verified, how: how.into(), finding, digests, at_ms }
}

/// True when every set that the file has to match has a digest among these.
fn covers(expected: &Expected, digests: &BTreeMap<String, String>) -> bool {
    expected.sets().all(|set| set.keys().any(|algorithm| digests.contains_key(algorithm)))
}

/// The verdict from the checksums that the store vouches for: one that differs is enough to fail the file, and to verify it
/// each set needs one. `None` when its bytes have to be read.
pub(crate) fn of_stored(
    file: &FileRow,
    expected: &Expected,
    vouched: BTreeMap<String, String>,
    at_ms: u64,
) -> Option<Verdict> {
    let wanted = expected.algorithms();
    let vouched = vouched.into_iter().filter(|(algorithm, _)| wanted.contains(algorithm)).collect();
    let verdict = of_digests(file, expected, vouched, "stored-checksum", at_ms);
    (verdict.verified || verdict.finding.is_some()).then_some(verdict)
}

#[cfg(test)]
mod tests {
    use super::*;
    use platefleet_fleet::id::RollId;
    use platefleet_media::path::RelativePath;

    fn file() -> FileRow {
        FileRow::new(RollId::parse("p/A001").unwrap(), RelativePath::new("a.dng").unwrap(), "a.dng".into())
    }
    fn expected(hashes: &[(&str, &str)]) -> Expected {
        let hashes = hashes.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        Expected { size: Some(3), hashes, generation: 1, rivals: Vec::new(), unhashed: false }
    }
    fn digests(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn a_wrong_size_fails_before_a_byte_is_read() {
        let seen = Observed { etag: "e".into(), size: 4 };
        let verdict = without_reading(&file(), &expected(&[("md5", "x")]), &seen, 9).unwrap();
        assert_eq!((verdict.verified, verdict.how.as_str(), verdict.at_ms), (false, "size", 9));
        assert_eq!(verdict.finding.unwrap().kind, "size-mismatch");
        let right = Observed { etag: "e".into(), size: 3 };
        assert!(without_reading(&file(), &expected(&[("md5", "x")]), &right, 9).is_none());
        assert_eq!(without_reading(&file(), &expected(&[]), &right, 9).unwrap().finding.unwrap().kind, "malformed");
        let unhashed = Expected { unhashed: true, ..expected(&[]) };
        assert!(without_reading(&file(), &unhashed, &right, 9).unwrap().verified, "the list has no digest on purpose");
        assert!(!without_reading(&file(), &unhashed, &seen, 9).unwrap().verified);
    }

    #[test]
    fn one_digest_that_differs_fails_the_file() {
        let wanted = expected(&[("md5", "m"), ("xxh64", "x")]);
        assert!(of_digests(&file(), &wanted, digests(&[("md5", "m"), ("xxh64", "x")]), "streamed", 1).verified);
        let verdict = of_digests(&file(), &wanted, digests(&[("md5", "m"), ("xxh64", "y")]), "streamed", 1);
        let finding = verdict.finding.unwrap();
        assert_eq!((verdict.verified, finding.kind.as_str()), (false, "mismatch"));
        assert_eq!(finding.detail, "its xxh64 is y, and its manifest says x: upload it again");
        assert!(
            !of_digests(&file(), &wanted, digests(&[]), "streamed", 1).verified,
            "nothing compared is nothing verified"
        );
    }

    #[test]
    fn a_file_has_to_match_every_independent_generation() {
        let wanted = Expected {
            rivals: vec![digests(&[("xxh64", "x")]), digests(&[("md5", "n")])],
            ..expected(&[("md5", "m")])
        };
        let verdict = of_digests(&file(), &wanted, digests(&[("md5", "m"), ("xxh64", "x")]), "streamed", 1);
        let finding = verdict.finding.unwrap();
        assert_eq!((verdict.verified, finding.kind.as_str(), finding.path.as_str()), (false, "mismatch", "a.dng"));
        let detail = "its md5 is m, and an independent generation of its history says n: upload it again";
        assert_eq!(finding.detail, detail);
        let wanted = Expected { rivals: vec![digests(&[("xxh64", "x")])], ..expected(&[("md5", "m")]) };
        assert!(of_digests(&file(), &wanted, digests(&[("md5", "m"), ("xxh64", "x")]), "streamed", 1).verified);
    }

    #[test]
    fn the_stores_word_counts_when_it_covers_every_set_or_contradicts_one() {
        let wanted = Expected { rivals: vec![digests(&[("xxh64", "x")])], ..expected(&[("md5", "m"), ("sha1", "s")]) };
        let of = |vouched: &[(&str, &str)]| of_stored(&file(), &wanted, digests(vouched), 1);
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[("md5", "m")]), None, "nobody has spoken for the rival");
        assert_eq!(of(&[("sha256", "other")]), None, "nobody asked for it");
        let verdict = of(&[("md5", "m"), ("xxh64", "x"), ("sha256", "other")]).unwrap();
        assert_eq!((verdict.verified, verdict.how.as_str()), (true, "stored-checksum"));
        assert_eq!(verdict.digests, digests(&[("md5", "m"), ("xxh64", "x")]), "what was compared, and nothing else");
        assert!(!of(&[("md5", "other")]).unwrap().verified);
    }
}
