//! A scripted upstream: every connection gets one request read and one script played, and all of it is counted.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aimock::server::{OnMiss, Settings, Target, UpstreamSettings, Upstreams};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

/// One step of a script.
#[derive(Clone)]
pub(crate) enum Act {
    Send(Vec<u8>),
    /// Reads another request on the same connection; the script ends where none comes.
    Read,
    /// Waits until the test says so.
    Wait(Arc<Notify>),
    /// Keeps the connection and says nothing, until the other side closes it.
    Silence,
    /// Sends these bytes again and again until the other side closes the connection.
    Forever(Vec<u8>),
    Reset,
}

/// A running upstream.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<Vec<u8>>>>,
    left: watch::Receiver<usize>,
}

/// Bytes of a script.
pub(crate) fn send(bytes: impl AsRef<[u8]>) -> Act {
    Act::Send(bytes.as_ref().to_vec())
}

/// A whole answer that closes its connection.
pub(crate) fn answer(status: &str, fields: &str, body: impl AsRef<[u8]>) -> Act {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{fields}\r\n", body.len());
    send([head.as_bytes(), body].concat())
}

/// A whole answer that leaves its connection open.
pub(crate) fn kept_answer(body: &str) -> Act {
    send(format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
}

/// The head of a chunked event stream.
pub(crate) fn stream_head() -> Act {
    send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n")
}

/// One chunk of a chunked body.
pub(crate) fn chunk(bytes: impl AsRef<[u8]>) -> Act {
    let bytes = bytes.as_ref();
    send([format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat())
}

/// The end of a chunked body.
pub(crate) fn last_chunk() -> Act {
    send("0\r\n\r\n")
}

impl Upstream {
    /// Plays the same script for every request.
    pub(crate) async fn start(script: Vec<Act>) -> Upstream {
        Upstream::playing(move |_| script.clone()).await
    }

    /// Chooses a script by the request's bytes.
    pub(crate) async fn playing(choose: impl Fn(&[u8]) -> Vec<Act> + Send + Sync + 'static) -> Upstream {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (leave, left) = watch::channel(0);
        let (seen, choose, leave) = (requests.clone(), Arc::new(choose), Arc::new(leave));
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let (seen, choose, leave) = (seen.clone(), choose.clone(), leave.clone());
                tokio::spawn(async move {
                    let mut tcp = tcp;
                    let Some(request) = read_request(&mut tcp).await else { return };
                    let script = choose(&request);
                    seen.lock().unwrap().push(request);
                    play(tcp, script, &seen).await;
                    leave.send_modify(|count| *count += 1);
                });
            }
        });
        Upstream { address, requests, left }
    }

    /// How many requests came.
    pub(crate) fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    /// A request as it came.
    pub(crate) fn request(&self, index: usize) -> String {
        String::from_utf8_lossy(&self.requests.lock().unwrap()[index]).into_owned()
    }

    /// Waits until so many connections have ended.
    pub(crate) async fn ended(&mut self, count: usize) {
        timeout(PATIENCE, self.left.wait_for(|left| *left >= count)).await.expect("the upstream is kept").unwrap();
    }

    /// A proxy to this upstream for the providers of these tests.
    pub(crate) fn settings(&self) -> UpstreamSettings {
        let target = |provider: &str| Target { provider: provider.to_owned(), base: format!("http://{}", self.address), key: None };
        UpstreamSettings { targets: ["openai", "anthropic", "azure", "bedrock"].map(target).to_vec(), ..UpstreamSettings::default() }
    }
}

/// Proxies on a miss.
pub(crate) fn proxy(settings: UpstreamSettings) -> impl FnOnce(&mut Settings) {
    move |all| all.on_miss = OnMiss::Proxy(Arc::new(Upstreams::new(settings).unwrap()))
}

async fn play(mut tcp: TcpStream, script: Vec<Act>, seen: &Mutex<Vec<Vec<u8>>>) {
    for act in script {
        let played = match act {
            Act::Send(bytes) => tcp.write_all(&bytes).await,
            Act::Read => {
                let Some(request) = read_request(&mut tcp).await else { return };
                seen.lock().unwrap().push(request);
                Ok(())
            }
            Act::Wait(gate) => {
                gate.notified().await;
                Ok(())
            }
            Act::Silence => {
                let mut rest = Vec::new();
                tcp.read_to_end(&mut rest).await.map(|_| ())
            }
            Act::Forever(bytes) => loop {
                if let Err(error) = tcp.write_all(&bytes).await {
                    break Err(error);
                }
            },
            Act::Reset => tcp.set_zero_linger(),
        };
        if played.is_err() {
            return;
        }
    }
}

async fn read_request(tcp: &mut TcpStream) -> Option<Vec<u8>> {
    let mut request = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        if let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |length| length.parse().unwrap());
            if request.len() >= end + 4 + length {
                return Some(request);
            }
        }
        match tcp.read(&mut buffer).await.ok()? {
            0 => return None,
            count => request.extend_from_slice(&buffer[..count]),
        }
    }
}
