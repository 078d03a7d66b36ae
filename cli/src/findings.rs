//! Findings of a folder, for people and for scripts.

use std::collections::BTreeSet;

use platefleet_media::mhl::{Finding, FindingKind};

use crate::{console::Console, failure::Failure};

/// Each with what to do about it, for a script that reads them one by one.
pub(crate) fn advised(findings: Vec<Finding>) -> Vec<Finding> {
    let advised = |mut finding: Finding| {
        if let Some(advice) = finding.advice() {
            finding.detail.push_str("; ");
            finding.detail.push_str(advice);
        }
        finding
    };
    findings.into_iter().map(advised).collect()
}

/// A line for each, then what to do about each kind.
pub(crate) fn say(console: &Console, findings: &[Finding]) -> Result<(), Failure> {
    let mut advice: BTreeSet<(FindingKind, &str)> = BTreeSet::new();
    for finding in findings {
        console.say(format!("{:>18}  {}: {}", finding.kind.name(), finding.path, finding.detail))?;
        advice.extend(finding.advice().map(|advice| (finding.kind, advice)));
    }
    for (kind, advice) in advice {
        console.say(format!("{:>18}  {kind}: {advice}", "hint"))?;
    }
    Ok(())
}
