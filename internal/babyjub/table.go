package babyjub

import (
	"sync"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// Multiples holds P, 2 P .. 16 P of one point P, for sums of products of many
// fixed points. It takes 1.5 KB and is safe for concurrent use.
type Multiples struct{ minus, plus, td column } // (y-x)/2, (y+x)/2, dt

// Table holds multiples of one point, for many multiplications of it. It takes
// 77 KB and is safe for concurrent use.
type Table struct {
	windows [digitCount]Multiples // those of 2^(w i) P, w = digitWidth
}

var generatorTable = sync.OnceValue(func() *Table { return NewTable(NewGenerator()) })

// NewTable returns the table of p, which may have any order but is not secret.
func NewTable(p *Point) *Table {
	p.check()
	bases := make([]Point, digitCount)
	bases[0] = *p
	for i := 1; i < len(bases); i++ {
		bases[i] = bases[i-1]
		bases[i].double(digitWidth)
	}
	t := new(Table)
	copy(t.windows[:], NewMultiples(bases))
	return t
}

// NewMultiples returns the multiples of each point. The points may have any
// order but are not secret.
func NewMultiples(points []Point) []Multiples {
	out := make([]Multiples, len(points))
	for i, n := range toNiels(firstMultiples(points, digitBound)) {
		m, j := &out[i/digitBound], i%digitBound
		m.minus[j], m.plus[j], m.td[j] = n.sums[0], n.sums[1], n.td[0]
	}
	return out
}

// firstMultiples returns P, 2 P .. size P of one point after another.
func firstMultiples(points []Point, size int) []Point {
	all := make([]Point, 0, len(points)*size)
	for i := range points {
		points[i].check()
		var c cached
		c.fromPoint(&points[i])
		p := points[i]
		all = append(all, p)
		for range size - 1 {
			p.addCached(&p, &c, 0)
			all = append(all, p)
		}
	}
	return all
}

// wideTable holds multiples of the generator for multiplications in variable
// time, which read only the entries they want: 512 KB.
var wideTable = sync.OnceValue(func() *[wideWindows][1 << (wideWidth - 1)]niels {
	bases := make([]Point, wideWindows)
	bases[0] = *NewGenerator()
	for i := 1; i < len(bases); i++ {
		bases[i] = bases[i-1]
		bases[i].double(wideWidth)
	}
	t := new([wideWindows][1 << (wideWidth - 1)]niels)
	const size = len(t[0])
	for i, n := range toNiels(firstMultiples(bases, size)) {
		t[i/size][i%size] = n
	}
	return t
})

const (
	wideWidth   = 8
	wideWindows = (252 + wideWidth - 1) / wideWidth
)

// Mul returns s P, in constant time.
func (t *Table) Mul(s *Scalar) Point {
	v := s.limbs()
	return t.mul(&v, digitCount)
}

// mul returns v P for an integer v that has so many digits, in constant time.
func (t *Table) mul(v *limbs, count int) Point {
	var digits [digitCount]int16
	d := digits[:count]
	v.digits(d, digitWidth)
	var p Point
	var n niels
	t.windows[0].lookup(&n, d[0])
	p.setNiels(&n, 0)
	for i := 1; i < len(d); i++ {
		t.windows[i].lookup(&n, d[i])
		p.addNiels(&p, &n, 0)
	}
	return p
}

// MultiScalarMul returns sum_i scalars[i] P_i, in constant time; the identity if
// there are none. It panics if there are more scalars than points.
func MultiScalarMul(scalars []Scalar, points []Multiples) Point {
	// sums[k] = sum_i d_ik P_i, where d_ik is digit k of scalar i: all products
	// share the doublings, and the multiples of a point stay in the fastest cache
	// while they serve all its digits.
	var sums [digitCount]Point
	for k := range sums {
		sums[k].SetIdentity()
	}
	for i := range scalars {
		var d [digitCount]int16
		v := scalars[i].limbs()
		v.digits(d[:], digitWidth)
		var n niels
		for k := range d {
			points[i].lookup(&n, d[k])
			sums[k].addNiels(&sums[k], &n, 0)
		}
	}
	// sum_k 2^(w k) sums[k]
	p := sums[digitCount-1]
	for k := digitCount - 2; k >= 0; k-- {
		p.double(digitWidth)
		p.Add(&p, &sums[k])
	}
	return p
}

// SubsetSum returns sum_i bits[i] P_i, in constant time; the identity if there are
// none. It reads the least bit of each scalar only: they have to be 0 or 1. It
// panics if there are more bits than points.
func SubsetSum(bits []Scalar, points []Multiples) Point {
	var p Point
	p.SetIdentity()
	for i := range bits {
		v := bits[i].limbs()
		mask := -(v[0] & 1)
		n := niels{sums: [2]fr.Element{feHalf, feHalf}}
		feSelect(&n.sums[0], &points[i].minus[0], mask)
		feSelect(&n.sums[1], &points[i].plus[0], mask)
		feSelect(&n.td[0], &points[i].td[0], mask)
		p.addNiels(&p, &n, 0)
	}
	return p
}

// lookup sets n = d P for use with sign 0, |d| <= 16, reading all multiples.
func (m *Multiples) lookup(n *niels, d int16) {
	sign, abs := signAndAbs(d)
	masks := equalMasks(abs)
	m.minus.lookup(&n.sums[0], &feHalf, &masks)
	m.plus.lookup(&n.sums[1], &feHalf, &masks)
	m.td.lookup(&n.td[0], &fr.Element{}, &masks)
	negate(&n.sums, &n.td[0], sign)
}
