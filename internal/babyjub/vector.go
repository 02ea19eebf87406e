package babyjub

import (
	"math/bits"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// Large windows have buckets enough to add to many at once, coordinate by
// coordinate, with gnark-crypto's vector arithmetic: a product is cheaper there
// (AVX-512 on the machines that have it), and the buckets' cache misses overlap.
// Like everything below VarTimeMultiScalarMul this is for public values.

// vectorWidth is the width of the windows from which that pays.
const vectorWidth = 10

const (
	batchSize = 256 // additions at once
	laneCount = 64  // parts into which the buckets are summed
)

// vectorBuckets does what buckets does.
type vectorBuckets struct {
	sums  []Point
	state []uint32 // 0: empty; else the last batch that the bucket was in

	batch uint32 // the number of the batch, above 1
	size  int    // how much is in it
	limit int    // how much it takes
	to    [batchSize]*Point
	p     lanes
	n     [3]fr.Vector // of the point to add: y-x, y+x, dxy
	later []int32      // points whose bucket was in the batch already
}

func newVectorBuckets(n int) *vectorBuckets {
	b := &vectorBuckets{
		sums:  make([]Point, n),
		state: make([]uint32, n),
		batch: 2,
		limit: min(batchSize, n/8), // so that few points find their bucket taken
		p:     newLanes(batchSize),
	}
	for i := range b.n {
		b.n[i] = make(fr.Vector, batchSize)
	}
	return b
}

// windowSum returns sum_i digits[i] points[i].
func (b *vectorBuckets) windowSum(digits []int16, points []niels) Point {
	clear(b.state)
	b.later = nil
	for i, d := range digits {
		if d != 0 {
			b.add(d, &points[i], int32(i))
		}
	}
	b.flush()
	// Once more for the points that came while their bucket was in the batch,
	// then one by one: their digits may all be the same.
	again := b.later
	b.later = nil
	for _, i := range again {
		b.add(digits[i], &points[i], i)
	}
	b.flush()
	for _, i := range b.later {
		sign, abs := signAndAbs(digits[i])
		p := &b.sums[abs-1]
		p.addNiels(p, &points[i], sign)
	}
	return b.total()
}

// add adds d n, where n is point i, to the sum.
func (b *vectorBuckets) add(d int16, n *niels, i int32) {
	sign, abs := signAndAbs(d)
	p := &b.sums[abs-1]
	switch b.state[abs-1] {
	case 0:
		p.setNiels(n, sign)
		b.state[abs-1] = 1
		return
	case b.batch:
		b.later = append(b.later, i)
		return
	}
	b.state[abs-1] = b.batch
	k := b.size
	b.to[k] = p
	b.p.x[k], b.p.y[k], b.p.z[k], b.p.t[k] = p.x, p.y, p.z, p.t
	b.n[0][k], b.n[1][k], b.n[2][k] = n.sums[sign], n.sums[1-sign], n.td[sign]
	b.size++
	if b.size == b.limit {
		b.flush()
	}
}

// flush does the additions of the batch, as Point.addNiels does one.
func (b *vectorBuckets) flush() {
	n := b.size
	p := b.p.slice(n)
	c := b.n[2][:n]
	c.Mul(c, p.t)
	p.add(b.n[0][:n], b.n[1][:n], c, p.z)
	for k, q := range b.to[:n] {
		q.x, q.y, q.z, q.t = p.x[k], p.y[k], p.z[k], p.t[k]
	}
	b.size = 0
	b.batch++
}

// total returns sum_j j b_j. The buckets are cut into laneCount parts of equal
// length m; part l gives
//
//	sum_i (l m + i) b_(l m + i) = sum_i i b_(l m + i) + l m sum_i b_(l m + i)
func (b *vectorBuckets) total() Point {
	m := len(b.sums) / laneCount
	running, sum := newLanes(laneCount), newLanes(laneCount)
	running.setIdentity()
	sum.setIdentity()
	q := newLanes(laneCount)
	for i := m - 1; i >= 0; i-- {
		for l := range laneCount {
			p := &b.sums[l*m+i]
			if b.state[l*m+i] == 0 {
				p.SetIdentity()
			}
			q.x[l], q.y[l], q.z[l], q.t[l] = p.x, p.y, p.z, p.t
		}
		running.addLanes(q)
		sum.addLanes(running)
	}
	// sum_l sum_l + m sum_l l running_l
	var a, r, s, one Point
	a.SetIdentity()
	r.SetIdentity()
	s.SetIdentity()
	for l := laneCount - 1; l >= 0; l-- {
		s.Add(&s, sum.get(l, &one))
		if l > 0 {
			r.Add(&r, running.get(l, &one))
			a.Add(&a, &r)
		}
	}
	a.double(bits.Len(uint(m)) - 1)
	return *s.Add(&s, &a)
}

// lanes is a vector of points in extended coordinates, and room to add to them.
type lanes struct{ x, y, z, t, a, f, g fr.Vector }

func newLanes(n int) lanes {
	v := make(fr.Vector, 7*n)
	return lanes{v[:n], v[n : 2*n], v[2*n : 3*n], v[3*n : 4*n], v[4*n : 5*n], v[5*n : 6*n], v[6*n:]}
}

func (p *lanes) slice(n int) lanes {
	return lanes{p.x[:n], p.y[:n], p.z[:n], p.t[:n], p.a[:n], p.f[:n], p.g[:n]}
}

func (p *lanes) setIdentity() {
	for i := range p.x {
		p.x[i], p.y[i], p.z[i], p.t[i] = fr.Element{}, feOne, feOne, fr.Element{}
	}
}

func (p *lanes) get(i int, q *Point) *Point {
	*q = Point{p.x[i], p.y[i], p.z[i], p.t[i]}
	return q
}

// add is Point.add for all lanes. The arguments are overwritten; d may be p.z.
func (p *lanes) add(ymx, ypx, c, d fr.Vector) {
	a, b, f, g, e, h := p.a, p.y, p.f, p.g, ymx, ypx
	a.Sub(p.y, p.x)
	b.Add(p.y, p.x)
	a.Mul(a, ymx)
	b.Mul(b, ypx)
	f.Sub(d, c)
	g.Add(d, c)
	e.Sub(b, a)
	h.Add(b, a)
	p.x.Mul(e, f)
	p.y.Mul(g, h)
	p.z.Mul(f, g)
	p.t.Mul(e, h)
}

// addLanes is Point.Add for all lanes: it adds q to p, and uses the room of q.
func (p *lanes) addLanes(q lanes) {
	q.f.Sub(q.y, q.x)
	q.g.Add(q.y, q.x)
	q.a.ScalarMul(q.t, &curve2D)
	q.a.Mul(q.a, p.t)
	p.z.Mul(p.z, q.z)
	p.z.Add(p.z, p.z)
	p.add(q.f, q.g, q.a, p.z)
}
