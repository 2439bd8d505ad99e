//! Flags about upstreams and recordings, and what becomes of a request that no fixture answers.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::ValueEnum;

use super::sources::Config;
use crate::config::{NameByWord, PeerRecordShape, RecordModeWord};
use crate::files;
use crate::record::NameBy;
use crate::server::{OnMiss, Proxies, RecordSettings, RecordWhen, Recorder, Target, UpstreamSettings, Upstreams};

/// Names that the configuration's `providers` may use beside those that have a flag.
const OTHERS: [&str; 4] = ["elevenlabs", "fal", "grok", "veo"];
/// Where recordings go when nothing else is said.
const DEFAULT_FOLDER: &str = "fixtures/recorded";

/// Upstreams and how they are asked.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Upstreams")]
pub struct UpstreamArgs {
    /// Ask upstreams for what no fixture answers, and write no file
    #[arg(long)]
    pub proxy_only: bool,
    /// Base URL of OpenAI's API, for instance `https://api.openai.com`
    #[arg(long, value_name = "URL")]
    pub provider_openai: Option<String>,
    /// Base URL of Anthropic's API
    #[arg(long, value_name = "URL")]
    pub provider_anthropic: Option<String>,
    /// Base URL of an Azure OpenAI resource
    #[arg(long, value_name = "URL")]
    pub provider_azure: Option<String>,
    /// Base URL of Gemini's API
    #[arg(long, value_name = "URL")]
    pub provider_gemini: Option<String>,
    /// Base URL of Vertex AI
    #[arg(long, value_name = "URL")]
    pub provider_vertexai: Option<String>,
    /// Base URL of Bedrock's runtime
    #[arg(long, value_name = "URL")]
    pub provider_bedrock: Option<String>,
    /// Base URL of an Ollama server
    #[arg(long, value_name = "URL")]
    pub provider_ollama: Option<String>,
    /// Base URL of Cohere's API
    #[arg(long, value_name = "URL")]
    pub provider_cohere: Option<String>,
    /// Base URL of OpenRouter's API
    #[arg(long, value_name = "URL")]
    pub provider_openrouter: Option<String>,
    /// Base URL of Mistral's API
    #[arg(long, value_name = "URL")]
    pub provider_mistral: Option<String>,
    /// Base URL of the API of `BytePlus`
    #[arg(long, value_name = "URL")]
    pub provider_byteplus: Option<String>,
    /// Longest wait for the first byte of an answer, in milliseconds [default: 30000]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    pub upstream_timeout_ms: Option<u64>,
    /// Longest silence within an answer, in milliseconds [default: 30000]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    pub body_timeout_ms: Option<u64>,
    /// PEM file of certificates to trust beside the system's
    #[arg(long, value_name = "FILE")]
    pub upstream_ca: Option<PathBuf>,
}

/// What is written down, where and how.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Recording")]
pub struct RecordingArgs {
    /// Folder of recordings [default: the first PATH's folder `recorded`, else fixtures/recorded]
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// When an upstream is asked [default: missing]
    #[arg(long, alias = "mode", value_enum, value_name = "MODE")]
    pub record_mode: Option<RecordMode>,
    /// Age at which recordings are made anew with `--record-mode expired`, as 30d, 12h or 45m [default: 30d]
    #[arg(long, value_name = "AGE", value_parser = age)]
    pub max_age: Option<Duration>,
    /// How files are named [default: test]
    #[arg(long, value_enum, value_name = "HOW")]
    pub name_by: Option<NameByArg>,
    /// Keep answers byte for byte, events and all, in place of what they say
    #[arg(long)]
    pub exact_stream: bool,
    /// Record answers with status 408, 409, 429 and 5xx too
    #[arg(long)]
    pub record_errors: bool,
    /// Record for the model as the request names it, date and all, in place of its family
    #[arg(long)]
    pub record_full_model_version: bool,
    /// Relay longer answers without recording them, in bytes [default: 67108864]
    #[arg(long, value_name = "BYTES", value_parser = super::args::at_least_one)]
    pub max_proxy_buffer_bytes: Option<usize>,
    /// The same in pieces as they come from the network [default: 5000000]
    #[arg(long, value_name = "N", value_parser = super::args::at_least_one)]
    pub max_proxy_buffer_frames: Option<usize>,
}

