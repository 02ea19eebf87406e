// Package timingtest asks whether the time that code takes depends on a secret, as dudect does (O. Reparaz,
// J. Balasch, I. Verbauwhede, "Dude, is my code constant time?", DATE 2017): it is run on two classes of secrets,
// one fixed and one random, in random order, and Welch's t-test compares the two distributions of times.
//
// A test of this kind can show a leak and cannot show that there is none. It wants a quiet machine, so that it runs
// only where the environment variable SCRUTIN_TIMING is set.
package timingtest

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"
)

const (
	// Leaks is the |t| from which on a difference is no accident: dudect's threshold for a definite leak.
	Leaks = 10

	runs = 20_000 // of each experiment
)

// Skip skips tb unless SCRUTIN_TIMING is set.
func Skip(tb testing.TB) {
	tb.Helper()
	if os.Getenv("SCRUTIN_TIMING") == "" {
		tb.Skip("set SCRUTIN_TIMING=1, on a quiet machine, for a test of how long things take")
	}
}

// T returns the largest |t| that tells the times of f on the fixed secret from those on random ones. Secrets are
// drawn ahead of time, and f always gets them at one place in memory.
func T[S any](fixed S, random func() S, f func(secret *S)) float64 {
	classes := make([]bool, runs)
	secrets := make([]S, runs)
	for i := range secrets {
		classes[i] = rand.IntN(2) == 1
		secrets[i] = random() // drawn for both classes, so that what it leaves behind is the same
		if classes[i] {
			secrets[i] = fixed
		}
	}
	times := make([]float64, runs)
	place := new(S)
	for i := range secrets {
		*place = secrets[i]
		start := time.Now()
		f(place)
		times[i] = float64(time.Since(start))
	}

	// The slow tail is the machine's: t is taken of all times, and of those below some quantiles.
	sorted := slices.Clone(times[runs/100:]) // without the warming up
	slices.Sort(sorted)
	worst := 0.0
	for _, quantile := range []float64{0.25, 0.5, 0.75, 0.9, 0.99, 1} {
		limit := sorted[int(quantile*float64(len(sorted)-1))]
		var a, b moments
		for i := runs / 100; i < runs; i++ {
			switch {
			case times[i] > limit:
			case classes[i]:
				a.add(times[i])
			default:
				b.add(times[i])
			}
		}
		worst = max(worst, math.Abs(welch(&a, &b)))
	}
	return worst
}

// moments are the count, the mean and the sum of squared deviations (B. P. Welford, 1962).
type moments struct{ n, mean, squares float64 }

func (m *moments) add(x float64) {
	m.n++
	d := x - m.mean
	m.mean += d / m.n
	m.squares += d * (x - m.mean)
}

// welch returns the difference of the means over its standard error.
func welch(a, b *moments) float64 {
	if a.n < 2 || b.n < 2 {
		return 0
	}
	return (a.mean - b.mean) / math.Sqrt(a.squares/(a.n-1)/a.n+b.squares/(b.n-1)/b.n)
}
