//! The boxes of a file (QuickTime says atoms), one behind the other and one in the other.

use std::ops::Range;

use crate::{
    error::{Error, Result},
    source::{Source, Windows},
};

/// Boxes side by side in one. Users' data has dozens.
const MAX_SIBLINGS: u32 = 4096;

/// A box: what it is called, and where its contents stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::camera) struct Atom {
    pub(in crate::camera) kind: [u8; 4],
    /// Offset of its header.
    pub(in crate::camera) start: u64,
    /// Its contents, as far as what it stands in holds them.
    pub(in crate::camera) body: Range<u64>,
    /// Bytes that it should have beyond that.
    pub(in crate::camera) missing: u64,
}

impl Atom {
    pub(in crate::camera) fn is(&self, kind: &[u8; 4]) -> bool {
        self.kind == *kind
    }

    pub(in crate::camera) fn len(&self) -> u64 {
        self.body.end - self.body.start
    }

    /// Its contents.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there are more than `max` bytes of them.
    pub(in crate::camera) fn read(&self, file: &dyn Source, max: u64) -> Result<Vec<u8>> {
        if self.len() > max {
            let problem = format!("it has {} bytes, and at most {max} are read", self.len());
            return Err(Error::invalid(problem).at_offset(self.start).in_field(four(self.kind)));
        }
        file.read(self.body.clone()).map(std::borrow::Cow::into_owned)
    }

    /// Its contents from this byte on.
    pub(in crate::camera) fn after(&self, bytes: u64) -> Range<u64> {
        self.body.start.saturating_add(bytes).min(self.body.end)..self.body.end
    }
}

/// Four characters as people write them: `©nam`, `stsd`; others in hexadecimal.
pub(in crate::camera) fn four(kind: [u8; 4]) -> String {
    if kind.iter().all(|&b| (0x20..0x7f).contains(&b) || b == 0xa9) {
        kind.iter().map(|&b| char::from(b)).collect::<String>().trim_end().to_owned()
    } else {
        format!("0x{:08x}", u32::from_be_bytes(kind))
    }
}

/// The boxes in a range of the file.
pub(in crate::camera) struct Boxes<'f> {
    file: &'f dyn Source,
    at: u64,
    end: u64,
    left: u32,
}

/// Boxes that stand in `within`, one behind the other. Only their headers are read. It ends at the first that is broken.
pub(in crate::camera) fn boxes(file: &dyn Source, within: Range<u64>) -> Boxes<'_> {
    Boxes { file, at: within.start, end: within.end.min(file.len()), left: MAX_SIBLINGS }
}

impl Boxes<'_> {
    /// Where the next header would stand.
    pub(in crate::camera) fn at(&self) -> u64 {
        self.at
    }

    /// Whether the next header, which would end before `end`, has been read already.
    pub(in crate::camera) fn is_held(&self, file: &Windows<'_>, end: u64) -> bool {
        file.holds(&(self.at..self.at.saturating_add(16).min(end)))
    }

    fn read(&mut self) -> Result<Option<Atom>> {
        let start = self.at;
        let room = self.end.saturating_sub(start);
        // Users' data ends with four bytes of 0.
        if room < 8 {
            return Ok(None);
        }
        let invalid = |problem: String| Err(Error::invalid(problem).at_offset(start).in_file(self.file.name()));
        if self.left == 0 {
            return invalid(format!("more than {MAX_SIBLINGS} boxes side by side"));
        }
        self.left -= 1;
        let head = self.file.read(start..start + 8)?;
        let (Some(size), Some(kind)) = (u32_at(&head, 0), array(&head, 4)) else { return Ok(None) };
        let (header, size) = match size {
            0 if kind == [0; 4] => return Ok(None),
            0 => (8, room),
            1 if room < 16 => return invalid(format!("the file ends in the header of box {}", four(kind))),
            1 => (16, u64_at(&self.file.read(start + 8..start + 16)?, 0).unwrap_or(0)),
            size => (8, u64::from(size)),
        };
        if size < header {
            return invalid(format!("box {} is said to have {size} bytes, fewer than its header", four(kind)));
        }
        self.at = start.saturating_add(size);
        let end = self.at.min(self.end);
        Ok(Some(Atom { kind, start, body: start + header..end, missing: size.saturating_sub(end - start) }))
    }
}

