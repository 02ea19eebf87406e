package lanes

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"
)

var sizes = []int{1, 2, 3, 7, 8, 9, 31, 64, 100, 257}

func random(n int) fp.Vector {
	v := make(fp.Vector, n)
	v.MustSetRandom()
	return v
}

func random2(n int) Fp2 { return Fp2{random(n), random(n)} }

// at returns lane i, as a coordinate of a point of the twist: gnark-crypto does not export the type of F_p2.
func (z Fp2) at(i int) (p bn254.G2Affine) {
	p.X.A0, p.X.A1 = z.A0[i], z.A1[i]
	return p
}

func TestInvert(t *testing.T) {
	for _, n := range append(sizes, 0) {
		x, z := random(n), make(fp.Vector, n)
		require.True(t, Invert(z, x))
		for i := range x {
			var want fp.Element
			require.True(t, z[i].Equal(want.Inverse(&x[i])), "lane %d of %d", i, n)
		}
		for i := range x {
			kept := x[i]
			x[i].SetZero()
			require.False(t, Invert(z, x), "zero in lane %d of %d", i, n)
			x[i] = kept
		}
	}
}

func TestFp2IsGnarkCryptos(t *testing.T) {
	for _, n := range sizes {
		s := NewScratch(n + 3) // more room than is needed
		x, y, z := random2(n), random2(n), NewFp2(n)
		f := random(n)
		check := func(name string, want func(x, y *bn254.G2Affine, i int)) {
			t.Helper()
			for i := range n {
				a, b := x.at(i), y.at(i)
				want(&a, &b, i)
				got := z.at(i)
				require.True(t, got.X.Equal(&a.X), "%s, lane %d of %d", name, i, n)
			}
		}
		z.Add(x, y)
		check("Add", func(x, y *bn254.G2Affine, _ int) { x.X.Add(&x.X, &y.X) })
		z.Sub(x, y)
		check("Sub", func(x, y *bn254.G2Affine, _ int) { x.X.Sub(&x.X, &y.X) })
		z.Double(x)
		check("Double", func(x, _ *bn254.G2Affine, _ int) { x.X.Double(&x.X) })
		z.Mul(x, y, s)
		check("Mul", func(x, y *bn254.G2Affine, _ int) { x.X.Mul(&x.X, &y.X) })
		z.Square(x, s)
		check("Square", func(x, _ *bn254.G2Affine, _ int) { x.X.Square(&x.X) })
		z.MulByFp(x, f)
		check("MulByFp", func(x, _ *bn254.G2Affine, i int) { x.X.MulByElement(&x.X, &f[i]) })
		z.Conjugate(x, s)
		check("Conjugate", func(x, _ *bn254.G2Affine, _ int) { x.X.Conjugate(&x.X) })
		z.MulByNonResidue(x, s)
		check("MulByNonResidue", func(x, _ *bn254.G2Affine, _ int) { x.X.MulByNonResidue(&x.X) })
		require.True(t, z.Invert(x, s))
		check("Invert", func(x, _ *bn254.G2Affine, _ int) { x.X.Inverse(&x.X) })

		// Over the operands.
		for name, f := range map[string]func(z, a, b Fp2){
			"Add":             func(z, a, b Fp2) { z.Add(a, b) },
			"Sub":             func(z, a, b Fp2) { z.Sub(a, b) },
			"Mul":             func(z, a, b Fp2) { z.Mul(a, b, s) },
			"Square":          func(z, a, _ Fp2) { z.Square(a, s) },
			"Conjugate":       func(z, a, _ Fp2) { z.Conjugate(a, s) },
			"MulByNonResidue": func(z, a, _ Fp2) { z.MulByNonResidue(a, s) },
		} {
			want := NewFp2(n)
			f(want, x, y)
			first, second := NewFp2(n), NewFp2(n)
			first.Set(x)
			f(first, first, y)
			require.Equal(t, want, first, "%s over the first operand", name)
			second.Set(y)
			f(second, x, second)
			require.Equal(t, want, second, "%s over the second operand", name)
			f(want, x, x)
			first.Set(x)
			f(first, first, first)
			require.Equal(t, want, first, "%s of one operand with itself, over it", name)
		}

		x.A0[n/2].SetZero()
		x.A1[n/2].SetZero()
		require.False(t, z.Invert(x, s))
	}
}

func BenchmarkFp2(b *testing.B) {
	for _, n := range []int{32, 128, 256, 1024} {
		s := NewScratch(n)
		x, y := random2(n), random2(n)
		for name, f := range map[string]func(){
			"Mul":    func() { x.Mul(x, y, s) },
			"Square": func() { x.Square(x, s) },
			"Add":    func() { x.Add(x, y) },
			"Invert": func() { y.Invert(x, s) },
		} {
			b.Run(fmt.Sprintf("%s/lanes=%d", name, n), func(b *testing.B) {
				for b.Loop() {
					f()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/lane")
			})
		}
	}
	var p, q bn254.G2Affine
	p.X.MustSetRandom()
	q.X.MustSetRandom()
	b.Run("Mul/gnark-crypto", func(b *testing.B) {
		for b.Loop() {
			p.X.Mul(&p.X, &q.X)
		}
	})
}

// Vectors and elements have one value in memory, below the modulus, whatever it is before the last reduction: verdicts rest on
// comparisons of it.
func TestProductsAreReduced(t *testing.T) {
	checkReduced(t, fp.Modulus(), (*fp.Element).Mul, (*fp.Element).Div,
		func(z, x, y fp.Vector) { z.Mul(x, y) }, func(z, x fp.Vector, y *fp.Element) { z.ScalarMul(x, y) })
	checkReduced(t, fr.Modulus(), (*fr.Element).Mul, (*fr.Element).Div,
		func(z, x, y fr.Vector) { z.Mul(x, y) }, func(z, x fr.Vector, y *fr.Element) { z.ScalarMul(x, y) })
}

// checkReduced compares products whose words, or those of a factor, are extreme.
func checkReduced[E ~[4]uint64, V ~[]E](t *testing.T, modulus *big.Int, mul, div func(z, x, y *E) *E, vectorMul func(z, x, y V), scalarMul func(z, x V, y *E)) {
	t.Helper()
	var x V
	for _, words := range extremes(modulus) {
		x = append(x, E(words))
	}
	y, z, want := make(V, len(x)), make(V, len(x)), make(V, len(x))
	for _, product := range x {
		for i := range x {
			div(&y[i], &product, &x[i])
			mul(&want[i], &x[i], &product)
		}
		vectorMul(z, x, y)
		for i := range z {
			require.Equal(t, product, z[i], "factor %x", x[i])
		}
		scalarMul(z, x, &product)
		require.Equal(t, want, z)
	}
}

// extremes are words of numbers between 0 and a modulus, at which carries and reductions are extreme in digits of 52 and 64 bits.
func extremes(modulus *big.Int) (out [][4]uint64) {
	for _, bit := range []uint{1, 51, 52, 64, 104, 128, 156, 192, 208, 253, 254} {
		for d := range int64(9) {
			v := new(big.Int).Lsh(big.NewInt(1), bit)
			if bit == 254 {
				v.Set(modulus)
			}
			v.Add(v, big.NewInt(d-4)).Mod(v, modulus)
			if v.Sign() == 0 {
				continue
			}
			var words [4]uint64
			for i := range words {
				words[i] = new(big.Int).Rsh(v, 64*uint(i)).Uint64()
			}
			out = append(out, words)
		}
	}
	return out
}
