package lanes

import (
	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
)

// Fp6 is a vector of elements z0 + z1 v + z2 v^2 of F_p6 = F_p2[v]/(v^3 - xi), xi = 9 + u.
type Fp6 [3]Fp2

// Fp12 is a vector of elements C0 + C1 w of F_p12 = F_p6[w]/(w^2 - v).
type Fp12 struct{ C0, C1 Fp6 }

// NewFp12 returns n zeros.
func NewFp12(n int) Fp12 {
	var z Fp12
	for i := range z.C0 {
		z.C0[i], z.C1[i] = NewFp2(n), NewFp2(n)
	}
	return z
}

// Slice returns lanes i to j-1, which z and the result share.
func (z Fp12) Slice(i, j int) Fp12 { return Fp12{z.C0.slice(i, j), z.C1.slice(i, j)} }

func (z Fp6) slice(i, j int) Fp6 {
	return Fp6{z[0].Slice(i, j), z[1].Slice(i, j), z[2].Slice(i, j)}
}

func (z Fp6) add(x, y Fp6) {
	for i := range z {
		z[i].Add(x[i], y[i])
	}
}

func (z Fp6) sub(x, y Fp6) {
	for i := range z {
		z[i].Sub(x[i], y[i])
	}
}

// TowerScratch is room for the intermediate results of products in F_p12, as Scratch is for those in F_p2.
type TowerScratch struct {
	*Scratch
	low, high, x, y Fp6
	a, b            Fp2
}

// NewTowerScratch makes room for n lanes.
func NewTowerScratch(n int) *TowerScratch {
	t := &TowerScratch{Scratch: NewScratch(n), a: NewFp2(n), b: NewFp2(n)}
	for _, z := range []*Fp6{&t.low, &t.high, &t.x, &t.y} {
		for i := range z {
			z[i] = NewFp2(n)
		}
	}
	return t
}

// addNonResidue sets z = x + xi y.
func (z Fp2) addNonResidue(x, y Fp2, s *Scratch) {
	n := len(z.A0)
	a, b := s.v[0][:n], s.v[1][:n]
	nine(a, y.A0)
	nine(b, y.A1)
	a.Sub(a, y.A1)
	b.Add(b, y.A0)
	z.A0.Add(x.A0, a)
	z.A1.Add(x.A1, b)
}

// mul sets z = x y with six products of F_p2 (Karatsuba's). z must not overlap x or y.
func (z Fp6) mul(x, y Fp6, a, b Fp2, s *Scratch) {
	cross := func(z Fp2, i, j int) {
		a.Add(x[i], x[j])
		b.Add(y[i], y[j])
		z.Mul(a, b, s)
	}
	cross(z[0], 1, 2)
	cross(z[1], 0, 1)
	cross(z[2], 0, 2)
	a.Mul(x[0], y[0], s)
	z[1].Sub(z[1], a)
	z[2].Sub(z[2], a)
	b.Mul(x[2], y[2], s)
	z[0].Sub(z[0], b)
	z[2].Sub(z[2], b)
	z[1].addNonResidue(z[1], b, s)
	b.Mul(x[1], y[1], s)
	z[0].Sub(z[0], b)
	z[1].Sub(z[1], b)
	z[2].Add(z[2], b)
	z[0].addNonResidue(a, z[0], s)
}

// mul01 sets z = x y with three products, for x and y without v^2. z must not overlap x or y.
func (z Fp6) mul01(x, y Fp6, a, b Fp2, s *Scratch) {
	a.Add(x[0], x[1])
	b.Add(y[0], y[1])
	z[1].Mul(a, b, s)
	z[0].Mul(x[0], y[0], s)
	z[2].Mul(x[1], y[1], s)
	z[1].Sub(z[1], z[0])
	z[1].Sub(z[1], z[2])
}

