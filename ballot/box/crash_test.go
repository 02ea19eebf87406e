package box

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
	"github.com/scrutin/scrutin/proof"
)

// A script is an election on a disk that may fail: groups of ballots, each cast at once, and
// whether the box is closed and opened again after a group. What the box answered is kept, as its voters keep it.
type script struct {
	*stage
	groups   [][]*ballot.Ballot
	reopen   []bool
	receipts map[*ballot.Ballot]*Receipt
	head     *Checkpoint // the last that anybody saw
	failures []error
}

// newScript is an election of three voters in five groups, with re-votes, duplicates and rivals.
func newScript(t *testing.T) *script {
	s := newStage(t, electiontest.Config{Voters: 3, Revotes: 2, Edit: oneQuestion})
	vote := func(voter int, sequence uint32) *ballot.Ballot { return smallBallot(t, s, voter, sequence) }
	a0, b0, a1 := vote(0, 0), vote(1, 0), vote(0, 1)
	return &script{stage: s, groups: [][]*ballot.Ballot{
		{a0, b0},
		{vote(2, 0), a0, vote(1, 0)}, // a duplicate, and another first ballot of the second voter
		{a1, vote(1, 1), vote(0, 1)},
		{a1, vote(2, 1), vote(2, 2)}, // the last depends on the one before
		{vote(0, 2), b0},
	}, reopen: []bool{false, false, true, true, false}}
}

func (s *script) openOn(d disk) (*Box, error) {
	x, err := open(d, s.Manifest, s.config())
	if err != nil {
		return nil, err
	}
	x.policy = snapshotPolicy{end: 1, between: 2}
	x.verify = acceptAll // what is tested is the disk
	return x, nil
}

// run runs the election to its end or, on a disk that goes away, to where it stops.
func (s *script) run(t *testing.T, d disk) {
	s.receipts, s.head, s.failures = map[*ballot.Ballot]*Receipt{}, nil, nil
	s.clock.Store(s.Manifest.Opens())
	x, err := s.openOn(d)
	if s.failed(err) {
		return
	}
	defer func() { x.Close() }()
	for i, group := range s.groups {
		s.castGroup(t, x, group)
		if s.reopen[i] {
			s.failed(x.Close())
			again, err := s.openOn(d)
			if s.failed(err) {
				return
			}
			x = again
		}
	}
	if len(s.failures) > 0 {
		return // those who got no answer want to cast again
	}
	s.clock.Store(s.Manifest.Closes())
	head, err := x.Seal(context.Background())
	if !s.failed(err) {
		s.head = head
	}
}

func (s *script) failed(err error) bool {
	if err != nil {
		s.failures = append(s.failures, err)
	}
	return err != nil
}

// castGroup casts ballots as one batch. Of their answers it keeps the receipts.
func (s *script) castGroup(t *testing.T, x *Box, group []*ballot.Ballot) {
	var batch []*request
	for _, b := range group {
		batch = append(batch, newRequest(b))
	}
	x.queue.lead <- struct{}{}
	x.process(context.Background(), batch)
	for i, r := range batch {
		var refusal *Refusal
		switch {
		case r.err == nil:
			require.Empty(t, x.failed)
			s.receipts[group[i]], s.head = r.receipt, r.receipt.Checkpoint
		case errors.As(r.err, &refusal):
			require.ErrorIs(t, r.err, ballot.ErrSequence)
		default:
			s.failures = append(s.failures, r.err)
		}
	}
}

// honours checks that a box that was opened again stands by all that was said before: every
// receipt, and the last head; and that it holds no nullifier twice.
func (s *script) honours(t *testing.T, x *Box, where string) {
	head := x.Checkpoint()
	for b, r := range s.receipts {
		require.Less(t, r.Index, head.Size, where)
		require.Equal(t, tlog.RecordHash(b.Bytes()), x.hashes.leaf(r.Index), where)
		again, err := x.logged(tlog.RecordHash(b.Bytes()))
		require.NoError(t, err, where)
		require.Equal(t, r.Index, again.Index, where)
		require.NoError(t, tlog.CheckRecord(again.Proof, int64(head.Size), head.Hash, int64(r.Index), tlog.RecordHash(b.Bytes())), where)
	}
	if s.head != nil && s.head.Size > 0 {
		require.LessOrEqual(t, s.head.Size, head.Size, where)
		p, err := tlog.ProveTree(int64(head.Size), int64(s.head.Size), x.hashes)
		require.NoError(t, err, where)
		require.NoError(t, tlog.CheckTree(p, int64(head.Size), head.Hash, int64(s.head.Size), s.head.Hash), where)
		if s.head.Closed {
			require.Equal(t, s.head.Note, head.Note, where)
		}
	}
	next := map[proof.Nullifier]uint32{}
	last := map[proof.Nullifier]uint64{}
	require.EqualValues(t, len(x.places), head.Size, where)
	for i, p := range x.places {
		raw, err := x.journal.ballot(p)
		require.NoError(t, err, where)
		require.Equal(t, x.hashes.leaf(uint64(i)), tlog.RecordHash(raw), where)
		b, err := ballot.ParseBallot(s.Manifest, raw)
		require.NoError(t, err, where)
		require.Equal(t, next[b.Nullifier()], b.Sequence(), where)
		next[b.Nullifier()]++
		last[b.Nullifier()] = uint64(i)
	}
	require.Equal(t, last, maps.Collect(x.rules.Counted()), where)
}

