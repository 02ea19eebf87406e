package box

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A server shows a log that has grown with one file replaced, by its own bytes changed or by any. The mirror goes on with the
// log or stays with what it has: it convicts nobody, and whoever reads its copy finds a whole log.
func FuzzMirror(f *testing.F) {
	s := crowd(f)
	small, large := contents(f, s.history(f, 3, 3)), contents(f, s.history(f, 300, 300))
	skey, _, err := GenerateWitnessKey(witnessName)
	require.NoError(f, err)
	signer, err := newCosigner(skey)
	require.NoError(f, err)
	witness := func() *Witness {
		return &Witness{manifest: s.Manifest, signer: signer, now: time.Now, disk: newMemDisk(), name: "w", unlock: never}
	}
	names := slices.Sorted(maps.Keys(large))
	f.Add(byte(0), uint16(0), []byte{}, false)
	for i := range names {
		f.Add(byte(i), uint16(0), []byte("x"), false)
		f.Add(byte(i), uint16(40), []byte{1}, false)
		f.Add(byte(i), uint16(0), []byte{}, true)
		f.Add(byte(i), uint16(0), bytes.Repeat([]byte{0, 0}, 300), true)
	}
	f.Fuzz(func(t *testing.T, file byte, at uint16, data []byte, whole bool) {
		within(t, func() {
			w, dir := witness(), t.TempDir()
			first, err := w.Mirror(t.Context(), mapFS(small), dir)
			require.NoError(t, err)
			name := names[int(file)%len(names)]
			changed := data
			if !whole {
				changed = bytes.Clone(large[name])
				copy(changed[min(int(at), len(changed)):], data)
			}
			files := maps.Clone(large)
			files[name] = changed
			c, err := w.Mirror(t.Context(), mapFS(files), dir)
			if bytes.Equal(changed, large[name]) {
				require.NoError(t, err)
			}
			var evidence *Evidence
			require.False(t, errors.As(err, &evidence), "%v", err)
			l := s.openLog(t, os.DirFS(dir))
			if err == nil {
				require.EqualValues(t, 300, c.Size)
				require.Equal(t, c.text(), l.Checkpoint().text())
			} else {
				require.Equal(t, first.text(), l.Checkpoint().text())
			}
			entries, err := entriesOf(t, os.DirFS(dir), s.Manifest)
			require.NoError(t, err)
			require.True(t, slices.EqualFunc(numbered(int(l.Checkpoint().Size)), entries, bytes.Equal))
		})
	})
}
