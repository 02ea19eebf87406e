package tally

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
)

// frugal audits a hostile record, whose audit must fail soon and in little memory.
func frugal(t *testing.T, files fs.FS, what string) error {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	r, err := Audit(context.Background(), files, base().Manifest.ID(), accept)
	if err == nil {
		err = r.Err()
	}
	require.ErrorIs(t, err, ErrInvalid, what)
	require.Less(t, time.Since(start), 20*time.Second, what)
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(256<<20), "%s: all that was ever allocated", what)
	return err
}

// TestHugeFilesAreRefused makes each file a terabyte long, which costs whoever sends it nothing.
func TestHugeFilesAreRefused(t *testing.T) {
	dir := base().store(t)
	for name := range base().files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.Truncate(path, 1<<40))
		frugal(t, os.DirFS(dir), name)
		require.NoError(t, os.WriteFile(path, base().files[name].Data, 0o600))
	}
}

// teeming is a file system with a directory that has names without end.
type teeming struct {
	fs.FS
	name   string
	listed *int
	dirs   bool
}

func (f teeming) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if err == nil && name == f.name {
		return &teemingDir{file, f}, nil
	}
	return file, err
}

type teemingDir struct {
	fs.File
	teeming
}

func (d *teemingDir) Stat() (fs.FileInfo, error) { return d.File.Stat() }

func (d *teemingDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 {
		panic("all of an endless directory was asked for")
	}
	file := &fstest.MapFile{}
	if d.dirs {
		file.Mode = fs.ModeDir
	}
	entries := make([]fs.DirEntry, n)
	for i := range entries {
		*d.listed++
		name := fmt.Sprintf(".new-%d", *d.listed)
		info, err := fstest.MapFS{name: file}.Stat(name)
		if err != nil {
			return nil, err
		}
		entries[i] = fs.FileInfoToDirEntry(info)
	}
	return entries, nil
}

func TestEndlessDirectoriesAreRefused(t *testing.T) {
	for _, name := range []string{".", LogDir, SharesDir, TextsDir, CensusDir, "census/tile", "census/tile/0", "log/tile", "log/tile/0", "log/tile/entries/000.p"} {
		for _, dirs := range []bool{false, true} {
			listed := 0
			frugal(t, teeming{base().files, name, &listed, dirs}, name)
			require.LessOrEqual(t, listed, 2*(maxListed+256), name)
		}
	}
}

// abyss is a file system in which a directory holds itself.
type abyss struct {
	fs.FS
	name   string
	opened *int
}

func (f abyss) Open(name string) (fs.File, error) {
	if strings.HasPrefix(name, f.name+"/") {
		name = f.name
	}
	*f.opened++
	return f.FS.Open(name)
}

func TestDirectoryWithinItself(t *testing.T) {
	for _, name := range []string{"log/tile/x", "census/tile/x"} {
		p := base().copy()
		p.files[name+"/x"] = &fstest.MapFile{Mode: fs.ModeDir} // that is, x/x is x
		opened := 0
		err := frugal(t, abyss{p.files, name, &opened}, name)
		require.ErrorContains(t, err, "a path of 2", name)
		require.Less(t, opened, 1<<17, name)
	}
}

// FuzzAuditOfAChangedRecord flips bits of a record of testdata/vectors: file, place and mask in turn.
func FuzzAuditOfAChangedRecord(f *testing.F) {
	records := recordVectors(f)
	polls, names, ids := make([]poll, len(records)), make([][]string, len(records)), make([]ballot.ElectionID, len(records))
	for i, v := range records {
		polls[i].files, ids[i] = filesOf(f, v)
		names[i] = slices.Sorted(maps.Keys(polls[i].files))
		f.Add(uint8(i), []byte(nil))
		f.Add(uint8(i), []byte{0, 0, 0, 1, 0, 0, 0, 1})
		for k := range names[i] {
			if v.Name == "good/unweighted" || i%10 == k%10 {
				f.Add(uint8(i), []byte{byte(k), 0, 40, 0x20, byte(k + 1), 1, 0, 0x80})
			}
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, changes []byte) {
		i := int(which) % len(records)
		p := polls[i].copy()
		for ; len(changes) >= 4; changes = changes[4:] {
			name := names[i][int(changes[0])%len(names[i])]
			p.alter(name, func(b []byte) []byte {
				if len(b) > 0 {
					b[int(binary.BigEndian.Uint16(changes[1:]))%len(b)] ^= changes[3]
				}
				return b
			})
		}
		same := true
		for _, name := range names[i] {
			same = same && bytes.Equal(p.files[name].Data, polls[i].files[name].Data)
		}
		r, err := Audit(context.Background(), p.files, ids[i], accept)
		if err == nil {
			require.NoError(t, r.WriteText(io.Discard))
			require.NoError(t, r.WriteJSON(io.Discard))
			err = r.Err()
		}
		switch good := records[i].Check == ""; {
		case good && same:
			require.NoError(t, err)
		case good || same:
			require.Error(t, err)
		}
	})
}
