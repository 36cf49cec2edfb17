package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	b "example.com/myproject/baml_client"
	"example.com/myproject/baml_client/stream_types"
	"example.com/myproject/baml_client/types"
)

const total = 141.65

type value = b.StreamValue[stream_types.ReceiptInfo, types.ReceiptInfo]

func email(t *testing.T) string {
	var arguments struct{ Email string }
	data, err := os.ReadFile(os.Getenv("ARGUMENTS"))
	if err != nil || json.Unmarshal(data, &arguments) != nil {
		t.Fatal(err)
	}
	return arguments.Email
}

// cutting cuts the first answers behind so many bytes; at 0 it asks nobody.
type cutting struct {
	lock   sync.Mutex
	places []int
	seen   []string
}

func (c *cutting) RoundTrip(request *http.Request) (*http.Response, error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.seen = append(c.seen, request.Method+" "+strings.Split(request.URL.Path, "/")[1])
	place := -1
	if request.Method != "DELETE" && len(c.places) > 0 {
		place, c.places = c.places[0], c.places[1:]
	}
	if place == 0 {
		return nil, errors.New("no way")
	}
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err == nil && place > 0 {
		answer.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(io.LimitReader(answer.Body, int64(place))), answer.Body}
	}
	return answer, err
}

func (c *cutting) client() *http.Client { return &http.Client{Transport: c} }

func all(t *testing.T, values <-chan value, err error) (partials []stream_types.ReceiptInfo, last value) {
	if err != nil {
		t.Fatal(err)
	}
	for last = range values {
		if last.Stream() != nil {
			partials = append(partials, *last.Stream())
		}
	}
	return partials, last
}

func TestCall(t *testing.T) {
	ctx := context.Background()
	if found, err := b.Double(ctx, 4, b.WithTags(map[string]string{"user": "7"})); err != nil || found != 8 {
		t.Fatal(found, err)
	}
	if found, err := b.Double(ctx, 1<<62>>1); err != nil || found != 1<<62 {
		t.Fatal(found, err)
	}
}

func TestStream(t *testing.T) {
	ctx := context.Background()
	values, err := b.Stream.ExtractReceiptInfo(ctx, email(t))
	partials, last := all(t, values, err)
	if len(partials) < 4 || !last.IsFinal || *last.Final().Total_cost != total {
		t.Fatal(len(partials), last)
	}
	again, err := b.Resume[stream_types.ReceiptInfo, types.ReceiptInfo](ctx, last.RunID)
	_, same := all(t, again, err)
	if !reflect.DeepEqual(same.Final(), last.Final()) {
		t.Fatal(same)
	}
}

func TestCut(t *testing.T) {
	values, err := b.Stream.ExtractReceiptInfo(context.Background(), email(t))
	whole, _ := all(t, values, err)
	for at := 0; at < 20; at++ {
		cut := &cutting{places: []int{0, 1 + at*197, 30, 900}}
		values, err := b.Stream.ExtractReceiptInfo(context.Background(), email(t), b.WithHTTPClient(cut.client()))
		partials, last := all(t, values, err)
		if !last.IsFinal || *last.Final().Total_cost != total {
			t.Fatal(at, last.Error)
		}
		if !reflect.DeepEqual(partials[len(partials)-1], whole[len(whole)-1]) {
			t.Fatal(at, partials)
		}
		if !reflect.DeepEqual(cut.seen[:2], []string{"POST stream", "POST stream"}) {
			t.Fatal(cut.seen)
		}
	}
}

func TestContextEndsTheRun(t *testing.T) {
	cut := &cutting{}
	ctx, cancel := context.WithCancel(context.Background())
	values, err := b.Stream.ExtractReceiptInfo(ctx, email(t), b.WithHTTPClient(cut.client()))
	if err != nil {
		t.Fatal(err)
	}
	run := (<-values).RunID
	cancel()
	for range values { // closed on every path
	}
	if !reflect.DeepEqual(cut.seen, []string{"POST stream", "DELETE runs"}) {
		t.Fatal(cut.seen)
	}
	resumed, err := b.Resume[any, any](context.Background(), run)
	if err != nil {
		t.Fatal(err)
	}
	var last b.StreamValue[any, any]
	for last = range resumed {
	}
	var aborted b.BamlAbortError
	if !errors.As(last.Error, &aborted) {
		t.Fatal(last.Error)
	}
	if _, err := b.Double(ctx, 1); !errors.As(err, &aborted) || !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestErrors(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var base *b.BamlError
	var thrown b.BamlUnhandledThrow
	if _, err := b.Fails(ctx); !errors.As(err, &thrown) || thrown.Value() != "no" || !errors.As(err, &base) {
		t.Fatal(err)
	}
	var away b.BamlConnectionError
	if _, err := b.Double(ctx, 1, b.WithBaseURL("http://127.0.0.1:1")); !errors.As(err, &away) || !base.Retryable() && !away.Retryable() {
		t.Fatal(err)
	}
	var invalid b.BamlInvalidArgumentError
	if _, err := b.Double(ctx, 1, b.WithClient("Nobody")); !errors.As(err, &invalid) {
		t.Fatal(err)
	}
}

func TestParse(t *testing.T) {
	ctx := context.Background()
	found, err := b.Parse.ExtractReceiptInfo(ctx, `{"items": [{"name": "A", "quantity": 1, "price": 2}], "total_cost": "$3"}`)
	if err != nil || *found.Total_cost != 3 || found.Items[0].Name != "A" || found.Items[0].Description != nil {
		t.Fatal(found, err)
	}
	partial, err := b.ParseStream.ExtractReceiptInfo(ctx, `{"items": [{"name": "A"`)
	if err != nil || partial.Items[0].Price != nil || *partial.Items[0].Name != "A" {
		t.Fatal(partial, err)
	}
}

func TestUnions(t *testing.T) {
	ctx := context.Background()
	found, err := b.Either(ctx)
	if err != nil || len(found) != 4 {
		t.Fatal(found, err)
	}
	kinds := []string{found[0].Kind(), found[1].Kind(), found[2].Kind(), found[3].Kind()}
	if !reflect.DeepEqual(kinds, []string{"Dog", "Cat", "String", "MapOfCat"}) {
		t.Fatal(kinds)
	}
	dog, _ := found[0].AsDog()
	same, err := b.Same(ctx, types.DogOrCat{Dog: &dog})
	if back, ok := same.AsDog(); err != nil || !ok || back != (types.Dog{Name: "a"}) {
		t.Fatal(same, err)
	}
	if _, ok := same.AsCat(); ok {
		t.Fatal(same)
	}
	pets, err := b.Pets(ctx, types.House{}, nil)
	if err != nil || len(pets) != 0 {
		t.Fatal(pets, err)
	}
}
