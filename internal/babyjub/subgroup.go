package babyjub

import (
	"sync"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// Membership in the subgroup of order q by the Tate pairing (Frey, Rück, "A remark
// concerning m-divisibility and the discrete logarithm in the divisor class group
// of curves"; Koshelev, eprint 2022/037): one power in the field instead of a
// multiplication by q.
//
// The points whose order divides 8 are the multiples of one, T, and 8 divides
// p - 1. With a function f whose divisor is 8 (T) - 8 (O), normalized at O,
//
//	t(P) = f(P)^((p-1)/8)
//
// is the pairing of T and P: a homomorphism into the 8th roots of unity, wherever
// f is neither 0 nor infinite. It is 1 on the multiples of 8, which are the
// subgroup; there are 8 cosets of them, and t(-T) is a primitive 8th root of unity
// (a test looks), so t is 1 nowhere else.
//
// On the Montgomery curve B v^2 = u^3 + A u^2 + u, where (u, v) = ((1+y)/(1-y), u/x)
// and 4 T = (0, 0), Miller's algorithm gives
//
//	f = l_T^4 (u - u_2T)^-4 l_2T^2 u^-1 / B,   l_R = v - v_R - slope_R (u - u_R),
//
// with the tangents l_R. An 8th power does not change t, so neither does it matter
// to multiply by denominators 8 times: 1/f, with u and v put in, becomes
//
//	(L_T V)^4 (L_2T x)^6 (1 - y^2) B
//	L_R = (1+y) (1 - slope_R x) - (v_R - slope_R u_R) x (1-y),   V = (1+y) - u_2T (1-y).

// tangents holds what the formula wants of T and 2T.
type tangents struct {
	slope [2]fr.Element
	at0   [2]fr.Element // v_R - slope_R u_R
	u2, b fr.Element
}

var tateTangents = sync.OnceValue(func() *tangents {
	// A = 2 (a+d)/(a-d) and B = 4/(a-d) for a = -1.
	var c tangents
	var a fr.Element
	c.b.Add(&feOne, &curveD)
	c.b.Inverse(&c.b)
	a.Sub(&feOne, &curveD)
	a.Mul(&a, &c.b)
	a.Double(&a)
	c.b.Double(&c.b)
	c.b.Double(&c.b)
	c.b.Neg(&c.b)

	r := Point{x: torsionX, y: torsionY, z: feOne}
	r.t.Mul(&r.x, &r.y)
	for i := range c.slope {
		var u, v, w, inv fr.Element
		w.Sub(&feOne, &r.y)
		u.Add(&feOne, &r.y)
		u.Div(&u, &w)
		v.Div(&u, &r.x)
		// slope = (3 u^2 + 2 A u + 1) / (2 B v)
		w.Double(&u)
		w.Add(&w, &u)
		w.Add(&w, &a)
		w.Add(&w, &a)
		w.Mul(&w, &u)
		w.Add(&w, &feOne)
		inv.Mul(&c.b, &v)
		inv.Double(&inv)
		c.slope[i].Div(&w, &inv)
		w.Mul(&c.slope[i], &u)
		c.at0[i].Sub(&v, &w)
		c.u2 = u

		r.Double(&r)
		inv.Inverse(&r.z)
		r.normalize(&inv)
	}
	return &c
})

// InSubgroup reports whether p is in the subgroup of order q, in variable time. The
// identity is.
func (p *Point) InSubgroup() bool {
	p.check()
	q := *p
	if !q.z.IsOne() {
		var inv fr.Element
		inv.Inverse(&q.z)
		q.normalize(&inv)
	}
	f := q.tate()
	if f.IsZero() { // p is one of O, T, 2 T, -2 T and 4 T
		return p.IsIdentity()
	}
	fePower(&f, &f, &tateExponent)
	return f.IsOne()
}

// tateExponent is (p-1)/8.
var tateExponent = limbs{p0>>3 | p1%8<<61, p1>>3 | p2%8<<61, p2>>3 | p3%8<<61, p3 >> 3}

// tate returns 1/f(p) times an 8th power, or 0 if f(p) is 0 or infinite, where z = 1.
func (p *Point) tate() fr.Element {
	c := tateTangents()
	var plus, minus, xm, g, h fr.Element
	plus.Add(&feOne, &p.y)
	minus.Sub(&feOne, &p.y)
	xm.Mul(&p.x, &minus)
	tangent := func(z *fr.Element, i int) {
		var s fr.Element
		s.Mul(&c.slope[i], &p.x)
		s.Sub(&feOne, &s)
		z.Mul(&plus, &s)
		s.Mul(&c.at0[i], &xm)
		z.Sub(z, &s)
	}
	tangent(&g, 0)
	h.Mul(&c.u2, &minus)
	h.Sub(&plus, &h)
	g.Mul(&g, &h)
	g.Square(&g) // (L_T V)^2
	tangent(&h, 1)
	h.Mul(&h, &p.x)
	g.Mul(&g, &h)
	h.Square(&h)
	g.Mul(&g, &h) // (L_T V)^2 (L_2T x)^3
	g.Square(&g)
	g.Mul(&g, &plus)
	g.Mul(&g, &minus)
	g.Mul(&g, &c.b)
	return g
}
