package ballot

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

var benchSink *Ballot

// One ballot of the referendum example, from votes to bytes; the credential exists.
func BenchmarkCast(b *testing.B) {
	e := newElection(b)
	c := e.credential(b)
	votes := e.votes()
	b.ReportAllocs()
	for b.Loop() {
		c.next = 0
		s, err := c.Encrypt(votes)
		require.NoError(b, err)
		benchSink, err = s.Sign(0)
		require.NoError(b, err)
	}
	b.ReportMetric(float64(len(benchSink.raw)), "bytes")
}

func BenchmarkParse(b *testing.B) {
	e := newElection(b)
	raw := e.ballot(b, e.credential(b), 0).Bytes()
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		var err error
		benchSink, err = ParseBallot(e.m, raw)
		require.NoError(b, err)
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, cached := range []string{"credential=new", "credential=cached"} {
		b.Run(cached, func(b *testing.B) {
			e := newElection(b)
			ballot, v := e.ballot(b, e.credential(b), 0), e.verifier(b)
			for b.Loop() {
				if cached == "credential=new" {
					v.known = cache{}
				}
				require.NoError(b, v.Verify(context.Background(), ballot))
			}
		})
	}
}

// Batches of 256 ballots of as many voters; the time is that of one ballot.
func BenchmarkVerifyBatch(b *testing.B) {
	const size = 256
	e := newElection(b)
	var ballots []*Ballot
	for range size {
		ballots = append(ballots, e.ballot(b, e.credential(b), 0))
	}
	for _, cached := range []string{"credential=new", "credential=cached"} {
		b.Run(cached, func(b *testing.B) {
			v := e.verifier(b)
			for b.Loop() {
				if cached == "credential=new" {
					v.known = cache{}
				}
				verdicts, err := v.VerifyBatch(context.Background(), ballots)
				require.NoError(b, err)
				for _, err := range verdicts {
					require.NoError(b, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*size), "µs/ballot")
		})
	}
}
