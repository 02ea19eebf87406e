package box

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
)

// Receipts of ballots for different votes, at one number of logs of one size, differ in nothing
// but hashes and a signature over them.
func TestReceiptsTellNothingAboutTheVote(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 3})
	shape := regexp.MustCompile(`(?m)^[A-Za-z0-9+/]{43}=$|[A-Za-z0-9+/]{91}=$`) // hashes, the signature
	var shapes []string
	var lengths []int
	for n := range 12 { // every pair of answers of electiontest
		x := s.another(t)
		s.cast(t, x, s.Ballot(t, 0, 0, 0))
		mine := s.Ballot(t, 1, 0, n)
		s.cast(t, x, mine)
		s.cast(t, x, s.Ballot(t, 2, 0, 1))
		r := s.cast(t, x, mine)
		require.NoError(t, x.Close())
		require.EqualValues(t, 1, r.Index)
		b := r.Bytes()
		shapes = append(shapes, shape.ReplaceAllString(string(b), "#"))
		lengths = append(lengths, len(b))
		text, err := r.Text(s.Manifest, mine)
		require.NoError(t, err)
		require.Len(t, text, len("tracker  ")+19+len("\nnumber   1\nlog      ")+len(r.Checkpoint.Origin)+len("\nballots  3\nroot     ")+44+1)
	}
	for i := range shapes {
		require.Equal(t, shapes[0], shapes[i])
		require.Equal(t, lengths[0], lengths[i])
	}
	require.Equal(t, 4, strings.Count(shapes[0], "#"), "two hashes, the root and the signature: %s", shapes[0])
}

// The voter has the manifest, the receipt and her ballot, and no network.
func TestReceiptVerifiesFromTheManifestAlone(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 2})
	x := s.open(t)
	b := s.Ballot(t, 0, 0, 0)
	encoded, raw := s.cast(t, x, b).Bytes(), b.Bytes()
	require.NoError(t, x.Close())
	require.NoError(t, os.RemoveAll(s.dir))

	m, err := ballot.ParseManifest(s.Manifest.Bytes())
	require.NoError(t, err)
	mine, err := ballot.ParseBallot(m, raw)
	require.NoError(t, err)
	r, err := ParseReceipt(m, encoded)
	require.NoError(t, err)
	require.NoError(t, r.Verify(m, mine))
	text, err := r.Text(m, mine)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(text, "tracker  "+mine.Tracker()+"\nnumber   0\n"), text)
	_, err = r.Text(m, s.Ballot(t, 1, 0, 0))
	require.ErrorIs(t, err, ballot.ErrInvalid, "no text for another ballot")
}

func TestFindsABallotByItsTracker(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 4})
	x := s.open(t)
	var trackers []string
	for i := range 3 {
		b := s.Ballot(t, i, 0, i)
		s.cast(t, x, b)
		trackers = append(trackers, b.Tracker())
	}
	dir := t.TempDir()
	require.NoError(t, x.Export(dir))
	l := s.openLog(t, os.DirFS(dir))
	ctx := context.Background()
	for i, tracker := range trackers {
		for _, typed := range []string{
			tracker, strings.ToLower(tracker), strings.ReplaceAll(tracker, "-", ""), strings.ReplaceAll(tracker, "-", " "),
			strings.NewReplacer("0", "o", "1", "l").Replace(tracker), strings.NewReplacer("0", "O", "1", "I").Replace(tracker),
		} {
			found, err := l.Find(ctx, typed)
			require.NoError(t, err, typed)
			require.Equal(t, []uint64{uint64(i)}, found, typed)
		}
	}
	found, err := l.Find(ctx, s.Ballot(t, 3, 0, 0).Tracker())
	require.NoError(t, err)
	require.Empty(t, found)
	for _, bad := range []string{"", "K3M8", trackers[0] + "0", trackers[0][:18], trackers[0][:18] + "U", trackers[0][:18] + "é", strings.Repeat("-", 1<<20)} {
		_, err := l.Find(ctx, bad)
		require.ErrorIs(t, err, ballot.ErrMalformed, "%.40q", bad)
	}

	// In a log that is not whole nothing is found.
	name := filepath.Join(dir, "tile", "entries", "000.p", "3")
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	b[len(b)-1] ^= 1
	require.NoError(t, os.WriteFile(name, b, 0o600))
	_, err = l.Find(ctx, trackers[0])
	require.ErrorIs(t, err, ballot.ErrInvalid)
	stopped, stop := context.WithCancel(ctx)
	stop()
	_, err = l.Find(stopped, trackers[0])
	require.True(t, errors.Is(err, context.Canceled), err)
}

