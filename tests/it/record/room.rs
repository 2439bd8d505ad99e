//! Disks without room, folders that refuse, upstreams without end: the built program with the system against it.

#![cfg(target_os = "linux")]

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::json;

use super::processes::Program;
use super::{entries, written};
use crate::proxy::upstream::{Act, Upstream, answer, chunk, stream_head};
use crate::repository::skip;
use crate::sandbox::Sandbox;

/// Answers with 100 KB where the request says `long`.
async fn upstream() -> Upstream {
    Upstream::playing(|request| {
        let content = if String::from_utf8_lossy(request).contains("long") { "x".repeat(100_000) } else { "hello".to_owned() };
        let message = json!({ "role": "assistant", "content": content });
        let choice = json!({ "index": 0, "message": message, "finish_reason": "stop" });
        let body = json!({ "id": "c", "object": "chat.completion", "created": 1, "model": "gpt-4o", "choices": [choice] });
        vec![answer("200 OK", "content-type: application/json\r\n", body.to_string())]
    })
    .await
}

/// The program behind a shell line that prepares the ground; `$FOLDER` is the folder of recordings.
fn behind(prepare: &str, wrapper: &[&str], upstream: &Upstream, folder: &Path) -> Program {
    let script = format!("{prepare}; exec \"$0\" \"$@\"");
    let line = [wrapper, &["sh", "-c", &script]].concat();
    let mut command = Command::new(line[0]);
    command.args(&line[1..]).arg(env!("CARGO_BIN_EXE_aimock")).env("FOLDER", folder).args(["record", "-o"]).arg(folder);
    Program::spawn(command, upstream, folder.parent().unwrap())
}

/// Asks, gets an answer, and says why the journal has it that it is not recorded, if it is not.
fn ask(program: &Program, text: &str) -> Option<String> {
    let answer = program.ask(text);
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("\"content\":\""), "{answer}");
    let journal = program.get("/__aimock/journal");
    let response = &journal.as_array().unwrap().last().unwrap()["response"];
    assert_eq!(response["source"], "proxy", "{response}");
    response["error"].as_str().map(str::to_owned)
}

