//! Tables that are so large that all cores work on their index.

use serde_json::json;

use super::super::{Row, Table};
use super::{asks, row};

#[test]
fn the_index_of_a_large_table_finds_what_trying_every_row_finds() {
    let texts = |number: usize| match number % 1000 {
        // Shorter than what rows are filed by, and with nothing to be filed by.
        7 => json!({ "userMessage": format!("q{number}") }),
        8 => json!({ "userMessage": { "regex": "^[0-9]+$" } }),
        9 => json!({ "userMessage": { "regex": format!("question {number}( please)?$|thing {number}") } }),
        _ => json!({ "userMessage": format!("question number {number} please") }),
    };
    let rows: Vec<Row> = (0..20_000).map(|number| row(&texts(number))).collect();
    let table = Table::new(rows.clone());
    // The same with a row before all others, and one less.
    let shifted: Vec<Row> = std::iter::once(row(&json!({ "userMessage": "first" }))).chain(rows.into_iter().skip(1)).collect();
    let before: Vec<Option<usize>> = std::iter::once(None).chain((1..20_000).map(Some)).collect();
    let followed = table.followed_by(shifted, &before);
    for number in [0, 1, 7, 9, 4096, 8191, 8192, 8193, 10_007, 12_008, 13_009, 16_383, 16_384, 19_999, 20_000] {
        for text in [format!("question number {number} please"), format!("q{number}"), number.to_string(), format!("a thing {number}")] {
            for table in [&table, &followed] {
                let exchange = asks(&text);
                let found: Vec<usize> = table.candidates(&exchange).map(|(number, _)| number).collect();
                let plainly: Vec<usize> = table.candidates_plainly(&exchange).map(|(number, _)| number).collect();
                assert_eq!(found, plainly, "{text}");
            }
        }
    }
}
