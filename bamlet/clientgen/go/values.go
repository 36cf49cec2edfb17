package types

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Media is an image, a sound or a document: by its place, or as it is.
type Media struct {
	URL       string `json:"url,omitempty"`
	Base64    string `json:"base64,omitempty"`
	MediaType string `json:"media_type,omitempty"`
}

// Check is the outcome of one: "succeeded" or "failed".
type Check struct {
	Name       string `json:"name"`
	Expression string `json:"expression"`
	Status     string `json:"status"`
}

// Checked is a value with the outcome of its checks, by their names.
type Checked[T any] struct {
	Value  T                `json:"value"`
	Checks map[string]Check `json:"checks"`
}

// StreamState is a part of a stream and how far it is: "Pending", "Incomplete" or "Complete".
type StreamState[T any] struct {
	Value T      `json:"value"`
	State string `json:"state"`
}

// Try reads a member of a union, and tells whether the value is one. A tag is the name of a class, which the server
// writes beside the fields of its values. For generated code.
func Try[T any](data []byte, tag string, at **T) bool {
	var tagged struct {
		Type string `json:"$type"`
	}
	_ = json.Unmarshal(data, &tagged) // what is no object has no tag
	made := new(T)
	if tagged.Type != tag || json.Unmarshal(data, made) != nil {
		return false
	}
	if one, ok := any(*made).(interface{ IsValid() bool }); ok && !one.IsValid() {
		return false
	}
	*at = made
	return true
}

// IsNull tells whether a value of JSON is null. For generated code.
func IsNull(data []byte) bool { return string(bytes.TrimSpace(data)) == "null" }

// More reads what stands beside the fields of a class. For generated code.
func More(data []byte, fields string) (map[string]any, error) {
	var all map[string]any
	err := json.Unmarshal(data, &all)
	for _, field := range append(strings.Fields(fields), "$type") {
		delete(all, field)
	}
	return all, err
}

// Together writes fields and what stands beside them. For generated code.
func Together(fields any, more map[string]any) ([]byte, error) {
	data, err := json.Marshal(fields)
	if err != nil || len(more) == 0 {
		return data, err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, err
	}
	for key, value := range more {
		if all[key], err = json.Marshal(value); err != nil {
			return nil, err
		}
	}
	return json.Marshal(all)
}
