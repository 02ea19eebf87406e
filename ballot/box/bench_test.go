package box

import (
	"context"
	"fmt"
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

// BenchmarkOpen opens a box of 256 ballots.
func BenchmarkOpen(b *testing.B) {
	const voters = 256
	s := newStage(b, electiontest.Config{Voters: voters})
	x := s.open(b)
	var wg sync.WaitGroup
	for i := range voters {
		raw := s.Ballot(b, i, 0, i).Bytes()
		wg.Go(func() {
			if _, err := x.Cast(context.Background(), raw); err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
	require.NoError(b, x.Close())
	for b.Loop() {
		require.NoError(b, s.open(b).Close())
	}
	b.ReportMetric(float64(voters*b.N)/b.Elapsed().Seconds(), "ballots/s")
}
