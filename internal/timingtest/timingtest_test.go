package timingtest

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// Welch's t of two small samples, computed by hand: means 3 and 5, variances 2.5 and 10, five of each.
func TestWelch(t *testing.T) {
	var a, b moments
	for i := range 5 {
		a.add(float64(1 + i))
		b.add(float64(1 + 2*i))
	}
	require.InDelta(t, -2/math.Sqrt(2.5/5+10.0/5), welch(&a, &b), 1e-12)
	require.Zero(t, welch(&a, new(moments)))
}
