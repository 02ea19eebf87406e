package babyjub_test

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/babyjub"
)

func TestFieldSumsAreThoseOfIntegersModuloTheFieldOrder(t *testing.T) {
	require.Zero(t, fieldOrder.Cmp(babyjub.Modulus()))
	var integers []*big.Int
	for _, n := range []int64{-3, -2, -1, 0, 1, 2, 3} {
		integers = append(integers, new(big.Int).Mod(big.NewInt(n), fieldOrder))
	}
	for _, bit := range []uint{63, 64, 127, 128, 191, 192, 253} {
		for _, n := range []int64{-1, 0, 1} {
			m := new(big.Int).Lsh(big.NewInt(1), bit)
			integers = append(integers, m.Add(m, big.NewInt(n)))
		}
	}
	for range 10 {
		m := new(big.Int).SetBytes(randomBytes(40))
		integers = append(integers, m.Mod(m, fieldOrder))
	}
	// The functions see the Montgomery form x 2^256, so give them x / 2^256 too.
	shift := new(big.Int).ModInverse(new(big.Int).Lsh(big.NewInt(1), 256), fieldOrder)
	for _, n := range integers {
		integers = append(integers, mulMod(n, shift))
	}
	check := func(got *babyjub.Field, want *big.Int) {
		t.Helper()
		n := new(big.Int)
		got.BigInt(n)
		if n.Cmp(want.Mod(want, fieldOrder)) != 0 {
			t.Fatalf("%v, want %v", n, want)
		}
	}
	for _, m := range integers {
		var x, y, z babyjub.Field
		x.SetBigInt(m)
		babyjub.FeNeg(&z, &x)
		check(&z, new(big.Int).Neg(m))
		babyjub.FeInverse(&z, &x)
		if m.Sign() == 0 {
			require.True(t, z.IsZero())
		} else {
			check(&z, new(big.Int).ModInverse(m, fieldOrder))
		}
		for _, n := range integers {
			y.SetBigInt(n)
			babyjub.FeAdd(&z, &x, &y)
			check(&z, new(big.Int).Add(m, n))
			babyjub.FeSub(&z, &x, &y)
			check(&z, new(big.Int).Sub(m, n))
		}
	}
	batch := make([]babyjub.Field, len(integers))
	for i, n := range integers {
		batch[i].SetBigInt(n)
		if n.Sign() == 0 {
			batch[i].SetOne()
		}
	}
	inverses := append([]babyjub.Field{}, batch...)
	babyjub.BatchInvert(inverses)
	for i := range batch {
		batch[i].Mul(&batch[i], &inverses[i])
		require.True(t, batch[i].IsOne())
	}
}

// The last digit must not carry, for any scalar and any width that is used.
func TestDigitsAddUpToTheScalar(t *testing.T) {
	for _, n := range someIntegers() {
		s := scalarOf(n)
		for w := babyjub.MinWidth; w <= babyjub.MaxWidth; w++ {
			sum := new(big.Int)
			d := babyjub.Digits(&s, w)
			for i := len(d) - 1; i >= 0; i-- {
				require.True(t, -1<<(w-1) <= int(d[i]) && int(d[i]) < 1<<(w-1), "digit %d of width %d", d[i], w)
				sum.Lsh(sum, uint(w)).Add(sum, big.NewInt(int64(d[i])))
			}
			require.Zero(t, sum.Cmp(n), "%v in width %d", n, w)
		}
		sum := new(big.Int)
		d := babyjub.NonAdjacentForm(&s)
		last := len(d)
		for i := len(d) - 1; i >= 0; i-- {
			sum.Lsh(sum, 1).Add(sum, big.NewInt(int64(d[i])))
			if d[i] != 0 {
				require.True(t, d[i]%2 != 0 && -16 < d[i] && d[i] < 16)
				require.True(t, last == len(d) || last-i >= 5)
				last = i
			}
		}
		require.Zero(t, sum.Cmp(n), "%v", n)
	}
}
