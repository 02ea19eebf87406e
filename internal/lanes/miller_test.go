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

// curve has the numbers of BN254 as functions of its parameter x.
func curve() (p, r, trace, k *big.Int) {
	x, _ := new(big.Int).SetString("4965661367192848881", 10)
	polynomial := func(coefficients ...int64) *big.Int {
		v := new(big.Int)
		for _, c := range coefficients {
			v.Mul(v, x)
			v.Add(v, big.NewInt(c))
		}
		return v
	}
	return polynomial(36, 36, 24, 6, 1), polynomial(36, 36, 18, 6, 1), polynomial(6, 0, 1), polynomial(6, 2)
}

// The endomorphism k + pi - pi^2 + pi^3 of the twist is a + b pi, and only the subgroup of order r is in its kernel.
func TestSubgroupRelation(t *testing.T) {
	p, r, trace, k := curve()
	require.Equal(t, fp.Modulus(), p)
	require.Equal(t, fr.Modulus(), r)
	mul := func(x, y *big.Int) *big.Int { return new(big.Int).Mul(x, y) }

	// pi^2 = t pi - p and pi^3 = (t^2 - p) pi - t p
	b := big.NewInt(1)
	b.Sub(b, trace)
	b.Add(b, mul(trace, trace))
	b.Sub(b, p)
	a := new(big.Int).Add(k, p)
	a.Sub(a, mul(trace, p))

	norm := mul(a, a)
	norm.Add(norm, mul(mul(a, b), trace))
	norm.Add(norm, mul(mul(b, b), p))
	cofactor := new(big.Int).Sub(mul(big.NewInt(2), p), r)
	require.Equal(t, r, new(big.Int).GCD(nil, nil, norm, mul(r, cofactor)))

	// k + p - p^2 + p^3, which the endomorphism is on G2.
	eigenvalue := new(big.Int).Add(k, mul(b, p))
	eigenvalue.Sub(eigenvalue, k)
	eigenvalue.Add(eigenvalue, a)
	require.Zero(t, eigenvalue.Mod(eigenvalue, r).Sign())
}

// The digits of k are those that the loop goes through, and no addition on the way meets equal or opposite points: for a point q
// of the twist with (a + b pi) q = 0 the order of q divides the norm a^2 + abt + b^2 p, and that of what would have to be 0 is prime
// to the order of the twist.
func TestLoopCounter(t *testing.T) {
	p, r, trace, k := curve()
	order := new(big.Int).Lsh(p, 1)
	order.Mul(order.Sub(order, r), r)
	mul := func(x, y *big.Int) *big.Int { return new(big.Int).Mul(x, y) }
	one := big.NewInt(1)
	neverZero := func(a, b *big.Int) {
		t.Helper()
		norm := mul(a, a)
		norm.Add(norm, mul(mul(a, b), trace))
		norm.Add(norm, mul(mul(b, b), p))
		require.Equal(t, one, norm.GCD(nil, nil, norm, order))
	}
	j := big.NewInt(1)
	for i := first; i >= 0; i-- {
		j.Lsh(j, 1)
		if d := digit(i); d != 0 {
			neverZero(new(big.Int).Sub(j, one), new(big.Int))
			neverZero(new(big.Int).Add(j, one), new(big.Int))
			j.Add(j, big.NewInt(int64(d)))
		}
	}
	require.Equal(t, k, j)
	neverZero(k, one)
	neverZero(k, big.NewInt(-1))
	// k + pi -+ pi^2, with pi^2 = t pi - p
	neverZero(new(big.Int).Add(k, p), new(big.Int).Sub(one, trace))
	neverZero(new(big.Int).Sub(k, p), new(big.Int).Add(one, trace))
}

// Points of the twist outside G2: of small orders, with and without a component in G2.
func TestLoopRefusesPointsOutsideTheSubgroup(t *testing.T) {
	p, r, _, _ := curve()
	order := new(big.Int).Sub(new(big.Int).Lsh(p, 1), r)
	order.Mul(order, r)
	for _, n := range []int{1, 6} {
		m := NewMiller(n)
		p, q := randomPairs(n)
		for _, prime := range []int64{10069, 5864401, 1875725156269, 0} {
			at := n / 2
			kept := q[at]
			jac := bn254.GeneratePointNotInG2(bn254.E2{A0: fp.NewElement(3), A1: fp.NewElement(5)})
			if prime != 0 {
				cofactor, rest := new(big.Int).DivMod(order, big.NewInt(prime), new(big.Int))
				require.Zero(t, rest.Sign())
				jac = multiple(jac, cofactor)
			}
			var torsion bn254.G2Affine
			torsion.FromJacobian(&jac)
			require.True(t, torsion.IsOnCurve() && !torsion.IsInfinity() && !torsion.IsInSubGroup())
			for range 2 {
				q[at] = torsion
				_, ok := m.Loop(lanesOf(p, q))
				require.False(t, ok, "order %d", prime)
				torsion.Add(&torsion, &kept)
			}
			q[at] = kept
		}
		_, ok := m.Loop(lanesOf(p, q))
		require.True(t, ok)
	}
}

// A lane's point is another one if any part of a coordinate is.
func TestEqual(t *testing.T) {
	const n = 3
	_, q := randomPairs(n)
	x, y := NewG2(n), NewG2(n)
	for i := range q {
		x.Put(i, &q[i])
		y.Put(i, &q[i])
	}
	require.True(t, x.equal(y))
	for _, v := range []fp.Vector{x.X.A0, x.X.A1, x.Y.A0, x.Y.A1} {
		for i := range v {
			kept := v[i]
			v[i].Double(&kept)
			require.False(t, x.equal(y))
			v[i] = kept
		}
	}
	require.True(t, x.equal(y))
}

// Equal and opposite points have no chord, in whichever lane they are.
func TestMillerAddKnowsWhereItCannot(t *testing.T) {
	for _, n := range []int{1, 9} {
		m := NewMiller(n)
		m.product.start(n)
		_, q := randomPairs(2 * n)
		for i := range n {
			x, y := NewG2(n), NewG2(n)
			for k := range n {
				x.Put(k, &q[k])
				y.Put(k, &q[n+k])
			}
			y.Put(i, &q[i])
			require.False(t, m.add(x, y))
			y.Put(i, new(bn254.G2Affine).Neg(&q[i]))
			require.False(t, m.add(x, y))
		}
	}
}

// multiple computes k q by doubling and adding: gnark-crypto's multiples are those of points of G2.
func multiple(q bn254.G2Jac, k *big.Int) (z bn254.G2Jac) {
	z.X.SetOne()
	z.Y.SetOne()
	for i := k.BitLen() - 1; i >= 0; i-- {
		z.DoubleAssign()
		if k.Bit(i) == 1 {
			z.AddAssign(&q)
		}
	}
	return z
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
