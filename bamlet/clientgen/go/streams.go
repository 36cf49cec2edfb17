package baml_client

import (
	"bufio"
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

func stream[S, F any](
	ctx context.Context, name string, arguments []argument, opts []Option,
) (<-chan StreamValue[S, F], error) {
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
		return nil, lost(ctx, r.run, err)
	}
	values := make(chan StreamValue[S, F])
	r.values = values
	go r.all(ctx)
	return values, nil
}

type reading[S, F any] struct {
	server    *server
	path      string
	body      []byte
	run, last string
	value     any
	values    chan<- StreamValue[S, F]
	over      bool
	restarted bool
	failed    int
}

// all reads until the run or the context ends, also over connections that are cut.
func (r *reading[S, F]) all(ctx context.Context) {
	defer close(r.values)
	for !r.over {
		err := r.once(ctx)
		if r.over {
			return
		}
		if ctx.Err() != nil {
			r.leave()
			return
		}
		if !r.goesOn(ctx, err) {
			r.show(ctx, StreamValue[S, F]{IsError: true, Error: err})
		}
	}
}

// goesOn tells whether another connection may bring what this one has not.
func (r *reading[S, F]) goesOn(ctx context.Context, err error) bool {
	var astray BamlProtocolError
	if errors.As(err, &astray) && !r.restarted && r.run != "" {
		// What we hold is not what the server holds: once more from the start.
		r.restarted, r.last, r.value = true, "", nil
		return true
	}
	var away BamlConnectionError
	if !errors.As(err, &away) || r.failed == resumes {
		return false
	}
	if r.failed++; r.failed > 1 {
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond << r.failed):
		}
	}
	return true
}

// once reads one connection.
func (r *reading[S, F]) once(ctx context.Context) error {
	verb, path, body := "POST", r.path, r.body
	headers := map[string]string{"idempotency-key": r.server.key}
	if r.run != "" {
		verb, path, body = "GET", "/runs/"+r.run+"/events?events=patches", nil
		headers = map[string]string{"last-event-id": r.last}
	}
	answer, err := r.server.send(ctx, verb, path, body, headers)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if spoken := answer.Header.Get("bamlet-protocol"); spoken != "" && spoken != protocol {
		r.run = "" // there is nothing that could be read from the start
		told := "the server speaks protocol " + spoken + " and this client " + protocol + "; run `bamlet generate` again"
		return newError("protocol", told, nil)
	}
	for events := newEvents(answer.Body); ; {
		one, err := events.next()
		if err != nil {
			return lost(ctx, r.run, err)
		}
		if err := r.take(ctx, one); err != nil || r.over {
			return err
		}
		if one.id != "" {
			r.last, r.failed = one.id, 0
		}
	}
}

// take folds one event into what has come. One of a kind that is new to us does nothing.
func (r *reading[S, F]) take(ctx context.Context, one event) error {
	switch one.kind {
	case "start":
		var begun struct{ Run string }
		err := decoded([]byte(one.data), &begun)
		r.run = begun.Run
		return err
	case "reset":
		r.value = nil
	case "patch":
		return r.change(ctx, one.data)
	case "final":
		var whole struct{ Value F }
		if err := decoded([]byte(one.data), &whole); err != nil {
			return err
		}
		r.show(ctx, StreamValue[S, F]{IsFinal: true, final: &whole.Value})
	case "error":
		var problem Problem
		if err := decoded([]byte(one.data), &problem); err != nil {
			return err
		}
		r.show(ctx, StreamValue[S, F]{IsError: true, Error: errorOf(problem, nil)})
	}
	return nil
}

