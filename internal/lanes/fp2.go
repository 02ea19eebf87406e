package lanes

import "github.com/consensys/gnark-crypto/ecc/bn254/fp"

// Fp2 is a vector of elements A0 + A1 u.
type Fp2 struct{ A0, A1 fp.Vector }

// NewFp2 returns n zeros.
func NewFp2(n int) Fp2 {
	v := make(fp.Vector, 2*n)
	return Fp2{v[:n:n], v[n:]}
}

// Len returns the number of lanes.
func (z Fp2) Len() int { return len(z.A0) }

// Slice returns lanes i to j-1, which z and the result share.
func (z Fp2) Slice(i, j int) Fp2 { return Fp2{z.A0[i:j], z.A1[i:j]} }

// Set copies x.
func (z Fp2) Set(x Fp2) { copy(z.A0, x.A0); copy(z.A1, x.A1) }

// Add sets z = x + y.
func (z Fp2) Add(x, y Fp2) { z.A0.Add(x.A0, y.A0); z.A1.Add(x.A1, y.A1) }

// Sub sets z = x - y.
func (z Fp2) Sub(x, y Fp2) { z.A0.Sub(x.A0, y.A0); z.A1.Sub(x.A1, y.A1) }

// Double sets z = 2 x.
func (z Fp2) Double(x Fp2) { z.Add(x, x) }

// Mul sets z = x y, in three products and five sums of F_p.
func (z Fp2) Mul(x, y Fp2, s *Scratch) {
	n := len(z.A0)
	a, b, c := s.v[0][:n], s.v[1][:n], s.v[2][:n]
	a.Add(x.A0, x.A1)
	b.Add(y.A0, y.A1)
	c.Mul(a, b) // (x0 + x1)(y0 + y1)
	a.Mul(x.A0, y.A0)
	b.Mul(x.A1, y.A1)
	c.Sub(c, a)
	z.A1.Sub(c, b)
	z.A0.Sub(a, b)
}

// Square sets z = x^2, in two products and three sums of F_p.
func (z Fp2) Square(x Fp2, s *Scratch) {
	n := len(z.A0)
	a, b, c := s.v[0][:n], s.v[1][:n], s.v[2][:n]
	a.Add(x.A0, x.A1)
	b.Sub(x.A0, x.A1)
	c.Mul(x.A0, x.A1)
	z.A0.Mul(a, b)
	z.A1.Add(c, c)
}

// nine sets t = 9 v.
func nine(t, v fp.Vector) {
	t.Add(v, v)
	t.Add(t, t)
	t.Add(t, t)
	t.Add(t, v)
}

// MulByFp sets z = x y for elements y of F_p.
func (z Fp2) MulByFp(x Fp2, y fp.Vector) { z.A0.Mul(x.A0, y); z.A1.Mul(x.A1, y) }

// Conjugate sets z = x0 - x1 u.
func (z Fp2) Conjugate(x Fp2, s *Scratch) {
	n := len(z.A0)
	zero := s.v[0][:n]
	clear(zero)
	copy(z.A0, x.A0)
	z.A1.Sub(zero, x.A1)
}

// MulByNonResidue sets z = (9 + u) x, the constant of BN254's twist and of its tower of fields:
// 9 x0 - x1 + (x0 + 9 x1) u.
func (z Fp2) MulByNonResidue(x Fp2, s *Scratch) {
	n := len(z.A0)
	a, b := s.v[0][:n], s.v[1][:n]
	nine(a, x.A0)
	nine(b, x.A1)
	a.Sub(a, x.A1)
	z.A1.Add(b, x.A0)
	copy(z.A0, a)
}

// Invert sets z = 1/x = (x0 - x1 u) / (x0^2 + x1^2) and returns true; if any x is 0 it returns false, and z
// is undefined. z and x must not overlap.
func (z Fp2) Invert(x Fp2, s *Scratch) bool {
	n := len(z.A0)
	norm, inverse, zero := s.v[0][:n], s.v[1][:n], s.v[2][:n]
	norm.Mul(x.A0, x.A0)
	inverse.Mul(x.A1, x.A1)
	norm.Add(norm, inverse)
	if !s.Invert(inverse, norm) {
		return false
	}
	clear(zero)
	z.A0.Mul(x.A0, inverse)
	z.A1.Mul(x.A1, inverse)
	z.A1.Sub(zero, z.A1)
	return true
}
