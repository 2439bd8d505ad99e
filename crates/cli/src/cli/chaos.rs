//! The flags of chaos, for every command that serves.

use clap::ValueEnum;

use crate::config::ConfigShape;
use crate::engine::ChaosStreams;
use crate::fixture::{Chaos, ChaosField};

/// Random faults of every answer.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Chaos")]
pub struct ChaosArgs {
    /// Share of requests that get 500 `chaos_drop`, from 0 to 1
    #[arg(long, value_name = "RATE", value_parser = parser(ChaosField::DropRate))]
    pub chaos_drop: Option<f64>,
    /// Share of answers that are broken: not JSON, or one event of a stream that is not
    #[arg(long, value_name = "RATE", value_parser = parser(ChaosField::MalformedRate))]
    pub chaos_malformed: Option<f64>,
    /// Share of requests that get 429 with Retry-After
    #[arg(long, value_name = "RATE", value_parser = parser(ChaosField::RateLimitRate))]
    pub chaos_ratelimit: Option<f64>,
    /// Share of requests whose connection ends without a byte
    #[arg(long, value_name = "RATE", value_parser = parser(ChaosField::DisconnectRate))]
    pub chaos_disconnect: Option<f64>,
    /// Share of requests that get an error with --chaos-status-code
    #[arg(long, value_name = "RATE", value_parser = parser(ChaosField::StatusRate))]
    pub chaos_status: Option<f64>,
    /// Status of --chaos-status [default: 500]
    #[arg(long, value_name = "STATUS", value_parser = parser(ChaosField::Status))]
    pub chaos_status_code: Option<f64>,
    /// Share of answers that end too soon, without a proper end
    #[arg(long, value_name = "RATE", value_parser = parser(ChaosField::TruncateRate))]
    pub chaos_truncate: Option<f64>,
    /// Share of answers that pause for --chaos-stall-ms
    #[arg(long, value_name = "RATE", value_parser = parser(ChaosField::StallRate))]
    pub chaos_stall: Option<f64>,
    /// Pause of --chaos-stall, in milliseconds [default: 10000]
    #[arg(long, value_name = "MS", value_parser = parser(ChaosField::StallMs))]
    pub chaos_stall_ms: Option<f64>,
    /// Share of streams with an error event inside
    #[arg(long, value_name = "RATE", value_parser = parser(ChaosField::ErrorEventRate))]
    pub chaos_error_event: Option<f64>,
    /// Delay before every answer, in whole milliseconds up to 30000
    #[arg(long, value_name = "MS", value_parser = parser(ChaosField::LatencyMs))]
    pub chaos_latency: Option<f64>,
    /// What becomes of streams that chaos would change [default: mutate]
    #[arg(long, value_enum, value_name = "HOW")]
    pub chaos_streams: Option<StreamsWord>,
}

/// What becomes of streams that chaos would change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StreamsWord {
    /// They are changed in flight
    Mutate,
    /// They are left alone, and counted
    Bypass,
}

impl ChaosArgs {
    /// Flags over the configuration's `chaos`, which is over the peer's `llm.chaos`.
    pub(super) fn resolve(&self, config: &ConfigShape) -> (Chaos, ChaosStreams) {
        // A new flag stops the build here until it is handled.
        let ChaosArgs {
            chaos_drop,
            chaos_malformed,
            chaos_ratelimit,
            chaos_disconnect,
            chaos_status,
            chaos_status_code,
            chaos_truncate,
            chaos_stall,
            chaos_stall_ms,
            chaos_error_event,
            chaos_latency,
            chaos_streams,
        } = self;
        let mut flags = Chaos::default();
        for (field, value) in [
            (ChaosField::DropRate, chaos_drop),
            (ChaosField::MalformedRate, chaos_malformed),
            (ChaosField::RateLimitRate, chaos_ratelimit),
            (ChaosField::DisconnectRate, chaos_disconnect),
            (ChaosField::StatusRate, chaos_status),
            (ChaosField::Status, chaos_status_code),
            (ChaosField::TruncateRate, chaos_truncate),
            (ChaosField::StallRate, chaos_stall),
            (ChaosField::StallMs, chaos_stall_ms),
            (ChaosField::ErrorEventRate, chaos_error_event),
            (ChaosField::LatencyMs, chaos_latency),
        ] {
            flags.set(field, *value);
        }
        let peers = config.llm.as_ref().and_then(|llm| llm.chaos.as_ref());
        let files = config.chaos.iter().chain(peers).map(Chaos::from);
        let chaos = files.fold(flags, |chaos, weaker| chaos.over(&weaker));
        let word = config.serve.as_ref().and_then(|serve| serve.chaos_streams).map(|word| match word {
            crate::config::ChaosStreamsWord::Mutate => StreamsWord::Mutate,
            crate::config::ChaosStreamsWord::Bypass => StreamsWord::Bypass,
        });
        let streams = match chaos_streams.or(word) {
            None | Some(StreamsWord::Mutate) => ChaosStreams::Mutate,
            Some(StreamsWord::Bypass) => ChaosStreams::Bypass,
        };
        (chaos, streams)
    }
}

fn parser(field: ChaosField) -> impl Fn(&str) -> Result<f64, String> + Clone + Send + Sync + 'static {
    move |text| field.parse(text).ok_or_else(|| format!("`{}` must be {}", field.key(), field.wanted()))
}
