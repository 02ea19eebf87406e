package lanes

import (
	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
)

// G2 is a vector of affine points of BN254's twist over F_p2, none of which is infinity.
type G2 struct{ X, Y Fp2 }

// NewG2 returns n lanes to be set.
func NewG2(n int) G2 { return G2{NewFp2(n), NewFp2(n)} }

// Put sets lane i.
func (z G2) Put(i int, p *bn254.G2Affine) {
	z.X.A0[i], z.X.A1[i] = p.X.A0, p.X.A1
	z.Y.A0[i], z.Y.A1[i] = p.Y.A0, p.Y.A1
}

// Slice returns lanes i to j-1, which z and the result share.
func (z G2) Slice(i, j int) G2 { return G2{z.X.Slice(i, j), z.Y.Slice(i, j)} }

// Set copies x.
func (z G2) Set(x G2) { z.X.Set(x.X); z.Y.Set(x.Y) }

// frobenius has the constants of pi: (x, y) -> (conj(x) xi^((p-1)/3), conj(y) xi^((p-1)/2)), the map that the Frobenius
// map is on the twist, and of pi^2: (x, y) -> (x xi^((p^2-1)/3), -y). (xi is no square in F_p2, hence the sign.)
type frobenius struct {
	x, y Fp2 // one lane each
	x2   fp.Element
}

func newFrobenius() frobenius {
	constant := func(f func(z, one *bn254.E2)) bn254.E2 {
		var z, one bn254.E2
		one.SetOne()
		f(&z, &one)
		return z
	}
	lane := func(e bn254.E2) Fp2 { return Fp2{fp.Vector{e.A0}, fp.Vector{e.A1}} }
	return frobenius{
		x:  lane(constant(func(z, one *bn254.E2) { z.MulByNonResidue1Power2(one) })),
		y:  lane(constant(func(z, one *bn254.E2) { z.MulByNonResidue1Power3(one) })),
		x2: constant(func(z, one *bn254.E2) { z.MulByNonResidue2Power2(one) }).A0,
	}
}

// mulByConstant sets z = x c, for c of one lane.
func (z Fp2) mulByConstant(x, c Fp2, s *Scratch) {
	n := len(z.A0)
	a, b := s.v[0][:n], s.v[1][:n]
	a.ScalarMul(x.A0, &c.A0[0])
	b.ScalarMul(x.A1, &c.A1[0])
	a.Sub(a, b)
	b.ScalarMul(x.A0, &c.A1[0])
	z.A1.ScalarMul(x.A1, &c.A0[0])
	z.A1.Add(z.A1, b)
	copy(z.A0, a)
}

// Miller is room for Miller loops over up to as many pairs as it was made for.
type Miller struct {
	*Scratch
	frobenius
	t, image           G2
	minusY             Fp2
	slope, inverse, at Fp2
	xOverY, yInverse   fp.Vector
	line               Lines
	product            lineProduct
}

// NewMiller makes room for n pairs.
func NewMiller(n int) *Miller {
	m := &Miller{
		Scratch: NewScratch(n), frobenius: newFrobenius(),
		t: NewG2(n), image: NewG2(n), xOverY: make(fp.Vector, n), yInverse: make(fp.Vector, n),
		line: Lines{NewFp2(n), NewFp2(n)}, product: newLineProduct(n),
	}
	for _, v := range []*Fp2{&m.minusY, &m.slope, &m.inverse, &m.at} {
		*v = NewFp2(n)
	}
	return m
}

