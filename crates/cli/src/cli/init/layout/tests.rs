//! Where fixtures are found, and which trees have scopes.

use super::*;

/// Files in words: `+` in front of a name means that it holds two fixtures.
fn layout(files: &str) -> Layout {
    let seen: Vec<Seen> = files
        .split_whitespace()
        .map(|word| Seen {
            parts: word.trim_start_matches('+').split('/').map(str::to_owned).collect(),
            fixtures: if word.starts_with('+') { 2 } else { 0 },
        })
        .collect();
    Layout::of(&seen)
}

#[track_caller]
fn check(files: &str, include: &str, scopes: &str) {
    let layout = layout(files);
    let written: Vec<String> = layout.scopes.iter().map(|(name, paths)| format!("{name}={}", paths.join("+"))).collect();
    assert_eq!((layout.include.join(" ").as_str(), written.join(" ").as_str()), (include, scopes), "{files}");
}

#[test]
fn the_place_for_fixtures_is_found() {
    check("", "fixtures", "");
    check("package.json a/b.yaml", "fixtures", "");
    check("package.json +fixtures/a.json", "fixtures", "");
    check("package.json +tests/fixtures/a.json +tests/fixtures/b.json", "tests/fixtures", "");
    check("+tests/llm/a.json tests/other.json", "tests/llm", "");
    check("+fixtures/a.json +fixtures/chat/b.json fixtures/request.json", "fixtures", "");
    check("+fixtures/chat/a.json +fixtures/tools/b.json", "fixtures", "");
    check("+a.json +b.json", ".", "");
    check("+a.json package.json", "a.json", "");
    check("+one/fixtures/a.json one/package.json +two/fixtures/a.json two/package.json", "one/fixtures two/fixtures", "");
    check("+x/a.json x/b.json x/c.json", "x/a.json", "");
    check("+a.json +sub/b.json c.json", "a.json sub", "");
    let many: Vec<String> = (0..9).map(|n| format!("+x/{n}.json x/{n}.yaml x/{n}.yml")).collect();
    check(&many.join(" "), "x", "");
}

#[test]
fn scopes_need_a_plain_sign() {
    check("+f/shared/a.json +f/d4/a.json +f/d6/a.json p.json", "f", "d4=f/shared+f/d4 d6=f/shared+f/d6");
    check("+shared/a.json +d4/x/a.json", ".", "d4=shared+d4");
    check("+f/common/a.json +f/chat/a.json +f/chat/b.json", "f", "chat=f/common+f/chat");
    check("+f/chat/a.json +f/tools/a.json", "f", "");
    check("+f/shared/a.json +f/common/a.json +f/chat/a.json", "f", "");
    check("+f/shared/a.json +f/d4/a.json +f/top.json", "f", "");
    check("+f/shared/a.json +f/shared/b.json", "f/shared", "");
    check("+f/shared/a.json +f/d4/a.json q.json +g/a.json", "f g", "");
}

#[test]
fn counts_are_of_what_holds_fixtures() {
    let layout = layout("+fixtures/a.json +fixtures/b.yaml package.json");
    assert_eq!((layout.files, layout.fixtures), (2, 4));
}