// A voter's client asks one thing: is the ballot cast?
func TestABallotIsCastWithReceiptsOfEnoughBoxes(t *testing.T) {
	s := threeBoxes(t, electiontest.Config{Voters: 3})
	boxes := s.openAll(t)
	b, other := s.Ballot(t, 0, 0, 0), s.Ballot(t, 1, 0, 1)
	var receipts []*Receipt
	for i, x := range boxes {
		r := s.cast(t, x, b)
		require.Equal(t, i+1, r.Box())
		receipts = append(receipts, r)
	}
	s.cast(t, boxes[0], other)
	later := s.cast(t, boxes[0], b)
	require.NotEqual(t, receipts[0].Bytes(), later.Bytes())
	renumbered := *later
	renumbered.Checkpoint = later.Checkpoint.clone()
	renumbered.Checkpoint.Box = 2
	cut := *receipts[1]
	cut.Index++

	m := s.Manifest
	for _, enough := range [][]*Receipt{receipts[:2], receipts[1:], receipts, {receipts[2], later}, {nil, receipts[0], &cut, receipts[1]}} {
		require.NoError(t, CheckReceipts(m, b, enough...))
	}
	for name, few := range map[string][]*Receipt{
		"none": nil, "one": receipts[:1], "two of one box": {receipts[0], later}, "one of them says that it is another box's": {receipts[0], &renumbered},
		"one does not hold": {receipts[0], &cut}, "one is of another ballot": {receipts[1], s.cast(t, boxes[0], other)}, "nil": {receipts[0], nil, nil},
	} {
		err := CheckReceipts(m, b, few...)
		require.ErrorIs(t, err, ballot.ErrInvalid, name)
		require.ErrorContains(t, err, "different boxes, 2 are wanted", name)
	}
	require.ErrorContains(t, CheckReceipts(m, b, receipts[0], &cut), "receipt 2 of 2: box: receipt: ")
	require.Error(t, CheckReceipts(m, other, receipts...))
	require.Error(t, CheckReceipts(m, nil, receipts...))
	require.Error(t, CheckReceipts(newStage(t, electiontest.Config{}).Manifest, b, receipts...), "one copy is wanted there, and none is of that election")

	alone := newStage(t, electiontest.Config{})
	mine := alone.Ballot(t, 0, 0, 0)
	require.NoError(t, CheckReceipts(alone.Manifest, mine, alone.cast(t, alone.open(t), mine)))
	require.Error(t, CheckReceipts(alone.Manifest, mine))
}

// What was never filled in proves nothing, and stops no program.
func TestZeroValuesProveNothing(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	b := s.Ballot(t, 0, 0, 0)
	r := s.cast(t, x, b)
	m := s.Manifest
	l := s.openLog(t, publish(t, x))
	var none *Receipt
	for _, err := range []error{
		none.Verify(m, b), new(Receipt).Verify(m, b), l.Honours(m, nil, b), new(Log).Honours(m, r, b), (*Log)(nil).Honours(m, r, b),
		CompareReceipts(m, r, b, nil, b), (*Evidence)(nil).Verify(m), new(Evidence).Verify(m),
	} {
		require.ErrorIs(t, err, ballot.ErrMalformed)
	}
	_, err := none.Text(m, b)
	require.ErrorIs(t, err, ballot.ErrMalformed)
	require.Zero(t, new(Receipt).Box())
	require.NotEmpty(t, (*Evidence)(nil).Error())
	require.False(t, new(WitnessKey).Verify([]byte("text"), make([]byte, cosignatureSize)))
	g := s.guard(t)
	cosigned := g.takes(t, s, x.Checkpoint(), nil)
	require.Empty(t, cosigned.Cosignatures(nil, new(WitnessKey), nil))
	require.Len(t, cosigned.Cosignatures(nil, g.Key(), new(WitnessKey)), 1)
}
