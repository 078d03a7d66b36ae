//! What hostile documents run into: the limits of the chain, of manifests and of lists of MHL 1.x, with the error that names the
//! file and the line.

use std::{borrow::Cow, collections::BTreeMap, ops::Range};

use super::*;
use crate::{
    error::{Error, Result},
    source::Source,
};

/// A kind of document with one line of head; who reads it, and how many records it may have.
struct Kind {
    file: &'static str,
    head: &'static str,
    record: &'static str,
    /// What ends a record, and then the document.
    tails: [&'static str; 2],
    /// How many elements stand around a record.
    depth: usize,
    parse: fn(&[u8]) -> Result<()>,
}

const KINDS: [Kind; 3] = [
    Kind {
        file: CHAIN_NAME,
        head: "<ascmhldirectory xmlns=\"urn:ASC:MHL:DIRECTORY:v2.0\">\n",
        record: "<hashlist sequencenr=\"1\">",
        tails: ["</hashlist>", "</ascmhldirectory>"],
        depth: 1,
        parse: |bytes| Chain::parse(bytes).map(drop),
    },
    Kind {
        file: "0001_A001.mhl",
        head: "<hashlist version=\"2.0\" xmlns=\"urn:ASC:MHL:v2.0\"><creatorinfo/><processinfo>\
            <process>in-place</process></processinfo><hashes>\n",
        record: "<hash>",
        tails: ["</hash>", "</hashes></hashlist>"],
        depth: 2,
        parse: |bytes| Manifest::parse("0001_A001.mhl", bytes).map(drop),
    },
    Kind {
        file: "A001.mhl",
        head: "<hashlist version=\"1.1\">\n",
        record: "<hash>",
        tails: ["</hash>", "</hashlist>"],
        depth: 1,
        parse: |bytes| LegacyList::parse("A001.mhl", bytes).map(drop),
    },
];

impl Kind {
    /// A document with one record, and this in it.
    fn with(&self, inside: &str) -> String {
        let Self { head, record, tails: [end, tail], .. } = self;
        format!("{head}{record}{inside}{end}{tail}")
    }

    /// What is said of it, without the file.
    fn refused(&self, document: &str) -> String {
        let error = (self.parse)(document.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), "invalid");
        let said = error.to_string();
        said.strip_prefix(&format!("{}: ", self.file)).unwrap_or_else(|| panic!("no file in `{said}`")).to_owned()
    }
}

#[test]
fn a_doctype_is_refused() {
    for kind in &KINDS {
        let document = format!("<?xml version=\"1.0\"?>\n<!DOCTYPE x [<!ENTITY a \"aaaa\">]>\n{}", kind.with("&a;"));
        assert_eq!(kind.refused(&document), "line 2: has a DOCTYPE, which is refused");
    }
}

#[test]
fn sixty_four_elements_may_nest() {
    for kind in &KINDS {
        let nested = |depth: usize| {
            let inside = depth - kind.depth - 1;
            kind.with(&format!("\n{}{}", "<a>".repeat(inside), "</a>".repeat(inside)))
        };
        assert_eq!(kind.refused(&nested(65)), "line 3: nests more than 64 elements");
        let deepest = (kind.parse)(nested(64).as_bytes());
        assert!(deepest.is_ok() || kind.refused(&nested(64)).contains("entry 1 has no path"));
    }
}

#[test]
fn a_record_may_have_ten_thousand_elements_and_sixteen_megabytes() {
    for kind in &KINDS {
        let name = kind.tails[0].trim_matches(['<', '/', '>']);
        let wide = kind.with(&"<a/>\n".repeat(10_001));
        assert_eq!(kind.refused(&wide), format!("line 10002: more than 10000 elements within `{name}`"));
        let long = kind.with(&format!("<path>\n{}</path>", "x".repeat(17 << 20)));
        assert_eq!(kind.refused(&long), "line 2: more than 16777216 bytes within one record");
        let comment = kind.with(&format!("\n<!--{}-->", "x".repeat(17 << 20)));
        assert_eq!(kind.refused(&comment), "line 3: more than 16777216 bytes within one record");
    }
}

#[test]
fn an_element_may_have_sixty_four_attributes() {
    for kind in &KINDS {
        let many =
            |prefix: &str, count: u32| (0..count).map(|n| format!(" {prefix}{n}=\"n\"")).collect::<Vec<_>>().concat();
        // Each is compared with those before it: without a limit very many would take hours.
        for attributes in [many("a", 100_000), many("xmlns:a", 65)] {
            let document = kind.with(&format!("\n<a{attributes}/>"));
            assert_eq!(kind.refused(&document), "line 3: an element has more than 64 attributes");
        }
    }
}

