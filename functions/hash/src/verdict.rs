//! What digests and sizes say of a file. Pure.

use std::collections::BTreeMap;

use platefleet_fleet::state::{Expected, FileRow, Finding, Observed, Verdict};
use platefleet_media::hash::Algorithm;

/// A verdict that needs no bytes: the size is wrong, or the manifest gives nothing to compare with.
pub(crate) fn without_reading(file: &FileRow, expected: &Expected, observed: &Observed, at_ms: u64) -> Option<Verdict> {
    let finding = match expected.size {
        Some(size) if size != observed.size => Finding::new(
            "size-mismatch",
            file.path.as_str(),
            format!("has {} bytes, and its manifest says {size}: upload it again", observed.size),
        ),
        _ if !expected.hashes.keys().any(|name| Algorithm::parse(name).is_some()) => Finding::new(
            "malformed",
            file.path.as_str(),
            "its manifest gives no hash that could be checked: seal it again",
        ),
        _ => return None,
    };
    Some(Verdict { verified: false, how: "size".into(), finding: Some(finding), digests: BTreeMap::new(), at_ms })
}

/// The verdict from these digests, which are of algorithms that the manifest has.
pub(crate) fn of_digests(
    file: &FileRow,
    expected: &Expected,
    digests: BTreeMap<String, String>,
    how: &str,
    at_ms: u64,
) -> Verdict {
    let wrong = digests.iter().find_map(|(algorithm, found)| {
        let wanted = expected.hashes.get(algorithm)?;
        (wanted != found)
            .then(|| format!("its {algorithm} is {found}, and its manifest says {wanted}: upload it again"))
    });
    let finding = wrong.map(|detail| Finding::new("mismatch", file.path.as_str(), detail));
    Verdict { verified: finding.is_none() && !digests.is_empty(), how: how.into(), finding, digests, at_ms }
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
        Expected { size: Some(3), hashes, generation: 1 }
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
}
