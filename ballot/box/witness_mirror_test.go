package box

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
)

// crowd is an election with so many voters that logs of numbered entries are not too long.
func crowd(tb testing.TB) *stage {
	tb.Helper()
	return newStage(tb, electiontest.Config{Voters: 1, Revotes: 700})
}

func TestMirrorFollowsAGrowingLog(t *testing.T) {
	s := crowd(t)
	x := s.open(t)
	g := s.guard(t)
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "a", "log")
	ctx := context.Background()
	entries := numbered(600)
	have := 0
	for _, size := range []int{0, 1, 2, 9, 255, 256, 257, 511, 600} {
		s.clock.Add(1)
		s.logBytes(t, x, entries[have:size]...)
		have = size
		require.NoError(t, x.Export(from))
		for range 2 {
			c, err := g.Mirror(ctx, os.DirFS(from), to)
			require.NoError(t, err)
			require.Equal(t, x.Checkpoint().Digest(), c.Digest())
		}
		l := s.openLog(t, os.DirFS(to))
		require.Len(t, l.Checkpoint().Cosignatures(g.Key()), 1)
		read, err := entriesOf(t, os.DirFS(to), s.Manifest)
		require.NoError(t, err)
		require.True(t, slices.EqualFunc(entries[:size], read, bytes.Equal))
		for path := range filesOf(t, to) { // versions that nobody reads any more go away at once
			versions, err := os.ReadDir(filepath.Join(to, filepath.Dir(filepath.FromSlash(path))))
			require.NoError(t, err)
			if strings.Contains(path, partialSuffix) {
				require.LessOrEqual(t, len(versions), 2, "%s at %d ballots", path, size)
			}
		}
		if size == 256 { // a restart in between
			require.NoError(t, g.Close())
			g.open(t, s)
		}
	}
	s.seal(t, x)
	require.NoError(t, x.Export(from))
	_, err := g.Mirror(ctx, os.DirFS(from), to)
	require.NoError(t, err)
	read, err := entriesOf(t, os.DirFS(to), s.Manifest)
	require.NoError(t, err, "a closed log has no file too many")
	require.Len(t, read, 600)
	files := filesOf(t, to)
	for path, b := range filesOf(t, publishDir(t, x)) {
		if path != checkpointName {
			require.Equal(t, b, files[path], path)
		}
	}
	for _, old := range []string{"tile/0/000.p/1", "tile/entries/000.p/255", "tile/entries/001.p/1"} {
		require.NotContains(t, files, old, "older partial tiles go away")
	}
}

func publishDir(tb testing.TB, x *Box) string {
	tb.Helper()
	dir := tb.TempDir()
	require.NoError(tb, x.Export(dir))
	return dir
}

// The box shows another history than the one that was mirrored: the copy stays, and the evidence is there.
func TestMirrorFindsTheEvidence(t *testing.T) {
	s := crowd(t)
	ctx := context.Background()
	history := func(changed, size int) (fs.FS, *Box) {
		entries := numbered(size)
		if changed < size {
			entries[changed] = []byte("another ballot")
		}
		x := s.another(t)
		s.logBytes(t, x, entries...)
		return os.DirFS(publishDir(t, x)), x
	}
	honest, _ := history(300, 300)
	for name, c := range map[string]struct {
		changed, size int
		want          EvidenceKind
	}{
		"larger": {10, 400, Rewritten}, "same size": {299, 300, Forked}, "smaller": {10, 200, Rewritten},
	} {
		g := s.guard(t)
		to := t.TempDir()
		_, err := g.Mirror(ctx, honest, to)
		require.NoError(t, err)
		before := filesOf(t, to)
		shown, _ := history(c.changed, c.size)
		for range 2 { // also after a restart
			_, err = g.Mirror(ctx, shown, to)
			s.evidence(t, err, c.want)
			require.Equal(t, before, filesOf(t, to), name)
			require.NoError(t, g.Close())
			g.open(t, s)
		}
		_, err = g.Mirror(ctx, honest, to)
		require.NoError(t, err, "the true log is still followed")
	}

	// An older state of the same log is no fraud.
	g := s.guard(t)
	to := t.TempDir()
	_, err := g.Mirror(ctx, honest, to)
	require.NoError(t, err)
	old, x := history(300, 200)
	c, err := g.Mirror(ctx, old, to)
	require.NoError(t, err)
	require.EqualValues(t, 300, c.Size)
	opens := s.clock.Load()
	s.seal(t, x)
	s.clock.Store(opens)
	_, err = g.Mirror(ctx, os.DirFS(publishDir(t, x)), to)
	s.evidence(t, err, Reopened) // but to close it there is
}