// Mul sets z = x y, in 18 products of F_p2.
func (z Fp12) Mul(x, y Fp12, t *TowerScratch) { z.mul(x, y, t, Fp6.mul) }

// MulSparse is Mul of elements whose C1 has no v^2, which products of two lines are. It takes 15 products.
func (z Fp12) MulSparse(x, y Fp12, t *TowerScratch) { z.mul(x, y, t, Fp6.mul01) }

// mul is Karatsuba's, mulHigh multiplies the C1.
func (z Fp12) mul(x, y Fp12, t *TowerScratch, mulHigh func(z, x, y Fp6, a, b Fp2, s *Scratch)) {
	n := z.C0[0].Len()
	low, high := t.low.slice(0, n), t.high.slice(0, n)
	sumX, sumY := t.x.slice(0, n), t.y.slice(0, n)
	a, b := t.a.Slice(0, n), t.b.Slice(0, n)
	low.mul(x.C0, y.C0, a, b, t.Scratch)
	mulHigh(high, x.C1, y.C1, a, b, t.Scratch)
	sumX.add(x.C0, x.C1)
	sumY.add(y.C0, y.C1)
	z.C1.mul(sumX, sumY, a, b, t.Scratch)
	z.C1.sub(z.C1, low)
	z.C1.sub(z.C1, high)
	z.C0[0].addNonResidue(low[0], high[2], t.Scratch)
	z.C0[1].Add(low[1], high[0])
	z.C0[2].Add(low[2], high[1])
}

// Lines is a vector of elements 1 + X w + Y v w of F_p12.
type Lines struct{ X, Y Fp2 }

// MulLines sets z = x y, in three products of F_p2. z is sparse in the sense of MulSparse.
func (z Fp12) MulLines(x, y Lines, t *TowerScratch) {
	n := x.X.Len()
	a, b := t.a.Slice(0, n), t.b.Slice(0, n)
	a.Add(x.X, x.Y)
	b.Add(y.X, y.Y)
	z.C0[2].Mul(a, b, t.Scratch)
	z.C0[1].Mul(x.X, y.X, t.Scratch)
	a.Mul(x.Y, y.Y, t.Scratch)
	z.C0[2].Sub(z.C0[2], z.C0[1])
	z.C0[2].Sub(z.C0[2], a)
	z.C0[0].MulByNonResidue(a, t.Scratch)
	one := fp.One()
	for i := range z.C0[0].A0 {
		z.C0[0].A0[i].Add(&z.C0[0].A0[i], &one)
	}
	z.C1[0].Add(x.X, y.X)
	z.C1[1].Add(x.Y, y.Y)
	clear(z.C1[2].A0)
	clear(z.C1[2].A1)
}

// Slice returns lanes i to j-1, which l and the result share.
func (l Lines) Slice(i, j int) Lines { return Lines{l.X.Slice(i, j), l.Y.Slice(i, j)} }

// SetLines copies the lines of x.
func (z Fp12) SetLines(x Lines) {
	one := fp.One()
	for i, c := range [6]*Fp2{&z.C0[0], &z.C0[1], &z.C0[2], &z.C1[0], &z.C1[1], &z.C1[2]} {
		switch i {
		case 3:
			c.Set(x.X)
		case 4:
			c.Set(x.Y)
		default:
			clear(c.A0)
			clear(c.A1)
		}
	}
	for i := range z.C0[0].A0 {
		z.C0[0].A0[i] = one
	}
}

// At returns lane i.
func (z Fp12) At(i int) (e bn254.GT) {
	for j, c := range [3]*bn254.E2{&e.C0.B0, &e.C0.B1, &e.C0.B2} {
		c.A0, c.A1 = z.C0[j].A0[i], z.C0[j].A1[i]
	}
	for j, c := range [3]*bn254.E2{&e.C1.B0, &e.C1.B1, &e.C1.B2} {
		c.A0, c.A1 = z.C1[j].A0[i], z.C1[j].A1[i]
	}
	return e
}
