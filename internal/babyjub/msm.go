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
const pippengerMin = 64

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
// then sums j bucket_j. Windows are shared out, some at a time, to as many
// goroutines as may run at once.
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

	workers := runtime.GOMAXPROCS(0)
	share := min(max(1, bucketsAtOnce>>(w-1)), (count+workers-1)/workers)
	sums := make([]Point, count)
	var next atomic.Int32
	var group sync.WaitGroup
	for range min(workers, (count+share-1)/share) {
		group.Go(func() {
			b := newBuckets(w, share)
			for k := int(next.Add(1)-1) * share; k < count; k = int(next.Add(1)-1) * share {
				end := min(k+share, count)
				b.windowSums(sums[k:end], digits[k*len(points):end*len(points)], prepared)
			}
		})
	}
	group.Wait()

	// sum_k 2^(w k) sums_k
	r := sums[count-1]
	for k := count - 2; k >= 0; k-- {
		r.double(w)
		r.Add(&r, &sums[k])
	}
	return r
}

// pippengerWidth returns the width of the windows that makes n products
// cheapest. A window costs 7 field products a point and 18 a bucket.
func pippengerWidth(n int) int {
	best, cost := 0, 0
	for w := 4; w <= 16; w++ {
		if c := windows(w) * (7*n + 18<<(w-1)); best == 0 || c < cost {
			best, cost = w, c
		}
	}
	return best
}
