//! What the JSON reader says when it cannot go on: what was found, and what would be right. Never advances, never reads for meaning.

use super::{Node, Reader, Span, Trouble};

const SYNTAX: &str = "syntax-error";

impl Reader<'_, '_> {
    /// Something else stands where `wanted` should; at the end of the text, what is still open.
    pub(super) fn unexpected(&self, wanted: &str) -> Box<Trouble> {
        let Some(character) = self.rest().chars().next() else {
            return self.unexpected_end(wanted);
        };
        let (found, span) = self.found(character);
        let mut trouble = Trouble::new(SYNTAX, format!("expected {wanted}, found {found}"), span);
        if let Some((open, bracket)) = self.innermost() {
            let note = if bracket == '{' { "in the object that starts here" } else { "in the array that starts here" };
            trouble = trouble.also(open, note);
        }
        Box::new(match self.hint(character, wanted) {
            Some(help) => trouble.advise(help),
            None => trouble,
        })
    }

    /// No key where an object needs one.
    pub(super) fn unexpected_key(&self, after_comma: bool) -> Box<Trouble> {
        let wanted = if after_comma { "a key in double quotes or `}` after `,`" } else { "a key in double quotes or `}`" };
        self.unexpected(wanted)
    }

    /// A second value, or rubbish, after the document.
    pub(super) fn after_the_end(&self, root: &Node<'_>) -> Box<Trouble> {
        let mut trouble = self.unexpected("the end of the file after the value");
        trouble.related = Some((Span::new(root.span.start, root.span.start + 1), "the file's value starts here".into()));
        if matches!(self.peek(), Some(b'{' | b'[')) {
            trouble.help = "a file holds one value: put the parts into one array, or into files of their own".into();
        } else if matches!(self.peek(), Some(b'}' | b']')) {
            trouble.help = "remove the extra closing bracket, or look for one that closes too early".into();
        }
        trouble
    }

    /// Nothing but white space and comments.
    pub(super) fn empty(&self) -> Box<Trouble> {
        let message = if self.comments.is_empty() { "the file is empty" } else { "the file holds nothing but comments" };
        Box::new(
            Trouble::new("empty-file", message, Span::at(super::bom_length(self.text)))
                .advise("an empty fixture file is `{ \"fixtures\": [] }`"),
        )
    }

    pub(super) fn too_deep(&self) -> Box<Trouble> {
        let message = format!("nested more than {} levels deep", self.limits.depth);
        Box::new(
            Trouble::new("nested-too-deep", message, Span::new(self.at, self.at + 1))
                .because("no fixture needs such depth, and readers that follow it run out of stack")
                .advise("flatten the value, or keep it as a string"),
        )
    }

    pub(super) fn too_many(&self, place: Span) -> Box<Trouble> {
        let message = format!("the file holds more than {} values", self.limits.nodes);
        Box::new(Trouble::new("too-many-nodes", message, place).advise("split the file"))
    }

    /// The text ends inside something that `close` would end.
    pub(super) fn ends_inside(&self, opening: Span, what: &str, note: &'static str, close: &str) -> Box<Trouble> {
        let message = format!("the file ends inside a {what}: expected {close}");
        Box::new(Trouble::new(SYNTAX, message, Span::at(self.end())).also(opening, note).advise(self.restore("")))
    }

    /// A control character in a string, or its end missing.
    pub(super) fn broken_string(&self, quote: usize) -> Box<Trouble> {
        let opening = Span::new(quote, quote + 1);
        let note = "the string starts here";
        let Some(character) = self.rest().chars().next() else {
            let message = "the file ends inside a string: expected `\"`";
            return Box::new(Trouble::new(SYNTAX, message, Span::at(self.text.len())).also(opening, note).advise(self.restore("\"")));
        };
        let span = Span::new(self.at, self.at + character.len_utf8());
        let (message, help) = match character {
            '\n' | '\r' => (
                "the line ends inside a string: expected `\"`".to_owned(),
                "close the string with `\"`; a line break in the text is written `\\n`".to_owned(),
            ),
            '\t' => ("a tab stands inside a string".to_owned(), "write it `\\t`".to_owned()),
            _ => {
                let code = u32::from(character);
                (format!("the control character U+{code:04X} stands inside a string"), format!("write it `\\u{code:04x}`"))
            }
        };
        Box::new(Trouble::new(SYNTAX, message, span).also(opening, note).advise(help))
    }

    /// A backslash before a letter that makes no escape.
    pub(super) fn bad_escape(&self) -> Box<Trouble> {
        let letter = self.rest().chars().nth(1).unwrap_or(' ');
        let help = if letter == '\'' {
            "a single quote needs no backslash".to_owned()
        } else {
            "a backslash itself is written `\\\\`; the escapes are `\\\"` `\\\\` `\\/` `\\b` `\\f` `\\n` `\\r` `\\t` and `\\u` with four hex digits".to_owned()
        };
        let message = if letter.is_control() { "a backslash ends the line".to_owned() } else { format!("`\\{letter}` is not an escape") };
        Box::new(Trouble::new(SYNTAX, message, Span::new(self.at, self.at + 1 + letter.len_utf8())).advise(help))
    }

