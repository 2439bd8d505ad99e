//! What the YAML parser's errors mean, in our words: what was found, and what would be right.

use granit_parser::ErrorKind;

use super::build::{Builder, too_deep};
use super::{Span, Trouble, surrogate};

/// The problem that ended the text; `at` is where the parser stood.
pub(super) fn explain(kind: &ErrorKind, at: usize, builder: &Builder<'_, '_>) -> Trouble {
    let (body, bom) = (builder.body, builder.bom);
    let shift = |start: usize, end: usize| Span::new(bom + start, bom + end);
    let here = token(body, at);
    let here = shift(here.start, here.end);
    let end = Span::at(bom + body.trim_end().len());
    let width = body.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    let opening = shift(at, at + width);
    match kind {
        ErrorKind::RecursionLimitExceeded => too_deep(builder.limits, here),
        ErrorKind::UnclosedFlowCollection { open } => {
            let (what, close) = if *open == '{' { ("a mapping", '}') } else { ("a list", ']') };
            syntax(format!("the file ends inside {what}: expected `,` or `{close}`"), end)
                .also(opening, format!("this `{open}` is never closed"))
                .advise("bring back the end of the file, or close the bracket")
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            let wanted = if *open == '{' { '}' } else { ']' };
            syntax(format!("expected `{wanted}`, found `{close}`"), mismatch(body, at, *close).map_or(opening, |at| shift(at, at + 1)))
                .also(opening, format!("this `{open}` is open"))
                .advise("close the brackets in the order they were opened")
        }
        ErrorKind::UnclosedQuotedScalar => {
            let quote = body.get(at..).and_then(|rest| rest.chars().next()).unwrap_or('"');
            syntax(format!("the string that starts here is never closed: expected `{quote}`"), opening).also(end, "the file ends here")
        }
        ErrorKind::InvalidQuotedScalarIndent if at >= body.trim_end().len() => {
            syntax("the file ends inside a text in quotes", end).advise("bring back the end of the file, or close the quotes")
        }
        ErrorKind::UnknownAnchor => {
            let name = body.get(here.start - bom..here.end - bom).unwrap_or_default();
            syntax(format!("`{name}` names no anchor that stands before it"), here)
                .advise(format!("mark the value with `&{}` first, or put the text in quotes", name.trim_start_matches('*')))
        }
        ErrorKind::UnknownQuotedScalarEscape | ErrorKind::InvalidQuotedScalarHexEscape | ErrorKind::InvalidUnicodeEscape => {
            let place = surrogate::bad_escape(body, at).map_or(opening, |range| shift(range.start, range.end));
            let written = body.get(place.start - bom..place.end - bom).unwrap_or_default().escape_debug().to_string();
            syntax(format!("`{}` is not an escape", written.replace("\\\\", "\\")), place)
                .advise("a backslash itself is written `\\\\` in double quotes; single quotes know no escapes")
        }
        ErrorKind::UnexpectedCharacter { character } => unexpected_character(*character, body, at, bom),
        ErrorKind::BomInsideDocument => {
            let offset = body.get(at..).and_then(|rest| rest.find('\u{feff}')).map_or(at, |found| at + found);
            syntax("a byte-order mark stands inside the file", shift(offset, offset + '\u{feff}'.len_utf8()))
                .advise("remove it; it may only be the first character")
        }
        _ => {
            let (message, help) = words(kind);
            let trouble = syntax(message, if reaches_end(kind) { end } else { here }).advise(help);
            match builder.innermost() {
                Some((open, true)) => trouble.also(open, "inside the brackets that start here"),
                _ => trouble,
            }
        }
    }
}

fn syntax(message: impl Into<String>, span: Span) -> Trouble {
    Trouble::new("syntax-error", message, span)
}

fn unexpected_character(character: char, body: &str, at: usize, bom: usize) -> Trouble {
    let at = body.get(at..).and_then(|rest| rest.find(character)).map_or(at, |found| at + found);
    let span = Span::new(bom + at, bom + at + character.len_utf8());
    if character.is_control() {
        let code = u32::from(character);
        return syntax(format!("the control character U+{code:04X} stands here"), span)
            .advise(format!("put the text in double quotes and write it `\\x{code:02x}`"));
    }
    syntax(format!("a plain text cannot start with `{character}`"), span).advise("put the text in quotes")
}

/// Errors that come from the text's end rather than from what stands at the place.
fn reaches_end(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::UnexpectedEof
            | ErrorKind::UnexpectedEofBlockMapping
            | ErrorKind::UnexpectedEofBlockSequence
            | ErrorKind::UnexpectedEofFlowMapping
            | ErrorKind::UnexpectedEofFlowSequence
            | ErrorKind::UnexpectedEofImplicitFlowMapping
    )
}

