package box

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"io/fs"
	"path"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/internal/electiontest"
)

// within fails if f takes longer than any honest input could.
func within(t *testing.T, f func()) {
	t.Helper()
	start := time.Now()
	f()
	require.Less(t, time.Since(start), 20*time.Second)
}

// A journal of any bytes after its header: what is read has good sums, a second reading reads the
// same, and cutting either refuses or leaves just what was read.
func FuzzJournal(f *testing.F) {
	s := newStage(f, electiontest.Config{})
	d := newMemDisk()
	j, err := openJournal(d, s.Manifest.ID(), true)
	require.NoError(f, err)
	_, err = j.append(numbered(3))
	require.NoError(f, err)
	_, err = j.append(numbered(1))
	require.NoError(f, err)
	require.NoError(f, j.seal())
	whole := d.names[journalName].data[len(j.header):]
	f.Add(whole, false)
	f.Add(whole[:len(whole)-1], false)
	f.Add(append(bytes.Clone(whole[:30]), whole...), false)
	f.Add([]byte{0, 3, 'a', 'b', 'c', 0, 0}, true)
	f.Add(binary.BigEndian.AppendUint32(append([]byte(castTag), make([]byte, 8)...), 1<<31), false)
	f.Fuzz(func(t *testing.T, data []byte, sums bool) {
		within(t, func() {
			d := newMemDisk()
			j, err := openJournal(d, s.Manifest.ID(), true)
			require.NoError(t, err)
			if sums && len(data) > 0 && len(data) <= maxPayload {
				require.NoError(t, j.write(castTag, data)) // a payload under a sum that is right
			} else {
				_, err := j.file.WriteAt(data, j.end)
				require.NoError(t, err)
			}
			j.rewind()
			var ballots [][]byte
			r, err := j.read(never, func(raw []byte, p place) error {
				again, err := j.ballot(p)
				require.NoError(t, err)
				require.Equal(t, again, raw)
				ballots = append(ballots, again)
				return nil
			})
			if err != nil {
				require.ErrorIs(t, err, ErrDamaged)
				return
			}
			require.Len(t, ballots, int(j.count))
			chain, end := j.chain, j.end
			if r.damage != nil {
				if err := j.cut(r); err != nil {
					require.ErrorIs(t, err, ErrDamaged)
					return
				}
			}
			j.rewind()
			r, err = j.read(never, func([]byte, place) error { return nil })
			require.NoError(t, err)
			require.NoError(t, r.damage)
			require.Equal(t, chain, j.chain)
			require.Equal(t, end, r.size)
		})
	})
}

// A snapshot of any bytes, and one that the box signed over any bytes of state.
func FuzzSnapshot(f *testing.F) {
	s := newStage(f, electiontest.Config{Voters: 1, Edit: oneQuestion})
	d := newMemDisk()
	x, err := open(d, s.Manifest, s.config())
	require.NoError(f, err)
	x.policy.end = 1
	fill(f, s, x, 0, 3)
	require.NoError(f, x.Close())
	b := d.names[snapshotName].data
	_, state, _ := bytes.Cut(b, []byte{0})
	f.Add(b, uint64(0))
	f.Add(state, uint64(3))
	f.Add(state[:len(state)-1], uint64(3))
	f.Add(state, uint64(1<<48))
	f.Add([]byte{}, uint64(0))
	f.Fuzz(func(t *testing.T, data []byte, count uint64) {
		within(t, func() {
			content := data
			if count > 0 {
				n := snapshotNote{end: 1000, count: count, sum: sha256.Sum256(data)}
				content = append(append(s.signNote(t, n.text(origin(s.Manifest))), 0), data...)
			}
			got, err := parseSnapshot(s.Manifest, origin(s.Manifest), content)
			if err != nil {
				require.Nil(t, got)
				return
			}
			require.EqualValues(t, got.count*tlog.HashSize, len(got.leaves))
			rules, err := got.rules.MarshalBinary()
			require.NoError(t, err)
			_, state, _ := bytes.Cut(content, []byte{0})
			require.Equal(t, state, append(bytes.Clone(got.leaves), rules...))
		})
	})
}

func FuzzTilePath(f *testing.F) {
	for _, p := range []string{"tile/0/000", "tile/entries/x001/x234/067.p/255", "tile/6/x000/001", "tile/0/x001/x001/x001/x001/x001/001", "tile/0/000.p/0", "tile//", "tile/0/x1/0001"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got, ok := parseTilePath(name)
		if !ok {
			return
		}
		require.Equal(t, name, got.path())
		require.Equal(t, name, path.Clean(name))
		require.True(t, fs.ValidPath(name))
		require.Less(t, got.n, uint64(maxLogSize))
		require.GreaterOrEqual(t, got.end(), uint64(got.width))
	})
}

// A published bundle of any bytes, under a checkpoint of any small size.
func FuzzBundle(f *testing.F) {
	s := newStage(f, electiontest.Config{})
	f.Add([]byte{0, 1, 'a', 0, 0}, byte(2))
	f.Add([]byte{0, 1, 'a', 0}, byte(2))
	f.Add([]byte{0xff, 0xff, 1}, byte(1))
	f.Add([]byte{}, byte(3))
	f.Fuzz(func(t *testing.T, bundle []byte, size byte) {
		within(t, func() {
			if size == 0 {
				return
			}
			// The hash tile and the root are those of the bundle, if it is one.
			var leaves tree
			var entries [][]byte
			for rest, ok := bundle, true; len(entries) < int(size); {
				var raw []byte
				if raw, rest, ok = cutEntry(rest); !ok {
					break
				}
				require.NoError(t, leaves.add(uint64(len(entries)), tlog.RecordHash(raw)))
				entries = append(entries, raw)
			}
			head := Checkpoint{Origin: origin(s.Manifest), Size: uint64(size)}
			files := fstest.MapFS{}
			at := tile{0, 0, int(size)}
			if len(entries) == int(size) {
				root, err := leaves.root(head.Size)
				require.NoError(t, err)
				head.Hash = root
				files[at.path()] = &fstest.MapFile{Data: leaves.tile(at)}
			}
			files[checkpointName] = &fstest.MapFile{Data: s.signNote(t, head.text())}
			files[tile{entriesLevel, 0, int(size)}.path()] = &fstest.MapFile{Data: bundle}
			l, err := OpenLog(files, s.Manifest)
			require.NoError(t, err)
			var got []byte
			n := 0
			for raw, err := range l.Entries(context.Background()) {
				if err != nil {
					return
				}
				got = appendEntry(got, raw)
				n++
			}
			require.EqualValues(t, size, n)
			require.Equal(t, bundle, got, "what is read is all that there is")
		})
	})
}
