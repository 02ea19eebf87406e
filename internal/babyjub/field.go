package babyjub

import (
	"math/bits"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// Products are gnark-crypto's. Its Add, Sub and Neg branch on the operands, so
// sums of coordinates, which may depend on a secret, are computed here, with
// masks. (This is also faster: the branch is taken at random.)

// The modulus of BN254's scalar field, least significant word first.
const (
	p0 = 0x43e1f593f0000001
	p1 = 0x2833e84879b97091
	p2 = 0xb85045b68181585d
	p3 = 0x30644e72e131a029
)

// feAdd sets z = x + y.
func feAdd(z, x, y *fr.Element) {
	t0, c := bits.Add64(x[0], y[0], 0)
	t1, c := bits.Add64(x[1], y[1], c)
	t2, c := bits.Add64(x[2], y[2], c)
	t3, _ := bits.Add64(x[3], y[3], c) // x + y < 2^255
	u0, b := bits.Sub64(t0, p0, 0)
	u1, b := bits.Sub64(t1, p1, b)
	u2, b := bits.Sub64(t2, p2, b)
	u3, b := bits.Sub64(t3, p3, b)
	keep := -b // all ones if x + y < p
	z[0] = u0 ^ keep&(u0^t0)
	z[1] = u1 ^ keep&(u1^t1)
	z[2] = u2 ^ keep&(u2^t2)
	z[3] = u3 ^ keep&(u3^t3)
}

// feSub sets z = x - y.
func feSub(z, x, y *fr.Element) {
	t0, b := bits.Sub64(x[0], y[0], 0)
	t1, b := bits.Sub64(x[1], y[1], b)
	t2, b := bits.Sub64(x[2], y[2], b)
	t3, b := bits.Sub64(x[3], y[3], b)
	m := -b
	var c uint64
	z[0], c = bits.Add64(t0, m&p0, 0)
	z[1], c = bits.Add64(t1, m&p1, c)
	z[2], c = bits.Add64(t2, m&p2, c)
	z[3], _ = bits.Add64(t3, m&p3, c)
}

// feNeg sets z = -x.
func feNeg(z, x *fr.Element) { feSub(z, &fr.Element{}, x) }

// feInverse sets z = 1/x, or 0 if x = 0, by the fixed power p - 2. The time of
// gnark-crypto's Inverse depends on x, and the Z coordinate of a secret multiple
// tells bits of the scalar even where the point itself is public (Naccache,
// Smart, Stern, "Projective coordinates leak").
func feInverse(z, x *fr.Element) { fePower(z, x, &limbs{p0 - 2, p1, p2, p3}) }

// fePower sets z = x^e, in a time that depends on e alone.
func fePower(z, x *fr.Element, e *limbs) {
	var powers [16]fr.Element // x^0 .. x^15
	powers[0] = feOne
	for i := 1; i < len(powers); i++ {
		powers[i].Mul(&powers[i-1], x)
	}
	r := feOne
	for i := 63; i >= 0; i-- {
		r.Square(&r).Square(&r).Square(&r).Square(&r)
		r.Mul(&r, &powers[e[i/16]>>(i%16*4)&15])
	}
	*z = r
}

// batchInvert replaces every entry of v, none of which is 0, by its inverse.
func batchInvert(v []fr.Element) {
	// prefix_i = v_0 ... v_(i-1); one inversion of the whole product, then
	// 1/v_i = prefix_i / (v_0 ... v_i).
	prefix := make([]fr.Element, len(v))
	acc := feOne
	for i := range v {
		prefix[i] = acc
		acc.Mul(&acc, &v[i])
	}
	feInverse(&acc, &acc)
	for i := len(v) - 1; i >= 0; i-- {
		var inv fr.Element
		inv.Mul(&acc, &prefix[i])
		acc.Mul(&acc, &v[i])
		v[i] = inv
	}
}
