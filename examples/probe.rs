use aimock::{diagnostic::*, document::*, fixture::*, lint};
use std::sync::Arc;
fn walk(d: &std::path::Path, out: &mut Vec<std::path::PathBuf>) {
    let mut e: Vec<_> = std::fs::read_dir(d).unwrap().map(|x| x.unwrap().path()).collect();
    e.sort();
    for f in e.iter().filter(|p| p.is_file()) {
        out.push(f.clone())
    }
    for f in e.iter().filter(|p| p.is_dir()) {
        walk(f, out)
    }
}
fn main() {
    let t = std::time::Instant::now();
    let mut files = vec![];
    for d in std::env::args().skip(1) {
        walk(std::path::Path::new(&d), &mut files);
    }
    let inputs: Vec<_> = files
        .iter()
        .enumerate()
        .map(|(i, p)| Input {
            source: Arc::new(Source::new(SourceId(i as u32), p.to_str().unwrap(), std::fs::read_to_string(p).unwrap())),
            format: Format::Json,
        })
        .collect();
    println!("read {:?}", t.elapsed());
    let all: Vec<usize> = (0..inputs.len()).collect();
    let chosen = lint::Selection { select: vec!["all".into()], ..Default::default() }.resolve().unwrap();
    let opts = serde_json::Map::new();
    let out = lint::run(lint::LintInput {
        inputs,
        scopes: vec![("".into(), all)],
        shown: None,
        chosen: &chosen,
        options: &opts,
        load: LoadOptions::default(),
    });
    println!("lint {:?}", t.elapsed());
    let mut c = std::collections::BTreeMap::new();
    for f in &out.findings {
        *c.entry((f.rule, f.severity.name())).or_insert(0) += 1;
    }
    println!("{:#?}", c);
    for f in out.findings.iter().filter(|f| f.severity == Severity::Error).take(5) {
        println!("{} {:?} {}", f.primary.source.name(), f.position(), f.message)
    }
    println!("fixtures {}", out.files.iter().map(|f| f.entries.len()).sum::<usize>());
}
