//! What is read, what is refused and where, one line a case.

use std::fmt::Write as _;

use super::*;
use crate::diagnostic::{Source, SourceId};

fn parsed(text: &str, format: Format) -> Parsed<'_> {
    parse(text, format, &Limits::default()).unwrap_or_else(|troubles| panic!("{text:?}: {troubles:#?}"))
}

/// The value, and the rules of the findings.
#[track_caller]
fn check(text: &str, format: Format, expected: &str, rules: &[&str]) {
    let parsed = parsed(text, format);
    assert_eq!(to_json(&parsed.root).to_string(), expected, "{text:?}");
    assert_eq!(parsed.findings.iter().map(|finding| finding.rule).collect::<Vec<_>>(), rules, "{text:?}");
}

#[track_caller]
fn json(text: &str, expected: &str) {
    check(text, Format::Json, expected, &[]);
}

#[track_caller]
fn yaml(text: &str, expected: &str) {
    check(text, Format::Yaml, expected, &[]);
}

/// `LINE:COLUMN RULE MESSAGE` of the trouble that ends the text, then ` | LINE:COLUMN NOTE` for the second place.
fn shown(text: &str, trouble: &Trouble) -> String {
    let source = Source::new(SourceId(0), "test", text);
    let place = |span: Span| {
        let position = source.position(span.start);
        format!("{}:{}", position.line, position.column)
    };
    let related = trouble.related.as_ref().map_or(String::new(), |(span, note)| format!(" | {} {note}", place(*span)));
    format!("{} {} {}{related}", place(trouble.span), trouble.rule, trouble.message)
}

#[track_caller]
fn refused(text: &str, format: Format, expected: &str) {
    let troubles = parse(text, format, &Limits::default()).expect_err(text);
    assert_eq!(shown(text, troubles.last().unwrap()), expected, "{text:?}");
}

#[track_caller]
fn bad_json(text: &str, expected: &str) {
    refused(text, Format::Json, expected);
}

#[track_caller]
fn bad_yaml(text: &str, expected: &str) {
    refused(text, Format::Yaml, expected);
}

/// What to do about the trouble that ends a JSON text.
#[track_caller]
fn help(text: &str, expected: &str) {
    let troubles = parse(text, Format::Json, &Limits::default()).expect_err(text);
    assert_eq!(troubles.last().unwrap().help, expected, "{text:?}");
}

#[test]
fn formats_come_from_the_suffix() {
    for (path, expected) in [
        ("a.json", Format::Json),
        ("a.jsonc", Format::Jsonc),
        ("a.yaml", Format::Yaml),
        ("a/b.yml", Format::Yaml),
        ("A.YML", Format::Yaml),
        ("a.txt", Format::Json),
        ("yaml", Format::Json),
        ("-", Format::Json),
    ] {
        assert_eq!(Format::from_path(path), expected, "{path}");
    }
}

