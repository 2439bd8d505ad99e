//! What is let through and what is not, without a key in this file: they are put together from pieces.

use base64::Engine as _;
use proptest::prelude::*;

use super::{
    Class, Layer, decoded, is_credential_header, is_credential_name, is_placeholder, looks_random, may_be_encoded, may_hold,
    may_hold_credential, may_name_a_credential, personal, scan,
};

/// A body that nobody issued and that looks as if somebody had.
const BODY: &str = "Qm7Zt2Xv9Lr4Kd8Wp3Nc6Hs1Bf5Jg0TyUrEx4Ma8Vo2Qi6yW";

#[track_caller]
fn check(class: Class, text: &str, expected: &[&str]) {
    let found: Vec<String> = scan(class, text).into_iter().filter_map(|hit| text.get(hit.range).map(str::to_owned)).collect();
    assert_eq!(found, expected, "{text}");
    assert!(expected.is_empty() || may_hold(class, text), "{text}");
}

#[test]
fn a_key_ends_where_it_ends() {
    let key = format!("sk-{}", &BODY[..48]);
    check(Class::Provider, &key, &[&key]);
    check(Class::Provider, &format!("a {key}, b"), &[&key]);
    check(Class::Provider, &format!("\"{key}\""), &[&key]);
    check(Class::Provider, &format!("x\\n{key}"), &[&key]);
    check(Class::Provider, &format!("k%3D{key}"), &[&key]);
    check(Class::Provider, &format!("{key} {key}"), &[&key, &key]);
    check(Class::Provider, &format!("ta{key}"), &[]);
    check(Class::Provider, &key[..20], &[]);
    check(Class::Provider, &format!("{key}{BODY}"), &[]);
    check(Class::Cloud, &key, &[]);
}

#[test]
fn an_azure_key_begins_before_its_mark() {
    let key = format!("{BODY}Zx7qJQQJ99{}", &BODY[..26]);
    let key = &key[key.len() - 84..];
    check(Class::Provider, &format!("is {key}."), &[key]);
}

