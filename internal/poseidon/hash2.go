package poseidon

import (
	"math/bits"
	"sync"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// width3 is the recurrence of width 3, in arrays.
type width3 struct {
	first [3]fr.Element // constants of the first round
	full  [6][3]form3   // matrix and next constants: of rounds 0, 1, 2 and of the three before the last
	entry [2]form3      // X[-1] and X[0]
	part  [57]form4     // X[k+1] - S[k] over X[k-1], X[k], S[k-2], S[k-1]
	exit  [2]form4      // elements 1 and 2 of the state after the partial rounds
	unity fr.Element    // element 0 of it, over the last X
	last  form3         // row 0 of the matrix
}

var three = sync.OnceValue(func() *width3 {
	r := recurrences[3]()
	p, half := r.params, r.params.FullRounds/2
	w := &width3{first: [3]fr.Element(p.constants(0)), unity: r.unity}
	for k := range w.full {
		next := p.constants(k + 1)
		if k >= half-1 {
			next = p.constants(k + 2 + p.PartialRounds)
		}
		for i := range w.full[k] {
			w.full[k][i] = form3{[3]fr.Element(p.MDS[i]), seed(next[i])}
		}
	}
	w.entry[0] = form3{row: [3]fr.Element(r.entry[0])}
	w.entry[1] = form3{[3]fr.Element(r.entry[1]), seed(r.first)}
	for k, f := range r.rounds {
		w.part[k] = form4{[4]fr.Element(f.row), seed(f.constant)}
	}
	for k, f := range r.exit {
		w.exit[k] = form4{[4]fr.Element(f.row), seed(f.constant)}
	}
	w.last.row = [3]fr.Element(p.MDS[0])
	return w
})

// Hash2 returns Poseidon(a, b), as Hash does, and allocates nothing.
func Hash2(a, b *fr.Element) fr.Element {
	w := three()
	x := [3]fr.Element{w.first[0], *a, *b}
	add(x[1:], w.first[1:])
	for k := range w.full[:3] {
		w.round(&x, k)
	}

	for i := range x {
		sbox(&x[i])
	}
	h := [4]fr.Element{w.entry[0].at(&x), w.entry[1].at(&x), {}, x[0]}
	for k := range w.part {
		// The inner product and the S-box do not wait for each other: they take turns here, so
		// that the processor overlaps them.
		f := &w.part[k]
		var s fr.Element
		t0, t1, t2, t3 := f.limb(f.seed[0], f.seed[1], f.seed[2], f.seed[3], &h, 0)
		s.Square(&h[1])
		t0, t1, t2, t3 = f.limb(t0, t1, t2, t3, &h, 1)
		s.Square(&s)
		t0, t1, t2, t3 = f.limb(t0, t1, t2, t3, &h, 2)
		s.Mul(&s, &h[1])
		t0, t1, t2, t3 = f.limb(t0, t1, t2, t3, &h, 3)
		t0, c := bits.Add64(t0, s[0], 0)
		t1, c = bits.Add64(t1, s[1], c)
		t2, c = bits.Add64(t2, s[2], c)
		t3, _ = bits.Add64(t3, s[3], c)
		t0, t1, t2, t3 = subtract(subtract(t0, t1, t2, t3)) // the sum is below 3q
		h[0], h[2], h[3] = h[1], h[3], s
		h[1] = fr.Element{t0, t1, t2, t3}
	}
	x[0].Mul(&h[1], &w.unity)
	x[1] = w.exit[0].at(&h)
	x[2] = w.exit[1].at(&h)

	for k := range w.full[3:] {
		w.round(&x, 3+k)
	}
	for i := range x {
		sbox(&x[i])
	}
	return w.last.at(&x)
}

// round applies the S-boxes, the matrix and the next round's constants.
func (w *width3) round(x *[3]fr.Element, k int) {
	s := *x
	for i := range s {
		sbox(&s[i])
	}
	for i := range x {
		x[i] = w.full[k][i].at(&s)
	}
}

// form3 and form4 are affine forms, evaluated as one Montgomery product whose accumulator takes
// all terms before each reduction. The constant is where the accumulator starts. With limbs of
// x below 2^64 and rows below q the accumulator stays below (4 + 1 + 1) q 2^64 < 2^320 - q, and
// the result below (4q/2^256 + 1) q + 1 < 2q before the last subtraction.
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
	t0, t1, t2, t3, t4 := f.seed[0], f.seed[1], f.seed[2], f.seed[3], uint64(0)
	for i := range fr.Limbs {
		t0, t1, t2, t3, t4 = mac(t0, t1, t2, t3, 0, x[0][i], &f.row[0])
		t0, t1, t2, t3, t4 = mac(t0, t1, t2, t3, t4, x[1][i], &f.row[1])
		t0, t1, t2, t3, t4 = mac(t0, t1, t2, t3, t4, x[2][i], &f.row[2])
		t0, t1, t2, t3 = redc(t0, t1, t2, t3, t4)
	}
	t0, t1, t2, t3 = subtract(t0, t1, t2, t3)
	return fr.Element{t0, t1, t2, t3}
}

