//! `ips`: addresses of machines, IPv4 and IPv6. Loopback stays: it is the same everywhere.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use regex::Regex;

use super::super::bytes::{Signs, before, is_word, joined_before};
use super::super::found::{Found, Kind};
use super::super::spec::FREE_TEXTS;
use super::{BuiltIn, Example, Strictness};
use crate::secrets::{self, Class};

pub(super) static BUILT_IN: BuiltIn = BuiltIn {
    name: "ips",
    summary: "IPv4 and IPv6 addresses, public and private",
    examples: &[
        Example { before: "from 93.184.215.14", after: "from <ip>", frozen: "from 192.0.2.1" },
        // Private addresses stay in responses: they tell nothing about anybody.
        Example { before: "pod 10.42.0.17", after: "pod <ip>", frozen: "pod 10.42.0.17" },
        Example { before: "peer 2a00:1450:4001:81b::200e", after: "peer <ip>", frozen: "peer 2001:db8::1" },
        Example { before: "release 1.2.3.4 on 127.0.0.1", after: "release 1.2.3.4 on 127.0.0.1", frozen: "release 1.2.3.4 on 127.0.0.1" },
    ],
    keys: &FREE_TEXTS,
    needs: Signs::DIGIT,
    least: 1,
    scan,
};

static ADDRESS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]{2,40}").ok());

fn scan(text: &str, strictness: Strictness, found: &mut Vec<Found>) {
    let first = found.len();
    let Some(address) = ADDRESS.as_ref().filter(|_| text.contains(['.', ':'])) else { return };
    if strictness == Strictness::Drawn {
        found.extend(secrets::scan(Class::IpAddress, text).into_iter().map(|hit| Found { range: hit.range, kind: Kind::Ip4 }));
    }
    for candidate in address.find_iter(text) {
        let bytes = text.as_bytes();
        let joins = |byte: u8| is_word(byte) || matches!(byte, b'.' | b'-' | b':');
        let joined =
            joined_before(bytes, candidate.start()) || before(bytes, candidate.start()).is_some_and(|byte| joins(byte) && !is_word(byte));
        let rest = bytes.get(candidate.end()..).unwrap_or(&[]);
        let goes_on = rest.first().is_some_and(|byte| is_word(*byte) || *byte == b'-')
            || (rest.first() == Some(&b'.') && rest.get(1).is_some_and(u8::is_ascii_digit));
        if joined || goes_on {
            continue;
        }
        let text = candidate.as_str().trim_end_matches(':');
        let range = candidate.start()..candidate.start() + text.len();
        if strictness == Strictness::Every && text.parse().is_ok_and(is_address) {
            found.push(Found { range, kind: Kind::Ip4 });
        } else if text.parse().is_ok_and(|address| is_long_address(text, address)) {
            found.push(Found { range, kind: Kind::Ip6 });
        }
    }
    super::settle(found, first);
}

/// Versions and object identifiers are written alike; their numbers are small or end with zero.
fn is_address(address: Ipv4Addr) -> bool {
    let octets = address.octets();
    let version = octets.iter().all(|octet| *octet < 32) && !address.is_private() || octets[0] < 3 || octets[3] == 0;
    !(version || address.is_loopback() || address.is_unspecified() || address.is_broadcast())
}

/// `a::b` is a path of code as well: an address has three groups or more, and a digit.
fn is_long_address(text: &str, address: Ipv6Addr) -> bool {
    let groups = text.split(':').filter(|group| !group.is_empty()).count();
    let documentation = address.segments()[0] == 0x2001 && address.segments()[1] == 0xdb8;
    groups >= 3 && text.bytes().any(|byte| byte.is_ascii_digit()) && !documentation && !address.is_loopback()
}
