//! Which directory of a DNG file holds the sensor's picture, and how its values are found.

use super::tags;
use crate::{
    camera::tiff::{Entry, Ifd, Tag, Tiff},
    error::{Error, Result},
    source::Source,
};

/// PhotometricInterpretation of a mosaic.
pub(super) const CFA: u64 = 32803;
/// PhotometricInterpretation of a picture that is demosaiced already.
pub(super) const LINEAR_RAW: u64 = 34892;

/// An open DNG file.
pub(super) struct Directories<'a> {
    pub(super) tiff: Tiff<'a>,
    /// All of them, with the names that `--raw` gives them; the first is IFD0.
    pub(super) named: Vec<(String, Ifd)>,
    /// Position in `named` of the one with the sensor's picture.
    raw: usize,
}

impl<'a> Directories<'a> {
    /// Reads header and directories.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is no TIFF file or none of its pictures comes from a sensor.
    pub(super) fn open(source: &'a dyn Source) -> Result<Self> {
        let tiff = Tiff::open(source)?;
        let mut named = Vec::new();
        let mut exif = None;
        for (i, (ifd, subs)) in tiff.directories(tags::SUB_IFDS)?.into_iter().enumerate() {
            if i == 0 {
                exif = tiff.pointed(&ifd, tags::EXIF_IFD)?;
            }
            named.push((format!("IFD{i}"), ifd));
            named.extend(subs.into_iter().enumerate().map(|(k, sub)| (format!("IFD{i}.SubIFD{k}"), sub)));
        }
        named.extend(exif.map(|ifd| ("EXIF".to_owned(), ifd)));
        let mut found = Self { tiff, named, raw: 0 };
        let mut candidates = Vec::new();
        for (i, (_, ifd)) in found.named.iter().enumerate() {
            let kind = found.integer(ifd.entry(tags::PHOTOMETRIC), tags::PHOTOMETRIC)?;
            let subfile = found.integer(ifd.entry(tags::NEW_SUBFILE_TYPE), tags::NEW_SUBFILE_TYPE)?;
            if matches!(kind, Some(CFA | LINEAR_RAW)) && subfile.unwrap_or(0) == 0 {
                candidates.push(i);
            }
        }
        found.raw = *candidates.first().ok_or_else(|| {
            Error::invalid("it holds no picture of a sensor: none of its directories is CFA or LinearRaw")
                .in_field(tags::PHOTOMETRIC.name)
                .in_file(source.name())
        })?;
        Ok(found)
    }

    /// The directory with the sensor's picture.
    pub(super) fn raw(&self) -> &Ifd {
        &self.named[self.raw].1
    }

    /// A value of the sensor's picture.
    pub(super) fn of_raw(&self, tag: Tag) -> Option<&Entry> {
        self.raw().entry(tag)
    }

    /// A value about the camera or the take, wherever cameras put it: with the picture, in IFD0, or in EXIF.
    pub(super) fn anywhere(&self, tag: Tag) -> Option<&Entry> {
        let named = |name: &str| self.named.iter().find(|(n, _)| n == name).and_then(|(_, ifd)| ifd.entry(tag));
        self.of_raw(tag).or_else(|| named("IFD0")).or_else(|| named("EXIF"))
    }

    /// The first whole number of a value.
    pub(super) fn integer(&self, entry: Option<&Entry>, tag: Tag) -> Result<Option<u64>> {
        let Some(entry) = entry else { return Ok(None) };
        Ok(self.tiff.integers(entry, tag, 16)?.first().copied())
    }

    /// Finite numbers, at most `max`.
    pub(super) fn numbers(&self, entry: Option<&Entry>, tag: Tag, max: usize) -> Result<Option<Vec<f64>>> {
        let Some(entry) = entry else { return Ok(None) };
        let numbers = self.tiff.numbers(entry, tag, max)?;
        if let Some(bad) = numbers.iter().find(|n| !n.is_finite()) {
            return Err(self.tiff.locate(Error::invalid(format!("{bad} is not a finite number")), entry, tag.name));
        }
        Ok(Some(numbers))
    }

    /// Exactly `N` finite numbers.
    pub(super) fn array<const N: usize>(&self, entry: Option<&Entry>, tag: Tag) -> Result<Option<[f64; N]>> {
        let Some(numbers) = self.numbers(entry, tag, N.max(16))? else { return Ok(None) };
        let count = numbers.len();
        let exact = numbers.try_into().ok();
        exact.map(Some).ok_or_else(|| self.problem(tag, format!("{count} values where {N} are expected")))
    }

    /// [`Error::Invalid`] about a value, with its place in the file.
    pub(super) fn problem(&self, tag: Tag, problem: impl Into<String>) -> Error {
        self.placed(Error::invalid(problem), tag)
    }

    /// [`Error::Unsupported`] about a value, with its place in the file.
    pub(super) fn unsupported(&self, tag: Tag, what: impl Into<String>) -> Error {
        self.placed(Error::unsupported(what), tag)
    }

    fn placed(&self, error: Error, tag: Tag) -> Error {
        match self.anywhere(tag) {
            Some(entry) => self.tiff.locate(error, entry, tag.name),
            None => error.in_field(tag.name).at(&self.tiff.file()),
        }
    }
}