impl Iterator for Boxes<'_> {
    type Item = Result<Atom>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.read();
        if !matches!(next, Ok(Some(_))) {
            self.end = self.at;
        }
        next.transpose()
    }
}

/// The first box of this kind.
///
/// # Errors
/// Those of reading up to it.
pub(in crate::camera) fn find(file: &dyn Source, within: Range<u64>, kind: &[u8; 4]) -> Result<Option<Atom>> {
    boxes(file, within).find(|atom| atom.as_ref().map_or(true, |atom| atom.is(kind))).transpose()
}

/// So many bytes at an offset, when they are there.
pub(in crate::camera) fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

macro_rules! big_endian {
    ($($name:ident: $kind:ty),*) => { $(
        #[doc = concat!("A big-endian ", stringify!($kind), ", when it is there.")]
        pub(in crate::camera) fn $name(bytes: &[u8], at: usize) -> Option<$kind> {
            array(bytes, at).map(<$kind>::from_be_bytes)
        }
    )* };
}
big_endian!(u16_at: u16, u32_at: u32, u64_at: u64, i16_at: i16, i32_at: i32, f32_at: f32, f64_at: f64);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        camera::isobmff::testkit::{boxed, large},
        source::{Memory, Sparse},
    };

    fn kinds(bytes: &[u8]) -> Vec<(String, Range<u64>, u64)> {
        let file = Memory::new("a.mov", bytes);
        let read: Vec<Atom> = boxes(&file, 0..file.len()).map_while(Result::ok).collect();
        read.into_iter().map(|a| (four(a.kind), a.body, a.missing)).collect()
    }

    #[test]
    fn sizes_of_32_bits_64_bits_and_to_the_end_are_read() {
        let bytes = [boxed(b"free", b"abc"), large(b"wide", b"de"), vec![0, 0, 0, 0], b"mdatxyz".to_vec()].concat();
        assert_eq!(
            kinds(&bytes),
            [("free".into(), 8..11, 0), ("wide".into(), 27..29, 0), ("mdat".to_owned(), 37..40, 0)]
        );
    }

    #[test]
    fn a_box_that_reaches_beyond_what_it_stands_in_is_cut_and_says_so() {
        let mut bytes = boxed(b"moov", &[0; 100]);
        bytes.truncate(50);
        assert_eq!(kinds(&bytes), [("moov".into(), 8..50, 58)]);
    }

    #[test]
    fn a_box_that_ends_with_the_largest_number_ends_the_walk() {
        let endless = [&1u32.to_be_bytes()[..], b"mdat", &u64::MAX.to_be_bytes(), b"media"].concat();
        let file = Memory::new("a.mov", [boxed(b"free", b""), endless].concat());
        let windows = Windows::new(&file, 64, 5, 1024);
        let mut walk = boxes(&windows, 0..file.len());
        assert!(walk.next().unwrap().is_ok() && walk.is_held(&windows, file.len()));
        // Its 16 bytes of header and 5 of media are there.
        assert_eq!(walk.next().unwrap().unwrap().missing, u64::MAX - 21);
        assert!(walk.is_held(&windows, file.len()) && walk.next().is_none());
    }

    #[test]
    fn a_box_smaller_than_its_header_ends_the_walk_with_its_place() {
        let bytes = [boxed(b"free", b""), vec![0, 0, 0, 7], b"skip1234".to_vec()].concat();
        let file = Memory::new("a.mov", bytes);
        let read: Vec<Result<Atom>> = boxes(&file, 0..file.len()).collect();
        assert_eq!(read.len(), 2);
        let error = read[1].as_ref().unwrap_err().to_string();
        assert_eq!(error, "a.mov: byte 8: box skip is said to have 7 bytes, fewer than its header");
    }

    #[test]
    fn boxes_without_end_are_given_up() {
        let file = Sparse::new("a.mov", 1 << 20).with(0, boxed(b"free", b"").repeat(5000));
        let read: Vec<Result<Atom>> = boxes(&file, 0..file.len()).collect();
        assert_eq!((read.len(), read[4096].is_err()), (4097, true));
    }

    #[test]
    fn names_are_written_as_people_write_them() {
        assert_eq!(four(*b"\xa9nam"), "©nam");
        assert_eq!(four(*b"xml "), "xml");
        assert_eq!(four([0, 0, 0, 7]), "0x00000007");
    }
}
