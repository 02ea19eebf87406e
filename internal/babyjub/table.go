package babyjub

import (
	"sync"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// Table holds multiples of one point, for many multiplications of it. It takes
// 172 KB and is safe for concurrent use.
type Table struct {
	// windows[i][j] = (j+1) 2^(w i) P, w = tableWidth
	windows [(252 + tableWidth - 1) / tableWidth][1 << (tableWidth - 1)]niels
}

const tableWidth = 6

var generatorTable = sync.OnceValue(func() *Table { return NewTable(NewGenerator()) })

// NewTable returns the table of p, which may have any order but is not secret.
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
	var n niels
	n.lookup(t.windows[0][:], d[0])
	p.setNiels(&n, 0)
	for i := 1; i < len(d); i++ {
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
	if sign, abs := signAndAbs(d[0]); abs != 0 {
		p.setNiels(&t.windows[0][abs-1], sign)
	}
	for i := 1; i < len(d); i++ {
		if sign, abs := signAndAbs(d[i]); abs != 0 {
			p.addNiels(&p, &t.windows[i][abs-1], sign)
		}
	}
	return p
}

// lookup sets n = d P for use with sign 0, where multiples holds 1 P, 2 P .. and
// |d| is at most their number, reading all of them.
func (n *niels) lookup(multiples []niels, d int16) {
	sign, abs := signAndAbs(d)
	*n = niels{}
	n.or(&identityNiels, equalMask(abs, 0))
	for j := range multiples {
		n.or(&multiples[j], equalMask(abs, uint64(j+1)))
	}
	negate(&n.sums, &n.td[0], sign)
}

var identityNiels = niels{sums: [2]fr.Element{feHalf, feHalf}}

// or sets n = n | m, but for td[1], if mask is all ones, and leaves n if it is 0.
func (n *niels) or(m *niels, mask uint64) {
	feOr(&n.sums[0], &m.sums[0], mask)
	feOr(&n.sums[1], &m.sums[1], mask)
	feOr(&n.td[0], &m.td[0], mask)
}
