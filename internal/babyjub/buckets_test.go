package babyjub_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/babyjub"
)

// The sums of windows are those of products one by one, whatever the digits: also where all points
// want one bucket, and where many buckets stay empty.
func TestBucketsAddUpToTheSumOfProducts(t *testing.T) {
	points := somePoints()
	for len(points) < 700 {
		p := points[len(points)-1]
		points = append(points, *p.Add(&p, &points[len(points)%16]))
	}
	for _, c := range []struct{ width, windows int }{{4, 1}, {4, 5}, {5, 3}, {8, 2}, {10, 1}, {12, 1}} {
		half := 1 << (c.width - 1)
		for name, digit := range map[string]func(i int) int{
			"random":        func(int) int { return rand.IntN(2*half) - half },
			"one bucket":    func(int) int { return half - 1 },
			"the last":      func(int) int { return -half },
			"two buckets":   func(i int) int { return 3 + i%2 },
			"opposite":      func(i int) int { return (i%2*2 - 1) * 5 },
			"few":           func(int) int { return rand.IntN(9) - 4 },
			"none":          func(int) int { return 0 },
			"in order":      func(i int) int { return i % half },
			"one of a kind": func(i int) int { return max(0, half-i) - 1 },
		} {
			for _, n := range []int{1, 30, 700} {
				digits := make([]int16, n*c.windows)
				for i := range digits {
					digits[i] = int16(digit(i))
				}
				sums := babyjub.WindowSums(c.width, c.windows, digits, points[:n])
				for k := range sums {
					var want, p babyjub.Point
					want.SetIdentity()
					for i := range n {
						d := digits[k*n+i]
						p.VarTimeMulUint64(uint64(max(d, -d)), &points[i])
						if d < 0 {
							p.Neg(&p)
						}
						want.Add(&want, &p)
					}
					require.True(t, want.Equal(&sums[k]), "%s, width %d, window %d of %d, %d points", name, c.width, k, c.windows, n)
				}
			}
		}
	}
}
