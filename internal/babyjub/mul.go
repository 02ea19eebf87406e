package babyjub

import (
	"math/bits"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// ScalarMul sets p = s q and returns p, in constant time.
func (p *Point) ScalarMul(s *Scalar, q *Point) *Point {
	q.check()
	const w = 4
	var multiples [1 << (w - 1)]cached // 1 q .. 8 q
	multiples[0].fromPoint(q)
	r := *q
	for i := 1; i < len(multiples); i++ {
		r.addCached(&r, &multiples[0], 0)
		multiples[i].fromPoint(&r)
	}
	var d [(252 + w - 1) / w]int16
	v := s.limbs()
	v.digits(d[:], w)
	r.SetIdentity()
	for i := len(d) - 1; i >= 0; i-- {
		r.double(w)
		var c cached
		c.lookup(&multiples, d[i])
		r.addCached(&r, &c, 0)
	}
	*p = r
	return p
}

// ScalarBaseMul sets p = s G and returns p, in constant time.
func (p *Point) ScalarBaseMul(s *Scalar) *Point {
	*p = generatorTable().Mul(s)
	return p
}

// VarTimeScalarMul sets p = s q and returns p, in variable time.
func (p *Point) VarTimeScalarMul(s *Scalar, q *Point) *Point {
	q.check()
	v := s.limbs()
	return p.varTimeMul(&v, q)
}

// VarTimeScalarBaseMul sets p = s G and returns p, in variable time.
func (p *Point) VarTimeScalarBaseMul(s *Scalar) *Point {
	*p = generatorTable().VarTimeMul(s)
	return p
}

// VarTimeMulUint64 sets p = u q and returns p, in variable time; the smaller u,
// the less.
func (p *Point) VarTimeMulUint64(u uint64, q *Point) *Point {
	q.check()
	return p.varTimeMul(&limbs{u}, q)
}

// varTimeMul sets p = v q for any integer v < 2^252 and returns p.
func (p *Point) varTimeMul(v *limbs, q *Point) *Point {
	var odd oddMultiples
	odd.fromPoint(q)
	var digits nafDigits
	n := digits.recode(v)
	var r Point
	r.SetIdentity()
	for i := n - 1; i >= 0; i-- {
		r.double(1)
		odd.add(&r, digits[i])
	}
	*p = r
	return p
}

// nafDigits is an integer below 2^252 in width-5 non-adjacent form: every digit
// is 0 or odd, of absolute value below 16, and of five in a row at most one is
// not 0.
type nafDigits [253]int8

// recode writes v and returns the number of digits up to the last that is not 0.
func (d *nafDigits) recode(v *limbs) int {
	x := *v
	n := 0
	for i := 0; x != (limbs{}); {
		// Skip the zeros, then take an odd digit d off: x - d is 0 modulo 32.
		for x[0] == 0 {
			x = limbs{x[1], x[2], x[3], 0}
			i += 64
		}
		zeros := bits.TrailingZeros64(x[0])
		x.shiftRight(zeros)
		i += zeros
		digit := int8(x[0] & 31)
		if digit > 16 {
			digit -= 32
			x.addSmall(32)
		}
		x[0] &^= 31
		d[i] = digit
		n = i + 1
	}
	return n
}

// shiftRight sets v = v >> n, 0 <= n < 64.
func (v *limbs) shiftRight(n int) {
	v[0] = v[0]>>n | v[1]<<(64-n)
	v[1] = v[1]>>n | v[2]<<(64-n)
	v[2] = v[2]>>n | v[3]<<(64-n)
	v[3] >>= n
}

// addSmall sets v = v + u.
func (v *limbs) addSmall(u uint64) {
	var c uint64
	v[0], c = bits.Add64(v[0], u, 0)
	v[1], c = bits.Add64(v[1], 0, c)
	v[2], c = bits.Add64(v[2], 0, c)
	v[3] += c
}

// oddMultiples holds q, 3q, 5q .. 15q.
type oddMultiples [8]cached

func (o *oddMultiples) fromPoint(q *Point) {
	var twice cached
	var c completed
	var r Point
	c.double(q)
	twice.fromPoint(r.fromCompleted(&c))
	r = *q
	o[0].fromPoint(&r)
	for i := 1; i < len(o); i++ {
		o[i].fromPoint(r.addCached(&r, &twice, 0))
	}
}

// add adds d q to r, for a digit d of a nafDigits.
func (o *oddMultiples) add(r *Point, d int8) {
	switch {
	case d > 0:
		r.addCached(r, &o[d/2], 0)
	case d < 0:
		r.addCached(r, &o[-d/2], 1)
	}
}

// lookup sets c = d q for use with sign 0, where multiples holds 1 q .. 8 q and
// |d| <= 8, reading all of them.
func (c *cached) lookup(multiples *[8]cached, d int16) {
	sign, abs := signAndAbs(d)
	*c = cached{}
	c.or(&identityCached, equalMask(abs, 0))
	for j := range multiples {
		c.or(&multiples[j], equalMask(abs, uint64(j+1)))
	}
	negate(&c.sums, &c.td[0], sign)
}

var identityCached = cached{sums: [2]fr.Element{feOne, feOne}, z2: feTwo}

// or sets c = c | m, but for td[1], if mask is all ones, and leaves c if it is 0.
func (c *cached) or(m *cached, mask uint64) {
	feOr(&c.sums[0], &m.sums[0], mask)
	feOr(&c.sums[1], &m.sums[1], mask)
	feOr(&c.z2, &m.z2, mask)
	feOr(&c.td[0], &m.td[0], mask)
}

// signAndAbs returns 1 and -d for negative d, else 0 and d.
func signAndAbs(d int16) (sign uint, abs uint64) {
	s := int64(d) >> 63 // -1 or 0
	return uint(-s), uint64((int64(d) ^ s) - s)
}

// equalMask returns all ones if a = b, else 0.
func equalMask(a, b uint64) uint64 {
	x := a ^ b
	return (x|-x)>>63 - 1
}

// feOr sets z = z | x if mask is all ones, and leaves z if it is 0.
func feOr(z, x *fr.Element, mask uint64) {
	z[0] |= mask & x[0]
	z[1] |= mask & x[1]
	z[2] |= mask & x[2]
	z[3] |= mask & x[3]
}

// feSelect sets z = x if mask is all ones, and leaves z if it is 0.
func feSelect(z, x *fr.Element, mask uint64) {
	z[0] ^= mask & (z[0] ^ x[0])
	z[1] ^= mask & (z[1] ^ x[1])
	z[2] ^= mask & (z[2] ^ x[2])
	z[3] ^= mask & (z[3] ^ x[3])
}

// negate negates what lookup found if sign is 1, and leaves it if sign is 0.
func negate(sums *[2]fr.Element, td *fr.Element, sign uint) {
	mask := -uint64(sign)
	first := sums[0]
	feSelect(&sums[0], &sums[1], mask)
	feSelect(&sums[1], &first, mask)
	var minus fr.Element
	feNeg(&minus, td)
	feSelect(td, &minus, mask)
}
