package box

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
)

// flaky is a disk on which one file cannot be read.
type flaky struct {
	fstest.MapFS
	at  string
	err error
}

func (f flaky) Open(name string) (fs.File, error) {
	if name == f.at {
		return nil, &fs.PathError{Op: "open", Path: name, Err: f.err}
	}
	return f.MapFS.Open(name)
}

// What the reader's machine cannot read is no fault of the box, and no result comes of it.
func TestMergeDoesNotTakeAReadErrorForABrokenLog(t *testing.T) {
	s := threeBoxes(t, electiontest.Config{Voters: 2, Revotes: 1})
	a, b := s.Ballot(t, 0, 0, 0), s.Ballot(t, 0, 1, 1)
	one, three := s.log(t, 1, a), s.log(t, 3, a)
	files := s.published(t, 2, closedLine, a.Bytes(), b.Bytes())
	ctx := context.Background()
	for path := range files {
		if path == checkpointName {
			continue
		}
		two := s.opened(t, files)
		failure := errors.New("input/output error")
		two.files = flaky{files, path, failure}
		_, err := Merge(ctx, s.Manifest, s.verifier, []*Log{one, two, three}, nil)
		require.ErrorIs(t, err, failure, path)
		require.ErrorContains(t, err, "box 2")
		two.files = flaky{files, path, fs.ErrNotExist}
		r := s.merge(t, one, two, three)
		require.Equal(t, BoxBroken, r.Boxes[1].State, "a file that is not there is the box's fault")
		requireCounted(t, r, a)
	}
}

// twins are ballots of one voter with one number, of which an honest box logs one.
func (s *stage) twins(tb testing.TB, n int) (out []*ballot.Ballot) {
	tb.Helper()
	c := s.Credential(tb, 0).Bytes()
	for i := range n {
		copied, err := ballot.ParseCredential(s.Manifest, bytes.Clone(c))
		require.NoError(tb, err)
		sealed, err := copied.Encrypt(electiontest.Votes(i))
		require.NoError(tb, err)
		b, err := sealed.Sign(0)
		require.NoError(tb, err)
		out = append(out, b)
	}
	return out
}

// A box is at fault that logged valid ballots against its own rule. They count all the same: the
// place of an entry decides nothing.
func TestABoxThatLogsAgainstItsRuleIsAtFault(t *testing.T) {
	s := threeBoxes(t, electiontest.Config{Voters: 3, Revotes: 2})
	honest, twins := s.Ballot(t, 1, 0, 0), s.twins(t, 2)
	old, last := s.Ballot(t, 0, 1, 0), s.Ballot(t, 0, 2, 1)
	preferred := twins[0]
	if a, b := twins[0].Digest(), twins[1].Digest(); bytes.Compare(a[:], b[:]) > 0 {
		preferred = twins[1]
	}
	rekeyed := s.rekeyed(t, 0, 2, 1)
	for name, c := range map[string]struct {
		logged []*ballot.Ballot
		counts *ballot.Ballot
		index  uint64
	}{
		"two ballots with one number":      {twins, preferred, 1},
		"an older one after a newer one":   {[]*ballot.Ballot{last, old}, last, 1},
		"another ballot key":               {[]*ballot.Ballot{old, honest, rekeyed}, rekeyed, 2},
		"the last one, between two others": {[]*ballot.Ballot{twins[0], last, old}, last, 2},
	} {
		r := s.merge(t, s.log(t, 1, honest), s.log(t, 2, c.logged...), s.log(t, 3, append(slices.Clone(c.logged[:1]), honest)...))
		requireCounted(t, r, c.counts, honest)
		require.Zero(t, r.Boxes[1].Invalid, name)
		require.EqualValues(t, 1, r.Boxes[1].Refused, name)
		require.Equal(t, c.index, r.Boxes[1].RefusedEntries[0].Index, name)
		require.ErrorIs(t, r.Boxes[1].RefusedEntries[0].Err, ballot.ErrSequence)
		require.Zero(t, r.Boxes[0].Refused+r.Boxes[2].Refused, "%s: each box has its own rule-book", name)
		require.NoError(t, r.Complete(), "with two copies one box may be at fault")
		r = s.merge(t, s.log(t, 1, honest), s.log(t, 2, c.logged...))
		require.ErrorContains(t, r.Complete(), "2 of 3 boxes are at fault", name)
		require.ErrorContains(t, r.Complete(), fmt.Sprintf("box 2 (log.example.org/box/2) has logged 1 ballots against its rule, the first at index %d", c.index))
	}

	// Gaps are no fault: the voter was elsewhere.
	r := s.merge(t, s.log(t, 1, twins[0], last), s.log(t, 2, old, last), s.log(t, 3, twins[0], old))
	for _, b := range r.Boxes {
		require.Zero(t, b.Refused)
	}
}

