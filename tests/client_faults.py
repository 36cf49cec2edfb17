"""Faults of BAML's own Python client, by number, and the tests that show that ours has them not.

F1 to F27 are those that were measured on its generated client, and the pains what its users suffer: of 25 these
concern a client, the others are of its commands, its server, its editor and its playground. A test is named as
pytest names it.
"""

from __future__ import annotations

CALLS = "tests/unit/test_client_calls.py"
CLIENTGEN = "tests/unit/test_clientgen.py"
COLLECTOR = "tests/unit/test_collector.py"
ERRORS = "tests/unit/test_errors.py"
HERE = "tests/unit/test_client_faults.py"
ORCHESTRATION = "tests/unit/test_orchestration.py"
PROGRAMS = "tests/unit/test_client_programs.py"
SERVERS = "tests/unit/test_client_servers.py"

FAULTS: dict[str, list[str]] = {
    "F1": [f"{CALLS}::test_f1_an_error_comes_out_of_the_loop_and_again_with_the_final_value"],
    "F2": [f"{CLIENTGEN}::test_f2_a_recursive_alias_is_a_type_of_pydantic"],
    "F3": [f"{CLIENTGEN}::test_f3_every_partial_value_is_what_its_annotations_say"],
    "F4": [
        f"{CALLS}::test_f4_a_key_that_is_taken_away_fails_before_sending",
        f"{ERRORS}::test_f4_a_variable_that_is_taken_away_fails_before_anything_is_sent",
    ],
    "F5": [
        f"{CLIENTGEN}::test_f5_names_of_helpers_are_free",
        f"{CLIENTGEN}::test_f5_names_that_python_cannot_have_are_refused_with_a_fix",
    ],
    "F6": [f"{CALLS}::test_f6_a_loop_over_a_stream_that_has_ended_is_refused"],
    "F7": [f"{CALLS}::test_f7_ticks_come_to_blocking_clients_and_no_collector_is_added"],
    "F8": [f"{CALLS}::test_f8_a_client_of_a_registry_is_taken_and_the_registry_stays"],
    "F9": [f"{HERE}::test_f9_comments_are_docstrings_and_descriptions"],
    "F10": [f"{CLIENTGEN}::test_f10_checks_have_their_names_once"],
    "F11": [f"{CALLS}::test_f11_no_options_are_the_same_as_none"],
    "F12": [
        f"{CALLS}::test_f12_an_option_of_the_wrong_kind_is_told_by_name",
        f"{CALLS}::test_f12_an_object_of_the_wrong_kind_is_told_by_the_name_of_its_key",
        f"{CALLS}::test_a_collector_sees_what_a_client_calls",
        f"{COLLECTOR}::test_f12_what_is_no_collector_is_refused_by_name",
    ],
    "F13": [
        f"{COLLECTOR}::test_f13_keys_are_nowhere",
        "tests/unit/test_logs.py::test_prompts_and_answers_are_for_debugging_and_keys_for_nobody",
    ],
    "F14": [
        f"{CALLS}::test_types_are_made_at_run_time",
        "tests/unit/test_run_time_types.py::test_f14_a_class_of_the_program_comes_back_as_that_class",
    ],
    "F15": [
        f"{CALLS}::test_f15_the_parts_of_an_expression_function_are_refused",
        f"{HERE}::test_f15_a_stream_of_an_expression_function_shows_nothing_and_has_its_value",
        f"{HERE}::test_f15_a_stream_of_a_function_that_gives_an_answer_shows_it",
    ],
    "F16": [
        f"{CALLS}::test_f16_all_wrong_arguments_are_told_at_once_in_words",
        f"{HERE}::test_f16_messages_are_words_and_no_traceback_of_ours",
    ],
    "F17": [
        f"{CALLS}::test_f17_one_controller_stops_all_of_its_calls",
        "tests/unit/test_abort_controller.py::test_f17_one_controller_stops_all_of_its_calls",
    ],
    "F18": [
        "tests/unit/test_abort_controller.py::test_f18_when_the_time_is_over_it_says_so_before_the_error_comes"
    ],
    "F19": [
        f"{CALLS}::test_f19_what_cannot_be_read_is_a_validation_error",
        f"{ERRORS}::test_f19_pain_17_a_failure_to_parse_has_one_class",
    ],
    "F20": [f"{CALLS}::test_f20_two_packages_share_nothing"],
    "F21": [
        f"{PROGRAMS}::test_f21_a_fork_calls_on_whatever_its_parent_has_done",
        f"{PROGRAMS}::test_f21_importing_starts_nothing_and_brings_nothing_heavy",
        f"{SERVERS}::test_f21_pain_1_workers_that_gunicorn_forks_after_a_call_answer",
        f"{SERVERS}::test_f21_a_pool_that_is_forked_after_a_call_answers",
        "tests/unit/test_baml_py.py::test_f21_importing_starts_nothing",
    ],
    "F22": [f"{HERE}::test_f22_pain_2_calls_share_a_connection"],
    "F23": [
        f"{HERE}::test_f23_nothing_is_printed_by_a_client",
        "tests/unit/test_logs.py::test_f23_pain_14_nothing_is_printed_unless_asked",
    ],
    "F24": [f"{HERE}::test_f24_pain_20_a_large_client_is_small_and_imported_in_parts"],
    "F25": [
        "tests/unit/test_client_checkers.py::test_mypy_finds_each_mistake_of_a_user_and_none_of_ours",
        "tests/interop/test_pyright.py::test_pyright_finds_each_mistake_of_a_user_and_none_of_ours",
        f"{CLIENTGEN}::test_linters_and_formatters_have_nothing_to_say",
    ],
    "F26": [f"{HERE}::test_f26_pain_9_only_what_another_try_may_help_is_retried"],
    "F27": [
        f"{COLLECTOR}::test_a_stream_has_its_events_and_the_time_of_its_first_word",
        f"{COLLECTOR}::test_pain_15_attempts_stand_in_their_order_and_the_one_that_answered_is_selected",
        f"{CALLS}::test_f27_a_listener_hears_of_each_call_that_asks_a_model",
        f"{CALLS}::test_a_listener_hears_of_each_llm_function_inside_of_a_call",
    ],
}

