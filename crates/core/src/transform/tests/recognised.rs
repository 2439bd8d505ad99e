//! What is recognised, case by case, and what only looks like it.

use super::list;

/// One built-in makes this of a text that matching reads.
#[track_caller]
fn check(name: &str, before: &str, after: &str) {
    assert_eq!(list(&[name]).text("userMessage", before).as_deref(), Ok(after), "{name}: {before}");
}

#[track_caller]
fn stays(name: &str, text: &str) {
    check(name, text, text);
}

#[test]
fn times_in_digits() {
    for time in [
        "2026-03-30T13:19:38",
        "2026-03-30T13:19:38Z",
        "2026-03-30T13:19:38.123Z",
        "2026-03-30T13:19:38.123456789+02:00",
        "2026-03-30T13:19:38-0700",
        "2026-03-30T13:19",
        "2026-03-30 13:19:38",
        "2026-03-30 13:19:38,123",
        "2026-03-30 13:19:38 +0200",
        "2026/03/30 13:19:38",
        "20260330T131938Z",
        "1774876778123",
    ] {
        check("timestamps", time, "<timestamp>");
        check("timestamps", &format!("[{time}]"), "[<timestamp>]");
        check("timestamps", &format!("é{time}日"), "é<timestamp>日");
        check("timestamps", &format!("a\\n{time}\\n"), "a\\n<timestamp>\\n");
    }
}

#[test]
fn times_with_names() {
    for time in [
        "Mon, 30 Mar 2026 13:19:38 GMT",
        "Mon, 30 Mar 2026 13:19:38 +0000",
        "30 Mar 2026 13:19:38 -0700",
        "Monday, 30-Mar-26 13:19:38 GMT",
        "Mon Mar 30 13:19:38 2026",
        "Mon Mar 30 13:19:38 UTC 2026",
        "Mon Mar  9 13:19:38 2026",
        "30/Mar/2026:13:19:38 +0000",
        "Mar 30 13:19:38",
        "March 30, 2026 at 1:19 PM",
    ] {
        check("timestamps", &format!("<{time}>"), "<<timestamp>>");
    }
    for date in ["March 30, 2026", "30 March 2026", "Mon, 30 Mar 2026", "Monday, March 30th, 2026", "2026-03-30", "Mar 9 2026"] {
        check("timestamps", &format!("Today is {date}."), "Today is <date>.");
    }
}

