package groth16

import (
	"context"
	"math/big"
	"runtime"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr/fft"
	"github.com/consensys/gnark-crypto/utils"
	"github.com/stretchr/testify/require"
)

// fixture is a key whose points' logarithms are known, so that a proof's are.
type fixture struct {
	*Key
	alpha, beta, delta fr.Element
	a, b, c, h         []fr.Element
}

func newFixture(t *testing.T, basis Basis) *fixture {
	t.Helper()
	const rows = 32
	generator, err := fft.Generator(2 * rows)
	require.NoError(t, err)
	f := &fixture{Key: &Key{Domain: fft.NewDomain(rows, fft.WithShift(generator)), Basis: basis}}
	points := rows
	if basis == Monomials {
		f.Domain = fft.NewDomain(rows)
		points--
	}
	_, _, g1, g2 := bn254.Generators()
	list := func(n int) ([]fr.Element, []bn254.G1Affine) {
		s := make(fr.Vector, n)
		s.MustSetRandom()
		s[0].SetZero() // infinity
		return s, bn254.BatchScalarMultiplicationG1(&g1, s)
	}
	f.a, f.A = list(20)
	f.b, f.B1 = list(15)
	f.c, f.C = list(18)
	f.h, f.H = list(points)
	f.B2 = bn254.BatchScalarMultiplicationG2(&g2, f.b)
	for _, one := range []struct {
		log *fr.Element
		in1 *bn254.G1Affine
		in2 *bn254.G2Affine
	}{{&f.alpha, &f.Alpha, new(bn254.G2Affine)}, {&f.beta, &f.Beta1, &f.Beta2}, {&f.delta, &f.Delta1, &f.Delta2}} {
		one.log.MustSetRandom()
		one.in1.ScalarMultiplication(&g1, one.log.BigInt(new(big.Int)))
		one.in2.ScalarMultiplication(&g2, one.log.BigInt(new(big.Int)))
	}
	return f
}

func randomVector(n int) []fr.Element {
	v := make(fr.Vector, n)
	v.MustSetRandom()
	return v
}

// newWitness returns a witness of some rows that hold; the other rows of the domain are zeros.
func newWitness(rows int) *Witness {
	w := &Witness{A: randomVector(20), B: randomVector(15), C: randomVector(18), Left: randomVector(rows), Right: randomVector(rows)}
	w.Product = make(fr.Vector, rows)
	for i := range w.Product {
		w.Product[i].Mul(&w.Left[i], &w.Right[i])
	}
	return w
}

func inner(a, b []fr.Element) fr.Element {
	v := fr.Vector(a)
	return v.InnerProduct(b)
}

// coefficients returns those of the polynomial with the given values on the domain, the lowest first.
func coefficients(domain *fft.Domain, values []fr.Element) []fr.Element {
	v := make([]fr.Element, domain.Cardinality)
	copy(v, values)
	domain.FFTInverse(v, fft.DIF)
	utils.BitReverse(v)
	return v
}

func at(polynomial []fr.Element, x *fr.Element) (y fr.Element) {
	for i := len(polynomial) - 1; i >= 0; i-- {
		y.Mul(&y, x).Add(&y, &polynomial[i])
	}
	return y
}

// The quotient is that of the polynomials, evaluated by Horner's rule: its product with Z is left*right - product.
func TestQuotient(t *testing.T) {
	for _, rows := range []int{1, 20, 32} {
		w := newWitness(rows)
		for _, basis := range []Basis{Monomials, CosetLagrange} {
			f := newFixture(t, basis)
			n := f.Domain.Cardinality
			h := f.quotient([][]fr.Element{f.onCoset(w.Left), f.onCoset(w.Right), f.onCoset(w.Product)})
			difference := func(x *fr.Element) fr.Element {
				l, r, p := at(coefficients(f.Domain, w.Left), x), at(coefficients(f.Domain, w.Right), x), at(coefficients(f.Domain, w.Product), x)
				l.Mul(&l, &r)
				return *l.Sub(&l, &p)
			}
			if basis == Monomials {
				utils.BitReverse(h)
				require.True(t, h[n-1].IsZero())
				var x, z fr.Element
				one := fr.One()
				x.MustSetRandom()
				z.Exp(x, new(big.Int).SetUint64(n)).Sub(&z, &one)
				y := at(h, &x)
				want := difference(&x)
				require.True(t, y.Mul(&y, &z).Equal(&want))
				continue
			}
			x := f.Domain.FrMultiplicativeGen
			for i := range h {
				want := difference(&x)
				require.True(t, h[i].Equal(&want), "point %d of the coset", i)
				x.Mul(&x, &f.Domain.Generator)
			}
		}
	}
}

// Every part of a proof is what the formulas of Prove say, on logarithms.
func TestProofIsByTheFormulas(t *testing.T) {
	_, _, g1, g2 := bn254.Generators()
	for _, basis := range []Basis{Monomials, CosetLagrange} {
		for _, workers := range []int{1, 2, 5} {
			f, w := newFixture(t, basis), newWitness(30)
			var r, s fr.Element
			r.MustSetRandom()
			s.MustSetRandom()
			previous := runtime.GOMAXPROCS(workers)
			got, err := f.prove(t.Context(), w, &r, &s)
			runtime.GOMAXPROCS(previous)
			require.NoError(t, err)

			h := f.quotient([][]fr.Element{f.onCoset(w.Left), f.onCoset(w.Right), f.onCoset(w.Product)})
			var a, b, c, x fr.Element
			sum := inner(f.a, w.A)
			a.Mul(&r, &f.delta).Add(&a, &f.alpha).Add(&a, &sum)
			sum = inner(f.b, w.B)
			b.Mul(&s, &f.delta).Add(&b, &f.beta).Add(&b, &sum)
			c = inner(f.c, w.C)
			sum = inner(f.h, h[:len(f.h)])
			c.Add(&c, &sum)
			c.Add(&c, x.Mul(&s, &a))
			c.Add(&c, x.Mul(&r, &b))
			x.Mul(&r, &s).Mul(&x, &f.delta)
			c.Sub(&c, &x)

			var wantA, wantC bn254.G1Affine
			var wantB bn254.G2Affine
			wantA.ScalarMultiplication(&g1, a.BigInt(new(big.Int)))
			wantB.ScalarMultiplication(&g2, b.BigInt(new(big.Int)))
			wantC.ScalarMultiplication(&g1, c.BigInt(new(big.Int)))
			rawA, rawB, rawC := wantA.RawBytes(), wantB.RawBytes(), wantC.RawBytes()
			require.Equal(t, rawA[:], got[:64], "A")
			require.Equal(t, rawB[:], got[64:192], "B")
			require.Equal(t, rawC[:], got[192:], "C")
		}
	}
}

// Two proofs of one witness have nothing in common.
func TestProofsAreFresh(t *testing.T) {
	f, w := newFixture(t, Monomials), newWitness(30)
	first, err := f.Prove(t.Context(), w)
	require.NoError(t, err)
	second, err := f.Prove(t.Context(), w)
	require.NoError(t, err)
	for _, part := range [][2]int{{0, 64}, {64, 192}, {192, 256}} {
		require.NotEqual(t, first[part[0]:part[1]], second[part[0]:part[1]])
	}
}

func TestProveEndsWithItsContext(t *testing.T) {
	f, w := newFixture(t, Monomials), newWitness(30)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := f.Prove(ctx, w)
	require.ErrorIs(t, err, context.Canceled)
}
