//! Laws of the matcher: what must hold for every pattern, match, table and request.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

use aimock::exchange::{Endpoint, Exchange, Headers, MediaKind, Message, RawRequest, Request, Role, ToolOffer};
use aimock::matcher::criteria::{CRITERIA, criterion};
use aimock::matcher::{
    Clause, Coverage, Index, Match, Matching, Meetings, Pattern, Position, Row, Selection, Served, Setting, Shape, Strictness, Table,
    TextPattern,
};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

const RELAXED: Strictness = Strictness { turns: false };

/// Few letters, so that patterns and texts meet; case pairs beyond ASCII, a digit and a dash for models, a newline.
fn word() -> impl Strategy<Value = String> {
    prop::collection::vec(select(&['a', 'b', 'A', 'ß', 'ẞ', '1', '-', '\n', ' '][..]), 0..5).prop_map(String::from_iter)
}

fn regex() -> impl Strategy<Value = &'static str> {
    select(
        &[
            "a",
            "^a",
            "a$",
            "^a$",
            "^$",
            "a.*b",
            "(?s)a.*b",
            "(?s)^a.*b$",
            "[ab]+",
            "a|b",
            "aa|bb",
            "^a|b",
            r"\bab\b",
            "(?i)a",
            "(?-i)a",
            "a{2}",
            r"\d",
            "(?m)^b",
        ][..],
    )
}

fn operator() -> impl Strategy<Value = TextPattern> {
    let words = prop::collection::vec(word(), 0..3);
    prop_oneof![
        4 => (word(), any::<bool>()).prop_map(|(needle, ignore_case)| TextPattern::Contains { needle, ignore_case }),
        1 => (words, any::<bool>()).prop_map(|(needles, ignore_case)| TextPattern::ContainsAll { needles, ignore_case }),
        2 => (word(), any::<bool>()).prop_map(|(text, ignore_case)| TextPattern::Equals { text, ignore_case }),
        2 => (word(), any::<bool>()).prop_map(|(prefix, ignore_case)| TextPattern::StartsWith { prefix, ignore_case }),
        2 => (word(), any::<bool>()).prop_map(|(suffix, ignore_case)| TextPattern::EndsWith { suffix, ignore_case }),
        2 => (prop::collection::vec(word(), 1..4), any::<bool>())
            .prop_map(|(words, ignore_case)| TextPattern::glob(&words.join("*"), ignore_case).unwrap()),
        2 => (regex(), any::<bool>()).prop_map(|(source, ignore_case)| TextPattern::regex(source, ignore_case).unwrap()),
        1 => word().prop_map(TextPattern::Model),
    ]
}

fn text_pattern() -> impl Strategy<Value = TextPattern> {
    operator().prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| TextPattern::Not(Box::new(inner))),
            prop::collection::vec(inner.clone(), 0..3).prop_map(TextPattern::AnyOf),
            prop::collection::vec(inner, 0..3).prop_map(TextPattern::AllOf),
        ]
    })
}

