//! The registry of lint rules: two lines here and one file each.

mod allow_without_reason;
mod byte_order_mark;
mod case_only_difference;
mod cloud_key;
mod comment_in_json;
mod credential_header;
mod crlf_line_ends;
mod dialogue;
mod email_address;
mod empty_substring;
mod high_entropy_credential;
mod ip_address;
mod jwt;
mod key_in_url;
mod lost_turn;
mod near_duplicate_fixtures;
mod no_final_newline;
mod number_precision;
mod overlong_key;
mod oversized_file;
mod oversized_response;
mod path_in_match;
mod payment_card;
mod phone_number;
mod port_in_match;
mod presigned_url;
mod private_key_block;
mod provider_api_key;
pub(super) mod reach;
mod regex_like_substring;
mod request_id_in_match;
mod shadowed_fixture;
mod short_substring;
mod timestamp_in_match;
mod too_many_fixtures;
mod tool_loop;
mod unknown_allow;
mod unsorted_keys;
mod unused_allow;
mod uuid_in_match;
mod volatile_id_in_response;
mod volatile_time_in_response;
mod whitespace_in_key;
mod witness;
mod yaml_ambiguous_scalar;

use super::Rule;

/// Every rule, by name.
pub static ALL: &[&Rule] = &[
    &allow_without_reason::RULE,
    &byte_order_mark::RULE,
    &case_only_difference::RULE,
    &cloud_key::RULE,
    &comment_in_json::RULE,
    &credential_header::RULE,
    &crlf_line_ends::RULE,
    &email_address::RULE,
    &empty_substring::RULE,
    &high_entropy_credential::RULE,
    &ip_address::RULE,
    &jwt::RULE,
    &key_in_url::RULE,
    &lost_turn::RULE,
    &near_duplicate_fixtures::RULE,
    &no_final_newline::RULE,
    &number_precision::RULE,
    &overlong_key::RULE,
    &oversized_file::RULE,
    &oversized_response::RULE,
    &path_in_match::RULE,
    &payment_card::RULE,
    &phone_number::RULE,
    &port_in_match::RULE,
    &presigned_url::RULE,
    &private_key_block::RULE,
    &provider_api_key::RULE,
    &regex_like_substring::RULE,
    &request_id_in_match::RULE,
    &shadowed_fixture::RULE,
    &short_substring::RULE,
    &timestamp_in_match::RULE,
    &too_many_fixtures::RULE,
    &tool_loop::RULE,
    &unknown_allow::RULE,
    &unsorted_keys::RULE,
    &unused_allow::RULE,
    &uuid_in_match::RULE,
    &volatile_id_in_response::RULE,
    &volatile_time_in_response::RULE,
    &whitespace_in_key::RULE,
    &yaml_ambiguous_scalar::RULE,
];
