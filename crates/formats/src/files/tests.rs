//! Every kind of path that a fixture folder can hold.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::write::{Wait, replace};
use super::*;

/// A folder for one test, gone with it.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        for (name, text) in files {
            let path = folder.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Names below the folder, then `rule name` of the problems.
    fn discover(&self, paths: &[&str], exclude: &[&str]) -> (Vec<String>, Vec<String>) {
        let paths: Vec<PathBuf> = paths.iter().map(|path| self.path(path)).collect();
        let found = discover(&paths, &Exclude::new(self.0.path(), exclude).unwrap());
        let prefix = format!("{}/", self.0.path().display());
        let short = |name: &str| name.strip_prefix(&prefix).unwrap_or(name).to_owned();
        (
            found.files.iter().map(|file| short(&file.name)).collect(),
            found.problems.iter().map(|problem| format!("{} {}", problem.rule, short(&problem.name))).collect(),
        )
    }

    #[track_caller]
    fn check(&self, paths: &[&str], files: &[&str], problems: &[&str]) {
        let (found, said) = self.discover(paths, &[]);
        assert_eq!(found, files);
        assert_eq!(said, problems);
    }

    fn read(&self, name: &str, max: u64) -> Result<FileText, Box<Problem>> {
        read_path(&self.path(name), max)
    }
}

#[cfg(unix)]
fn fifo(path: &Path) {
    let status = std::process::Command::new("mkfifo").arg(path).status().unwrap();
    assert!(status.success());
}

#[test]
fn files_come_before_subdirectories_by_code_unit() {
    let folder = Folder::new(&[
        ("b.json", ""),
        ("a/z.json", ""),
        ("B.jsonc", ""),
        ("10.yaml", ""),
        ("9.yml", ""),
        ("a/b/c.json", ""),
        ("a/a.json", ""),
        ("Z/x.json", ""),
        // U+FF21 is above U+1D400 in UTF-16, below it in UTF-8.
        ("\u{ff21}.json", ""),
        ("\u{1d400}.json", ""),
        ("notes.md", ""),
        (".hidden.json", ""),
    ]);
    let order = [
        "./.hidden.json",
        "10.yaml",
        "9.yml",
        "B.jsonc",
        "b.json",
        "\u{1d400}.json",
        "\u{ff21}.json",
        "Z/x.json",
        "a/a.json",
        "a/z.json",
        "a/b/c.json",
    ];
    let order: Vec<&str> = order.iter().map(|name| name.trim_start_matches("./")).collect();
    folder.check(&["."], &order.iter().map(|name| format!("./{name}")).map(|name| name.leak() as &str).collect::<Vec<_>>(), &[]);
    folder.check(&["a"], &["a/a.json", "a/z.json", "a/b/c.json"], &[]);
}

#[test]
fn arguments_keep_their_order_and_files_come_once() {
    let folder = Folder::new(&[("x/1.json", ""), ("x/2.json", ""), ("y/3.json", "")]);
    folder.check(&["y", "x/2.json", "x"], &["y/3.json", "x/2.json", "x/1.json"], &[]);
    folder.check(&["x", "x/1.json"], &["x/1.json", "x/2.json"], &[]);
    let paths = [folder.path("x"), folder.path("x/1.json")];
    let found = discover(&paths, &Exclude::default());
    assert_eq!(found.files.iter().map(|file| file.named).collect::<Vec<_>>(), [true, false]);
    assert_eq!(found.files[0].root, folder.path("x"));
    let named = discover(&paths[1..], &Exclude::default());
    assert_eq!(named.files[0].root, folder.path("x"));
}

#[test]
fn git_and_node_modules_are_never_walked() {
    let folder = Folder::new(&[
        ("a.json", ""),
        (".git/x.json", ""),
        ("n/node_modules/p/package.json", ""),
        ("node_modules/y.json", ""),
        (".gitignore", "a.json"),
    ]);
    folder.check(&["."], &["./a.json"], &[]);
    folder.check(&["node_modules"], &["node_modules/y.json"], &[]);
    folder.check(&["n/node_modules/p/package.json"], &["n/node_modules/p/package.json"], &[]);
}

