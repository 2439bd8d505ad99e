//! What must not stand in a file that is committed: keys, tokens, and data of persons.
//!
//! Pure text in, byte ranges out. Lint reports what is found here, recording and normalize remove it. A kind is found
//! by what marks it beyond doubt (a prefix, a checksum, a header that decodes), never by words such as `token`, which
//! every usage block holds. Placeholders and documented example keys are let through. Imports nothing of ours, and
//! never prints what it found.

mod decode;
mod kinds;
mod personal;
mod plausible;
mod redact;
#[cfg(test)]
mod tests;
mod url;

use std::ops::Range;

pub use decode::{Layer, decoded, may_be_encoded};
pub use plausible::{is_credential_header, is_credential_name, is_placeholder, looks_random, may_name_a_credential};
pub use redact::{REDACTED, Redacted, Redactor};

/// What a found text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A key of a provider of models.
    Provider,
    /// A key of a cloud, a code host or another service.
    Cloud,
    Jwt,
    /// A PEM block that holds a private key.
    PrivateKey,
    /// The signature of an address that grants access for a while.
    Presigned,
    /// A key or password in an address.
    UrlCredential,
    Email,
    Phone,
    PaymentCard,
    /// A public IPv4 address.
    IpAddress,
}

impl Class {
    /// All that grant access to something.
    pub const CREDENTIALS: [Class; 6] =
        [Class::Provider, Class::Cloud, Class::Jwt, Class::PrivateKey, Class::Presigned, Class::UrlCredential];
    /// All that tell who somebody is.
    pub const PERSONAL: [Class; 4] = [Class::Email, Class::Phone, Class::PaymentCard, Class::IpAddress];
}

/// Something found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    pub class: Class,
    /// What it is, in words with an article (`an OpenAI key`). Never a part of it.
    pub title: &'static str,
    /// The literal start that all of its kind share (`sk-p`), at most four characters; may be empty.
    pub mark: &'static str,
    /// Bytes of the text.
    pub range: Range<usize>,
}

/// Whether a text can hold anything of a class: one fast pass, made before the text is taken apart. Escapes inside the
/// text may hide what it would find.
pub fn may_hold(class: Class, text: &str) -> bool {
    match class {
        Class::Provider | Class::Cloud => kinds::may_hold(class, text),
        Class::Jwt => text.contains("eyJ"),
        Class::PrivateKey => text.contains("PRIVATE KEY"),
        Class::Presigned => url::may_be_presigned(text),
        Class::UrlCredential => text.contains("://"),
        Class::Email => text.contains('@'),
        Class::Phone => text.contains('+'),
        Class::PaymentCard | Class::IpAddress => personal::has_digits(text),
    }
}

/// Whether a text can hold anything that grants access: one search for the marks of all kinds. `false` is certain.
pub fn may_hold_credential(text: &str) -> bool {
    kinds::has_mark(text)
}

/// Everything of a class in a text, in order, without overlaps.
pub fn scan(class: Class, text: &str) -> Vec<Hit> {
    match class {
        Class::Provider | Class::Cloud => kinds::scan(class, text),
        Class::Jwt => kinds::jwts(text),
        Class::PrivateKey => kinds::private_keys(text),
        Class::Presigned => url::presigned(text),
        Class::UrlCredential => url::credentials(text),
        Class::Email => personal::emails(text),
        Class::Phone => personal::phones(text),
        Class::PaymentCard => personal::payment_cards(text),
        Class::IpAddress => personal::ip_addresses(text),
    }
}

/// Whether a text holds a key that is known by its form.
pub fn holds_known_key(text: &str) -> bool {
    [Class::Provider, Class::Cloud, Class::Jwt, Class::PrivateKey]
        .into_iter()
        .any(|class| may_hold(class, text) && !scan(class, text).is_empty())
}
