//! What is asked and what is answered, in no vendor's words.
//!
//! A codec turns bytes into a [`Request`]; the matcher reads it; a fixture holds a [`Reply`]; a codec turns that
//! into an [`Emission`]. This module is only vocabulary: it imports nothing of ours, knows no vendor's field names
//! and does no I/O.

mod detail;
mod emission;
mod excerpt;
mod model;
mod neutral;
mod raw;
mod reply;
mod request;
mod sparse;
mod stream;

pub use detail::{Detail, Failed, Missed, MissedText, NearMiss};
pub use emission::{Body, Emission, Frame, FrameKind};
pub use excerpt::{excerpt, is_printable_ascii};
pub use model::model_family;
pub use neutral::PROVIDERS;
pub use raw::{Captured, Exchange, Form, Headers, Part, PartContent, RawRequest, RequestHead};
pub use reply::{
    Audio, Block, Collapsed, ErrorOrigin, ErrorReply, Image, MediaKind, Overrides, RawEvent, Reply, Transcription, Turn, Unsayable, Usage,
    Video,
};
pub use request::{EmbeddingInput, Endpoint, Message, Request, Role, ToolCall, ToolOffer};
pub use sparse::{Blank, Sparse};
pub use stream::{StatedUsage, StreamFacts, TextFacts};
