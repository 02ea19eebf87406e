package poseidon

import (
	"math/bits"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// form3 and form4 are affine forms, evaluated as one Montgomery product whose accumulator takes
// all terms before each reduction, and starts at the constant. With everything below q the
// accumulator stays below 4 q 2^64 + q 2^64 + 2^256 < 2^320, since 5q < 0.95 * 2^256, and the
// result below (4q^2 + q)/2^256 + q < 2q.
type form3 struct {
	row  [3]fr.Element
	seed fr.Element
}

type form4 struct {
	row  [4]fr.Element
	seed fr.Element
}

// seed returns 2^256 c, since the product divides all that it has added up by 2^256.
func seed(c fr.Element) fr.Element {
	for range 256 {
		c.Double(&c)
	}
	return c
}

// at returns the form at x.
func (f *form3) at(x *[3]fr.Element) fr.Element {
	t0, t1, t2, t3 := f.seed[0], f.seed[1], f.seed[2], f.seed[3]
	for i := range fr.Limbs {
		t0, t1, t2, t3 = limb3(t0, t1, t2, t3, &f.row, x[0][i], x[1][i], x[2][i])
	}
	t0, t1, t2, t3 = subtract(t0, t1, t2, t3)
	return fr.Element{t0, t1, t2, t3}
}

// at returns the form at x.
func (f *form4) at(x *[4]fr.Element) fr.Element { return dot4(f.seed, &f.row, x) }

// dot4 returns seed / 2^256 plus the inner product of row and x.
func dot4(seed fr.Element, row, x *[4]fr.Element) fr.Element {
	t0, t1, t2, t3 := seed[0], seed[1], seed[2], seed[3]
	for i := range fr.Limbs {
		t0, t1, t2, t3 = limb4(t0, t1, t2, t3, row, x[0][i], x[1][i], x[2][i], x[3][i])
	}
	t0, t1, t2, t3 = subtract(t0, t1, t2, t3)
	return fr.Element{t0, t1, t2, t3}
}

// limb4 returns (t + x0 row[0] + .. + x3 row[3] + k q) / 2^64, which k < 2^64 makes whole. It is written out:
// more than half of a hash is spent here.
func limb4(t0, t1, t2, t3 uint64, row *[4]fr.Element, x0, x1, x2, x3 uint64) (_, _, _, _ uint64) {
	var t4, c uint64

	h0, l0 := bits.Mul64(x0, row[0][0])
	h1, l1 := bits.Mul64(x0, row[0][1])
	h2, l2 := bits.Mul64(x0, row[0][2])
	h3, l3 := bits.Mul64(x0, row[0][3])
	t0, c = bits.Add64(t0, l0, 0)
	t1, c = bits.Add64(t1, l1, c)
	t2, c = bits.Add64(t2, l2, c)
	t3, c = bits.Add64(t3, l3, c)
	t4, _ = bits.Add64(t4, h3, c)
	t1, c = bits.Add64(t1, h0, 0)
	t2, c = bits.Add64(t2, h1, c)
	t3, c = bits.Add64(t3, h2, c)
	t4 += c

	h0, l0 = bits.Mul64(x1, row[1][0])
	h1, l1 = bits.Mul64(x1, row[1][1])
	h2, l2 = bits.Mul64(x1, row[1][2])
	h3, l3 = bits.Mul64(x1, row[1][3])
	t0, c = bits.Add64(t0, l0, 0)
	t1, c = bits.Add64(t1, l1, c)
	t2, c = bits.Add64(t2, l2, c)
	t3, c = bits.Add64(t3, l3, c)
	t4, _ = bits.Add64(t4, h3, c)
	t1, c = bits.Add64(t1, h0, 0)
	t2, c = bits.Add64(t2, h1, c)
	t3, c = bits.Add64(t3, h2, c)
	t4 += c

	h0, l0 = bits.Mul64(x2, row[2][0])
	h1, l1 = bits.Mul64(x2, row[2][1])
	h2, l2 = bits.Mul64(x2, row[2][2])
	h3, l3 = bits.Mul64(x2, row[2][3])
	t0, c = bits.Add64(t0, l0, 0)
	t1, c = bits.Add64(t1, l1, c)
	t2, c = bits.Add64(t2, l2, c)
	t3, c = bits.Add64(t3, l3, c)
	t4, _ = bits.Add64(t4, h3, c)
	t1, c = bits.Add64(t1, h0, 0)
	t2, c = bits.Add64(t2, h1, c)
	t3, c = bits.Add64(t3, h2, c)
	t4 += c

	h0, l0 = bits.Mul64(x3, row[3][0])
	h1, l1 = bits.Mul64(x3, row[3][1])
	h2, l2 = bits.Mul64(x3, row[3][2])
	h3, l3 = bits.Mul64(x3, row[3][3])
	t0, c = bits.Add64(t0, l0, 0)
	t1, c = bits.Add64(t1, l1, c)
	t2, c = bits.Add64(t2, l2, c)
	t3, c = bits.Add64(t3, l3, c)
	t4, _ = bits.Add64(t4, h3, c)
	t1, c = bits.Add64(t1, h0, 0)
	t2, c = bits.Add64(t2, h1, c)
	t3, c = bits.Add64(t3, h2, c)
	t4 += c

	k := t0 * qInverse
	h0, l0 = bits.Mul64(k, q0)
	h1, l1 = bits.Mul64(k, q1)
	h2, l2 = bits.Mul64(k, q2)
	h3, l3 = bits.Mul64(k, q3)
	_, c = bits.Add64(t0, l0, 0)
	t1, c = bits.Add64(t1, l1, c)
	t2, c = bits.Add64(t2, l2, c)
	t3, c = bits.Add64(t3, l3, c)
	t4, _ = bits.Add64(t4, h3, c)
	t1, c = bits.Add64(t1, h0, 0)
	t2, c = bits.Add64(t2, h1, c)
	t3, c = bits.Add64(t3, h2, c)
	return t1, t2, t3, t4 + c
}

// limb3 is limb4 of three terms.
func limb3(t0, t1, t2, t3 uint64, row *[3]fr.Element, x0, x1, x2 uint64) (_, _, _, _ uint64) {
	var t4, c uint64

	h0, l0 := bits.Mul64(x0, row[0][0])
	h1, l1 := bits.Mul64(x0, row[0][1])
	h2, l2 := bits.Mul64(x0, row[0][2])
	h3, l3 := bits.Mul64(x0, row[0][3])
	t0, c = bits.Add64(t0, l0, 0)
	t1, c = bits.Add64(t1, l1, c)
	t2, c = bits.Add64(t2, l2, c)
	t3, c = bits.Add64(t3, l3, c)
	t4, _ = bits.Add64(t4, h3, c)
	t1, c = bits.Add64(t1, h0, 0)
	t2, c = bits.Add64(t2, h1, c)
	t3, c = bits.Add64(t3, h2, c)
	t4 += c

	h0, l0 = bits.Mul64(x1, row[1][0])
	h1, l1 = bits.Mul64(x1, row[1][1])
	h2, l2 = bits.Mul64(x1, row[1][2])
	h3, l3 = bits.Mul64(x1, row[1][3])
	t0, c = bits.Add64(t0, l0, 0)
	t1, c = bits.Add64(t1, l1, c)
	t2, c = bits.Add64(t2, l2, c)
	t3, c = bits.Add64(t3, l3, c)
	t4, _ = bits.Add64(t4, h3, c)
	t1, c = bits.Add64(t1, h0, 0)
	t2, c = bits.Add64(t2, h1, c)
	t3, c = bits.Add64(t3, h2, c)
	t4 += c

	h0, l0 = bits.Mul64(x2, row[2][0])
	h1, l1 = bits.Mul64(x2, row[2][1])
	h2, l2 = bits.Mul64(x2, row[2][2])
	h3, l3 = bits.Mul64(x2, row[2][3])
	t0, c = bits.Add64(t0, l0, 0)
	t1, c = bits.Add64(t1, l1, c)
	t2, c = bits.Add64(t2, l2, c)
	t3, c = bits.Add64(t3, l3, c)
	t4, _ = bits.Add64(t4, h3, c)
	t1, c = bits.Add64(t1, h0, 0)
	t2, c = bits.Add64(t2, h1, c)
	t3, c = bits.Add64(t3, h2, c)
	t4 += c

	k := t0 * qInverse
	h0, l0 = bits.Mul64(k, q0)
	h1, l1 = bits.Mul64(k, q1)
	h2, l2 = bits.Mul64(k, q2)
	h3, l3 = bits.Mul64(k, q3)
	_, c = bits.Add64(t0, l0, 0)
	t1, c = bits.Add64(t1, l1, c)
	t2, c = bits.Add64(t2, l2, c)
	t3, c = bits.Add64(t3, l3, c)
	t4, _ = bits.Add64(t4, h3, c)
	t1, c = bits.Add64(t1, h0, 0)
	t2, c = bits.Add64(t2, h1, c)
	t3, c = bits.Add64(t3, h2, c)
	return t1, t2, t3, t4 + c
}

// The modulus q, and -1/q mod 2^64.
const (
	q0 = 0x43e1f593f0000001
	q1 = 0x2833e84879b97091
	q2 = 0xb85045b68181585d
	q3 = 0x30644e72e131a029

	qInverse = 0xc2e1f593efffffff
)

// inner returns the sum of a[i] * b[i].
func inner(a, b []fr.Element) (sum fr.Element) {
	for len(a) >= 4 { // as many as the bound on form4 allows
		four := dot4(fr.Element{}, (*[4]fr.Element)(a), (*[4]fr.Element)(b))
		sum.Add(&sum, &four)
		a, b = a[4:], b[4:]
	}
	if len(a) > 0 {
		var f form3
		var x [3]fr.Element
		copy(f.row[:], a)
		copy(x[:], b)
		rest := f.at(&x)
		sum.Add(&sum, &rest)
	}
	return sum
}

// subtract returns t - q, or t if t < q, without a branch.
func subtract(t0, t1, t2, t3 uint64) (_, _, _, _ uint64) {
	t0, b := bits.Sub64(t0, q0, 0)
	t1, b = bits.Sub64(t1, q1, b)
	t2, b = bits.Sub64(t2, q2, b)
	t3, b = bits.Sub64(t3, q3, b)
	b = -b
	t0, c := bits.Add64(t0, b&q0, 0)
	t1, c = bits.Add64(t1, b&q1, c)
	t2, c = bits.Add64(t2, b&q2, c)
	t3, _ = bits.Add64(t3, b&q3, c)
	return t0, t1, t2, t3
}