#[test]
fn tokens_whose_header_decodes() {
    let part = |json: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json);
    let token = |header: &str, claims: &str| format!("{}.{}.{}", part(header), part(claims), &BODY[..30]);
    let real = token(r#"{"alg":"HS256"}"#, r#"{"aud":"account-7741"}"#);
    check(Class::Jwt, &format!("Bearer {real}"), &[&real]);
    check(Class::Jwt, &token(r#"{"typ":"none"}"#, r#"{"aud":"account-7741"}"#), &[]);
    check(Class::Jwt, &token(r#"{"alg":"HS256"}"#, r#"{"sub":"1234567890"}"#), &[]);
}

#[test]
fn private_keys_with_something_in_them() {
    let block = format!("-----BEGIN {0}-----\n{BODY}{BODY}\n-----END {0}-----", "RSA PRIVATE KEY");
    check(Class::PrivateKey, &format!("a\n{block}\nb"), &[&block]);
    check(Class::PrivateKey, "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----", &[]);
    check(Class::PrivateKey, "-----BEGIN PRIVATE KEY-----", &[]);
    check(Class::PrivateKey, &block.replace("PRIVATE", "PUBLIC"), &[]);
}

#[test]
fn addresses() {
    let hex = "3f7a9c1e5b2d80469c1e5b2d8046f7a3e7f3b5d20846a1c93f7a9c1e5b2d8046";
    check(Class::Presigned, &format!("https://a.io/x?X-Amz-Expires=9&X-Amz-Signature={hex}"), &[hex]);
    check(Class::Presigned, &format!("https://a.io/x?se=2026-01-01&sig={hex}"), &[hex]);
    check(Class::Presigned, &format!("https://a.io/x?sig={hex}"), &[]);
    check(Class::UrlCredential, &format!("https://a.io/x?api_key={}", &BODY[..32]), &[&BODY[..32]]);
    check(Class::UrlCredential, "https://a.io/x?key=weather-in-oslo-tomorrow", &[]);
    check(Class::UrlCredential, &format!("postgres://me:{}@db-7.a.io/x", &BODY[..12]), &[&BODY[..12]]);
    check(Class::UrlCredential, "postgres://me:opensesame@db-7.a.io/x", &[]);
    check(Class::UrlCredential, "postgres://postgres:postgres@localhost:5432/x", &[]);
    check(Class::UrlCredential, &format!("postgres://me:{}@db/x", &BODY[..12]), &[]);
}

#[test]
fn placeholders() {
    for text in ["sk-your-key", "AKIAIOSFODNN7EXAMPLE", "xxxxxxxxxxxxxxxx", "<api-key>", "${API_KEY}", "abcdefghij", "00000000-0000"] {
        assert!(is_placeholder(text), "{text}");
    }
    assert!(!is_placeholder(BODY));
}

#[test]
fn randomness() {
    for text in [&BODY[..16], BODY, "9f86d081884c7d659a2feaa0c55ad015"] {
        assert!(looks_random(text), "{text}");
    }
    for text in [
        "hunter2",
        "correct-horse-battery-staple",
        "2024-05-01T09:30:00",
        "a sentence with 3 words 4",
        "550",
        "wrapped_in_underscores_and_words",
    ] {
        assert!(!looks_random(text), "{text}");
    }
}

#[test]
fn names() {
    for name in ["apiKey", "client_secret", "AWS_SECRET_ACCESS_KEY", "password", "x-api-key"] {
        assert!(is_credential_name(name), "{name}");
    }
    for name in ["prompt_tokens", "nextPageToken", "token", "key", "secretary", "signature"] {
        assert!(!is_credential_name(name), "{name}");
    }
    assert!(is_credential_header("Authorization") && !is_credential_header("content-type"));
}

#[test]
fn texts_inside_base64() {
    let inner = "a text that is long enough to be worth the look";
    for engine in [base64::engine::general_purpose::STANDARD, base64::engine::general_purpose::URL_SAFE_NO_PAD] {
        let wrapped = format!("data: {} end", engine.encode(inner));
        assert!(may_be_encoded(&wrapped));
        let found: Vec<(Layer, String)> = decoded(&wrapped).map(|(_, layer, text)| (layer, text)).collect();
        assert_eq!(found, [(Layer::Base64, inner.to_owned())]);
    }
    assert!(!may_be_encoded("nothing but words, none of them long"));
    assert_eq!(decoded(&base64::engine::general_purpose::STANDARD.encode([0xff; 64])).count(), 0);
}

#[test]
fn output_is_bounded() {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![b'a'; 8 << 20]).unwrap();
    let wrapped = base64::engine::general_purpose::STANDARD.encode(encoder.finish().unwrap());
    let sizes: Vec<usize> = decoded(&wrapped).map(|(_, _, text)| text.len()).collect();
    assert_eq!(sizes, [1 << 20]);
}

#[test]
fn one_search_is_enough_for_all_credentials() {
    let mark = |text: &str| Class::CREDENTIALS.into_iter().any(|class| may_hold(class, text));
    for text in [
        concat!("sk-", "ant-api03-0123456789abcdefghijABCDEFGHIJ0123456789"),
        concat!("AK", "IAQWERTYUIOPASDFGH"),
        concat!("ey", "J0"),
        "-----BEGIN PRIVATE KEY-----",
        "?X-Amz-Signature=0",
        "&sig=0",
        "a://b",
    ] {
        assert!(mark(text) && may_hold_credential(text), "{text}");
    }
    assert!(!may_hold_credential("nothing but words and 12 numbers, none of them long"));
}

/// Marks, pieces of them, and what stands around them.
fn near_marks() -> impl Strategy<Value = String> {
    let marks: Vec<&'static str> = super::kinds::marks().collect();
    let piece = (proptest::sample::select(marks), any::<(u8, u8)>(), 0..3_u8).prop_map(|(mark, (from, to), cut)| {
        let (from, to) = (usize::from(from) % mark.len(), usize::from(to) % mark.len());
        let piece = if cut == 0 { mark } else { &mark[from.min(to)..=from.max(to)] };
        piece.to_owned()
    });
    let pieces = prop_oneof![4 => piece, 1 => "[a-zé_./:= -]{0,12}"];
    proptest::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn the_fast_search_for_marks_finds_what_the_simple_one_finds(text in near_marks()) {
        prop_assert_eq!(may_hold_credential(&text), super::kinds::marks().any(|mark| text.contains(mark)));
    }
}

#[test]
fn every_mark_is_found_alone() {
    for mark in super::kinds::marks() {
        assert!(may_hold_credential(mark) && may_hold_credential(&format!("ö {mark} ö")), "{mark}");
    }
}

/// Whether a member of a JSON value has a credential's name, as it is found without a look at the text first.
fn names_a_credential(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Array(items) => items.iter().any(names_a_credential),
        serde_json::Value::Object(members) => members.iter().any(|(key, value)| is_credential_name(key) || names_a_credential(value)),
        _ => false,
    }
}

#[test]
fn a_name_is_seen_in_the_text_that_holds_it() {
    for json in
        [r#"{"api-Key":"x"}"#, r#"{"a":{"APITO-KEN":1}}"#, r#"{"pass wor_d":""}"#, "{\"api\u{212a}ey\":1}", r#"{"\u0070assword":1}"#]
    {
        assert!(names_a_credential(&serde_json::from_str(json).unwrap()) && may_name_a_credential(json), "{json}");
    }
    assert!(!may_name_a_credential(r#"{"city":"Oslo","days":3}"#));
}

proptest! {
    #[test]
    fn what_is_looked_at_first_hides_nothing(text in "[0-9 .a-]{0,40}", name in "[kKeEyY_ -]{0,3}(api|secret|pass-?word|access.?token)[kKeEyY_ -]{0,4}") {
        prop_assert!(!personal::CARD.as_ref().unwrap().is_match(&text) || personal::has_long_number(&text));
        prop_assert!(!personal::IPV4.as_ref().unwrap().is_match(&text) || personal::has_dotted_number(&text));
        let json = serde_json::json!({ "a": [{ name: 1 }] });
        prop_assert!(!names_a_credential(&json) || may_name_a_credential(&json.to_string()));
    }
}
