package sigma_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/sigma"
	"github.com/scrutin/scrutin/internal/timingtest"
)

// Signing takes as long with one key as with another.
func TestTimingOfSigning(t *testing.T) {
	timingtest.Skip(t)
	y := babyjub.HashToPoint("timing") // any point: Prove computes the same
	random := func() babyjub.Scalar { return *randomScalar() }
	var sink sigma.Proof
	for name, fixed := range map[string]babyjub.Scalar{"1": *small(1), "-1": *new(babyjub.Scalar).SetInt64(-1)} {
		statistic := timingtest.T(fixed, random, func(x *babyjub.Scalar) { sink = sigma.Prove(statement("m"), x, &y) })
		t.Logf("Prove with the key %s: |t| = %.1f", name, statistic)
		require.Less(t, statistic, float64(timingtest.Leaks))
	}
	_ = sink
}