#[test]
fn excluded_paths_are_left_out_unless_named() {
    let folder = Folder::new(&[("a.json", ""), ("old/b.json", ""), ("sub/old/c.json", ""), ("sub/d.tmp.json", ""), ("sub/e.json", "")]);
    for (exclude, files) in [
        (vec!["old"], vec!["./a.json", "./sub/d.tmp.json", "./sub/e.json"]),
        (vec!["old/**"], vec!["./a.json", "./sub/d.tmp.json", "./sub/e.json", "./sub/old/c.json"]),
        (vec!["./sub/"], vec!["./a.json", "./old/b.json"]),
        (vec!["sub/*"], vec!["./a.json", "./old/b.json"]),
        (vec!["*.tmp.json", "**/old/**"], vec!["./a.json", "./sub/e.json"]),
    ] {
        assert_eq!(folder.discover(&["."], &exclude).0, files, "{exclude:?}");
    }
    assert_eq!(folder.discover(&["old/b.json"], &["old"]).0, ["old/b.json"]);
    // Tests run in the package's folder.
    for base in [env!("CARGO_MANIFEST_DIR"), "", "."] {
        let exclude = Exclude::new(base, &["src/old"]).unwrap();
        assert!(exclude.covers(Path::new("src/old")) && exclude.covers(Path::new("./src/old")), "{base}");
        assert!(!exclude.covers(Path::new("old")) && !exclude.covers(Path::new("x/src/old")), "{base}");
    }
    let bad = Exclude::new("", &["a[", "b"]).unwrap_err();
    assert!(bad.to_string().starts_with("`a[` is not a glob: "), "{bad}");
}

#[test]
fn globs_are_expanded_only_if_no_such_path_exists() {
    let folder =
        Folder::new(&[("a1.json", ""), ("a2.yaml", ""), ("a3.md", ""), ("sub/a4.json", ""), ("sub/deep/a5.json", ""), ("[x].json", "")]);
    folder.check(&["a*"], &["a1.json", "a2.yaml"], &[]);
    folder.check(&["*.md"], &["a3.md"], &[]);
    folder.check(&["**/*.json"], &["[x].json", "a1.json", "sub/a4.json", "sub/deep/a5.json"], &[]);
    folder.check(&["sub/*.{json,yaml}"], &["sub/a4.json"], &[]);
    folder.check(&["[x].json"], &["[x].json"], &[]);
    folder.check(&["b*.json"], &[], &["no-files b*.json"]);
    folder.check(&["a[.json"], &[], &["bad-glob a[.json"]);
}

#[test]
fn a_missing_path_is_named_with_its_neighbour() {
    let folder = Folder::new(&[("fixtures/weather.json", "")]);
    let help = |path: &str| {
        let found = discover(&[folder.path(path)], &Exclude::default());
        assert_eq!((found.problems[0].rule, found.problems[0].message.as_str()), ("path-not-found", "there is no such file or directory"));
        found.problems[0].help.replace(&format!("{}/", folder.0.path().display()), "")
    };
    assert_eq!(help("fixtures/wether.json"), "did you mean `fixtures/weather.json`?");
    assert_eq!(help("fixture/weather.json"), "did you mean `fixtures`?");
    assert!(help("zzz").ends_with("exists, but holds no `zzz`"), "{}", help("zzz"));
    let relative = discover(&["no-such-folder-anywhere"], &Exclude::default());
    assert!(!relative.problems[0].help.is_empty());
}

#[test]
fn directories_without_fixtures_say_so() {
    let folder = Folder::new(&[("docs/readme.md", ""), ("caps/A.JSON", "")]);
    fs::create_dir(folder.path("empty")).unwrap();
    folder.check(&["empty"], &[], &["no-files empty"]);
    folder.check(&["docs"], &[], &["no-files docs"]);
    let found = discover(&[folder.path("caps")], &Exclude::default());
    assert!(found.problems[0].help.starts_with("letter case counts: rename `"), "{}", found.problems[0]);
    // A file of another kind is found like any other; what it is, the loader says.
    let package = Folder::new(&[("package.json", "{\"name\": \"x\"}")]);
    package.check(&["."], &["./package.json"], &[]);
}

