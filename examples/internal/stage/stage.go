// Package stage has what the example elections share: a program that starts itself in
// several roles, files as messages between them, progress, and exit codes.
//
// The processes of an election share nothing but a directory. A message is a file that
// appears whole: Put writes it under another name and renames it, Take waits for it.
package stage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/scrutin/scrutin/internal/legible"
)

// ErrUsage is the kind of an error that the user of a program made: exit status 2.
var ErrUsage = errors.New("usage")

// Usagef returns an error of kind ErrUsage.
func Usagef(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

type usageError struct{ text string }

func (e *usageError) Error() string        { return e.text }
func (e *usageError) Is(target error) bool { return target == ErrUsage }

// Exit ends a program: status 0 without an error, 2 for ErrUsage, 1 otherwise.
func Exit(program string, err error) {
	if err == nil {
		os.Exit(0)
	}
	fmt.Fprintf(os.Stderr, "%s: %v\n", program, err)
	if errors.Is(err, ErrUsage) {
		os.Exit(2)
	}
	os.Exit(1)
}

// Line is an error on one line, without characters that change how it reads: names of files and what a server
// says can be in it.
func Line(err error) string { return legible.Printable(strings.ReplaceAll(err.Error(), "\n", "; ")) }

// Put writes a file that appears whole, with its directories.
func Put(path string, data []byte) error { return put(path, data, 0o755, 0o644) }

// PutSecret is Put for a file that only its owner may read.
func PutSecret(path string, data []byte) error { return put(path, data, 0o700, 0o600) }

func put(path string, data []byte, dirMode, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), dirMode); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails harmlessly once renamed
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// maxMessage bounds what Take and Read accept, in bytes.
const maxMessage = 1 << 24

// Read reads a file of at most 16 MiB.
func Read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // to open a pipe would block
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxMessage+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxMessage {
		return nil, fmt.Errorf("%s: more than %d bytes", path, maxMessage)
	}
	return b, nil
}

const poll = 5 * time.Millisecond

// Take waits until a file is there and reads it.
func Take(ctx context.Context, path string) ([]byte, error) {
	for {
		b, err := Read(path)
		if !errors.Is(err, fs.ErrNotExist) {
			return b, err
		}
		if err := Pause(ctx); err != nil {
			return nil, fmt.Errorf("waiting for %s: %w", filepath.Base(path), err)
		}
	}
}

// Pause waits a moment between two looks at the directory.
func Pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(poll):
		return nil
	}
}

// Exists reports whether a file is there.
func Exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// List returns the files of a directory that match a pattern, in name order; none if there is no directory.
func List(dir, pattern string) []string {
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		panic(err) // a pattern of the program is malformed
	}
	return slices.DeleteFunc(names, func(name string) bool {
		return strings.HasPrefix(filepath.Base(name), ".") // Put has not finished it
	})
}
