//! Upstreams behind TLS, with certificates made here: trusted when their authority is named, refused with a way out when it
//! is not, and reached through the tunnel of a proxy.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aimock::server::{Proxies, Target, UpstreamSettings, Upstreams};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::upstream::{Upstream, answer, proxy};
use crate::sandbox::Sandbox;
use crate::server::support::{Running, start_with};

/// A name that no resolver knows.
pub(crate) const ELSEWHERE: &str = "api.upstream.invalid";
const CHAT: &str = r#"{"id":"c","object":"chat.completion","created":1,"model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}]}"#;

/// An authority that nobody knows yet.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate, as a file for `--upstream-ca` holds it.
    pub(crate) pem: String,
}

impl Authority {
    pub(crate) fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::OrganizationName, "made by a test");
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { issuer: Issuer::new(params, key), pem }
    }

    /// TLS for these hosts in front of an upstream; its address.
    async fn front(&self, hosts: &[&str], upstream: &Upstream) -> SocketAddr {
        self.before(hosts, upstream.address).await
    }

    /// The same for whatever listens there.
    pub(crate) async fn before(&self, hosts: &[&str], behind: SocketAddr) -> SocketAddr {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        listen(move |tcp| {
            let acceptor = acceptor.clone();
            async move {
                let (Ok(mut tls), Ok(mut plain)) = (acceptor.accept(tcp).await, TcpStream::connect(behind).await) else { return };
                let _ = copy_bidirectional(&mut tls, &mut plain).await;
            }
        })
        .await
    }
}

/// Serves every connection by itself; the address.
async fn listen<F: Future<Output = ()> + Send + 'static>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            tokio::spawn(serve(tcp));
        }
    });
    address
}

/// A proxy that tunnels whatever it is asked for to one place, and keeps the heads of the requests.
pub(crate) async fn tunnel(to: SocketAddr) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let kept = heads.clone();
    let address = listen(move |mut tcp| {
        let kept = kept.clone();
        async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let Ok(byte) = tcp.read_u8().await else { return };
                head.push(byte);
            }
            kept.lock().unwrap().push(String::from_utf8(head).unwrap());
            let mut behind = TcpStream::connect(to).await.unwrap();
            tcp.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
            let _ = copy_bidirectional(&mut tcp, &mut behind).await;
        }
    })
    .await;
    (address, heads)
}

async fn upstream() -> Upstream {
    Upstream::start(vec![answer("200 OK", "content-type: application/json\r\n", CHAT)]).await
}

fn settings(base: &str, authorities: Option<&str>) -> UpstreamSettings {
    let target = Target { provider: "openai".to_owned(), base: base.to_owned(), key: None };
    UpstreamSettings { targets: vec![target], authorities: authorities.map(str::to_owned), ..UpstreamSettings::default() }
}

async fn server(settings: UpstreamSettings) -> Running {
    start_with(json!([]), proxy(settings)).await
}

#[tokio::test]
async fn an_upstream_is_trusted_when_its_authority_is_named() {
    let (upstream, authority) = (upstream().await, Authority::new());
    let front = authority.front(&["localhost", "127.0.0.1"], &upstream).await;
    for host in ["localhost", "127.0.0.1"] {
        let server = server(settings(&format!("https://{host}:{}", front.port()), Some(&authority.pem))).await;
        assert_eq!(server.ask("hi").await.said(), "hello");
    }
    assert_eq!(upstream.count(), 2);
}

