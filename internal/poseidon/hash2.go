package poseidon

import (
	"math/bits"
	"sync"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// width3 is the recurrence of width 3, in arrays.
type width3 struct {
	first [3]fr.Element // constants of the first round; of element 0, which starts at 0, its S-box
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
	sbox(&w.first[0])
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
	sboxes(x[1:])
	for k := range w.full[:3] {
		w.mix(&x, k)
		sboxes(x[:])
	}
	h := [4]fr.Element{w.entry[0].at(&x), w.entry[1].at(&x), {}, x[0]}
	for k := range w.part {
		// The inner product and the S-box do not wait for each other: they take turns here, so
		// that the processor overlaps them. That keeps it busy: two hashes in turns take no less time.
		f := &w.part[k]
		var s fr.Element
		t0, t1, t2, t3 := limb4(f.seed[0], f.seed[1], f.seed[2], f.seed[3], &f.row, h[0][0], h[1][0], h[2][0], h[3][0])
		s.Square(&h[1])
		t0, t1, t2, t3 = limb4(t0, t1, t2, t3, &f.row, h[0][1], h[1][1], h[2][1], h[3][1])
		s.Square(&s)
		t0, t1, t2, t3 = limb4(t0, t1, t2, t3, &f.row, h[0][2], h[1][2], h[2][2], h[3][2])
		s.Mul(&s, &h[1])
		t0, t1, t2, t3 = limb4(t0, t1, t2, t3, &f.row, h[0][3], h[1][3], h[2][3], h[3][3])
		t0, t1, t2, t3 = subtract(t0, t1, t2, t3)
		t0, c := bits.Add64(t0, s[0], 0)
		t1, c = bits.Add64(t1, s[1], c)
		t2, c = bits.Add64(t2, s[2], c)
		t3, _ = bits.Add64(t3, s[3], c)
		t0, t1, t2, t3 = subtract(t0, t1, t2, t3)
		h[0], h[2], h[3] = h[1], h[3], s
		h[1] = fr.Element{t0, t1, t2, t3}
	}
	x[0].Mul(&h[1], &w.unity)
	x[1] = w.exit[0].at(&h)
	x[2] = w.exit[1].at(&h)

	for k := range w.full[3:] {
		sboxes(x[:])
		w.mix(&x, 3+k)
	}
	sboxes(x[:])
	return w.last.at(&x)
}

// mix applies the matrix and the next round's constants.
func (w *width3) mix(x *[3]fr.Element, k int) {
	s := *x
	for i := range x {
		x[i] = w.full[k][i].at(&s)
	}
}
