//! Which directory of a DNG file holds the sensor's picture, and how its values are found.

use super::tags;
use crate::{
    camera::{
        said::Said,
        tiff::{Entry, Ifd, Page, Tag, Tiff},
    },
    error::{Error, Result},
    source::Source,
};

/// PhotometricInterpretation of a mosaic.
pub(super) const CFA: u64 = 32803;
/// PhotometricInterpretation of a picture that is demosaiced already.
pub(super) const LINEAR_RAW: u64 = 34892;

/// Name of the directory of EXIF.
const EXIF: &str = "EXIF";

/// An open DNG file, or another TIFF file.
pub(in crate::camera) struct Directories<'a> {
    pub(in crate::camera) tiff: Tiff<'a>,
    /// All of them, with the names that `--raw` gives them; the first is IFD0.
    pub(super) named: Vec<(String, Ifd)>,
    /// Position in `named` of the one with the sensor's picture.
    picture: usize,
    /// What was wrong with a directory beside those that were read.
    pub(in crate::camera) broken: Option<Error>,
}

impl<'a> Directories<'a> {
    /// Reads header and directories of a DNG file.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is no TIFF file or none of its pictures comes from a sensor.
    pub(super) fn open(source: &'a dyn Source) -> Result<Self> {
        let tiff = Tiff::open(source)?;
        let (directories, broken) = tiff.directories(tags::SUB_IFDS)?;
        let mut found = Self { broken, ..Self::of(tiff, directories)? };
        found.picture =
            found.position(|photometric| matches!(photometric, Some(CFA | LINEAR_RAW)))?.ok_or_else(|| {
                Error::invalid("it holds no picture of a sensor: none of its directories is CFA or LinearRaw")
                    .in_field(tags::PHOTOMETRIC.name)
                    .in_file(source.name())
            })?;
        Ok(found)
    }

    /// Reads header and first directory of any TIFF file, however many pages it has. Its picture is the first one there
    /// that is no thumbnail.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is no TIFF file.
    pub(in crate::camera) fn of_first_page(source: &'a dyn Source) -> Result<Self> {
        let tiff = Tiff::open(source)?;
        let first = tiff.first(tags::SUB_IFDS)?;
        let mut found = Self::of(tiff, vec![first])?;
        found.picture = found.position(|_| true)?.unwrap_or(0);
        Ok(found)
    }

    fn of(tiff: Tiff<'a>, directories: Vec<Page>) -> Result<Self> {
        let mut named = Vec::new();
        for (i, (ifd, subs)) in directories.into_iter().enumerate() {
            named.push((format!("IFD{i}"), ifd));
            named.extend(subs.into_iter().enumerate().map(|(k, sub)| (format!("IFD{i}.SubIFD{k}"), sub)));
        }
        let pointing = named.iter().find(|(_, ifd)| ifd.entry(tags::EXIF_IFD).is_some());
        let exif = pointing.map_or(Ok(None), |(_, ifd)| tiff.pointed(ifd, tags::EXIF_IFD));
        let mut found = Self { tiff, named, picture: 0, broken: None };
        match exif {
            Ok(exif) => found.named.extend(exif.map(|ifd| (EXIF.to_owned(), ifd))),
            Err(error @ (Error::Missing { .. } | Error::Io { .. })) => return Err(error),
            Err(error) => found.broken = Some(error),
        }
        Ok(found)
    }

    /// The first directory with a picture in full size that is interpreted as `wanted`.
    fn position(&self, wanted: impl Fn(Option<u64>) -> bool) -> Result<Option<usize>> {
        for (i, (name, ifd)) in self.named.iter().enumerate() {
            let read = |tag| match self.integer(ifd.entry(tag), tag) {
                Err(Error::Invalid { .. }) => Ok(None),
                other => other,
            };
            let full_size = read(tags::NEW_SUBFILE_TYPE)?.unwrap_or(0) & 1 == 0;
            if name != EXIF && full_size && wanted(read(tags::PHOTOMETRIC)?) {
                return Ok(Some(i));
            }
        }
        Ok(None)
    }

    /// Notes every tag as found, under the name of its directory.
    ///
    /// # Errors
    /// [`Error::Missing`] and [`Error::Io`].
    pub(in crate::camera) fn note_tags(&self, said: &mut Said) -> Result<()> {
        for (directory, ifd) in &self.named {
            for entry in &ifd.entries {
                let tag = tags::tag(entry.tag);
                let name = if tag.name.is_empty() { entry.tag.to_string() } else { tag.name.to_owned() };
                said.tag(format!("{directory}:{name}"), self.tiff.json(entry, tag)?);
            }
        }
        Ok(())
    }

    /// The directory with the sensor's picture.
    pub(super) fn raw(&self) -> &Ifd {
        &self.named[self.picture].1
    }

    /// A value of the sensor's picture.
    pub(in crate::camera) fn of_raw(&self, tag: Tag) -> Option<&Entry> {
        self.raw().entry(tag)
    }

    /// A value about the camera or the take, wherever cameras put it: with the picture, in IFD0, or in EXIF.
    pub(super) fn anywhere(&self, tag: Tag) -> Option<&Entry> {
        let named = |name: &str| self.named.iter().find(|(n, _)| n == name).and_then(|(_, ifd)| ifd.entry(tag));
        self.of_raw(tag).or_else(|| named("IFD0")).or_else(|| named(EXIF))
    }

    /// The first whole number of a value.
    pub(in crate::camera) fn integer(&self, entry: Option<&Entry>, tag: Tag) -> Result<Option<u64>> {
        let Some(entry) = entry else { return Ok(None) };
        Ok(self.tiff.integers(entry, tag, 16)?.first().copied())
    }

    /// Finite numbers, at most `max`.
    pub(in crate::camera) fn numbers(&self, entry: Option<&Entry>, tag: Tag, max: usize) -> Result<Option<Vec<f64>>> {
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