/// When an upstream is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RecordMode {
    /// When no fixture answers
    Missing,
    /// Always, replacing recordings of the same request
    All,
    /// Never: replay only
    None,
    /// When no fixture answers, or only recordings that are older than --max-age
    Expired,
}

/// How files of recordings are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NameByArg {
    /// TEST-ID/PROVIDER.json; by hash for requests without an X-Test-Id
    Test,
    /// PROVIDER-HASH.json, the hash of what the request asks
    Hash,
    /// PROVIDER-TIME-HASH.json, a new file each time
    Time,
}

/// What the flags say about misses.
pub(super) struct Misses<'a> {
    pub upstream: &'a UpstreamArgs,
    pub recording: &'a RecordingArgs,
    pub record: bool,
    pub config: &'a Config,
    /// The first path of fixtures that was named.
    pub first: Option<&'a PathBuf>,
    /// Clients present keys of this server.
    pub has_keys: bool,
}

impl Misses<'_> {
    /// Who answers what no fixture does, and warnings for the user.
    ///
    /// # Errors
    /// No upstream is named where one is needed, or a setting cannot be used.
    pub(super) fn resolve(&self) -> anyhow::Result<(OnMiss, Vec<String>)> {
        let serve = self.config.shape.serve.clone().unwrap_or_default();
        let peer = self.peer();
        let asks = peer.providers.is_some();
        let configured = serve.proxy_only.or(if serve.record == Some(true) { None } else { peer.proxy_only.filter(|_| asks) });
        let proxy_only = self.upstream.proxy_only || (configured.unwrap_or(false) && !self.record);
        let record = self.record || (serve.record.unwrap_or(asks) && !proxy_only);
        let when = self.when()?;
        let mut warnings = Vec::new();
        for (key, given) in [("fal", peer.fal.is_some()), ("openRouterVideo", peer.open_router_video.is_some())] {
            if given {
                warnings.push(format!("`llm.record.{key}` is accepted and has no effect"));
            }
        }
        if !record && !proxy_only {
            if self.upstream.urls().next().is_some() {
                warnings.push("upstreams are ignored without --record or --proxy-only".to_owned());
            }
            return Ok((OnMiss::Reject, warnings));
        }
        let (Some(when), settings) = (when, self.settings()?) else { return Ok((OnMiss::Reject, warnings)) };
        anyhow::ensure!(
            !settings.targets.is_empty(),
            "there is no upstream to ask: name one, for instance --provider-openai https://api.openai.com, or set `providers` in aimock.yaml"
        );
        warnings.extend(settings.targets.iter().any(is_unsigned_bedrock).then(|| UNSIGNED.to_owned()));
        let upstreams = Arc::new(Upstreams::new(settings).context("the upstreams cannot be used")?);
        if proxy_only {
            return Ok((OnMiss::Proxy(upstreams), warnings));
        }
        Ok((OnMiss::Record(upstreams, Arc::new(Recorder::new(self.recorder(when)))), warnings))
    }

    /// The peer's section, where the configuration has it.
    fn peer(&self) -> PeerRecordShape {
        self.config.shape.llm.clone().and_then(|llm| llm.record).unwrap_or_default()
    }

    /// `None`: upstreams are never asked.
    fn when(&self) -> anyhow::Result<Option<RecordWhen>> {
        let file = self.config.shape.record.clone().unwrap_or_default();
        let mode = self.recording.record_mode.or(file.mode.map(|word| match word {
            RecordModeWord::Missing => RecordMode::Missing,
            RecordModeWord::All => RecordMode::All,
            RecordModeWord::None => RecordMode::None,
            RecordModeWord::Expired => RecordMode::Expired,
        }));
        let configured =
            file.max_age.map(|text| age(&text.0).map_err(|reason| anyhow::anyhow!("`record.maxAge`: {reason}"))).transpose()?;
        let oldest = self.recording.max_age.or(configured).unwrap_or(Duration::from_secs(30 * 86_400));
        Ok(match mode.unwrap_or(RecordMode::Missing) {
            RecordMode::Missing => Some(RecordWhen::Missing),
            RecordMode::All => Some(RecordWhen::Always),
            RecordMode::None => None,
            RecordMode::Expired => Some(RecordWhen::OlderThan(oldest)),
        })
    }

    fn recorder(&self, when: RecordWhen) -> RecordSettings {
        let (flags, file) = (self.recording, self.config.shape.record.clone().unwrap_or_default());
        let serve = self.config.shape.serve.clone().unwrap_or_default();
        let peer = self.peer();
        let folder = flags.output.clone().or_else(|| file.output.as_ref().map(|path| self.config.path(&path.0)));
        // The peer's paths are relative to the working directory.
        let folder = folder.or_else(|| peer.fixture_path.as_ref().map(|path| PathBuf::from(&path.0)));
        let beside = self.first.filter(|path| files::is_directory(path)).map(|path| path.join("recorded"));
        let defaults = RecordSettings::new(folder.or(beside).unwrap_or_else(|| PathBuf::from(DEFAULT_FOLDER)));
        let small = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let named = flags.name_by.or(file.name_by.map(|word| match word {
            NameByWord::Test => NameByArg::Test,
            NameByWord::Hash => NameByArg::Hash,
            NameByWord::Time => NameByArg::Time,
        }));
        RecordSettings {
            when,
            name_by: match named.unwrap_or(NameByArg::Test) {
                NameByArg::Test => NameBy::Test,
                NameByArg::Hash => NameBy::Hash,
                NameByArg::Time => NameBy::Time,
            },
            exact: flags.exact_stream || file.exact_stream.unwrap_or(false),
            errors: flags.record_errors || file.errors.unwrap_or(false),
            full_model: flags.record_full_model_version || file.full_model_version.or(peer.record_full_model_version).unwrap_or(false),
            most_bytes: flags
                .max_proxy_buffer_bytes
                .or(serve.max_proxy_buffer_bytes.or(peer.max_proxy_buffer_bytes).map(|count| small(count.0)))
                .unwrap_or(defaults.most_bytes),
            most_pieces: flags
                .max_proxy_buffer_frames
                .or(serve.max_proxy_buffer_frames.or(peer.max_proxy_buffer_frames).map(|count| small(count.0)))
                .unwrap_or(defaults.most_pieces),
            folder: defaults.folder,
        }
    }

    fn settings(&self) -> anyhow::Result<UpstreamSettings> {
        let (flags, defaults) = (self.upstream, UpstreamSettings::default());
        let serve = self.config.shape.serve.clone().unwrap_or_default();
        let peer = self.peer();
        let millis = |flag: Option<u64>, file: Option<u64>, default| flag.or(file).map_or(default, Duration::from_millis);
        let ca = flags.upstream_ca.clone().or_else(|| serve.upstream_ca.as_ref().map(|path| self.config.path(&path.0)));
        let authorities = ca
            .map(|path| {
                let text = files::read_path(&path, files::DEFAULT_MAX_FILE_SIZE);
                text.map(|text| text.text).with_context(|| format!("cannot read the certificates of {}", files::display_name(&path)))
            })
            .transpose()?;
        Ok(UpstreamSettings {
            targets: self.targets()?,
            dummy_marker: std::env::var("AIMOCK_DUMMY_KEY_MARKER").unwrap_or(defaults.dummy_marker),
            first_byte: millis(
                flags.upstream_timeout_ms,
                serve.upstream_timeout_ms.or(peer.upstream_timeout_ms).map(|count| count.0),
                defaults.first_byte,
            ),
            body_pause: millis(
                flags.body_timeout_ms,
                serve.body_timeout_ms.or(peer.body_timeout_ms).map(|count| count.0),
                defaults.body_pause,
            ),
            authorities,
            proxies: Proxies {
                all: variable("ALL_PROXY"),
                http: variable("HTTP_PROXY"),
                https: variable("HTTPS_PROXY"),
                except: variable("NO_PROXY"),
            },
            keeps_credentials: self.has_keys,
        })
    }

    /// Flags over the configuration, that over the peer's section; names that the peer knows and nothing here does are
    /// never asked for.
    fn targets(&self) -> anyhow::Result<Vec<Target>> {
        let configured = self.config.shape.providers.iter().flat_map(|fields| &fields.0);
        let mut targets: Vec<Target> = self.upstream.urls().map(|(provider, url)| target(provider, url)).collect();
        for (provider, url) in configured {
            let names: Vec<&str> = UpstreamArgs::NAMES.into_iter().chain(OTHERS).collect();
            anyhow::ensure!(
                names.contains(&provider.as_str()),
                "`providers` of the configuration: `{provider}` is no provider; one of {}",
                names.join(", ")
            );
            targets.push(target(provider, &url.0));
        }
        let peer = self.peer();
        for (provider, url) in peer.providers.iter().flat_map(|fields| &fields.0) {
            let keys = peer.provider_keys.iter().flat_map(|fields| &fields.0);
            let key = keys.filter(|(name, _)| name == provider).map(|(_, key)| key.trim()).find(|key| !key.is_empty());
            let target = target(provider, &url.0);
            targets.push(Target { key: target.key.clone().or_else(|| key.map(str::to_owned)), ..target });
        }
        Ok(targets)
    }
}