// Whatever stands on the server, nothing wrong gets into the copy.
func TestMirrorChecksEveryFile(t *testing.T) {
	s := crowd(t)
	x := s.open(t)
	s.logBytes(t, x, numbered(300)...)
	from := filesOf(t, publishDir(t, x))
	ctx := context.Background()
	to := t.TempDir()
	g := s.guard(t)
	try := func(files map[string][]byte) error {
		_, err := g.Mirror(ctx, mapFS(files), to)
		require.False(t, errors.As(err, new(*Evidence)))
		_, statErr := os.Stat(filepath.Join(to, checkpointName))
		require.Equal(t, err == nil, statErr == nil)
		return err
	}
	for path, b := range from {
		for name, bad := range map[string][]byte{
			"empty": {}, "cut": b[:len(b)-1], "longer": append(bytes.Clone(b), 0), "changed": append(bytes.Clone(b[:len(b)-1]), b[len(b)-1]^1),
			"huge": make([]byte, 20<<20),
		} {
			from[path] = bad
			err := try(from)
			require.Error(t, err, "%s %s", path, name)
			if name == "cut" && strings.HasPrefix(path, "tile/entries") {
				require.ErrorContains(t, err, path+" ends within entry")
			}
		}
		delete(from, path)
		require.ErrorIs(t, try(from), fs.ErrNotExist, path)
		from[path] = b
	}
	for path, b := range filesOf(t, to) { // what was copied in the meantime is right
		require.Equal(t, from[path], b, path)
	}

	// A file in the copy that contradicts the checkpoint is left as it is.
	damaged := filepath.Join(to, "tile", "0", "000")
	was, err := os.ReadFile(damaged)
	require.NoError(t, err)
	for _, content := range [][]byte{append(bytes.Clone(was[:len(was)-1]), was[len(was)-1]^1), was[:32], append(bytes.Clone(was), 7)} {
		require.NoError(t, os.WriteFile(damaged, content, 0o600))
		require.ErrorIs(t, try(from), ErrDamaged)
		left, err := os.ReadFile(damaged)
		require.NoError(t, err)
		require.Equal(t, content, left)
	}
	require.NoError(t, os.Remove(damaged))
	require.NoError(t, try(from))
	require.NoError(t, os.Remove(damaged))
	s.logBytes(t, x, []byte("one more"))
	_, err = g.Mirror(ctx, os.DirFS(publishDir(t, x)), to)
	require.NoError(t, err)
	read, err := entriesOf(t, os.DirFS(to), s.Manifest)
	require.NoError(t, err, "a file that was lost is copied again")
	require.Len(t, read, 301)

	other := s.guard(t)
	_, err = other.Mirror(ctx, mapFS(from), to)
	require.ErrorContains(t, err, "another witness's", "a copy that is ahead of the witness")
}

// What was seen is remembered before it is copied, so a copy that failed does not help the operator.
func TestMirrorRemembersWhatItCouldNotCopy(t *testing.T) {
	s := crowd(t)
	x := s.open(t)
	s.logBytes(t, x, numbered(3)...)
	g := s.guard(t)
	to := t.TempDir()
	ctx := context.Background()
	head := fstest.MapFS{checkpointName: {Data: x.Checkpoint().Note}}
	_, err := g.Mirror(ctx, head, to)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NoError(t, g.Close())
	g.open(t, s)
	y := s.another(t)
	s.logBytes(t, y, []byte("a"), []byte("b"), []byte("c"), []byte("d"))
	_, err = g.Mirror(ctx, os.DirFS(publishDir(t, y)), to)
	s.evidence(t, err, Rewritten)
	_, err = g.Mirror(ctx, os.DirFS(publishDir(t, x)), to)
	require.NoError(t, err)

	stopped, stop := context.WithCancel(ctx)
	stop()
	_, err = s.guard(t).Mirror(stopped, os.DirFS(publishDir(t, x)), t.TempDir())
	require.ErrorIs(t, err, context.Canceled)
}

// A signed size is a number of an attacker's all the same.
func TestMirrorRefusesMoreBallotsThanTheElectionCanHave(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 3, Revotes: 1})
	g := s.guard(t)
	for _, size := range []uint64{7, 1 << 20, 1 << 48} {
		signed := s.signNote(t, fmt.Sprintf("%s\n%d\n%s\n", origin(s.Manifest), size, someRoot))
		_, err := g.Mirror(context.Background(), fstest.MapFS{checkpointName: {Data: signed}}, t.TempDir())
		require.ErrorIs(t, err, ballot.ErrInvalid)
		require.ErrorContains(t, err, "the election can have 6")
		require.Nil(t, g.Last())
	}
}
