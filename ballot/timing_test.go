package ballot

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/timingtest"
)

// The encryption and the argument's commitments take as long whatever is voted. A commitment that leaves out the bits
// that are 0 is caught by the same test.
func TestTimingOfTheArgument(t *testing.T) {
	timingtest.Skip(t)
	const n = 24
	e := newElection(t, approvalOf(n))
	l := e.m.layouts[0]
	type vote [n]babyjub.Scalar
	random := func() (v vote) {
		for i := range v {
			v[i].SetUint64(uint64(rand.IntN(2)))
		}
		return v
	}
	rho := randomScalar()
	var sink babyjub.Point
	statistic := timingtest.T(vote{}, random, func(v *vote) { sink = commit(v[:], &rho) })
	t.Logf("commitment to the bits: |t| = %.1f", statistic)
	require.Less(t, statistic, float64(timingtest.Leaks))

	statistic = timingtest.T(vote{}, random, func(v *vote) {
		sink = tableF().Mul(&rho)
		for i := range v {
			if !v[i].IsZero() {
				sink.Add(&sink, &basesG(n)[i])
			}
		}
	})
	t.Logf("commitment that leaves out zeros: |t| = %.1f, as it should", statistic)
	require.Greater(t, statistic, float64(timingtest.Leaks), "the test does not see a leak")

	var ciphertexts ciphertext
	key := e.m.key
	statistic = timingtest.T(uint64(0), func() uint64 { return rand.Uint64() >> 20 }, func(m *uint64) { ciphertexts = key.Encrypt(*m, &rho) })
	t.Logf("encryption of 0: |t| = %.1f", statistic)
	require.Less(t, statistic, float64(timingtest.Leaks))
	_ = ciphertexts

	// All moves of the argument: the first and the second, and the responses.
	y, x := randomWeights(l), randomScalar()
	p := e.arguer(witness{make([]babyjub.Scalar, n), make([]babyjub.Scalar, len(l.forms))})
	statistic = timingtest.T(vote{}, random, func(v *vote) {
		p.b = v[:]
		p.encoded = p.encoded[:0]
		p.first()
		p.second(y)
		p.third(y, &x)
	})
	t.Logf("the argument: |t| = %.1f", statistic)
	require.Less(t, statistic, float64(timingtest.Leaks))
}
