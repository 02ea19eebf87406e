//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package box

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/electiontest"
)

// Whoever removes the lock file has not unlocked the box.
func TestLockIsOnTheJournalToo(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 1, Edit: oneQuestion})
	x := s.open(t)
	require.NoError(t, os.Remove(filepath.Join(s.dir, "lock")))
	_, err := Open(s.dir, s.Manifest, s.config())
	require.ErrorIs(t, err, ErrLocked)
	s.cast(t, x, smallBallot(t, s, 0, 0))
	require.NoError(t, x.Close())
	require.EqualValues(t, 1, s.open(t).Checkpoint().Size)
}

// The directory is moved away under a box, or its journal, and another one put there: not a byte
// goes to either, and the box that comes back is the one that was.
func TestStopsWhenItsFilesAreMoved(t *testing.T) {
	for name, move := range map[string]func(t *testing.T, dir string) (back func()){
		"directory moved": func(t *testing.T, dir string) func() {
			require.NoError(t, os.Rename(dir, dir+".old"))
			return func() { require.NoError(t, os.Rename(dir+".old", dir)) }
		},
		"another directory in its place": func(t *testing.T, dir string) func() {
			require.NoError(t, os.Rename(dir, dir+".old"))
			require.NoError(t, os.Mkdir(dir, 0o700))
			return func() {
				require.NoError(t, os.Remove(dir), "it is empty")
				require.NoError(t, os.Rename(dir+".old", dir))
			}
		},
		"a copy of the journal in its place": func(t *testing.T, dir string) func() {
			name := filepath.Join(dir, journalName)
			require.NoError(t, os.Rename(name, name+".old"))
			content, err := os.ReadFile(name + ".old")
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(name, content, 0o600))
			return func() { require.NoError(t, os.Rename(name+".old", name)) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, electiontest.Config{Voters: 2, Edit: oneQuestion})
			s.dir = filepath.Join(s.dir, "box")
			x := s.open(t)
			x.policy.end = 1
			b := smallBallot(t, s, 0, 0)
			receipt := s.cast(t, x, b)
			before := filesOf(t, s.dir)

			back := move(t, s.dir)
			again := s.cast(t, x, b)
			require.Equal(t, receipt, again, "what was promised stays promised")
			_, err := x.Cast(context.Background(), smallBallot(t, s, 1, 0).Bytes())
			require.ErrorIs(t, err, ErrDamaged)
			require.ErrorContains(t, err, "moved, removed or replaced")
			s.clock.Store(s.Manifest.Closes())
			_, err = x.Seal(context.Background())
			require.ErrorContains(t, err, "open it anew")
			require.NoError(t, x.Close())
			back()
			require.Equal(t, before, filesOf(t, s.dir))

			s.clock.Store(s.Manifest.Opens())
			x = s.open(t)
			require.Equal(t, receipt, s.cast(t, x, b))
			s.cast(t, x, smallBallot(t, s, 1, 0))
		})
	}
}

// If it is moved in the middle of a commit, both files of the commit are in the same place.
func TestFilesOfACommitStayTogether(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 1, Edit: oneQuestion})
	at := filepath.Join(s.dir, "box")
	require.NoError(t, os.Mkdir(at, 0o700))
	opened, err := openDirectory(at)
	require.NoError(t, err)
	defer opened.Close()
	d := &slowDisk{disk: opened}
	x, err := open(d, s.Manifest, s.config())
	require.NoError(t, err)
	d.during = func() {
		require.NoError(t, os.Rename(at, at+".old"))
		require.NoError(t, os.Mkdir(at, 0o700))
	}
	b := smallBallot(t, s, 0, 0)
	receipt := s.cast(t, x, b)
	require.NoError(t, x.Close())
	require.Empty(t, filesOf(t, at))
	head, err := os.ReadFile(filepath.Join(at+".old", checkpointName))
	require.NoError(t, err)
	require.Equal(t, receipt.Checkpoint.Note, head)
	s.dir = at + ".old"
	require.Equal(t, receipt, s.cast(t, s.open(t), b))
}

// A process may change its directory while it has a box open.
func TestAPathMayBeRelative(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 1, Edit: oneQuestion})
	t.Chdir(s.dir)
	s.dir = "box"
	x := s.open(t)
	t.Chdir(t.TempDir())
	s.cast(t, x, smallBallot(t, s, 0, 0))
	require.NoError(t, x.Close())
}