PAINS: dict[int, list[str]] = {
    1: FAULTS["F21"],
    2: FAULTS["F22"],
    3: [
        f"{HERE}::test_pain_3_leaving_an_async_loop_closes_the_request_and_blocks_nobody",
        f"{CALLS}::test_a_stream_that_nobody_holds_closes_its_connection",
        f"{SERVERS}::test_a_client_of_the_web_that_leaves_closes_the_upstream_socket",
    ],
    4: [f"{HERE}::test_pain_4_a_stream_takes_no_thread_and_nobody_polls"],
    5: [
        f"{HERE}::test_pain_5_a_consumer_chooses_what_it_is_shown",
        "tests/unit/test_stream_limits.py::test_condition_5_the_latest_partial_is_enough_for_a_busy_consumer",
    ],
    6: FAULTS["F6"],
    7: FAULTS["F7"],
    8: [*FAULTS["F8"], "tests/unit/test_client_registry.py::test_f8_pain_8_a_call_changes_no_registry"],
    9: [
        *FAULTS["F26"],
        f"{ORCHESTRATION}::test_the_server_may_ask_for_a_longer_wait",
        f"{ORCHESTRATION}::test_the_total_limit_is_for_all_attempts_together",
    ],
    10: [
        f"{ORCHESTRATION}::test_a_policy_that_lists_causes_retries_these_and_no_others",
        f"{ORCHESTRATION}::test_an_answer_that_does_not_fit_is_asked_for_again_where_the_policy_lists_it",
        f"{ORCHESTRATION}::test_what_a_policy_lists_counts_as_a_failure_of_the_client_afterwards",
    ],
    11: [f"{HERE}::test_pain_11_the_clock_of_the_first_token_starts_when_the_request_is_sent"],
    14: [*FAULTS["F23"], "tests/unit/test_logs.py::test_baml_log_writes_to_standard_error"],
    15: [*FAULTS["F13"], *FAULTS["F27"]],
    16: [
        f"{HERE}::test_pain_16_maps_and_dicts_are_shown_in_their_order",
        "tests/unit/test_prompt_bytes.py::test_another_hash_seed_changes_nothing",
    ],
    17: FAULTS["F19"],
    18: [
        f"{ERRORS}::test_pain_18_an_error_survives_pickling_and_copying",
        f"{PROGRAMS}::test_values_clients_and_errors_cross_to_a_process_that_was_spawned",
    ],
    19: [*FAULTS["F25"], *FAULTS["F9"]],
    20: FAULTS["F24"],
}

OF_NO_CLIENT: dict[int, str] = {
    12: "serve: the end of a stream that fails",
    13: "serve: where it listens, and what it takes and gives",
    21: "the language server",
    22: "check",
    23: "fmt",
    24: "test",
    25: "the playground",
}
