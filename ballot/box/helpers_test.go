package box

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
)

// A stage is an election with a clock, and one box of it.
type stage struct {
	*electiontest.Election
	dir      string
	clock    atomic.Int64
	verifier *ballot.Verifier
}

func newStage(tb testing.TB, c electiontest.Config) *stage {
	tb.Helper()
	s := &stage{Election: electiontest.New(tb, c), dir: tb.TempDir()}
	s.clock.Store(s.Manifest.Opens())
	s.verifier = s.Verifier(tb)
	return s
}

func (s *stage) config() Config {
	return Config{
		Verifier:   s.verifier,
		Key:        s.LogKey,
		Signatures: s.Signatures,
		Now:        func() time.Time { return time.Unix(s.clock.Load(), 0) },
	}
}

func (s *stage) open(tb testing.TB) *Box {
	tb.Helper()
	x, err := Open(s.dir, s.Manifest, s.config())
	require.NoError(tb, err)
	tb.Cleanup(func() { x.Close() })
	return x
}

func (s *stage) cast(tb testing.TB, x *Box, b *ballot.Ballot) *Receipt {
	tb.Helper()
	r, err := x.Cast(context.Background(), b.Bytes())
	require.NoError(tb, err)
	require.NoError(tb, r.Verify(s.Manifest, b))
	return r
}

func (s *stage) refused(tb testing.TB, x *Box, raw []byte, kind error) *Refusal {
	tb.Helper()
	before := x.Checkpoint()
	r, err := x.Cast(context.Background(), raw)
	require.ErrorIs(tb, err, kind)
	require.Nil(tb, r)
	var refusal *Refusal
	require.ErrorAs(tb, err, &refusal)
	require.Equal(tb, before.Note, x.Checkpoint().Note, "a refusal changed the log")
	return refusal
}

func (s *stage) seal(tb testing.TB, x *Box) *Checkpoint {
	tb.Helper()
	s.clock.Store(s.Manifest.Closes())
	c, err := x.Seal(context.Background())
	require.NoError(tb, err)
	return c
}

// signNote signs a text with the operator's key.
func (s *stage) signNote(tb testing.TB, text string) []byte {
	tb.Helper()
	signer, err := note.NewSigner(s.LogKey)
	require.NoError(tb, err)
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	require.NoError(tb, err)
	return signed
}

// logBytes puts entries into a box as if they were ballots, to test what only concerns bytes.
func (s *stage) logBytes(tb testing.TB, x *Box, entries ...[]byte) {
	tb.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	for len(entries) > 0 {
		n := min(len(entries), maxBatch)
		for i, raw := range entries[:n] {
			require.NoError(tb, x.addLeaf(x.journal.count+uint64(i), tlog.RecordHash(raw)))
		}
		places, err := x.journal.append(entries[:n])
		require.NoError(tb, err)
		x.places = append(x.places, places...)
		entries = entries[n:]
	}
	require.NoError(tb, x.advance())
}

// never is what there is to do between the records of a journal.
func never() error { return nil }

// numbered returns n entries of different lengths.
func numbered(n int) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		out[i] = fmt.Appendf(nil, "entry %d%*s", i, i%7, "")
	}
	return out
}

// copyDir copies a directory of a box or an export.
func copyDir(tb testing.TB, from string) string {
	tb.Helper()
	to := filepath.Join(tb.TempDir(), "copy")
	require.NoError(tb, os.CopyFS(to, os.DirFS(from)))
	return to
}

// entriesOf reads a whole log.
func entriesOf(tb testing.TB, files fs.FS, m *ballot.Manifest) ([][]byte, error) {
	tb.Helper()
	l, err := OpenLog(files, m)
	if err != nil {
		return nil, err
	}
	var out [][]byte
	for raw, err := range l.Entries(context.Background()) {
		if err != nil {
			require.Nil(tb, raw)
			return out, err
		}
		out = append(out, raw)
	}
	return out, nil
}

// opened is a directory as the disk of a box.
func opened(tb testing.TB, dir string) *directory {
	tb.Helper()
	d, err := openDirectory(dir)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, d.Close()) })
	return d
}
