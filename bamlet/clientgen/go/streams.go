package baml_client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"
)

// StreamValue is one of a stream: a value on its way, the final one, or what the run failed with. The last is final
// or an error, unless the context has ended the stream.
type StreamValue[S, F any] struct {
	IsFinal bool
	IsError bool
	Error   error
	RunID   string

	partial *S
	final   *F
}

// Stream is the value as far as it has come, or nil.
func (v StreamValue[S, F]) Stream() *S { return v.partial }

// Final is the whole value, or nil.
func (v StreamValue[S, F]) Final() *F { return v.final }

// Resume reads the stream of a run that goes on, or has ended a short while ago.
func Resume[S, F any](ctx context.Context, run string, opts ...Option) (<-chan StreamValue[S, F], error) {
	return started(ctx, &reading[S, F]{server: serverOf(opts), run: run})
}

func stream[S, F any](ctx context.Context, name string, arguments []argument, opts []Option) (<-chan StreamValue[S, F], error) {
	s := serverOf(opts)
	body, err := s.body(arguments)
	if err != nil {
		return nil, err
	}
	if s.key == "" {
		s.key = newKey() // a second request whose first had no answer is the same run
	}
	return started(ctx, &reading[S, F]{server: s, path: "/stream/" + name + "?events=patches", body: body})
}

func started[S, F any](ctx context.Context, r *reading[S, F]) (<-chan StreamValue[S, F], error) {
	if err := ctx.Err(); err != nil {
		return nil, abortError(r.run, err)
	}
	values := make(chan StreamValue[S, F])
	go func() {
		defer close(values)
		r.all(ctx, values)
	}()
	return values, nil
}

type reading[S, F any] struct {
	server *server
	path   string
	body   []byte
	run    string
	last   string
	over   bool
	value  any
}

// all reads until the run or the context ends, also over connections that are cut.
func (r *reading[S, F]) all(ctx context.Context, values chan<- StreamValue[S, F]) {
	failed, restarted := 0, false
	for {
		before := r.last
		err := r.once(ctx, values)
		if r.over {
			return
		}
		if ctx.Err() != nil {
			r.leave()
			return
		}
		var astray BamlProtocolError
		var away BamlConnectionError
		if errors.As(err, &astray) && !restarted && r.run != "" {
			// What we hold is not what the server holds: once more from the start.
			restarted, r.last, r.value = true, "", nil
			continue
		}
		if r.last == before {
			failed++
		} else {
			failed = 0
		}
		if !errors.As(err, &away) || failed > resumes {
			r.send(ctx, values, StreamValue[S, F]{IsError: true, Error: err, RunID: r.run})
			return
		}
		if failed > 1 {
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond << failed):
			}
		}
	}
}

// once reads one connection.
func (r *reading[S, F]) once(ctx context.Context, values chan<- StreamValue[S, F]) error {
	verb, path, headers := "POST", r.path, map[string]string{"idempotency-key": r.server.key}
	if r.run != "" {
		verb, path, headers = "GET", "/runs/"+r.run+"/events?events=patches", map[string]string{}
		if r.last != "" {
			headers["last-event-id"] = r.last
		}
	}
	body := r.body
	if verb == "GET" {
		body = nil
	}
	answer, err := r.server.send(ctx, verb, path, body, headers)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if spoken := answer.Header.Get("bamlet-protocol"); spoken != "" && spoken != protocol {
		r.run = "" // there is nothing that could be read from the start
		return protocolError("the server speaks protocol " + spoken + " and this client " + protocol + "; run `bamlet generate` again")
	}
	events := newEvents(answer.Body)
	for {
		one, err := events.next()
		if err != nil {
			return lost(ctx, r.run, err)
		}
		if err := r.take(ctx, one, values); err != nil || r.over {
			return err
		}
	}
}