#[test]
#[cfg(unix)]
fn pipes_and_broken_links_are_never_opened() {
    let folder = Folder::new(&[("a.json", "{}")]);
    fifo(&folder.path("pipe.json"));
    fifo(&folder.path("other"));
    std::os::unix::fs::symlink("nowhere.json", folder.path("gone.json")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", folder.path("zero.json")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(folder.path("s.json")).unwrap();
    let (files, mut problems) = folder.discover(&["."], &[]);
    problems.sort();
    assert_eq!(files, ["./a.json"]);
    assert_eq!(
        problems,
        ["broken-link ./gone.json", "not-a-regular-file ./pipe.json", "not-a-regular-file ./s.json", "not-a-regular-file ./zero.json"]
    );
    folder.check(&["pipe.json", "gone.json"], &[], &["not-a-regular-file pipe.json", "broken-link gone.json"]);
    let refused = folder.read("pipe.json", 100).unwrap_err();
    assert_eq!(refused.message, "it is a named pipe, not a regular file; it is not opened");
    assert_eq!(folder.read("zero.json", 100).unwrap_err().message, "it is a device, not a regular file; it is not opened");
    assert_eq!(folder.read("", 100).unwrap_err().message, "it is a directory, not a regular file; it is not opened");
}

#[test]
#[cfg(unix)]
fn links_are_followed_but_not_in_circles() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new(&[("a/x.json", ""), ("b/y.json", "")]);
    symlink("..", folder.path("a/up")).unwrap();
    symlink("../b", folder.path("a/side")).unwrap();
    symlink("self.json", folder.path("a/self.json")).unwrap();
    let (files, mut problems) = folder.discover(&["a"], &[]);
    problems.sort();
    assert_eq!(files, ["a/x.json", "a/side/y.json", "a/up/b/y.json"]);
    assert_eq!(problems, ["cyclic-link a/self.json", "cyclic-link a/up/a"]);
    folder.check(&["a/self.json"], &[], &["cyclic-link a/self.json"]);
}

#[test]
#[cfg(unix)]
fn unreadable_files_and_directories_are_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new(&[("a.json", "{}"), ("locked/b.json", "{}")]);
    fs::set_permissions(folder.path("a.json"), fs::Permissions::from_mode(0o0)).unwrap();
    fs::set_permissions(folder.path("locked"), fs::Permissions::from_mode(0o0)).unwrap();
    let (files, problems) = folder.discover(&["."], &[]);
    let read = folder.read("a.json", 100);
    // The superuser reads everything; then there is nothing to refuse, and the mapping below is what remains to be tested.
    if File::open(folder.path("a.json")).is_ok() {
        assert_eq!((files.len(), problems.len()), (2, 0));
        assert_eq!(read.unwrap().text, "{}");
    } else {
        assert_eq!((files, problems), (vec!["./a.json".to_owned()], vec!["unreadable-file ./locked".to_owned()]));
        assert_eq!(read.unwrap_err().rule, "unreadable-file");
    }
    fs::set_permissions(folder.path("locked"), fs::Permissions::from_mode(0o700)).unwrap();
    let denied = problem::io_problem(crate::diagnostic::Severity::Error, "a.json", &std::io::ErrorKind::PermissionDenied.into());
    assert_eq!(denied.to_string(), "`a.json`: permission to read it is denied (change its permissions, or exclude it)");
    // A path through a file fails for everybody.
    let through = folder.read("a.json/b.json", 100).unwrap_err();
    assert_eq!(through.rule, "unreadable-file");
}

#[test]
fn a_huge_file_is_refused_without_reading() {
    let folder = Folder::new(&[]);
    File::create(folder.path("huge.json")).unwrap().set_len(2 << 30).unwrap();
    let refused = folder.read("huge.json", DEFAULT_MAX_FILE_SIZE).unwrap_err();
    assert_eq!(
        (refused.rule, refused.message.as_str()),
        ("file-too-large", "it holds 2 GiB, more than the limit of 256 MiB; it is not read")
    );
    fs::write(folder.path("small.json"), "12345").unwrap();
    assert_eq!(folder.read("small.json", 5).unwrap().text, "12345");
    assert_eq!(folder.read("small.json", 4).unwrap_err().message, "it holds 5 bytes, more than the limit of 4 bytes; it is not read");
}

#[test]
fn texts_keep_their_marks_and_line_ends() {
    let folder = Folder::new(&[("a.json", "\u{feff}{\r\n}\r\n"), ("b.json", "{\n}\r\n"), ("c.json", "")]);
    assert_eq!(folder.read("a.json", 100).unwrap(), FileText { text: "\u{feff}{\r\n}\r\n".to_owned(), had_bom: true, crlf: true });
    assert_eq!(folder.read("b.json", 100).unwrap(), FileText { text: "{\n}\r\n".to_owned(), had_bom: false, crlf: false });
    assert_eq!(folder.read("c.json", 100).unwrap(), FileText { text: String::new(), had_bom: false, crlf: false });
    assert_eq!(folder.read("none.json", 100).unwrap_err().rule, "path-not-found");
}

