"""What attacks, foreign suites and a first trial found, by number, and the tests that hold each mended.

A is safety and truth, B what BAML does, C what a new user stumbles over. A test is named as pytest names it,
`tests/unit/test_x.py::test_y`, a section of the spec `tests/spec/x.md::Its heading`, a test of the corpus
`tests/corpus/ns_x/y.baml::its name`.
"""

from __future__ import annotations

GROUND: dict[str, list[str]] = {
    "A1": [
        "tests/unit/test_lending.py::test_a_program_without_files_gets_nothing_of_what_they_hold",
        "tests/unit/test_lending.py::test_a_token_or_a_signature_goes_to_no_stranger",
        "tests/unit/test_lending.py::test_a_program_holds_no_token_that_it_could_send_on",
    ],
    "A2": [
        "tests/unit/test_endings.py::test_what_ends_a_program_reaches_the_caller_and_not_the_loop",
        "tests/unit/test_endings.py::test_an_exit_in_on_report_and_a_stopped_loop_reach_the_caller_too",
        "tests/unit/test_endings.py::test_the_loop_of_python_lives_as_that_of_the_fast_extra",
        "tests/unit/test_traces.py::test_a_trace_that_fails_reaches_the_caller_and_leaves_nothing_open",
    ],
    "A3": [
        "tests/unit/test_endings.py::test_an_iterator_that_is_held_at_the_end_holds_nothing_up",
        "tests/unit/test_endings.py::test_what_closes_at_the_very_end_holds_nothing_up",
        "tests/unit/test_endings.py::test_a_forked_child_leaves_the_stream_of_its_parent_alone",
        "tests/unit/test_endings.py::test_a_forked_child_ends_as_it_says_also_while_its_parent_is_connected",
        "tests/unit/test_endings.py::test_an_interrupt_between_any_two_steps_stays_one_and_leaves_nothing_open",
    ],
    "A4": [
        "tests/unit/test_shared_values.py::test_a_walk_over_a_shared_value_ends_at_the_deadline",
        "tests/unit/test_shared_values.py::test_a_walk_over_a_shared_value_counts_steps",
        "tests/unit/test_shared_values.py::test_what_walks_in_the_second_edition_counts_steps",
        "tests/unit/test_shared_values.py::test_what_is_written_of_a_shared_value_is_bounded",
        "tests/unit/test_shared_values.py::test_a_shared_value_that_is_thrown_shows_its_beginning",
        "tests/unit/test_shared_values.py::test_a_shared_value_has_no_plain_form",
        "tests/unit/test_shared_values.py::test_a_template_pays_for_each_part_of_a_shared_value",
        "tests/unit/test_shared_values.py::test_a_template_compares_shared_values_once",
        "tests/unit/test_shared_values.py::test_a_literal_does_not_pass_the_limit_of_bits",
    ],
    "A5": [
        "tests/unit/test_sound_answers.py::test_a_deadline_ends_the_reading_of_a_long_answer",
        "tests/unit/test_sound_answers.py::test_a_call_that_is_cancelled_stops_reading",
        "tests/unit/test_sound_answers.py::test_pauses_come_at_short_distances",
        "tests/unit/test_sound_answers.py::test_pauses_count_what_is_done_and_not_what_is_long",
        "tests/unit/test_sound_answers.py::test_a_report_of_many_losses_is_made_with_pauses",
        "tests/unit/test_sound_answers.py::test_pauses_change_nothing",
        "tests/unit/test_answers_in_turns.py::test_no_step_of_a_long_answer_holds_up_the_others",
        "tests/unit/test_answers_in_turns.py::test_what_is_put_together_in_slices_is_what_it_is_at_once",
        "tests/unit/test_answers_in_turns.py::test_events_that_came_together_are_read_in_turns",
        "tests/unit/test_answers_in_turns.py::test_json_is_known_piece_by_piece_as_at_once",
        "tests/unit/test_answers_in_turns.py::test_full_collections_wait_until_the_last_reading_ends",
        "tests/unit/test_sound_answers.py::test_nesting_does_not_multiply_the_work",
        "tests/unit/test_sound_answers.py::test_the_reason_of_a_failure_does_not_double_with_each_level",
    ],
    "A6": [
        "tests/unit/test_sound_answers.py::test_what_is_lost_is_told_and_strict_refuses_it",
        "tests/unit/test_sound_answers.py::test_what_is_exact_is_no_loss",
        "tests/unit/test_sound_answers.py::test_a_value_before_the_taken_one_is_in_the_report",
    ],
    "A7": [
        "tests/unit/test_told_ends.py::test_the_report_tells_of_an_end_that_is_none",
        "tests/unit/test_told_ends.py::test_an_answer_that_does_not_say_why_it_ended_is_told_and_no_loss",
        "tests/unit/test_told_ends.py::test_a_body_that_is_no_answer_is_a_failed_attempt",
        "tests/unit/test_accumulators.py::test_a_body_of_another_shape_is_no_answer",
        "tests/unit/test_accumulators.py::test_an_error_inside_a_choice_fails_the_answer",
        "tests/unit/test_accumulators.py::test_content_after_the_finish_reason_is_dropped_and_counted",
    ],
    "A8": [
        "tests/unit/test_sound_answers.py::test_every_partial_continues_the_one_before_or_is_marked",
        "tests/unit/test_sound_answers.py::test_what_vanishes_at_its_end_is_marked_once",
        "tests/unit/test_sound_answers.py::test_what_the_end_of_the_text_takes_back_is_marked",
    ],
    "A9": [
        "tests/unit/test_hostile_secrets.py::test_h34_a_key_comes_out_nowhere",
        "tests/unit/test_secrets_by_value.py::test_a_lent_token_that_a_server_says_back_is_not_shown",
        "tests/unit/test_secrets_by_value.py::test_a_word_of_the_server_shows_no_key",
        "tests/unit/test_secrets_by_value.py::test_a_secret_is_hidden_however_it_is_escaped",
        "tests/unit/test_secrets_by_value.py::test_a_text_against_a_secret_does_not_multiply_the_work",
        "tests/unit/test_secrets_by_value.py::test_a_misspelt_option_does_not_send_the_key",
        "tests/unit/test_secrets_by_value.py::test_render_shows_no_key",
        "tests/unit/test_secrets_by_value.py::test_a_trace_shows_no_password",
        "tests/spec/clients.md::Options that are nearly called like others",
    ],
    "A10": [
        "tests/unit/test_recordings.py::test_a_full_disk_is_told_and_leaves_the_good_recording",
        "tests/unit/test_recordings.py::test_a_run_that_fails_leaves_the_good_recording",
        "tests/unit/test_recordings.py::test_two_recorders_do_not_share_a_file",
        "tests/unit/test_recordings.py::test_each_record_has_a_checksum",
        "tests/unit/test_recordings.py::test_a_hostile_line_is_refused",
    ],
    "A11": [
        "tests/unit/test_wrong_addresses.py::test_a_url_that_no_server_has",
        "tests/unit/test_wrong_addresses.py::test_what_is_no_url_of_a_server_is_a_failed_attempt",
        "tests/unit/test_wrong_addresses.py::test_a_user_in_the_url_is_a_header",
        "tests/unit/test_wrong_addresses.py::test_a_proxy_that_cannot_be_had",
        "tests/unit/test_wrong_addresses.py::test_no_engine_takes_what_the_other_refuses",
    ],
    "A12": [
        "tests/unit/test_checker_growth.py::test_checking_grows_with_the_program",
        "tests/unit/test_regex.py::test_what_is_kept_of_regular_expressions_is_bounded_by_their_states",
        "tests/unit/test_linear_decoders.py::test_a_decoder_is_linear",
        "tests/unit/test_linear_decoders.py::test_blanks_before_a_wrapped_value_are_read_once",
        "tests/unit/test_sound_answers.py::test_blanks_before_a_structured_answer_are_passed_on",
        "tests/unit/test_sound_answers.py::test_blanks_within_the_head_are_not_kept_for_ever",
        "tests/unit/test_sound_answers.py::test_snapshots_of_a_long_list_or_map_cost_what_is_new",
        "tests/unit/test_sound_answers.py::test_changes_of_a_long_map_cost_what_is_new",
        "tests/unit/test_sound_answers.py::test_every_partial_of_a_long_map_in_each_view",
    ],
    "A13": [
        "tests/unit/test_kept_apart.py::test_claude_on_vertex_gets_tools_of_its_own",
        "tests/unit/test_kept_apart.py::test_a_race_shows_the_thoughts_and_the_report_of_its_winner",
        "tests/unit/test_kept_apart.py::test_the_first_download_that_fails_stops_the_others",
        "tests/unit/test_kept_apart.py::test_the_media_of_a_prompt_have_a_limit_together",
        "tests/unit/test_kept_apart.py::test_the_buffer_is_counted_in_one_unit",
        "tests/unit/test_kept_apart.py::test_a_traceback_shows_the_text_that_was_compiled",
    ],
    "A14": [
        "tests/unit/test_kept_connections.py::test_a_request_that_met_a_closed_connection_is_sent_once_more",
        "tests/unit/test_kept_connections.py::test_a_request_that_got_half_an_answer_is_not_sent_again",
        "tests/unit/test_odd_streams.py::test_a_stream_that_is_closed_or_full_brings_no_traceback",
        "tests/unit/test_odd_streams.py::test_check_of_a_device_ends",
        "tests/unit/test_odd_streams.py::test_whatever_reads_a_device_ends",
        "tests/unit/test_odd_streams.py::test_a_program_reads_no_device_to_its_end",
        "tests/unit/test_odd_streams.py::test_a_line_without_an_end_is_read_no_further",
    ],
    "A15": [
        "tests/unit/test_choke_point.py::test_every_wait_with_a_limit_is_an_operation",
        "tests/unit/test_choke_point.py::test_every_variable_that_a_client_reads_is_an_operation",
        "tests/unit/test_choke_point.py::test_every_variable_that_a_lent_key_needs_is_an_operation",
        "tests/unit/test_choke_point.py::test_a_request_that_is_not_recorded_is_taken_by_no_catch",
    ],
    "B1": [
        "tests/unit/test_output_format.py::test_a_long_enum_in_a_list_stands_in_a_block",
    ],
    "B2": [
        "tests/unit/test_prompt.py::test_a_prompt_without_a_role_stays_as_it_is",
    ],
    "B3": [
        "tests/spec/attributes.md::What no prompt shows",
    ],
    "B4": [
        "tests/unit/test_keys.py::test_a_request_needs_no_key",
        "tests/unit/test_keys.py::test_a_server_of_ones_own_is_asked_without_a_key",
        "tests/unit/test_keys.py::test_a_refusal_says_that_no_key_was_sent",
        "tests/unit/test_keys.py::test_azure_behind_a_gateway_is_told_that_no_key_was_sent",
        "tests/unit/test_keys.py::test_a_fallback_goes_on_behind_a_client_without_a_key",
        "tests/unit/test_keys.py::test_without_any_key_the_error_tells_of_each_client",
        "tests/unit/test_keys.py::test_the_servers_of_a_provider_are_not_asked_without_a_key",
    ],
    "B5": [
        "tests/spec/aliases.md::Every alias of a recursive cycle has its own name in a prompt",
    ],
    "B6": [
        "tests/unit/test_asserted_arguments.py::test_an_assertion_on_an_argument_is_checked_before_anything_is_sent",
        "tests/unit/test_asserted_arguments.py::"
        "test_a_call_of_the_program_checks_what_a_function_asserts_of_its_parameters",
        "tests/unit/test_asserted_arguments.py::test_a_program_sees_a_broken_assertion_of_a_function_that_it_calls",
    ],
    "B7": [
        "tests/spec/attributes.md::Checks do not reach what a prompt takes",
    ],
    "B8": [
        "tests/spec/tests.md::Template strings in arguments",
        "tests/corpus/ns_tests/template_strings.baml::OfOneText",
    ],
    "B13": [
        "tests/spec/recovery.md::Headers without a parenthesis",
        "tests/spec/recovery.md::Fields with a parenthesis too many or too few",
    ],
    "B9": [
        "tests/spec/prompts.md::Enums as the keys of a map",
    ],
    "B10": ["tests/unit/test_requests.py::test_numbers_of_bedrock_may_come_from_the_environment"],
    "B11": [
        "tests/spec/clients.md::Members that are no clients",
        "tests/spec/clients.md::Roles that are not allowed",
        "tests/spec/builtins.md::Media and what a server says",
        "tests/corpus/ns_media/made.baml::in_a_class",
        "tests/unit/test_fetching.py::test_an_answer_is_read_as_a_type",
        "tests/unit/test_media.py::test_media_that_a_program_makes_are_those_of_the_host",
        "tests/spec/attributes.md::On whole classes",
        "tests/spec/attributes.md::Two names for what must be there",
    ],
    "B12": [
        "tests/unit/test_sound_answers.py::test_a_closed_class_with_a_null_field_stays_in_partials",
        "tests/unit/test_sound_answers.py::test_brackets_in_a_bare_value_do_not_end_it_at_a_comma",
        "tests/unit/test_sound_answers.py::test_ligatures_match_their_letters",
        "tests/unit/test_sound_answers.py::test_an_item_is_shown_at_its_first_key",
        "tests/unit/test_structured_answers.py::"
        "test_what_is_shown_when_done_is_shown_at_its_closing_quote_where_that_is_certain",
        "tests/unit/test_structured_answers.py::test_an_answer_that_keeps_to_no_json_after_all_is_read_again",
    ],
    "C1": [
        "tests/unit/test_docs.py::test_the_program_of_the_readme_tells_of_a_missing_key",
        "tests/unit/test_docs.py::test_a_command_in_the_docs_works",
        "tests/unit/test_docs.py::test_a_python_block_in_the_docs_works",
        "tests/unit/test_traces.py::test_a_failure_that_the_program_takes_is_in_the_trace",
    ],
    "C2": [
        "tests/spec/templates.md::What a string has, and what a loop goes over",
        "tests/spec/templates.md::Fields of what a loop binds",
        "tests/spec/readings.md::Classes, parameters, options and prompts",
    ],
    "C3": [
        "tests/spec/calls.md::Functions and methods of other languages",
        "tests/corpus/ns_lists/index.baml::in_a_field",
        "tests/spec/recovery.md::Types of other languages",
        "tests/spec/recovery.md::Strings of other languages",
        "tests/spec/recovery.md::Loops and functions of other languages",
    ],
    "C4": [
        "tests/unit/test_tracebacks.py::test_an_error_that_nobody_catches_is_short_and_shows_none_of_our_frames",
        "tests/unit/test_errors.py::test_an_answer_that_cannot_be_read_says_whose_it_is_and_where",
    ],
    "C5": [
        "tests/unit/test_python_mistakes.py::test_a_mistake_in_python_says_what_to_write",
        "tests/unit/test_python_mistakes.py::test_a_call_after_close_says_so_until_it_is_entered_again",
        "tests/unit/test_python_mistakes.py::test_a_program_and_the_public_names_are_shown_in_short",
    ],
    "C6": ["tests/unit/test_warm.py::test_a_first_call_does_not_hold_the_event_loop"],
    "C7": [
        "tests/unit/test_cli_run.py::test_an_interrupt_leaves_the_last_partial_marked_incomplete",
        "tests/unit/test_cli_input.py::test_a_program_comes_on_standard_input",
        "tests/unit/test_cli_input.py::test_a_mistake_in_the_file_of_arguments_has_its_place",
        "tests/unit/test_cli_input.py::test_a_literal_at_sign",
        "tests/unit/test_cli_input.py::test_an_argument_that_is_given_twice_is_refused",
        "tests/unit/test_wrong_addresses.py::test_an_error_of_connecting_names_the_proxy",
    ],
}
