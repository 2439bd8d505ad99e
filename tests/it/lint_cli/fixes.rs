//! What `--fix` writes, and what it leaves alone.

use super::{Folder, SLIP, file, fixture};

/// A file with comments, odd spacing and a slip, before and after its fix.
fn slip(newline: &str) -> (String, String) {
    let text = "{  // spoken slowly\n  \"fixtures\": [\n\t{ \"match\": { \"userMessage\": \"news\" },\n      /* why */ \"response\": { \"text\" : \"None \\u00e9.\" } }, ] }\n";
    let text = text.replace('\n', newline);
    (text.clone(), text.replace("\"text\"", "\"content\""))
}

#[test]
fn only_what_is_wrong_changes() {
    let (lf, crlf) = (slip("\n"), slip("\r\n"));
    let marked = (format!("\u{feff}{}", lf.0), format!("\u{feff}{}", lf.1));
    for (before, after) in [lf, crlf, marked] {
        let folder = Folder::new(&[("a.jsonc", &before), ("b.json", &file(&[&fixture("weather")]))]);
        let b = std::fs::metadata(folder.path("b.json")).unwrap().modified().unwrap();
        folder.lint("--select response-key-slip --fix .").ends(0).says("fixed 1 finding in 1 file");
        assert_eq!(folder.read("a.jsonc"), after);
        assert_eq!(std::fs::metadata(folder.path("b.json")).unwrap().modified().unwrap(), b, "it was not written");
        let again = folder.lint("--select response-key-slip --fix .");
        again.ends(0);
        assert!(!again.err.contains("fixed"), "{again:#?}");
        assert_eq!(folder.read("a.jsonc"), after);
    }
}

#[test]
fn what_is_left_is_reported() {
    let folder = Folder::new(&[("a.json", &file(&[&fixture("weather"), &fixture("weather in Oslo"), SLIP]))]);
    let run = folder.lint("--fix --format concise a.json");
    assert_eq!(run.ends(1).says("fixed 1 finding in 1 file").places(), ["a.json:3:12 shadowed-fixture"]);
}

#[test]
fn unsafe_fixes_are_asked_for() {
    let text = file(&[r#"{ "match": { "userMesage": "news" }, "response": { "content": "None." } }"#]);
    let folder = Folder::new(&[("a.json", &text)]);
    folder.lint("--fix a.json").ends(1);
    assert_eq!(folder.read("a.json"), text);
    folder.lint("--unsafe-fixes a.json").ends(0).says("fixed 1 finding");
    assert_eq!(folder.read("a.json"), text.replace("userMesage", "userMessage"));
}

#[test]
fn a_diff_writes_nothing() {
    let text = file(&[&fixture("weather"), SLIP]);
    let folder = Folder::new(&[("a.json", &text)]);
    let run = folder.lint("--fix --diff a.json");
    run.ends(1).says("would fix 1 finding in 1 file");
    let expected = [
        "--- a.json",
        "+++ a.json",
        "@@ -1,4 +1,4 @@",
        " { \"fixtures\": [",
        &format!(" {},", fixture("weather")),
        &format!("-{SLIP}"),
        &format!("+{}", SLIP.replace("text", "content")),
        " ] }",
        "",
    ];
    assert_eq!(run.out, expected.join("\n"));
    assert_eq!(folder.read("a.json"), text);
    folder.lint("--diff a.json").ends(2);
    folder.lint("--fix --diff --write-baseline a.json").ends(2);
    // Nothing to fix, though there is something to find.
    let folder = Folder::new(&[("a.json", &file(&[&fixture("weather"), &fixture("weather in Oslo")]))]);
    let run = folder.lint("--fix --diff a.json");
    assert_eq!((run.status, run.out.as_str()), (0, ""));
}

#[test]
#[cfg(unix)]
fn modes_and_links_stay() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new(&[("real/a.json", &file(&[SLIP]))]);
    let real = folder.path("real/a.json");
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(&real, folder.path("link.json")).unwrap();
    folder.lint("--fix link.json").ends(0);
    assert!(folder.read("real/a.json").contains("content"));
    assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(std::fs::symlink_metadata(folder.path("link.json")).unwrap().is_symlink());
    folder.write("real/a.json", file(&[SLIP]));
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o440)).unwrap();
    folder.lint("--fix real/a.json").ends(2).says("read-only");
    assert_eq!(folder.read("real/a.json"), file(&[SLIP]));
}

#[test]
fn standard_input_comes_out_fixed() {
    let folder = Folder::new(&[]);
    let text = file(&[SLIP]);
    let run = folder.run_in("", "lint --fix --stdin-filename fixtures/a.json -", &text);
    assert_eq!((run.status, run.out), (0, text.replace("text", "content")));
    // A text that is in order comes out as it is, and so does one that cannot be fixed; findings go to stderr.
    let good = file(&[&fixture("weather")]);
    assert_eq!(folder.run_in("", "lint --fix -", &good).out, good);
    let bad = file(&[&fixture("weather"), &fixture("weather in Oslo")]);
    let run = folder.run_in("", "lint --fix --format concise -", &bad);
    assert_eq!((run.status, run.out.as_str()), (1, bad.as_str()));
    run.says("<stdin>:3:12: warning[shadowed-fixture]");
    let broken = folder.run_in("", "lint --fix -", "{ \"fixtures\": [");
    assert_eq!((broken.status, broken.out.as_str()), (1, "{ \"fixtures\": ["));
    let diff = folder.run_in("", "lint --fix --diff --stdin-filename a.json -", &text);
    assert!(diff.status == 1 && diff.out.starts_with("--- a.json\n+++ a.json\n@@ "), "{diff:#?}");
}

#[test]
fn yaml_keeps_its_comments() {
    let text =
        "# news\nfixtures:\n  - match: { userMessage: news }   # of the day\n    response:\n      text: >-\n        None\n        today.\n";
    let folder = Folder::new(&[("a.yaml", text)]);
    folder.lint("--fix a.yaml").ends(0);
    assert_eq!(folder.read("a.yaml"), text.replace("text:", "content:"));
}
