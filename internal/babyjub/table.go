package babyjub

import (
	"sync"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// Table holds multiples of one point, for many multiplications of it. It takes
// 78 KB and is safe for concurrent use.
type Table struct {
	// windows[i][j] = (j+1) 2^(w i) P, w = tableWidth
	windows [(252 + tableWidth - 1) / tableWidth][1 << (tableWidth - 1)]niels
}

const tableWidth = 5

var generatorTable = sync.OnceValue(func() *Table { return NewTable(NewGenerator()) })

// NewTable returns the table of p, which may have any order.
func NewTable(p *Point) *Table {
	p.check()
	t := new(Table)
	const size = len(t.windows[0])
	points := make([]Point, 0, len(t.windows)*size)
	base := *p
	for range t.windows {
		var c cached
		c.fromPoint(&base)
		points = append(points, base)
		for range size - 1 {
			base.addCached(&base, &c, 0)
			points = append(points, base)
		}
		base.double(1) // 2 * 2^(w-1) * base
	}
	for i, n := range toNiels(points) {
		t.windows[i/size][i%size] = n
	}
	return t
}

// Mul returns s P, in constant time.
func (t *Table) Mul(s *Scalar) Point {
	var d [len(t.windows)]int16
	v := s.limbs()
	v.digits(d[:], tableWidth)
	var p Point
	p.SetIdentity()
	for i := range t.windows {
		var n niels
		n.lookup(t.windows[i][:], d[i])
		p.addNiels(&p, &n, 0)
	}
	return p
}

// VarTimeMul returns s P, in variable time.
func (t *Table) VarTimeMul(s *Scalar) Point {
	var d [len(t.windows)]int16
	v := s.limbs()
	v.digits(d[:], tableWidth)
	var p Point
	p.SetIdentity()
	for i := range t.windows {
		if sign, abs := signAndAbs(d[i]); abs != 0 {
			p.addNiels(&p, &t.windows[i][abs-1], uint(sign&1))
		}
	}
	return p
}

// lookup sets n = d P, where multiples holds 1 P, 2 P .. and |d| is at most
// their number, reading all of them.
func (n *niels) lookup(multiples []niels, d int16) {
	sign, abs := signAndAbs(d)
	*n = niels{sums: [2]fr.Element{feHalf, feHalf}} // the identity
	for j := range multiples {
		m, mask := &multiples[j], equalMask(abs, uint64(j+1))
		feSelect(&n.sums[0], &m.sums[0], mask)
		feSelect(&n.sums[1], &m.sums[1], mask)
		feSelect(&n.td, &m.td, mask)
	}
	negate(&n.sums, &n.td, sign)
}

// toNiels returns the points with z = 1, ready to be added.
func toNiels(points []Point) []niels {
	zs := inverseZ(points)
	out := make([]niels, len(points))
	for i := range points {
		var x, y fr.Element
		x.Mul(&points[i].x, &zs[i])
		y.Mul(&points[i].y, &zs[i])
		out[i].setAffine(&x, &y)
	}
	return out
}
