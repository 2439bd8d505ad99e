//! What several codecs need: reading bodies, slicing text, estimating usage, the wire formats that more than one
//! vendor speaks. Nothing here knows which codec calls it.

pub(super) mod audio;
pub(super) mod aws;
pub(super) mod body;
pub(super) mod chat_collapse;
pub(super) mod chat_reply;
pub(super) mod chat_request;
pub(super) mod collapse;
pub(super) mod converse_collapse;
pub(super) mod converse_reply;
pub(super) mod converse_request;
pub(super) mod embeddings;
pub(super) mod embeddings_collapse;
pub(super) mod form;
pub(super) mod gemini_collapse;
pub(super) mod gemini_embeddings;
pub(super) mod gemini_reply;
pub(super) mod gemini_request;
pub(super) mod google;
pub(super) mod google_rpc;
pub(super) mod ids;
pub(super) mod interactions_collapse;
pub(super) mod interactions_reply;
pub(super) mod interactions_request;
pub(super) mod invoke_embeddings;
pub(super) mod live_reply;
pub(super) mod live_session;
pub(super) mod messages_collapse;
pub(super) mod messages_reply;
pub(super) mod messages_request;
pub(super) mod ollama;
pub(super) mod ollama_collapse;
pub(super) mod ollama_reply;
pub(super) mod ollama_request;
pub(super) mod openai;
pub(super) mod realtime;
pub(super) mod reasoning;
pub(super) mod respond;
pub(super) mod responses;
pub(super) mod text;
pub(super) mod token_counts;
pub(super) mod transcript;
pub(super) mod usage;
pub(super) mod video;

#[cfg(test)]
mod tests;
