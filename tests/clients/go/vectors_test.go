package baml_client

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

func vectors[T any](t *testing.T, name string) []T {
	file, err := os.Open(os.Getenv("VECTORS") + "/" + name + ".jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var rows []T
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var row T
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

func TestBytesCutAnywhereAreTheSameEvents(t *testing.T) {
	type row struct {
		Text   string
		Events []struct {
			Kind, Data string
			ID         *string
		}
	}
	for _, row := range vectors[row](t, "events") {
		for _, bytes := range []io.Reader{strings.NewReader(row.Text), iotest.OneByteReader(strings.NewReader(row.Text))} {
			events := newEvents(bytes)
			for _, wanted := range row.Events {
				id := ""
				if wanted.ID != nil {
					id = *wanted.ID
				}
				if found, err := events.next(); err != nil || found != (event{wanted.Kind, wanted.Data, id}) {
					t.Fatalf("%q: %v, %v and not %v", row.Text, found, err, wanted)
				}
			}
			if found, err := events.next(); err != io.ErrUnexpectedEOF {
				t.Fatalf("%q: %v, %v", row.Text, found, err)
			}
		}
	}
}

func TestChanges(t *testing.T) {
	type row struct {
		Value, Result any
		Ops           []operation
		Astray        bool
	}
	for _, row := range vectors[row](t, "changes") {
		found, err := patched(row.Value, row.Ops)
		if row.Astray {
			if err == nil {
				t.Fatalf("%v", row)
			}
			continue
		}
		told, _ := json.Marshal(found)
		var plain any
		_ = json.Unmarshal(told, &plain)
		if err != nil || !reflect.DeepEqual(plain, row.Result) {
			t.Fatalf("%v: %s, %v", row, told, err)
		}
	}
}

func TestErrors(t *testing.T) {
	type row struct {
		Problem Problem
		Class   string
	}
	for _, row := range vectors[row](t, "errors") {
		if found := reflect.TypeOf(errorOf(row.Problem, nil)).String(); strings.TrimLeft(found, "*") != "baml_client."+row.Class {
			t.Fatalf("%v: %s", row, found)
		}
	}
}
