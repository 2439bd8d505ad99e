//! Anthropic Messages, and their token counts.

use super::Route;
use super::shared::messages::Messages;
use crate::exchange::Endpoint;

const COUNT: &str = "/v1/messages/count_tokens";

pub(super) static PROVIDER: Messages = Messages {
    name: "anthropic_messages",
    provider: "anthropic",
    summary: "Anthropic Messages, and their token counts",
    routes: &[
        Route { method: "POST", path: "/v1/messages", endpoint: Endpoint::Chat },
        Route { method: "POST", path: COUNT, endpoint: Endpoint::Chat },
    ],
    count: COUNT,
};
