package box

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
)

// A log is read in runs that are bounded by number and by bytes, so that a box cannot fill an auditor's memory.
func TestRunsAreBounded(t *testing.T) {
	s := threeBoxes(t, electiontest.Config{Voters: 1})
	lengths := func(most int, entries ...[]byte) (out []int) {
		l := s.opened(t, s.published(t, 1, closedLine, entries...))
		require.NoError(t, l.runs(t.Context(), most, func(run [][]byte) bool {
			out = append(out, len(run))
			return true
		}))
		return out
	}
	small, large := []byte("small"), make([]byte, 65000)
	require.Equal(t, []int{2, 2, 1}, lengths(2, small, small, small, small, small))
	require.Equal(t, []int{5}, lengths(10, small, small, small, small, small))
	n := maxMergeBytes/len(large) + 1
	many := make([][]byte, n+1)
	for i := range many {
		many[i] = large
	}
	require.Equal(t, []int{n, 1}, lengths(len(many), many...))

	// Who says no is asked no more.
	asked := 0
	l := s.opened(t, s.published(t, 1, closedLine, small, small, small))
	_ = l.runs(t.Context(), 1, func([][]byte) bool { asked++; return false })
	require.Equal(t, 1, asked)
}

func TestWhatIsBrokenIsTheLogs(t *testing.T) {
	for _, err := range []error{ballot.ErrMalformed, ballot.ErrInvalid, fs.ErrNotExist} {
		require.True(t, isBroken(fmt.Errorf("tile: %w", err)))
	}
	require.False(t, isBroken(context.Canceled))
	require.False(t, isBroken(fs.ErrPermission), "the auditor's own")
}

func TestIndexes(t *testing.T) {
	var s indexes
	s.set(3)
	require.True(t, s.has(3))
	require.False(t, s.has(2))
	require.False(t, s.has(64), "beyond its words")
}

// forgetful is a file system that has lost a file since it was read once.
type forgetful struct {
	fstest.MapFS
	name string
	read *int
}

func (f forgetful) Open(name string) (fs.File, error) {
	if name == f.name {
		if *f.read++; *f.read > 1 {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
		}
	}
	return f.MapFS.Open(name)
}

// Evidence of a conflict is read again at the end: if that fails, the merge does, and reports no empty ballots.
func TestConflictThatCannotBeReadAgain(t *testing.T) {
	s := threeBoxes(t, electiontest.Config{Voters: 1})
	twins := s.twins(t, 2)
	files := s.published(t, 1, closedLine, twins[0].Bytes())
	read := 0
	l := s.opened(t, files)
	l.files = forgetful{files, "tile/entries/000.p/1", &read}
	_, err := Merge(t.Context(), s.Manifest, s.verifier, []*Log{l, s.log(t, 2, twins[1])}, nil)
	require.ErrorIs(t, err, fs.ErrPermission)
	require.ErrorContains(t, err, "box 1, entry 0: ")
	require.Equal(t, 2, read)
}

// Who cancels while ballots are verified gets no verdicts.
func TestMergerPassesOnThatItWasCancelled(t *testing.T) {
	s := threeBoxes(t, electiontest.Config{Voters: 1})
	g := &merger{Merged: &Merged{manifest: s.Manifest}, verifier: s.verifier, options: &MergeOptions{}, known: newBallotSet()}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, _, err := g.verify(ctx, [][]byte{s.Ballot(t, 0, 0, 0).Bytes()}, [][32]byte{sha256.Sum256(nil)})
	require.ErrorIs(t, err, context.Canceled)
}

// What is not a file is wrong with the log; a disk that fails is not.
func TestABrokenLogIsToldFromAFailingDisk(t *testing.T) {
	for _, kind := range []error{
		ballot.ErrMalformed, ballot.ErrInvalid, fs.ErrNotExist, fs.ErrInvalid, syscall.ENOTDIR, syscall.ELOOP, errors.ErrUnsupported,
	} {
		require.True(t, isBroken(&fs.PathError{Op: "open", Path: "tile", Err: kind}), "%v", kind)
	}
	for _, kind := range []error{fs.ErrPermission, syscall.EIO, syscall.EMFILE, fs.ErrClosed, context.Canceled} {
		require.False(t, isBroken(&fs.PathError{Op: "open", Path: "tile", Err: kind}), "%v", kind)
	}
}
