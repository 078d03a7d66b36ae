//! Lists as the standard and the tools of the field write them, and as nobody should.
//!
//! The bytes behind every digest here are `abc`. Its digests are those of `testdata/hash/hashes.json`; 852579327 is 0x32d153ff.

use proptest::prelude::*;

use super::*;
use crate::mhl::FindingKind;

const MD5: &str = "900150983cd24fb0d6963f7d28e17f72";
const SHA1: &str = "a9993e364706816aba3e25717850c26c9cd0d89d";
const SHA256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const XXH64: &str = "44bc2cf5ad770999";
const C4: &str = "c45S4rnaTNWonxss1u8LzsaJdEph1AJhWUF4sh2waXKMsutyfAxg4ybUeuXVWS9HdNcEypmeXn8FZGonD4w1rj9DZp";

fn parse(text: &str) -> LegacyList {
    LegacyList::parse("A001.mhl", text.as_bytes()).unwrap()
}

/// A list of these records.
fn list(records: &str) -> LegacyList {
    parse(&format!("<hashlist version=\"1.1\">\n{records}</hashlist>"))
}

fn record(path: &str) -> String {
    format!("<hash><file>{path}</file><size>3</size><md5>{MD5}</md5></hash>\n")
}

fn problems(list: &LegacyList) -> Vec<(FindingKind, &str)> {
    assert!(list.problems.iter().all(|problem| problem.path == "A001.mhl"));
    list.problems.iter().map(|problem| (problem.kind, problem.detail.as_str())).collect()
}

fn paths(list: &LegacyList) -> Vec<&str> {
    list.files.iter().map(|file| file.path.as_str()).collect()
}

#[test]
fn every_form_of_digest_becomes_the_text_of_its_algorithm() {
    for (element, algorithm, text) in [
        (format!("<md5>{MD5}</md5>"), Algorithm::Md5, MD5),
        (format!("<md5 bit=\"128\" encoding=\"hex\">{}</md5>", MD5.to_uppercase()), Algorithm::Md5, MD5),
        (format!("<sha1>{}</sha1>", SHA1.to_uppercase()), Algorithm::Sha1, SHA1),
        ("<xxhash>0852579327</xxhash>".to_owned(), Algorithm::Xxh32, "32d153ff"),
        ("<xxhash>852579327</xxhash>".to_owned(), Algorithm::Xxh32, "32d153ff"),
        ("<xxhash>4294967295</xxhash>".to_owned(), Algorithm::Xxh32, "ffffffff"),
        ("<xxhash64>990977ADF52CBC44</xxhash64>".to_owned(), Algorithm::Xxh64, XXH64),
        (format!("<xxhash64be>\n {XXH64}\n</xxhash64be>"), Algorithm::Xxh64, XXH64),
        // Imagine Products: "MHL relies on the common checksum algorithms xxHash, MD5, C4 and SHA-1".
        (format!("<c4>{C4}</c4>"), Algorithm::C4, C4),
        // The clone tool of DaVinci Resolve writes lists with the algorithm that was chosen, SHA-256 among them.
        (format!("<sha256>{SHA256}</sha256>"), Algorithm::Sha256, SHA256),
    ] {
        let list = list(&format!("<hash><file>a.mov</file><size>3</size>{element}</hash>"));
        assert_eq!(list.problems, [], "{element}");
        let expected = &list.expectations()[&list.files[0].path];
        assert_eq!((expected.size, &expected.hashes), (Some(3), &[(algorithm, text.to_owned())].into()), "{element}");
    }
}

#[test]
fn a_text_that_is_no_digest_of_its_element_is_a_finding_and_the_others_count() {
    for (element, detail) in [
        ("<md5>9001</md5>".to_owned(), "line 2: `a`: `9001` is no md5 digest"),
        (
            "<xxhash>32d153ff</xxhash>".to_owned(),
            "line 2: `a`: `32d153ff` is no xxhash digest (the standard wants a decimal number)",
        ),
        (
            "<xxhash>4294967296</xxhash>".to_owned(),
            "line 2: `a`: `4294967296` is no xxhash digest (the standard wants a decimal number)",
        ),
        (
            "<xxhash>+852579327</xxhash>".to_owned(),
            "line 2: `a`: `+852579327` is no xxhash digest (the standard wants a decimal number)",
        ),
        ("<xxhash64>990977adf52cbc4</xxhash64>".to_owned(), "line 2: `a`: `990977adf52cbc4` is no xxhash64 digest"),
        (
            format!("<md5 encoding=\"base64\">{MD5}</md5>"),
            "line 2: `a`: `900150983cd24fb0d6963f7d28e17f72` is no md5 digest in hexadecimal digits",
        ),
    ] {
        let list = list(&format!("<hash><file>a</file>{element}<sha1>{SHA1}</sha1></hash>"));
        assert_eq!(problems(&list), [(FindingKind::Malformed, detail)]);
        assert_eq!(list.files[0].digests, [(LegacyFormat::Sha1, SHA1.to_owned())].into());
    }
}

