// Package babyjub is the group of every Scrutin protocol: Baby Jubjub
// (EIP-2494), the twisted Edwards curve
//
//	168700 x^2 + y^2 = 1 + 168696 x^2 y^2
//
// over the scalar field of BN254. It has 8 q points, q prime; the generator
// [NewGenerator] is EIP-2494's base point "B8" of order q.
//
// [Point] and [Scalar] follow filippo.io/edwards25519: a method sets its
// receiver and returns it, so p.Add(q, r) means p = q + r, and arguments may
// alias. The zero Scalar is 0; the zero Point is not a point and panics when
// used, which is a programmer's error: no decoder returns one.
//
// [Point.SetBytes] takes any point of the curve, also one outside the subgroup
// of order q; [Point.SetSubgroupBytes] takes only points of order q. A product
// s*P multiplies by the integer s, 0 <= s < q, so that it is defined for points
// of every order.
//
// # Secrets
//
// Scalars are secret unless the name of the function that takes them says
// VarTime. Scalar arithmetic, [Point.ScalarMul], [Point.ScalarBaseMul],
// [Table.Mul], the additions and [Point.Bytes] have no branch and no memory
// address that depends on a secret; the coordinates are multiplied by
// gnark-crypto, whose product is straight-line code on arm64 and on amd64 with ADX
// (Broadwell, Zen and later) and ends in one conditional subtraction, compiled as a
// branch, elsewhere. Decoding, subgroup checks and hashing to the curve are for
// public values. A Scalar prints as "Scalar(redacted)" whatever the verb; package fmt does not reach
// the methods of a field that is not exported, so a type that keeps one there
// has to redact itself.
//
// The encodings and the hash to the curve are specified in docs/spec/babyjub.md.
package babyjub

import (
	"errors"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

var (
	// ErrEncoding means bytes that are no encoding: a wrong length, a number
	// that is not below its modulus, or coordinates off the curve.
	ErrEncoding = errors.New("babyjub: malformed encoding")

	// ErrSubgroup means a point of the curve that is the identity or lies
	// outside the subgroup of order q.
	ErrSubgroup = errors.New("babyjub: point is not of prime order")
)

// Arithmetic runs on the isomorphic curve with a = -1, where addition is
// cheapest:
//
//	-x^2 + y^2 = 1 + d x^2 y^2,   d = -168696/168700
//
// y is the same and x = -f * x_EIP2494, f^2 = -168700; this f is the root that
// makes the coordinates those of gnark-crypto's ecc/bn254/twistededwards.
// -1 is a square and d is not, so the addition law is complete.
var (
	curveD    = element("12181644023421730124874158521699555681764249180949974110617291017600649128846")
	curve2D   = *new(fr.Element).Double(&curveD)
	toInner   = element("15527681003928902128179717624703512672403908117992798440346960750464748824729")
	fromInner = *new(fr.Element).Inverse(&toInner)

	generatorX = element("9671717474070082183213120605117400219616337014328744928644933853176787189663")
	generatorY = element("16950150798460657717958625567821834550301663161624707787222815936182638968203")

	torsionX = element("21449313544428428285896623807777999089618640778178766447151795324822652860828") // of a point of order 8
	torsionY = element("4826523245007015323400664741523384119579596407052839571721035538011798951543")

	feOne  = fr.One()
	feTwo  = fr.NewElement(2)
	feHalf = *new(fr.Element).Inverse(&feTwo)
)

// element parses a constant of this package.
func element(decimal string) fr.Element {
	var e fr.Element
	if _, err := e.SetString(decimal); err != nil {
		panic("babyjub: bad constant")
	}
	return e
}
