package box

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
)

// A rollback is a directory of a box with two ballots, and an older copy of it with one.
type rollback struct {
	*stage
	older   string
	first   *Checkpoint
	last    *Checkpoint
	receipt *Receipt // for the second ballot
	ballot  *ballot.Ballot
}

func newRollback(t *testing.T) *rollback {
	t.Helper()
	r := &rollback{stage: newStage(t, electiontest.Config{Voters: 3, Edit: oneQuestion})}
	x := r.open(t)
	x.policy.end = 1
	r.cast(t, x, smallBallot(t, r.stage, 0, 0))
	require.NoError(t, x.Close())
	r.first = x.Checkpoint()
	r.older = copyDir(t, r.dir)
	x = r.open(t)
	x.policy.end = 1
	r.ballot = smallBallot(t, r.stage, 1, 0)
	r.receipt = r.cast(t, x, r.ballot)
	require.NoError(t, x.Close())
	r.last = x.Checkpoint()
	return r
}

// restore puts files of the older copy in place.
func (r *rollback) restore(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		b, err := os.ReadFile(filepath.Join(r.older, name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(r.dir, name), b, 0o600))
	}
}

// damaged checks that the box does not open, and that nothing was changed.
func (r *rollback) damaged(t *testing.T, want string, known ...*Checkpoint) {
	t.Helper()
	before := filesOf(t, r.dir)
	c := r.config()
	c.Known = known
	_, err := Open(r.dir, r.Manifest, c)
	require.ErrorIs(t, err, ErrDamaged)
	require.ErrorContains(t, err, want)
	after := filesOf(t, r.dir)
	delete(after, "lock")
	delete(before, "lock")
	require.Equal(t, before, after, "nothing was changed")
}

// The operator restores a backup of the journal and its checkpoint, which fit each other.
func TestSnapshotShowsAnOlderCopyOfTheRest(t *testing.T) {
	r := newRollback(t)
	r.restore(t, journalName, checkpointName)
	r.damaged(t, "ends after 1 ballots; the snapshot covers 2")

	// Also if a record was on its way in it.
	f, err := os.OpenFile(filepath.Join(r.dir, journalName), os.O_WRONLY|os.O_APPEND, 0)
	require.NoError(t, err)
	_, err = f.WriteString("cast")
	require.NoError(t, errors.Join(err, f.Close()))
	r.damaged(t, "and the snapshot covers it (2 ballots)")

	// Also if nothing but the snapshot is left, or an empty journal with it.
	for _, name := range []string{journalName, checkpointName} {
		require.NoError(t, os.Remove(filepath.Join(r.dir, name)))
	}
	r.damaged(t, "ballots.log is missing")
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, journalName), journalHeader(r.Manifest.ID()), 0o600))
	r.damaged(t, "ends after 0 ballots; the snapshot covers 2")
}

// The whole directory is an older copy: flawless by itself, but somebody has seen more.
func TestKnownCheckpointsShowAnOlderCopyOfAll(t *testing.T) {
	r := newRollback(t)
	newer := copyDir(t, r.dir)
	r.restore(t, journalName, checkpointName, snapshotName)
	r.damaged(t, "ends after 1 ballots; number 2 of Config.Known says 2, closed: false", r.first, r.last)

	// Nothing is left at all.
	r.dir = t.TempDir()
	r.damaged(t, "ballots.log is missing", r.first)

	// The box went on from the older copy: one who knows the other history stops it.
	r.dir = r.older
	x := r.open(t)
	other := smallBallot(t, r.stage, 2, 0)
	forked := r.cast(t, x, other)
	require.NoError(t, x.Close())
	r.damaged(t, "the root of the first 2 ballots of ballots.log is", r.last)
	var evidence *Evidence
	require.ErrorAs(t, CompareReceipts(r.Manifest, r.receipt, r.ballot, forked, other), &evidence, "this is what it would come to")

	// What holds all that is known opens, with or without more.
	r.dir = newer
	c := r.config()
	c.Known = []*Checkpoint{r.first, r.last}
	x, err := Open(r.dir, r.Manifest, c)
	require.NoError(t, err)
	sealed := r.seal(t, x)
	require.NoError(t, x.Close())
	c.Known = append(c.Known, sealed)
	x, err = Open(r.dir, r.Manifest, c)
	require.NoError(t, err)
	require.NoError(t, x.Close())

	// The seal, too, is not to be on another size, nor to be lost.
	short := *r.first
	short.Closed = true
	short.Note = r.signNote(t, short.text())
	r.damaged(t, "number 1 of Config.Known says that the log was closed with 1", &short)
	content, err := os.ReadFile(filepath.Join(r.dir, journalName))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, journalName), content[:len(content)-recordSize], 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, checkpointName), r.last.Note, 0o600))
	require.NoError(t, os.Remove(filepath.Join(r.dir, snapshotName)))
	r.damaged(t, "number 1 of Config.Known says 2, closed: true", sealed)
}

func TestKnownCheckpointsMustBeOfThisBox(t *testing.T) {
	r := newRollback(t)
	other := newStage(t, electiontest.Config{})
	changed := *r.first
	changed.Size++
	for i, k := range []*Checkpoint{nil, {}, other.open(t).Checkpoint(), &changed} {
		c := r.config()
		c.Known = []*Checkpoint{r.last, k}
		_, err := Open(r.dir, r.Manifest, c)
		require.ErrorContains(t, err, "number 2 of Config.Known: ", fmt.Sprint(i))
		require.NotErrorIs(t, err, ErrDamaged)
	}

	// A head of no ballots binds nobody: a box that was never used may begin anew.
	s := newStage(t, electiontest.Config{})
	c := s.config()
	c.Known = []*Checkpoint{s.open(t).Checkpoint()}
	x, err := Open(t.TempDir(), s.Manifest, c)
	require.NoError(t, err)
	require.NoError(t, x.Close())
}