    pub(super) fn bad_unicode_escape(&self, quote: usize) -> Box<Trouble> {
        let digits = self.rest().get(2..).unwrap_or_default();
        if digits.len() < 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let message = "the file ends inside a string: expected four hex digits after `\\u`";
            let trouble =
                Trouble::new(SYNTAX, message, Span::at(self.text.len())).also(Span::new(quote, quote + 1), "the string starts here");
            return Box::new(trouble.advise(self.restore("\"")));
        }
        let length = digits.bytes().take(4).take_while(u8::is_ascii_hexdigit).count();
        let span = Span::new(self.at, self.at + 2 + length);
        let message = format!("expected four hex digits after `\\u`, found `{}`", &self.text[span.start..span.end]);
        Box::new(Trouble::new(SYNTAX, message, span).advise("an escape has exactly four: `\\u00e9`"))
    }

    /// A number that JSON would write otherwise.
    pub(super) fn bad_number(&self) -> Box<Trouble> {
        let rest = self.rest();
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '+' | '-' | '_')).unwrap_or(rest.len());
        let text = &rest[..length];
        let digits = text.trim_start_matches(['-', '+']);
        let (reason, help) = if digits.starts_with("0x") || digits.starts_with("0X") {
            ("JSON has no hexadecimal numbers", "write it in decimal".to_owned())
        } else if digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            let sign = if text.starts_with('-') { "-" } else { "" };
            let plain = digits.trim_start_matches('0');
            let plain = if plain.is_empty() { "0" } else { plain };
            ("a number does not start with `0` before other digits", format!("write `{sign}{}`, or put it in quotes", clip(plain)))
        } else if digits.ends_with('.') || digits.contains(".e") || digits.contains(".E") {
            ("a digit must follow the decimal point", "add a `0`, or leave the point out".to_owned())
        } else if matches!(digits, "Infinity" | "NaN") {
            ("JSON has no such number", "use `null`, or a number that stands for it".to_owned())
        } else {
            ("this is not a number as JSON writes it", "write it like `12`, `-0.5` or `1e9`, or put it in quotes".to_owned())
        };
        Box::new(Trouble::new(SYNTAX, format!("`{}`: {reason}", clip(text)), Span::new(self.at, self.at + length)).advise(help))
    }

    fn unexpected_end(&self, wanted: &str) -> Box<Trouble> {
        let place = Span::at(self.end());
        let Some((open, bracket)) = self.innermost() else {
            return Box::new(Trouble::new(SYNTAX, format!("the file ends here: expected {wanted}"), place));
        };
        let what = if bracket == '{' { "an object" } else { "an array" };
        let note = if bracket == '{' { "this `{` is never closed" } else { "this `[` is never closed" };
        Box::new(
            Trouble::new(SYNTAX, format!("the file ends inside {what}: expected {wanted}"), place)
                .also(open, note)
                .advise(self.restore("")),
        )
    }

    /// The way out of a truncated file: what would close everything that is open.
    fn restore(&self, first: &str) -> String {
        let closing: String =
            self.open.iter().rev().map(|at| if self.text.as_bytes().get(*at) == Some(&b'{') { '}' } else { ']' }).collect();
        match (first, closing.as_str()) {
            ("", "") => "bring back the end of the file".to_owned(),
            _ => format!("bring back the end of the file; what is open closes with `{first}{closing}`"),
        }
    }

    fn innermost(&self) -> Option<(Span, char)> {
        let at = *self.open.last()?;
        Some((Span::new(at, at + 1), if self.text.as_bytes().get(at) == Some(&b'{') { '{' } else { '[' }))
    }

    /// Where the text ends, trailing white space apart.
    fn end(&self) -> usize {
        self.text.trim_end().len()
    }

    /// What stands here, in words, and its extent.
    fn found(&self, character: char) -> (String, Span) {
        let rest = self.rest();
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
        if is_word(character) {
            let length = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
            return (format!("`{}`", clip(&rest[..length])), Span::new(self.at, self.at + length));
        }
        let span = Span::new(self.at, self.at + character.len_utf8());
        let words = match character {
            '"' => "a string".to_owned(),
            '`' => "a backtick".to_owned(),
            '“' | '”' | '‘' | '’' => format!("the typographic quote `{character}`"),
            _ if character.is_control() || character.is_whitespace() || !character.is_ascii() => {
                format!("the character U+{:04X}", u32::from(character))
            }
            _ => format!("`{character}`"),
        };
        (words, span)
    }

    /// What to do about the usual slips.
    fn hint(&self, character: char, wanted: &str) -> Option<&'static str> {
        let word = self.found(character).0;
        Some(match (character, word.as_str()) {
            ('\'' | '`' | '“' | '”' | '‘' | '’', _) => "strings stand in straight double quotes: `\"…\"`",
            (',', _) => "remove the extra comma",
            (_, "`True`" | "`TRUE`") => "write `true`",
            (_, "`False`" | "`FALSE`") => "write `false`",
            (_, "`None`" | "`nil`" | "`undefined`" | "`NULL`" | "`Null`") => "write `null`",
            (_, "`NaN`" | "`Infinity`") => "JSON has no such number: use `null`, or a number that stands for it",
            ('#', _) => "a comment is written `// …` or `/* … */`",
            ('+', _) => "a positive number has no sign",
            ('.', _) => "put a `0` before the decimal point",
            ('=', _) => "a key and its value are separated by `:`",
            ('"' | '{' | '[' | '0'..='9' | '-', _) | (_, "`true`" | "`false`" | "`null`") if wanted.starts_with("`,`") => {
                "add the missing `,` before it"
            }
            ('}' | ']', _) if wanted.starts_with("`,`") => "close the brackets in the order they were opened",
            _ if wanted.starts_with("a key") && word.starts_with('`') && character.is_alphanumeric() => "put the key in double quotes",
            _ if character.is_alphabetic() && wanted.starts_with("a value") => "put the text in double quotes",
            _ if character.is_whitespace() => "replace it by an ordinary space",
            _ => return None,
        })
    }
}

/// A text short enough for a message.
fn clip(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
