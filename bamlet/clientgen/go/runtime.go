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

// server is where a call is sent, and what it asks for beside its arguments.
type server struct {
	baseURL, token, key string
	client              *http.Client
	given               map[string]any
}

// Option is one of a call: what it asks for, or where it is sent.
type Option func(*server)

func given(name string, value any) Option { return func(s *server) { s.given[name] = value } }

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
func WithIdempotencyKey(key string) Option { return func(s *server) { s.key = key } }

// WithBaseURL sends the call to another server than BAMLET_URL, which else is this machine.
func WithBaseURL(url string) Option { return func(s *server) { s.baseURL = url } }

// WithToken is in place of BAMLET_TOKEN.
func WithToken(token string) Option { return func(s *server) { s.token = token } }

// WithHTTPClient sends the call over a client of yours.
func WithHTTPClient(client *http.Client) Option { return func(s *server) { s.client = client } }

func serverOf(opts []Option) *server {
	s := &server{
		baseURL: os.Getenv("BAMLET_URL"),
		token:   os.Getenv("BAMLET_TOKEN"),
		client:  http.DefaultClient,
		given:   map[string]any{},
	}
	for _, option := range opts {
		option(s)
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

// orNone is nothing for what is not set, which for an interface is something.
func orNone[T any](value T) any { return orEmpty(value, nil) }

// orEmpty is an empty list or map for one that is not set.
func orEmpty[T any](value T, empty any) any {
	found := reflect.ValueOf(value)
	switch found.Kind() {
	case reflect.Invalid:
		return empty
	case reflect.Pointer, reflect.Slice, reflect.Map:
		if found.IsNil() {
			return empty
		}
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
		return nil, newError("invalid_argument", err.Error(), err)
	}
	return data, nil
}

// send makes one request; headers without a value are left out. Its answer is a success, and is to be closed.
func (s *server) send(
	ctx context.Context, verb, path string, body []byte, headers map[string]string,
) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, verb, strings.TrimRight(s.baseURL, "/")+path, bytes.NewReader(body))
	if err != nil {
		return nil, lost(ctx, "", err)
	}
	for name, value := range headers {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	request.Header.Set("bamlet-types", "tagged")
	if body != nil {
		request.Header.Set("content-type", "application/json")
	}
	if s.token != "" {
		request.Header.Set("authorization", "Bearer "+s.token)
	}
	answer, err := s.client.Do(request)
	if err != nil {
		return nil, lost(ctx, "", err)
	}
	if answer.StatusCode < 400 {
		return answer, nil
	}
	defer answer.Body.Close()
	var problem Problem
	err = json.NewDecoder(answer.Body).Decode(&problem)
	if err != nil || problem["error"] == nil || problem["message"] == nil {
		// Not of ours: a proxy in between has answered.
		return nil, newError("http", fmt.Sprintf("the server answered with %d", answer.StatusCode), err)
	}
	return nil, errorOf(problem, nil)
}

// lost tells whether the caller has ended it, or the network has.
func lost(ctx context.Context, run string, err error) error {
	if ctx.Err() != nil {
		message := "the call was aborted: " + ctx.Err().Error()
		return errorOf(Problem{"error": "cancelled", "message": message, "run_id": run}, ctx.Err())
	}
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err // without the address, which may have a password
	}
	return newError("connection", "the server cannot be reached: "+err.Error(), err)
}

// decoded reads what the server has written for us.
func decoded(data []byte, into any) error {
	if err := json.Unmarshal(data, into); err != nil {
		return newError("protocol", "the value is not of the type that this client knows: "+err.Error(), err)
	}
	return nil
}

func (s *server) read(ctx context.Context, path string, arguments []argument, into any) error {
	body, err := s.body(arguments)
	if err != nil {
		return err
	}
	answer, err := s.send(ctx, "POST", path, body, map[string]string{"idempotency-key": s.key})
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		return lost(ctx, answer.Header.Get("bamlet-run-id"), err)
	}
	return decoded(data, into)
}

func call[F any](ctx context.Context, name string, arguments []argument, opts []Option) (value F, err error) {
	// Nobody could fetch the value of a call that is left, so the run is to end with it.
	err = serverOf(opts).read(ctx, "/call/"+name+"?on_disconnect=cancel", arguments, &value)
	return value, err
}

func parse[T any](ctx context.Context, name, text string, partial bool, opts []Option) (T, error) {
	var found struct {
		Value T `json:"value"`
	}
	s := serverOf(opts)
	s.given = nil // there is no run that it could be for
	err := s.read(ctx, "/parse/"+name, []argument{{"text", text}, {"partial", partial}}, &found)
	return found.Value, err
}

func newKey() string {
	var random [16]byte
	if _, err := rand.Read(random[:]); err != nil {
		panic(err) // without randomness there is nothing left to trust
	}
	return fmt.Sprintf("%x", random)
}