// at returns the form at x.
func (f *form4) at(x *[4]fr.Element) fr.Element {
	t0, t1, t2, t3 := f.seed[0], f.seed[1], f.seed[2], f.seed[3]
	for i := range fr.Limbs {
		t0, t1, t2, t3 = f.limb(t0, t1, t2, t3, x, i)
	}
	t0, t1, t2, t3 = subtract(t0, t1, t2, t3)
	return fr.Element{t0, t1, t2, t3}
}

// limb returns t plus limb i of x times the row, divided by 2^64.
func (f *form4) limb(t0, t1, t2, t3 uint64, x *[4]fr.Element, i int) (_, _, _, _ uint64) {
	t0, t1, t2, t3, t4 := mac(t0, t1, t2, t3, 0, x[0][i], &f.row[0])
	t0, t1, t2, t3, t4 = mac(t0, t1, t2, t3, t4, x[1][i], &f.row[1])
	t0, t1, t2, t3, t4 = mac(t0, t1, t2, t3, t4, x[2][i], &f.row[2])
	t0, t1, t2, t3, t4 = mac(t0, t1, t2, t3, t4, x[3][i], &f.row[3])
	return redc(t0, t1, t2, t3, t4)
}

// The modulus q, and -1/q mod 2^64.
const (
	q0 = 0x43e1f593f0000001
	q1 = 0x2833e84879b97091
	q2 = 0xb85045b68181585d
	q3 = 0x30644e72e131a029

	qInverse = 0xc2e1f593efffffff
)

// mac returns t + a*b.
func mac(t0, t1, t2, t3, t4, a uint64, b *fr.Element) (_, _, _, _, _ uint64) {
	h0, l0 := bits.Mul64(a, b[0])
	h1, l1 := bits.Mul64(a, b[1])
	h2, l2 := bits.Mul64(a, b[2])
	h3, l3 := bits.Mul64(a, b[3])
	t0, c := bits.Add64(t0, l0, 0)
	t1, c = bits.Add64(t1, l1, c)
	t2, c = bits.Add64(t2, l2, c)
	t3, c = bits.Add64(t3, l3, c)
	t4, _ = bits.Add64(t4, h3, c)
	t1, c = bits.Add64(t1, h0, 0)
	t2, c = bits.Add64(t2, h1, c)
	t3, c = bits.Add64(t3, h2, c)
	return t0, t1, t2, t3, t4 + c
}

// redc returns (t + k*q) / 2^64, which k < 2^64 makes whole.
func redc(t0, t1, t2, t3, t4 uint64) (_, _, _, _ uint64) {
	k := t0 * qInverse
	h0, l0 := bits.Mul64(k, q0)
	h1, l1 := bits.Mul64(k, q1)
	h2, l2 := bits.Mul64(k, q2)
	h3, l3 := bits.Mul64(k, q3)
	_, c := bits.Add64(t0, l0, 0)
	t1, c = bits.Add64(t1, l1, c)
	t2, c = bits.Add64(t2, l2, c)
	t3, c = bits.Add64(t3, l3, c)
	t4, _ = bits.Add64(t4, h3, c)
	t1, c = bits.Add64(t1, h0, 0)
	t2, c = bits.Add64(t2, h1, c)
	t3, c = bits.Add64(t3, h2, c)
	return t1, t2, t3, t4 + c
}

// subtract returns t - q, or t if t < q, without a branch.
func subtract(t0, t1, t2, t3 uint64) (_, _, _, _ uint64) {
	t0, b := bits.Sub64(t0, q0, 0)
	t1, b = bits.Sub64(t1, q1, b)
	t2, b = bits.Sub64(t2, q2, b)
	t3, b = bits.Sub64(t3, q3, b)
	t0, c := bits.Add64(t0, -b&q0, 0)
	t1, c = bits.Add64(t1, -b&q1, c)
	t2, c = bits.Add64(t2, -b&q2, c)
	t3, _ = bits.Add64(t3, -b&q3, c)
	return t0, t1, t2, t3
}