/// Said when requests will go to Amazon as clients signed them.
const UNSIGNED: &str = "clients sign requests to Bedrock for the address that they are sent to, and Amazon refuses such signatures from here: \
                        set AIMOCK_PROVIDER_BEDROCK_KEY to a Bedrock API key, or give clients one (AWS_BEARER_TOKEN_BEDROCK)";

fn is_unsigned_bedrock(target: &Target) -> bool {
    target.provider == "bedrock" && target.key.is_none() && target.base.contains(".amazonaws.com")
}

fn target(provider: &str, url: &str) -> Target {
    let key = std::env::var(format!("AIMOCK_PROVIDER_{}_KEY", provider.to_ascii_uppercase())).ok().filter(|key| !key.trim().is_empty());
    Target { provider: provider.to_owned(), base: url.to_owned(), key: key.map(|key| key.trim().to_owned()) }
}

/// A variable under its lower-case name, as most programs prefer it, or its upper-case name.
fn variable(name: &str) -> String {
    std::env::var(name.to_ascii_lowercase()).or_else(|_| std::env::var(name)).unwrap_or_default()
}

impl UpstreamArgs {
    /// The providers that have a flag.
    const NAMES: [&'static str; 11] =
        ["openai", "anthropic", "azure", "gemini", "vertexai", "bedrock", "ollama", "cohere", "openrouter", "mistral", "byteplus"];

    /// Each provider that is named, with its URL.
    fn urls(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let urls = [
            &self.provider_openai,
            &self.provider_anthropic,
            &self.provider_azure,
            &self.provider_gemini,
            &self.provider_vertexai,
            &self.provider_bedrock,
            &self.provider_ollama,
            &self.provider_cohere,
            &self.provider_openrouter,
            &self.provider_mistral,
            &self.provider_byteplus,
        ];
        UpstreamArgs::NAMES.into_iter().zip(urls).filter_map(|(name, url)| Some((name, url.as_deref()?)))
    }
}

/// A number of days, hours, minutes or seconds.
fn age(text: &str) -> Result<Duration, String> {
    let units = [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];
    let unit = units.into_iter().find_map(|(unit, seconds)| Some((text.trim().strip_suffix(unit)?, seconds)));
    unit.and_then(|(number, seconds)| number.trim().parse::<u64>().ok()?.checked_mul(seconds))
        .map(Duration::from_secs)
        .ok_or_else(|| "expected a whole number and a unit, for instance 30d, 12h, 45m or 90s".to_owned())
}