#[test]
fn json_is_read_whole() {
    json("null", "null");
    json(" [1, 2.5, -3e2, true, false, null, \"x\"] ", "[1,2.5,-300.0,true,false,null,\"x\"]");
    json(r#"{"a": {"b": [{}, []]}}"#, r#"{"a":{"b":[{},[]]}}"#);
    json(r#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#, r#""\"\\/\b\f\n\r\té😀""#);
    json("\u{feff}{}", "{}");
    json("[0, -0, 0.0, 1E+2]", "[0,-0.0,0.0,100.0]");
}

#[test]
fn numbers_are_exact_as_far_as_64_bits_reach() {
    json("18446744073709551615", "18446744073709551615");
    json("-9223372036854775808", "-9223372036854775808");
    json("18446744073709551616", "1.8446744073709552e+19");
    json("123456789012345678901234567890", "1.2345678901234568e+29");
    json("0.1", "0.1");
}

#[test]
fn numbers_without_end_are_findings() {
    check("[1, 1e999, 2]", Format::Json, "[1,1.7976931348623157e+308,2]", &["number-not-finite"]);
    check("[-1e999]", Format::Json, "[-1.7976931348623157e+308]", &["number-not-finite"]);
    check("[1, .inf, -.INF, .nan, 2]", Format::Yaml, "[1,null,null,null,2]", &["number-not-finite"; 3]);
    check("a: 1e999", Format::Yaml, "{\"a\":1.7976931348623157e+308}", &["number-not-finite"]);
    let long = "9".repeat(400);
    check(&long, Format::Json, "1.7976931348623157e+308", &["number-not-finite"]);
}

#[test]
fn comments_and_trailing_commas_are_remembered() {
    let text = "// one\n{\"a\": 1, /* two */ \"b\": [1,2,],\n} // end";
    let parsed = parsed(text, Format::Json);
    assert_eq!(to_json(&parsed.root).to_string(), r#"{"a":1,"b":[1,2]}"#);
    let slices: Vec<&str> = parsed.comments.iter().map(|span| &text[span.start..span.end]).collect();
    assert_eq!(slices, ["// one", "/* two */", "// end"]);
    assert_eq!(parsed.trailing_commas.len(), 2);
    for comma in &parsed.trailing_commas {
        assert_eq!(&text[comma.start..comma.end], ",");
    }
    let deviations: Vec<String> = parsed.deviations().iter().map(|trouble| shown(text, trouble)).collect();
    assert_eq!(
        deviations,
        [
            "1:1 comment-in-json a comment stands in a .json file",
            "2:10 comment-in-json a comment stands in a .json file",
            "2:29 trailing-comma a comma stands before the closing bracket",
            "2:31 trailing-comma a comma stands before the closing bracket",
            "3:3 comment-in-json a comment stands in a .json file",
        ]
    );
    json("/**/[/*,*/1//x\r\n]", "[1]");
    json("\"// no comment\"", "\"// no comment\"");
}

#[test]
fn half_a_surrogate_pair_costs_its_character_only() {
    for format in [Format::Json, Format::Jsonc, Format::Yaml] {
        check(r#"{"a": "x\ud800y", "b": 1}"#, format, "{\"a\":\"x\u{fffd}y\",\"b\":1}", &["lone-surrogate"]);
        check(r#"{"a": "\udc00"}"#, format, "{\"a\":\"\u{fffd}\"}", &["lone-surrogate"]);
        check(
            r#"["\ud800\ud83d\ude00", "\ud800\u0041", "\udBFF"]"#,
            format,
            "[\"\u{fffd}😀\",\"\u{fffd}A\",\"\u{fffd}\"]",
            &["lone-surrogate"; 3],
        );
        check(r#"{"\ud800": 1}"#, format, "{\"\u{fffd}\":1}", &["lone-surrogate"]);
        check(r#"["\\ud800", "\ud83d\ude00"]"#, format, r#"["\\ud800","😀"]"#, &[]);
    }
    let text = "{\n \"a\": \"x\\ud800\"}";
    for format in [Format::Json, Format::Yaml] {
        let finding = &parsed(text, format).findings[0];
        assert_eq!(&text[finding.span.start..finding.span.end], "\\ud800");
        assert!(shown(text, finding).starts_with("2:9 lone-surrogate `\\ud800` is half"), "{}", shown(text, finding));
    }
    // Texts that only look like escapes stay as they are, also when another one is mended.
    check(
        "a: '\\ud800'\nb: \"\\ud800\"\nc: \\ud800\n",
        Format::Yaml,
        "{\"a\":\"\\\\ud800\",\"b\":\"\u{fffd}\",\"c\":\"\\\\ud800\"}",
        &["lone-surrogate"],
    );
}

#[test]
fn json_says_what_is_missing() {
    bad_json(
        "{\"a\": 1 \"b\": 2}",
        "1:9 syntax-error expected `,` or `}` after the value, found a string | 1:1 in the object that starts here",
    );
    bad_json("[1 2]", "1:4 syntax-error expected `,` or `]` after the value, found `2` | 1:1 in the array that starts here");
    bad_json("{\"a\" 1}", "1:6 syntax-error expected `:` after the key, found `1` | 1:1 in the object that starts here");
    bad_json("{\"a\": }", "1:7 syntax-error expected a value after `:`, found `}` | 1:1 in the object that starts here");
    bad_json("{a: 1}", "1:2 syntax-error expected a key in double quotes or `}`, found `a` | 1:1 in the object that starts here");
    bad_json(
        "{\"a\": 1, b: 1}",
        "1:10 syntax-error expected a key in double quotes or `}` after `,`, found `b` | 1:1 in the object that starts here",
    );
    bad_json("{'a': 1}", "1:2 syntax-error expected a key in double quotes or `}`, found `'` | 1:1 in the object that starts here");
    bad_json("{,}", "1:2 syntax-error expected a key in double quotes or `}`, found `,` | 1:1 in the object that starts here");
    bad_json("[1,,2]", "1:4 syntax-error expected a value or `]` after `,`, found `,` | 1:1 in the array that starts here");
    bad_json("[,]", "1:2 syntax-error expected a value or `]`, found `,` | 1:1 in the array that starts here");
    bad_json("[1}", "1:3 syntax-error expected `,` or `]` after the value, found `}` | 1:1 in the array that starts here");
    bad_json("True", "1:1 syntax-error expected a value, found `True`");
    bad_json("{\"a\": undefined}", "1:7 syntax-error expected a value after `:`, found `undefined` | 1:1 in the object that starts here");
    bad_json("{} {}", "1:4 syntax-error expected the end of the file after the value, found `{` | 1:1 the file's value starts here");
    bad_json("[1]]", "1:4 syntax-error expected the end of the file after the value, found `]` | 1:1 the file's value starts here");
    bad_json(
        "[1,\u{a0}2]",
        "1:4 syntax-error expected a value or `]` after `,`, found the character U+00A0 | 1:1 in the array that starts here",
    );
    bad_json("hello", "1:1 syntax-error expected a value, found `hello`");
    bad_json("[#]", "1:2 syntax-error expected a value or `]`, found `#` | 1:1 in the array that starts here");
    bad_json(
        "[/]",
        "1:2 syntax-error expected a value, or a comment as `// …` or `/* … */`, found `/` | 1:1 in the array that starts here",
    );
    bad_json("[\n  {\"é\": ü}\n]", "2:9 syntax-error expected a value after `:`, found `ü` | 2:3 in the object that starts here");
}

#[test]
fn json_says_the_way_out() {
    help("{\"a\": 1 \"b\": 2}", "add the missing `,` before it");
    help("[1 true]", "add the missing `,` before it");
    help("{a: 1}", "put the key in double quotes");
    help("{\"a\": x}", "put the text in double quotes");
    help("['x']", "strings stand in straight double quotes: `\"…\"`");
    help("[“x”]", "strings stand in straight double quotes: `\"…\"`");
    help("[1,,2]", "remove the extra comma");
    help("[None]", "write `null`");
    help("{\"a\": True}", "write `true`");
    help("[1}", "close the brackets in the order they were opened");
    help("[1,\u{a0}2]", "replace it by an ordinary space");
    help("{\"a\" = 1}", "a key and its value are separated by `:`");
    help("[014]", "write `14`, or put it in quotes");
    help("[-007]", "write `-7`, or put it in quotes");
    help("{}\n{}", "a file holds one value: put the parts into one array, or into files of their own");
    help("{}}", "remove the extra closing bracket, or look for one that closes too early");
    help("{\"a\": [{\"b\": 1", "bring back the end of the file; what is open closes with `}]}`");
    help("{\"a\": [\"b", "bring back the end of the file; what is open closes with `\"]}`");
    help("\"a\\'\"", "a single quote needs no backslash");
    help("[1] /*", "bring back the end of the file");
}

#[test]
fn a_truncated_file_says_where_it_ends_and_what_is_open() {
    bad_json(
        "{\"fixtures\": [\n  {\"match\": {",
        "2:14 syntax-error the file ends inside an object: expected a key in double quotes or `}` | 2:13 this `{` is never closed",
    );
    bad_json(
        "[1,\n2\n\n",
        "2:2 syntax-error the file ends inside an array: expected `,` or `]` after the value | 1:1 this `[` is never closed",
    );
    bad_json("{\"a\"", "1:5 syntax-error the file ends inside an object: expected `:` after the key | 1:1 this `{` is never closed");
    bad_json("{\"a\":", "1:6 syntax-error the file ends inside an object: expected a value after `:` | 1:1 this `{` is never closed");
    bad_json("[\"abc", "1:6 syntax-error the file ends inside a string: expected `\"` | 1:2 the string starts here");
    bad_json("[\"abc\\", "1:7 syntax-error the file ends inside a string: expected `\"` | 1:2 the string starts here");
    bad_json(
        "[\"abc\\u00",
        "1:10 syntax-error the file ends inside a string: expected four hex digits after `\\u` | 1:2 the string starts here",
    );
    bad_json("[1 /* x", "1:8 syntax-error the file ends inside a comment: expected `*/` | 1:4 this comment starts here");
    bad_json("", "1:1 empty-file the file is empty");
    bad_json("\u{feff} \n", "1:1 empty-file the file is empty");
    bad_json("// nothing", "1:1 empty-file the file holds nothing but comments");
    bad_yaml(
        "{\"fixtures\": [\n  {\"match\": {",
        "2:14 syntax-error the file ends inside a mapping: expected `,` or `}` | 2:13 this `{` is never closed",
    );
    bad_yaml("a: [1,\n  2\n", "2:4 syntax-error the file ends inside a list: expected `,` or `]` | 1:4 this `[` is never closed");
    bad_yaml("a: \"x\nb: 1\n", "2:1 syntax-error a text in quotes goes on in a line that is not indented");
    bad_yaml("a: \"x\n b: 1\n", "2:6 syntax-error the file ends inside a text in quotes");
    bad_yaml("a: \"x", "1:4 syntax-error the string that starts here is never closed: expected `\"` | 1:6 the file ends here");
    bad_yaml("", "1:1 empty-file the file is empty");
    bad_yaml("# nothing\n", "1:1 empty-file the file holds nothing but comments");
    yaml("---\n", "null");
}

#[test]
fn strings_are_strict() {
    bad_json("[\"a\nb\"]", "1:4 syntax-error the line ends inside a string: expected `\"` | 1:2 the string starts here");
    bad_json("[\"a\tb\"]", "1:4 syntax-error a tab stands inside a string | 1:2 the string starts here");
    bad_json("[\"a\u{1}b\"]", "1:4 syntax-error the control character U+0001 stands inside a string | 1:2 the string starts here");
    bad_json(r#"["a\qb"]"#, r"1:4 syntax-error `\q` is not an escape");
    bad_json("[\"a\\\nb\"]", "1:4 syntax-error a backslash ends the line");
    bad_json(r#"["\u12g4"]"#, r"1:3 syntax-error expected four hex digits after `\u`, found `\u12`");
    bad_json(r#"["\u+123"]"#, r"1:3 syntax-error expected four hex digits after `\u`, found `\u`");
    json("\"\u{7f}\u{2028}\"", "\"\u{7f}\u{2028}\"");
}

#[test]
fn numbers_are_strict() {
    bad_json("[014]", "1:2 syntax-error `014`: a number does not start with `0` before other digits");
    bad_json("[0x1F]", "1:2 syntax-error `0x1F`: JSON has no hexadecimal numbers");
    bad_json("[1.]", "1:2 syntax-error `1.`: a digit must follow the decimal point");
    bad_json("[-]", "1:2 syntax-error `-`: this is not a number as JSON writes it");
    bad_json("[1e]", "1:2 syntax-error `1e`: this is not a number as JSON writes it");
    bad_json("[1_000]", "1:2 syntax-error `1_000`: this is not a number as JSON writes it");
    bad_json("[-Infinity]", "1:2 syntax-error `-Infinity`: JSON has no such number");
    bad_json("[+1]", "1:2 syntax-error expected a value or `]`, found `+` | 1:1 in the array that starts here");
    bad_json("[.5]", "1:2 syntax-error expected a value or `]`, found `.` | 1:1 in the array that starts here");
    bad_json("[NaN]", "1:2 syntax-error expected a value or `]`, found `NaN` | 1:1 in the array that starts here");
    bad_json("[1.2.3]", "1:2 syntax-error `1.2.3`: this is not a number as JSON writes it");
}

#[test]
fn yaml_is_the_core_schema() {
    yaml("[no, yes, on, off, y, n, No, NO]", r#"["no","yes","on","off","y","n","No","NO"]"#);
    yaml("[true, True, TRUE, false, tRue]", r#"[true,true,true,false,"tRue"]"#);
    yaml("[null, ~, Null, NULL, nUll, '']", r#"[null,null,null,null,"nUll",""]"#);
    yaml("[014, 0o17, 0x1F, +3, -007, 00, 1_000]", r#"[14,15,31,3,-7,0,"1_000"]"#);
    yaml("[1., .5, -.5e3, 1e3, 1.5E-2, +.1]", "[1.0,0.5,-500.0,1000.0,0.015,0.1]");
    yaml("[1:20, 0o8, 0xG, ., 1e, e1, 0x]", r#"["1:20","0o8","0xG",".","1e","e1","0x"]"#);
    yaml("[2001-01-01, 1.2.3, +-1, '1', \"true\"]", r#"["2001-01-01","1.2.3","+-1","1","true"]"#);
    yaml("[0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF]", "[8.711228593176025e+40]");
    yaml("a:\nb:\n- x\n-\n", r#"{"a":null,"b":["x",null]}"#);
    yaml("<<: {a: 1}\nb: 2", r#"{"<<":{"a":1},"b":2}"#);
    yaml("no: 1\non: 2", r#"{"no":1,"on":2}"#);
    yaml("a: |\n  x\n  y\nb: >-\n  p\n  q\n", r#"{"a":"x\ny\n","b":"p q"}"#);
    yaml("%YAML 1.2\n---\n{a: 1, b: [2,],}\n...\n", r#"{"a":1,"b":[2]}"#);
    yaml("\u{feff}a: 1", r#"{"a":1}"#);
    yaml("a: 1\r\nb: \"x\"\r\n", r#"{"a":1,"b":"x"}"#);
    yaml(
        "a: !!str 3\nb: !!int \"3\"\nc: ! 4\nd: !!float 1\ne: !!null ''\nf: !!map {}\ng: !!seq []",
        r#"{"a":"3","b":3,"c":"4","d":1,"e":null,"f":{},"g":[]}"#,
    );
}

#[test]
fn what_json_cannot_say_costs_one_value() {
    check("a: !foo 1\nb: 2", Format::Yaml, r#"{"a":1,"b":2}"#, &["yaml-tag"]);
    check("a: !!int x\nb: !!set {c: 1}", Format::Yaml, r#"{"a":"x","b":{"c":1}}"#, &["yaml-tag", "yaml-tag"]);
    check("a: !!binary aGk=", Format::Yaml, r#"{"a":"aGk="}"#, &["yaml-tag"]);
    check("1: x\ny: z", Format::Yaml, r#"{"1":"x","y":"z"}"#, &["yaml-key-not-text"]);
    check("true: x", Format::Yaml, r#"{"true":"x"}"#, &["yaml-key-not-text"]);
    check("? [a, b]\n: x\nc: d", Format::Yaml, r#"{"[a, b]":"x","c":"d"}"#, &["yaml-key-not-text"]);
    check("{: x}", Format::Yaml, r#"{"":"x"}"#, &["yaml-key-not-text"]);
    check("--- {a: 1}\n--- {b: 2}\n", Format::Yaml, r#"{"a":1}"#, &["yaml-several-documents"]);
}

#[test]
fn yaml_findings_stand_at_their_place() {
    let cases = [
        ("a: 1\nb: !foo x", "2:4 yaml-tag the tag `!foo` does not fit here"),
        ("a: 1\n2: x", "2:1 yaml-key-not-text this key is a number, not text"),
        ("a: 1\n---\nb: 1", "2:1 yaml-several-documents a second YAML document starts here"),
        ("a: [1, .inf]", "1:8 number-not-finite `.inf` is not a finite number"),
    ];
    for (text, expected) in cases {
        assert_eq!(shown(text, &parsed(text, Format::Yaml).findings[0]), expected);
    }
}

#[test]
fn yaml_errors_are_in_our_words() {
    bad_yaml("a: b: c", "1:5 syntax-error a `:` stands where no key ends");
    bad_yaml("a:\n\tb: 1", "2:2 syntax-error a tab stands where YAML allows only spaces");
    bad_yaml("a: @x", "1:4 syntax-error a plain text cannot start with `@`");
    bad_yaml("a: 1\n}", "2:1 syntax-error this bracket closes nothing");
    bad_yaml("[a]]", "1:4 syntax-error this bracket closes nothing");
    bad_yaml("{a: [1, 2}", "1:10 syntax-error expected `]`, found `}` | 1:5 this `[` is open");
    bad_yaml("a: \"x\\qy\"", "1:6 syntax-error `\\q` is not an escape");
    bad_yaml("a: *nope", "1:4 syntax-error `*nope` names no anchor that stands before it");
    bad_yaml("a: &x [*x]", "1:8 syntax-error `*x` stands inside the value that it names");
    bad_yaml("a: 1\nb\nc: 2", "2:1 syntax-error expected a key with a `:` after it");
    bad_yaml("a: x\u{1}y", "1:5 syntax-error the control character U+0001 stands here");
    bad_yaml("a: 1\n b: 2\n", "2:3 syntax-error a `:` stands where no key ends");
}

#[test]
fn aliases_are_copies_with_a_place_of_their_own() {
    let text = "base: &b {n: 1, t: \"x\"}\nuse: [*b, *b]\n";
    let parsed = parsed(text, Format::Yaml);
    assert_eq!(to_json(&parsed.root).to_string(), r#"{"base":{"n":1,"t":"x"},"use":[{"n":1,"t":"x"},{"n":1,"t":"x"}]}"#);
    let second = pointer::locate(&parsed.root, "/use/1").unwrap();
    assert_eq!(&text[second.value_span().start..second.value_span().end], "*b");
    let inner = pointer::locate(&parsed.root, "/use/1/n").unwrap();
    assert_eq!(&text[inner.value_span().start..inner.value_span().end], "1");
    yaml("a: &k key\n*k : 1", r#"{"a":"key","key":1}"#);
    yaml("&a x: *a", r#"{"x":"x"}"#);
}

#[test]
fn alias_bombs_are_refused() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let list = vec![format!("*a{}", level - 1); 9].join(", ");
        let _ = writeln!(bomb, "a{level}: &a{level} [{list}]");
    }
    let troubles = parse(&bomb, Format::Yaml, &Limits::default()).unwrap_err();
    assert_eq!(troubles.last().unwrap().rule, "yaml-alias-bomb");

    // One long text, often.
    let long = format!("a: &a \"{}\"\nb: [{}]\n", "é".repeat(50_000) + "\\n", vec!["*a"; 2_000].join(","));
    assert_eq!(parse(&long, Format::Yaml, &Limits::default()).unwrap_err().last().unwrap().rule, "yaml-alias-bomb");

    // Depth by aliases.
    let mut deep = "a0: &a0 [x]\n".to_owned();
    for level in 1..200 {
        let _ = writeln!(deep, "a{level}: &a{level} [*a{}]", level - 1);
    }
    assert_eq!(parse(&deep, Format::Yaml, &Limits::default()).unwrap_err().last().unwrap().rule, "nested-too-deep");
}

#[test]
fn depth_is_bounded() {
    let deep = |open: &str, close: &str, levels: usize| open.repeat(levels) + &close.repeat(levels);
    for format in [Format::Json, Format::Yaml] {
        assert!(parse(&deep("[", "]", 128), format, &Limits::default()).is_ok());
        refused(&deep("[", "]", 129), format, "1:129 nested-too-deep nested more than 128 levels deep");
        refused(&deep("[", "]", 10_000), format, "1:129 nested-too-deep nested more than 128 levels deep");
        let objects = deep("{\"a\":", "}", 10_000);
        assert_eq!(parse(&objects, format, &Limits::default()).unwrap_err()[0].rule, "nested-too-deep");
    }
    for text in ["- ".repeat(10_000), "? ".repeat(10_000), "a: {b: [".repeat(10_000)] {
        assert_eq!(parse(&text, Format::Yaml, &Limits::default()).unwrap_err()[0].rule, "nested-too-deep", "{}", &text[..8]);
    }
}

#[test]
fn nodes_are_bounded() {
    let limits = Limits { nodes: 10, ..Limits::default() };
    for format in [Format::Json, Format::Yaml] {
        assert!(parse("[1,2,3,4,5,6,7,8,9]", format, &limits).is_ok());
        let troubles = parse("[1,2,3,4,5,6,7,8,9,10]", format, &limits).unwrap_err();
        assert_eq!((troubles[0].rule, troubles[0].message.as_str()), ("too-many-nodes", "the file holds more than 10 values"));
    }
    let comments = "//\n".repeat(11) + "1";
    assert_eq!(parse(&comments, Format::Json, &limits).unwrap_err()[0].rule, "too-many-nodes");
}

#[test]
fn findings_are_bounded() {
    let text = format!("[{}1]", "\"\\ud800\",".repeat(5_000));
    let parsed = parsed(&text, Format::Json);
    assert_eq!(parsed.findings.len(), 1_001);
    assert_eq!(parsed.findings.last().unwrap().rule, "too-many-problems");
}

#[test]
fn plain_strings_are_not_copied() {
    for format in [Format::Json, Format::Yaml] {
        let parsed = parsed(r#"{"key": "value", "n": 12}"#, format);
        for member in parsed.root.members() {
            assert!(matches!(member.key, std::borrow::Cow::Borrowed(_)));
            assert!(matches!(
                &member.value.value,
                Value::String(std::borrow::Cow::Borrowed(_)) | Value::Number(std::borrow::Cow::Borrowed(_))
            ));
        }
    }
}

#[test]
fn spans_of_yaml_blocks_hold_their_content() {
    let text = "a:\n  b: 1 # one\n  c:\n    - x\n    - {y: z}\n\n# tail\nd: |\n  text\n  more\n\ne:\n";
    let parsed = parsed(text, Format::Yaml);
    for (pointer, expected) in [
        ("", text.trim_end()),
        ("/a", "b: 1 # one\n  c:\n    - x\n    - {y: z}"),
        ("/a/b", "1"),
        ("/a/c/0", "x"),
        ("/a/c/1", "{y: z}"),
        ("/d", "|\n  text\n  more"),
        ("/e", ""),
    ] {
        let span = pointer::locate(&parsed.root, pointer).unwrap().value_span();
        assert_eq!(&text[span.start..span.end], expected, "{pointer}");
    }
    // A value that is not there stands after its colon.
    assert_eq!(pointer::locate(&parsed.root, "/e").unwrap().value_span(), Span::at(text.trim_end().len()));
}

#[test]
fn pointers_lead_to_keys_and_values() {
    let text = r#"{"fixtures": [{"a/b": 1, "m~n": [true]}], "": {"x": 2}, "d": 1, "d": 3}"#;
    let parsed = parsed(text, Format::Json);
    let slice = |span: Span| &text[span.start..span.end];
    for (pointer, key, value) in [
        ("/fixtures/0/a~1b", Some("\"a/b\""), "1"),
        ("/fixtures/0/m~0n/0", None, "true"),
        ("//x", Some("\"x\""), "2"),
        ("/d", Some("\"d\""), "3"),
    ] {
        let place = pointer::locate(&parsed.root, pointer).unwrap();
        assert_eq!((place.key_span.map(slice), slice(place.value_span())), (key, value), "{pointer}");
    }
    for nowhere in ["/fixtures/1", "/fixtures/00", "/fixtures/-", "/fixtures/0/x", "fixtures", "/d/0", "/fixtures/+0"] {
        assert!(pointer::locate(&parsed.root, nowhere).is_none(), "{nowhere}");
    }
    assert_eq!(slice(pointer::nearest(&parsed.root, "/fixtures/0/x/y").value_span()), r#"{"a/b": 1, "m~n": [true]}"#);
    let mut built = String::new();
    pointer::push_key(&mut built, "a/~b");
    pointer::push_index(&mut built, 3);
    assert_eq!(built, "/a~1~0b/3");
    assert_eq!(pointer::unescape("a~1~0b~01"), "a/~b~1");
}

#[test]
fn duplicate_keys_are_found_with_both_places() {
    let many = (0..20).map(|n| format!("\"k{n}\": {n}, ")).collect::<Vec<_>>().concat();
    let text = format!("{{\"a\": {{\"x\": 1, \"x\": 2, \"x\": 3}}, \"b\": [{{{many}\"k3\": 0}}], \"a\": 4}}");
    for format in [Format::Json, Format::Yaml] {
        let parsed = parsed(&text, format);
        let found: Vec<(String, &str, &str)> = duplicate::find(&parsed.root)
            .into_iter()
            .map(|d| (d.pointer, &text[d.first.start..d.second.start], &text[d.second.start..d.second.end]))
            .collect();
        let pointers: Vec<&str> = found.iter().map(|(pointer, ..)| pointer.as_str()).collect();
        assert_eq!(pointers, ["/a/x", "/a/x", "/b/0/k3", "/a"]);
        assert_eq!(found[0].1, "\"x\": 1, ");
        assert_eq!(found[1].1, "\"x\": 1, \"x\": 2, ");
        assert_eq!(found[3].2, "\"a\"");
        assert_eq!(parsed.root.get("a").and_then(Node::as_str), None);
        assert_eq!(to_json(&parsed.root)["a"], 4);
        assert_eq!(to_json(&parsed.root)["b"][0]["k3"], 0);
    }
    let trouble = duplicate::find(&parsed("{\"a\":1,\"a\":2}", Format::Json).root).remove(0).into_trouble();
    assert_eq!(shown("{\"a\":1,\"a\":2}", &trouble), "1:8 duplicate-key the key `a` stands here a second time | 1:2 the first one");
}

#[track_caller]
fn text_of(json: &str, expected: &str) {
    assert_eq!(to_text(&parsed(json, Format::Json).root), expected, "{json}");
}

#[test]
fn text_is_what_json_stringify_writes() {
    text_of(r#" { "b" : 1 , "a" : [ true, null ] } "#, r#"{"b":1,"a":[true,null]}"#);
    text_of(r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#);
    text_of("[1.0, 1.50, 1e3, 1e21, 1e-7, 0.000001, -0, -0.0, 123e-20, 2e300]", "[1,1.5,1000,1e+21,1e-7,0.000001,0,0,1.23e-18,2e+300]");
    text_of("[100000000000000000000, 123456789012345678901234567890]", "[100000000000000000000,123456789012345678901234567890]");
    text_of("\"\\u0001\\u001f\\b\\f\\n\\r\\t\\\"\\\\\\/\u{2028}é\"", "\"\\u0001\\u001f\\b\\f\\n\\r\\t\\\"\\\\/\u{2028}é\"");
}

#[test]
fn a_tree_can_own_its_texts() {
    let text = r#"{"a": ["x", 1, null, true, {"b": "\n"}]}"#.to_owned();
    let owned: Node<'static> = parsed(&text, Format::Json).root.into_owned();
    assert_eq!(owned, parsed(&text, Format::Json).root);
}

#[test]
fn troubles_become_diagnostics() {
    let text = "{\"a\": 1";
    let source = std::sync::Arc::new(Source::new(SourceId(3), "f.json", text));
    let finding = parse(text, Format::Json, &Limits::default()).unwrap_err().remove(0).into_diagnostic(&source);
    assert_eq!((finding.rule, finding.severity), ("syntax-error", crate::diagnostic::Severity::Error));
    assert_eq!((finding.position().line, finding.position().column), (1, 8));
    assert_eq!(finding.related[0].note, "this `{` is never closed");
    assert_eq!(finding.help, "bring back the end of the file; what is open closes with `}`");
}

#[test]
fn tags_of_other_tools_are_taken_where_asked_for() {
    let text = "a: !!binary |\n  aGk=\nb: !binary aGk=\nc: !!python/unicode 'x'\nd: !!python/object:os.system x";
    let parsed = parse_foreign(text, Format::Yaml, &Limits::default()).unwrap();
    assert_eq!(to_json(&parsed.root).to_string(), r#"{"a":"aGk=\n","b":"aGk=","c":"x","d":"x"}"#);
    let spans: Vec<Span> = ["a", "b"].iter().map(|key| parsed.root.get(key).unwrap().span).collect();
    assert_eq!(parsed.binaries, spans);
    assert_eq!(parsed.findings.iter().map(|finding| finding.rule).collect::<Vec<_>>(), ["yaml-tag"]);
}
