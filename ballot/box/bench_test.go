package box

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/electiontest"
)

var sink *Receipt

// BenchmarkCast takes the first ballots of 64 voters, one after another and all at once.
func BenchmarkCast(b *testing.B) {
	const voters = 64
	s := newStage(b, electiontest.Config{Voters: voters})
	raw := make([][]byte, voters)
	for i := range raw {
		raw[i] = s.Ballot(b, i, 0, i).Bytes()
	}
	for _, callers := range []int{1, voters} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				s.dir = b.TempDir()
				s.verifier = s.Verifier(b) // one that has not seen the credentials
				x := s.open(b)
				b.StartTimer()
				var wg sync.WaitGroup
				next := make(chan []byte)
				for range callers {
					wg.Go(func() {
						for r := range next {
							receipt, err := x.Cast(context.Background(), r)
							if err != nil {
								b.Error(err)
							}
							if callers == 1 {
								sink = receipt
							}
						}
					})
				}
				for _, r := range raw {
					next <- r
				}
				close(next)
				wg.Wait()
				b.StopTimer()
				require.NoError(b, x.Close())
				b.StartTimer()
			}
			b.ReportMetric(float64(voters*b.N)/b.Elapsed().Seconds(), "ballots/s")
		})
	}
}

// BenchmarkOpen opens a box of 100,000 small ballots, with a snapshot of them all and without;
// "B/ballot" is what each takes in memory.
func BenchmarkOpen(b *testing.B) {
	const ballots = 100_000
	s := newStage(b, electiontest.Config{Voters: 1, Edit: oneQuestion})
	x := s.open(b)
	fill(b, s, x, 0, ballots)
	require.NoError(b, x.Close())
	for _, name := range []string{"snapshot", "rebuild"} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(x.journal.end)
			var grown uint64
			for b.Loop() {
				b.StopTimer()
				if name == "rebuild" {
					require.NoError(b, os.RemoveAll(filepath.Join(s.dir, snapshotName)))
				}
				before := heap()
				b.StartTimer()
				y := s.open(b)
				b.StopTimer()
				require.EqualValues(b, ballots, y.Checkpoint().Size)
				require.Equal(b, name == "snapshot", y.covered == ballots)
				grown = heap() - before
				y.policy.end = 1 << 20
				require.NoError(b, y.Close())
				b.StartTimer()
			}
			b.ReportMetric(float64(ballots*b.N)/b.Elapsed().Seconds(), "ballots/s")
			b.ReportMetric(float64(grown)/ballots, "B/ballot")
		})
	}
}

// heap is what is in use after a collection of garbage.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
