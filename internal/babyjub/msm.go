package babyjub

import (
	"runtime"
	"sync"
	"sync/atomic"
)

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
const pippengerMin = 80

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
// then sums j bucket_j. Windows are shared out to as many goroutines as may run
// at once.
func pippenger(scalars []Scalar, points []Point) Point {
	w := pippengerWidth(len(points))
	count := windows(w)
	digits := make([]int16, count*len(points)) // by window, then by point
	one := make([]int16, count)
	for i := range scalars {
		v := scalars[i].limbs()
		v.digits(one, w)
		for k, d := range one {
			digits[k*len(points)+i] = d
		}
	}
	prepared := toNiels(points)

	sums := make([]Point, count)
	var next atomic.Int32
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), count) {
		workers.Go(func() {
			windowSum := newWindowSum(w)
			for k := int(next.Add(1)) - 1; k < count; k = int(next.Add(1)) - 1 {
				sums[k] = windowSum(digits[k*len(points):(k+1)*len(points)], prepared)
			}
		})
	}
	workers.Wait()

	// sum_k 2^(w k) sums_k
	r := sums[count-1]
	for k := count - 2; k >= 0; k-- {
		r.double(w)
		r.Add(&r, &sums[k])
	}
	return r
}

// newWindowSum returns a function that computes sum_i digits[i] points[i], for
// digits of w bits, again and again with the same scratch space.
func newWindowSum(w int) func(digits []int16, points []niels) Point {
	if w < vectorWidth {
		return make(buckets, 1<<(w-1)).windowSum
	}
	return newVectorBuckets(1 << (w - 1)).windowSum
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

// buckets sums points by digit: number j-1 collects the points of digit j, and
// those of digit -j negated. Where z = 0 nothing has arrived.
type buckets []Point

// windowSum returns sum_i digits[i] points[i].
func (b buckets) windowSum(digits []int16, points []niels) Point {
	clear(b)
	for i, d := range digits {
		sign, abs := signAndAbs(d)
		if abs == 0 {
			continue
		}
		p, n := &b[abs-1], &points[i]
		if p.z.IsZero() {
			p.setNiels(n, sign)
		} else {
			p.addNiels(p, n, sign)
		}
	}
	// sum_j j b_j = b_n + (b_n + b_(n-1)) + ... + (b_n + ... + b_1)
	var running, sum Point
	running.SetIdentity()
	sum.SetIdentity()
	for j := len(b) - 1; j >= 0; j-- {
		if p := &b[j]; !p.z.IsZero() {
			running.Add(&running, p)
		}
		sum.Add(&sum, &running)
	}
	return sum
}
