//! Keys that tests plant, all in one list: nothing that a test run writes may hold one. Nobody has issued them, and they are
//! put together here so that no file of this repository holds one either.
//!
//! Shared with the chore that searches what the tests have written, so only the standard library is used.

/// A key of OpenAI's form.
pub(crate) fn openai() -> String {
    ["sk-", "Qm7Zt2Xv9Lr4Kd8Wp3Nc6Hs1", "Bf5Jg0TyUrEx4Ma8Vo2Qi6yW"].concat()
}

/// A key of Anthropic's form.
pub(crate) fn anthropic() -> String {
    ["sk-ant-", "api03-", "Wq3Er5Ty7Ui9Op1As2Df4Gh6Jk8Lz0Xc", "Vb3Nm5Qw7Er9Ty1Ui4Op6"].concat()
}

/// A key of Google's form.
pub(crate) fn google() -> String {
    ["AI", "za", "Sy", "Dk4Vb7Nm2Qw9Er5Ty8Ui3Op6As1Df0GhX"].concat()
}

/// A key of a code host's form.
pub(crate) fn code_host() -> String {
    ["gh", "p_", "q7Zk2Wv9Xb4Nc8Lm3Rt6Yp1Hs5Dg0Jf2Ka7Q"].concat()
}

/// What a client presents, of no known form: it can only be known by its value.
pub(crate) fn presented() -> String {
    ["open-", "sesame", "-4711-of-the-client"].concat()
}

/// The key of an upstream, of no known form.
pub(crate) fn upstreams_own() -> String {
    ["the-providers", "-very-own-", "pass-phrase-0815"].concat()
}

/// All of them.
pub(crate) fn all() -> [String; 6] {
    [openai(), anthropic(), google(), code_host(), presented(), upstreams_own()]
}

/// Which planted keys stand in some bytes: whatever the case, as a file's name may be, or in base64, wherever in it they
/// begin. Numbers of [`all`].
pub(crate) fn found_in(bytes: &[u8]) -> Vec<usize> {
    let text = String::from_utf8_lossy(bytes);
    let folded = text.to_ascii_lowercase();
    let keys = all().into_iter().enumerate();
    let found = keys.filter(|(_, key)| {
        let encoded = (0..3).any(|shift| text.contains(&base64_inside(key.as_bytes(), shift)));
        encoded || folded.contains(&key.to_ascii_lowercase())
    });
    found.map(|(number, _)| number).collect()
}

/// The base64 digits that these bytes have for certain when `shift` bytes modulo 3 stand before them.
fn base64_inside(bytes: &[u8], shift: usize) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let whole = bytes.get((3 - shift) % 3..).unwrap_or_default();
    let groups = whole.chunks_exact(3).flat_map(|group| {
        let bits = group.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        [18, 12, 6, 0].map(|down| char::from(DIGITS[bits >> down & 63]))
    });
    groups.collect()
}
