//! What holds for every command.

use crate::platefleet;

#[test]
fn what_cannot_be_understood_is_usage_and_a_document_under_json() {
    for arguments in [&["inspect"][..], &["dance"], &["render", "--input", "x"], &["synth", "--frames", "none"]] {
        let run = platefleet(arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}");
        assert!(run.stdout.is_empty() && run.stderr.starts_with("error: "), "{}", run.stderr);
        let run = platefleet(arguments.iter().chain(&["--json"]));
        assert_eq!((run.code, run.error().0.as_str()), (Some(2), "usage"), "{arguments:?}");
    }
}

#[test]
fn commands_of_later_versions_are_refused_by_name() {
    for command in ["fdl", "color", "check", "cancel", "redrive", "reconcile"] {
        let run = platefleet([command, "some", "--thing", "else", "--json"]);
        assert_eq!(run.code, Some(3), "{command}");
        assert!(run.error().1.contains(&format!("`{command}`")), "{:?}", run.error());
        let run = platefleet([command]);
        assert!(run.code == Some(3) && run.stdout.is_empty(), "{command}");
    }
}

#[test]
fn help_and_version_are_no_failure() {
    for arguments in [&["--help"][..], &["--version"], &["render", "--help"]] {
        let run = platefleet(arguments);
        assert_eq!(run.code, Some(0));
        assert!(run.stdout.contains("platefleet"), "{}", run.stdout);
    }
}
