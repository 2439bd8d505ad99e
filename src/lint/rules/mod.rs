//! The registry of lint rules: two lines here and one file each.

mod allow_without_reason;
mod arguments_not_object;
mod arguments_schema_mismatch;
mod audio_not_base64;
mod chaos_always;
mod chaos_left_on;
mod chaos_setting_without_rate;
mod content_part_list;
mod contradictory_match;
mod dialogue;
mod duplicate_tool_call_id;
mod embedding_all_zero;
mod embedding_dimension_mismatch;
mod endpoint_response_mismatch;
mod error_with_success_status;
mod fault_after_end;
mod finish_reason_mismatch;
mod huge_latency;
mod ignored_response_key;
mod image_not_base64;
mod invalid_tool_name;
mod lost_turn;
mod media_type_mismatch;
mod missing_endpoint;
mod missing_hash;
mod on_exhausted_without_responses;
mod production_url;
mod rate_limit_without_retry_after;
pub(super) mod reach;
mod recorded_empty;
mod recorded_proxy_error;
mod response_key_slip;
mod retired_model;
mod shadowed_fixture;
mod stale_hash;
mod structured_output_not_json;
mod timing_without_stream;
mod timings_mismatch;
mod tool_call_without_id;
mod tool_loop;
mod transient_error_recorded;
mod truncation_left_on;
mod unknown_allow;
mod unknown_finish_reason;
mod unportable_tool_name;
mod unused_allow;
mod usage_mixed_names;
mod usage_total_wrong;
mod witness;

use super::Rule;

/// Every rule, by name.
pub static ALL: &[&Rule] = &[
    &allow_without_reason::RULE,
    &arguments_not_object::RULE,
    &arguments_schema_mismatch::RULE,
    &audio_not_base64::RULE,
    &chaos_always::RULE,
    &chaos_left_on::RULE,
    &chaos_setting_without_rate::RULE,
    &content_part_list::RULE,
    &contradictory_match::RULE,
    &duplicate_tool_call_id::RULE,
    &embedding_all_zero::RULE,
    &embedding_dimension_mismatch::RULE,
    &endpoint_response_mismatch::RULE,
    &error_with_success_status::RULE,
    &fault_after_end::RULE,
    &finish_reason_mismatch::RULE,
    &huge_latency::RULE,
    &ignored_response_key::RULE,
    &image_not_base64::RULE,
    &invalid_tool_name::RULE,
    &lost_turn::RULE,
    &media_type_mismatch::RULE,
    &missing_endpoint::RULE,
    &missing_hash::RULE,
    &on_exhausted_without_responses::RULE,
    &production_url::RULE,
    &rate_limit_without_retry_after::RULE,
    &recorded_empty::RULE,
    &recorded_proxy_error::RULE,
    &response_key_slip::RULE,
    &retired_model::RULE,
    &shadowed_fixture::RULE,
    &stale_hash::RULE,
    &structured_output_not_json::RULE,
    &timing_without_stream::RULE,
    &timings_mismatch::RULE,
    &tool_call_without_id::RULE,
    &tool_loop::RULE,
    &transient_error_recorded::RULE,
    &truncation_left_on::RULE,
    &unknown_allow::RULE,
    &unknown_finish_reason::RULE,
    &unportable_tool_name::RULE,
    &unused_allow::RULE,
    &usage_mixed_names::RULE,
    &usage_total_wrong::RULE,
];
