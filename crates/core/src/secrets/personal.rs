//! Data of persons: e-mail addresses, phone numbers, payment cards, public addresses of machines.
//!
//! What is reserved for documentation and tests is let through: example domains (RFC 2606), fictional phone numbers,
//! published test cards, documentation networks (RFC 5737).

use std::net::Ipv4Addr;
use std::sync::LazyLock;

use regex::Regex;

use super::{Class, Hit};

pub(super) fn has_digits(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

static EMAIL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}").ok());

/// Domains, and ends of domains, under which nobody gets mail.
const NO_MAIL: [&str; 13] = [
    "example.com",
    "example.org",
    "example.net",
    "example.edu",
    ".example",
    ".test",
    ".invalid",
    ".localhost",
    ".local",
    "test.com",
    "domain.com",
    "company.com",
    "email.com",
];

/// E-mail addresses outside example domains; addresses of machines (`git@`, `noreply@`) are no persons.
pub(super) fn emails(text: &str) -> Vec<Hit> {
    let Some(email) = EMAIL.as_ref() else { return Vec::new() };
    email
        .find_iter(text)
        .filter(|found| is_person(found.as_str()) && !text.get(found.end()..).is_some_and(|rest| rest.starts_with([':', '/', '@'])))
        .map(|found| Hit { class: Class::Email, title: "an e-mail address", mark: "", range: found.range() })
        .collect()
}

fn is_person(address: &str) -> bool {
    let lower = address.to_ascii_lowercase();
    let Some((name, domain)) = lower.split_once('@') else { return false };
    let machine = ["git", "noreply", "no-reply", "donotreply", "user", "users", "example", "test", "name", "someone", "you", "me"];
    let reserved =
        NO_MAIL.iter().any(|known| domain == known.trim_start_matches('.') || domain.ends_with(known)) || domain.contains("example");
    // `logo@2x.png` is a file.
    let file = [".png", ".jpg", ".jpeg", ".svg", ".gif", ".webp"].iter().any(|end| domain.ends_with(end));
    !machine.contains(&name) && !reserved && !file
}

static PHONE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\+[1-9][0-9]{0,2}[ .-]?(?:\([0-9]{1,4}\)[ .-]?)?[0-9]{2,4}(?:[ .-]?[0-9]{2,4}){1,3}").ok());

/// Phone numbers in international form (E.164), outside the ranges kept for fiction.
pub(super) fn phones(text: &str) -> Vec<Hit> {
    let Some(phone) = PHONE.as_ref() else { return Vec::new() };
    phone
        .find_iter(text)
        .filter(|found| {
            let digits: String = found.as_str().chars().filter(char::is_ascii_digit).collect();
            let apart = alone(text, found.start(), found.end());
            apart && (9..=15).contains(&digits.len()) && !is_fictional(&digits)
        })
        .map(|found| Hit { class: Class::Phone, title: "a phone number", mark: "", range: found.range() })
        .collect()
}

/// Nothing that would make the number part of something longer.
fn alone(text: &str, start: usize, end: usize) -> bool {
    let joins = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'%' | b'/');
    let bytes = text.as_bytes();
    let before = start.checked_sub(1).and_then(|at| bytes.get(at)).copied();
    let escaped = matches!(before, Some(b'n' | b't' | b'r')) && start.checked_sub(2).and_then(|at| bytes.get(at)) == Some(&b'\\');
    let decimal = bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
    (escaped || !before.is_some_and(joins)) && !bytes.get(end).copied().is_some_and(joins) && !decimal
}

/// Numbers that regulators keep for films (555-01xx in North America, Ofcom's and ACMA's ranges), and counting.
fn is_fictional(digits: &str) -> bool {
    let american = digits.starts_with('1') && (digits.get(4..7) == Some("555") || digits.get(1..4) == Some("555"));
    let kept = ["447700900", "442079460", "441632960", "61491570", "61255501", "3365500", "4930230"];
    american || kept.iter().any(|start| digits.starts_with(start)) || digits.contains("123456") || digits.contains("00000")
}

/// Digits of the shortest card.
const LEAST_CARD: usize = 13;

/// Digits of the shortest address.
const LEAST_ADDRESS: usize = 4;

/// How many digits there are: counted without a branch, and so many at once.
fn digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

/// Whether there are as many digits as a card has. `false` is certain.
pub(super) fn has_long_number(text: &str) -> bool {
    text.len() >= LEAST_CARD && digits(text) >= LEAST_CARD
}

/// Whether there are as many digits and dots as an address has. `false` is certain.
pub(super) fn has_dotted_number(text: &str) -> bool {
    memchr::memchr_iter(b'.', text.as_bytes()).nth(2).is_some() && digits(text) >= LEAST_ADDRESS
}

