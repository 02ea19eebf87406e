package babyjub_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/timingtest"
)

// The multiplications by secret scalars take as long for a small scalar as for any other. The one that may take what
// it likes (VarTime) is caught by the same test: it can fail.
func TestTimingOfMultiplications(t *testing.T) {
	timingtest.Skip(t)
	base := babyjub.HashToPoint("timing")
	table := babyjub.NewTable(&base)
	var sink babyjub.Point
	random := func() babyjub.Scalar { return randomScalar() }
	for name, fixed := range map[string]babyjub.Scalar{
		"0":  {},
		"1":  *new(babyjub.Scalar).SetUint64(1),
		"-1": *new(babyjub.Scalar).SetInt64(-1),
	} {
		for what, multiply := range map[string]func(s *babyjub.Scalar){
			"Point.ScalarMul":     func(s *babyjub.Scalar) { sink.ScalarMul(s, &base) },
			"Point.ScalarBaseMul": func(s *babyjub.Scalar) { sink.ScalarBaseMul(s) },
			"Table.Mul":           func(s *babyjub.Scalar) { sink = table.Mul(s) },
		} {
			statistic := timingtest.T(fixed, random, multiply)
			t.Logf("%s by %s: |t| = %.1f", what, name, statistic)
			require.Less(t, statistic, float64(timingtest.Leaks), "%s by %s", what, name)
		}
	}
	statistic := timingtest.T(*new(babyjub.Scalar).SetUint64(1), random, func(s *babyjub.Scalar) { sink.VarTimeScalarMul(s, &base) })
	t.Logf("Point.VarTimeScalarMul by 1: |t| = %.1f, as it should", statistic)
	require.Greater(t, statistic, float64(timingtest.Leaks), "the test does not see a leak")
}
