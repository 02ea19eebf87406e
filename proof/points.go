package proof

import (
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"

	"github.com/scrutin/scrutin/internal/wire"
)

// Points are affine and uncompressed, as in EIP-197 and Semaphore's packed proofs: G1 is x, y; G2 is
// x.imaginary, x.real, y.imaginary, y.real; each coordinate 32 bytes big-endian, below p. There is no
// encoding of the point at infinity: (0, 0) is on neither curve.
const (
	g1Size = 2 * fp.Bytes
	g2Size = 4 * fp.Bytes
)

// readG1 reads a point of G1. The curve has prime order, so a point on it is in the group.
func readG1(r *wire.Reader, what string) (p bn254.G1Affine) {
	if !readCoordinates(r, what, &p.X, &p.Y) {
		return p
	}
	if p.IsInfinity() || !p.IsOnCurve() {
		r.Fail(fmt.Errorf("%s is not on the curve", what))
	}
	return p
}

// readG2 reads a point of G2: on the twist, and in its subgroup of order r.
func readG2(r *wire.Reader, what string) bn254.G2Affine {
	p := readTwist(r, what)
	if r.Err() == nil && !p.IsInSubGroup() {
		r.Fail(fmt.Errorf("%s is not in the subgroup of prime order", what))
	}
	return p
}

// readTwist reads a point of the twist that is not infinity.
func readTwist(r *wire.Reader, what string) (p bn254.G2Affine) {
	if !readCoordinates(r, what, &p.X.A1, &p.X.A0, &p.Y.A1, &p.Y.A0) {
		return p
	}
	if p.IsInfinity() || !p.IsOnCurve() {
		r.Fail(fmt.Errorf("%s is not on the curve", what))
	}
	return p
}

func readCoordinates(r *wire.Reader, what string, coordinates ...*fp.Element) bool {
	for _, c := range coordinates {
		if c.SetBytesCanonical(r.Raw(fp.Bytes)) != nil {
			r.Fail(fmt.Errorf("a coordinate of %s is not below the modulus", what)) // if the input has ended, Fail keeps the error that says so
			return false
		}
	}
	return true
}