#[test]
fn what_is_not_utf8_is_named_by_its_first_bad_byte() {
    let folder = Folder::new(&[]);
    let check = |bytes: &[u8], rule: &str, message: &str, help: &str| {
        fs::write(folder.path("x.json"), bytes).unwrap();
        let refused = folder.read("x.json", 10_000).unwrap_err();
        assert_eq!((refused.rule, refused.message.as_str(), refused.help.as_str()), (rule, message, help));
        let finding = refused.into_diagnostic(crate::diagnostic::SourceId(0));
        let place = finding.position();
        assert!(message.contains(&format!("line {}, column {} ", place.line, place.column)), "{place:?}");
    };
    let latin = "save it as UTF-8; it may be Latin-1 or Windows-1252";
    check(
        b"{\n \"\xc3\xa9\": \"\xe9\"\n}",
        "not-utf8",
        "it is not UTF-8 text: the byte 0xE9 stands in line 2, column 8 (offset 10)",
        latin,
    );
    check(
        b"\xff\xfe{\0}\0",
        "not-utf8",
        "it is not UTF-8 text: the byte 0xFF stands in line 1, column 1 (offset 0)",
        "it starts like UTF-16: save it as UTF-8",
    );
    check(
        b"{\0\"\0a\0",
        "not-text",
        "it is not UTF-8 text: a NUL byte stands in line 1, column 2 (offset 1)",
        "it looks like UTF-16: save it as UTF-8",
    );
    check(b"abc\0def", "not-text", "it is not UTF-8 text: a NUL byte stands in line 1, column 4 (offset 3)", "it looks like a binary file");
    check(b"{}\xf0\x9f", "not-utf8", "it is not UTF-8 text: the byte 0xF0 stands in line 1, column 3 (offset 2)", latin);
}

#[test]
fn writing_replaces_the_whole_file_or_nothing() {
    let folder = Folder::new(&[("a.json", "old")]);
    write_atomically(&folder.path("a.json"), b"new").unwrap();
    assert_eq!(fs::read(folder.path("a.json")).unwrap(), b"new");
    write_atomically(&folder.path("b.json"), b"made").unwrap();
    assert_eq!(fs::read(folder.path("b.json")).unwrap(), b"made");
    let missing = write_atomically(&folder.path("none/c.json"), b"x").unwrap_err();
    assert!(missing.to_string().contains("none/c.json` cannot be written: "), "{missing}");
    assert!(matches!(write_atomically(folder.0.path(), b"x"), Err(WriteError::NotRegular { .. })));
    let names: Vec<_> = fs::read_dir(folder.0.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
#[cfg(unix)]
fn writing_keeps_mode_bits_and_links() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = Folder::new(&[("real/a.json", "old")]);
    let mode = |name: &str| fs::metadata(folder.path(name)).unwrap().permissions().mode() & 0o7777;
    fs::set_permissions(folder.path("real/a.json"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real/a.json", folder.path("link.json")).unwrap();
    write_atomically(&folder.path("link.json"), b"new").unwrap();
    assert!(fs::symlink_metadata(folder.path("link.json")).unwrap().is_symlink());
    assert_eq!((fs::read_to_string(folder.path("real/a.json")).unwrap().as_str(), mode("real/a.json")), ("new", 0o640));

    fs::write(folder.path("plain"), "").unwrap();
    write_atomically(&folder.path("new.json"), b"x").unwrap();
    assert_eq!(mode("new.json"), mode("plain"));

    symlink("real/later.json", folder.path("dangling.json")).unwrap();
    write_atomically(&folder.path("dangling.json"), b"y").unwrap();
    assert_eq!(fs::read_to_string(folder.path("real/later.json")).unwrap(), "y");

    fs::set_permissions(folder.path("new.json"), fs::Permissions::from_mode(0o444)).unwrap();
    assert!(matches!(write_atomically(&folder.path("new.json"), b"z"), Err(WriteError::ReadOnly { .. })));
    fifo(&folder.path("pipe"));
    assert!(matches!(write_atomically(&folder.path("pipe"), b"z"), Err(WriteError::NotRegular { .. })));
}

#[test]
fn names_are_as_typed() {
    for (path, expected) in
        [("./a/b.json", "a/b.json"), ("a.json", "a.json"), ("/x/y.json", "/x/y.json"), ("../z.json", "../z.json"), (".", ".")]
    {
        assert_eq!(display_name(Path::new(path)), expected);
    }
}

/// Whatever keeps a file from being written whole: the old one stands, and nothing else is there.
#[test]
fn a_disk_that_fills_up_leaves_the_old_contents_and_nothing_half_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.json");
    let full = |file: &mut File| {
        std::io::Write::write_all(file, b"{ half")?;
        Err(std::io::ErrorKind::StorageFull.into())
    };
    for old in [None, Some("old")] {
        if let Some(old) = old {
            fs::write(&path, old).unwrap();
        }
        for wait in [Wait::Yes, Wait::No] {
            let error = replace(&path, wait, full).unwrap_err().to_string();
            assert!(error.contains("a.json") && error.contains("no storage space"), "{error}");
            assert_eq!(fs::read_to_string(&path).ok().as_deref(), old);
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), usize::from(old.is_some()));
        }
    }
}

