// Package vectors holds records and messages of elections, good ones and, for every check that an auditor
// or a verifier makes, one that fails exactly that check. docs/spec/vectors.md describes them.
package vectors

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed records messages
var files embed.FS

// Record is the record of an election, good or with one thing wrong.
type Record struct {
	Name     string   `json:"-"`
	Base     string   `json:"base,omitempty"`    // name of the good record that it differs from
	Check    string   `json:"check,omitempty"`   // that fails; empty if none does
	Kind     string   `json:"kind,omitempty"`    // of the error
	Alone    bool     `json:"alone,omitempty"`   // nothing else would find it
	Through  string   `json:"through,omitempty"` // a check that finds it by what Check refuses: it passes without either
	Also     []string `json:"also,omitempty"`    // further checks of the audit that fail, and could not but fail
	Deleted  []string `json:"deleted,omitempty"` // files of the base that it lacks
	Election string   `json:"election"`          // the id that the auditor knows
	NoResult bool     `json:"noResult,omitempty"`
	Why      string   `json:"why"`
}

// Step returns the name of the audit's check: the first part of Check.
func (r *Record) Step() string {
	step, _, _ := strings.Cut(r.Check, "/")
	return step
}

// The file that describes a record, and the directory of its files, or of those that are not its base's.
const (
	recordFile = "vector.json"
	recordDir  = "record"
)

// Records returns all records: the good ones first, each kind by name.
func Records() ([]*Record, error) {
	var out []*Record
	for _, kind := range []string{"good", "bad"} {
		root := path.Join("records", kind)
		err := fs.WalkDir(files, root, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.Name() != recordFile {
				return err
			}
			b, err := files.ReadFile(name)
			if err != nil {
				return err
			}
			r := &Record{Name: strings.TrimPrefix(path.Dir(name), "records/")}
			if err := json.Unmarshal(b, r); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			out = append(out, r)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("vectors: %w", err)
		}
	}
	return out, nil
}

// Files returns the content of the record's files, by slash-separated path.
func (r *Record) Files() (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, name := range []string{r.Base, r.Name} {
		if name == "" {
			continue
		}
		root := path.Join("records", name, recordDir)
		err := fs.WalkDir(files, root, func(file string, d fs.DirEntry, err error) error {
			if os.IsNotExist(err) && file == root {
				return nil // nothing but deletions
			}
			if err != nil || d.IsDir() {
				return err
			}
			out[strings.TrimPrefix(file, root+"/")], err = files.ReadFile(file)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("vectors: %s: %w", r.Name, err)
		}
	}
	for _, name := range r.Deleted {
		delete(out, name)
	}
	return out, nil
}

// Write writes the record's files below a directory.
func (r *Record) Write(dir string) error {
	content, err := r.Files()
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(content)) {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, content[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Message is one message, or several that belong together.
type Message struct {
	Name   string   `json:"-"`
	Check  string   `json:"check,omitempty"` // that fails; empty if none does
	Kind   string   `json:"kind,omitempty"`  // of the error
	Alone  bool     `json:"alone,omitempty"` // nothing else would find it
	Record string   `json:"record"`          // the good record of its election, which has its manifest and keys
	Type   string   `json:"type"`
	Parts  []string `json:"parts"` // in hexadecimal
	Why    string   `json:"why"`
}

// Messages returns all messages, by name.
func Messages() ([]*Message, error) {
	var out []*Message
	err := fs.WalkDir(files, "messages", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		m := &Message{Name: strings.TrimSuffix(strings.TrimPrefix(name, "messages/"), ".json")}
		if err := json.Unmarshal(b, m); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, m)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("vectors: %w", err)
	}
	return out, nil
}
