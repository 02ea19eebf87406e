package lanes

import (
	"bytes"
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

// Numbers of one digit but for the first and the last, among them 1 and -1: then the sums on the way are small again and again.
func TestWeighBySmallWeights(t *testing.T) {
	var halves [][]byte
	for digit := range byte(16) {
		for _, other := range []byte{0, 7, 8, 15} {
			half := bytes.Repeat([]byte{digit<<4 | digit}, WeightBytes/2)
			half[0] = other<<4 | digit
			halves = append(halves, half)
			half = bytes.Clone(half)
			half[0], half[7] = digit<<4|digit, digit<<4|other
			halves = append(halves, half)
		}
	}
	n := len(halves) * len(halves)
	one, _ := randomPairs(1)
	x, z := NewG1(n), NewG1(n)
	var weights []byte
	for i := range n {
		x.Put(i, &one[0])
		weights = append(append(weights, halves[i/len(halves)]...), halves[i%len(halves)]...)
	}
	scalars := make([]fr.Element, n)
	for i := range scalars {
		SetWeight(&scalars[i], weights[WeightBytes*i:][:WeightBytes])
	}
	z.Weigh(x, weights, NewG1Scratch(n))
	for i, want := range bn254.BatchScalarMultiplicationG1(&one[0], scalars) {
		got := z.At(i)
		require.True(t, got.Equal(&want), "weight %x", weights[WeightBytes*i:][:WeightBytes])
	}
}

// Equal and opposite points have no chord, in whichever lane they are.
func TestAddKnowsWhereItCannot(t *testing.T) {
	for _, n := range []int{1, 8, 9, 40} {
		p, _ := randomPairs(2 * n)
		x, y, z, s := NewG1(n), NewG1(n), NewG1(n), NewG1Scratch(n)
		for i := range n {
			x.Put(i, &p[i])
			y.Put(i, &p[n+i])
		}
		require.True(t, z.Add(x, y, s))
		for i := range n {
			var want bn254.G1Affine
			want.Add(&p[i], &p[n+i])
			got := z.At(i)
			require.True(t, got.Equal(&want), "point %d of %d", i, n)
		}
		for i := range n {
			y.Put(i, &p[i])
			require.False(t, z.Add(x, y, s), "point %d of %d", i, n)
			y.Put(i, new(bn254.G1Affine).Neg(&p[i]))
			require.False(t, z.Add(x, y, s), "point %d of %d", i, n)
			y.Put(i, &p[n+i])
		}
	}
}
