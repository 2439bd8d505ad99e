//! Findings that are known.

use super::{Folder, SLIP, file, fixture, fixtures};

fn folder() -> Folder {
    Folder::new(&[("fixtures/a.json", &fixtures(&["weather", "weather in Oslo"])), ("fixtures/b.json", &file(&[SLIP]))])
}

const BASELINE: &str = "--baseline aimock-baseline.json";

#[test]
fn old_findings_are_silent_and_new_ones_fail() {
    let folder = folder();
    folder.lint("--write-baseline").ends(0).says("wrote 2 findings to aimock-baseline.json");
    folder.lint(BASELINE).ends(0).says("2 findings known by aimock-baseline.json");
    folder.check(BASELINE, 0, &[]);
    folder.write("fixtures/a.json", fixtures(&["weather", "weather in Oslo", "weather in Rome"]));
    folder.check(BASELINE, 1, &["fixtures/a.json:4:12 shadowed-fixture"]);
    // Without the flag nothing is known.
    assert_eq!(folder.lint("--format concise").ends(1).places().len(), 3);
}

#[test]
fn moves_and_neighbours_change_nothing() {
    let folder = folder();
    folder.lint("--write-baseline=known.json").ends(0);
    let spread = fixtures(&["rain", "weather", "snow", "weather in Oslo", "hail"]).replace("{ \"match\"", "\n\n  {\"match\"");
    folder.write("fixtures/a.json", spread);
    folder.write("fixtures/0.json", fixtures(&["news of the day"]));
    folder.check("--baseline known.json", 0, &[]);
}

#[test]
fn the_second_of_two_equal_findings_is_new() {
    let folder = Folder::new(&[("fixtures/a.json", &file(&[SLIP]))]);
    folder.lint("--write-baseline --select response-key-slip").ends(0);
    folder.write("fixtures/a.json", file(&[SLIP, SLIP]));
    let found = folder.lint(&format!("--format concise --select response-key-slip {BASELINE}")).ends(1).places();
    assert_eq!(found, ["fixtures/a.json:3:53 response-key-slip"]);
}

#[test]
fn cured_findings_are_pruned() {
    let folder = folder();
    folder.lint("--write-baseline").ends(0);
    folder.write("fixtures/b.json", fixtures(&["news"]));
    let before = folder.read("aimock-baseline.json");
    folder.lint(BASELINE).ends(0).says("1 entry of aimock-baseline.json are no longer met");
    assert_eq!(folder.read("aimock-baseline.json"), before);
    folder.lint(&format!("{BASELINE} --prune-baseline")).ends(0).says("removed 1 entry from aimock-baseline.json");
    let after = folder.read("aimock-baseline.json");
    assert!(after.contains("shadowed-fixture") && !after.contains("response-key-slip"), "{after}");
    folder.check(BASELINE, 0, &[]);
    folder.lint("--prune-baseline").ends(2).says("name it with `--baseline FILE`");
}

#[test]
fn a_run_over_a_part_keeps_what_it_could_not_meet() {
    let folder = folder();
    folder.lint("--write-baseline").ends(0);
    let whole = folder.read("aimock-baseline.json");
    for part in ["fixtures/b.json", "--select response-key-slip", "--ignore shadowed-fixture"] {
        let run = folder.lint(&format!("{part} {BASELINE} --prune-baseline"));
        run.ends(0);
        assert!(!run.err.contains("removed"), "{part}: {run:#?}");
        assert_eq!(folder.read("aimock-baseline.json"), whole, "{part}");
        folder.lint(&format!("{part} --write-baseline")).ends(0);
        assert_eq!(folder.read("aimock-baseline.json"), whole, "{part}");
    }
    // A file that is gone has no findings any more, whatever is looked at.
    std::fs::remove_file(folder.path("fixtures/a.json")).unwrap();
    folder.lint(&format!("fixtures/b.json {BASELINE} --prune-baseline")).says("removed 1 entry");
}

#[test]
fn it_is_configured_relative_to_the_configuration() {
    let folder = folder();
    folder.write("aimock.yaml", "include: [fixtures]\nlint: { baseline: known/lint.json }\n");
    folder.lint("").ends(1).says("the baseline known/lint.json does not exist; `aimock lint --write-baseline` makes it");
    std::fs::create_dir_all(folder.path("known")).unwrap();
    folder.lint("--write-baseline").ends(0).says("wrote 2 findings to known/lint.json");
    folder.check("", 0, &[]);
    folder.lint("--baseline nowhere.json").ends(2).says("nowhere.json");
}

#[test]
fn what_is_no_baseline_is_left_alone() {
    let folder = folder();
    for name in ["fixtures/a.json", "notes.txt"] {
        folder.write("notes.txt", "Remember the milk.\n");
        let before = folder.read(name);
        folder.lint(&format!("--write-baseline={name}")).ends(2).says(&format!("cannot use the baseline {name}"));
        folder.lint(&format!("--baseline {name}")).ends(2).says(&format!("cannot use the baseline {name}"));
        assert_eq!(folder.read(name), before);
    }
    folder.write("future.json", r#"{ "version": 9, "findings": {} }"#);
    folder.lint("--baseline future.json").ends(2).says("version 9");
}

#[test]
fn it_holds_no_position() {
    let folder = folder();
    folder.lint("--write-baseline").ends(0);
    let first = folder.read("aimock-baseline.json");
    folder.write("fixtures/a.json", format!("\n\n{}", file(&[&fixture("sun"), &fixture("weather"), &fixture("weather in Oslo")])));
    folder.lint("--write-baseline").ends(0);
    assert_eq!(folder.read("aimock-baseline.json"), first);
}
