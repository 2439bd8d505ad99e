//! What is kept between runs: it never changes what a run says.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::{CACHE, Folder, Run, SLIP, aimock, file, fixtures};

/// Two scopes with findings of files, of scopes and of passes, an allow of use and one of none, and a broken file.
fn folder() -> Folder {
    let timed = r#"{ "match": { "userMessage": "clock" }, "response": { "content": "It is 2026-03-30T13:19:38Z." } }"#;
    let allowed = "# aimock-allow: short-substring: meant\nfixtures:\n  - { match: { userMessage: hi }, response: { content: Ho. } }\n";
    Folder::new(&[
        ("aimock.yaml", "include: [f]\nscopes: { one: [f/shared, f/one], two: [f/shared, f/two] }\nlint: { select: [strict] }\n"),
        ("f/shared/s.json", &file(&[&super::fixture("weather"), SLIP, timed])),
        ("f/one/a.json", &fixtures(&["weather in Oslo", "sun"])),
        ("f/one/b.yaml", allowed),
        ("f/two/c.json", &fixtures(&["sun", "sun in Rome"])),
        ("f/two/d.json", "{ \"fixtures\": ["),
    ])
}

/// What a run says, whatever it read to know it.
fn said(run: &Run) -> (i32, &str, &str) {
    (run.status, &run.out, &run.err)
}

/// The files of a folder for caches, but for its tag and what keeps it out of version control.
fn kept(folder: &Folder, cache: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.path(cache)).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|suffix| suffix == "lint"));
    files.sort();
    files
}

const COMMANDS: [&str; 3] =
    ["lint --format json --select all", "check --format json", "check --format concise f/two/c.json f/shared/s.json"];

/// Every command says the same with what earlier runs left, without, and once more.
#[track_caller]
fn agrees(folder: &Folder, when: &str) {
    for command in COMMANDS {
        let plain = folder.run_in("", &format!("{command} --no-cache"), "");
        for time in ["first", "second"] {
            let run = folder.run_in("", command, "");
            assert_eq!(said(&run), said(&plain), "{command}, {when}, the {time} time");
        }
    }
}

#[test]
fn it_never_changes_what_is_said() {
    let folder = folder();
    agrees(&folder, "at first");
    folder.write("f/one/a.json", fixtures(&["weather", "sun"]));
    agrees(&folder, "after an edit");
    fs::rename(folder.path("f/shared/s.json"), folder.path("f/two/z.json")).unwrap();
    agrees(&folder, "after a rename");
    fs::remove_file(folder.path("f/two/d.json")).unwrap();
    agrees(&folder, "after a file is gone");
    folder.write("f/one/b.yaml", "fixtures:\n  - { match: { userMessage: hi }, response: { content: Ho. } }\n");
    agrees(&folder, "after an allow is gone");
    folder.write("f/one/0.json", fixtures(&["sun"]));
    agrees(&folder, "after another file comes first");
    for settings in ["matching: exact", "lint: { ignore: [shadowed-fixture] }", "lint: { select: [all], severity: { tool-loop: off } }"] {
        folder.write("aimock.yaml", format!("include: [f]\n{settings}\n"));
        agrees(&folder, settings);
    }
    folder.write("aimock.yaml", "include: [f]\nlint: { options: { too-many-fixtures: { fixtures: 1 } } }\n");
    agrees(&folder, "after an option changed");
}

#[test]
fn only_what_changed_is_read_again() {
    let folder = folder();
    let reads = |command: &str, number: &str| {
        folder.run_in("", &format!("{command} --verbose"), "").says(&format!("read {number} of 5 files"));
    };
    for command in ["lint", "check"] {
        reads(command, "5");
        reads(command, "0");
    }
    // What is written anew with the same text has not changed.
    folder.write("f/one/a.json", folder.read("f/one/a.json"));
    reads("check", "0");
    // The other files of its scope are loaded with it, and those of the other scope are not.
    folder.write("f/one/a.json", fixtures(&["weather in Rome", "sun"]));
    reads("lint", "3");
    reads("lint", "0");
    reads("lint --no-cache", "5");
    reads("lint --select pedantic", "5");
    // A hook that names one file has what a run over all has left.
    reads("check f/two/c.json", "3");
}

