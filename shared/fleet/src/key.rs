//! Object keys: what an upload is, and where a delivery goes.

use platefleet_media::path::RelativePath;

use crate::id::{ClipId, JobId, Production, PullName, RollId};

/// What an object in the ingest bucket is, as its key tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upload {
    /// A chain or a manifest of the history of this roll.
    History {
        /// The folder that holds `ascmhl/`.
        roll: RollId,
        /// File name in `ascmhl/`.
        name: String,
    },
    /// Anything else below a production: perhaps a file of a roll.
    Footage {
        /// Whose it is.
        production: Production,
        /// Path below the production.
        path: RelativePath,
    },
    /// An order: `<production>/pulls/<pull>/pull.json`.
    Order {
        /// Whose it is.
        production: Production,
        /// Its name.
        pull: PullName,
    },
    /// A file that an order may name; it waits for the order.
    Attachment,
}

/// Why a key is none of ours, as a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("key `{}` {why}", key.escape_debug())]
pub struct BadKey {
    key: String,
    why: String,
}

/// Folder of a history.
pub const HISTORY: &str = "ascmhl";
/// Folder of a production that holds its orders.
pub const PULLS: &str = "pulls";
/// The file that makes an order of a folder; uploaded last.
pub const ORDER_FILE: &str = "pull.json";

/// Tells what an ingest key is.
///
/// # Errors
/// [`BadKey`] for a key that does not follow the layout; such objects are noted and left alone.
pub fn classify(key: &str) -> Result<Upload, BadKey> {
    let bad = |why: String| BadKey { key: key.chars().take(300).collect(), why };
    let (production, rest) = key.split_once('/').ok_or_else(|| bad("has no production folder".into()))?;
    let production = Production::new(production).map_err(|e| bad(format!("has a bad production: {e}")))?;
    let path = RelativePath::new(rest).map_err(|e| bad(format!("has an unsafe path: {e}")))?;
    let parts: Vec<&str> = rest.split('/').collect();
    if parts[0] == PULLS {
        return match parts[..] {
            [_, pull, ORDER_FILE] => {
                let pull = PullName::new(pull).map_err(|e| bad(format!("has a bad pull: {e}")))?;
                Ok(Upload::Order { production, pull })
            }
            _ => Ok(Upload::Attachment),
        };
    }
    if let [above @ .., HISTORY, name] = &parts[..] {
        if above.is_empty() {
            return Err(bad("has a history directly below the production: put it in a roll folder".into()));
        }
        let roll = RelativePath::new(above.join("/")).map_err(|e| bad(e.to_string()))?;
        return Ok(Upload::History { roll: RollId { production, path: roll }, name: (*name).to_owned() });
    }
    Ok(Upload::Footage { production, path })
}

/// The folders above a file that could be its roll, the nearest first.
pub fn candidate_rolls(production: &Production, path: &RelativePath) -> Vec<RollId> {
    let mut rolls = Vec::new();
    let mut folder = path.parent();
    while let Some(path) = folder {
        folder = path.parent();
        rolls.push(RollId { production: production.clone(), path });
    }
    rolls
}

/// The folder that stands for the roll of a file as long as no roll is known: the nearest above it that is named like a roll
/// (`A001`, `B012_R1ZA`, `A001R2EC`), else the one that it is in. None for a file directly below the production.
///
/// It depends on the folders alone, so all files of a clip have the same.
pub fn assumed_roll(production: &Production, path: &RelativePath) -> Option<RollId> {
    let folders = candidate_rolls(production, path);
    let named = folders.iter().position(|folder| is_named_like_a_roll(folder.path.file_name()));
    folders.into_iter().nth(named.unwrap_or(0))
}

/// One or two letters and three or four digits, and no clip number after them: `A001C003_261124_R1AB` is the folder of a clip.
fn is_named_like_a_roll(name: &str) -> bool {
    let rest = name.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let letters = name.len() - rest.len();
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let after = rest.get(digits..).unwrap_or_default().trim_start_matches(['_', '-']);
    let is_clip = after.strip_prefix(['C', 'c']).is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()));
    (1..=2).contains(&letters) && (3..=4).contains(&digits) && !is_clip
}

/// `<production>/pulls/<pull>/`.
pub fn pull_prefix(production: &Production, pull: &PullName) -> String {
    format!("{production}/{PULLS}/{pull}/")
}

