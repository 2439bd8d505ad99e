//! Real fixture files (../shared/corpora, not part of this repository) through discovery, reading and parsing. Without them: skipped, and said so.

use std::path::{Path, PathBuf};

use aimock::document::{Format, Limits, Node, duplicate, parse, to_json};
use aimock::files::{DEFAULT_MAX_FILE_SIZE, Discovery, Exclude, Found, discover, read};

/// The corpus, or none on a bare clone.
fn corpus() -> Option<Discovery> {
    let folder: PathBuf = ["..", "shared", "corpora", "showcase"].iter().collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    folder.is_dir().then(|| discover(&[folder], &Exclude::default()))
}

/// Name and text of each file of the corpus.
fn texts() -> Option<Vec<(String, String)>> {
    let text = |file: &Found| read(file, DEFAULT_MAX_FILE_SIZE).unwrap_or_else(|problem| panic!("{problem}")).text;
    Some(corpus()?.files.iter().map(|file| (file.name.clone(), text(file))).collect())
}

#[test]
fn the_corpus_is_found_in_load_order() {
    let Some(found) = corpus() else { return crate::repository::skip("../shared/corpora is not here") };
    assert_eq!(found.problems, []);
    assert!(found.files.len() > 100);
    for pair in found.files.windows(2) {
        let [earlier, later] = pair else { continue };
        if earlier.path.parent() == later.path.parent() {
            assert!(earlier.name.encode_utf16().lt(later.name.encode_utf16()), "{} {}", earlier.name, later.name);
        }
    }
}

#[test]
fn the_corpus_reads_as_serde_json_reads_it() {
    let Some(texts) = texts() else { return crate::repository::skip("../shared/corpora is not here") };
    for (name, text) in texts {
        let parsed = parse(&text, Format::from_path(&name), &Limits::default()).unwrap_or_else(|troubles| panic!("{name}: {troubles:?}"));
        assert_eq!(parsed.findings, [], "{name}");
        assert_eq!(to_json(&parsed.root), serde_json::from_str::<serde_json::Value>(&text).unwrap(), "{name}");
        assert_eq!(duplicate::find(&parsed.root), [], "{name}");
        // JSON is YAML. (A key longer than YAML allows would be the exception.)
        let yaml = parse(&text, Format::Yaml, &Limits::default()).unwrap_or_else(|troubles| panic!("{name}: {troubles:?}"));
        assert_eq!(to_json(&yaml.root), to_json(&parsed.root), "{name}");
    }
}

#[test]
fn cut_and_damaged_files_are_answered() {
    let Some(texts) = texts() else { return crate::repository::skip("../shared/corpora is not here") };
    for (index, (name, text)) in texts.into_iter().enumerate() {
        // A few places of each file, different ones in each.
        for step in 0..4 {
            let mut cut = (text.len() * step / 4 + index * 31) % text.len().max(1);
            while !text.is_char_boundary(cut) {
                cut -= 1;
            }
            let damaged = format!("{}{}{}", &text[..cut], ["}", "\"", ",", "\\u"][step], &text[cut..]);
            for text in [&text[..cut], &damaged] {
                for format in [Format::Json, Format::Yaml] {
                    check_places(&name, text, format);
                }
            }
        }
    }
}

/// Whatever is said or read has its place in the text.
#[track_caller]
fn check_places(name: &str, text: &str, format: Format) {
    match parse(text, format, &Limits::default()) {
        Ok(parsed) => check_node(name, text, &parsed.root),
        Err(troubles) => {
            for trouble in troubles {
                assert!(text.get(trouble.span.start..trouble.span.end).is_some(), "{name}: {trouble:?}");
                assert!(!trouble.message.is_empty());
            }
        }
    }
}

fn check_node(name: &str, text: &str, node: &Node<'_>) {
    assert!(text.get(node.span.start..node.span.end).is_some(), "{name}: {:?}", node.span);
    node.items().iter().for_each(|item| check_node(name, text, item));
    node.members().iter().for_each(|member| check_node(name, text, &member.value));
}
