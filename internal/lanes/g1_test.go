package lanes

import (
	"crypto/rand"
	"math/big"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"
)

func TestWeigh(t *testing.T) {
	for _, n := range []int{1, 3, 8, 40} {
		p, _ := randomPairs(n)
		x, z := NewG1(n), NewG1(n)
		for i := range p {
			x.Put(i, &p[i])
		}
		weights := make([]byte, WeightBytes*n)
		rand.Read(weights)
		for i := range 8 { // the extremes
			weights[i] = 0
			weights[len(weights)-1-i] = 0xff
		}
		z.Weigh(x, weights, NewG1Scratch(n))
		for i := range p {
			var w fr.Element
			SetWeight(&w, weights[WeightBytes*i:][:WeightBytes])
			var k big.Int
			var want bn254.G1Affine
			want.ScalarMultiplication(&p[i], w.BigInt(&k))
			got := z.At(i)
			require.True(t, got.Equal(&want), "point %d of %d", i, n)
		}
	}
}
