//! Finds rows by what they ask for, so that neither a request nor a comparison of all rows tries every row.
//!
//! Rows are filed by the keys they compare by equality (`context`, `toolCallId`, flags, model families …): rows with
//! the same such keys share a [`Bucket`], rows with the same values a [`Group`]. Within a group a row is filed under
//! the rarest eight bytes of a text that its pattern needs (one for each alternative), and found by sliding over the
//! request's text. Whatever has no such handle is loose in its group and always a candidate. The index never decides: it names candidates, and the caller tests them.

mod group;
mod share;

use std::hash::{Hash, Hasher};

use rapidhash::RapidHashMap;
use rapidhash::fast::RapidHasher;

use self::group::{Filed, GONE, Group};
use self::share::{SHARED, on_all_cores, parts};
use super::fold::fold_if;
use super::implication::Domain;
use super::needle::Needles;
use super::sample::{names, samples};
use super::{Clause, Criterion, Facet, Facets, Match, Pattern, TextPattern};

/// Combinations of values that are looked up before a bucket is scanned instead.
const MOST_COMBINATIONS: usize = 256;

/// An index over numbered matches.
#[derive(Clone, Debug, Default)]
pub struct Index {
    buckets: Vec<Bucket>,
}

#[derive(Clone, Debug)]
struct Bucket {
    /// The keys compared by equality, in registry order.
    equal: Vec<&'static Criterion>,
    /// The key whose needles rows are filed by.
    text: Option<&'static Criterion>,
    /// Whether its text is folded before needles are looked for.
    folded: bool,
    groups: RapidHashMap<u64, Group>,
}

