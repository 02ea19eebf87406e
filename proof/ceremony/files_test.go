package ceremony

import (
	"context"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// unopened panics when one file is opened, and says what it is all the same.
type unopened struct {
	fstest.MapFS
	name string
}

func (u unopened) Open(name string) (fs.File, error) {
	if name == u.name {
		panic("a file that is not regular was opened")
	}
	return u.MapFS.Open(name)
}

// A pipe is not even opened: that would block.
func TestOpensNoSpecialFiles(t *testing.T) {
	const name = "start"
	for _, mode := range []fs.FileMode{fs.ModeNamedPipe, fs.ModeDevice, fs.ModeSocket, fs.ModeIrregular, fs.ModeDir} {
		_, err := read(unopened{fstest.MapFS{name: {Mode: mode}}, name}, name, 100)
		require.ErrorIs(t, err, ErrMalformed)
		require.ErrorContains(t, err, "start is not a regular file")
	}
	large := fstest.MapFS{name: {Data: make([]byte, 101)}}
	_, err := read(unopened{large, name}, name, 100)
	require.ErrorContains(t, err, "start has 101 bytes, at most 100 are possible")
}

func TestOpenNamesAStartThatIsNone(t *testing.T) {
	_, err := Open(t.Context(), fstest.MapFS{})
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = Open(t.Context(), fstest.MapFS{StartFile: {Data: []byte("x")}})
	require.ErrorIs(t, err, ErrMalformed)
	require.ErrorContains(t, err, "start: ")
	require.ErrorContains(t, err, "does not start with")
}

// ending is a directory that ends a context when one of its files is opened.
type ending struct {
	fs.FS
	name string
	end  func()
}

func (e ending) Open(name string) (fs.File, error) {
	if name == e.name {
		e.end()
	}
	return e.FS.Open(name)
}

func TestOpenEndsBetweenContributions(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Open(ctx, ending{held().files, ContributionFile(1), cancel})
	require.ErrorIs(t, err, context.Canceled)
}
