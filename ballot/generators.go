package ballot

import (
	"strconv"
	"sync"

	"github.com/scrutin/scrutin/internal/babyjub"
)

// The commitment bases are hashed to the curve, so nobody knows a relation between them:
//
//	G_i = HashToPoint("scrutin/v1/ballot/G/" + i), i = 1, 2 .. in decimal
//	F   = HashToPoint("scrutin/v1/ballot/F")

var baseF = sync.OnceValue(func() *babyjub.Point {
	p := babyjub.HashToPoint("scrutin/v1/ballot/F")
	return &p
})

var tableF = sync.OnceValue(func() *babyjub.Table { return babyjub.NewTable(baseF()) })

// bases caches G_1, G_2 .. and their multiples, 1.5 KB each, both as far as they were wanted.
var bases struct {
	sync.RWMutex
	points    []babyjub.Point
	multiples []babyjub.Multiples
}

// basesG returns G_1 .. G_n.
func basesG(n int) []babyjub.Point {
	bases.RLock()
	points := bases.points
	bases.RUnlock()
	if len(points) >= n {
		return points[:n:n]
	}
	bases.Lock()
	defer bases.Unlock()
	for i := len(bases.points) + 1; i <= n; i++ {
		bases.points = append(bases.points, babyjub.HashToPoint("scrutin/v1/ballot/G/"+strconv.Itoa(i)))
	}
	return bases.points[:n:n]
}

// multiplesG returns the multiples of G_1 .. G_n.
func multiplesG(n int) []babyjub.Multiples {
	points := basesG(n)
	bases.RLock()
	multiples := bases.multiples
	bases.RUnlock()
	if len(multiples) >= n {
		return multiples[:n:n]
	}
	bases.Lock()
	defer bases.Unlock()
	if have := len(bases.multiples); have < n {
		bases.multiples = append(bases.multiples, babyjub.NewMultiples(points[have:])...)
	}
	return bases.multiples[:n:n]
}

// commit returns sum_i s_i G_i + t F, in constant time.
func commit(s []babyjub.Scalar, t *babyjub.Scalar) babyjub.Point {
	sum := babyjub.MultiScalarMul(s, multiplesG(len(s)))
	mask := tableF().Mul(t)
	return *sum.Add(&sum, &mask)
}

// commitBits is commit for s_i = 0 or 1.
func commitBits(s []babyjub.Scalar, t *babyjub.Scalar) babyjub.Point {
	sum := babyjub.SubsetSum(s, multiplesG(len(s)))
	mask := tableF().Mul(t)
	return *sum.Add(&sum, &mask)
}
