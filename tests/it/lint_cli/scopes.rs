//! Sets of files that are loaded together.

use super::{Folder, SLIP, file, fixtures};

/// Two scopes that share a folder. In `one` the shared file shadows a fixture; both have the slip of the shared file.
fn folder() -> Folder {
    let shared = file(&[&super::fixture("weather"), SLIP]);
    Folder::new(&[
        ("aimock.yaml", "scopes: { one: ['f/shared/**', 'f/one/**'], two: ['f/shared/**', 'f/two/**'] }\n"),
        ("f/shared/s.json", &shared),
        ("f/one/a.json", &fixtures(&["weather in Oslo", "sun"])),
        ("f/two/b.json", &fixtures(&["sun", "sun in Rome"])),
    ])
}

const SLIPPED: &str = "f/shared/s.json:3:53 response-key-slip";
const OSLO: &str = "f/one/a.json:2:12 shadowed-fixture";
const ROME: &str = "f/two/b.json:3:12 shadowed-fixture";

#[test]
fn each_is_loaded_alone_and_a_finding_is_shown_once() {
    // As one bundle, `sun in Rome` would be shadowed by the file of the other scope.
    folder().check("", 1, &[SLIPPED, OSLO, ROME]);
}

#[test]
fn some_are_chosen() {
    folder().check("--scope one", 1, &[SLIPPED, OSLO]);
    folder().check("--scope two", 1, &[SLIPPED, ROME]);
    folder().check("--scope two --scope one", 1, &[SLIPPED, OSLO, ROME]);
    folder().lint("--scope three").ends(2).says("there is no scope `three`; known: one, two");
    Folder::new(&[("f/a.json", &fixtures(&["sun"]))]).lint("--scope one f").ends(2).says("none is configured");
}

#[test]
fn named_files_are_seen_in_their_scopes() {
    folder().check("f/one/a.json", 1, &[OSLO]);
    folder().check("./f/two/b.json f/shared/s.json", 1, &[SLIPPED, ROME]);
    folder().check("f/two", 1, &[ROME]);
    folder().check("--scope one f/one/a.json", 1, &[OSLO]);
    let left_out = folder().lint("--scope one f/two/b.json --format concise");
    assert!(left_out.ends(0).says("f/two/b.json is in none of these scopes").out.is_empty());
    let below = folder().run_in("f/one", "lint --format concise a.json", "");
    assert_eq!(below.places(), ["../../f/one/a.json:2:12 shadowed-fixture"]);
}

#[test]
fn strays_are_a_scope_of_their_own() {
    let folder = folder();
    folder.write("stray.json", fixtures(&["weather in Rome", "weather in Rome, please"]));
    folder.check("", 1, &[SLIPPED, OSLO, ROME]);
    folder.check("stray.json", 1, &["stray.json:3:12 shadowed-fixture"]);
    folder.check("stray.json f/one", 1, &[OSLO, "stray.json:3:12 shadowed-fixture"]);
    folder.write("package.json", "{}");
    folder.check("package.json f/one/a.json", 1, &[OSLO]);
}

#[test]
fn a_bad_file_of_two_scopes_is_reported_once() {
    let folder = folder();
    folder.write("f/shared/z.json", [0xff, 0x01]);
    folder.check("", 1, &[SLIPPED, OSLO, ROME, "f/shared/z.json:1:1 not-utf8"]);
    folder.check("f/one/a.json", 1, &[OSLO]);
}

#[test]
fn one_that_leads_nowhere_is_an_error() {
    let folder = folder();
    folder.write("aimock.yaml", "scopes: { one: ['f/one/**'], none: ['nowhere/**'] }\n");
    let run = folder.lint("--format concise");
    assert_eq!(run.ends(2).places(), ["nowhere/**:1:1 no-files"]);
    folder.lint("--scope one --format concise").ends(0);
}

#[test]
fn fixes_are_made_once() {
    let folder = folder();
    folder.lint("--fix").ends(1).says("fixed 1 finding in 1 file");
    assert!(folder.read("f/shared/s.json").contains("\"content\": \"None.\""));
}

#[test]
fn a_baseline_of_one_scope_keeps_the_others() {
    let folder = folder();
    folder.lint("--write-baseline").ends(0).says("wrote 3 findings");
    let whole = folder.read("aimock-baseline.json");
    for arguments in ["--write-baseline", "--baseline aimock-baseline.json --prune-baseline"] {
        folder.lint(&format!("--scope one {arguments}")).ends(0);
        assert_eq!(folder.read("aimock-baseline.json"), whole, "{arguments}");
    }
}