/// A value that a key is compared with by equality.
#[derive(Clone, Copy, Hash)]
enum Value<'a> {
    Text(&'a str),
    Family(&'a str),
    Flag(bool),
}

impl Index {
    /// An index over these matches; a match's number is its position among all, skipped ones included.
    pub fn new<'m>(matches: impl Iterator<Item = (usize, &'m Match)>) -> Index {
        let mut filed: Vec<(Bucket, RapidHashMap<u64, Vec<Filed<'m>>>)> = Vec::new();
        let mut matches = matches.map(|(number, matches)| (number_of(number), matches));
        loop {
            let some: Vec<(u32, &'m Match)> = matches.by_ref().take(SHARED).collect();
            if some.len() < SHARED {
                for (number, matches) in some {
                    file(&mut filed, number, Handles::of(matches));
                }
                break;
            }
            let parts = parts(&some);
            let handles = |part: usize| -> Vec<Handles<'m>> {
                parts.get(part).into_iter().copied().flatten().map(|(_, matches)| Handles::of(matches)).collect()
            };
            let handles = on_all_cores(parts.len(), handles).into_iter().flatten();
            some.iter().zip(handles).for_each(|((number, _), handles)| file(&mut filed, *number, handles));
        }
        let buckets = filed.into_iter().map(|(mut bucket, rows)| {
            bucket.groups = rows.into_iter().map(|(key, rows)| (key, Group::of(&rows))).collect();
            bucket
        });
        Index { buckets: buckets.collect() }
    }

    /// The same where matches have got other numbers: each has the one that stands at its old one, or is not there any more.
    pub(super) fn renumbered(&self, numbers: &[Option<usize>]) -> Index {
        let numbers: Vec<u32> = numbers.iter().map(|number| number.map_or(GONE, number_of)).collect();
        let mut index = self.clone();
        index.buckets.iter_mut().flat_map(|bucket| bucket.groups.values_mut()).for_each(|group| group.renumber(&numbers));
        index
    }

    /// Adds the numbers of matches that may take a request, ascending, to smaller ones. None that takes it is missing.
    pub fn for_request(&self, facets: &mut Facets<'_>, found: &mut Vec<usize>) {
        let before = found.len();
        for bucket in &self.buckets {
            let Some(groups) = bucket.groups_for(|criterion| values_of_facet(facets.of(criterion))) else { continue };
            let Some(criterion) = bucket.text else {
                Bucket::all(&groups, found);
                continue;
            };
            match facets.of(criterion) {
                Facet::Text(text) => bucket.within(&groups, &[text.as_ref()], found),
                Facet::Names(names) => bucket.within(&groups, names, found),
                Facet::Absent => {}
                Facet::Flag(_) | Facet::Headers(_) | Facet::Json(_) => bucket.within(&groups, &[], found),
            }
        }
        let added = found.get_mut(before..).unwrap_or_default();
        added.sort_unstable();
        found.dedup();
    }

    /// Numbers of matches that may take every request that `other` takes, ascending. None that does is missing.
    pub fn covering(&self, other: &Match) -> Vec<usize> {
        let mut found = Vec::new();
        for bucket in &self.buckets {
            let Some(groups) = bucket.groups_for(|criterion| values_of_match(other, criterion)) else { continue };
            let Some(criterion) = bucket.text else {
                Bucket::all(&groups, &mut found);
                continue;
            };
            let Some(clause) = other.clause(criterion.key) else { continue };
            match samples_of(clause) {
                Some(texts) => bucket.within(&groups, &texts.iter().map(String::as_str).collect::<Vec<_>>(), &mut found),
                None => Bucket::all(&groups, &mut found),
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// A number as groups keep it.
fn number_of(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(GONE)
}

/// Puts a match into its group.
fn file<'m>(filed: &mut Vec<(Bucket, RapidHashMap<u64, Vec<Filed<'m>>>)>, number: u32, handles: Handles<'m>) {
    let bucket = filed.iter().position(|(bucket, _)| bucket.holds(&handles)).unwrap_or(filed.len());
    if bucket == filed.len() {
        let equal = handles.equal.iter().map(|(criterion, _)| *criterion).collect();
        let (text, folded) = (handles.text(), handles.folded());
        filed.push((Bucket { equal, text, folded, groups: RapidHashMap::default() }, RapidHashMap::default()));
    }
    let Some((_, rows)) = filed.get_mut(bucket) else { return };
    let key = key_of(handles.equal.iter().map(|(_, value)| value.key()));
    rows.entry(key).or_default().push((number, handles.needles.map(|(_, needles)| needles)));
}

/// By what a match is filed.
struct Handles<'m> {
    equal: Vec<(&'static Criterion, Value<'m>)>,
    needles: Option<(&'static Criterion, Needles<'m>)>,
}

impl<'m> Handles<'m> {
    fn of(matches: &'m Match) -> Handles<'m> {
        let mut handles = Handles { equal: Vec::new(), needles: None };
        for clause in matches.clauses() {
            if let Some(value) = value_of(clause) {
                handles.equal.push((clause.criterion, value));
            } else if let Pattern::Text(pattern) = &clause.pattern
                && let Some(needles) = Needles::of(pattern)
                && handles.needles.as_ref().is_none_or(|(_, best)| needles.shortest() > best.shortest())
            {
                handles.needles = Some((clause.criterion, needles));
            }
        }
        handles
    }

    fn text(&self) -> Option<&'static Criterion> {
        self.needles.as_ref().map(|(criterion, _)| *criterion)
    }

    fn folded(&self) -> bool {
        self.needles.as_ref().is_some_and(|(_, needles)| needles.folded)
    }
}

/// The value of a clause that compares by equality.
fn value_of(clause: &Clause) -> Option<Value<'_>> {
    match &clause.pattern {
        Pattern::Text(TextPattern::Equals { text, ignore_case: false }) => Some(Value::Text(text)),
        Pattern::Text(TextPattern::Model(family)) => Some(Value::Family(family)),
        Pattern::Flag(flag) => Some(Value::Flag(*flag)),
        Pattern::Text(_) | Pattern::Headers(_) | Pattern::Subset(_) => None,
    }
}

/// Values that a clause accepts together; `None` when none is known. Whatever takes all that the clause takes must take
/// these too.
fn samples_of(clause: &Clause) -> Option<Vec<String>> {
    let Pattern::Text(pattern) = &clause.pattern else { return None };
    match pattern {
        TextPattern::Contains { needle: text, .. } | TextPattern::Equals { text, .. } => Some(vec![text.clone()]),
        _ if clause.criterion.domain() == Domain::Many => names(pattern),
        _ => samples(pattern).into_iter().next().map(|text| vec![text]),
    }
}

/// What a bucket's groups can be looked up by.
enum Lookup {
    /// The value is one of these, given by their hashes.
    Values(Vec<u64>),
    /// No row of the bucket can do.
    Never,
    /// Any value can do.
    Unknown,
}

