package multiexp

import (
	"sync"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/scrutin/scrutin/internal/lanes"
)

// G2 is a sum of multiples of points of G2, to be computed window by window.
type G2 struct {
	digits *digits
	points []bn254.G2Affine
	sums   []bn254.G2Jac
}

// NewG2 prepares sum_i scalars[i] points[i]. There must be as many scalars as points.
func NewG2(points []bn254.G2Affine, scalars []fr.Element) *G2 {
	if len(points) != len(scalars) {
		panic("multiexp: as many scalars as points are needed")
	}
	d := newDigits(scalars, bestWidth(len(points)))
	return &G2{d, points, make([]bn254.G2Jac, d.windows)}
}

// Windows returns the number of windows.
func (s *G2) Windows() int { return s.digits.windows }

// Window computes window k, counted from 0. Different windows can be computed at once.
func (s *G2) Window(k int) {
	r := roomG2.Get().(*room[bn254.G2Affine, *adderG2])
	defer roomG2.Put(r)
	d := s.digits
	r.fill(d.width, d.values[k*d.n:][:d.n], s.points, func(p, q *bn254.G2Affine) { p.Neg(q) })
	rows, columns, l := r.rowsAndColumns(d.width)
	sum, all := weightedG2(rows)
	for range l {
		sum.DoubleAssign()
	}
	low, _ := weightedG2(columns)
	s.sums[k] = *sum.AddAssign(&low).AddAssign(&all)
}

// Sum returns the sum; all windows must have been computed.
func (s *G2) Sum() bn254.G2Jac {
	var sum bn254.G2Jac
	for k := len(s.sums) - 1; k >= 0; k-- {
		for range s.digits.width {
			sum.DoubleAssign()
		}
		sum.AddAssign(&s.sums[k])
	}
	return sum
}

// weightedG2 returns sum_i i p_i and sum_i p_i.
func weightedG2(p []bn254.G2Affine) (weighted, sum bn254.G2Jac) {
	for i := len(p) - 1; i >= 0; i-- {
		weighted.AddAssign(&sum)
		sum.AddMixed(&p[i])
	}
	return weighted, sum
}

var roomG2 = sync.Pool{New: func() any { return &room[bn254.G2Affine, *adderG2]{adder: newAdderG2()} }}

// adderG2 does what adderG1 does, with coordinates in F_p2.
type adderG2 struct {
	scratch        *lanes.Scratch
	x1, y1, x2, y2 lanes.Fp2
	t, inverse     lanes.Fp2
	to             [batchSize]*bn254.G2Affine
	n              int
}

func newAdderG2() *adderG2 {
	a := &adderG2{scratch: lanes.NewScratch(batchSize)}
	for _, v := range []*lanes.Fp2{&a.x1, &a.y1, &a.x2, &a.y2, &a.t, &a.inverse} {
		*v = lanes.NewFp2(batchSize)
	}
	return a
}

func (a *adderG2) put(to, p, q *bn254.G2Affine) {
	switch {
	case p.IsInfinity():
		*to = *q
	case q.IsInfinity():
		*to = *p
	case p.X == q.X && p.Y == q.Y:
		to.Double(p)
	case p.X == q.X:
		to.SetInfinity()
	default:
		n := a.n
		a.x1.A0[n], a.x1.A1[n], a.y1.A0[n], a.y1.A1[n] = p.X.A0, p.X.A1, p.Y.A0, p.Y.A1
		a.x2.A0[n], a.x2.A1[n], a.y2.A0[n], a.y2.A1[n] = q.X.A0, q.X.A1, q.Y.A0, q.Y.A1
		a.to[n] = to
		a.n++
		if a.n == batchSize {
			a.flush()
		}
	}
}

func (a *adderG2) flush() {
	n := a.n
	if n == 0 {
		return
	}
	a.n = 0
	s := a.scratch
	x1, y1, x2, y2 := a.x1.Slice(0, n), a.y1.Slice(0, n), a.x2.Slice(0, n), a.y2.Slice(0, n)
	t, inverse := a.t.Slice(0, n), a.inverse.Slice(0, n)
	t.Sub(x2, x1)
	if !inverse.Invert(t, s) {
		panic("multiexp: equal points in a batch") // put sees to them
	}
	y2.Sub(y2, y1)
	y2.Mul(y2, inverse, s) // lambda
	t.Square(y2, s)
	t.Sub(t, x1)
	t.Sub(t, x2) // x3
	x1.Sub(x1, t)
	x1.Mul(x1, y2, s)
	x1.Sub(x1, y1) // y3
	for i, to := range a.to[:n] {
		to.X.A0, to.X.A1, to.Y.A0, to.Y.A1 = t.A0[i], t.A1[i], x1.A0[i], x1.A1[i]
	}
}
