package lanes

import (
	"fmt"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
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