#[test]
fn a_document_may_have_as_many_records_as_a_roll_could_have() {
    let [chain, manifest, list] = &KINDS;
    let c4 = crate::hash::c4(b"");
    let entry = format!("<hashlist sequencenr=\"1\"><path>a</path><c4>{c4}</c4></hashlist>\n");
    let document = format!("{}{}{}", chain.head, entry.repeat(100_001), chain.tails[1]);
    assert_eq!(chain.refused(&document), "line 100002: lists more than 100000 manifests");
    for kind in [manifest, list] {
        let document = format!("{}{}{}", kind.head, "<hash/>\n".repeat(2_000_001), kind.tails[1]);
        assert_eq!(kind.refused(&document), "line 2000002: has more than 2000000 records");
    }
}

/// So long, and nobody may look.
struct TooLong(u64);

impl Source for TooLong {
    fn name(&self) -> &'static str {
        "0001_A001.mhl"
    }
    fn len(&self) -> u64 {
        self.0
    }
    fn read(&self, _: Range<u64>) -> Result<Cow<'_, [u8]>> {
        Err(Error::invalid("was read"))
    }
}

#[test]
fn a_document_that_is_too_long_is_refused_unread() {
    let open = |length| ManifestReader::open(&TooLong(length)).err().unwrap().to_string();
    assert_eq!(open(4_294_967_297), "0001_A001.mhl: has 4294967297 bytes; the limit is 4294967296");
    assert_eq!(open(4_294_967_296), "was read");
    let list = vec![b' '; MAX_LIST_BYTES + 1];
    let said = LegacyList::parse("A001.mhl", &list).unwrap_err().to_string();
    assert_eq!(said, "A001.mhl: has 268435457 bytes; the limit is 268435456");
}

#[test]
fn a_path_may_have_a_thousand_bytes_and_a_longer_one_is_not_said_whole() {
    let [chain, manifest, list] = &KINDS;
    let long = "a".repeat(1_000_000);
    let (name, detail) = (format!("`{}...`", &long[..100]), "is longer than 1000 bytes");
    let document = manifest.with(&format!("<path>{long}</path>"));
    let problems = Manifest::parse(manifest.file, document.as_bytes()).unwrap().problems;
    assert_eq!(
        problems,
        [Finding::new(FindingKind::UnsafePath, manifest.file, format!("line 2: path {name} {detail}"))]
    );
    let document = list.with(&format!("<file>{long}</file>"));
    let problems = LegacyList::parse(list.file, document.as_bytes()).unwrap().problems;
    assert_eq!(problems, [Finding::new(FindingKind::UnsafePath, list.file, format!("line 2: path {name} {detail}"))]);
    let document = chain.with(&format!("<path>{long}</path><c4>{}</c4>", crate::hash::c4(b"")));
    let history = History::read(&BTreeMap::from([(CHAIN_NAME.to_owned(), document.into_bytes())]));
    let [finding] = &history.findings[..] else { panic!("{:?}", history.findings.len()) };
    assert_eq!((finding.kind, finding.path.as_str()), (FindingKind::UnsafePath, CHAIN_NAME));
    assert!(finding.detail.starts_with("entry 1 names `aaaa") && finding.detail.len() < 5000);
}

#[test]
fn a_finding_of_a_monstrous_text_is_short() {
    let [_, manifest, list] = &KINDS;
    let monster = "\u{1F3AC}".repeat(1_000_000);
    let document =
        manifest.with(&format!("<path size=\"{monster}\">a</path><md5 action=\"{monster}\">{monster}</md5>"));
    let mut problems = Manifest::parse(manifest.file, document.as_bytes()).unwrap().problems;
    let document = list.with(&format!("<file>a</file><size>{monster}</size><md5>{monster}</md5><{monster}/>"));
    problems.extend(LegacyList::parse(list.file, document.as_bytes()).unwrap().problems);
    assert_eq!(problems.len(), 6);
    let short = |problem: &Finding| problem.detail.starts_with("line 2: `a`") && problem.detail.len() < 5000;
    assert!(
        problems.iter().all(short),
        "{:?}",
        problems.iter().map(|problem| problem.detail.len()).collect::<Vec<_>>()
    );
}
