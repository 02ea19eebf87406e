package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/examples/internal/stage"
)

// unproven is a directory of checkpoints that the box signed and whose files it did not show. One of
// them may be of a second history: when the copy has grown beyond it, its tiles tell.
type unproven string

// maxUnproven bounds how many are kept, the first ones: each may have 128 KiB.
const maxUnproven = 16

func (u unproven) names() ([]string, error) {
	entries, err := os.ReadDir(string(u))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() {
			names = append(names, filepath.Join(string(u), e.Name()))
		}
	}
	return names, nil
}

// keep stores the checkpoint of an error that has one.
func (u unproven) keep(err error) error {
	var e *box.Unproven
	if !errors.As(err, &e) {
		return nil
	}
	path := filepath.Join(string(u), fmt.Sprintf("%x", e.Checkpoint.Digest()))
	names, err := u.names()
	if err != nil || len(names) >= maxUnproven || stage.Exists(path) {
		return err
	}
	return stage.Put(path, e.Checkpoint.Note)
}

// compare checks what is kept against the head of the copy in a directory. What turns out to be its
// beginning is removed; what contradicts it is evidence.
func (u unproven) compare(m *ballot.Manifest, head *box.Checkpoint, dir string) (*box.Evidence, error) {
	names, err := u.names()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		b, err := stage.Read(name)
		if err != nil {
			return nil, err
		}
		c, err := box.ParseCheckpoint(m, b)
		if err != nil {
			continue // something else; a person put it there
		}
		_, err = box.CheckConsistency(m, c, head, os.DirFS(dir))
		if evidence := new(box.Evidence); errors.As(err, &evidence) {
			return evidence, nil
		}
		if err == nil {
			if err := os.Remove(name); err != nil {
				return nil, err
			}
			_ = os.Remove(string(u)) // if it is empty
		}
	}
	return nil, nil
}
