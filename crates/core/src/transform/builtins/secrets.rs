//! `secrets`: keys, tokens, private keys, passwords in addresses: what [`crate::secrets`] calls a credential.

use super::super::bytes::Signs;
use super::super::found::{Found, Kind};
use super::super::spec::FREE_TEXTS;
use super::{BuiltIn, Example, Strictness};
use crate::secrets::{self, Class};

pub(super) static BUILT_IN: BuiltIn = BuiltIn {
    name: "secrets",
    summary: "keys and tokens of providers and clouds, JSON Web Tokens, private keys, passwords and signatures in addresses",
    examples: &[
        Example {
            before: "postgres://app:Tr4vXq9mLw@db.internal.acme.io/main",
            after: "postgres://app:<password>@db.internal.acme.io/main",
            frozen: "postgres://app:redacted@db.internal.acme.io/main",
        },
        Example { before: "the key is sk-your-key-here", after: "the key is sk-your-key-here", frozen: "the key is sk-your-key-here" },
    ],
    keys: &FREE_TEXTS,
    needs: Signs::LETTER,
    least: 16,
    scan,
};

/// Placeholders and documented example keys are never found: they are constants already.
fn scan(text: &str, _strictness: Strictness, found: &mut Vec<Found>) {
    if !secrets::may_hold_credential(text) {
        return;
    }
    let first = found.len();
    for class in Class::CREDENTIALS.into_iter().filter(|class| secrets::may_hold(*class, text)) {
        found.extend(secrets::scan(class, text).into_iter().map(|hit| Found { range: hit.range, kind: Kind::Secret(class) }));
    }
    super::settle(found, first);
}
