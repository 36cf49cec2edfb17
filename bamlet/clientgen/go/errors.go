package baml_client

import "fmt"

// Problem is the body of an error. What stands in it beside the error and its message depends on the error.
type Problem map[string]any

// BamlError is what every failure of a call is below: errors.As finds it, and the kinds that embed it.
type BamlError struct {
	Problem Problem
	cause   error
}

func (e *BamlError) Error() string {
	return fmt.Sprint(e.Problem["message"])
}

func (e *BamlError) Unwrap() error { return e.cause }

// Kind is the server's word for the failure: "timeout", "validation_failure", …
func (e *BamlError) Kind() string {
	kind, _ := e.Problem["error"].(string)
	return kind
}

// RunID is that of the run that failed, if it began.
func (e *BamlError) RunID() string {
	run, _ := e.Problem["run_id"].(string)
	return run
}

// Retryable tells whether the same call may succeed a while later.
func (e *BamlError) Retryable() bool {
	retryable, _ := e.Problem["retryable"].(bool)
	return retryable
}

type BamlInvalidArgumentError struct{ *BamlError }

func (e BamlInvalidArgumentError) Unwrap() error { return e.BamlError }

type BamlValidationError struct{ *BamlError }

func (e BamlValidationError) Unwrap() error { return e.BamlError }

type BamlTimeoutError struct{ *BamlError }

func (e BamlTimeoutError) Unwrap() error { return e.BamlError }

// BamlAbortError is of a run that was ended, here or elsewhere. What the context says is below it.
type BamlAbortError struct{ *BamlError }

func (e BamlAbortError) Unwrap() error { return e.BamlError }

// BamlUnhandledThrow is of a program that threw.
type BamlUnhandledThrow struct{ *BamlError }

func (e BamlUnhandledThrow) Unwrap() error { return e.BamlError }

func (e BamlUnhandledThrow) Value() any { return e.Problem["value"] }

// BamlClientError is of a provider that failed.
type BamlClientError struct{ *BamlError }

func (e BamlClientError) Unwrap() error { return e.BamlError }

type BamlClientHttpError struct{ BamlClientError }

func (e BamlClientHttpError) Unwrap() error { return e.BamlClientError }

func (e BamlClientHttpError) StatusCode() int {
	status, _ := e.Problem["upstream_status"].(float64)
	return int(status)
}

type BamlClientFinishReasonError struct{ BamlClientError }

func (e BamlClientFinishReasonError) Unwrap() error { return e.BamlClientError }

// BamlConnectionError is of a server that cannot be reached, or was lost on the way.
type BamlConnectionError struct{ *BamlError }

func (e BamlConnectionError) Unwrap() error { return e.BamlError }

// BamlProtocolError is of a server that speaks otherwise than this client, which another bamlet has made.
type BamlProtocolError struct{ *BamlError }

func (e BamlProtocolError) Unwrap() error { return e.BamlError }

// errorOf makes the error that a problem stands for.
func errorOf(problem Problem) error {
	base := &BamlError{Problem: problem}
	switch base.Kind() {
	case "bad_request", "invalid_argument", "option_not_allowed":
		return BamlInvalidArgumentError{base}
	case "validation_failure":
		return BamlValidationError{base}
	case "finish_reason":
		return BamlClientFinishReasonError{BamlClientError{base}}
	case "timeout":
		return BamlTimeoutError{base}
	case "cancelled":
		return BamlAbortError{base}
	case "unhandled_throw":
		return BamlUnhandledThrow{base}
	case "client_error":
		if _, ok := problem["upstream_status"].(float64); ok {
			return BamlClientHttpError{BamlClientError{base}}
		}
		return BamlClientError{base}
	}
	return base
}

func abortError(run string, cause error) error {
	problem := Problem{"error": "cancelled", "message": "the call was aborted: " + cause.Error(), "run_id": run}
	return BamlAbortError{&BamlError{problem, cause}}
}

func connectionError(cause error) error {
	message := "the server cannot be reached: " + cause.Error()
	return BamlConnectionError{&BamlError{Problem{"error": "connection", "message": message, "retryable": true}, cause}}
}

func protocolError(message string) error {
	return BamlProtocolError{&BamlError{Problem: Problem{"error": "protocol", "message": message}}}
}
