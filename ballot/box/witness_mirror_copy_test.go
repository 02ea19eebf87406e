package box

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
)

// history is the published log of a box with so many numbered entries, one of which may be another one.
func (s *stage) history(tb testing.TB, changed, size int) fs.FS {
	tb.Helper()
	entries := numbered(size)
	if changed < size {
		entries[changed] = []byte("another ballot")
	}
	x := s.another(tb)
	s.logBytes(tb, x, entries...)
	return os.DirFS(publishDir(tb, x))
}

// only is a server that shows a checkpoint and withholds the files.
func only(tb testing.TB, from fs.FS) fs.FS {
	tb.Helper()
	b, err := fs.ReadFile(from, checkpointName)
	require.NoError(tb, err)
	return fstest.MapFS{checkpointName: {Data: b}}
}

// The witness's file is lost, or an old one is put in its place: the copy still knows what was seen.
func TestMirrorThatForgotFindsTheEvidenceInItsCopy(t *testing.T) {
	s := crowd(t)
	ctx := context.Background()
	honest, forks := s.history(t, 300, 300), map[string]fs.FS{
		"larger": s.history(t, 10, 400), "same size": s.history(t, 299, 300), "smaller": s.history(t, 10, 51),
	}
	more := s.history(t, 400, 400)
	for name, old := range map[string]fs.FS{"lost": nil, "rolled back": s.history(t, 9, 9), "rolled back further": s.history(t, 0, 0)} {
		to := t.TempDir()
		_, err := s.guard(t).Mirror(ctx, honest, to)
		require.NoError(t, err)
		before := filesOf(t, to)
		g := s.guard(t)
		if old != nil {
			_, err := g.Mirror(ctx, old, t.TempDir())
			require.NoError(t, err)
		}
		last := g.Last()
		for fork, from := range forks {
			_, err = g.Mirror(ctx, from, to)
			s.evidence(t, err, map[bool]EvidenceKind{true: Forked, false: Rewritten}[fork == "same size"])
			require.Equal(t, last, g.Last(), "%s, %s: the fork was cosigned", name, fork)
			require.Equal(t, before, filesOf(t, to), "%s, %s", name, fork)
			if fork != "smaller" {
				_, err = g.Mirror(ctx, only(t, from), to)
				require.Error(t, err)
				require.Equal(t, last, g.Last(), "what could not be compared is not cosigned")
			}
		}
		for _, from := range []fs.FS{honest, more} {
			_, err = g.Mirror(ctx, from, to)
			require.ErrorIs(t, err, ErrDamaged)
			require.ErrorContains(t, err, "another witness's")
			require.Equal(t, last, g.Last(), "a witness that has forgotten says nothing")
			require.Equal(t, before, filesOf(t, to))
		}
	}

	// Something else lies there.
	to := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(to, checkpointName), []byte("a note"), 0o600))
	g := s.guard(t)
	_, err := g.Mirror(ctx, honest, to)
	require.ErrorIs(t, err, ErrDamaged)
	require.Nil(t, g.Last())
}

// What the witness and the copy have seen contradicts each other, whatever is served now.
func TestMirrorComparesTheWitnessWithItsCopy(t *testing.T) {
	s := crowd(t)
	ctx := context.Background()
	g, to := s.guard(t), t.TempDir()
	_, err := g.Mirror(ctx, s.history(t, 9, 9), t.TempDir())
	require.NoError(t, err)
	_, err = s.guard(t).Mirror(ctx, s.history(t, 5, 300), to)
	require.NoError(t, err)
	for _, size := range []int{0, 3} {
		_, err = g.Mirror(ctx, s.history(t, size, size), to)
		s.evidence(t, err, Rewritten)
	}
}

func TestMirrorDoesNotTakeTheCopyOfAnotherBox(t *testing.T) {
	s := newStage(t, electiontest.Config{Boxes: 2, Copies: 1})
	to := t.TempDir()
	g := s.guard(t)
	_, err := g.Mirror(context.Background(), s.published(t, 1, ""), to)
	require.NoError(t, err)
	_, err = s.guard(t).Mirror(context.Background(), s.published(t, 2, ""), to)
	require.ErrorIs(t, err, ballot.ErrMalformed)
	_, err = g.Mirror(context.Background(), s.published(t, 2, ""), t.TempDir())
	require.ErrorIs(t, err, ballot.ErrMalformed)
}

