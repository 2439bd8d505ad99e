//! Lists: their order, what does not compile, what fails on a text.

use insta::assert_snapshot;

use super::super::{Spec, Transforms};
use super::{list, spec};

#[track_caller]
fn check(items: &[&str], before: &str, after: &str) {
    assert_eq!(list(items).text("userMessage", before).as_deref(), Ok(after), "{items:?}: {before}");
}

#[track_caller]
fn fails(items: &[&str], text: &str) -> String {
    match list(items).text("userMessage", text) {
        Ok(rewritten) => panic!("{items:?} makes {rewritten:?} of {text:?}"),
        Err(error) => error.to_string(),
    }
}

#[track_caller]
fn refused(item: &str) -> String {
    match Transforms::compile(&[spec(item)]) {
        Ok(_) => panic!("{item} compiles"),
        Err(errors) => errors
            .iter()
            .map(|error| format!("{} `{}`: {}; {}", error.index, error.field, error.message, error.help))
            .collect::<Vec<_>>()
            .join("\n"),
    }
}

#[test]
fn order_decides() {
    check(&["foo bar => X", "bar => Y"], "foo bar", "X");
    check(&["bar => Y", "foo bar => X"], "foo bar", "foo Y");
    check(&["timestamps", "[0-9]+ => N"], "on 2026-03-30T13:19:38", "on <timestamp>");
    check(&["[0-9]+ => N", "timestamps"], "on 2026-03-30T13:19:38", "on N-N-NTN:N:N");
    check(&["secrets", "emails"], "a@mailbox.org", "<email>");
    check(&["whitespace", "durations"], "took 5  seconds", "took <duration>");
}

#[test]
fn a_later_step_may_prepare_for_an_earlier_one() {
    check(&["durations", "whitespace"], "took 5  seconds", "took <duration>");
}

#[test]
fn the_contract_example() {
    let transforms = list(&["timestamps"]);
    let prompt = |date: &str| transforms.text("userMessage", &format!("Summarize. Event Date: {date}. Be brief.")).unwrap().into_owned();
    assert_eq!(prompt("2026-03-30T13:19:38"), prompt("2027-11-02T04:00:01"));
    assert_ne!(prompt("2026-03-30T13:19:38"), transforms.text("userMessage", "Summarize. Event Date: 2026-03-30T13:19:38").unwrap());
}

#[test]
fn steps_are_about_their_keys() {
    let transforms = list(&["a => <x> in toolName,model", "timestamps", "b => <y>"]);
    let text = |key: &str, text: &str| transforms.text(key, text).unwrap().into_owned();
    assert_eq!(text("toolName", "ab"), "<x>b");
    assert_eq!(text("userMessage", "ab"), "a<y>");
    assert_eq!(text("responseFormat", "ab 2026-03-30"), "ab 2026-03-30");
    assert!(transforms.is_about("model") && !transforms.is_about("context"));
    assert_eq!(transforms.names(), ["replace #1", "timestamps", "replace #3"]);
    assert!(Transforms::default().is_empty() && list(&[]).is_empty());
}

#[test]
fn groups_can_be_used() {
    check(&[r"order (\w)[0-9]+ => order ${1}N"], "order A17 and order B4", "order AN and order BN");
}

#[test]
fn what_does_not_compile_says_why() {
    assert_snapshot!(refused("timestamp"), @"0 `name`: there is no transform `timestamp`; did you mean `timestamps`?");
    assert_snapshot!(refused("jq"), @"0 `name`: there is no transform `jq`; there are `timestamps`, `uuids`, `ids`, `request-ids`, `secrets`, `emails`, `ips`, `ports`, `paths`, `durations`, `whitespace`, `model-dates`, `digests`, `boundaries`");
    assert_snapshot!(refused("a => b in userMesage"), @"0 `in`: there is no match key `userMesage` whose text can be rewritten; did you mean `userMessage`?");
    assert_snapshot!(refused("( => b"), @"0 `replace`: `(` is no regular expression: unclosed group; the syntax is that of Rust's `regex` crate: no look-around, no back-references");
    assert_snapshot!(refused("(?=x)y => b"), @"0 `replace`: `(?=x)y` is no regular expression: look-around, including look-ahead and look-behind, is not supported; the syntax is that of Rust's `regex` crate: no look-around, no back-references");
    assert_snapshot!(refused("x* => b"), @"0 `replace`: `x*` also matches where there is nothing; use `+` in place of `*`, so that it matches one character at least");
    assert_snapshot!(refused("foo => foobar"), @"0 `with`: `foobar` is matched by its own `replace`, so doing it twice would change the text again; write a constant that the expression does not match, such as `<value>`");
    assert_snapshot!(refused("(?:a{1000}){1000} => b"), @"0 `replace`: `(?:a{1000}){1000}` takes more than 1048576 bytes when it is compiled; shorten it, or repeat less often");
    assert_snapshot!(refused("drop messages"), @"0 `drop`: `messages` is no JSON pointer: it does not begin with `/`; name a member of the request, such as `/messages/0`, `/tools` or `/messages/*/tool_calls`");
    assert_snapshot!(refused("drop /message/0"), @"0 `drop`: a request has no member `message`; did you mean `messages`?");
    assert_snapshot!(refused("drop /messages/~2"), @"0 `drop`: `/messages/~2` is no JSON pointer: `~` stands before `0` or `1` only; write `~0` for `~` and `~1` for `/`");
}

#[test]
fn what_fails_on_a_text_names_the_step() {
    assert_snapshot!(fails(&[r"(\w+) (\w+) => $2 $1"], "to be"), @"transform replace #1: it matches what it wrote itself: replacing twice is not the same as replacing once");
    assert_snapshot!(fails(&["b => c", "a => b"], "a"), @"transform replace #1: it matches what a later transform wrote; put it after that one, or narrow its expression");
    let longer = format!("(x+) => {};", "$1".repeat(20));
    let text = "x".repeat(100_000);
    assert_snapshot!(fails(&[longer.as_str()], &text), @"transform replace #1: it makes a text of 100000 bytes longer than 1600000 bytes");
}

#[test]
fn labels_name_a_step() {
    let spec =
        Spec::Replace { pattern: r"(\w+) (\w+)".to_owned(), with: "$2 $1".to_owned(), within: Vec::new(), label: Some("swap".to_owned()) };
    let error = Transforms::compile(&[spec]).unwrap().text("userMessage", "to be").unwrap_err();
    assert_eq!(error.transform, "swap");
}

#[test]
fn all_errors_of_a_list_are_told() {
    let errors = Transforms::compile(&[spec("uuid"), spec("timestamps"), spec("drop x")]).unwrap_err();
    assert_eq!(errors.iter().map(|error| error.index).collect::<Vec<_>>(), [0, 2]);
}
