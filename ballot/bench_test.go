package ballot

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/proof"
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

// Every rule at a size that is met in practice, with 11,304 voters: from a vote to the bytes of a ballot, the credential made
// before; and batches of 256 ballots, the credentials known. The times are those of one ballot.
func BenchmarkRules(b *testing.B) {
	one := func(r Rule, options int) []Question {
		return []Question{question("q", r, optionIDs(options)...)}
	}
	for _, bench := range []struct {
		name      string
		questions []Question
	}{
		{"choice/1-of-3-or-blank", one(Choice{Min: 1, Max: 1, Blank: true}, 3)},
		{"referendum/2-questions", nil},
		{"approval/12", one(Approval{}, 12)},
		{"judgment/12x5-at-most-5", one(Judgment{gradesOf(5), 0, 5}, 12)},
		{"score/12-of-0..10", one(Scoring{Max: 10}, 12)},
		{"histogram/6-of-0..5", one(Scoring{Max: 5, Histogram: true}, 6)},
		{"cumulative/10-points-on-8", one(Cumulative{Points: 10}, 8)},
		{"quadratic/100-credits-on-6", one(Quadratic{Credits: 100}, 6)},
		{"borda/8", one(Ranking{BordaPoints(8), 8}, 8)},
		{"condorcet/7", one(Condorcet{}, 7)},
	} {
		e := newElection(b, func(d *Draft) {
			if bench.questions != nil {
				d.Questions = bench.questions
			}
		})
		width, votes := 0, map[QuestionID]Vote{}
		for i, q := range e.m.draft.Questions {
			width += e.m.layouts[i].bits
			votes[q.ID] = voteOf(q)
		}
		report := func(b *testing.B, ballots int) {
			b.ReportMetric(float64(width), "bits")
			b.ReportMetric(float64(e.m.Ciphertexts()), "ciphertexts")
			b.ReportMetric(float64(e.m.BallotBytes()), "bytes")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*ballots), "ns/ballot")
			b.ReportMetric(0, "ns/op")
		}
		cast := func(c *Credential) *Ballot {
			c.next = 0
			s, err := c.Encrypt(votes)
			require.NoError(b, err)
			ballot, err := s.Sign(0)
			require.NoError(b, err)
			return ballot
		}
		b.Run(bench.name+"/cast", func(b *testing.B) {
			c := e.credential(b)
			cast(c) // makes the tables of the bases
			for b.Loop() {
				benchSink = cast(c)
			}
			report(b, 1)
		})
		b.Run(bench.name+"/verify", func(b *testing.B) {
			const size = 256
			v := e.verifier(b)
			var ballots []*Ballot
			for range size {
				ballots = append(ballots, cast(e.credential(b)))
			}
			verify := func() {
				verdicts, err := v.VerifyBatch(context.Background(), ballots)
				require.NoError(b, err)
				for _, err := range verdicts {
					require.NoError(b, err)
				}
			}
			verify() // and now the credentials are known
			for b.Loop() {
				verify()
			}
			report(b, size)
		})
	}
}

// Ballots of voters that are seen for the first time, in batches as an auditor checks them, beside the two parts that
// cannot be left out, alone and over as many threads: the memberships in one batch, and the multi-scalar multiplication of
// each chunk. "ratio" is the time of all by that of the parts. There are fewer voters than ballots counted:
// the credentials are forgotten before each batch, and so each is checked anew.
func BenchmarkVerifyParts(b *testing.B) {
	const size = 2 * batchSize
	e := newElection(b)
	v := e.verifier(b)
	ballots := make([]*Ballot, size)
	claims := make([]proof.Claim, size)
	for i := range ballots {
		ballots[i] = e.ballot(b, e.credential(b), 0)
		claims[i] = v.claim(ballots[i])
	}
	workers := runtime.GOMAXPROCS(0)
	chunk := min(size/workers, batchSize)
	list := make([]*prepared, chunk)
	for i := range list {
		var err error
		list[i], err = e.m.prepare(ballots[i])
		require.NoError(b, err)
	}
	weighted := make([]*sum, workers)
	for i := range weighted {
		weighted[i] = e.m.weighted(list)
	}

	var whole, memberships, sums time.Duration
	timed := func(total *time.Duration, f func()) {
		start := time.Now()
		f()
		*total += time.Since(start)
	}
	allHold := func(verdicts []error, err error) {
		require.NoError(b, err)
		for _, err := range verdicts {
			require.NoError(b, err)
		}
	}
	for b.Loop() {
		v.known = cache{}
		timed(&whole, func() { allHold(v.VerifyBatch(b.Context(), ballots)) })
		timed(&memberships, func() { allHold(v.key.VerifyBatch(b.Context(), claims)) })
		timed(&sums, func() {
			var wg sync.WaitGroup
			for _, s := range weighted {
				wg.Go(func() {
					for range size / chunk / workers {
						if !s.vanishes(e.m) {
							b.Error("a ballot's equations do not hold")
						}
					}
				})
			}
			wg.Wait()
		})
	}
	perBallot := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(b.N*size) }
	b.ReportMetric(perBallot(whole), "µs/ballot")
	b.ReportMetric(perBallot(memberships), "µs/membership")
	b.ReportMetric(perBallot(sums), "µs/sum")
	b.ReportMetric(float64(whole)/float64(memberships+sums), "ratio")
	b.ReportMetric(float64(b.N*size)/whole.Seconds(), "ballots/s")
	b.ReportMetric(0, "ns/op")
}