#[test]
fn unix_times_beside_words() {
    check("timestamps", "created_at=1774876778", "created_at=<timestamp>");
    check("timestamps", "\"ts\": 1774876778.25,", "\"ts\": <timestamp>,");
    check("timestamps", "unix timestamp 1774876778", "unix timestamp <timestamp>");
    check("timestamps", r#"{\"exp\":1774876778}"#, r#"{\"exp\":<timestamp>}"#);
    check("timestamps", "updatedAt: 1774876778123456", "updatedAt: <timestamp>");
    stays("timestamps", "order 1774876778");
    stays("timestamps", "call +1 774 876 778");
    stays("timestamps", "created by 17748767789");
}

#[test]
fn no_times() {
    for text in [
        "12:30",
        "at 12:30 and 13:45:10",
        "2026",
        "2026-03",
        "2026-13-30T10:00:00",
        "2026-03-32",
        "2026-W13-1",
        "1.2.3.4",
        "v2026.03.30",
        "2.13.4-rc.1",
        "gpt-4o-2024-08-06",
        "2024-10-21-preview",
        "report-2026-03-30.csv",
        "$1,234.56",
        "+49 30 12345678",
        "#1e90ff",
        "12345678901234567890123",
        "May 5",
        "mark 30 times",
        "may 2026",
        "30 mars 2026",
        "Mar 30",
        "1774876778000000000000",
        "978-3-16-148410-0",
        "30 Mares 2026",
    ] {
        stays("timestamps", text);
    }
}

#[test]
fn uuids() {
    check("uuids", "{3F2A9C81-D0B7-4C6E-9A15-7BE204D8F3C9}", "{<uuid>}");
    check("uuids", "run_3f2a9c81-d0b7-4c6e-9a15-7be204d8f3c9", "run_<uuid>");
    check("uuids", "123e4567-e89b-12d3-a456-426614174000", "<uuid>");
    check("uuids", "日01JQK5M8ZT4VX7N2RBWC9HDE6F", "日<ulid>");
    stays("uuids", "3f2a9c81-d0b7-4c6e-9a15-7be204d8f3c");
    stays("uuids", "3f2a9c81-d0b7-4c6e-9a15-7be204d8f3c9a");
    stays("uuids", "a3f2a9c81-d0b7-4c6e-9a15-7be204d8f3c9");
    stays("uuids", "01234567890123456789012345");
    stays("uuids", "01JQK5M8ZT4VX7N2RBWC9HDE6");
}

#[test]
fn ids() {
    check("ids", "msg_bdrk_01Q4mWx7ZrK8vTb2NpYc5LdS", "<id>");
    check("ids", "chatcmpl-tool-0a1b2c3d4e5f60718293a4b5c6d7e8f9", "<id>");
    check("ids", "(file-Vx3kTq8ZrN2mWb7LpYc4Hd9S)", "(<id>)");
    check("ids", "gen-1774876778-k3Jd8sQw2Lm9Xz", "<id>");
    check("ids", r"\ncall_abc12345\n", r"\n<id>\n");
    check("ids", "call_aimock2821d299f308", "<id>");
    for text in
        ["call_1", "run_tests", "file-name", "call_function1", "my_call_abc12345x", "step_by_step", "event_listener", "org-mode", "run_2"]
    {
        if text == "call_function1" {
            check("ids", text, "<id>");
        } else {
            stays("ids", text);
        }
    }
    assert_eq!(list(&["ids"]).text("toolCallId", "call_Vx3kTq8ZrN2mWb7LpYc4Hd9S").as_deref(), Ok("call_aimock2821d299f308"));
    assert_eq!(list(&["ids"]).text("toolCallId", "call_1").as_deref(), Ok("call_1"));
}

#[test]
fn request_ids() {
    check("request-ids", "Request id: 8f14e45f-ceea-167a-5a36-dedd4bea2543.", "Request id: <request-id>.");
    check("request-ids", r#"{"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}"#, r#"{"trace_id":"<request-id>"}"#);
    check("request-ids", "X-Amzn-Trace-Id: Root=1-67891233-abcdef012345678912345678", "X-Amzn-Trace-Id: <request-id>");
    check("request-ids", "cf-ray: 8f1a2b3c4d5e6f70-FRA", "cf-ray: <request-id>");
    stays("request-ids", "the request id is missing somewhere");
    stays("request-ids", "request identification 12345678");
}

#[test]
fn addresses() {
    check("emails", "A <a.b+c@sub.mailbox.org>, d@e.io", "A <<email>>, <email>");
    check("emails", "x@y.com@z.com", "<email>@z.com");
    stays("emails", "@user a@b @a.b");
    check("ips", "192.168.1.17:8080", "<ip>:8080");
    check("ips", "[fe80::1ff:fe23:4567:890a]", "[<ip>]");
    for text in [
        "1.2.3.4",
        "v10.20.30.40",
        "Chrome/126.0.0.0",
        "1.2.3.4.5",
        "256.1.1.1",
        "std::net::Ipv4Addr",
        "a::b",
        "12:30:45",
        "127.0.0.1",
        "::1",
        "10.1.2",
        "3.4.5.6-beta",
    ] {
        stays("ips", text);
    }
    check("ports", "127.0.0.1:8123 and [::1]:40001", "127.0.0.1:<port> and [::1]:<port>");
    stays("ports", "localhost:80, example.com:8443, 12:30, ratio 3:1000, export 50000");
}

#[test]
fn paths() {
    check("paths", "/Users/buildhost7", "<home>");
    check("paths", r"C:\\Users\\buildhost7\\x", r"<home>\\x");
    check("paths", "/var/folders/x7/k2m9q4x7k2m9q4/T/a", "<tmp>/T/a");
    stays("paths", "/usr/local/bin and ./home/x and /tmp/report.txt, /tmp/build-release");
}

#[test]
fn durations() {
    for text in ["0.5s", "12.34 seconds", "350ms", "1.5 ms", "12µs", "1h2m3.5s", "2m 3s", "PT5.2S", "1.5 minutes"] {
        check("durations", &format!("({text})"), "(<duration>)");
    }
    check("durations", "finished in 3 minutes", "finished in <duration>");
    for text in ["5 seconds", "the 1980s", "3 ms-dos", "v1.2s", "$3.50s", "2.5 shares", "1.2.3s", "10 m", "PTA", "4.5 stars", "x0.5s"] {
        stays("durations", text);
    }
}

#[test]
fn white_space() {
    check("whitespace", "a\u{a0}\u{2003} b", "a b");
    check("whitespace", " \n ", "");
    stays("whitespace", "a b c");
}

#[test]
fn models() {
    assert_eq!(list(&["model-dates"]).text("model", "gpt-4o-2024-08-06").as_deref(), Ok("gpt-4o"));
    assert_eq!(list(&["model-dates"]).text("model", "m-20240101-20240202").as_deref(), Ok("m"));
    assert_eq!(list(&["model-dates"]).text("model", "gpt-4.1-mini").as_deref(), Ok("gpt-4.1-mini"));
    stays("model-dates", "use gpt-4o-2024-08-06");
}

#[test]
fn digests_and_boundaries() {
    check("digests", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "sha256:<digest>");
    check("digests", "HEAD is f5ee8a1, commit `f5ee8a1c`", "HEAD is f5ee8a1, commit `<digest>`");
    for text in [
        "f5ee8a1",
        "20260330131938774876778123456789",
        "deadbeef",
        "#1e90ff",
        "e3b0c44298fc1c149afbf4c8996fb924zz",
        "aGVsbG8gd29ybGQgaGVsbG8gd29ybGQgaGVsbG8gd29ybGQ0Mg==",
        "commit 1234567",
        "E3b0c44298fc1c149afbf4c8996fb924",
    ] {
        stays("digests", text);
    }
    check(
        "boundaries",
        "Content-Type: multipart/form-data; boundary=\"9f8e7d6c5b4a\"\r\n\r\n--9f8e7d6c5b4a\r\na\r\n--9f8e7d6c5b4a--",
        "Content-Type: multipart/form-data; boundary=\"<boundary>\"\r\n\r\n--<boundary>\r\na\r\n--<boundary>--",
    );
    check("boundaries", "--------------------------293582696224464", "--------------------------<boundary>");
    stays("boundaries", "----------------------------------------------------------------");
    stays("boundaries", "a boundary=none and | --- | ---------------------------- |");
}

#[test]
fn secrets_become_constants_without_a_trace() {
    let key = |body: &str| format!("{}{}{body}", "sk-", "proj-");
    let (one, other) = (key("q8Zr2mWx7KvT4bNpYc5LdS9hJ3fG6aXe1uQ0"), key("Lk3Jd8sQw2Lm9XzV5tRb7NcYp1Hf4Gx6AeUo"));
    check("secrets", &format!("use {one} now"), "use <api-key> now");
    check("secrets", &other, "<api-key>");
    let frozen = super::examples::freeze(super::super::builtin("secrets").unwrap(), &format!("{one} {other}"));
    assert_eq!(frozen, "sk-aimock-redacted sk-aimock-redacted");
}
