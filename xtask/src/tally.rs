//! Counts what passed, failed and was skipped. Nothing that was skipped is ever counted as passed.

use std::fmt;
use std::ops::AddAssign;

/// Numbers of test cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// What a run of tests printed, as numbers and as the lines worth repeating.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) tally: Tally,
    /// `NAME: reason` of each skipped case.
    pub(crate) skips: Vec<String>,
    /// What is shown beside the numbers, however it ended.
    pub(crate) notes: String,
}

/// Reads what `cargo test` printed: its `test result:` lines, and `SKIP NAME: reason` lines, which a test writes when
/// it cannot run here. Such a test returns normally, so it is taken out of the passed ones.
pub(crate) fn cargo_test(output: &str) -> Counted {
    let mut counted = Counted::default();
    for line in output.lines() {
        if let Some(counts) = line.strip_prefix("test result: ") {
            counted.tally.passed += number_before(counts, " passed");
            counted.tally.failed += number_before(counts, " failed");
            counted.tally.skipped += number_before(counts, " ignored");
        } else if let Some((_, skip)) = line.split_once("SKIP ") {
            counted.skips.push(skip.to_owned());
        }
    }
    counted.tally.skipped += counted.skips.len();
    counted.tally.passed = counted.tally.passed.saturating_sub(counted.skips.len());
    counted
}

/// Reads what a client script printed: `ok NAME`, `FAIL NAME reason`, `skip NAME reason`, and at last `end N`. A script
/// that did not come to its end, or lost a case, has one failure more.
pub(crate) fn client_script(output: &str) -> Counted {
    let mut counted = Counted::default();
    let mut promised = None;
    for line in output.lines() {
        match line.split_once(' ') {
            Some(("ok", _)) => counted.tally.passed += 1,
            Some(("FAIL", _)) => counted.tally.failed += 1,
            Some(("skip", skip)) => {
                counted.tally.skipped += 1;
                counted.skips.push(skip.replacen(' ', ": ", 1));
            }
            Some(("end", number)) => promised = number.parse::<usize>().ok(),
            _ => {}
        }
    }
    let Tally { passed, failed, skipped } = counted.tally;
    if promised != Some(passed + failed + skipped) {
        counted.tally.failed += 1;
    }
    counted
}

/// The number that stands before `word`, or 0.
fn number_before(text: &str, word: &str) -> usize {
    let Some((before, _)) = text.split_once(word) else { return 0 };
    before.rsplit(|letter: char| !letter.is_ascii_digit()).next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(counted: &Counted, expected: (usize, usize, usize)) {
        let Tally { passed, failed, skipped } = counted.tally;
        assert_eq!((passed, failed, skipped), expected);
    }

    #[test]
    fn results_of_all_binaries_are_added() {
        let output = "\
            test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\
            test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n";
        check(&cargo_test(output), (15, 2, 1));
    }

    #[test]
    fn a_skipping_test_is_not_a_passed_one() {
        let output = "test a ... SKIP corpus::shared: no ../shared\ntest result: ok. 2 passed; 0 failed; 0 ignored;\n";
        check(&cargo_test(output), (1, 0, 1));
        assert_eq!(cargo_test(output).skips, ["corpus::shared: no ../shared"]);
    }

    #[test]
    fn no_results_are_no_passes() {
        check(&cargo_test("error: could not compile"), (0, 0, 0));
        check(&client_script(""), (0, 1, 0));
    }

    #[test]
    fn cases_of_a_script_are_counted() {
        let output = "ok a\nsome talk\nFAIL b expected 1\nskip c no client\nok d\nend 4\n";
        check(&client_script(output), (2, 1, 1));
        assert_eq!(client_script(output).skips, ["c: no client"]);
    }

    #[test]
    fn a_script_that_stops_early_has_failed() {
        check(&client_script("ok a\nok b\n"), (2, 1, 0));
        check(&client_script("ok a\nend 2\n"), (1, 1, 0));
    }
}
