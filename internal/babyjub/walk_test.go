package babyjub_test

import (
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/babyjub/babyjubtest"
)

// A walk gives the ordinates that one addition after another gives, also from and by points of small order and
// through the identity.
func TestWalkIsRepeatedAddition(t *testing.T) {
	torsion := babyjubtest.Torsion()
	g := babyjub.NewGenerator()
	h := babyjub.HashToPoint("walk")
	mixed := new(babyjub.Point).Add(g, &torsion[3])
	back := new(babyjub.Point).VarTimeMulUint64(700, g)
	back.Neg(back)
	for name, c := range map[string]struct{ from, step *babyjub.Point }{
		"generator":            {&h, g},
		"from the step":        {g, g},
		"through the identity": {back, g},
		"from the identity":    {babyjub.NewIdentity(), &h},
		"standing":             {g, babyjub.NewIdentity()},
		"order two":            {g, &torsion[4]},
		"order eight":          {&torsion[1], &torsion[3]},
		"mixed order":          {mixed, mixed},
	} {
		t.Run(name, func(t *testing.T) {
			walk := babyjub.NewStride(c.step).From(c.from)
			p := new(babyjub.Point).Set(c.from)
			for block := range 3 {
				for i, y := range walk.Next() {
					_, want := p.Affine()
					require.True(t, want.Equal(&y), "block %d, point %d", block, i)
					p.Add(p, c.step)
				}
			}
		})
	}
	require.Panics(t, func() { babyjub.NewStride(new(babyjub.Point)) })
	require.Panics(t, func() { babyjub.NewStride(g).From(new(babyjub.Point)) })
}

var walkSink fr.Element

// One iteration is one block of WalkBlock points.
func BenchmarkWalk(b *testing.B) {
	walk := babyjub.NewStride(babyjub.NewGenerator()).From(babyjub.NewGenerator())
	for b.Loop() {
		walkSink = walk.Next()[0]
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/babyjub.WalkBlock, "ns/point")
}
