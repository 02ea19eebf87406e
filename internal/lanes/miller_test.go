package lanes

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"
)

func randomPairs(n int) ([]bn254.G1Affine, []bn254.G2Affine) {
	p, q := make([]bn254.G1Affine, n), make([]bn254.G2Affine, n)
	var e fr.Element
	var k big.Int
	for i := range p {
		e.MustSetRandom()
		p[i].ScalarMultiplicationBase(e.BigInt(&k))
		e.MustSetRandom()
		q[i].ScalarMultiplicationBase(e.BigInt(&k))
	}
	return p, q
}

func lanesOf(p []bn254.G1Affine, q []bn254.G2Affine) (G1, G2) {
	a, b := NewG1(len(p)), NewG2(len(q))
	for i := range p {
		a.Put(i, &p[i])
		b.Put(i, &q[i])
	}
	return a, b
}

func TestLoopIsGnarkCryptosPairing(t *testing.T) {
	m := NewMiller(260)
	for _, n := range []int{1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 100, 257} {
		p, q := randomPairs(n)
		f, ok := m.Loop(lanesOf(p, q))
		require.True(t, ok)
		want, err := bn254.Pair(p, q)
		require.NoError(t, err)
		got := bn254.FinalExponentiation(&f)
		require.True(t, got.Equal(&want), "%d pairs", n)
	}
}

func BenchmarkLoop(b *testing.B) {
	for _, n := range []int{8, 64, 128, 256, 512} {
		m := NewMiller(n)
		p, q := randomPairs(n)
		pp, qq := lanesOf(p, q)
		b.Run(fmt.Sprintf("lanes=%d", n), func(b *testing.B) {
			for b.Loop() {
				m.Loop(pp, qq)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/pair")
		})
		b.Run(fmt.Sprintf("gnark-crypto=%d", n), func(b *testing.B) {
			for b.Loop() {
				bn254.MillerLoop(p, q)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/pair")
		})
	}
}
