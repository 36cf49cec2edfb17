package baml_client

import "fmt"

// Problem is the body of an error. What stands in it beside the error and its message depends on the error.
type Problem map[string]any

// BamlError is what every failure of a call is below: errors.As finds it, and the kinds that embed it.
type BamlError struct {
	Problem Problem
	cause   error
}

func (e *BamlError) Error() string { return fmt.Sprint(e.Problem["message"]) }

func (e *BamlError) Unwrap() error { return e.cause }

// Kind is the server's word for the failure: "timeout", "validation_failure", …
func (e *BamlError) Kind() string { return e.word("error") }

// RunID is that of the run that failed, if it began.
func (e *BamlError) RunID() string { return e.word("run_id") }

// Retryable tells whether the same call may succeed a while later.
func (e *BamlError) Retryable() bool { return e.Problem["retryable"] == true }

func (e *BamlError) word(key string) string {
	word, _ := e.Problem[key].(string)
	return word
}

// failure is what the kinds have in common. What it unwraps to is for errors.As.
type failure struct{ *BamlError }

func (f failure) Unwrap() error { return f.BamlError }

type BamlInvalidArgumentError struct{ failure }
type BamlValidationError struct{ failure }
type BamlTimeoutError struct{ failure }

// BamlAbortError is of a run that was ended, here or elsewhere. What the context says is below it.
type BamlAbortError struct{ failure }

// BamlUnhandledThrow is of a program that threw.
type BamlUnhandledThrow struct{ failure }

func (e BamlUnhandledThrow) Value() any { return e.Problem["value"] }

// BamlConnectionError is of a server that cannot be reached, or was lost on the way.
type BamlConnectionError struct{ failure }

// BamlProtocolError is of a server that speaks otherwise than this client, which another bamlet has made.
type BamlProtocolError struct{ failure }

// BamlClientError is of a provider that failed.
type BamlClientError struct{ failure }
type BamlClientHttpError struct{ BamlClientError }
type BamlClientFinishReasonError struct{ BamlClientError }

func (e BamlClientHttpError) Unwrap() error         { return e.BamlClientError }
func (e BamlClientFinishReasonError) Unwrap() error { return e.BamlClientError }

func (e BamlClientHttpError) StatusCode() int {
	status, _ := e.Problem["upstream_status"].(float64)
	return int(status)
}

// errorOf makes the error that a problem stands for.
func errorOf(problem Problem, cause error) error {
	made := failure{&BamlError{problem, cause}}
	switch made.Kind() {
	case "bad_request", "invalid_argument", "option_not_allowed":
		return BamlInvalidArgumentError{made}
	case "validation_failure":
		return BamlValidationError{made}
	case "finish_reason":
		return BamlClientFinishReasonError{BamlClientError{made}}
	case "timeout":
		return BamlTimeoutError{made}
	case "cancelled":
		return BamlAbortError{made}
	case "unhandled_throw":
		return BamlUnhandledThrow{made}
	case "connection":
		return BamlConnectionError{made}
	case "protocol":
		return BamlProtocolError{made}
	case "client_error":
		if _, ok := problem["upstream_status"].(float64); ok {
			return BamlClientHttpError{BamlClientError{made}}
		}
		return BamlClientError{made}
	}
	return made.BamlError
}

// newError is one that this side of the wire finds.
func newError(kind, message string, cause error) error {
	return errorOf(Problem{"error": kind, "message": message, "retryable": kind == "connection"}, cause)
}