// finish opens what a crash left, checks it, and brings the election to the end that it would
// have had without the crash.
func (s *script) finish(t *testing.T, d disk, where string) {
	s.clock.Store(s.Manifest.Opens())
	x, err := s.openOn(d)
	require.NoError(t, err, where)
	s.honours(t, x, where)
	s.failures = nil
	if !x.Checkpoint().Closed {
		for _, group := range s.groups {
			s.castGroup(t, x, group)
		}
	}
	s.clock.Store(s.Manifest.Closes())
	s.head, err = x.Seal(context.Background())
	require.NoError(t, err, where)
	require.Empty(t, s.failures, where)
	s.honours(t, x, where)
	require.Equal(t, 3, x.rules.Voters(), where)
	for i := range 3 {
		_, sequence, ok := x.rules.Last(s.groups[[]int{0, 0, 1}[i]][[]int{0, 1, 0}[i]].Nullifier())
		require.True(t, ok, where)
		require.EqualValues(t, []uint32{2, 1, 2}[i], sequence, where)
	}
	require.NoError(t, x.Close(), where)
}

// keep returns a copy of the script's state, from which several futures follow.
func (s *script) keep() *script {
	c := *s
	c.receipts = maps.Clone(s.receipts)
	return &c
}

// wholeScript runs the election on a healthy disk and returns the number of operations on it.
func (s *script) wholeScript(t *testing.T) int {
	d := newMemDisk()
	s.run(t, d)
	require.Empty(t, s.failures)
	require.Len(t, s.receipts, 8)
	require.EqualValues(t, 8, s.head.Size)
	require.True(t, s.head.Closed)
	require.Contains(t, d.names, snapshotName)
	require.Greater(t, d.count, 70)
	return d.count
}

// crashes is how many states after a crash the tests look at.
const crashes = everything + 1 + 4

// The machine stops at each operation of an election in turn, at once or in the middle of a
// write. Whatever of the unsynced data and names survived: the box opens again, every receipt
// holds, nobody votes twice, the log extends what was signed, and the election goes on to its end.
func TestSurvivesACrashAtEveryOperation(t *testing.T) {
	s := newScript(t)
	for k := range s.wholeScript(t) {
		for _, torn := range []int{0, 700} {
			d := newMemDisk()
			d.fail, d.how, d.torn = k+1, gone, torn
			s.run(t, d)
			if torn > 0 && d.torn > 0 {
				continue // that was no write
			}
			for variant := range crashes {
				s.keep().finish(t, d.crash(variant), fmt.Sprintf("operation %d, %d bytes through, state %d", k+1, torn, variant))
			}
		}
	}
}

// An operation fails once, on a system that goes on. The box gives no receipt until it is opened
// anew; then it goes on. What the failure left unwritten is not under a receipt: the power may
// fail right after the end, too.
func TestSurvivesAnErrorAtEveryOperation(t *testing.T) {
	s := newScript(t)
	for k := range s.wholeScript(t) {
		for _, torn := range []int{0, 700, 1 << 20} {
			where := fmt.Sprintf("operation %d, %d bytes through", k+1, torn)
			d := newMemDisk()
			d.fail, d.how, d.torn = k+1, once, torn
			s.run(t, d)
			if torn > 0 && d.torn > 0 {
				continue // that was no write
			}
			for _, err := range s.failures {
				require.ErrorIs(t, err, syscall.EIO, where)
			}
			s.finish(t, d, where)
			for _, variant := range []int{onlySynced, everything, everything + 1} {
				s.keep().finish(t, d.crash(variant), where)
			}
		}
	}
}

// The disk is full from an operation on, and writes fall short. When there is space again, with or
// without a crash in between, nothing is lost.
func TestSurvivesAFullDiskAtEveryOperation(t *testing.T) {
	s := newScript(t)
	for k := range s.wholeScript(t) {
		for _, torn := range []int{0, 700} {
			where := fmt.Sprintf("operation %d, %d bytes through", k+1, torn)
			d := newMemDisk()
			d.fail, d.how, d.torn = k+1, full, torn
			s.run(t, d)
			if torn > 0 && d.torn > 0 {
				continue // that was no write
			}
			for _, err := range s.failures {
				require.ErrorIs(t, err, syscall.ENOSPC, where)
			}
			for _, variant := range []int{onlySynced, everything, everything + 1} {
				s.keep().finish(t, d.crash(variant), where)
			}
			d.fail = 0
			s.finish(t, d, where)
		}
	}
}

// After a sync that fails, nothing is taken and nothing is said until the box is opened anew.
func TestAFailedSyncStopsTheBox(t *testing.T) {
	s := newScript(t)
	d := newMemDisk()
	x, err := s.openOn(d)
	require.NoError(t, err)
	d.fail, d.how = d.count+2, once // the write is well, its sync is not
	s.receipts = map[*ballot.Ballot]*Receipt{}
	s.castGroup(t, x, s.groups[0])
	require.Len(t, s.failures, 2)
	require.Zero(t, d.fail, "the disk is well again")
	before := bytes.Clone(d.names[journalName].data)
	for range 2 {
		_, err = x.Cast(context.Background(), s.groups[0][0].Bytes())
		require.ErrorIs(t, err, syscall.EIO)
		_, err = x.Cast(context.Background(), s.groups[1][0].Bytes())
		require.ErrorIs(t, err, syscall.EIO)
		s.clock.Store(s.Manifest.Closes())
		_, err = x.Seal(context.Background())
		require.ErrorIs(t, err, syscall.EIO)
		s.clock.Store(s.Manifest.Opens())
	}
	require.Empty(t, s.receipts)
	require.Zero(t, x.Checkpoint().Size)
	require.NoError(t, x.Close())
	require.Equal(t, before, d.names[journalName].data)
	require.Equal(t, []string{journalName, checkpointName}, slices.Sorted(maps.Keys(d.names)))
	s.finish(t, d, "")
}