// take folds one event into what has come. It tells `values` of it before the event counts as read.
func (r *reading[S, F]) take(ctx context.Context, one event, values chan<- StreamValue[S, F]) error {
	switch one.kind {
	case "start", "reset", "patch", "final", "error":
	default:
		return nil // new to us
	}
	var data struct {
		Run   string          `json:"run"`
		Ops   []operation     `json:"ops"`
		Value json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal([]byte(one.data), &data); err != nil {
		return protocolError("an event is no JSON: " + err.Error())
	}
	var err error
	switch one.kind {
	case "start":
		r.run = data.Run
	case "reset":
		r.value = nil
	case "patch":
		if r.value, err = patched(r.value, data.Ops); err != nil {
			return err
		}
		err = r.show(ctx, values)
	case "final":
		final := new(F)
		if err = json.Unmarshal(data.Value, final); err == nil {
			r.send(ctx, values, StreamValue[S, F]{IsFinal: true, RunID: r.run, final: final})
			r.over = true
		}
	case "error":
		var problem Problem
		if err = json.Unmarshal([]byte(one.data), &problem); err == nil {
			r.send(ctx, values, StreamValue[S, F]{IsError: true, Error: errorOf(problem), RunID: r.run})
			r.over = true
		}
	}
	if one.id != "" {
		r.last = one.id
	}
	if err != nil {
		return protocolError("the value is not of the type that this client knows: " + err.Error())
	}
	return nil
}

func (r *reading[S, F]) show(ctx context.Context, values chan<- StreamValue[S, F]) error {
	data, err := json.Marshal(r.value)
	if err != nil {
		return err
	}
	partial := new(S)
	if err := json.Unmarshal(data, partial); err != nil {
		return err
	}
	r.send(ctx, values, StreamValue[S, F]{RunID: r.run, partial: partial})
	return nil
}

func (r *reading[S, F]) send(ctx context.Context, values chan<- StreamValue[S, F], one StreamValue[S, F]) {
	select {
	case values <- one:
	case <-ctx.Done():
	}
}

// leave ends the run, whose context is over.
func (r *reading[S, F]) leave() {
	if r.run == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if answer, err := r.server.send(ctx, "DELETE", "/runs/"+r.run, nil, nil); err == nil {
		answer.Body.Close()
	} // else it is left to the server's patience
}

type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value whole  `json:"value"`
}

// whole is any value of JSON whose numbers keep all their digits.
type whole struct{ value any }

func (w *whole) UnmarshalJSON(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	return decoder.Decode(&w.value)
}

// patched is a value with changes. An operation that is new to us does nothing.
func patched(value any, operations []operation) (any, error) {
	var err error
	for _, one := range operations {
		switch one.Op {
		case "add", "replace", "remove", "append":
			keys := strings.Split(one.Path, "/")[1:]
			if one.Path == "" {
				keys = nil
			}
			if value, err = changed(value, keys, one); err != nil {
				return nil, err
			}
		}
	}
	return value, nil
}

var unescape = strings.NewReplacer("~1", "/", "~0", "~")

func changed(value any, keys []string, one operation) (any, error) {
	if len(keys) == 0 {
		if one.Op != "append" {
			return one.Value.value, nil
		}
		text, isText := value.(string)
		more, isMore := one.Value.value.(string)
		if !isText || !isMore {
			return nil, astray(one)
		}
		return text + more, nil
	}
	key, deeper := unescape.Replace(keys[0]), keys[1:]
	switch held := value.(type) {
	case []any:
		return changedList(held, key, deeper, one)
	case map[string]any:
		before, there := held[key]
		if !there && (one.Op != "add" || len(deeper) > 0) {
			return nil, astray(one)
		}
		if one.Op == "remove" && len(deeper) == 0 {
			delete(held, key)
			return held, nil
		}
		after, err := changed(before, deeper, one)
		held[key] = after
		return held, err
	}
	return nil, astray(one)
}

func changedList(held []any, key string, deeper []string, one operation) (any, error) {
	at, err := strconv.Atoi(key)
	if key == "-" {
		at, err = len(held), nil
	}
	insert := one.Op == "add" && len(deeper) == 0
	if err != nil || at < 0 || at > len(held) || (at == len(held) && !insert) {
		return nil, astray(one)
	}
	if insert {
		held = append(held, nil)
		copy(held[at+1:], held[at:])
		held[at] = one.Value.value
		return held, nil
	}
	if one.Op == "remove" && len(deeper) == 0 {
		return append(held[:at], held[at+1:]...), nil
	}
	held[at], err = changed(held[at], deeper, one)
	return held, err
}

func astray(one operation) error {
	return protocolError("the server changes (" + one.Op + ") what is not there")
}

type event struct{ kind, data, id string }

// events are those of `text/event-stream`, however its bytes are cut.
type events struct {
	bytes *bufio.Reader
	first bool
	late  bool // a line has ended with CR: an LF that comes next is part of that end
}

func newEvents(body io.Reader) *events { return &events{bytes: bufio.NewReader(body), first: true} }

func (e *events) next() (event, error) {
	one := event{kind: "message"}
	var data []string
	for {
		line, err := e.line()
		if err != nil {
			return event{}, err
		}
		if line == "" {
			if data != nil {
				one.data = strings.Join(data, "\n")
				return one, nil
			}
			one = event{kind: "message"}
			continue
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "data":
			data = append(data, value)
		case "event":
			if one.kind = value; value == "" {
				one.kind = "message"
			}
		case "id":
			if !strings.Contains(value, "\x00") {
				one.id = value
			}
		}
	}
}

func (e *events) line() (string, error) {
	var line bytes.Buffer
	for {
		one, err := e.bytes.ReadByte()
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return "", err
		}
		after := e.late
		e.late = one == '\r'
		if one == '\n' && after {
			continue
		}
		if one == '\n' || one == '\r' {
			text := strings.ToValidUTF8(line.String(), "\uFFFD")
			if e.first {
				text = strings.TrimPrefix(text, "\uFEFF")
			}
			e.first = false
			return text, nil
		}
		line.WriteByte(one)
	}
}