#[test]
fn a_damaged_file_is_made_anew() {
    let folder = folder();
    let plain = folder.lint("--no-cache --format json");
    folder.lint("");
    let [path] = kept(&folder, CACHE).try_into().unwrap();
    let whole = fs::read(&path).unwrap();
    for damaged in [&whole[..whole.len() / 2], b"", b"{}", &[&whole[..], b"."].concat()] {
        fs::write(&path, damaged).unwrap();
        assert_eq!(said(&folder.lint("--format json")), said(&plain));
        assert_eq!(fs::read(&path).unwrap(), whole);
    }
    // Something that is no file, or too large a one.
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(said(&folder.lint("--format json")), said(&plain));
    fs::remove_dir(&path).unwrap();
    fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    assert_eq!(said(&folder.lint("--format json")), said(&plain));
    assert_eq!(fs::read(&path).unwrap(), whole);
}

#[cfg(unix)]
#[test]
fn no_link_is_followed() {
    let folder = folder();
    folder.lint("");
    let [path] = kept(&folder, CACHE).try_into().unwrap();
    let whole = fs::read(&path).unwrap();
    folder.write("elsewhere", &whole);
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(folder.path("elsewhere"), &path).unwrap();
    folder.lint("--verbose").says("read 5 of 5 files");
    assert!(!fs::symlink_metadata(&path).unwrap().is_symlink());
    assert_eq!(fs::read(folder.path("elsewhere")).unwrap(), whole);
}

#[test]
fn it_works_where_nothing_can_be_kept() {
    let folder = folder();
    let plain = folder.lint("--no-cache --format json");
    folder.write("taken", "");
    for place in ["taken", "taken/below"] {
        let run = folder.lint(&format!("--format json --cache-dir {place}"));
        assert_eq!(said(&run), said(&plain));
        folder.lint(&format!("--cache-dir {place} --verbose")).says("nothing is kept for the next run");
    }
}

#[test]
fn runs_at_once_do_not_disturb_each_other() {
    let folder = folder();
    let plain = folder.lint("--no-cache --format json");
    let start = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aimock"));
        command
            .args(["lint", "--format", "json", "--cache-dir", CACHE])
            .current_dir(folder.path(""))
            .env("NO_COLOR", "1")
            .env("COLUMNS", "80");
        command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
    };
    let runs: Vec<_> = (0..6).map(|_| start()).collect();
    for run in runs {
        assert_eq!(String::from_utf8(run.wait_with_output().unwrap().stdout).unwrap(), plain.out);
    }
    folder.lint("--verbose").says("read 0 of 5 files");
    assert_eq!(fs::read_dir(folder.path(CACHE)).unwrap().count(), 3, "a file, the tag and the .gitignore");
}

#[test]
fn fixes_follow_from_what_is_there() {
    let (fixed, plain) = (folder(), folder());
    fixed.lint("--select all");
    let before: Vec<Vec<u8>> = kept(&fixed, CACHE).iter().map(|path| fs::read(path).unwrap()).collect();
    for arguments in ["--fix --diff", "--select all --unsafe-fixes", "--select all --fix"] {
        assert_eq!(said(&fixed.lint(arguments)), said(&plain.lint(&format!("{arguments} --no-cache"))), "{arguments}");
        for name in ["f/shared/s.json", "f/one/a.json", "f/one/b.yaml", "f/two/c.json"] {
            assert_eq!(fixed.read(name), plain.read(name), "{arguments}: {name}");
        }
    }
    let after: Vec<Vec<u8>> = kept(&fixed, CACHE).iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(before == after && !before.is_empty(), "fixing neither reads nor writes what is kept");
}