/// Texts near the patterns: words, and words joined.
fn texts() -> impl Strategy<Value = Vec<String>> {
    let one = prop::collection::vec(word(), 1..4).prop_map(|words| words.concat());
    prop::collection::vec(one, 1..16)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn coverage_of_texts_is_never_contradicted(mine in text_pattern(), theirs in text_pattern(), texts in texts()) {
        match mine.covers(&theirs) {
            Coverage::Yes => {
                for text in &texts {
                    prop_assert!(!theirs.accepts(text) || mine.accepts(text), "{mine} is said to cover {theirs}, but not on {text:?}");
                }
                let example = mine.counterexample(&theirs);
                prop_assert!(example.is_none(), "{mine} is said to cover {theirs}, but not on {example:?}");
            }
            Coverage::No => {
                let text = mine.counterexample(&theirs).expect("an example");
                prop_assert!(theirs.accepts(&text) && !mine.accepts(&text));
            }
            Coverage::Unknown => {}
        }
        prop_assert_eq!(mine.covers(&mine), Coverage::Yes);
    }

    #[test]
    fn coverage_of_names_is_never_contradicted(mine in text_pattern(), theirs in text_pattern(), names in texts()) {
        let clause = |pattern: &TextPattern| Clause { criterion: criterion("toolName").unwrap(), pattern: Pattern::Text(pattern.clone()) };
        let (ours, others) = (Match::new(vec![clause(&mine)]), Match::new(vec![clause(&theirs)]));
        let mut exchange = Exchange::default();
        exchange.request.tools = names.iter().take(3).map(|name| ToolOffer { name: name.clone(), ..ToolOffer::default() }).collect();
        if ours.covers(&others) == Coverage::Yes {
            prop_assert!(!others.accepts(&exchange) || ours.accepts(&exchange), "{mine} / {theirs} on {names:?}");
        }
        if ours.surely_excludes(&others) {
            prop_assert!(!(others.accepts(&exchange) && ours.accepts(&exchange)), "{mine} excludes {theirs} but not on {names:?}");
        }
    }

    #[test]
    fn exclusion_is_never_contradicted(mine in text_pattern(), theirs in text_pattern(), texts in texts()) {
        let clause = |pattern: &TextPattern| Clause { criterion: criterion("context").unwrap(), pattern: Pattern::Text(pattern.clone()) };
        if Match::new(vec![clause(&mine)]).surely_excludes(&Match::new(vec![clause(&theirs)])) {
            for text in &texts {
                prop_assert!(!(mine.accepts(text) && theirs.accepts(text)), "{mine} excludes {theirs}, but not on {text:?}");
            }
        }
    }
}

// ---- matches and requests ------------------------------------------------------------------------------------------

const TEXTS: [&str; 5] = ["", "hi", "weather", "weather in Oslo", "Oslo"];
const MODELS: [&str; 3] = ["gpt-4o", "gpt-4o-2024-08-06", "gpt-4"];

fn small_text() -> impl Strategy<Value = TextPattern> {
    let word = || select(&TEXTS[..]);
    prop_oneof![
        4 => word().prop_map(TextPattern::contains),
        1 => word().prop_map(TextPattern::equals),
        1 => word().prop_map(|text| TextPattern::Not(Box::new(TextPattern::contains(text)))),
        1 => word().prop_map(|text| TextPattern::glob(&format!("*{text}*o"), false).unwrap()),
        1 => (word(), word()).prop_map(|(a, b)| TextPattern::ContainsAll { needles: vec![a.into(), b.into()], ignore_case: true }),
        1 => (word(), word()).prop_map(|(a, b)| TextPattern::AnyOf(vec![TextPattern::contains(a), TextPattern::equals(b)])),
    ]
}

/// A clause of a key, with patterns of its shape from few words.
fn clause(key: &'static str) -> BoxedStrategy<Clause> {
    let criterion = criterion(key).unwrap();
    let pattern = match (key, criterion.shape) {
        ("model", _) => select(&MODELS[..]).prop_map(|model| Pattern::Text(TextPattern::Model(model.into()))).boxed(),
        ("provider", _) => select(&["openai", "anthropic", "gemini"][..]).prop_map(|name| Pattern::Text(TextPattern::equals(name))).boxed(),
        ("endpoint", _) => select(&["chat", "embedding", "image"][..]).prop_map(|name| Pattern::Text(TextPattern::equals(name))).boxed(),
        ("path", _) => select(&["/a", "/b"][..]).prop_map(|path| Pattern::Text(TextPattern::equals(path))).boxed(),
        (_, Shape::Text { .. } | Shape::OneOf(_)) => small_text().prop_map(Pattern::Text).boxed(),
        (_, Shape::Flag) => any::<bool>().prop_map(Pattern::Flag).boxed(),
        (_, Shape::Headers) => {
            let wanted = prop_oneof![Just(None), small_text().prop_map(Some)];
            (select(&["x-team", "x-user"][..]), wanted).prop_map(|(name, wanted)| Pattern::Headers(vec![(name.into(), wanted)])).boxed()
        }
        (_, Shape::Subset) => {
            select(vec![json!({}), json!({"a": 1}), json!({"a": 1.0, "b": [1]})]).prop_map(|body| Pattern::Subset(Box::new(body))).boxed()
        }
    };
    pattern.prop_map(move |pattern| Clause { criterion, pattern }).boxed()
}

