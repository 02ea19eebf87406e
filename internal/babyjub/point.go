package babyjub

import "github.com/consensys/gnark-crypto/ecc/bn254/fr"

// Point is a point of Baby Jubjub, of any order. The zero value is not a point:
// start from NewIdentity, NewGenerator, a decoder or an operation. Points are
// compared with Equal, never with ==.
type Point struct {
	// Extended coordinates on the curve with a = -1 (Hisil, Wong, Carter,
	// Dawson, "Twisted Edwards Curves Revisited"): the point is (x/z, y/z), and
	// t = x y / z.
	x, y, z, t fr.Element
}

// NewIdentity returns the identity, (0, 1).
func NewIdentity() *Point { return new(Point).SetIdentity() }

// NewGenerator returns the generator G of the subgroup of order q: EIP-2494's
// base point, known elsewhere as B8.
func NewGenerator() *Point {
	p := &Point{x: generatorX, y: generatorY, z: feOne}
	p.t.Mul(&p.x, &p.y)
	return p
}

// Set sets p = q and returns p.
func (p *Point) Set(q *Point) *Point {
	q.check()
	*p = *q
	return p
}

// SetIdentity sets p to the identity and returns p.
func (p *Point) SetIdentity() *Point {
	*p = Point{y: feOne, z: feOne}
	return p
}

// Add sets p = q + r and returns p.
func (p *Point) Add(q, r *Point) *Point {
	q.check()
	r.check()
	var c cached
	c.fromPoint(r)
	return p.addCached(q, &c, 0)
}

// Sub sets p = q - r and returns p.
func (p *Point) Sub(q, r *Point) *Point {
	q.check()
	r.check()
	var c cached
	c.fromPoint(r)
	return p.addCached(q, &c, 1)
}

// Neg sets p = -q and returns p.
func (p *Point) Neg(q *Point) *Point {
	q.check()
	feNeg(&p.x, &q.x)
	feNeg(&p.t, &q.t)
	p.y, p.z = q.y, q.z
	return p
}

// Double sets p = 2 q and returns p.
func (p *Point) Double(q *Point) *Point {
	q.check()
	var c completed
	c.double(q)
	return p.fromCompleted(&c)
}

// MulByCofactor sets p = 8 q and returns p. The result has order q or is the
// identity.
func (p *Point) MulByCofactor(q *Point) *Point {
	q.check()
	*p = *q
	return p.double(3)
}

// Equal reports whether p = q, in constant time.
func (p *Point) Equal(q *Point) bool {
	p.check()
	q.check()
	var a, b, c, d fr.Element
	a.Mul(&p.x, &q.z)
	b.Mul(&q.x, &p.z)
	c.Mul(&p.y, &q.z)
	d.Mul(&q.y, &p.z)
	return a.NotEqual(&b)|c.NotEqual(&d) == 0
}

// IsIdentity reports whether p is the identity, in constant time.
func (p *Point) IsIdentity() bool {
	p.check()
	return p.x[0]|p.x[1]|p.x[2]|p.x[3]|p.y.NotEqual(&p.z) == 0
}

// IsSmallOrder reports whether 8 p is the identity: whether p is one of the 8
// points whose order divides 8.
func (p *Point) IsSmallOrder() bool {
	var q Point
	return q.MulByCofactor(p).IsIdentity()
}

// check panics on the zero Point. Every operation on a Point that another
// package made calls it once.
func (p *Point) check() {
	if p.z[0]|p.z[1]|p.z[2]|p.z[3] == 0 {
		panic("babyjub: uninitialized point")
	}
}

// normalized returns the points with z = 1: the same slice if they already have
// it, as points that come from a decoder do; else a copy, for one inversion.
func normalized(points []Point) []Point {
	affine := true
	for i := range points {
		points[i].check()
		affine = affine && points[i].z.IsOne()
	}
	if affine {
		return points
	}
	zs := make([]fr.Element, len(points))
	for i := range points {
		zs[i] = points[i].z
	}
	batchInvert(zs)
	out := make([]Point, len(points))
	for i := range points {
		out[i] = points[i]
		out[i].normalize(&zs[i])
	}
	return out
}

// normalize makes z = 1, given 1/z.
func (p *Point) normalize(inv *fr.Element) {
	p.x.Mul(&p.x, inv)
	p.y.Mul(&p.y, inv)
	p.t.Mul(&p.x, &p.y)
	p.z = feOne
}

// cached is a point, and its negative, made ready to be added. Negation
// exchanges the first two, and the last two.
type cached struct {
	sums [2]fr.Element // y-x, y+x
	z2   fr.Element    // 2z
	td   [2]fr.Element // 2dt, -2dt
}

func (c *cached) fromPoint(p *Point) {
	feSub(&c.sums[0], &p.y, &p.x)
	feAdd(&c.sums[1], &p.y, &p.x)
	feAdd(&c.z2, &p.z, &p.z)
	c.td[0].Mul(&p.t, &curve2D)
	feNeg(&c.td[1], &c.td[0])
}

