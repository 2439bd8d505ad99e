//! The registry of lint rules: two lines here and one file each.

mod allow_without_reason;
mod answered_by_another;
mod arguments_not_object;
mod arguments_schema_mismatch;
mod audio_not_base64;
mod broken_stream;
mod byte_order_mark;
mod calls;
mod case_only_difference;
mod catch_all_not_last;
mod chaos_always;
mod chaos_left_on;
mod chaos_setting_without_rate;
mod cloud_key;
mod content_part_list;
mod contradictory_match;
mod credential_header;
mod crlf_line_ends;
mod dead_end;
pub(super) mod dialogue;
mod duplicate_match;
mod duplicate_sequence_slot;
mod duplicate_tool_call_id;
mod email_address;
mod embedding_all_zero;
mod embedding_dimension_mismatch;
mod empty_match;
mod empty_substring;
mod endpoint_response_mismatch;
mod error_with_success_status;
mod fault_after_end;
mod finish_reason_mismatch;
mod follow_up_after_first_leg;
mod high_entropy_credential;
mod huge_latency;
mod ignored_response_key;
mod image_not_base64;
mod invalid_tool_name;
mod ip_address;
mod jwt;
mod key_in_url;
mod lost_turn;
mod media_type_mismatch;
mod missing_endpoint;
mod missing_hash;
mod near_duplicate_fixtures;
mod no_final_newline;
mod number_precision;
mod on_exhausted_without_responses;
mod open_to_embeddings;
mod overlong_key;
mod oversized_file;
mod oversized_response;
mod pair;
mod path_in_match;
mod payment_card;
mod phone_number;
mod pinned_id_reused;
mod port_in_match;
mod position_only_match;
mod presigned_url;
mod private_key_block;
mod production_url;
mod provider_api_key;
mod rate_limit_without_retry_after;
pub(super) mod reach;
mod recorded_empty;
mod recorded_proxy_error;
mod regex_like_substring;
mod request_id_in_match;
mod response_key_slip;
mod retired_model;
mod sequence_behind_plain;
mod sequences;
mod served_by_accident;
mod shadowed_fixture;
mod short_substring;
mod stale_hash;
mod structured_output_not_json;
mod timestamp_in_match;
mod timing_without_stream;
mod timings_mismatch;
mod too_many_fixtures;
mod tool_call_without_id;
mod tool_loop;
mod transient_error_recorded;
mod truncation_left_on;
mod turn_and_plain_twins;
mod turn_gap;
mod turn_never_reached;
mod unknown_allow;
mod unknown_finish_reason;
mod unportable_tool_name;
mod unproduced_tool_call_id;
mod unreachable_sequence_slot;
mod unsorted_keys;
mod unused_allow;
mod usage_mixed_names;
mod usage_total_wrong;
mod uuid_in_match;
mod volatile_id_in_response;
mod volatile_time_in_response;
mod weak_match;
mod whitespace_in_key;
pub(super) mod witness;
mod yaml_ambiguous_scalar;

use super::Rule;

/// Every rule, by name.
pub static ALL: &[&Rule] = &[
    &allow_without_reason::RULE,
    &answered_by_another::RULE,
    &arguments_not_object::RULE,
    &arguments_schema_mismatch::RULE,
    &audio_not_base64::RULE,
    &broken_stream::RULE,
    &byte_order_mark::RULE,
    &case_only_difference::RULE,
    &catch_all_not_last::RULE,
    &chaos_always::RULE,
    &chaos_left_on::RULE,
    &chaos_setting_without_rate::RULE,
    &cloud_key::RULE,
    &content_part_list::RULE,
    &contradictory_match::RULE,
    &credential_header::RULE,
    &crlf_line_ends::RULE,
    &dead_end::RULE,
    &duplicate_match::RULE,
    &duplicate_sequence_slot::RULE,
    &duplicate_tool_call_id::RULE,
    &email_address::RULE,
    &embedding_all_zero::RULE,
    &embedding_dimension_mismatch::RULE,
    &empty_match::RULE,
    &empty_substring::RULE,
    &endpoint_response_mismatch::RULE,
    &error_with_success_status::RULE,
    &fault_after_end::RULE,
    &finish_reason_mismatch::RULE,
    &follow_up_after_first_leg::RULE,
    &high_entropy_credential::RULE,
    &huge_latency::RULE,
    &ignored_response_key::RULE,
    &image_not_base64::RULE,
    &invalid_tool_name::RULE,
    &ip_address::RULE,
    &jwt::RULE,
    &key_in_url::RULE,
    &lost_turn::RULE,
    &media_type_mismatch::RULE,
    &missing_endpoint::RULE,
    &missing_hash::RULE,
    &near_duplicate_fixtures::RULE,
    &no_final_newline::RULE,
    &number_precision::RULE,
    &on_exhausted_without_responses::RULE,
    &open_to_embeddings::RULE,
    &overlong_key::RULE,
    &oversized_file::RULE,
    &oversized_response::RULE,
    &path_in_match::RULE,
    &payment_card::RULE,
    &phone_number::RULE,
    &pinned_id_reused::RULE,
    &port_in_match::RULE,
    &position_only_match::RULE,
    &presigned_url::RULE,
    &private_key_block::RULE,
    &production_url::RULE,
    &provider_api_key::RULE,
    &rate_limit_without_retry_after::RULE,
    &recorded_empty::RULE,
    &recorded_proxy_error::RULE,
    &regex_like_substring::RULE,
    &request_id_in_match::RULE,
    &response_key_slip::RULE,
    &retired_model::RULE,
    &sequence_behind_plain::RULE,
    &served_by_accident::RULE,
    &shadowed_fixture::RULE,
    &short_substring::RULE,
    &stale_hash::RULE,
    &structured_output_not_json::RULE,
    &timestamp_in_match::RULE,
    &timing_without_stream::RULE,
    &timings_mismatch::RULE,
    &too_many_fixtures::RULE,
    &tool_call_without_id::RULE,
    &tool_loop::RULE,
    &transient_error_recorded::RULE,
    &truncation_left_on::RULE,
    &turn_and_plain_twins::RULE,
    &turn_gap::RULE,
    &turn_never_reached::RULE,
    &unknown_allow::RULE,
    &unknown_finish_reason::RULE,
    &unportable_tool_name::RULE,
    &unproduced_tool_call_id::RULE,
    &unreachable_sequence_slot::RULE,
    &unsorted_keys::RULE,
    &unused_allow::RULE,
    &usage_mixed_names::RULE,
    &usage_total_wrong::RULE,
    &uuid_in_match::RULE,
    &volatile_id_in_response::RULE,
    &volatile_time_in_response::RULE,
    &weak_match::RULE,
    &whitespace_in_key::RULE,
    &yaml_ambiguous_scalar::RULE,
];