func (r *reading[S, F]) change(ctx context.Context, data string) error {
	var changes struct{ Ops []operation }
	decoder := json.NewDecoder(strings.NewReader(data))
	decoder.UseNumber() // of which no digit is lost
	err := decoder.Decode(&changes)
	if err == nil {
		r.value, err = patched(r.value, changes.Ops)
	}
	if err != nil {
		return newError("protocol", err.Error(), err)
	}
	whole, err := json.Marshal(r.value)
	if err != nil {
		return err
	}
	partial := new(S)
	if err := decoded(whole, partial); err != nil {
		return err
	}
	r.show(ctx, StreamValue[S, F]{partial: partial})
	return nil
}

// show gives a value to who reads, or drops it with the context.
func (r *reading[S, F]) show(ctx context.Context, one StreamValue[S, F]) {
	one.RunID = r.run
	select {
	case r.values <- one:
	case <-ctx.Done():
	}
	r.over = one.IsFinal || one.IsError
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
	Op, Path string
	Value    any
}

// patched is a value with changes. An operation that is new to us does nothing.
func patched(value any, operations []operation) (any, error) {
	for _, one := range operations {
		switch one.Op {
		case "add", "replace", "remove", "append":
			var ok bool
			// In front of the first stroke there is nothing.
			if value, ok = changed(value, strings.Split(one.Path, "/")[1:], one); !ok {
				return nil, errors.New("the server changes (" + one.Op + ") what is not there")
			}
		}
	}
	return value, nil
}

var unescape = strings.NewReplacer("~1", "/", "~0", "~")

// changed is a value after an operation below it, and whether what that names is there.
func changed(value any, keys []string, one operation) (any, bool) {
	if len(keys) == 0 {
		if one.Op != "append" {
			return one.Value, true
		}
		text, isText := value.(string)
		more, isMore := one.Value.(string)
		return text + more, isText && isMore
	}
	key, deeper := unescape.Replace(keys[0]), keys[1:]
	adds, removes := one.Op == "add" && len(deeper) == 0, one.Op == "remove" && len(deeper) == 0
	switch held := value.(type) {
	case map[string]any:
		before, ok := held[key]
		switch {
		case adds:
			held[key], ok = one.Value, true
		case removes:
			delete(held, key)
		case ok:
			held[key], ok = changed(before, deeper, one)
		}
		return held, ok
	case []any:
		at, err := strconv.Atoi(key)
		if key == "-" {
			at, err = len(held), nil
		}
		ok := err == nil && at >= 0 && (at < len(held) || at == len(held) && adds)
		switch {
		case !ok:
			return nil, false
		case adds:
			held = append(held, nil)
			copy(held[at+1:], held[at:])
			held[at] = one.Value
		case removes:
			held = append(held[:at], held[at+1:]...)
		default:
			held[at], ok = changed(held[at], deeper, one)
		}
		return held, ok
	}
	return nil, false
}

type event struct{ kind, data, id string }

// events are those of `text/event-stream`, however its bytes are cut.
type events struct {
	bytes *bufio.Reader
	late  bool // a line has ended with CR: an LF that comes next is part of that end
}

func newEvents(body io.Reader) *events {
	reader := bufio.NewReader(body)
	if mark, _ := reader.Peek(3); string(mark) == "\uFEFF" {
		_, _ = reader.Discard(3)
	}
	return &events{bytes: reader}
}

func (e *events) next() (event, error) {
	one := event{kind: "message"}
	var data []string
	for {
		line, err := e.line()
		if err != nil {
			return event{}, err
		}
		if line == "" && data != nil {
			one.data = strings.Join(data, "\n")
			return one, nil
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "":
			one = event{kind: "message"}
		case field == "data":
			data = append(data, value)
		case field == "event" && value == "":
			one.kind = "message"
		case field == "event":
			one.kind = value
		case field == "id" && !strings.Contains(value, "\x00"):
			one.id = value
		}
	}
}

func (e *events) line() (string, error) {
	var line []byte
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
		switch {
		case one == '\n' && after:
		case one == '\n' || one == '\r':
			return strings.ToValidUTF8(string(line), "\uFFFD"), nil
		default:
			line = append(line, one)
		}
	}
}