#[test]
fn several_digests_of_a_file_are_all_kept_and_two_that_contradict_are_a_finding() {
    let all = format!("<xxhash64be>{XXH64}</xxhash64be><xxhash64>990977adf52cbc44</xxhash64><md5>{MD5}</md5>");
    let good = list(&format!("<hash>{all}<file>a</file></hash>"));
    assert_eq!((good.files[0].digests.len(), good.problems.len()), (3, 0));
    let bad = list(&format!("<hash><file>a</file><xxhash64>{XXH64}</xxhash64><xxhash64be>{XXH64}</xxhash64be></hash>"));
    let detail = "line 2: `a`: xxhash64 and xxhash64be are not of the same bytes";
    assert_eq!(problems(&bad), [(FindingKind::Malformed, detail)]);
    let twice = list(&format!("<hash><file>a</file><sha1>{SHA1}</sha1><sha1>{}</sha1></hash>", "0".repeat(40)));
    assert_eq!(problems(&twice), [(FindingKind::Malformed, "line 2: `a` has two different sha1")]);
}

#[test]
fn no_digest_at_all_is_a_finding_unless_it_is_said_with_null() {
    let null = list("<hash><file>a</file><size>0</size><null></null></hash><hash><file>b</file><null/></hash>");
    assert_eq!(null.problems, []);
    assert_eq!((null.files[0].size, null.files[1].size), (Some(0), None));
    assert!(null.files.iter().all(|file| file.is_null && file.digests.is_empty()));
    let none = list("<hash><file>a</file><size>3</size><sha512>00</sha512><note>x</note></hash>");
    let detail = "line 2: `a` has no digest that we know but sha512, note; known are md5, sha1, xxhash, xxhash64, \
                  xxhash64be, c4, sha256";
    assert_eq!(problems(&none), [(FindingKind::Malformed, detail)]);
    assert!(!none.files[0].is_null);
}

#[test]
fn paths_of_windows_tools_are_read_and_none_leaves_the_folder() {
    let kept = "Clips\\sub\\100% a &amp; b.mov";
    let good =
        list(&[kept, "./a.mov", ".\\b.mov", " c .mov", "<![CDATA[d&e]]>", "\n    f.mov\n  "].map(record).concat());
    assert_eq!(good.problems, []);
    assert_eq!(paths(&good), ["Clips/sub/100% a & b.mov", "a.mov", "b.mov", " c .mov", "d&e", "f.mov"]);
    for (path, why) in [
        ("../A002/a.mov", "path `../A002/a.mov` leaves its root"),
        ("Clips\\..\\..\\a.mov", "path `Clips/../../a.mov` leaves its root"),
        (".\\..\\a.mov", "path `../a.mov` leaves its root"),
        // Kocard lists begin so: relative to the list is meant, but any file of the machine is said.
        ("/DCIM/clip.mov", "path `/DCIM/clip.mov` is absolute"),
        (".//etc/passwd", "path `/etc/passwd` is absolute"),
        ("C:\\A001\\a.mov", "path `C:/A001/a.mov` has a drive letter"),
        ("\\\\server\\share\\a.mov", "path `//server/share/a.mov` is absolute"),
        ("a&#9;b", "path `a\\tb` contains a control character"),
        ("", "path `` is empty"),
        ("./", "path `` is empty"),
    ] {
        let bad = list(&(record(path) + &record("good")));
        assert_eq!(problems(&bad), [(FindingKind::UnsafePath, format!("line 2: {why}").as_str())]);
        assert_eq!(paths(&bad), ["good"]);
    }
    assert_eq!(problems(&list(&record(&"x".repeat(1001))))[0].0, FindingKind::UnsafePath);
}

#[test]
fn a_file_listed_twice_is_one_file_when_both_say_the_same() {
    let again = format!("<hash><file>.\\a</file><md5>{MD5}</md5><sha1>{SHA1}</sha1></hash>");
    let same = list(&(record("a") + &record("b") + &again));
    assert_eq!((problems(&same), paths(&same)), (vec![], vec!["a", "b"]));
    assert_eq!((same.files[0].size, same.files[0].digests.len()), (Some(3), 2));
    for other in [
        format!("<hash><file>a</file><md5>{}</md5></hash>", "0".repeat(32)),
        format!("<hash><file>a</file><size>4</size><md5>{MD5}</md5></hash>"),
    ] {
        let differs = list(&(record("a") + &other));
        let detail = "line 3: `a` is listed twice, and not as in line 2";
        assert_eq!(problems(&differs), [(FindingKind::Malformed, detail)]);
        assert_eq!(differs.files[0].digests[&LegacyFormat::Md5], MD5);
    }
}