/// Message and help for what needs no look at the text.
fn words(kind: &ErrorKind) -> (&'static str, &'static str) {
    use ErrorKind as E;
    match kind {
        E::TabNotAllowed | E::TabInBlockIndentation | E::TabInIndentation | E::TabAtBlockScalarStart | E::TabInPlainScalar => {
            ("a tab stands where YAML allows only spaces", "indent with spaces")
        }
        E::InvalidQuotedScalarIndent => {
            ("a text in quotes goes on in a line that is not indented", "close the quotes in the line above, or indent this line")
        }
        E::InvalidIndentation | E::InvalidBlockScalarIndent | E::InvalidFlowScalarIndent => {
            ("this line is not indented like its neighbours", "give the entries of one list or mapping the same indentation")
        }
        E::MappingValueNotAllowed | E::InvalidColonPlacement | E::FlowMappingValueAdjacentCollection | E::InvalidMappingValueWhitespace => {
            ("a `:` stands where no key ends", "put a text that contains `: ` in quotes, or start the key on a line of its own")
        }
        E::SimpleKeyExpected | E::InvalidSimpleKey | E::ExpectedBlockMappingKey => {
            ("expected a key with a `:` after it", "write `key: value`, indented like the keys around it")
        }
        E::MappingKeyNotAllowed => ("a key cannot start here", "start the key on a line of its own"),
        E::BlockSequenceEntryNotAllowed
        | E::BlockEntryInFlowCollection
        | E::ExpectedBlockSequenceEntry
        | E::InvalidBlockEntryWhitespace => (
            "a list entry cannot start here",
            "start each `- ` on a line of its own, indented like its neighbours; inside brackets use commas",
        ),
        E::ExpectedFlowMappingSeparator => ("expected `,` or `}` after the value", "add the missing `,` or `}`"),
        E::ExpectedFlowSequenceSeparator => ("expected `,` or `]` after the value", "add the missing `,` or `]`"),
        E::MisplacedFlowCollectionEnd => ("this bracket closes nothing", "remove it, or put the text in quotes"),
        E::ExpectedNodeContent | E::UnexpectedEndOfPlainScalar => ("expected a value", "write a value, or put the text in quotes"),
        E::PlainScalarStartsWithDashFlowIndicator => {
            ("a plain text cannot start with `-` and a bracket or comma", "put the text in quotes")
        }
        E::CommentInterceptedScalar | E::CommentNotSeparated => {
            ("a comment stands where the text goes on", "put a space before `#`, or the text in quotes")
        }
        E::InvalidTrailingSingleQuotedScalar | E::InvalidTrailingDoubleQuotedScalar => (
            "something stands after the closing quote",
            "put the whole value in one pair of quotes; write `''` for a single quote, `\\\"` for a double one",
        ),
        E::DocumentIndicatorInQuotedScalar => ("`---` or `...` starts a line inside quotes", "indent the line"),
        E::ExpectedDocumentStart | E::InvalidDocumentEnd | E::MissingDocumentEndBeforeDirective => {
            ("the file's value is complete, and something else follows", "indent it as a part of the value, or remove it")
        }
        E::InvalidBlockScalarHeader | E::ZeroBlockScalarIndent => (
            "the line after `|` or `>` does not start a block text",
            "put nothing but `-`, `+` or an indentation from 1 to 9 after `|` or `>`",
        ),
        E::MissingAnchorOrAliasName => ("`&` and `*` need a name after them", "put the text in quotes, or name the anchor"),
        E::MissingLowSurrogate | E::InvalidLowSurrogate | E::UnpairedLowSurrogate | E::InvalidLowSurrogateHexEscape => {
            ("a string holds half of a surrogate pair", "write the whole pair (`\\ud83d\\ude00`), or the character itself")
        }
        E::UndeclaredTagHandle
        | E::ExpectedTagBang
        | E::InvalidGlobalTagCharacter
        | E::InvalidTagTerminator
        | E::MissingTagUri
        | E::UnclosedVerbatimTag
        | E::InvalidTagEscape
        | E::InvalidTagUtf8
        | E::InvalidTagUtf8LeadingByte
        | E::InvalidTagUtf8TrailingByte => ("this is not a tag that YAML knows", "remove the tag, or put the text in quotes"),
        _ if reaches_end(kind) => ("the file ends where a value should follow", "bring back the end of the file"),
        _ => ("this is not YAML as version 1.2 has it", "look for a missing quote or bracket before this place"),
    }
}

/// The word or character at a place.
fn token(body: &str, at: usize) -> Span {
    let rest = body.get(at..).unwrap_or_default();
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let mut length =
        rest.char_indices().find(|(index, c)| !(is_word(*c) || (*index == 0 && *c == '*'))).map_or(rest.len(), |(index, _)| index);
    if length == 0 {
        length = rest.chars().next().filter(|c| !matches!(c, '\n' | '\r')).map_or(0, char::len_utf8);
    }
    Span::new(at, at + length)
}

/// Where the wrong closing bracket stands: the first one that its opening bracket does not match, quotes and comments apart.
fn mismatch(body: &str, open: usize, close: char) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote: Option<char> = None;
    let mut escaped = false;
    for (at, character) in body.get(open..)?.char_indices() {
        match (quote, character) {
            _ if escaped => escaped = false,
            (Some('"'), '\\') => escaped = true,
            (Some(mark), _) if mark == character => quote = None,
            (None, '"' | '\'') => quote = Some(character),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return (character == close).then_some(open + at);
                }
            }
            _ => {}
        }
    }
    None
}