fn matches() -> impl Strategy<Value = Match> {
    let likely = ["userMessage", "userMessage", "hasToolResult", "toolCallId", "systemMessage", "model"];
    let all = likely.into_iter().chain(CRITERIA.iter().map(|criterion| criterion.key));
    let clauses = select(all.collect::<Vec<_>>()).prop_flat_map(clause);
    prop::collection::vec(clauses, 0..4).prop_map(|mut clauses| {
        clauses.sort_by_key(|clause| clause.criterion.key);
        clauses.dedup_by_key(|clause| clause.criterion.key);
        Match::new(clauses)
    })
}

fn message() -> impl Strategy<Value = Message> {
    let roles = select(vec![Role::System, Role::User, Role::Assistant, Role::Assistant, Role::Tool]);
    (roles, prop::option::weighted(0.9, select(&TEXTS[..])), select(&TEXTS[..])).prop_map(|(role, text, id)| Message {
        tool_call_id: (role == Role::Tool).then(|| id.to_owned()),
        role,
        text: text.map(str::to_owned),
        tool_calls: Vec::new(),
    })
}

fn exchange() -> impl Strategy<Value = Exchange> {
    let optional = || prop::option::of(select(&TEXTS[..]));
    let surface = (
        select(&["openai", "anthropic", "gemini"][..]),
        prop_oneof![8 => Just(Some(Endpoint::Chat)), 1 => Just(Some(Endpoint::Embedding)), 1 => Just(Some(Endpoint::Image)), 1 => Just(None)],
    );
    let raw = (
        select(&["/a", "/b"][..]),
        prop::collection::vec((select(&["x-team", "x-user"][..]), select(&TEXTS[..])), 0..3),
        select(&["", "{}", r#"{"a":1}"#, r#"{"a":1,"b":[1]}"#][..]),
    );
    let small = (prop::option::of(select(&MODELS[..])), optional(), optional(), any::<bool>());
    let tools = prop::collection::vec((select(&TEXTS[..]), optional()), 0..3);
    (surface, raw, prop::collection::vec(message(), 0..6), small, tools).prop_map(
        |((provider, endpoint), (path, headers, body), messages, (model, format, context, stream), tools)| {
            let headers: Headers = headers.into_iter().collect();
            let owned = |text: Option<&str>| text.map(str::to_owned);
            let offer = |(name, namespace): (&str, Option<&str>)| ToolOffer {
                name: name.to_owned(),
                namespace: owned(namespace),
                parameters: None,
            };
            let request = Request {
                provider,
                endpoint,
                model: owned(model),
                messages,
                tools: tools.into_iter().map(offer).collect(),
                response_format: owned(format),
                stream,
                context: owned(context),
                ..Request::default()
            };
            Exchange { raw: RawRequest::new("POST", path, headers, body), request }
        },
    )
}

fn position() -> impl Strategy<Value = Position> {
    let index = || prop::option::weighted(0.4, 0_u64..3);
    (prop::option::weighted(0.15, 0_u64..3), index()).prop_map(|(sequence, turn)| Position { sequence, turn })
}

fn row() -> impl Strategy<Value = Row> {
    let kinds = select(vec![
        MediaKind::Turn,
        MediaKind::Turn,
        MediaKind::Turn,
        MediaKind::Error,
        MediaKind::Image,
        MediaKind::Raw,
        MediaKind::Audio,
    ]);
    (matches(), position(), kinds, prop::option::weighted(0.1, 1_u64..3), prop::bool::weighted(0.05))
        .prop_map(|(matches, position, kind, limit, dead)| Row { dead, limit, ..Row::new(matches, position, kind) })
}

fn served() -> impl Strategy<Value = Served> {
    prop::collection::vec((0_usize..6, 0_u64..4), 0..6).prop_map(|counts| counts.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn coverage_of_matches_is_never_contradicted(mine in matches(), theirs in matches(), exchanges in prop::collection::vec(exchange(), 1..24)) {
        match mine.covers(&theirs) {
            Coverage::Yes => for exchange in &exchanges {
                prop_assert!(!theirs.accepts(exchange) || mine.accepts(exchange), "on {:?}", exchange);
            },
            Coverage::No => {
                let example = mine.counterexample(&theirs).expect("an example");
                prop_assert!(theirs.accepts(&example) && !mine.accepts(&example));
            }
            Coverage::Unknown => {}
        }
        if mine.surely_excludes(&theirs) {
            for exchange in &exchanges {
                prop_assert!(!(mine.accepts(exchange) && theirs.accepts(exchange)), "both on {:?}", exchange);
            }
        }
        prop_assert_eq!(mine.covers(&mine), Coverage::Yes);
        prop_assert_eq!(Match::default().covers(&theirs), Coverage::Yes);
    }

    #[test]
    fn the_plainest_request_is_accepted(matches in matches(), assistants in 0_u64..3) {
        if let Some(exchange) = matches.plainest() {
            prop_assert!(matches.accepts(&exchange));
        }
        if let Some(exchange) = matches.plainest_in(Setting { assistants: Some(assistants), ..Setting::default() }) {
            prop_assert!(matches.accepts(&exchange));
            prop_assert_eq!(exchange.request.assistant_count(), assistants);
        }
    }

    #[test]
    fn verdicts_agree_with_acceptance(matches in matches(), exchange in exchange()) {
        let verdicts = matches.explain(&exchange);
        prop_assert_eq!(verdicts.iter().all(|verdict| verdict.holds), matches.accepts(&exchange));
        prop_assert!(verdicts.iter().all(|verdict| !verdict.to_string().contains('\n')));
    }

    #[test]
    fn selection_is_pure_and_claims_count_once(rows in prop::collection::vec(row(), 0..6), exchange in exchange(), served in served()) {
        let table = Table::new(rows.clone());
        let mut grown = Table::default();
        for row in rows {
            grown.extend([row]);
        }
        let selected = table.select(&exchange, &served, RELAXED);
        prop_assert_eq!(selected, table.select(&exchange, &served, RELAXED));
        prop_assert_eq!(selected, grown.select(&exchange, &served, RELAXED));
        let mut counted = served.clone();
        prop_assert_eq!(selected, table.claim(&exchange, &mut counted, RELAXED));
        if let Some(row) = selected.row() {
            prop_assert_eq!(counted.count(row), served.count(row) + 1);
            prop_assert!(table.candidates(&exchange).any(|(number, _)| number == row));
        }
        let changed = (0..table.rows().len()).filter(|row| counted.count(*row) != served.count(*row)).count();
        prop_assert!(selected.row().is_some() || changed == 0, "a miss counts nothing");
    }

    #[test]
    fn near_misses_fail_where_they_say(rows in prop::collection::vec(row(), 0..6), exchange in exchange(), limit in 0_usize..4) {
        let table = Table::new(rows);
        let served = Served::default();
        let nears = table.nearest(&exchange, &served, limit);
        prop_assert!(nears.len() <= limit);
        for near in &nears {
            prop_assert!(near.failed.iter().all(|clause| !clause.accepts(&exchange)));
            prop_assert_eq!(near.failed.is_empty(), table.rows()[near.row].matches.accepts(&exchange));
        }
    }

    #[test]
    fn one_plain_row_always_answers(exchange in exchange(), times in 1_usize..20) {
        prop_assume!(exchange.request.endpoint.is_some());
        let table = Table::new(vec![Row::new(Match::default(), Position::default(), MediaKind::Raw)]);
        let mut served = Served::default();
        for _ in 0..times {
            prop_assert_eq!(table.claim(&exchange, &mut served, RELAXED).row(), Some(0));
        }
    }

    #[test]
    fn a_recording_matches_its_own_request(exchange in exchange()) {
        let recorded = CRITERIA.iter().filter_map(|criterion| {
            let stamped = criterion.stamp(&(criterion.read)(&exchange))?;
            Some(Clause { criterion, pattern: loaded(criterion.shape, &stamped) })
        });
        let matches = Match::new(recorded.collect());
        prop_assert!(matches.accepts(&exchange), "{:?} on {:?}", matches, exchange.request);
    }
}

/// A recorded value as a file's value is read, under exact matching too.
fn loaded(shape: Shape, value: &Value) -> Pattern {
    match (shape, value) {
        (Shape::Text { plain, .. }, Value::String(text)) => {
            let both = [Matching::Contains, Matching::Exact].map(|matching| plain.pattern(text.clone(), matching));
            Pattern::Text(TextPattern::AllOf(both.into()))
        }
        (Shape::OneOf(_), Value::String(text)) => Pattern::Text(TextPattern::equals(text.clone())),
        (Shape::Flag, Value::Bool(flag)) => Pattern::Flag(*flag),
        (shape, value) => panic!("{shape:?} cannot hold {value}"),
    }
}

// ---- shadowing -----------------------------------------------------------------------------------------------------

/// Rows drawn from a few matches, so that many shadow each other.
fn crowded() -> impl Strategy<Value = Vec<Row>> {
    let pool = prop::collection::vec(matches(), 1..3);
    let one = (prop::option::weighted(0.7, any::<prop::sample::Index>()), row());
    (pool, prop::collection::vec(one, 2..6)).prop_map(|(pool, rows)| {
        let pick = |(index, row): (Option<prop::sample::Index>, Row)| match index {
            Some(index) => Row { matches: index.get(&pool).clone(), ..row },
            None => row,
        };
        rows.into_iter().map(pick).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Random requests, and for each row its own plainest ones at several turns; random counts before each.
    #[test]
    fn a_shadowed_row_is_never_selected(rows in crowded(), random in prop::collection::vec(exchange(), 8), counts in prop::collection::vec(served(), 4)) {
        let table = Table::new(rows);
        let plain = table.rows().iter().flat_map(|row| (0..4).filter_map(|assistants| {
            row.matches.plainest_in(Setting { assistants: Some(assistants), ..Setting::default() })
        }));
        let exchanges: Vec<Exchange> = random.into_iter().chain(plain).collect();
        let pairs = (0..table.rows().len()).flat_map(|later| (0..later).map(move |earlier| (earlier, later)));
        for (earlier, later) in pairs.filter(|(earlier, later)| table.shadows(*earlier, *later) == Coverage::Yes) {
            for exchange in &exchanges {
                for served in &counts {
                    let selected: Selection = table.select(exchange, served, RELAXED);
                    prop_assert!(selected.row() != Some(later), "row {earlier} shadows {later}, but not on {:?}", exchange.request);
                }
            }
        }
    }

    /// `No` is an example: the later of two rows answers it.
    #[test]
    fn what_is_let_through_is_answered_by_the_later_row(rows in crowded()) {
        let (earlier, later) = (&rows[0], &rows[1]);
        if earlier.shadows(later) == Coverage::No {
            let example = earlier.lets_through(later).expect("an example");
            prop_assert!(later.matches.accepts(&example));
        }
    }
}

// ---- the index -----------------------------------------------------------------------------------------------------

/// Patterns in every dress, long enough to be filed by their grams and short enough to meet.
fn dressed_text() -> impl Strategy<Value = TextPattern> {
    let text = select(&["weather", "weather in Oslo", "WEATHER IN OSLO", "ss", "Straße nach Oslo", "k", "the weather in Oslo today"][..]);
    let operator = (text, 0_u8..8, any::<bool>()).prop_map(|(text, kind, ignore_case)| {
        let text = text.to_owned();
        match kind {
            0 => TextPattern::Equals { text, ignore_case },
            1 => TextPattern::StartsWith { prefix: text, ignore_case },
            2 => TextPattern::EndsWith { suffix: text, ignore_case },
            3 => TextPattern::glob(&format!("{text}*Oslo*"), ignore_case).unwrap(),
            4 => TextPattern::regex(&format!("{text}|in.*Oslo"), ignore_case).unwrap(),
            5 => TextPattern::ContainsAll { needles: vec![text, "Oslo".to_owned()], ignore_case },
            _ => TextPattern::Contains { needle: text, ignore_case },
        }
    });
    operator.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            1 => inner.clone().prop_map(|inner| TextPattern::Not(Box::new(inner))),
            2 => prop::collection::vec(inner.clone(), 0..3).prop_map(TextPattern::AnyOf),
            1 => prop::collection::vec(inner, 0..3).prop_map(TextPattern::AllOf),
        ]
    })
}

fn dressed_row() -> impl Strategy<Value = Row> {
    let texts = prop::collection::vec((select(&["userMessage", "systemMessage", "toolName", "context"][..]), dressed_text()), 1..3);
    let dressed = texts.prop_map(|mut texts| {
        texts.sort_by_key(|(key, _)| *key);
        texts.dedup_by_key(|(key, _)| *key);
        let clause = |(key, pattern)| Clause { criterion: criterion(key).unwrap(), pattern: Pattern::Text(pattern) };
        Row::new(Match::new(texts.into_iter().map(clause).collect()), Position::default(), MediaKind::Turn)
    });
    prop_oneof![dressed, row()]
}

/// What happens to fixtures between two loads.
#[derive(Clone, Debug)]
enum Edit {
    Insert(prop::sample::Index, Row),
    Remove(prop::sample::Index),
    Replace(prop::sample::Index, Row),
    /// A row goes elsewhere, as those of a file do that gets another name.
    Move(prop::sample::Index, prop::sample::Index),
}

fn edit() -> impl Strategy<Value = Edit> {
    let place = any::<prop::sample::Index>;
    prop_oneof![
        (place(), dressed_row()).prop_map(|(place, row)| Edit::Insert(place, row)),
        place().prop_map(Edit::Remove),
        (place(), dressed_row()).prop_map(|(place, row)| Edit::Replace(place, row)),
        (place(), place()).prop_map(|(from, to)| Edit::Move(from, to)),
    ]
}

/// Rows, each with the number that it had before.
fn edited(rows: &[Row], edits: &[Edit]) -> (Vec<Row>, Vec<Option<usize>>) {
    let mut numbered: Vec<(Row, Option<usize>)> = rows.iter().cloned().zip((0..).map(Some)).collect();
    for edit in edits {
        match edit {
            Edit::Insert(place, row) => numbered.insert(place.index(numbered.len() + 1), (row.clone(), None)),
            Edit::Remove(place) => drop(numbered.remove(place.index(numbered.len()))),
            Edit::Replace(place, row) => {
                let place = place.index(numbered.len());
                numbered[place] = (row.clone(), None);
            }
            Edit::Move(from, to) => {
                let row = numbered.remove(from.index(numbered.len()));
                numbered.insert(to.index(numbered.len() + 1), row);
            }
        }
    }
    numbered.into_iter().unzip()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_index_finds_what_trying_every_row_finds(
        rows in prop::collection::vec(dressed_row(), 6..90),
        mut exchanges in prop::collection::vec(exchange(), 8),
        lengthened in 0_usize..3,
    ) {
        let table = Table::new(rows.clone());
        // The last rows of this one are in no index.
        let (first, last) = rows.split_at(rows.len() - rows.len() / 3);
        let mut grown = Table::new(first.to_vec());
        grown.extend(last.to_vec());
        // Requests that fit: the plainest of some rows beside the made-up ones.
        exchanges.extend(rows.iter().filter_map(|row| row.matches.plainest()));
        // Long texts are searched in another way among few rows.
        for exchange in exchanges.iter_mut().step_by(2) {
            exchange.request.messages.iter_mut().filter_map(|message| message.text.as_mut()).for_each(|text| {
                text.insert_str(0, &" by the way: ".repeat(30 * lengthened));
            });
        }
        for exchange in &exchanges {
            let found: Vec<usize> = table.candidates(exchange).map(|(number, _)| number).collect();
            let plainly: Vec<usize> = table.candidates_plainly(exchange).map(|(number, _)| number).collect();
            prop_assert_eq!(found, plainly, "{:?}", exchange.request);
            let claimed = table.claim(exchange, &mut Served::default(), RELAXED);
            prop_assert_eq!(claimed, table.select(exchange, &Served::default(), RELAXED));
            prop_assert_eq!(claimed, grown.claim(exchange, &mut Served::default(), RELAXED));
        }
        let index = Index::new(rows.iter().enumerate().map(|(number, row)| (number, &row.matches)));
        for row in &rows {
            let found = index.covering(&row.matches);
            prop_assert!(found.is_sorted_by(|a, b| a < b));
            let missing = rows.iter().enumerate().find(|(number, other)| other.matches.surely_covers(&row.matches) && !found.contains(number));
            prop_assert!(missing.is_none(), "{missing:?} covers {:?}", row.matches);
        }
    }

    #[test]
    fn a_table_that_follows_another_is_as_one_made_anew(
        rows in prop::collection::vec(dressed_row(), 24..120),
        loads in prop::collection::vec((prop::collection::vec(edit(), 0..7), prop::collection::vec(dressed_row(), 0..12)), 1..4),
        mut exchanges in prop::collection::vec(exchange(), 4),
    ) {
        let (mut followed, mut rows) = (Table::new(rows.clone()), rows);
        for (edits, added) in loads {
            let before;
            (rows, before) = edited(&rows, &edits);
            followed = followed.followed_by(rows.clone(), &before);
            prop_assert_eq!(followed.rows(), rows.as_slice());
            followed.extend(added.clone());
            rows.extend(added);
        }
        exchanges.extend(rows.iter().filter_map(|row| row.matches.plainest()));
        let anew = Table::new(rows);
        for exchange in &exchanges {
            let found: Vec<usize> = followed.candidates(exchange).map(|(number, _)| number).collect();
            let plainly: Vec<usize> = anew.candidates_plainly(exchange).map(|(number, _)| number).collect();
            prop_assert_eq!(found, plainly, "{:?}", exchange.request);
            let served = Served::default();
            prop_assert_eq!(followed.claim(exchange, &mut Served::default(), RELAXED), anew.select(exchange, &served, RELAXED));
        }
    }

    #[test]
    fn matches_that_are_left_out_exclude(rows in prop::collection::vec(dressed_row(), 1..60)) {
        let meetings = Meetings::new(rows.iter().enumerate().map(|(number, row)| (number, &row.matches)));
        for row in &rows {
            let [same, silent] = meetings.with(&row.matches);
            let left_out = rows.iter().enumerate().filter(|(number, _)| !same.contains(number) && !silent.contains(number));
            for (_, other) in left_out {
                prop_assert!(other.matches.surely_excludes(&row.matches), "{:?} and {:?}", other.matches, row.matches);
            }
        }
    }
}
