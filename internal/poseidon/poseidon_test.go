package poseidon

import (
	"math/big"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	iden3 "github.com/iden3/go-iden3-crypto/poseidon"
	"github.com/stretchr/testify/require"
)

// Claim: at every width the hash is go-iden3-crypto's, on random inputs and on the ends of the field.
func TestEqualsGoIden3Crypto(t *testing.T) {
	for n := 1; n <= MaxInputs; n++ {
		for k := range 6 {
			in := make([]fr.Element, n)
			for i := range in {
				switch {
				case k == 0: // all zero
				case k == 1:
					in[i].SetInt64(-1)
				default:
					in[i].MustSetRandom()
				}
			}
			require.Equal(t, oracle(t, in...), Hash(in...), "%d inputs, case %d", n, k)
		}
	}
}

func oracle(t testing.TB, in ...fr.Element) fr.Element {
	ints := make([]*big.Int, len(in))
	for i := range in {
		ints[i] = in[i].BigInt(new(big.Int))
	}
	want, err := iden3.Hash(ints)
	require.NoError(t, err)
	var e fr.Element
	return *e.SetBigInt(want)
}

func BenchmarkGenerate(b *testing.B) {
	for b.Loop() {
		generate(3)
	}
}
func BenchmarkGenerate17(b *testing.B) {
	for b.Loop() {
		generate(17)
	}
}
func BenchmarkHash2(b *testing.B) {
	var x, y fr.Element
	x.MustSetRandom()
	y.MustSetRandom()
	for b.Loop() {
		x = Hash2(&x, &y)
	}
}
func BenchmarkFr(b *testing.B) {
	var x, y fr.Element
	x.MustSetRandom()
	y.MustSetRandom()
	b.Run("mul", func(b *testing.B) {
		for b.Loop() {
			x.Mul(&x, &y)
		}
	})
	b.Run("add", func(b *testing.B) {
		for b.Loop() {
			x.Add(&x, &y)
		}
	})
}
func BenchmarkHash2Peer(b *testing.B) {
	x, y := big.NewInt(3), big.NewInt(5)
	for b.Loop() {
		x, _ = iden3.Hash([]*big.Int{x, y})
	}
}

func BenchmarkInit(b *testing.B) {
	b.Run("3", func(b *testing.B) {
		for b.Loop() {
			newRecurrence(generate(3))
		}
	})
	b.Run("17", func(b *testing.B) {
		for b.Loop() {
			newRecurrence(generate(17))
		}
	})
}
func BenchmarkHash16(b *testing.B) {
	x := make([]fr.Element, 16)
	y := make([]*big.Int, 16)
	for i := range y {
		y[i] = big.NewInt(int64(i))
	}
	b.Run("scrutin", func(b *testing.B) {
		for b.Loop() {
			x[0] = Hash(x...)
		}
	})
	b.Run("iden3", func(b *testing.B) {
		for b.Loop() {
			y[0], _ = iden3.Hash(y)
		}
	})
}