#[test]
fn the_place_is_chosen() {
    let folder = folder();
    folder.lint("--cache-dir flag");
    assert_eq!(kept(&folder, "flag").len(), 1);
    assert_eq!(folder.read("flag/.gitignore"), "*\n");
    assert!(folder.read("flag/CACHEDIR.TAG").starts_with("Signature: 8a477f597d28d172789f06886806bc55"));
    assert!(kept(&folder, CACHE).is_empty(), "the flag wins over the environment");
    // A folder that was there is used as it is.
    fs::create_dir(folder.path("own")).unwrap();
    folder.lint("--cache-dir own");
    assert_eq!((kept(&folder, "own").len(), folder.path("own/.gitignore").exists()), (1, false));

    let without = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aimock"));
        command.args(arguments).current_dir(folder.path("f")).envs(variables.iter().copied()).env_remove("AIMOCK_CACHE_DIR");
        command.env("XDG_CACHE_HOME", folder.path("xdg")).env("HOME", folder.path("home")).env("LOCALAPPDATA", folder.path("local"));
        command.stdin(Stdio::null()).output().unwrap()
    };
    // The user's own folder, which no repository brings along.
    let of_user = if cfg!(target_os = "macos") {
        "home/Library/Caches/aimock"
    } else if cfg!(windows) {
        "local/aimock"
    } else {
        "xdg/aimock"
    };
    without(&[("AIMOCK_NO_CACHE", "1")], &["lint"]);
    assert!(kept(&folder, of_user).is_empty());
    without(&[], &["lint"]);
    assert_eq!(kept(&folder, of_user).len(), 1);
    // The configuration's, as seen from the configuration.
    folder.write("aimock.yaml", "include: [f]\nlint: { cacheDir: .aimock_cache }\n");
    without(&[], &["lint"]);
    assert_eq!((kept(&folder, ".aimock_cache").len(), kept(&folder, of_user).len()), (1, 1));
    let clean = without(&[], &["clean"]);
    let said = String::from_utf8_lossy(&clean.stderr);
    assert!(said.contains("removed 1 file from ") && said.contains("/.aimock_cache"), "{said}");
    assert!(kept(&folder, ".aimock_cache").is_empty() && folder.path(".aimock_cache/CACHEDIR.TAG").exists());
    for outside in ["../out", "/tmp", "f/../../out"] {
        folder.write("aimock.yaml", format!("include: [f]\nlint: {{ cacheDir: {outside} }}\n"));
        let run = without(&[], &["lint"]);
        assert_eq!(run.status.code(), Some(2), "{outside}");
        assert!(String::from_utf8_lossy(&run.stderr).contains("aimock.yaml leads out of the folder of the configuration"), "{run:?}");
    }
}

#[cfg(unix)]
#[test]
fn the_configuration_names_no_place_behind_a_link() {
    let folder = folder();
    let outside = Folder::new(&[]);
    std::os::unix::fs::symlink(outside.path(""), folder.path("cache")).unwrap();
    folder.write("aimock.yaml", "include: [f]\nlint: { cacheDir: cache/deep }\n");
    let mut command = Command::new(env!("CARGO_BIN_EXE_aimock"));
    let run = command.arg("lint").current_dir(folder.path("")).env_remove("AIMOCK_CACHE_DIR").stdin(Stdio::null()).output().unwrap();
    assert_eq!(run.status.code(), Some(2));
    assert!(!outside.path("deep").exists());
}

#[test]
fn what_is_kept_is_removed() {
    let folder = folder();
    folder.lint("");
    folder.lint("--select all");
    folder.run_in("", "check", "");
    folder.write(&format!("{CACHE}/notes.txt"), "mine");
    assert_eq!(kept(&folder, CACHE).len(), 3);
    aimock(&folder.path(""), "clean", "").ends(0).says("removed 3 files from");
    assert!(kept(&folder, CACHE).is_empty());
    assert_eq!(folder.read(&format!("{CACHE}/notes.txt")), "mine");
    aimock(&folder.path(""), "clean --cache-dir nowhere", "").ends(0).says("removed 0 files from nowhere");
}

#[test]
fn no_secret_is_kept() {
    let key = crate::planted::openai();
    let text = file(&[
        &format!(r#"{{ "match": {{ "userMessage": "{key}" }}, "response": {{ "text": "{key}" }} }}"#),
        &format!(r#"{{ "id": "{key}", "match": {{ "{key}": 1, "userMessage": "x" }}, "response": {{ "content": "{key}" }} }}"#),
    ]);
    let folder = Folder::new(&[]);
    folder.0.write("f/a.json", &text);
    for command in ["lint --select all --format json f", "check --format json f"] {
        let plain = folder.run_in("", &format!("{command} --no-cache"), "");
        for _ in 0..2 {
            assert_eq!(said(&folder.run_in("", command, "")), said(&plain));
        }
    }
    for path in kept(&folder, CACHE) {
        assert!(crate::planted::found_in(&fs::read(path).unwrap()).is_empty());
    }
}