#[test]
fn a_size_is_a_number_of_bytes_or_a_finding() {
    let large = list(&format!("<hash><file>a</file><size> 15758019120 </size><md5>{MD5}</md5></hash>"));
    assert_eq!((large.files[0].size, large.problems.len()), (Some(15_758_019_120), 0));
    for size in ["-1", "1.5 GB", "", "99999999999999999999"] {
        let bad = list(&format!("<hash><file>a</file><size>{size}</size><md5>{MD5}</md5></hash>"));
        let detail = format!("line 2: `a` has the size `{size}`");
        assert_eq!(problems(&bad), [(FindingKind::Malformed, detail.as_str())]);
        assert_eq!((bad.files[0].size, bad.files[0].digests.len()), (None, 1));
    }
}

#[test]
fn creator_dates_and_references_are_kept_in_any_order_and_the_unknown_is_skipped() {
    // The schema is a choice: everything may come in any order. 1.1 has `log`; `creationdate` and `source` are seen too.
    let list = parse(&format!(
        "<?xml version=\"1.0\"?>
<hashlist version=\"1.1\">
<hash referencehhashlist=\"yes\"><hashdate>2016-04-18T14:47:22Z</hashdate><md5>{MD5}</md5><file>A002/A002.mhl</file></hash>
<creationdate>2016-04-18T14:47:22Z</creationdate>
<vendor xmlns=\"urn:x\"><hash><file>no</file></hash></vendor><hash xmlns=\"urn:x\"><file>no</file></hash>
<creatorinfo><log>done</log><source>A001</source><tool>mhl ver. 0.2.32</tool><finishdate>2012-12-01 18-34-54</finishdate>
<startdate>2012-12-01 18-34-53</startdate><hostname>cart</hostname><username>anna</username><name>Anna,,,</name></creatorinfo>
<hash referencehhashlist=\"false\"><extra>1</extra><md5>{MD5}</md5><lastmodificationdate>2012-11-19 18-36-14</lastmodificationdate>
<creationdate>2012-11-18 18-36-14</creationdate><size>3</size><file>a</file></hash></hashlist>"
    ));
    assert_eq!((problems(&list), paths(&list)), (vec![], vec!["A002/A002.mhl", "a"]));
    let creator = &list.creator;
    assert_eq!(
        (creator.name.as_str(), creator.username.as_str(), creator.hostname.as_str()),
        ("Anna,,,", "anna", "cart")
    );
    assert_eq!((creator.tool.as_str(), creator.log.as_deref()), ("mhl ver. 0.2.32", Some("done")));
    assert_eq!((creator.started.as_str(), creator.finished.as_str()), ("2012-12-01 18-34-53", "2012-12-01 18-34-54"));
    assert_eq!(list.files.iter().map(|file| file.is_reference_list).collect::<Vec<_>>(), [true, false]);
    assert_eq!(list.files[0].hashed.as_deref(), Some("2016-04-18T14:47:22Z"));
    assert_eq!(list.files[1].created.as_deref(), Some("2012-11-18 18-36-14"));
    assert_eq!(list.files[1].modified.as_deref(), Some("2012-11-19 18-36-14"));
}

#[test]
fn lists_of_field_tools_read_as_they_are_meant() {
    // o/COPY 2018: single quotes, and the digest before the date, which mhl-tool itself trips over (ottomatic-io/ocopy #35).
    // ShotPut Pro: 1.1, only a tool and dates without a zone, no date of the file (seen in lists quoted by others).
    // YoYotta: XXH64 as `xxhash64be` ("the xxHash64be which is a 64bit big endian algorithm", its manual on verification).
    let record =
        format!("<xxhash64be>{XXH64}</xxhash64be><lastmodificationdate>2018-01-05T21:26:59Z</lastmodificationdate>");
    for text in [
        format!(
            "<?xml version='1.0' encoding='utf-8'?>\n  <hashlist version=\"1.0\">\n    <creatorinfo><tool>o/COPY</tool></creatorinfo>
            <hash><file>Card/a.mxf</file><size>3</size>{record}<hashdate>2018-01-07T21:31:52Z</hashdate></hash></hashlist>"
        ),
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><hashlist version=\"1.1\"><creatorinfo><tool>ShotPutPro</tool>
            <startdate>2026-01-01T00:00:00</startdate><finishdate>2026-01-01T00:05:00</finishdate></creatorinfo>
            <hash><file>Card/a.mxf</file><size>3</size><xxhash64be>{XXH64}</xxhash64be></hash></hashlist>"
        ),
        format!("<hashlist><hash><file>Card/a.mxf</file><size>3</size><xxhash64be>{XXH64}</xxhash64be></hash></hashlist>"),
        // Kocard: neither declaration nor creator, XXH32 not padded.
        "<hashlist version=\"1.1\"><hash><file>Card/a.mxf</file><size>3</size><xxhash>852579327</xxhash></hash></hashlist>"
            .to_owned(),
    ] {
        let list = parse(&text);
        assert_eq!((problems(&list), paths(&list)), (vec![], vec!["Card/a.mxf"]), "{text}");
        let digest = list.files[0].digests.iter().next().unwrap();
        assert!([XXH64, "32d153ff"].contains(&digest.1.as_str()), "{text}");
    }
}

