//! Texts that are written by program and kept under version control: schemas and tables, all from the registries.
//!
//! Imported by `xtask` and tests only. A target is a path from the repository's root, or `PATH#NAME` for the lines
//! between the markers of a block.

use std::fmt::Write as _;

use crate::fixture::LOADER_RULES;
use crate::lint;
use crate::matcher::{CRITERIA, Plain, Shape};
use crate::normalize;
use crate::transform;

/// Every target with its text.
pub fn files() -> Vec<(String, String)> {
    let schemas = [
        ("fixture", crate::fixture::fixture_schema()),
        ("config", crate::config::schema()),
        ("expectations", crate::fixture::expectations_schema()),
        ("report", crate::cli::report::schema()),
        ("diff", crate::cli::diff::schema()),
    ];
    let mut files = Vec::new();
    for (name, schema) in schemas {
        files.push((format!("schemas/{name}.schema.json"), format!("{schema:#}\n")));
        // For the program itself.
        files.push((format!("crates/cli/src/schema/{name}.json"), format!("{schema}\n")));
    }
    files.extend([
        ("README.md#match-keys".to_owned(), match_keys()),
        ("README.md#lint-rules".to_owned(), rule_table()),
        ("docs/rules.md".to_owned(), rule_pages()),
        ("docs/providers.md".to_owned(), provider_tables()),
        ("docs/transforms.md#built-ins".to_owned(), transform_pages()),
        ("docs/normalize.md#order".to_owned(), pass_table()),
        ("docs/normalize.md#passes".to_owned(), pass_pages()),
    ]);
    files
}

fn match_keys() -> String {
    let mut table = String::from("| key | takes | holds when |\n| --- | --- | --- |\n");
    for criterion in CRITERIA {
        let takes = match criterion.shape {
            Shape::Text { plain: Plain::Contains | Plain::AlwaysContains, list: true } => "text, list of texts, or text operators",
            Shape::Text { .. } => "text or text operators",
            Shape::OneOf(_) => "a name",
            Shape::Flag => "`true` or `false`",
            Shape::Headers => "object of header names",
            Shape::Subset => "JSON",
        };
        let _ = writeln!(table, "| `{}` | {takes} | {} |", criterion.key, criterion.summary);
    }
    table.push_str("| `sequenceIndex` | number from 0 | it was served this many times before, for this test id |\n");
    table.push_str("| `turnIndex` | number from 0 | preferred at this number of assistant messages |\n");
    table
}

fn transform_pages() -> String {
    let mut text = String::from("| name | recognises |\n| --- | --- |\n");
    for builtin in transform::ALL {
        let _ = writeln!(text, "| `{}` | {} |", builtin.name, builtin.summary);
    }
    for builtin in transform::ALL {
        // One level below the heading that the block stands under.
        let _ = write!(text, "\n#{}", transform::page(builtin));
    }
    text
}

fn rule_table() -> String {
    let mut table = String::from("| rule | about | tier | severity | fix | finds |\n| --- | --- | --- | --- | --- | --- |\n");
    for rule in lint::ALL {
        let fix = rule.fix.map_or("", |safety| match safety {
            crate::diagnostic::Safety::Safe => "safe",
            crate::diagnostic::Safety::Unsafe => "unsafe",
        });
        let _ = writeln!(
            table,
            "| `{}` | {} | {} | {} | {fix} | {} |",
            rule.name,
            rule.category.name(),
            rule.tier.name(),
            rule.severity.name(),
            rule.summary
        );
    }
    table
}

fn rule_pages() -> String {
    let mut pages =
        String::from("# Rules\n\nWritten by `cargo xtask gen` from the rules themselves. `aimock explain NAME` prints the same pages.\n\n");
    for rule in lint::ALL {
        pages.push_str(&lint::page(rule));
        pages.push('\n');
    }
    pages.push_str(
        "# Findings of the loader\n\nReported by every command that loads fixtures.\n\n| rule | severity | finds |\n| --- | --- | --- |\n",
    );
    for rule in LOADER_RULES {
        let _ = writeln!(pages, "| `{}` | {} | {} |", rule.name, rule.severity.name(), rule.summary);
    }
    pages
}

fn pass_table() -> String {
    let mut table = String::from("| pass | group | what it does |\n| --- | --- | --- |\n");
    for pass in normalize::ALL {
        let _ = writeln!(table, "| `{}` | {} | {} |", pass.name, pass.group.name(), pass.summary);
    }
    table
}

fn pass_pages() -> String {
    normalize::ALL.iter().map(|pass| normalize::page(pass)).collect::<Vec<_>>().join("\n")
}

fn provider_tables() -> String {
    let mut page = String::from(
        "# Providers and routes\n\nWritten by `cargo xtask gen` from the tables that answer. A running server tells the same at `/__aimock/routes`, and as\nOpenAPI at `/__aimock/openapi.json`.\n\n## Answered\n\n| method | path | endpoint | provider | codec |\n| --- | --- | --- | --- | --- |\n",
    );
    for codec in crate::provider::ALL {
        for route in codec.routes() {
            let _ = writeln!(
                page,
                "| {} | `{}` | {} | {} | {} |",
                route.method,
                route.path,
                route.endpoint.name(),
                codec.provider(),
                codec.summary()
            );
        }
    }
    page.push_str(
        "\n## Over WebSocket\n\nEach turn is answered, matched, journalled, relayed and recorded like a request; see [WebSockets](websockets.md).\n\n",
    );
    page.push_str("| method | path | endpoint | provider | codec |\n| --- | --- | --- | --- | --- |\n");
    for codec in crate::provider::ALL {
        for route in codec.sockets() {
            let (endpoint, provider) = (route.endpoint.name(), codec.provider());
            let _ = writeln!(page, "| {} | `{}` | {endpoint} | {provider} | {} |", route.method, route.path, codec.summary());
        }
    }
    page.push_str("\n## The server's own\n\n| method | path | |\n| --- | --- | --- |\n");
    for route in crate::server::OWN {
        for (method, summary) in route.methods {
            let _ = writeln!(page, "| {method} | `{}` | {summary} |", route.path);
        }
    }
    page.push_str(
        "\n## Answers asked for again\n\nAnswered from what was answered before, per test id; fixtures with `path` come first.\n\n",
    );
    page.push_str("| method | path | provider | about |\n| --- | --- | --- | --- |\n");
    for codec in crate::provider::ALL {
        for route in codec.stored_routes() {
            let _ = writeln!(page, "| {} | `{}` | {} | {} |", route.method, route.path, codec.provider(), route.summary);
        }
    }
    page.push_str("\n## Not built\n\nThese routes answer 501 and name themselves.\n\n| method | path | API |\n| --- | --- | --- |\n");
    for route in crate::provider::route::NOT_BUILT {
        let _ = writeln!(page, "| {} | `{}` | {} |", route.method, route.path, route.name);
    }
    page
}
