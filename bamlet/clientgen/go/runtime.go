package baml_client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"
	"time"
)

const (
	protocol = "1"
	resumes  = 5 // without an event in between
)

// Option is one of a call: what it asks for, or where it is sent.
type Option func(*options)

type options struct {
	baseURL, token, key string
	client              *http.Client
	given               map[string]any
}

// WithClient chooses a client that the program declares.
func WithClient(name string) Option { return given("client", name) }

// WithTags gives the run tags.
func WithTags(tags map[string]string) Option { return given("tags", tags) }

// WithTimeouts limits parts of the call, by their names.
func WithTimeouts(timeouts map[string]time.Duration) Option {
	seconds := map[string]float64{}
	for name, limit := range timeouts {
		seconds[name] = limit.Seconds()
	}
	return given("timeouts", seconds)
}

// WithStrict refuses answers of which something was dropped.
func WithStrict(strict bool) Option { return given("strict", strict) }

// WithEnv gives the run variables; the server must allow it.
func WithEnv(env map[string]string) Option { return given("env", env) }

// WithIdempotencyKey makes the same request with the same key the same run.
func WithIdempotencyKey(key string) Option { return func(o *options) { o.key = key } }

// WithBaseURL sends the call to another server than BAMLET_URL, which else is this machine.
func WithBaseURL(url string) Option { return func(o *options) { o.baseURL = url } }

// WithToken is in place of BAMLET_TOKEN.
func WithToken(token string) Option { return func(o *options) { o.token = token } }

// WithHTTPClient sends the call over a client of yours.
func WithHTTPClient(client *http.Client) Option { return func(o *options) { o.client = client } }

func given(name string, value any) Option {
	return func(o *options) { o.given[name] = value }
}

type server struct{ options }

func serverOf(opts []Option) *server {
	s := &server{options{
		baseURL: os.Getenv("BAMLET_URL"),
		token:   os.Getenv("BAMLET_TOKEN"),
		client:  http.DefaultClient,
		given:   map[string]any{},
	}}
	for _, option := range opts {
		option(&s.options)
	}
	if s.baseURL == "" {
		s.baseURL = "http://127.0.0.1:2024"
	}
	return s
}

// argument is one by its name; nil ones are left out.
type argument struct {
	name  string
	value any
}

// orEmpty is a list or a map that is there, also if it was not set.
func orEmpty[T any](value T) any {
	found := reflect.ValueOf(value)
	if found.Kind() == reflect.Slice && found.IsNil() {
		return []any{}
	}
	if found.Kind() == reflect.Map && found.IsNil() {
		return map[string]any{}
	}
	return value
}

// orNone is nothing for a pointer to nothing, which for an interface is something.
func orNone[T any](value T) any {
	found := reflect.ValueOf(value)
	switch found.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		if found.IsNil() {
			return nil
		}
	case reflect.Invalid:
		return nil
	}
	return value
}

// body writes arguments and options as JSON.
func (s *server) body(arguments []argument) ([]byte, error) {
	made := map[string]any{}
	for _, one := range arguments {
		if one.value != nil {
			made[one.name] = one.value
		}
	}
	if len(s.given) > 0 {
		made["__baml_options__"] = s.given
	}
	data, err := json.Marshal(made)
	if err != nil {
		return nil, BamlInvalidArgumentError{&BamlError{Problem{"error": "invalid_argument", "message": err.Error()}, err}}
	}
	return data, nil
}

// send makes one request. Its answer is a success, and is to be closed.
func (s *server) send(ctx context.Context, verb, path string, body []byte, headers map[string]string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, verb, strings.TrimRight(s.baseURL, "/")+path, bytes.NewReader(body))
	if err != nil {
		return nil, connectionError(err)
	}
	request.Header.Set("bamlet-types", "tagged")
	if body != nil {
		request.Header.Set("content-type", "application/json")
	}
	if s.token != "" {
		request.Header.Set("authorization", "Bearer "+s.token)
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	answer, err := s.client.Do(request)
	if err != nil {
		return nil, lost(ctx, "", err)
	}
	if answer.StatusCode >= 400 {
		defer answer.Body.Close()
		return nil, errorOf(problemOf(answer))
	}
	return answer, nil
}

// lost tells whether the caller has ended it, or the network has.
func lost(ctx context.Context, run string, err error) error {
	if ctx.Err() != nil {
		return abortError(run, ctx.Err())
	}
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err // without the address, which may have a password
	}
	return connectionError(err)
}

func problemOf(answer *http.Response) Problem {
	var found Problem
	data, err := io.ReadAll(answer.Body)
	if err == nil && json.Unmarshal(data, &found) == nil && found["error"] != nil && found["message"] != nil {
		return found
	}
	// Not of ours: a proxy in between has answered.
	return Problem{"error": "http", "message": fmt.Sprintf("the server answered with %d", answer.StatusCode)}
}

func (s *server) read(ctx context.Context, path string, body []byte, headers map[string]string, into any) error {
	answer, err := s.send(ctx, "POST", path, body, headers)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		return lost(ctx, answer.Header.Get("bamlet-run-id"), err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return protocolError("the value is not of the type that this client knows: " + err.Error())
	}
	return nil
}

func call[F any](ctx context.Context, name string, arguments []argument, opts []Option) (F, error) {
	var value F
	s := serverOf(opts)
	body, err := s.body(arguments)
	if err != nil {
		return value, err
	}
	headers := map[string]string{}
	if s.key != "" {
		headers["idempotency-key"] = s.key
	}
	// Nobody could fetch the value of a call that is left, so the run is to end with it.
	err = s.read(ctx, "/call/"+name+"?on_disconnect=cancel", body, headers, &value)
	return value, err
}

func parse[T any](ctx context.Context, name, text string, partial bool, opts []Option) (T, error) {
	var found struct {
		Value T `json:"value"`
	}
	body, err := json.Marshal(map[string]any{"text": text, "partial": partial})
	if err != nil {
		return found.Value, err
	}
	err = serverOf(opts).read(ctx, "/parse/"+name, body, nil, &found)
	return found.Value, err
}

func newKey() string {
	var random [16]byte
	if _, err := rand.Read(random[:]); err != nil {
		panic(err) // without randomness there is nothing left to trust
	}
	return fmt.Sprintf("%x", random)
}
