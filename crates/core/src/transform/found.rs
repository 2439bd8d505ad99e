//! What stands in for a recognised text.

use std::borrow::Cow;
use std::ops::Range;

use sha2::{Digest, Sha256};

use super::builtins::Strictness;
use super::freeze;
use crate::secrets::Class;

/// What was recognised: it decides the placeholder and the frozen form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A date with a time, in digits or with names.
    Time,
    /// A date alone.
    Date,
    /// A count of seconds since 1970, or of a thousandth, millionth or billionth of it; with a fraction perhaps.
    Epoch,
    Uuid,
    Ulid,
    /// An id that a provider gave out, and how many bytes of it are the prefix.
    Id {
        prefix: usize,
    },
    /// The number of one call.
    RequestId,
    /// `traceparent` (W3C Trace Context).
    TraceParent,
    Secret(Class),
    Email,
    /// IPv4.
    Ip4,
    /// IPv6.
    Ip6,
    /// The digits of a port.
    Port,
    /// Somebody's home folder.
    Home,
    /// A temporary folder with a drawn name.
    Temporary,
    Duration,
    /// White space that becomes one space.
    Space,
    /// White space at an end.
    Margin,
    /// The date at the end of a model's name.
    ModelDate,
    Digest,
    /// What parts the sections of a multipart body.
    Boundary,
}

/// A recognised stretch of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Bytes of the text.
    pub range: Range<usize>,
    pub kind: Kind,
}

impl Found {
    /// The constant that stands for all of its kind in text that matching reads.
    pub fn placeholder(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self.kind {
            Kind::Time | Kind::Epoch => "<timestamp>",
            Kind::Date => "<date>",
            Kind::Uuid => "<uuid>",
            Kind::Ulid => "<ulid>",
            Kind::Id { .. } => "<id>",
            Kind::RequestId => "<request-id>",
            Kind::TraceParent => "<traceparent>",
            Kind::Secret(class) => secret_placeholder(class),
            Kind::Email => "<email>",
            Kind::Ip4 | Kind::Ip6 => "<ip>",
            Kind::Port => "<port>",
            Kind::Home => "<home>",
            Kind::Temporary => "<tmp>",
            Kind::Duration => "<duration>",
            Kind::Space => " ",
            Kind::Margin | Kind::ModelDate => "",
            Kind::Digest => "<digest>",
            Kind::Boundary => "<boundary>",
        })
    }

    /// A valid value of the same form, for responses. Ids keep their identity: the same id gives the same value, two
    /// ids two. Secrets and e-mail addresses do not: one constant a kind. `None`: white space, or a range that is not
    /// of this text.
    pub fn frozen(&self, text: &str) -> Option<String> {
        let original = text.get(self.range.clone())?;
        Some(match self.kind {
            Kind::Time | Kind::Date => freeze::time(original),
            Kind::Epoch => freeze::epoch(original),
            Kind::Uuid => format!("00000000-0000-8000-8000-{}", identity(original)),
            Kind::Ulid => format!("00000000000000{}", identity(original).to_ascii_uppercase()),
            Kind::Id { prefix } => format!("{}aimock{}", original.get(..prefix)?, identity(original)),
            Kind::RequestId => request_id(original),
            Kind::TraceParent => format!("00-{:0>32}-{:0>16}-01", identity(original), identity(original)),
            Kind::Secret(class) => secret_constant(class).to_owned(),
            Kind::Email => "user@example.com".to_owned(),
            Kind::Ip4 => "192.0.2.1".to_owned(),
            Kind::Ip6 => "2001:db8::1".to_owned(),
            Kind::Port => "8080".to_owned(),
            Kind::Home => freeze::home(original),
            Kind::Temporary => freeze::temporary(original),
            Kind::Duration => freeze::duration(original),
            Kind::Space | Kind::Margin => return None,
            Kind::ModelDate => String::new(),
            Kind::Digest => hex(original),
            Kind::Boundary => format!("aimock{}", identity(original)),
        })
    }
}

/// Twelve hexadecimal digits that stand for a value: always the same ones, on every machine.
fn identity(value: &str) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |half: u8| DIGITS.get(usize::from(half)).copied().unwrap_or('0');
    Sha256::digest(value.as_bytes()).iter().take(6).flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// As many hexadecimal digits as there were; too few for an identity are zeros.
fn hex(original: &str) -> String {
    let width = original.len();
    if width < 20 { "0".repeat(width) } else { format!("{:0>width$}", identity(original)) }
}

fn request_id(original: &str) -> String {
    let is_uuid = original.len() == 36 && original.bytes().filter(|byte| *byte == b'-').count() == 4;
    if is_uuid {
        return format!("00000000-0000-8000-8000-{}", identity(original));
    }
    if original.len() >= 16 && original.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return format!("{:0>width$}", identity(original), width = original.len().max(20));
    }
    let prefix = if original.starts_with("req_") { "req_" } else { "" };
    format!("{prefix}aimock{}", identity(original))
}

fn secret_placeholder(class: Class) -> &'static str {
    match class {
        Class::Provider => "<api-key>",
        Class::Cloud => "<cloud-key>",
        Class::Jwt => "<jwt>",
        Class::PrivateKey => "<private-key>",
        Class::Presigned => "<signature>",
        Class::UrlCredential => "<password>",
        Class::Email => "<email>",
        Class::Phone => "<phone>",
        Class::PaymentCard => "<card>",
        Class::IpAddress => "<ip>",
    }
}

/// Values that no recogniser of secrets takes for one, of a form that parsers accept.
fn secret_constant(class: Class) -> &'static str {
    match class {
        Class::Provider => "sk-aimock-redacted",
        Class::Cloud => "aimock-redacted-key",
        // `{"alg":"none"}` and `{"iss":"aimock"}`.
        Class::Jwt => "eyJhbGciOiJub25lIn0.eyJpc3MiOiJhaW1vY2sifQ.redacted",
        Class::PrivateKey => "-----BEGIN PRIVATE KEY-----REDACTED-----END PRIVATE KEY-----",
        Class::Presigned | Class::UrlCredential => "redacted",
        Class::Email => "user@example.com",
        Class::Phone => "+15555550100",
        Class::PaymentCard => "4242424242424242",
        Class::IpAddress => "192.0.2.1",
    }
}

/// An id as normalize writes it where other members refer to it: `call_` with a drawn body becomes `call_aimock…`, the
/// same for the same id, and a UUID a UUID. `None` for ids that an author wrote, and for those that are of that form.
pub fn stable_id(id: &str) -> Option<String> {
    let mut found = Vec::new();
    for name in ["ids", "uuids"] {
        (super::builtin(name)?.scan)(id, Strictness::Drawn, &mut found);
        if let Some(found) = found.drain(..).next().filter(|found| found.range == (0..id.len())) {
            return found.frozen(id);
        }
    }
    None
}
