package ceremony

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/scrutin/scrutin/internal/wire"
)

// Points in files of this package are affine and uncompressed, as in a verifying key: membership.md, 4.
const (
	size1 = bn254.SizeOfG1AffineUncompressed
	size2 = bn254.SizeOfG2AffineUncompressed
)

func put1(w *wire.Writer, points ...bn254.G1Affine) {
	for i := range points {
		b := points[i].RawBytes()
		w.Raw(b[:])
	}
}

func put2(w *wire.Writer, points ...bn254.G2Affine) {
	for i := range points {
		b := points[i].RawBytes()
		w.Raw(b[:])
	}
}

// take1 fills the list with points of the group other than infinity.
func take1(r *wire.Reader, what string, points []bn254.G1Affine) {
	for i := range points {
		b := r.Raw(size1)
		if b == nil {
			return
		}
		if n, err := points[i].SetBytes(b); err != nil || n != size1 || points[i].IsInfinity() {
			r.Fail(fmt.Errorf("point %d of %s is not in the group", i, what))
			return
		}
	}
}

func take2(r *wire.Reader, what string, points []bn254.G2Affine) {
	for i := range points {
		b := r.Raw(size2)
		if b == nil {
			return
		}
		if n, err := points[i].SetBytes(b); err != nil || n != size2 || points[i].IsInfinity() {
			r.Fail(fmt.Errorf("point %d of %s is not in the group of order r", i, what))
			return
		}
	}
}

// sum1 returns sum_i e_i P_i; the lists are equally long.
func sum1(points []bn254.G1Affine, scalars []fr.Element) (s bn254.G1Affine, err error) {
	_, err = s.MultiExp(points, scalars, ecc.MultiExpConfig{})
	return s, err
}

func sum2(points []bn254.G2Affine, scalars []fr.Element) (s bn254.G2Affine, err error) {
	_, err = s.MultiExp(points, scalars, ecc.MultiExpConfig{})
	return s, err
}

var errRatio = errors.New("the pairings differ")

// sameRatio checks a/b = c/d: e(a, d) = e(b, c).
func sameRatio(a, b bn254.G1Affine, c, d bn254.G2Affine) error {
	b.Neg(&b)
	if ok, err := bn254.PairingCheck([]bn254.G1Affine{a, b}, []bn254.G2Affine{d, c}); err != nil || !ok {
		return errRatio
	}
	return nil
}

// reversed returns the position in bit-reversed order of element i of n = 2^k.
func reversed(i, n int) int {
	return int(bits.Reverse64(uint64(i)) >> (64 - bits.TrailingZeros(uint(n))))
}
