use aimock::server::{Level, Proxies};
use serde_json::json;

use super::realtime::{created, spoken};
use super::upstream::{Act, Play, Scripted};
use crate::planted::{self, found_in};
use crate::proxy::tls::{Authority, ELSEWHERE, tunnel};
use crate::proxy::upstream::proxy;
use crate::record::written;
use crate::server::support::{start_in, start_with};
use crate::sockets::kit::{Client, REALTIME, item};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clients_key_and_protocols_go_on_and_placeholders_give_way() {
    let upstream = Scripted::playing(|_| Play::Protocol("realtime", vec![created()])).await;
    let server = start_with(json!([]), proxy(upstream.settings())).await;
    let offered = format!("realtime, openai-insecure-api-key.{}, openai-beta.v9", planted::presented());
    let headers = [("sec-websocket-protocol", offered.as_str()), ("x-team", "tests"), ("x-test-id", "mine"), ("x-aimock-context", "c")];
    let client = Client::open_with(&server, REALTIME, &headers).await;
    assert_eq!(client.protocol.as_deref(), Some("realtime"), "the upstream's choice");
    let (target, fields) = upstream.head(0);
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    assert_eq!(target, REALTIME);
    assert_eq!(field("authorization"), Some(format!("Bearer {}", planted::presented()).as_str()));
    assert_eq!(field("sec-websocket-protocol"), Some("realtime, openai-beta.v9"));
    assert_eq!((field("x-team"), field("x-test-id"), field("x-aimock-context")), (Some("tests"), None, None));
    assert_eq!(field("host"), Some(upstream.address.to_string().as_str()));

    let mut settings = upstream.settings();
    settings.targets.iter_mut().for_each(|target| target.key = Some(planted::upstreams_own()));
    let server = start_with(json!([]), proxy(settings)).await;
    let headers = [("authorization", "Bearer sk-aimock-placeholder")];
    let _client = Client::open_with(&server, REALTIME, &headers).await;
    let (_, fields) = upstream.head(1);
    assert!(fields.contains(&("authorization".to_owned(), format!("Bearer {}", planted::upstreams_own()))), "the provider's own key");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planted_keys_reach_no_file_no_log_and_nothing_that_is_shown() {
    let said = planted::all().join(" and ");
    for exact in [false, true] {
        let acts = [vec![created(), Act::Hear("response.create")], spoken("resp_1", &said)].concat();
        let upstream = Scripted::start(acts).await;
        let folder = tempfile::tempdir().unwrap();
        let mut settings = aimock::server::Settings { metrics: true, ..Default::default() };
        upstream.recording(folder.path(), |settings| settings.exact = exact)(&mut settings);
        let server = start_in(json!([]), settings, |world| world.least = Level::Debug).await;
        let protocols = format!("realtime, openai-insecure-api-key.{}", planted::presented());
        let headers = [("sec-websocket-protocol", protocols.as_str()), ("x-api-key", &planted::upstreams_own())];
        let mut client = Client::open_with(&server, REALTIME, &headers).await;
        client.say(&json!({ "type": "session.update", "session": { "type": "realtime", "instructions": said } })).await;
        client.say(&item(&format!("question: {said}"))).await;
        client.say(&json!({ "type": "response.create" })).await;
        client.until_type("response.done").await;
        server.journal().await;
        let mut shown = server.log.lock().unwrap().join("\n");
        for target in ["/__aimock/journal", "/v1/_requests", "/__aimock/fixtures?include=fixtures", "/metrics"] {
            shown += server.get(target).await.text();
        }
        assert_eq!(found_in(shown.as_bytes()), [0; 0], "{shown}");
        let files = written(folder.path());
        assert_eq!(files.len(), 1);
        for (name, text) in files {
            assert_eq!((found_in(name.as_bytes()), found_in(text.as_bytes())), (vec![], vec![]), "{name} {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_tls_and_a_proxy_a_socket_is_as_trusted_as_a_request() {
    let upstream = Scripted::start(vec![created()]).await;
    let authority = Authority::new();
    let front = authority.before(&[ELSEWHERE], upstream.address).await;
    let (gateway, heads) = tunnel(front).await;
    let mut settings = upstream.settings();
    settings.targets.iter_mut().for_each(|target| target.base = format!("https://{ELSEWHERE}/v1"));
    settings.proxies = Proxies { https: format!("http://{gateway}"), ..Proxies::default() };
    settings.authorities = Some(authority.pem.clone());
    let server = start_with(json!([]), proxy(settings.clone())).await;
    let mut client = Client::open(&server, REALTIME).await;
    assert_eq!(client.event().await["type"], "session.created");
    assert_eq!(upstream.head(0).0, REALTIME);
    assert!(heads.lock().unwrap()[0].starts_with(&format!("CONNECT {ELSEWHERE}:443 ")));

    settings.authorities = Some(Authority::new().pem);
    let server = start_with(json!([]), proxy(settings)).await;
    assert!(Client::try_open(&server, REALTIME, &[]).await.is_err_and(|error| error.to_string().contains("502")));
    assert!(server.journal().await[0]["response"]["error"].as_str().unwrap().contains("--upstream-ca"));
}
