//! Which kinds of reply an endpoint can carry.
//!
//! A fixture without an `endpoint` key is tried for every request, but an image cannot answer a chat. Rows whose reply
//! kind does not fit are passed over, so that the next one gets its chance instead of the client a 500. The table for
//! multimedia endpoints is the incumbent's; for chat, realtime and embeddings the incumbent has none.

use crate::exchange::{Endpoint, MediaKind, Request};

/// Providers whose chat answers may be audio.
const AUDIO_IN_CHAT: [&str; 4] = ["gemini", "vertex", "vertexai", "gemini-interactions"];

/// The one provider whose video jobs are scripted as raw JSON.
const JSON_VIDEO: &str = "byteplus";

/// What a request's endpoint can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compatibility<'a> {
    pub endpoint: Option<Endpoint>,
    pub provider: &'a str,
}

impl Compatibility<'_> {
    /// Every provider that is treated differently from the rest, and one of the rest. Whatever holds for each of these
    /// at each endpoint holds for all requests.
    pub(super) const PROVIDERS: [&'static str; 6] =
        ["", AUDIO_IN_CHAT[0], AUDIO_IN_CHAT[1], AUDIO_IN_CHAT[2], AUDIO_IN_CHAT[3], JSON_VIDEO];

    /// For this request.
    pub fn of(request: &Request) -> Compatibility<'_> {
        Compatibility { endpoint: request.endpoint, provider: request.provider }
    }

    /// Whether a row without an `endpoint` key may answer.
    ///
    /// Raw replies (`http`, `events`) answer anything. A reply of no known shape answers chat, where the client is told
    /// so with a 500: passing it over would hide the mistake behind "no fixture matched". A URL that no codec owns has
    /// no table at all; there the row's `path` decides.
    pub fn allows(self, kind: MediaKind) -> bool {
        use MediaKind::{Audio, Embedding, Error, Image, Json, Transcription, Turn, Unrecognised, Video};
        let Some(endpoint) = self.endpoint else { return true };
        if kind == MediaKind::Raw {
            return true;
        }
        match endpoint {
            Endpoint::Chat => matches!(kind, Turn | Error | Unrecognised) || (kind == Audio && AUDIO_IN_CHAT.contains(&self.provider)),
            Endpoint::Realtime | Endpoint::RealtimeTranscription | Endpoint::RealtimeTranslation => {
                matches!(kind, Turn | Error | Audio | Transcription | Unrecognised)
            }
            Endpoint::Embedding => matches!(kind, Embedding | Error),
            Endpoint::Image => kind == Image,
            Endpoint::Speech | Endpoint::ElevenlabsTts | Endpoint::AudioGen | Endpoint::FalAudio => kind == Audio,
            Endpoint::Transcription | Endpoint::Translation => kind == Transcription,
            Endpoint::Video => kind == Video,
            Endpoint::Fal
            | Endpoint::ElevenlabsVoiceDesign
            | Endpoint::ElevenlabsVoice
            | Endpoint::ElevenlabsVoiceGet
            | Endpoint::ElevenlabsVoiceDelete => matches!(kind, Json | Error),
            // Raw JSON could be meant for any service: here the author must name the endpoint.
            Endpoint::Moderation | Endpoint::Search | Endpoint::Rerank => kind == Error,
            Endpoint::OpenaiLive => false,
        }
    }

    /// Whether a row whose `endpoint` key names this endpoint may answer: its author says so, with one exception that
    /// the incumbent makes.
    pub fn allows_by_name(self, kind: MediaKind) -> bool {
        !(self.endpoint == Some(Endpoint::Video) && kind == MediaKind::Json && self.provider != JSON_VIDEO)
    }
}
