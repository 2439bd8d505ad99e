//! Recordings as proxies write them, drawn from a seed: the same number gives the same bytes. Prose, tool calls with drawn
//! ids and what waits for them, raw events, measured timings. Shared by the benchmarks and by `cargo xtask recordings`;
//! needs the standard library only.

use std::fmt::Write as _;

const WORDS: [&str; 48] = [
    "the",
    "a",
    "of",
    "weather",
    "report",
    "city",
    "order",
    "customer",
    "please",
    "check",
    "status",
    "number",
    "total",
    "value",
    "result",
    "list",
    "item",
    "today",
    "tomorrow",
    "system",
    "user",
    "model",
    "answer",
    "question",
    "tool",
    "call",
    "function",
    "data",
    "file",
    "line",
    "error",
    "message",
    "time",
    "day",
    "week",
    "month",
    "year",
    "account",
    "balance",
    "invoice",
    "payment",
    "shipping",
    "address",
    "name",
    "harbour",
    "snow-covered",
    "naïve",
    "well-kept",
];

/// A file of recordings of about this many bytes.
pub(crate) fn file(seed: u64, size: usize) -> String {
    let mut draw = Draw(seed);
    let mut text = String::with_capacity(size + 20_000);
    text.push_str("{\n  \"fixtures\": [\n");
    let mut number = 0;
    while text.len() < size {
        if number > 0 {
            text.push_str(",\n");
        }
        draw.exchange(number, &mut text);
        number += 1;
    }
    text.push_str("\n  ]\n}\n");
    text
}

/// `SplitMix64` (Steele, Lea, Flood 2014), and what is drawn with it.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn of(&mut self, alphabet: &str, length: usize) -> String {
        let letters = alphabet.as_bytes();
        (0..length).map(|_| char::from(letters[usize::try_from(self.below(letters.len() as u64)).unwrap_or(0)])).collect()
    }

    fn id(&mut self, prefix: &str) -> String {
        format!("{prefix}{}", self.of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 24))
    }

    fn uuid(&mut self) -> String {
        let mut hex = |length| self.of("0123456789abcdef", length);
        format!("{}-{}-4{}-a{}-{}", hex(8), hex(4), hex(3), hex(3), hex(12))
    }

    fn time(&mut self) -> String {
        let mut part = |from: u64, to: u64| from + self.below(to - from);
        let (month, day, hour, minute) = (part(1, 13), part(1, 29), part(0, 24), part(0, 60));
        format!("2026-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}.{:03}Z", part(1, 60), part(0, 1000))
    }

    fn prose(&mut self, words: usize) -> String {
        let mut text = String::new();
        for index in 0..words {
            if index > 0 {
                text.push(' ');
            }
            text.push_str(WORDS[usize::try_from(self.below(WORDS.len() as u64)).unwrap_or(0)]);
        }
        text.push('.');
        text
    }

    fn milliseconds(&mut self, from: u64, to: u64) -> String {
        let hundredths = from * 100 + self.below((to - from) * 100);
        format!("{}.{:02}", hundredths / 100, hundredths % 100)
    }

    fn timings(&mut self) -> String {
        let mut text = format!("{{\n        \"ttftMs\": {},\n        \"interChunkDelaysMs\": [\n", self.milliseconds(100, 900));
        let count = 5 + self.below(36);
        for index in 0..count {
            let comma = if index + 1 < count { "," } else { "" };
            let _ = writeln!(text, "          {}{comma}", self.milliseconds(1, 60));
        }
        let _ = write!(text, "        ],\n        \"totalDurationMs\": {}\n      }}", self.milliseconds(3000, 9000));
        text
    }

    /// One fixture, or a tool call and the answer to its result.
    fn exchange(&mut self, number: usize, text: &mut String) {
        let question = self.prose(14);
        let matches = format!("{{\n        \"userMessage\": \"{question} #{number}\",\n        \"model\": \"gpt-4o\"\n      }}");
        match self.below(100) {
            0..35 => self.tool_call(&matches, text),
            35..85 => {
                let lines: Vec<String> = (0..2 + self.below(9)).map(|_| self.prose(45)).collect();
                let content = format!("{} Job {} finished.", lines.join("\\n"), self.uuid());
                let response = format!("{{\n        \"content\": \"{content}\"\n      }}");
                let timings = self.timings();
                entry(text, &matches, &response, &format!(",\n      \"recordedTimings\": {timings}"));
            }
            _ => {
                let events = self.events();
                entry(text, &matches, &events, "");
            }
        }
    }

    fn tool_call(&mut self, matches: &str, text: &mut String) {
        let id = self.id("call_");
        let (query, since) = (self.prose(6), self.time());
        // Half of the recorders keep the text, half the object.
        let arguments = if self.below(2) == 0 {
            format!("\"{{\\\"query\\\":\\\"{query}\\\",\\\"since\\\":\\\"{since}\\\"}}\"")
        } else {
            format!("{{ \"query\": \"{query}\", \"since\": \"{since}\", \"page\": {} }}", self.below(9))
        };
        let call = format!(
            "{{\n            \"id\": \"{id}\",\n            \"name\": \"lookup\",\n            \"arguments\": {arguments}\n          }}"
        );
        let usage =
            "{\n          \"prompt_tokens\": 123,\n          \"completion_tokens\": 45,\n          \"total_tokens\": 168\n        }";
        let response = format!(
            "{{\n        \"toolCalls\": [\n          {call}\n        ],\n        \"finishReason\": \"tool_calls\",\n        \"usage\": {usage}\n      }}"
        );
        let hashes = "{\n        \"systemHash\": \"a1b2c3d4\",\n        \"toolsHash\": \"0f1e2d3c\"\n      }";
        let timings = self.timings();
        entry(text, matches, &response, &format!(",\n      \"recordedTimings\": {timings},\n      \"metadata\": {hashes}"));
        text.push_str(",\n");
        let lines: Vec<String> = (0..4).map(|_| self.prose(40)).collect();
        let response = format!("{{\n        \"content\": \"{} Done at {}\"\n      }}", lines.join("\\n\\n"), self.time());
        let timings = self.timings();
        entry(
            text,
            &format!("{{\n        \"toolCallId\": \"{id}\"\n      }}"),
            &response,
            &format!(",\n      \"recordedTimings\": {timings}"),
        );
    }

    fn events(&mut self) -> String {
        let (id, created) = (self.id("chatcmpl-"), 1_750_000_001 + self.below(40_000_000));
        let mut text = String::from("{\n        \"events\": [\n");
        for _ in 0..10 + self.below(31) {
            let word = WORDS[usize::try_from(self.below(WORDS.len() as u64)).unwrap_or(0)];
            let _ = writeln!(
                text,
                "          \"{{\\\"id\\\": \\\"{id}\\\", \\\"object\\\": \\\"chat.completion.chunk\\\", \\\"created\\\": {created}, \\\"model\\\": \\\"gpt-4o-2024-08-06\\\", \\\"choices\\\": [{{\\\"index\\\": 0, \\\"delta\\\": {{\\\"content\\\": \\\" {word}\\\"}}, \\\"finish_reason\\\": null}}]}}\","
            );
        }
        text.push_str("          \"[DONE]\"\n        ]\n      }");
        text
    }
}

fn entry(text: &mut String, matches: &str, response: &str, more: &str) {
    let _ = write!(text, "    {{\n      \"match\": {matches},\n      \"response\": {response}{more}\n    }}");
}