#[test]
fn a_file_is_amended_only_as_long_as_it_is_the_one_that_was_seen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/a.txt");
    let write = |text: &str| {
        let written: Result<_, ()> = update(&path, |_| Ok((Some(text.to_owned()), ()))).unwrap();
        written.unwrap().1.unwrap()
    };
    let first = write("head tail");
    let second = amend(&path, &first, 5, b"end").unwrap().unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "head end");
    assert_eq!(amend(&path, &first, 5, b"lost").unwrap(), None, "it is of another version");
    assert_eq!(amend(&path, &second, 8, b"").unwrap(), Some(second.clone()), "nothing to do");
    assert_eq!(amend(&path, &second, 9, b"x").unwrap(), None, "it is not that long");
    let third = amend(&path, &second, 8, b"!").unwrap().unwrap();
    // Somebody else puts a file of the same length in its place.
    fs::remove_file(&path).unwrap();
    fs::write(&path, "HEAD END!").unwrap();
    assert_eq!(amend(&path, &third, 8, b"lost").unwrap(), None);
    assert_eq!(fs::read_to_string(&path).unwrap(), "HEAD END!");
    fs::remove_file(&path).unwrap();
    assert_eq!(amend(&path, &third, 0, b"lost").unwrap(), None, "it is gone");
    settle(&path).unwrap();
}

#[test]
fn a_cache_stays_small_and_young() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("deep/cache");
    let names = || {
        let entries = fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        entries.filter(|name| !["CACHEDIR.TAG", ".gitignore"].contains(&name.as_str())).collect::<Vec<_>>()
    };
    for number in 0..105 {
        keep(&place, &number.to_string(), b"x").unwrap();
    }
    assert_eq!(names().len(), 100);
    assert_eq!(kept(&place, "104", 1), b"x");
    assert!(kept(&place, "104", 0).is_empty(), "more than was asked for");
    let old = SystemTime::now() - Duration::from_secs(31 * 24 * 3600);
    for name in ["104.lint", ".aimock-kept-cut", "mine.txt"] {
        File::options().create(true).truncate(false).write(true).open(place.join(name)).unwrap().set_modified(old).unwrap();
    }
    keep(&place, "new", b"y").unwrap();
    let left = names();
    let is_left = |name: &str| left.iter().any(|other| other == name);
    assert!(is_left("mine.txt") && is_left("new.lint") && !is_left("104.lint") && !is_left(".aimock-kept-cut"), "{left:?}");
    assert_eq!(forget(&place).unwrap(), left.len() - 1);
    assert_eq!(names(), ["mine.txt"]);
    assert_eq!(forget(&folder.path().join("nowhere")).unwrap(), 0);
}

#[test]
fn what_leads_out_of_a_folder_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let (inside, outside) = (folder.path().join("in"), folder.path().join("out"));
    fs::create_dir_all(inside.join("below")).unwrap();
    fs::create_dir_all(&outside).unwrap();
    for path in ["", "below", "not/there/yet", "below/../other"] {
        assert!(leads_below(&inside.join(path), &inside), "{path}");
    }
    for path in ["..", "../out", "below/../../out/new"] {
        assert!(!leads_below(&inside.join(path), &inside), "{path}");
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&outside, inside.join("link")).unwrap();
        assert!(!leads_below(&inside.join("link/deep"), &inside));
    }
}
