//! The rolls of the demo, and what happens to one of them on the way.

use std::{
    fs,
    path::{Path, PathBuf},
};

use platefleet_footage::{Clip, write_clip};
use platefleet_media::{
    mhl::{
        Author, Stamp,
        folder::{self, SealOptions, Unwatched},
    },
    timecode::Timecode,
};

use crate::{
    commands::seal::stamp,
    console::{bytes, count},
    failure::Failure,
};

/// Frames of each clip.
pub(super) const FRAMES: u64 = 24;
/// Width and height.
pub(super) const SIZE: (usize, usize) = (1280, 720);
/// Says that a folder is the demo's own, which it may clear.
const MARK: &str = ".platefleet-demo";

/// A roll on the disk.
pub(super) struct Roll {
    pub(super) folder: PathBuf,
    pub(super) clip: String,
    /// Of the first frame.
    pub(super) start: Timecode,
    pub(super) said: String,
}

/// A copy of a roll that is not what it was.
pub(super) struct Damaged {
    pub(super) folder: PathBuf,
    /// Relative to the folder.
    pub(super) file: String,
}

/// Makes the folder, or empties it when an earlier demo has made it.
pub(super) fn clear(dir: &Path) -> Result<(), Failure> {
    let io = |e| Failure::io(dir, &e);
    fs::create_dir_all(dir).map_err(io)?;
    let is_ours = dir.join(MARK).exists();
    for entry in fs::read_dir(dir).map_err(io)? {
        if !is_ours {
            let problem = "the folder holds something, and the demo wants one of its own";
            return Err(Failure::usage(problem).about(dir.display().to_string()).hint("name another one with --dir"));
        }
        let path = entry.map_err(io)?.path();
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.map_err(|e| Failure::io(&path, &e))?;
    }
    fs::write(dir.join(MARK), "platefleet demo empties this folder when it runs again\n").map_err(io)
}

/// Photographs and seals the two rolls.
pub(super) fn shoot(dir: &Path) -> Result<Vec<Roll>, Failure> {
    [("A001", "A001C001_261124_R1AB", "10:00:00:00", 1), ("B001", "B001C007_261124_R2CD", "14:30:00:00", 2)]
        .into_iter()
        .map(|(reel, name, start, seed)| {
            let mut clip = Clip { reel: reel.into(), name: name.into(), frames: FRAMES, ..Clip::default() };
            clip.start = Timecode::parse(start, clip.rate)?;
            clip.noise_seed = Some(seed);
            (clip.width, clip.height) = SIZE;
            reel[..1].clone_into(&mut clip.camera.label);
            let folder = dir.join("card").join(reel);
            write_clip(&folder, &clip, &|_| ())?;
            let author = Author { name: "platefleet demo".into(), ..Author::default() };
            let stamp = Stamp { author: Some(author), ..stamp() };
            let sealed = folder::seal(&folder, &SealOptions { stamp, ..SealOptions::default() }, &Unwatched)?;
            let (frames, size) = (count(FRAMES, "frame"), bytes(sealed.bytes));
            let said = format!("{reel}: {name}, {frames} of {}x{}, {size}, sealed", SIZE.0, SIZE.1);
            Ok(Roll { folder, clip: name.into(), start: clip.start, said })
        })
        .collect()
}

/// Copies a roll, and flips one bit in the picture of one frame.
pub(super) fn damage(roll: &Roll, to: &Path) -> Result<Damaged, Failure> {
    copy(&roll.folder, to)?;
    let file = format!("{0}/{0}_000011.dng", roll.clip);
    let path = to.join(&file);
    let mut bytes = fs::read(&path).map_err(|e| Failure::io(&path, &e))?;
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    fs::write(&path, bytes).map_err(|e| Failure::io(&path, &e))?;
    Ok(Damaged { folder: to.to_owned(), file })
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir_all(to).map_err(|e| Failure::io(to, &e))?;
    for entry in fs::read_dir(from).map_err(|e| Failure::io(from, &e))? {
        let entry = entry.map_err(|e| Failure::io(from, &e))?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            fs::copy(&path, &target).map_err(|e| Failure::io(&path, &e))?;
        }
    }
    Ok(())
}
