package babyjub

import "github.com/consensys/gnark-crypto/ecc/bn254/fr"

// hashDST is the domain separation tag of HashToPoint; after "with-" comes the
// suite's name in the manner of RFC 9380, section 8.10.
const hashDST = "scrutin/v1/hash-to-curve-with-babyjubjub_XMD:SHA-256_ELL2_RO_"

var (
	montgomeryJ = fr.NewElement(168698) // t^2 = s^3 + J s^2 + s
	elligatorZ  = fr.NewElement(5)      // a non-square
)

// HashToPoint returns hash_to_curve(label) of RFC 9380 for the suite
// babyjubjub_XMD:SHA-256_ELL2_RO_: a point of order q of which nobody knows the
// logarithm to the base of another. Variable time.
func HashToPoint(label string) Point {
	u, err := fr.Hash([]byte(label), []byte(hashDST), 2)
	if err != nil {
		panic("babyjub: " + err.Error()) // only for too long a tag or output
	}
	p, q := mapToCurve(&u[0]), mapToCurve(&u[1])
	p.Add(&p, &q)
	p.MulByCofactor(&p)
	if p.IsIdentity() {
		panic("babyjub: label hashes to the identity") // one in 2^251
	}
	return p
}

// mapToCurve is map_to_curve_elligator2 (RFC 9380, section 6.7.1) on the
// Montgomery curve t^2 = s^3 + 168698 s^2 + s, followed by the rational map of
// its appendix D.1 to 168700 x^2 + y^2 = 1 + 168696 x^2 y^2.
func mapToCurve(u *fr.Element) Point {
	// x1 = -J / (1 + Z u^2), or -J where the denominator is 0
	var x1, gx, y fr.Element
	x1.Square(u)
	x1.Mul(&x1, &elligatorZ)
	x1.Add(&x1, &feOne)
	if x1.IsZero() {
		x1.SetOne()
	}
	x1.Inverse(&x1)
	x1.Mul(&x1, &montgomeryJ)
	x1.Neg(&x1)

	// s = x1 with sgn0(t) = 1 if g(x1) is a square, else s = -x1 - J with sgn0(t) = 0
	s, sign := x1, uint64(1)
	montgomery(&gx, &s)
	if y.Sqrt(&gx) == nil {
		s.Add(&x1, &montgomeryJ)
		s.Neg(&s)
		sign = 0
		montgomery(&gx, &s)
		if y.Sqrt(&gx) == nil {
			panic("babyjub: neither candidate is on the curve") // Z is not a square
		}
	}
	if y.Bits()[0]&1 != sign {
		y.Neg(&y)
	}

	// (x, y) = (s/t, (s-1)/(s+1)); the identity where a denominator is 0
	var den, x fr.Element
	den.Add(&s, &feOne)
	if y.IsZero() || den.IsZero() {
		return *NewIdentity()
	}
	x.Div(&s, &y)
	s.Sub(&s, &feOne)
	y.Div(&s, &den)
	p, ok := fromEIP2494(&x, &y)
	if !ok {
		panic("babyjub: the rational map left the curve") // it does not
	}
	return p
}

// montgomery sets g = s^3 + J s^2 + s.
func montgomery(g, s *fr.Element) {
	var r fr.Element
	r.Add(s, &montgomeryJ)
	r.Mul(&r, s)
	r.Add(&r, &feOne)
	g.Mul(&r, s)
}
