// Package benchtest measures an operation beside its peer.
package benchtest

import (
	"slices"
	"testing"
	"time"
)

// Beside runs ours and peer in turns, so that both meet the machine in the same state; a call does so many
// operations. It reports the medians of the time of an operation, ns/op and peer-ns/op, and the median of the
// turns' ratios, x-peer, which a machine that is busy otherwise disturbs least.
func Beside(b *testing.B, ours func(), operations int, peer func(), peerOperations int) {
	b.Helper()
	var own, others, ratios []float64
	for b.Loop() {
		begin := time.Now()
		ours()
		middle := time.Now()
		peer()
		end := time.Now()
		x := float64(middle.Sub(begin)) / float64(operations)
		y := float64(end.Sub(middle)) / float64(peerOperations)
		own, others, ratios = append(own, x), append(others, y), append(ratios, x/y)
	}
	b.ReportMetric(median(own), "ns/op")
	b.ReportMetric(median(others), "peer-ns/op")
	b.ReportMetric(median(ratios), "x-peer")
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}