pub(super) static CARD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[0-9](?:[ -]?[0-9]){12,18}").ok());

/// Numbers that payment companies publish for tests.
const TEST_CARDS: [&str; 22] = [
    "4242424242424242",
    "4111111111111111",
    "4012888888881881",
    "4000056655665556",
    "5555555555554444",
    "5105105105105100",
    "5200828282828210",
    "2223003122003222",
    "378282246310005",
    "371449635398431",
    "378734493671000",
    "6011111111111117",
    "6011000990139424",
    "6011000000000004",
    "3056930009020004",
    "30569309025904",
    "38520000023237",
    "36227206271667",
    "3530111333300000",
    "3566002020360505",
    "6200000000000005",
    "4917610000000000",
];

/// Payment cards: issuer's range, length and Luhn's checksum, written in groups or beside a word for cards. A bare row
/// of digits alone is as often an id or a time.
pub(super) fn payment_cards(text: &str) -> Vec<Hit> {
    let Some(card) = CARD.as_ref().filter(|_| has_long_number(text)) else { return Vec::new() };
    card.find_iter(text)
        .filter(|found| {
            let digits: String = found.as_str().chars().filter(char::is_ascii_digit).collect();
            alone(text, found.start(), found.end())
                && has_issuer(&digits)
                && luhn(&digits)
                && !digits.starts_with("400000")
                && !TEST_CARDS.contains(&digits.as_str())
                && (in_groups(found.as_str()) || speaks_of_cards(text, found.start()))
        })
        .map(|found| Hit { class: Class::PaymentCard, title: "a payment card number", mark: "", range: found.range() })
        .collect()
}

fn has_issuer(digits: &str) -> bool {
    let first_two: u32 = digits.get(..2).and_then(|two| two.parse().ok()).unwrap_or(0);
    match digits.len() {
        13 | 19 => digits.starts_with('4'),
        15 => first_two == 34 || first_two == 37,
        16 => digits.starts_with('4') || matches!(first_two, 22..=27 | 35 | 51..=55 | 60 | 62 | 65),
        _ => false,
    }
}

fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .map(|byte| u32::from(byte.saturating_sub(b'0')))
        .enumerate()
        .map(|(place, digit)| if place % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 })
        .sum();
    sum.is_multiple_of(10)
}

/// Four groups of four, or American Express's 4-6-5.
fn in_groups(number: &str) -> bool {
    let groups: Vec<usize> = number.split([' ', '-']).map(str::len).collect();
    matches!(groups.as_slice(), [4, 4, 4, 4] | [4, 6, 5])
}

fn speaks_of_cards(text: &str, at: usize) -> bool {
    const REACH: usize = 40;
    let mut start = at.saturating_sub(REACH);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    let before = text.get(start..at).unwrap_or("").to_ascii_lowercase();
    ["card", "visa", "amex", "mastercard", "credit", "debit"].iter().any(|word| before.contains(word))
}

pub(super) static IPV4: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}").ok());

/// Resolvers that everybody names.
const KNOWN_TO_ALL: [[u8; 4]; 6] = [[8, 8, 8, 8], [8, 8, 4, 4], [1, 1, 1, 1], [1, 0, 0, 1], [9, 9, 9, 9], [1, 2, 3, 4]];

/// Public IPv4 addresses.
pub(super) fn ip_addresses(text: &str) -> Vec<Hit> {
    let Some(ipv4) = IPV4.as_ref().filter(|_| has_dotted_number(text)) else { return Vec::new() };
    ipv4.find_iter(text)
        .filter(|found| {
            let before = text.get(..found.start()).and_then(|before| before.chars().next_back());
            let after = text.get(found.end()..).and_then(|after| after.chars().next());
            let joined = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '=');
            !before.is_some_and(joined)
                && !after.is_some_and(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
                && !text
                    .get(found.end()..)
                    .is_some_and(|rest| rest.starts_with('.') && rest.get(1..2).is_some_and(|next| next.as_bytes()[0].is_ascii_digit()))
                && found.as_str().parse().is_ok_and(is_public)
        })
        .map(|found| Hit { class: Class::IpAddress, title: "a public IP address", mark: "", range: found.range() })
        .collect()
}

fn is_public(address: Ipv4Addr) -> bool {
    let [first, second, _, last] = address.octets();
    let shared = first == 100 && (64..128).contains(&second);
    // Versions and object identifiers are written alike; their numbers are small.
    let version = first < 3 || address.octets().iter().all(|octet| *octet < 32);
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        || address.is_broadcast()
        || first == 0
        || first >= 240
        || shared
        || version
        || last == 0
        || KNOWN_TO_ALL.contains(&address.octets()))
}
