package babyjub

import (
	"math/bits"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// ScalarMul sets p = s q and returns p, in constant time.
func (p *Point) ScalarMul(s *Scalar, q *Point) *Point {
	q.check()
	var multiples cachedMultiples
	var one cached
	one.fromPoint(q)
	multiples.set(0, &one)
	r := *q
	for i := 1; i < digitBound; i++ {
		r.addCached(&r, &one, 0)
		var c cached
		c.fromPoint(&r)
		multiples.set(i, &c)
	}
	var d [digitCount]int16
	v := s.limbs()
	v.digits(d[:], digitWidth)
	r.SetIdentity()
	for i := len(d) - 1; i >= 0; i-- {
		r.double(digitWidth)
		var c cached
		multiples.lookup(&c, d[i])
		r.addCached(&r, &c, 0)
	}
	*p = r
	return p
}

// Multiplications in constant time take digits of 5 bits: then the masked reading
// of all multiples costs about what the addition costs, and the sum for all digits
// is least.
const (
	digitWidth = 5
	digitBound = 1 << (digitWidth - 1) // of their absolute values
	digitCount = (252 + digitWidth - 1) / digitWidth
)

// ScalarBaseMul sets p = s G and returns p, in constant time.
func (p *Point) ScalarBaseMul(s *Scalar) *Point {
	*p = generatorTable().Mul(s)
	return p
}

// ScalarBaseMulUint64 sets p = u G and returns p, in constant time: a quarter of
// ScalarBaseMul's.
func (p *Point) ScalarBaseMulUint64(u uint64) *Point {
	*p = generatorTable().mul(&limbs{u}, 64/digitWidth+2) // 13 digits end at 0.97 * 2^64
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
	t := wideTable()
	var d [len(t)]int16
	v := s.limbs()
	v.digits(d[:], wideWidth)
	p.SetIdentity()
	if sign, abs := signAndAbs(d[0]); abs != 0 {
		p.setNiels(&t[0][abs-1], sign)
	}
	for i := 1; i < len(d); i++ {
		if sign, abs := signAndAbs(d[i]); abs != 0 {
			p.addNiels(p, &t[i][abs-1], sign)
		}
	}
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

// cachedMultiples holds q, 2 q .. 16 q.
type cachedMultiples struct {
	sums   [2]column
	z2, td column
}

func (m *cachedMultiples) set(i int, c *cached) {
	m.sums[0][i], m.sums[1][i], m.z2[i], m.td[i] = c.sums[0], c.sums[1], c.z2, c.td[0]
}

// lookup sets c = d q for use with sign 0, |d| <= 16, reading all multiples.
func (m *cachedMultiples) lookup(c *cached, d int16) {
	sign, abs := signAndAbs(d)
	masks := equalMasks(abs)
	m.sums[0].lookup(&c.sums[0], &feOne, &masks)
	m.sums[1].lookup(&c.sums[1], &feOne, &masks)
	m.z2.lookup(&c.z2, &feTwo, &masks)
	m.td.lookup(&c.td[0], &fr.Element{}, &masks)
	negate(&c.sums, &c.td[0], sign)
}

// column is one coordinate of P, 2 P .. 16 P.
type column [digitBound]fr.Element

// lookup sets z to entry j-1 if mask j is all ones, and to none if mask 0 is. All
// other masks are 0. It reads the whole column.
func (c *column) lookup(z, none *fr.Element, masks *[digitBound + 1]uint64) {
	m := masks[0]
	z0, z1, z2, z3 := m&none[0], m&none[1], m&none[2], m&none[3]
	for j := range c {
		m, x := masks[j+1], &c[j]
		z0 |= m & x[0]
		z1 |= m & x[1]
		z2 |= m & x[2]
		z3 |= m & x[3]
	}
	z[0], z[1], z[2], z[3] = z0, z1, z2, z3
}

// equalMasks returns all ones at a, 0 elsewhere.
func equalMasks(a uint64) (masks [digitBound + 1]uint64) {
	for j := range masks {
		masks[j] = equalMask(a, uint64(j))
	}
	return masks
}

// signAndAbs returns 1 and -d for negative d, else 0 and d.
func signAndAbs(d int16) (sign uint, abs uint64) {
	s := int64(d) >> 63 // -1 or 0
	return uint(-s), uint64((int64(d) ^ s) - s)
}

// equalMask returns all ones if a = b, else 0, for a, b < 2^63.
func equalMask(a, b uint64) uint64 {
	return uint64(int64(a^b-1) >> 63)
}

// feSelect sets z = x if mask is all ones, and leaves z if it is 0.
func feSelect(z, x *fr.Element, mask uint64) {
	z[0] ^= mask & (z[0] ^ x[0])
	z[1] ^= mask & (z[1] ^ x[1])
	z[2] ^= mask & (z[2] ^ x[2])
	z[3] ^= mask & (z[3] ^ x[3])
}

// negate negates what was looked up if sign is 1, and leaves it if sign is 0.
func negate(sums *[2]fr.Element, td *fr.Element, sign uint) {
	mask := -uint64(sign)
	first := sums[0]
	feSelect(&sums[0], &sums[1], mask)
	feSelect(&sums[1], &first, mask)
	var minus fr.Element
	feNeg(&minus, td)
	feSelect(td, &minus, mask)
}