/// Not named, named but another, for another host: 502, and why; nothing was sent to whoever answered.
#[tokio::test]
async fn an_upstream_that_cannot_be_trusted_is_refused_with_a_way_out() {
    let (upstream, authority, other) = (upstream().await, Authority::new(), Authority::new());
    let named = authority.front(&["localhost"], &upstream).await;
    let misnamed = authority.front(&["somewhere.else"], &upstream).await;
    let way_out = "signed by an authority that is not trusted here; --upstream-ca FILE adds one";
    let cases = [
        (named, None, way_out),
        (named, Some(&other.pem), way_out),
        (misnamed, Some(&authority.pem), "for another host than the URL names"),
    ];
    for (front, authorities, reason) in cases {
        let settings = settings(&format!("https://localhost:{}", front.port()), authorities.map(String::as_str));
        if let Err(error) = Upstreams::new(settings.clone()) {
            // A system without any certificates says so at the start.
            assert!(authorities.is_none() && error.to_string().contains("--upstream-ca"), "{error}");
            continue;
        }
        let server = server(settings).await;
        let got = server.ask("hi").await;
        assert_eq!((got.status, got.json()["error"]["type"].clone()), (502, json!("proxy_error")));
        for text in
            [got.text().to_owned(), server.journal().await[0]["response"]["error"].to_string(), server.log.lock().unwrap().join("\n")]
        {
            assert!(text.contains(reason), "{text}");
        }
    }
    assert_eq!(upstream.count(), 0);
}

#[tokio::test]
async fn https_goes_through_the_tunnel_of_a_proxy_and_is_checked_all_the_same() {
    let (upstream, authority) = (upstream().await, Authority::new());
    let front = authority.front(&[ELSEWHERE], &upstream).await;
    let (gateway, heads) = tunnel(front).await;
    let proxies = Proxies { https: format!("http://user:pass@{gateway}"), ..Proxies::default() };
    let trusting = UpstreamSettings { proxies: proxies.clone(), ..settings(&format!("https://{ELSEWHERE}"), Some(&authority.pem)) };
    assert_eq!(server(trusting).await.ask("hi").await.said(), "hello");
    let head = heads.lock().unwrap()[0].to_ascii_lowercase();
    assert!(head.starts_with(&format!("connect {ELSEWHERE}:443 http/1.1\r\n")), "{head}");
    assert!(head.contains("\r\nproxy-authorization: basic dxnlcjpwyxnz\r\n"), "{head}");
    assert!(!head.contains("chat/completions"), "the proxy sees no path");
    let other = Authority::new();
    let wary = UpstreamSettings { proxies, ..settings(&format!("https://{ELSEWHERE}"), Some(&other.pem)) };
    assert_eq!(server(wary).await.ask("hi").await.status, 502);
    assert_eq!(upstream.count(), 1);
}

/// The same from the command line: `HTTPS_PROXY` and `--upstream-ca`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_environment_names_the_proxy_and_a_flag_the_authority() {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    let (upstream, authority, place) = (upstream().await, Authority::new(), Sandbox::new());
    let front = authority.front(&[ELSEWHERE], &upstream).await;
    let (gateway, heads) = tunnel(front).await;
    place.write("authority.pem", &authority.pem);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_aimock"));
    command.args(["record", "-o", "recorded", "-p", "0", "--upstream-ca", "authority.pem", "--provider-openai"]);
    command.arg(format!("https://{ELSEWHERE}/v1")).current_dir(place.path()).env("HTTPS_PROXY", format!("http://{gateway}"));
    for other in ["https_proxy", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(other);
    }
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null());
    let answer = tokio::task::block_in_place(|| {
        let mut child = command.spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
        let mut tcp = std::net::TcpStream::connect(url.trim().strip_prefix("http://").unwrap()).unwrap();
        let body = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}"#;
        let head = format!("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
        tcp.write_all((head + body).as_bytes()).unwrap();
        let mut answer = String::new();
        tcp.read_to_string(&mut answer).unwrap();
        let _ = child.kill();
        let _ = child.wait();
        answer
    });
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("hello"), "{answer}");
    assert!(heads.lock().unwrap()[0].starts_with(&format!("CONNECT {ELSEWHERE}:443 ")));
    assert_eq!(crate::record::entries(&place.path().join("recorded")).len(), 1);
}