/// What holds whatever the reason: the answer comes, nothing half-written stays, what was recorded before stays, log and
/// journal say it, and it is made good once there is room.
fn room_comes_and_goes(program: &Program, upstream: &Upstream, folder: &Path, reason: &str, make_room: impl FnOnce()) {
    assert_eq!(ask(program, "short 1."), None);
    let told = ask(program, "long 1.").expect("it is not recorded");
    assert!(told.contains("not recorded") && told.contains(reason) && told.contains("same/openai.json"), "{told}");
    let line = program.says("answers cannot be recorded");
    assert!(line.contains(reason) && line.contains("same/openai.json") && line.contains("--output"), "{line}");
    let file = || std::fs::read_to_string(folder.join("same/openai.json")).unwrap();
    let count = || serde_json::from_str::<serde_json::Value>(&file()).unwrap()["fixtures"].as_array().unwrap().len();
    let names = || {
        let names = std::fs::read_dir(folder.join("same")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name != "ballast").collect::<Vec<_>>()
    };
    assert_eq!((names(), count()), (vec!["openai.json".to_owned()], 1));
    let asked = upstream.count();
    assert!(program.ask("long 1.").contains("x-aimock-fixture: "), "it is served again from memory");
    assert_eq!(upstream.count(), asked);
    make_room();
    assert_eq!(ask(program, "long 2."), None);
    assert!(program.says("recorded again").contains("1 before"));
    assert_eq!(ask(program, "short 2."), None);
    assert_eq!((names().len(), count()), (1, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_of_the_file_size_costs_no_answer_and_no_recording_before() {
    let (upstream, root) = (upstream().await, Sandbox::new());
    let folder = root.path().join("recorded");
    tokio::task::block_in_place(|| {
        let program = behind("ulimit -S -f 32", &[], &upstream, &folder);
        let id = Pid::from_raw(i32::try_from(program.child.id()).unwrap());
        let raise = || {
            prlimit(id, Resource::Fsize, Rlimit { current: None, maximum: None }).unwrap();
        };
        room_comes_and_goes(&program, &upstream, &folder, "File too large", raise);
    });
}

/// Whether this user may mount file systems in a name space of their own.
fn mounts() -> bool {
    let tried = Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).output();
    let can = tried.is_ok_and(|tried| tried.status.success());
    if !can {
        skip("this user may mount nothing");
    }
    can
}

const OWN_MOUNTS: [&str; 2] = ["unshare", "-rm"];

/// The folder as the program sees it.
fn inside(program: &Program, folder: &Path) -> PathBuf {
    Path::new(&format!("/proc/{}/root", program.child.id())).join(folder.strip_prefix("/").unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_costs_no_answer_and_no_recording_before() {
    if !mounts() {
        return;
    }
    let (upstream, root) = (upstream().await, Sandbox::new());
    let folder = root.path().join("recorded");
    std::fs::create_dir(&folder).unwrap();
    tokio::task::block_in_place(|| {
        let program = behind("mount -t tmpfs -o size=512k none \"$FOLDER\"", &OWN_MOUNTS, &upstream, &folder);
        let seen = inside(&program, &folder);
        std::fs::create_dir(seen.join("same")).unwrap();
        let ballast = seen.join("same/ballast");
        std::fs::write(&ballast, vec![0; 440 * 1024]).unwrap();
        let make_room = || std::fs::remove_file(&ballast).unwrap();
        room_comes_and_goes(&program, &upstream, &seen, "No space left on device", make_room);
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_folder_costs_no_answer() {
    if !mounts() {
        return;
    }
    let (upstream, root) = (upstream().await, Sandbox::new());
    let folder = root.path().join("recorded");
    std::fs::create_dir(&folder).unwrap();
    tokio::task::block_in_place(|| {
        let program = behind("mount -t tmpfs -o ro none \"$FOLDER\"", &OWN_MOUNTS, &upstream, &folder);
        for text in ["one.", "two."] {
            assert!(ask(&program, text).expect("it is not recorded").contains("Read-only file system"));
        }
        let line = program.says("answers cannot be recorded");
        assert!(line.contains("Read-only file system") && line.contains("recorded/same"), "{line}");
        assert!(program.ask("one.").contains("x-aimock-fixture: "));
        assert_eq!(upstream.count(), 2);
    });
}

/// 100 MB of a stream that would go on: more than is captured, in bounded memory, and the client's leaving ends it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_without_end_is_relayed_in_little_memory_and_not_recorded() {
    let Act::Send(event) = chunk(format!("data: {}\n\n", "0123456789".repeat(1000))) else { unreachable!("a chunk is sent") };
    let (mut upstream, root) = (Upstream::start(vec![stream_head(), Act::Forever(event)]).await, Sandbox::new());
    tokio::task::block_in_place(|| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aimock"));
        command.args(["record", "-o", "recorded", "--max-proxy-buffer-bytes", "4000000"]);
        let program = Program::spawn(command, &upstream, root.path());
        let mut tcp = program.send("endless").unwrap();
        let (mut piece, mut length) = (vec![0; 1 << 20], 0);
        while length < 100_000_000 {
            let count = tcp.read(&mut piece).unwrap();
            assert_ne!(count, 0, "the stream ended");
            length += count;
        }
        drop(tcp);
        assert!(program.says("relayed and not recorded").contains("4000000 bytes"));
        let peak = program.peak().unwrap();
        assert!(peak < 100 * 1024, "{peak} KiB");
        tokio::runtime::Handle::current().block_on(upstream.ended(1));
        let reason = (0..2000).find_map(|_| {
            let entry = program.get("/__aimock/journal")[0].clone();
            entry["response"]["interruptReason"].as_str().map(str::to_owned)
        });
        assert_eq!(reason.as_deref(), Some("client disconnected"));
    });
    assert_eq!(written(root.path()), []);
}

/// Brotli's format for bytes that are not compressed (RFC 7932, section 9.2).
fn brotli(plain: &[u8]) -> Vec<u8> {
    let length = u16::try_from(plain.len() - 1).unwrap();
    let head = [0x0b | u8::from(length & 1 == 1) << 7, (length >> 1 & 0xff) as u8, (length >> 9) as u8 | 0x80];
    [&head[..], plain, &[0x03]].concat()
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

/// What is compressed is recorded as what it says; what breaks off within is not recorded at all.
#[tokio::test]
async fn compressed_answers_are_recorded_plain_and_broken_ones_not() {
    use crate::server::support::{chat_stream, start_with};
    let delta = |delta: serde_json::Value, finish: serde_json::Value| {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
        format!("data: {}\n\n", json!({ "id": "c", "created": 1, "model": "m", "choices": [choice] }))
    };
    let parts = [delta(json!({ "role": "assistant", "content": "Sunny" }), json!(null)), delta(json!({}), json!("stop"))];
    let plain = [parts.concat(), "data: [DONE]\n\n".to_owned()].concat();
    for (coding, packed) in [("gzip", gzip(plain.as_bytes())), ("br", brotli(plain.as_bytes()))] {
        let fields = format!("content-type: text/event-stream\r\ncontent-encoding: {coding}\r\n");
        for (length, recorded) in [(packed.len(), 1), (packed.len() / 2, 0)] {
            let (upstream, folder) = (Upstream::start(vec![answer("200 OK", &fields, &packed[..length])]).await, Sandbox::new());
            let server = start_with(json!([]), super::recording(upstream.settings(), folder.path(), |_| ())).await;
            let got = server.send(chat_stream("hi").header("accept-encoding", coding)).await;
            assert_eq!(got.body.as_slice(), &packed[..length], "{coding}");
            server.journal().await;
            for _ in 0..500 {
                if entries(folder.path()).len() == recorded {
                    break;
                }
                crate::server::support::moment().await;
            }
            let found = entries(folder.path());
            assert_eq!(found.len(), recorded, "{coding} {length}");
            assert!(found.iter().all(|entry| entry["response"]["content"] == "Sunny"), "{found:?}");
        }
    }
}
