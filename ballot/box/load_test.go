package box

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
)

// A countedDisk counts the syncs of a disk.
type countedDisk struct {
	disk
	syncs *atomic.Int64
}

type countedFile struct {
	file
	syncs *atomic.Int64
}

func (d countedDisk) Open(name string) (file, error)   { return d.count(d.disk.Open(name)) }
func (d countedDisk) Create(name string) (file, error) { return d.count(d.disk.Create(name)) }

func (d countedDisk) Check(name string, f file) error {
	return d.disk.Check(name, f.(countedFile).file)
}

func (d countedDisk) count(f file, err error) (file, error) {
	if err != nil {
		return nil, err
	}
	return countedFile{f, d.syncs}, nil
}

func (d countedDisk) SyncDir() error {
	d.syncs.Add(1)
	return d.disk.SyncDir()
}

func (f countedFile) Sync() error {
	f.syncs.Add(1)
	return f.file.Sync()
}

// BenchmarkLoad: 64 callers cast the ballots of a referendum into a box in a directory, every
// sync included; each ballot is its voter's first. For comparison, VerifyBatch alone checks the
// same ballots, on all cores and with the credentials unknown; "share" is the box's part of
// that speed.
func BenchmarkLoad(b *testing.B) {
	const callers, voters = 64, 2048
	s := newStage(b, electiontest.Config{Voters: voters, Edit: oneQuestion})
	raw := make([][]byte, voters)
	ballots := make([]*ballot.Ballot, voters)
	var wg sync.WaitGroup
	todo := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range todo {
				ballots[i] = smallBallot(b, s, i, 0)
				raw[i] = ballots[i].Bytes()
			}
		})
	}
	for i := range voters {
		todo <- i
	}
	close(todo)
	wg.Wait()

	var syncs atomic.Int64
	var synced int64
	var latencies []time.Duration
	var cast, alone time.Duration
	for b.Loop() {
		b.StopTimer()
		s.verifier = s.Verifier(b) // one that has not seen the credentials
		start := time.Now()
		verdicts, err := s.verifier.VerifyBatch(context.Background(), ballots)
		alone += time.Since(start)
		require.NoError(b, err)
		require.Equal(b, make([]error, voters), verdicts)

		s.verifier = s.Verifier(b)
		x, err := open(countedDisk{opened(b, b.TempDir()), &syncs}, s.Manifest, s.config())
		require.NoError(b, err)
		syncs.Store(0)
		took := make([]time.Duration, voters)
		next := atomic.Int64{}
		b.StartTimer()

		start = time.Now()
		for range callers {
			wg.Go(func() {
				for {
					i := int(next.Add(1)) - 1
					if i >= voters {
						return
					}
					at := time.Now()
					if _, err := x.Cast(context.Background(), raw[i]); err != nil {
						b.Error(err)
					}
					took[i] = time.Since(at)
				}
			})
		}
		wg.Wait()
		cast += time.Since(start)

		b.StopTimer()
		synced += syncs.Load()
		require.EqualValues(b, voters, x.Checkpoint().Size)
		latencies = append(latencies, took...)
		require.NoError(b, x.Close())
		b.StartTimer()
	}
	slices.Sort(latencies)
	n := float64(len(latencies))
	percentile := func(p int) float64 {
		return float64(latencies[len(latencies)*p/100].Microseconds()) / 1000
	}
	b.ReportMetric(n/cast.Seconds(), "ballots/s")
	b.ReportMetric(n/alone.Seconds(), "verified/s")
	b.ReportMetric(alone.Seconds()/cast.Seconds(), "share")
	b.ReportMetric(float64(synced)/n, "syncs/ballot")
	b.ReportMetric(percentile(50), "p50-ms")
	b.ReportMetric(percentile(99), "p99-ms")
}
