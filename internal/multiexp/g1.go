package multiexp

import (
	"sync"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/scrutin/scrutin/internal/lanes"
)

// G1 is a sum of multiples of points of G1, to be computed window by window.
type G1 struct {
	digits *digits
	points []bn254.G1Affine
	sums   []bn254.G1Jac
}

// NewG1 prepares sum_i scalars[i] points[i]. There must be as many scalars as points.
func NewG1(points []bn254.G1Affine, scalars []fr.Element) *G1 {
	if len(points) != len(scalars) {
		panic("multiexp: as many scalars as points are needed")
	}
	d := newDigits(scalars, bestWidth(len(points)))
	return &G1{d, points, make([]bn254.G1Jac, d.windows)}
}

// Windows returns the number of windows.
func (s *G1) Windows() int { return s.digits.windows }

// Window computes window k, counted from 0. Different windows can be computed at once.
func (s *G1) Window(k int) {
	r := roomG1.Get().(*room[bn254.G1Affine, *adderG1])
	defer roomG1.Put(r)
	d := s.digits
	r.fill(d.width, d.values[k*d.n:][:d.n], s.points, func(p, q *bn254.G1Affine) { p.Neg(q) })
	rows, columns, l := r.rowsAndColumns(d.width)
	sum, all := weightedG1(rows)
	for range l {
		sum.DoubleAssign()
	}
	low, _ := weightedG1(columns)
	s.sums[k] = *sum.AddAssign(&low).AddAssign(&all)
}

// Sum returns the sum; all windows must have been computed.
func (s *G1) Sum() bn254.G1Jac {
	var sum bn254.G1Jac
	for k := len(s.sums) - 1; k >= 0; k-- {
		for range s.digits.width {
			sum.DoubleAssign()
		}
		sum.AddAssign(&s.sums[k])
	}
	return sum
}

// weightedG1 returns sum_i i p_i and sum_i p_i.
func weightedG1(p []bn254.G1Affine) (weighted, sum bn254.G1Jac) {
	for i := len(p) - 1; i >= 0; i-- {
		weighted.AddAssign(&sum)
		sum.AddMixed(&p[i])
	}
	return weighted, sum
}

var roomG1 = sync.Pool{New: func() any { return &room[bn254.G1Affine, *adderG1]{adder: newAdderG1()} }}

// adderG1 adds p = (x1, y1) and q = (x2, y2), x1 != x2:
//
//	lambda = (y2 - y1)/(x2 - x1),   x3 = lambda^2 - x1 - x2,   y3 = lambda (x1 - x3) - y1
type adderG1 struct {
	scratch        *lanes.Scratch
	x1, y1, x2, y2 fp.Vector
	t, inverse     fp.Vector
	to             [batchSize]*bn254.G1Affine
	n              int
}

func newAdderG1() *adderG1 {
	a := &adderG1{scratch: lanes.NewScratch(batchSize)}
	for _, v := range []*fp.Vector{&a.x1, &a.y1, &a.x2, &a.y2, &a.t, &a.inverse} {
		*v = make(fp.Vector, batchSize)
	}
	return a
}

func (a *adderG1) put(to, p, q *bn254.G1Affine) {
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
		a.x1[n], a.y1[n], a.x2[n], a.y2[n] = p.X, p.Y, q.X, q.Y
		a.to[n] = to
		a.n++
		if a.n == batchSize {
			a.flush()
		}
	}
}

func (a *adderG1) flush() {
	n := a.n
	if n == 0 {
		return
	}
	a.n = 0
	x1, y1, x2, y2, t, inverse := a.x1[:n], a.y1[:n], a.x2[:n], a.y2[:n], a.t[:n], a.inverse[:n]
	t.Sub(x2, x1)
	if !a.scratch.Invert(inverse, t) {
		panic("multiexp: equal points in a batch") // put sees to them
	}
	y2.Sub(y2, y1)
	y2.Mul(y2, inverse) // lambda
	t.Mul(y2, y2)
	t.Sub(t, x1)
	t.Sub(t, x2) // x3
	x1.Sub(x1, t)
	x1.Mul(x1, y2)
	x1.Sub(x1, y1) // y3
	for i, to := range a.to[:n] {
		to.X, to.Y = t[i], x1[i]
	}
}