#[test]
fn other_documents_and_hostile_ones_are_refused() {
    let refused = |text: &str| LegacyList::parse("x.mhl", text.as_bytes()).unwrap_err();
    for (text, kind, message) in [
        ("", "invalid", "x.mhl: line 1: holds no XML element"),
        ("<html/>", "invalid", "x.mhl: line 1: begins with `html`, not with `hashlist` of no namespace"),
        (
            "<hashlist version=\"2.0\" xmlns=\"urn:ASC:MHL:v2.0\"/>",
            "invalid",
            "x.mhl: line 1: begins with `hashlist`, not with `hashlist` of no namespace",
        ),
        ("<hashlist version=\"2.0\"/>", "unsupported", "x.mhl: hash list version `2.0` is not supported"),
        (
            "<!DOCTYPE hashlist [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]>\n<hashlist version=\"1.1\">&b;</hashlist>",
            "invalid",
            "x.mhl: line 1: has a DOCTYPE, which is refused",
        ),
        (
            "<hashlist>\n<hash><file>&lol;</file></hash></hashlist>",
            "invalid",
            "x.mhl: line 2: the entity `&lol;` is not known",
        ),
        (
            "<?xml version='1.0' encoding='EBCDIC'?><hashlist/>",
            "unsupported",
            "x.mhl: the text encoding EBCDIC is not supported",
        ),
    ] {
        let error = refused(text);
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, message));
    }
    let deep = format!("<hashlist><hash>{}", "<a>".repeat(100));
    assert!(refused(&deep).to_string().contains("nests more than 64 elements"), "{}", refused(&deep));
    let long = vec![b' '; MAX_LIST_BYTES + 1];
    assert!(LegacyList::parse("x.mhl", &long).unwrap_err().to_string().contains("the limit is"));
    assert_eq!(problems(&list("")), [(FindingKind::Malformed, "lists no file")]);
}

#[test]
fn a_list_cut_at_any_byte_is_an_error_and_never_a_shorter_list() {
    let whole = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<hashlist version=\"1.1\"><creatorinfo><tool>t</tool></creatorinfo>\n{}{}</hashlist>",
        record("a &amp; é.mov"),
        record("b")
    );
    assert_eq!(parse(&whole).files.len(), 2);
    for length in 0..whole.len() {
        assert_eq!(LegacyList::parse("x", &whole.as_bytes()[..length]).unwrap_err().kind(), "invalid", "{length}");
    }
}

#[test]
fn a_thousand_problems_are_said_and_no_more() {
    let list = list(&record("../x").repeat(1500));
    assert_eq!(list.problems.len(), 1001);
    assert_eq!(list.problems[1000].detail, "and more of that kind");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), start in 0usize..6) {
        let starts: [&[u8]; 6] = [b"", b"<hashlist>", b"\xFF\xFE<\0", b"\0\0\xFE\xFF", b"<?xml encoding='euc-jp'?><hashlist>", b"<\0\0\0"];
        let _ = LegacyList::parse("x", &[starts[start], &bytes].concat());
    }

    #[test]
    fn whatever_is_listed_stays_below_the_folder(path in "[./\\\\a:C ]{0,12}") {
        let list = list(&record(&path));
        prop_assert_eq!(list.files.len() + list.problems.len(), 1);
        for file in &list.files {
            prop_assert!(file.path.as_str().split('/').all(|part| !["", ".", ".."].contains(&part)));
        }
    }

    #[test]
    fn any_xxh32_reads_back_from_its_decimal_form_and_any_xxh64_from_its_bytes_reversed(small: u32, large: u64) {
        let (padded, plain) = (format!("{small:010}"), small.to_string());
        prop_assert_eq!(LegacyFormat::Xxhash.normalise(&padded), Some(format!("{small:08x}")));
        prop_assert_eq!(LegacyFormat::Xxhash.normalise(&plain), Some(format!("{small:08x}")));
        let reversed = format!("{:016X}", large.swap_bytes());
        prop_assert_eq!(LegacyFormat::Xxhash64.normalise(&reversed), Some(format!("{large:016x}")));
    }
}