/// Where everything of a job goes: `<production>/plates/<pull>-<job8>`.
pub fn job_root(production: &Production, pull: &PullName, job: &JobId) -> String {
    format!("{production}/plates/{pull}-{}", job.short())
}

/// The plan of a job, below its root.
pub fn plan_key(root: &str) -> String {
    format!("{root}/job/plan.json")
}

/// The digests of the plates of one range, below the job's root.
pub fn range_key(root: &str, range: u32) -> String {
    format!("{root}/job/ranges/{range:06}.json")
}

/// What one range has to make, below the job's root.
pub fn range_order_key(root: &str, range: u32) -> String {
    format!("{root}/job/ranges/{range:06}.order.json")
}

/// The report of a job, or of a roll, below its root.
pub fn report_key(root: &str) -> String {
    format!("{root}/report.json")
}

/// Where the sealed history of a roll goes: `<production>/rolls/<roll path>`.
pub fn roll_root(roll: &RollId) -> String {
    format!("{}/rolls/{}", roll.production, roll.path)
}

/// Metadata of a clip.
pub fn clip_key(production: &Production, clip: &ClipId) -> String {
    format!("{production}/clips/{clip}.json")
}

/// Every tag of a clip as it was found.
pub fn raw_key(production: &Production, clip: &ClipId) -> String {
    format!("{production}/clips/{clip}.raw.json")
}

/// Frame index of a clip at one revision (64 hex digits): an older look cannot replace a newer one.
pub fn frames_key(production: &Production, clip: &ClipId, revision: &str) -> String {
    format!("{production}/clips/{clip}.{}.frames.json", &revision[..revision.len().min(16)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_what_was_uploaded() {
        let roll = RollId::parse("show/day1/A001").unwrap();
        assert_eq!(
            classify("show/day1/A001/ascmhl/0001_A001_2026-11-22_105740Z.mhl").unwrap(),
            Upload::History { roll, name: "0001_A001_2026-11-22_105740Z.mhl".into() }
        );
        assert!(
            matches!(classify("show/day1/A001/Clips/a.dng").unwrap(), Upload::Footage { path, .. } if path.as_str() == "day1/A001/Clips/a.dng")
        );
        assert!(
            matches!(classify("show/pulls/VFX_012/pull.json").unwrap(), Upload::Order { pull, .. } if pull.as_str() == "VFX_012")
        );
        assert_eq!(classify("show/pulls/VFX_012/shot.fdl").unwrap(), Upload::Attachment);
        assert_eq!(classify("show/pulls/VFX_012/sub/pull.json").unwrap(), Upload::Attachment);
    }

    #[test]
    fn keys_outside_the_layout_are_refused_with_a_reason() {
        for (key, why) in [
            ("loose.dng", "has no production folder"),
            ("show/../other/x", "leaves its root"),
            ("sh ow/x", "bad production"),
            ("show/ascmhl/ascmhl_chain.xml", "put it in a roll folder"),
            ("show/pulls/a b/pull.json", "bad pull"),
            ("show//x", "is absolute"),
        ] {
            let error = classify(key).unwrap_err().to_string();
            assert!(error.contains(why), "{key}: {error}");
        }
    }

    #[test]
    fn the_nearest_folder_that_is_named_like_a_roll_stands_for_one() {
        let production = Production::new("show").unwrap();
        for (path, roll) in [
            ("d1/A001/Clips/A001C001_261124_R1AB/A001C001_261124_R1AB_000000.dng", "show/d1/A001"),
            ("d1/B012_R1ZA/x.mov", "show/d1/B012_R1ZA"),
            ("A001_0102AB.RDM/A001_C001_0102AB.RDC/A001_C001_0102AB_001.R3D", "show/A001_0102AB.RDM"),
            ("day 1/XDROOT/Clip/C0001.MXF", "show/day 1/XDROOT/Clip"),
            ("2026/x.mov", "show/2026"),
        ] {
            let found = assumed_roll(&production, &RelativePath::new(path).unwrap());
            assert_eq!(found.map(|roll| roll.to_string()).as_deref(), Some(roll), "{path}");
        }
        assert_eq!(assumed_roll(&production, &RelativePath::new("x.mov").unwrap()), None);
    }

    #[test]
    fn the_nearest_folder_is_the_first_candidate() {
        let production = Production::new("show").unwrap();
        let rolls = candidate_rolls(&production, &RelativePath::new("d1/A001/Clips/a.dng").unwrap());
        let names: Vec<_> = rolls.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["show/d1/A001/Clips", "show/d1/A001", "show/d1"]);
    }
}