/// A text, and all model families that it belongs to.
fn with_families(text: &str) -> Vec<u64> {
    let families = std::iter::once(text.len()).chain(dashes(text)).filter_map(|end| text.get(..end));
    std::iter::once(Value::Text(text)).chain(families.map(Value::Family)).map(Value::key).collect()
}

/// Where a dash with a digit behind it cuts a model's name.
fn dashes(text: &str) -> impl Iterator<Item = usize> {
    text.as_bytes().windows(2).enumerate().filter(|(_, pair)| pair[0] == b'-' && pair[1].is_ascii_digit()).map(|(at, _)| at)
}

fn values_of_facet(facet: &Facet<'_>) -> Lookup {
    match facet {
        Facet::Absent | Facet::Headers(_) | Facet::Json(_) => Lookup::Never,
        Facet::Text(text) => Lookup::Values(with_families(text)),
        Facet::Names(names) => Lookup::Values(names.iter().flat_map(|name| with_families(name)).collect()),
        Facet::Flag(flag) => Lookup::Values(vec![Value::Flag(*flag).key()]),
    }
}

fn values_of_match(other: &Match, criterion: &'static Criterion) -> Lookup {
    let Some(clause) = other.clause(criterion.key) else {
        let implied = criterion.key == "hasToolResult" && other.wants_tool_result();
        return if implied { Lookup::Values(vec![Value::Flag(true).key()]) } else { Lookup::Never };
    };
    match &clause.pattern {
        Pattern::Text(TextPattern::Equals { text, ignore_case: false } | TextPattern::Model(text)) => Lookup::Values(with_families(text)),
        // A tool result may be wanted by another key, whatever the flag says.
        Pattern::Flag(_) if criterion.key == "hasToolResult" && other.wants_tool_result() => {
            Lookup::Values([true, false].map(|flag| Value::Flag(flag).key()).into())
        }
        Pattern::Flag(flag) => Lookup::Values(vec![Value::Flag(*flag).key()]),
        Pattern::Text(_) => {
            samples_of(clause).map_or(Lookup::Unknown, |texts| Lookup::Values(texts.iter().flat_map(|text| with_families(text)).collect()))
        }
        Pattern::Headers(_) | Pattern::Subset(_) => Lookup::Never,
    }
}

impl Value<'_> {
    /// Equal values have equal keys; that unequal ones may too only makes for a needless candidate.
    fn key(self) -> u64 {
        let mut hasher = RapidHasher::default();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

fn key_of(values: impl Iterator<Item = u64>) -> u64 {
    let mut hasher = RapidHasher::default();
    values.for_each(|value| value.hash(&mut hasher));
    hasher.finish()
}

impl Bucket {
    fn holds(&self, handles: &Handles<'_>) -> bool {
        self.text == handles.text()
            && self.folded == handles.folded()
            && self.equal.len() == handles.equal.len()
            && self.equal.iter().zip(&handles.equal).all(|(mine, (theirs, _))| *mine == *theirs)
    }

    fn within(&self, groups: &[&Group], texts: &[&str], found: &mut Vec<usize>) {
        for text in texts {
            let text = fold_if(text, self.folded);
            for group in groups {
                group.within(text.as_bytes(), found);
            }
        }
        for group in groups {
            group.all_loose(found);
        }
    }

    fn all(groups: &[&Group], found: &mut Vec<usize>) {
        for group in groups {
            group.all(found);
        }
    }

    /// The groups that the values lead to; `None` when there are none.
    fn groups_for(&self, mut lookup: impl FnMut(&'static Criterion) -> Lookup) -> Option<Vec<&Group>> {
        if self.equal.is_empty() {
            return self.groups.get(&key_of(std::iter::empty())).map(|group| vec![group]);
        }
        let mut combinations: Vec<Vec<u64>> = vec![Vec::new()];
        for criterion in &self.equal {
            let values = match lookup(criterion) {
                Lookup::Never => return None,
                Lookup::Values(values) if combinations.len() * values.len() <= MOST_COMBINATIONS => values,
                Lookup::Values(_) | Lookup::Unknown => return Some(self.groups.values().collect()),
            };
            combinations = combinations
                .iter()
                .flat_map(|start| values.iter().map(move |value| start.iter().copied().chain([*value]).collect()))
                .collect();
        }
        let groups: Vec<&Group> = combinations.into_iter().filter_map(|values| self.groups.get(&key_of(values.into_iter()))).collect();
        (!groups.is_empty()).then_some(groups)
    }
}