// The checkpoint alone says that no honest box made the log: nothing of it is read.
func TestMergeDoesNotReadALogOfTooManyEntries(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 2, Revotes: 1, Boxes: 2, Copies: 1})
	honest, twins := s.Ballot(t, 1, 0, 0), s.twins(t, 5)
	r := s.merge(t, s.log(t, 1, twins...), s.log(t, 2, honest))
	require.Equal(t, BoxBroken, r.Boxes[0].State)
	require.ErrorIs(t, r.Boxes[0].Err, ballot.ErrInvalid)
	require.ErrorContains(t, r.Boxes[0].Err, "5 entries, and the election can have 4")
	require.Zero(t, r.Boxes[0].Logged)
	requireCounted(t, r, honest)
	require.ErrorContains(t, r.Complete(), "box 1 (log.example.org/box) is broken")
	require.Equal(t, s.merge(t, s.log(t, 2, honest)).Digest(), r.Digest(), "it is as if it were absent")
	r = s.merge(t, s.log(t, 1, twins[:4]...), s.log(t, 2, honest))
	require.EqualValues(t, 4, r.Boxes[0].Logged)

	signed := s.signNote(t, fmt.Sprintf("%s\n%d\n%s\nclosed\n", origin(s.Manifest), uint64(maxLogSize), someRoot))
	huge := s.opened(t, fstest.MapFS{checkpointName: {Data: signed}})
	progress := func(done, total uint64) { require.EqualValues(t, 1, total) }
	r, err := Merge(context.Background(), s.Manifest, s.verifier, []*Log{huge, s.log(t, 2, honest)}, &MergeOptions{Progress: progress})
	require.NoError(t, err)
	requireCounted(t, r, honest)
}

// A box cannot make the auditor verify the same bytes again and again.
func TestMergeVerifiesInvalidBytesOnce(t *testing.T) {
	s := threeBoxes(t, electiontest.Config{Voters: 10})
	forged := bytes.Clone(s.Ballot(t, 0, 0, 0).Bytes())
	forged[len(forged)-1] ^= 1
	r, err := newMerged(s.Manifest, []*Log{
		s.opened(t, s.published(t, 1, closedLine, forged)), s.opened(t, s.published(t, 2, closedLine, slices.Repeat([][]byte{forged}, 10)...)),
	})
	require.NoError(t, err)
	g := &merger{Merged: r, verifier: s.verifier, options: new(MergeOptions), known: newBallotSet(), most: 4}
	_, err = g.read(context.Background(), 0, r.logs[0])
	require.NoError(t, err)
	g.verifier = newStage(t, electiontest.Config{}).verifier // it would say that it is of another election
	_, err = g.read(context.Background(), 1, r.logs[1])
	require.NoError(t, err)
	require.EqualValues(t, 10, r.Boxes[1].Invalid)
	require.ErrorIs(t, r.Boxes[1].InvalidEntries[9].Err, ballot.ErrInvalid)

	// Nor within one batch: each run of the same bytes is one ballot to verify.
	entries := slices.Repeat([][]byte{forged}, 10)
	g = &merger{Merged: r, verifier: s.verifier, options: new(MergeOptions), known: newBallotSet(), most: 10}
	ballots, _, first, err := g.verify(context.Background(), entries, make([][32]byte, 10))
	require.NoError(t, err)
	require.NotNil(t, ballots[0])
	require.Equal(t, make([]*ballot.Ballot, 9), ballots[1:])
	require.Equal(t, make([]int, 10), first)
}

func TestAMergeThatWasNotMadeIsNotComplete(t *testing.T) {
	require.ErrorIs(t, new(Merged).Complete(), ballot.ErrMalformed)
	s := newStage(t, electiontest.Config{})
	_, err := Merge(context.Background(), s.Manifest, s.verifier, []*Log{{}}, nil)
	require.ErrorIs(t, err, ballot.ErrMalformed)
}
