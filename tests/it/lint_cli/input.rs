//! What is read: several formats, standard input, files that are none.

use super::{Folder, SLIP, file, fixture, fixtures};

#[test]
fn a_bad_file_has_its_finding_and_the_others_are_linted() {
    let folder = Folder::new(&[
        ("fixtures/a.json", "{ \"fixtures\": [ { \"match\""),
        ("fixtures/c.json", &fixtures(&["weather", "weather in Oslo"])),
    ]);
    folder.write("fixtures/b.json", [0x7b, 0xff, 0x00, 0x7d]);
    folder.write("fixtures/d.json", [b'{', 0, b'}']);
    let found = folder.lint("--format concise").ends(1).places();
    let rules: Vec<&str> = found.iter().map(|place| place.rsplit_once(' ').unwrap().1).collect();
    assert_eq!(rules, ["syntax-error", "shadowed-fixture", "not-utf8", "not-text"], "{found:?}");
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let folder = Folder::new(&[("fixtures/a.json", &fixtures(&["weather"]))]);
    folder.check("--max-file-size 20", 1, &["fixtures/a.json:1:1 file-too-large"]);
}

#[test]
fn what_is_no_fixture_file_is_a_note() {
    let folder = Folder::new(&[("package.json", r#"{ "name": "shop" }"#), ("fixtures/a.json", &fixtures(&["weather"]))]);
    folder.lint("package.json").ends(0).says("skipped package.json: not a fixture file");
    folder.lint("package.json fixtures").ends(0).says("skipped package.json");
}

#[test]
fn languages_mix_in_one_scope() {
    let folder = Folder::new(&[
        ("fixtures/a.yaml", "fixtures:\n  - match: { userMessage: weather }\n    response: { content: Sun. }\n"),
        ("fixtures/b.jsonc", &format!("// rain\n{}", fixtures(&["weather in Oslo"]))),
        ("fixtures/c.yml", "fixtures:\n  - match: { userMessage: weather in Rome }\n    response: { content: Sun. }\n"),
    ]);
    folder.check("", 1, &["fixtures/b.jsonc:3:12 shadowed-fixture", "fixtures/c.yml:2:12 shadowed-fixture"]);
}

#[test]
fn standard_input_has_a_name_and_stands_for_its_file() {
    let bad = file(&[&fixture("weather"), &fixture("weather in Oslo")]);
    let folder = Folder::new(&[("fixtures/a.json", &fixtures(&["sun"])), ("fixtures/b.json", &fixtures(&["weather in Bergen"]))]);
    let places = |arguments: &str| folder.run_in("", &format!("lint --format concise {arguments}"), &bad).places();
    assert_eq!(places("-"), ["<stdin>:3:12 shadowed-fixture"]);
    assert_eq!(places("--stdin-filename fixtures/a.json -"), ["fixtures/a.json:3:12 shadowed-fixture"]);
    // With a configuration the text takes the file's place among the others, and only its findings are shown.
    folder.write("aimock.yaml", "include: [fixtures]\n");
    assert_eq!(places("--stdin-filename fixtures/a.json -"), ["fixtures/a.json:3:12 shadowed-fixture"]);
    assert_eq!(
        places("--stdin-filename ./fixtures/a.json - fixtures/b.json"),
        ["fixtures/a.json:3:12 shadowed-fixture", "fixtures/b.json:2:12 shadowed-fixture"]
    );
    assert_eq!(folder.read("fixtures/a.json"), fixtures(&["sun"]));
    // A format is told by the name.
    let yaml = "fixtures:\n  - match: { userMessage: a }\n    response: { text: b }\n";
    let run = folder.run_in("", "lint --format concise --stdin-filename new.yaml -", yaml);
    assert_eq!(run.places(), ["new.yaml:3:17 response-key-slip"]);
}

#[test]
fn files_are_seen_among_all_that_is_included() {
    let folder = Folder::new(&[
        ("fixtures/a.json", &fixtures(&["weather"])),
        ("fixtures/b.json", &fixtures(&["weather in Oslo"])),
        ("fixtures/c.json", &file(&[SLIP])),
    ]);
    // Without a configuration ./fixtures is what commands load, so a file of it is seen among the others.
    folder.check("fixtures/b.json", 1, &["fixtures/b.json:2:12 shadowed-fixture"]);
    folder.write("aimock.yaml", "include: [fixtures]\n");
    folder.check("fixtures/b.json", 1, &["fixtures/b.json:2:12 shadowed-fixture"]);
    folder.check("./fixtures/b.json", 1, &["fixtures/b.json:2:12 shadowed-fixture"]);
    folder.check("fixtures/a.json", 0, &[]);
    folder.write("other/d.json", fixtures(&["weather in Rome", "weather in Rome, please"]));
    folder.check("fixtures/a.json other/d.json", 1, &["other/d.json:3:12 shadowed-fixture"]);
    let absolute = folder.path("fixtures/b.json");
    assert_eq!(folder.lint(&format!("--format concise {}", absolute.display())).places().len(), 1);
    let below = folder.run_in("fixtures", "lint --format concise b.json", "");
    assert_eq!(below.places(), ["../fixtures/b.json:2:12 shadowed-fixture"]);
    // A bad file that nobody asked for is not this run's business.
    folder.write("fixtures/z.json", [0xff, 0xfe]);
    folder.check("fixtures/a.json", 0, &[]);
}
