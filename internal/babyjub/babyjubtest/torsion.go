// Package babyjubtest has points of Baby Jubjub that tests of other packages
// attack with.
package babyjubtest

import (
	"encoding/hex"

	"github.com/scrutin/scrutin/internal/babyjub"
)

// x and y of a point of order 8 in EIP-2494 coordinates.
const order8 = "" +
	"0999e47227c47e8829b0d14b251feed7582d0f5357b304b06d4014ae6ab39f1e" +
	"0aabb7211172d31463c1127d4ba6942cb791c56d8234b5a0abfd1e81afd0d677"

// Torsion returns the 8 points whose order divides 8: k T at index k, for a
// point T of order 8. Index 0 is the identity and 4 is (0, -1), of order 2.
func Torsion() []babyjub.Point {
	b, err := hex.DecodeString(order8)
	if err != nil {
		panic(err)
	}
	var t babyjub.Point
	if err := t.SetBytes(b); err != nil {
		panic(err)
	}
	points := []babyjub.Point{*babyjub.NewIdentity()}
	for k := range 7 {
		points = append(points, *new(babyjub.Point).Add(&points[k], &t))
	}
	return points
}
