package babyjub

import "math/bits"

// buckets sums points by digit, for some windows at once: bucket j-1 of a window
// collects the points of its digit j, and those of digit -j negated. Buckets are
// lanes. To fill them evenly, the points are first sorted by bucket and the buckets
// by the number of their points; a block of buckets then takes point after point
// together. Like everything below VarTimeMultiScalarMul this is for public values.
type buckets struct {
	half int // buckets of a window

	ends   []int32  // of each bucket's points in order
	order  []uint32 // twice the point's index, plus 1 if it is to be negated
	ranked []int32  // the buckets, those with most points first
	counts []int32
	sums   []Point
	block  *lanes
	total  [3]*lanes
}

const (
	bucketsAtOnce = 1024 // at least, where the windows have as many together
	blockSize     = 128  // lanes: what they take fits in the fastest cache
	loneLanes     = 16   // up to so many lanes are added one by one
	totalLanes    = 64   // at least, where there are as many buckets
)

func newBuckets(w, windows int) *buckets {
	half := 1 << (w - 1)
	n := half * windows
	return &buckets{
		half:   half,
		ends:   make([]int32, n+1),
		ranked: make([]int32, n),
		sums:   make([]Point, n),
		block:  newLanes(blockSize),
	}
}

// windowSums sets sums[k] = sum_i digits[k n + i] points[i], i < n, for each of
// some windows, as many as b was made for or less.
func (b *buckets) windowSums(sums []Point, digits []int16, points []niels) {
	b.sort(digits, len(points), len(sums)*b.half)
	ranked := b.ranked[:len(sums)*b.half]
	for i := 0; i < len(ranked); i += blockSize {
		b.fill(ranked[i:min(i+blockSize, len(ranked))], points)
	}
	b.totals(sums)
}

// sort sets ends and order, and ranks the n buckets.
func (b *buckets) sort(digits []int16, points, n int) {
	// ends[j+1] counts bucket j, then is where it starts, then where it ends.
	ends := b.ends[:n+1]
	clear(ends)
	for k := 0; k*points < len(digits); k++ {
		window := ends[k*b.half+1:]
		for _, d := range digits[k*points : (k+1)*points] {
			if _, abs := signAndAbs(d); abs != 0 {
				window[abs-1]++
			}
		}
	}
	most := int32(0)
	at := int32(0)
	for j := 1; j <= n; j++ {
		c := ends[j]
		most = max(most, c)
		ends[j] = at
		at += c
	}
	b.order = grown(b.order, int(at))
	for k := 0; k*points < len(digits); k++ {
		window := ends[k*b.half+1:]
		for i, d := range digits[k*points : (k+1)*points] {
			if sign, abs := signAndAbs(d); abs != 0 {
				b.order[window[abs-1]] = uint32(i)<<1 | uint32(sign)
				window[abs-1]++
			}
		}
	}

	// The same for the buckets by their numbers of points.
	b.counts = grown(b.counts, int(most)+2)
	clear(b.counts)
	for j := range n {
		b.counts[most-(ends[j+1]-ends[j])+1]++
	}
	for c := range most {
		b.counts[c+1] += b.counts[c]
	}
	for j := range n {
		c := &b.counts[most-(ends[j+1]-ends[j])]
		b.ranked[*c] = int32(j)
		*c++
	}
}

// grown returns n entries, of v if it has as many.
func grown[T any](v []T, n int) []T {
	if cap(v) < n {
		return make([]T, n)
	}
	return v[:n]
}

// fill sums the points of some buckets, those with most points first.
func (b *buckets) fill(ranked []int32, points []niels) {
	p := b.block
	var at, left [blockSize]int32
	for l, j := range ranked {
		at[l], left[l] = b.ends[j], b.ends[j+1]-b.ends[j]
	}
	active := len(ranked)
	for round := 0; ; round++ {
		for active > 0 && left[active-1] == 0 {
			active--
		}
		if round > 0 && active <= loneLanes {
			break
		}
		for l := range active {
			o := b.order[at[l]]
			n, sign := &points[o>>1], o&1
			p.minus[l], p.plus[l], p.td[l] = n.sums[sign], n.sums[1-sign], n.td[sign]
			at[l]++
			left[l]--
		}
		if round == 0 {
			p.setNeutral(active)
			p.setNiels()
			continue
		}
		padded := (active + 7) &^ 7
		q := p.first(padded)
		q.setNeutral(active)
		q.addNiels()
	}
	for l, j := range ranked {
		q := p.get(l, &b.sums[j])
		if l < active {
			for _, o := range b.order[at[l] : at[l]+left[l]] {
				q.addNiels(q, &points[o>>1], uint(o&1))
			}
		}
	}
}

// totals sets sums[k] = sum_j j b_j over the buckets of window k. They are cut into
// parts of m buckets, one a lane; part l of a window gives
//
//	sum_i (l m + i) b_(l m + i) = sum_i i b_(l m + i) + l m sum_i b_(l m + i)
func (b *buckets) totals(sums []Point) {
	parts := 1
	for parts*len(sums) < totalLanes && parts < b.half {
		parts *= 2
	}
	m := b.half / parts
	n := (parts*len(sums) + 7) &^ 7
	if b.total[0] == nil || len(b.total[0].x) < n {
		b.total = [3]*lanes{newLanes(n), newLanes(n), newLanes(n)}
	}
	running, sum, q := b.total[0].first(n), b.total[1].first(n), b.total[2].first(n)
	running.setIdentity()
	sum.setIdentity()
	q.setIdentity()
	for i := m - 1; i >= 0; i-- {
		for l := range parts * len(sums) {
			q.set(l, &b.sums[l*m+i])
		}
		running.add(&q)
		sum.add(&running)
	}
	// sum_l sum_l + m sum_l l running_l
	for k := range sums {
		var s, r, a, one Point
		l := (k+1)*parts - 1
		sum.get(l, &s)
		if parts > 1 {
			running.get(l, &r)
			a = r
			for l--; l > k*parts; l-- {
				s.Add(&s, sum.get(l, &one))
				r.Add(&r, running.get(l, &one))
				a.Add(&a, &r)
			}
			s.Add(&s, sum.get(l, &one))
			if m > 1 {
				a.double(bits.Len(uint(m)) - 1)
			}
			s.Add(&s, &a)
		}
		sums[k] = s
	}
}
