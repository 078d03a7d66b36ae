//! Reading and writing manifests.

use proptest::prelude::*;

use super::*;
use crate::{hash::Algorithm, mhl::FindingKind};

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<hashlist version="2.0" xmlns="urn:ASC:MHL:v2.0">
<creatorinfo><creationdate>2026-11-22T10:57:40+00:00</creationdate><hostname>vm</hostname><tool version="1.2">t</tool></creatorinfo>
<processinfo><process>in-place</process></processinfo>
<hashes>
"#;
const TAIL: &str = "</hashes></hashlist>";

fn manifest(records: &str) -> Manifest {
    Manifest::parse("0001_x.mhl", format!("{HEAD}{records}{TAIL}").as_bytes()).unwrap()
}

fn refused(document: &str) -> String {
    Manifest::parse("0001_x.mhl", document.as_bytes()).unwrap_err().to_string()
}

#[test]
fn a_path_that_climbs_out_of_the_roll_is_a_finding_and_the_other_records_stand() {
    let read = manifest(
        "<hash><path size=\"5\">../A002/x.ari</path><xxh64 action=\"original\">0ea03b369a463d9d</xxh64></hash>\n\
         <hash><path size=\"5\">y.ari</path><xxh64 action=\"original\">0ea03b369a463d9d</xxh64></hash>",
    );
    assert_eq!(read.files.len(), 1);
    let detail = "line 6: path `../A002/x.ari` leaves its root";
    assert_eq!(read.problems, [Finding::new(FindingKind::UnsafePath, "0001_x.mhl", detail)]);
}

#[test]
fn a_doctype_is_refused_before_anything_it_declares() {
    let bomb = "<?xml version=\"1.0\"?>\n<!DOCTYPE hashlist [<!ENTITY a \"aaaaaaaaaa\">]>\n<hashlist/>";
    assert_eq!(refused(bomb), "0001_x.mhl: line 2: has a DOCTYPE, which is refused");
}

#[test]
fn what_follows_the_root_element_is_refused_unless_it_says_nothing() {
    let error = refused(&format!("{HEAD}{TAIL}\n<hashlist/>"));
    assert_eq!(error, "0001_x.mhl: line 7: goes on after the end of its root element");
    let quiet = format!("{HEAD}{TAIL}\n<!-- end -->\n<?end?>\n");
    assert_eq!(Manifest::parse("x", quiet.as_bytes()).unwrap().problems, []);
}

#[test]
fn an_entity_that_xml_does_not_have_is_refused() {
    let error = refused(&format!("{HEAD}<hash><path>&a;</path></hash>{TAIL}"));
    assert_eq!(error, "0001_x.mhl: line 6: the entity `&a;` is not known");
}

#[test]
fn any_prefix_is_read_and_unknown_elements_are_skipped() {
    let document = r#"<m:hashlist version="2.0" xmlns:m="urn:ASC:MHL:v2.0" xmlns:o="urn:other">
      <m:creatorinfo><m:creationdate>d</m:creationdate><m:hostname>h</m:hostname><m:tool>t</m:tool></m:creatorinfo>
      <o:hashes><o:hash><o:path>no</o:path></o:hash></o:hashes>
      <m:processinfo><m:process>transfer</m:process><m:new><m:deep/></m:new></m:processinfo>
      <m:hashes><m:hash><o:path>no</o:path><m:path>a &amp; b<![CDATA[ <c>]]></m:path><m:md5 action="original">D41D8CD98F00B204E9800998ECF8427E</m:md5>
        <m:xxh999>1</m:xxh999><m:metadata><m:path>no</m:path></m:metadata></m:hash></m:hashes>
    </m:hashlist>"#;
    let read = Manifest::parse("x", document.as_bytes()).unwrap();
    assert_eq!((read.process, read.problems.len()), (Process::Transfer, 0));
    assert_eq!(read.files[0].path.as_str(), "a & b <c>");
    assert_eq!(read.files[0].hashes[&Algorithm::Md5].text, "d41d8cd98f00b204e9800998ecf8427e");
}

#[test]
fn a_folder_may_have_a_slash_at_the_end_and_a_file_may_not() {
    let digests = "<content><md5>d41d8cd98f00b204e9800998ecf8427e</md5></content><structure/>";
    let read =
        manifest(&format!("<directoryhash><path>Clips/</path>{digests}</directoryhash><hash><path>a/</path></hash>"));
    assert_eq!(read.directories[0].path.as_str(), "Clips");
    assert_eq!((read.files.len(), read.problems[0].kind), (0, FindingKind::UnsafePath));
}

#[test]
fn what_is_wrong_with_a_record_is_said_with_its_line() {
    let read = manifest(
        "<hash><path size=\"-1\">a</path><md5 action=\"original\">d41d8cd98f00b204e9800998ecf8427e</md5></hash>
<hash><path>b</path><md5 action=\"original\">d41d</md5></hash>
<hash><path>c</path><md5 action=\"new\">d41d8cd98f00b204e9800998ecf8427e</md5></hash>
<hash><path>a</path><md5 action=\"original\">d41d8cd98f00b204e9800998ecf8427e</md5></hash>",
    );
    let details: Vec<_> = read.problems.iter().map(|problem| problem.detail.as_str()).collect();
    let none = "has no digest; known are c4, md5, sha1, xxh128, xxh3, xxh64";
    assert_eq!(
        details,
        [
            "line 6: `a` has the size `-1`",
            "line 7: `b`: `d41d` is no md5 digest",
            &format!("line 7: `b` {none}"),
            "line 8: `c` has the action `new`",
            &format!("line 8: `c` {none}"),
            "line 9: `a` is listed twice",
        ]
    );
}

