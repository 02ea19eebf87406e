package babyjub

// VarTimeMultiScalarMul returns sum_i scalars[i] points[i], in variable time;
// the identity if there are none. It panics if the lengths differ.
func VarTimeMultiScalarMul(scalars []Scalar, points []Point) Point {
	if len(scalars) != len(points) {
		panic("babyjub: as many scalars as points are needed")
	}
	for i := range points {
		points[i].check()
	}
	if len(points) < pippengerMin {
		return straus(scalars, points)
	}
	return pippenger(scalars, points)
}

// pippengerMin is the number of points from which buckets are faster.
const pippengerMin = 200

// straus shares the doublings of all products, with the odd multiples of every
// point at hand.
func straus(scalars []Scalar, points []Point) Point {
	odds := make([]oddMultiples, len(points))
	digits := make([]nafDigits, len(points))
	n := 0
	for i := range points {
		odds[i].fromPoint(&points[i])
		v := scalars[i].limbs()
		n = max(n, digits[i].recode(&v))
	}
	var r Point
	r.SetIdentity()
	for k := n - 1; k >= 0; k-- {
		r.double(1)
		for i := range odds {
			odds[i].add(&r, digits[i][k])
		}
	}
	return r
}

// pippenger adds, window by window, every point to the bucket of its digit, and
// then sum_j j bucket_j.
func pippenger(scalars []Scalar, points []Point) Point {
	w := pippengerWidth(len(points))
	count := windows(w)
	digits := make([]int16, len(points)*count) // by window, then by point
	one := make([]int16, count)
	for i := range scalars {
		v := scalars[i].limbs()
		v.digits(one, w)
		for k, d := range one {
			digits[k*len(points)+i] = d
		}
	}
	prepared := toNiels(points)
	buckets := make([]Point, 1<<(w-1))
	var r Point
	r.SetIdentity()
	for k := count - 1; k >= 0; k-- {
		r.double(w)
		sum := windowSum(buckets, digits[k*len(points):(k+1)*len(points)], prepared)
		r.Add(&r, &sum)
	}
	return r
}

// pippengerWidth returns the width of the windows that makes n products
// cheapest. A window costs 7 field products a point, but 1 for the first in a
// bucket, and 18 a bucket.
func pippengerWidth(n int) int {
	best, cost := 0, 0
	for w := 4; w <= 16; w++ {
		if c := windows(w) * (7*n + 12<<(w-1)); best == 0 || c < cost {
			best, cost = w, c
		}
	}
	return best
}

// windowSum returns sum_i digits[i] points[i]. Its buckets are scratch space:
// bucket j-1 collects the points of digit j, and those of digit -j negated.
func windowSum(buckets []Point, digits []int16, points []niels) Point {
	clear(buckets) // z = 0: nothing in it
	for i, d := range digits {
		sign, abs := signAndAbs(d)
		if abs == 0 {
			continue
		}
		b, n := &buckets[abs-1], &points[i]
		if b.z.IsZero() {
			b.setNiels(n, uint(sign&1))
		} else {
			b.addNiels(b, n, uint(sign&1))
		}
	}
	// sum_j j b_j = b_n + (b_n + b_(n-1)) + ... + (b_n + ... + b_1)
	var running, sum Point
	running.SetIdentity()
	sum.SetIdentity()
	for j := len(buckets) - 1; j >= 0; j-- {
		if b := &buckets[j]; !b.z.IsZero() {
			running.Add(&running, b)
		}
		sum.Add(&sum, &running)
	}
	return sum
}

// setNiels sets p = n for sign 0 and p = -n for sign 1.
func (p *Point) setNiels(n *niels, sign uint) {
	feSub(&p.x, &n.sums[1-sign], &n.sums[sign])
	feAdd(&p.y, &n.sums[1], &n.sums[0])
	p.z = feOne
	p.t.Mul(&p.x, &p.y)
}