// Loop returns the product of the optimal ate pairings of p_i and q_i before the final exponentiation: what
// bn254.MillerLoop returns, but for factors that the final exponentiation takes to 1. If it returns
// false some q_i is not in G2, the subgroup of order r; the product is then undefined.
//
// With k = 6x+2, x the parameter of the curve, the product over i is that of
//
//	f_k,q(p) l(kq, pi(q))(p) l(kq + pi(q), -pi^2(q))(p)
//
// The multiples of all q_i go up together in affine coordinates, lane by lane, and the lines of a step are
// multiplied to one element, so that there is one accumulator to square. A line of slope a through
// (x, y) is y_p - a x_p w + (a x - y) v w at p. It is divided by y_p here, which is in F_p.
//
// No step divides by zero, whatever q of the twist: there is no point of order 2, and none but infinity with jq = ±q for a
// multiple jq on the way, with kq = ±pi(q), or with kq + pi(q) = ±pi^2(q). (TestLoopCounter computes it. A step looks all
// the same.) So the points are what they should be, and
//
//	k q + pi(q) - pi^2(q) = -pi^3(q)
//
// decides whether q is in G2. It holds there, as pi is multiplication by p and r divides
// k + p - p^2 + p^3. Now pi^2 - t pi + p = 0 on the twist, t the trace of the curve, so that k + pi - pi^2 + pi^3 is a + b pi
// with integers a, b. A point that it takes to zero is taken to zero by its norm a^2 + abt + b^2 p, too, and the
// greatest common divisor of the norm and of the order of the twist, r (2p - r), is r. (TestSubgroupRelation computes it;
// the method is that of Dai, Lin, Zhao and Zhou, eprint 2022/348.)
func (m *Miller) Loop(p G1, q G2) (bn254.GT, bool) {
	n := p.Len()
	t, image := m.t.Slice(0, n), m.image.Slice(0, n)
	minus := G2{q.X, m.minusY.Slice(0, n)}
	zero := m.v[0][:n]
	clear(zero)
	minus.Y.A0.Sub(zero, q.Y.A0)
	minus.Y.A1.Sub(zero, q.Y.A1)

	xOverY, yInverse := m.xOverY[:n], m.yInverse[:n]
	m.Invert(yInverse, p.Y) // the curve has no point with y = 0
	xOverY.Mul(p.X, yInverse)
	xOverY.Sub(zero, xOverY)

	m.product.start(n)
	t.Set(q)
	for i := first; i >= 0; i-- {
		m.double(t)
		ok := true
		switch digit(i) {
		case 1:
			ok = m.add(t, q)
		case -1:
			ok = m.add(t, minus)
		}
		if !ok {
			return bn254.GT{}, false
		}
	}
	image.X.Conjugate(q.X, m.Scratch)
	image.Y.Conjugate(q.Y, m.Scratch)
	image.X.mulByConstant(image.X, m.frobenius.x, m.Scratch)
	image.Y.mulByConstant(image.Y, m.frobenius.y, m.Scratch)
	if !m.add(t, image) {
		return bn254.GT{}, false
	}
	minusSquare := G2{minus.Y, q.Y} // in the place of minus, which is done with
	minusSquare.X.A0.ScalarMul(q.X.A0, &m.x2)
	minusSquare.X.A1.ScalarMul(q.X.A1, &m.x2)
	if !m.add(t, minusSquare) {
		return bn254.GT{}, false
	}
	// -pi^3(q) = -pi^2(pi(q))
	image.X.A0.ScalarMul(image.X.A0, &m.x2)
	image.X.A1.ScalarMul(image.X.A1, &m.x2)
	if !t.equal(image) {
		return bn254.GT{}, false
	}

	values := m.product.finish()
	next := func() *bn254.GT {
		v := &values[0]
		values = values[1:]
		return v
	}
	f := *next()
	for i := first; i >= 0; i-- {
		if i < first {
			f.Square(&f)
			f.Mul(&f, next())
		}
		if digit(i) != 0 {
			f.Mul(&f, next())
		}
	}
	f.Mul(&f, next())
	f.Mul(&f, next())
	return f, true
}

// k in signed digits, from digit `first` down. It is bn254.LoopCounter but for the start, 1, 0, -1, in whose
// place 1, 1 saves a doubling; the 1 in front is the first multiple, q.
const first = len(bn254.LoopCounter) - 3

func digit(i int) int8 {
	if i == first {
		return 1
	}
	return bn254.LoopCounter[i]
}

func (z G2) equal(x G2) bool { return z.X.equal(x.X) && z.Y.equal(x.Y) }

func (z Fp2) equal(x Fp2) bool {
	for i := range z.A0 {
		if z.A0[i] != x.A0[i] || z.A1[i] != x.A1[i] {
			return false
		}
	}
	return true
}

// double sets t = 2 t, and takes the tangents at t into the product. The twist has odd order.
func (m *Miller) double(t G2) {
	n := t.X.Len()
	slope, inverse, at := m.slope.Slice(0, n), m.inverse.Slice(0, n), m.at.Slice(0, n)
	slope.Double(t.Y)
	inverse.Invert(slope, m.Scratch)
	slope.Square(t.X, m.Scratch)
	at.Double(slope)
	slope.Add(slope, at)
	slope.Mul(slope, inverse, m.Scratch) // 3 x^2 / 2 y
	m.step(t, t.X, slope, at)
}

// add sets t = t + q, takes the chords into the product and returns true; or it returns false if some t = ±q.
func (m *Miller) add(t, q G2) bool {
	n := t.X.Len()
	slope, inverse, at := m.slope.Slice(0, n), m.inverse.Slice(0, n), m.at.Slice(0, n)
	slope.Sub(q.X, t.X)
	if !inverse.Invert(slope, m.Scratch) {
		return false
	}
	slope.Sub(q.Y, t.Y)
	slope.Mul(slope, inverse, m.Scratch)
	m.step(t, q.X, slope, at)
	return true
}

// step sets t to minus the third point of the line of this slope a through t = (x, y) and a point whose x is
// q, and takes the line into the product:
//
//	c = a x - y    x' = a^2 - x - q    y' = c - a x'
func (m *Miller) step(t G2, q, slope, c Fp2) {
	n := t.X.Len()
	c.Mul(slope, t.X, m.Scratch)
	c.Sub(c, t.Y)
	l := m.line.Slice(0, n)
	l.X.MulByFp(slope, m.xOverY[:n])
	l.Y.MulByFp(c, m.yInverse[:n])
	m.product.add(l)
	x := m.inverse.Slice(0, n)
	x.Square(slope, m.Scratch)
	x.Sub(x, t.X)
	x.Sub(x, q)
	t.X.Set(x)
	slope.Mul(slope, x, m.Scratch)
	t.Y.Sub(c, slope)
}