#[test]
fn depth_and_elements_of_a_record_have_limits() {
    let deep = format!("{HEAD}<hash>{}", "<a>".repeat(100));
    assert!(refused(&deep).contains("nests more than 64 elements"));
    let wide = format!("{HEAD}<hash>{}</hash>{TAIL}", "<a/>".repeat(10_001));
    assert!(refused(&wide).contains("more than 10000 elements within `hash`"));
}

#[test]
fn an_older_hash_list_another_document_and_another_encoding_are_named() {
    assert_eq!(
        refused("<hashlist version=\"1.1\"></hashlist>"),
        "0001_x.mhl: an MHL 1.x manifest (no namespace) is not supported"
    );
    assert!(refused("<fdl/>").contains("begins with `fdl`, not with `hashlist`"));
    assert_eq!(refused(""), "0001_x.mhl: line 1: holds no XML element");
    let utf16 = Manifest::parse("x", &[0xFF, 0xFE, b'<', 0]).unwrap_err();
    assert_eq!(utf16.kind(), "unsupported");
    let latin = Manifest::parse("x", b"<hashlist>\xE9</hashlist>").unwrap_err();
    assert_eq!(latin.to_string(), "x: byte 10: is not UTF-8");
}

/// Text that XML 1.0 can carry.
fn text() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9é漢&<>\"' \t\r\n.]{0,12}"
}

fn path() -> impl Strategy<Value = RelativePath> {
    "[a-zé& '<>\"]{1,6}(/[a-z.]{1,4}x){0,3}".prop_map(|path| RelativePath::new(path).unwrap())
}

fn entry(algorithm: Algorithm) -> impl Strategy<Value = HashEntry> {
    let actions = [None, Some(Action::Original), Some(Action::Verified), Some(Action::Failed)];
    (any::<[u8; 8]>(), proptest::sample::select(actions.to_vec()), proptest::option::of(text()))
        .prop_map(move |(bytes, action, date)| HashEntry { text: crate::hash::digest(algorithm, &bytes), action, date })
}

fn digests() -> impl Strategy<Value = DirectoryDigests> {
    let one = || {
        (any::<[u8; 4]>(), proptest::sample::subsequence(Algorithm::MHL.to_vec(), 0..=6))
            .prop_map(|(bytes, set)| crate::hash::digests(set, &bytes))
    };
    (one(), one()).prop_map(|(content, structure)| DirectoryDigests { content, structure })
}

fn file() -> impl Strategy<Value = FileRecord> {
    let hashes = proptest::sample::subsequence(Algorithm::MHL.to_vec(), 1..=6)
        .prop_flat_map(|set| set.into_iter().map(|a| entry(a).prop_map(move |entry| (a, entry))).collect::<Vec<_>>());
    let optional = || proptest::option::of(text());
    (path(), proptest::option::of(any::<u64>()), optional(), optional(), hashes, proptest::option::of(path())).prop_map(
        |(path, size, created, modified, hashes, previous)| FileRecord {
            path,
            size,
            created,
            modified,
            hashes: hashes.into_iter().collect(),
            previous,
        },
    )
}

prop_compose! {
    fn any_manifest()(
        words in proptest::collection::vec(text(), 4),
        optional in proptest::collection::vec(proptest::option::of(text()), 6),
        process in proptest::sample::select(vec![Process::InPlace, Process::Transfer, Process::Flatten]),
        root_hash in proptest::option::of(digests()),
        ignore in proptest::collection::vec(text(), 0..4),
        files in proptest::collection::vec(file(), 0..6),
        folders in proptest::collection::vec((path(), proptest::option::of(text()), digests()), 0..4),
        references in proptest::collection::vec(path(), 0..3),
    ) -> Manifest {
        let mut seen = std::collections::HashSet::new();
        let [created, hostname, tool, author] = words.try_into().unwrap();
        let [version, role, email, phone, location, comment] = optional.try_into().unwrap();
        Manifest {
            creator: Creator {
                created,
                hostname,
                tool: Tool { name: tool, version },
                authors: vec![Author { name: author, role, email, phone }],
                location,
                comment,
            },
            process,
            root_hash,
            ignore,
            files: files.into_iter().filter(|file| seen.insert(file.path.clone())).collect(),
            directories: folders
                .into_iter()
                .filter(|(path, ..)| seen.insert(path.clone()))
                .map(|(path, modified, digests)| DirectoryRecord { path, modified, digests, previous: None })
                .collect(),
            references: references.into_iter().map(|path| Reference { path, c4: crate::hash::c4(b"x") }).collect(),
            problems: Vec::new(),
        }
    }
}

proptest! {
    #[test]
    fn parse_after_write_is_identity(manifest in any_manifest()) {
        let xml = manifest.to_xml();
        prop_assert_eq!(Manifest::parse("x", &xml).unwrap(), manifest);
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Manifest::parse("x", &bytes);
        let _ = crate::mhl::Chain::parse(&bytes);
    }

    #[test]
    fn no_damage_makes_the_parser_panic(
        manifest in any_manifest(), at in any::<prop::sample::Index>(), cut in 0usize..40, new in "[<>&;/a#\"]{0,3}"
    ) {
        let mut xml = manifest.to_xml();
        let at = at.index(xml.len());
        let end = (at + cut).min(xml.len());
        xml.splice(at..end, new.bytes());
        let _ = Manifest::parse("x", &xml);
    }
}
