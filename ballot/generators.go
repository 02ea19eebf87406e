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

// baseTables is the number of bases G_i that get a table for the prover: 172 KB each.
const baseTables = 128

// bases caches G_1, G_2 .. and tables of the first of them, both as far as they were wanted.
var bases struct {
	sync.RWMutex
	points []babyjub.Point
	tables []*babyjub.Table
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

// tablesG returns the tables of G_1 .. G_min(n, baseTables).
func tablesG(n int) []*babyjub.Table {
	n = min(n, baseTables)
	points := basesG(n)
	bases.RLock()
	tables := bases.tables
	bases.RUnlock()
	if len(tables) >= n {
		return tables[:n:n]
	}
	bases.Lock()
	defer bases.Unlock()
	for i := len(bases.tables); i < n; i++ {
		bases.tables = append(bases.tables, babyjub.NewTable(&points[i]))
	}
	return bases.tables[:n:n]
}

// commit returns sum_i s_i G_i + t F, in constant time.
func commit(s []babyjub.Scalar, t *babyjub.Scalar) babyjub.Point {
	sum := tableF().Mul(t)
	points, tables := basesG(len(s)), tablesG(len(s))
	for i := range s {
		var p babyjub.Point
		if i < len(tables) {
			p = tables[i].Mul(&s[i])
		} else {
			p.ScalarMul(&s[i], &points[i])
		}
		sum.Add(&sum, &p)
	}
	return sum
}
