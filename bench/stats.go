package main

import "slices"

// spread is the middle of some samples and how far they lie apart.
type spread struct{ least, first, median, third float64 }

// spreadOf needs one sample at least.
func spreadOf(samples []float64) spread {
	s := slices.Sorted(slices.Values(samples))
	return spread{s[0], quantile(s, 1, 4), quantile(s, 2, 4), quantile(s, 3, 4)}
}

// quantile is the p/q-th quantile of sorted samples, between two of them in proportion.
func quantile(sorted []float64, p, q int) float64 {
	k := p * (len(sorted) - 1)
	i, rest := k/q, k%q
	if rest == 0 {
		return sorted[i]
	}
	return sorted[i] + (sorted[i+1]-sorted[i])*float64(rest)/float64(q)
}

// ratios divides sample by sample, those that were taken one after the other.
func ratios(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] / b[i]
	}
	return out
}
