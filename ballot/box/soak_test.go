package box

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
)

// TestSoak casts for as long as SCRUTIN_SOAK says ("30m"): first ballots and re-votes, proofs
// and all, with bad ballots among them, exports, and a reopening every few thousand. Memory grows with
// the ballots, by little each, and with nothing else.
func TestSoak(t *testing.T) {
	d, err := time.ParseDuration(os.Getenv("SCRUTIN_SOAK"))
	if err != nil {
		t.Skip("set SCRUTIN_SOAK to a duration, as 30m, to run this")
	}
	const voters, callers, round, perBallot = 256, 16, 1024, 150
	s := newStage(t, electiontest.Config{Voters: voters, Revotes: ballot.MaxRevotes, Edit: oneQuestion})
	vote := map[ballot.QuestionID]ballot.Vote{"treaty": ballot.Choose("yes")}
	credentials := make([]*ballot.Credential, voters)
	for i := range credentials {
		credentials[i] = s.Credential(t, i)
	}
	open := func() *Box {
		x, err := Open(s.dir, s.Manifest, s.config())
		require.NoError(t, err)
		x.policy = snapshotPolicy{end: 1, between: 2 * round}
		return x
	}
	sequences := make([]uint32, voters)
	public := filepath.Join(s.dir, "public")
	x := open()
	var heaps []uint64 // after each round, with the box open
	goroutines := runtime.NumGoroutine()
	var casts, refusals atomic.Int64
	for start := time.Now(); time.Since(start) < d; {
		var wg sync.WaitGroup
		for c := range callers {
			wg.Go(func() {
				for i := c; i < round; i += callers {
					voter := i % voters
					sealed, err := credentials[voter].Encrypt(vote)
					if err != nil {
						t.Error(err)
						return
					}
					b, err := sealed.Sign(sequences[voter])
					if err != nil {
						t.Error(err)
						return
					}
					sequences[voter]++
					if i%10 == 0 {
						bad := b.Bytes()
						bad[len(bad)-1] ^= 1
						if _, err := x.Cast(context.Background(), bad); err == nil {
							t.Error("a bad ballot got a receipt")
						}
						refusals.Add(1)
					}
					r, err := x.Cast(context.Background(), b.Bytes())
					if err != nil {
						t.Error(err)
						return
					}
					if again, err := x.Cast(context.Background(), b.Bytes()); err != nil || again.Index != r.Index {
						t.Error("no second receipt", err)
					}
					casts.Add(1)
				}
			})
		}
		wg.Wait()
		require.False(t, t.Failed())
		require.NoError(t, x.Export(public))
		if len(heaps)%4 == 3 {
			before := x.Checkpoint()
			require.NoError(t, x.Close())
			x = open()
			require.Equal(t, before, x.Checkpoint())
			require.Equal(t, voters, x.rules.Voters())
		}
		heaps = append(heaps, heap())
		require.LessOrEqual(t, runtime.NumGoroutine(), goroutines)
	}
	require.EqualValues(t, casts.Load(), x.Checkpoint().Size)
	require.NoError(t, x.Close())
	entries, err := entriesOf(t, os.DirFS(public), s.Manifest)
	require.NoError(t, err)
	require.Len(t, entries, int(casts.Load()))
	require.Greater(t, len(heaps), 8, "too short a time")
	half := len(heaps) / 2
	grown := (float64(heaps[len(heaps)-1]) - float64(heaps[half])) / float64((len(heaps)-1-half)*round)
	t.Logf("%d ballots of %d voters, %d refused: heap %d KiB after the first round, %d KiB in the middle, %d KiB at the end, %.0f bytes a ballot",
		casts.Load(), voters, refusals.Load(), heaps[0]>>10, heaps[half]>>10, heaps[len(heaps)-1]>>10, grown)
	require.Less(t, grown, float64(perBallot))
}
