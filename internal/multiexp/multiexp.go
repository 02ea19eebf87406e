// Package multiexp computes sums s_1 P_1 + ... + s_n P_n of points of BN254's groups G1 and G2, in variable
// time, for provers: some thousand points, many of them times 0 or 1.
//
// It is Pippenger's method. Scalars are cut into windows of signed digits; in each window the points go to the
// bucket of their digit, and sum_j j bucket_j is the window's sum. All sums of points are taken in affine
// coordinates, a few hundred additions at a time that share one inversion and are done lane by lane (package
// lanes): 6 products of the field an addition, where mixed coordinates take 11. (Bernstein, Doumen, Lange, Oosterwijk:
// "Faster batch forgery identification", eprint 2012/549, and its use in provers, Gabizon and Williamson's
// turbo_plonk.)
//
// Points need not be in the subgroup of order r, since no endomorphism is used.
package multiexp

import (
	"math/bits"
	"sync"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// limbs is an integer below 2^256, the lowest limb first.
type limbs = [fr.Limbs]uint64

// digits are signed digits of scalars: those of one window after those of another. The last window takes the
// carry of the one before.
type digits struct {
	width   int // bits of a window, w; digits are in [-2^(w-1), 2^(w-1))
	windows int
	n       int
	values  []int16
}

func newDigits(scalars []fr.Element, width int) *digits {
	n := len(scalars)
	d := &digits{width: width, windows: fr.Bits/width + 1, n: n}
	d.values = make([]int16, d.windows*n)
	mask := uint64(1)<<width - 1
	for i := range scalars {
		v := limbs(scalars[i].Bits())
		if v == (limbs{}) {
			continue
		}
		top := d.windows * width
		if v[1]|v[2]|v[3] == 0 {
			top = bits.Len64(v[0]) + width // the rest is zeros, but for the carry
		}
		carry := uint64(0)
		for k := 0; k*width < top; k++ {
			digit := window(&v, k*width)&mask + carry
			carry = min(1, digit>>(width-1))
			d.values[k*n+i] = int16(int64(digit) - int64(carry)<<width)
		}
	}
	return d
}

// window returns at least 16 bits of v from bit i on.
func window(v *limbs, i int) uint64 {
	limb, shift := i/64, i%64
	if limb >= len(v) {
		return 0
	}
	w := v[limb] >> shift
	if limb+1 < len(v) {
		w |= v[limb+1] << (64 - shift) // a shift by 64 gives 0
	}
	return w
}

// bestWidth returns the width that makes n products cheapest. A window takes an addition a point, and two a bucket.
func bestWidth(n int) int {
	best, cost := 0, 0
	for w := 4; w <= 15; w++ {
		if c := (fr.Bits/w + 1) * (n + 2<<(w-1)); best == 0 || c < cost {
			best, cost = w, c
		}
	}
	return best
}

// adder adds pairs of affine points, many at a time. Put may keep a pair and read nothing of it later; the sum is
// at its place after Flush at the latest.
type adder[P any] interface {
	put(to, p, q *P)
	flush()
}

// room is what the sum of a window needs; it is used again and again.
type room[P any, A adder[P]] struct {
	adder  A
	points []P
	start  []int32 // of every list in points
	count  []int32
}

// sumLists sums every list of r.points into its first place. A list is summed by halves, all lists side by side:
// the sums of a round do not depend on each other.
func (r *room[P, A]) sumLists() {
	for more := true; more; {
		more = false
		for i, n := range r.count {
			if n < 2 {
				continue
			}
			list := r.points[r.start[i]:][:n]
			half := n / 2
			for j := range half {
				r.adder.put(&list[j], &list[2*j], &list[2*j+1])
			}
			if n%2 == 1 {
				list[half] = list[n-1]
			}
			r.count[i] = n - half
			more = more || r.count[i] > 1
		}
		r.adder.flush()
	}
}

// fill puts the points into the buckets of their digits, |d| - 1, and sums each. Negate sets p = -q.
func (r *room[P, A]) fill(width int, digits []int16, points []P, negate func(p, q *P)) {
	buckets := 1 << (width - 1)
	r.start, r.count = resize(r.start, buckets), resize(r.count, buckets)
	clear(r.count)
	for _, d := range digits {
		if d != 0 {
			r.count[abs(d)-1]++
		}
	}
	sum := int32(0)
	for i, n := range r.count {
		r.start[i] = sum
		sum += n
	}
	r.points = resize(r.points, max(int(sum), buckets))
	for i, d := range digits {
		if d == 0 {
			continue
		}
		to := &r.points[r.start[abs(d)-1]]
		r.start[abs(d)-1]++
		if d > 0 {
			*to = points[i]
		} else {
			negate(to, &points[i])
		}
	}
	for i, n := range r.count {
		r.start[i] -= n
	}
	r.sumLists()
}

// rowsAndColumns lays the buckets out as a table of 2^h rows and 2^l columns, bucket number i = 2^l row + column, and returns the
// sums of rows and columns. Then
//
//	sum_i (i+1) bucket_i = 2^l sum_row row rows_row + sum_column column columns_column + sum_row rows_row
func (r *room[P, A]) rowsAndColumns(width int) (rows, columns []P, l int) {
	n := 1 << (width - 1)
	l = (width - 1) / 2
	buckets := make([]P, n) // the zero value is infinity
	for i := range buckets {
		if r.count[i] > 0 {
			buckets[i] = r.points[r.start[i]]
		}
	}
	lists := func(count, length, outer, inner int) []P {
		r.points = resize(r.points, n)
		r.start, r.count = resize(r.start, count), resize(r.count, count)
		for i := range count {
			r.start[i], r.count[i] = int32(i*length), int32(length)
			for j := range length {
				r.points[i*length+j] = buckets[i*outer+j*inner]
			}
		}
		r.sumLists()
		out := make([]P, count)
		for i := range out {
			out[i] = r.points[i*length]
		}
		return out
	}
	return lists(n>>l, 1<<l, 1<<l, 1), lists(1<<l, n>>l, 1, 1<<l), l
}

func abs(d int16) int32 { return max(int32(d), -int32(d)) }

// resize returns n elements of any value.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// batchSize is the number of additions that share an inversion: their operands fit a fast cache.
const batchSize = 512

// Parallel calls f(0) .. f(n-1), in this order but several at a time where there are workers for it, and returns
// when all are done.
func Parallel(workers, n int, f func(int)) {
	var next sync.Mutex
	i := 0
	take := func() int {
		next.Lock()
		defer next.Unlock()
		i++
		return i - 1
	}
	var group sync.WaitGroup
	for range min(workers, n) {
		group.Go(func() {
			for k := take(); k < n; k = take() {
				f(k)
			}
		})
	}
	group.Wait()
}
