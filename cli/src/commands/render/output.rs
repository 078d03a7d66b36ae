//! Where plates go.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use crate::{clips::Numbered, failure::Failure};

/// A folder and the names of files in it.
#[derive(Debug)]
pub(super) struct Output {
    folder: PathBuf,
    names: Names,
}

#[derive(Debug)]
enum Names {
    Numbered(Numbered),
    One(String),
}

impl Output {
    /// `asked` is a pattern, a file name that ends with `.exr` when there is one plate, or else a folder, where plates
    /// are named after the clip: `A001C001.1001.exr`.
    pub(super) fn of(asked: &Path, clip: &str, plates: usize) -> Result<Self, Failure> {
        let parent = || asked.parent().unwrap_or(Path::new("")).to_owned();
        if let Some(numbered) = Numbered::parse(asked) {
            if !numbered.tail.to_ascii_lowercase().ends_with(".exr") {
                let problem = "plates are EXR files: end the pattern with .exr";
                return Err(Failure::usage(problem).about(asked.display().to_string()));
            }
            return Ok(Self { folder: parent(), names: Names::Numbered(numbered) });
        }
        let is_file = asked.extension().is_some_and(|e| e.eq_ignore_ascii_case("exr")) && !asked.is_dir();
        if is_file && plates > 1 {
            let problem = format!("{plates} plates do not fit into one file");
            let hint = "put the number's place into the name, like plate.%04d.exr";
            return Err(Failure::usage(problem).about(asked.display().to_string()).hint(hint));
        }
        if let Some(name) = asked.file_name().and_then(|n| n.to_str()).filter(|_| is_file) {
            return Ok(Self { folder: parent(), names: Names::One(name.to_owned()) });
        }
        let pattern = Numbered::parse(Path::new(&format!("{}.####.exr", clip.replace(['#', '%', '[', ']'], "_"))));
        let names = pattern.map(Names::Numbered).ok_or_else(|| Failure::invalid("the clip has no name"))?;
        Ok(Self { folder: asked.to_owned(), names })
    }

    /// Makes the folder.
    pub(super) fn prepare(&self) -> Result<(), Failure> {
        if self.folder.as_os_str().is_empty() {
            return Ok(());
        }
        fs::create_dir_all(&self.folder).map_err(|e| Failure::io(&self.folder, &e))
    }

    /// The file of a plate.
    pub(super) fn path(&self, number: u32) -> PathBuf {
        self.folder.join(match &self.names {
            Names::Numbered(numbered) => numbered.name(number.into()),
            Names::One(name) => name.clone(),
        })
    }

    /// Writes a plate: it appears under its name only when it is whole.
    pub(super) fn write(&self, number: u32, bytes: &[u8]) -> Result<PathBuf, Failure> {
        let path = self.path(number);
        let mut beside = path.clone().into_os_string();
        beside.push(".part");
        let written = fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, &path));
        written.map_err(|e| {
            let _ = fs::remove_file(&beside);
            Failure::io(&path, &e)
        })?;
        Ok(path)
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match &self.names {
            Names::Numbered(n) => format!("{}[{}]{}", n.head, "#".repeat(n.width), n.tail),
            Names::One(name) => name.clone(),
        };
        write!(f, "{}", self.folder.join(name).display())
    }
}