// A signed checkpoint that cannot be compared is handed to the caller, and may be evidence later.
func TestMirrorHandsOutWhatItCouldNotCompare(t *testing.T) {
	s := crowd(t)
	ctx := context.Background()
	g, to := s.guard(t), t.TempDir()
	_, err := g.Mirror(ctx, s.history(t, 300, 300), to)
	require.NoError(t, err)
	_, err = g.Mirror(ctx, only(t, s.history(t, 10, 400)), to)
	var unproven *Unproven
	require.ErrorAs(t, err, &unproven)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.EqualValues(t, 400, unproven.Checkpoint.Size)

	c, err := g.Mirror(ctx, s.history(t, 500, 500), to)
	require.NoError(t, err)
	_, err = CheckConsistency(s.Manifest, unproven.Checkpoint, c, os.DirFS(to))
	s.evidence(t, err, Rewritten)
}

func TestMirrorsAtOnceDoNotSpoilTheCopy(t *testing.T) {
	s := crowd(t)
	from := s.history(t, 600, 600)
	for range 3 {
		g, to := s.guard(t), t.TempDir()
		var errs [4]error
		var wait sync.WaitGroup
		for i := range errs {
			wait.Go(func() { _, errs[i] = g.Mirror(context.Background(), from, to) })
		}
		wait.Wait()
		require.NoError(t, errors.Join(errs[:]...))
		read, err := entriesOf(t, os.DirFS(to), s.Manifest)
		require.NoError(t, err)
		require.Len(t, read, 600)
		require.NoFileExists(t, filepath.Join(to, temporaryName))
	}
}

// The checkpoint is current, and the files are gone.
func TestMirrorCopiesLostFilesAgain(t *testing.T) {
	s := crowd(t)
	from := s.history(t, 600, 600)
	g, to := s.guard(t), t.TempDir()
	ctx := context.Background()
	_, err := g.Mirror(ctx, from, to)
	require.NoError(t, err)
	want := filesOf(t, to)
	for path := range want {
		if path != checkpointName {
			require.NoError(t, os.Remove(filepath.Join(to, path)))
			_, err = g.Mirror(ctx, only(t, from), to)
			require.Error(t, err, path)
			_, err = g.Mirror(ctx, from, to)
			require.NoError(t, err)
			require.Equal(t, want, filesOf(t, to), path)
		}
	}
	require.NoError(t, os.RemoveAll(filepath.Join(to, "tile")))
	require.NoError(t, os.WriteFile(filepath.Join(to, temporaryName+"-1"), []byte("half a f"), 0o600))
	_, err = g.Mirror(ctx, from, to)
	require.NoError(t, err)
	require.Equal(t, want, filesOf(t, to), "and what an interrupted call left is gone")
	_, err = g.Mirror(ctx, only(t, from), to)
	require.NoError(t, err, "nothing is wanted")

	cut := filepath.Join(to, "tile", "0", "001")
	require.NoError(t, os.Truncate(cut, 100))
	_, err = g.Mirror(ctx, from, to)
	require.ErrorIs(t, err, ErrDamaged)
	info, err := os.Stat(cut)
	require.NoError(t, err)
	require.EqualValues(t, 100, info.Size(), "what contradicts the checkpoint is left as it is")
}

func TestMirrorIntoTheWorkingDirectory(t *testing.T) {
	s := crowd(t)
	x := s.another(t)
	s.logBytes(t, x, numbered(3)...)
	from := os.DirFS(publishDir(t, x))
	g := s.guard(t)
	t.Chdir(t.TempDir())
	for range 2 {
		_, err := g.Mirror(context.Background(), from, ".")
		require.NoError(t, err)
	}
	read, err := entriesOf(t, os.DirFS("."), s.Manifest)
	require.NoError(t, err)
	require.True(t, len(read) == 3 && bytes.Equal(read[2], numbered(3)[2]))
	info, err := os.Stat(checkpointName)
	require.NoError(t, err)
	require.EqualValues(t, 0o644, info.Mode().Perm(), "a web server reads it")
}

func TestMirrorStopsWithItsWitness(t *testing.T) {
	s := crowd(t)
	g := s.guard(t)
	_, err := g.Mirror(context.Background(), nil, t.TempDir())
	require.ErrorIs(t, err, ballot.ErrMalformed)
	require.NoError(t, g.Close())
	_, err = g.Mirror(context.Background(), s.history(t, 3, 3), t.TempDir())
	require.ErrorIs(t, err, errWitnessClosed)
}
