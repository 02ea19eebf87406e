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