// niels is half a cached point with z = 1, so that 2z is 1.
type niels struct {
	sums [2]fr.Element // (y-x)/2, (y+x)/2
	td   [2]fr.Element // dt, -dt
}

// fromAffine sets n = p, where z = 1. It is not for secrets.
func (n *niels) fromAffine(p *Point) {
	feSub(&n.sums[0], &p.y, &p.x)
	feAdd(&n.sums[1], &p.y, &p.x)
	n.sums[0].Halve()
	n.sums[1].Halve()
	n.td[0].Mul(&p.t, &curveD)
	feNeg(&n.td[1], &n.td[0])
}

// setNiels sets p = n for sign 0 and p = -n for sign 1. The sign is not secret.
func (p *Point) setNiels(n *niels, sign uint) {
	sign &= 1
	feSub(&p.x, &n.sums[1-sign], &n.sums[sign])
	feAdd(&p.y, &n.sums[1], &n.sums[0])
	p.z = feOne
	p.t.Mul(&p.x, &p.y)
}

// toNiels returns the points ready to be added. It is not for secrets.
func toNiels(points []Point) []niels {
	points = normalized(points)
	out := make([]niels, len(points))
	for i := range points {
		out[i].fromAffine(&points[i])
	}
	return out
}

// completed is the point (e/g, h/f) before the products that give extended
// coordinates.
type completed struct{ e, f, g, h fr.Element }

// fromCompleted sets p = (e f, g h, f g, e h) and returns p.
func (p *Point) fromCompleted(c *completed) *Point {
	p.t.Mul(&c.e, &c.h)
	p.projective(c)
	return p
}

// projective sets p to c but for t, which doubling does not read.
func (p *Point) projective(c *completed) {
	p.x.Mul(&c.e, &c.f)
	p.y.Mul(&c.g, &c.h)
	p.z.Mul(&c.f, &c.g)
}

// double sets c = 2 p ("dbl-2008-hwcd" with a = -1):
//
//	A = X^2, B = Y^2, G = B - A, F = G - 2 Z^2, H = -A - B, E = (X+Y)^2 - A - B
//
// with all four negated, which is the same point.
func (c *completed) double(p *Point) {
	var a, b, zz fr.Element
	a.Square(&p.x)
	b.Square(&p.y)
	zz.Square(&p.z)
	feAdd(&zz, &zz, &zz)
	feAdd(&c.h, &a, &b)
	feAdd(&c.e, &p.x, &p.y)
	c.e.Square(&c.e)
	feSub(&c.e, &c.h, &c.e)
	feSub(&c.g, &a, &b)
	feAdd(&c.f, &zz, &c.g)
}

// double sets p = 2^n p, n > 0, and returns p.
func (p *Point) double(n int) *Point {
	var c completed
	for range n - 1 {
		c.double(p)
		p.projective(&c)
	}
	c.double(p)
	return p.fromCompleted(&c)
}

// addCached sets p = q + c for sign 0 and p = q - c for sign 1, and returns p.
// The sign is not secret.
func (p *Point) addCached(q *Point, c *cached, sign uint) *Point {
	sign &= 1
	var tt, zz fr.Element
	tt.Mul(&q.t, &c.td[sign])
	zz.Mul(&q.z, &c.z2)
	return p.add(q, &c.sums[sign], &c.sums[1-sign], &tt, &zz)
}

// addNiels sets p = q + n for sign 0 and p = q - n for sign 1, and returns p.
// The sign is not secret.
func (p *Point) addNiels(q *Point, n *niels, sign uint) *Point {
	sign &= 1
	var tt fr.Element
	tt.Mul(&q.t, &n.td[sign])
	return p.add(q, &n.sums[sign], &n.sums[1-sign], &tt, &q.z)
}

// add is the complete addition for a = -1, "add-2008-hwcd-3":
//
//	A = (Y1-X1)(Y2-X2), B = (Y1+X1)(Y2+X2), C = 2d T1 T2, D = 2 Z1 Z2
//	E = B - A, F = D - C, G = D + C, H = B + A
//	X = E F, Y = G H, Z = F G, T = E H
//
// given Y2-X2 and Y2+X2, C and D, or half of each: E, F, G and H may be scaled.
func (p *Point) add(q *Point, ymx, ypx, c, d *fr.Element) *Point {
	var a, b fr.Element
	var r completed
	feSub(&a, &q.y, &q.x)
	a.Mul(&a, ymx)
	feAdd(&b, &q.y, &q.x)
	b.Mul(&b, ypx)
	feSub(&r.e, &b, &a)
	feSub(&r.f, d, c)
	feAdd(&r.g, d, c)
	feAdd(&r.h, &b, &a)
	return p.fromCompleted(&r)
}
