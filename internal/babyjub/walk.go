package babyjub

import "github.com/consensys/gnark-crypto/ecc/bn254/fr"

// Stride is a fixed step D between points, prepared for walks P, P + D, P + 2 D, ...
// of which only the y-coordinates are wanted. It takes 48 KB and is safe for
// concurrent use.
//
// A block of WalkBlock points is a centre C and C ± D, C ± 2 D .. C ± n D. In
// affine coordinates on the curve with a = -1,
//
//	y(C ± Q) = (y1 y2 ± x1 x2) / (1 ∓ k),   k = d x1 x2 y1 y2
//	         = ((y1 y2 + k x1 x2) ± (x1 x2 + k y1 y2)) / (1 - k^2)
//
// so that two points share a denominator, and the denominators of a block share
// one inversion (Montgomery's trick): 5.5 products of the field a point. The
// addition law is complete: no denominator is 0, whatever C and D are.
type Stride struct {
	offsets    [walkHalf]offset // i D for i = 1 .. n
	half, leap niels            // n D and (2 n + 1) D
}

// WalkBlock is the number of points of one step of a Walk.
const (
	WalkBlock = 2*walkHalf + 1
	walkHalf  = 512 // n
)

// offset is a point (x, y) of the curve with a = -1, and d x y.
type offset struct{ x, y, dxy fr.Element }

// NewStride prepares the step d, of any order.
func NewStride(d *Point) *Stride {
	d.check()
	points := make([]Point, walkHalf+1)
	var c cached
	c.fromPoint(d)
	points[0] = *d
	for i := 1; i < walkHalf; i++ {
		points[i].addCached(&points[i-1], &c, 0)
	}
	leap := &points[walkHalf]
	leap.Double(&points[walkHalf-1])
	leap.addCached(leap, &c, 0)

	points = normalized(points)
	s := new(Stride)
	for i := range s.offsets {
		o := &s.offsets[i]
		o.x, o.y = points[i].x, points[i].y
		o.dxy.Mul(&o.x, &o.y)
		o.dxy.Mul(&o.dxy, &curveD)
	}
	far := toNiels(points[walkHalf-1:])
	s.half, s.leap = far[0], far[1]
	return s
}

// Walk goes from a point by the steps of a Stride, in variable time. It is not
// safe for concurrent use.
type Walk struct {
	stride *Stride
	centre Point // of the next block, with z = 1

	ys     [WalkBlock]fr.Element
	den    [walkHalf]fr.Element // 1 - k^2 of every offset
	before [walkHalf]fr.Element // the product of the denominators before it
}

// From returns the walk p, p + D, p + 2 D, ...
func (s *Stride) From(p *Point) *Walk {
	p.check()
	w := &Walk{stride: s}
	w.centre.addNiels(p, &s.half, 0)
	var inv fr.Element
	inv.Inverse(&w.centre.z)
	w.centre.normalize(&inv)
	return w
}

// Next returns the y-coordinates of the next WalkBlock points; the following
// call overwrites them. (y is the same in EIP-2494's coordinates.)
func (w *Walk) Next() *[WalkBlock]fr.Element {
	c := &w.centre
	w.ys[walkHalf] = c.y
	var next Point
	next.addNiels(c, &w.stride.leap, 0)

	product := next.z
	for i := range w.stride.offsets {
		q := &w.stride.offsets[i]
		var u, v, k, ku, kv fr.Element
		u.Mul(&c.x, &q.x)
		v.Mul(&c.y, &q.y)
		k.Mul(&c.t, &q.dxy)
		ku.Mul(&k, &u)
		kv.Mul(&k, &v)
		feAdd(&v, &v, &ku)
		feAdd(&u, &u, &kv)
		feAdd(&w.ys[walkHalf+1+i], &v, &u)
		feSub(&w.ys[walkHalf-1-i], &v, &u)
		k.Square(&k)
		feSub(&w.den[i], &feOne, &k)
		w.before[i] = product
		product.Mul(&product, &w.den[i])
	}
	var inv, one fr.Element // inv = 1/(next.z den_0 .. den_i)
	inv.Inverse(&product)
	for i := walkHalf - 1; i >= 0; i-- {
		one.Mul(&inv, &w.before[i])
		inv.Mul(&inv, &w.den[i])
		plus, minus := &w.ys[walkHalf+1+i], &w.ys[walkHalf-1-i]
		plus.Mul(plus, &one)
		minus.Mul(minus, &one)
	}
	next.normalize(&inv)
	w.centre = next
	return &w.ys
}
