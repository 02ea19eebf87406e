package lanes

import (
	"encoding/binary"
	"math"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// G1 is a vector of affine points of BN254's curve y^2 = x^3 + 3 over F_p, none of which is infinity.
type G1 struct{ X, Y fp.Vector }

// NewG1 returns n lanes to be set.
func NewG1(n int) G1 { return G1{make(fp.Vector, n), make(fp.Vector, n)} }

// Len returns the number of lanes.
func (z G1) Len() int { return len(z.X) }

// Slice returns lanes i to j-1, which z and the result share.
func (z G1) Slice(i, j int) G1 { return G1{z.X[i:j], z.Y[i:j]} }

// Put sets lane i.
func (z G1) Put(i int, p *bn254.G1Affine) { z.X[i], z.Y[i] = p.X, p.Y }

// At returns lane i.
func (z G1) At(i int) bn254.G1Affine { return bn254.G1Affine{X: z.X[i], Y: z.Y[i]} }

// G1Scratch is room for the intermediate results of sums and multiples of up to as many points as it was made for.
type G1Scratch struct {
	*Scratch
	slope, inverse, x fp.Vector
	odd               [8]G1        // (2i+1) P
	oddPhi            [8]fp.Vector // x of (2i+1) phi(P)
	term              G1
}

// NewG1Scratch makes room for n lanes.
func NewG1Scratch(n int) *G1Scratch {
	s := &G1Scratch{Scratch: NewScratch(n), term: NewG1(n)}
	for _, v := range []*fp.Vector{&s.slope, &s.inverse, &s.x} {
		*v = make(fp.Vector, n)
	}
	for i := range s.odd {
		s.odd[i], s.oddPhi[i] = NewG1(n), make(fp.Vector, n)
	}
	return s
}

// Double sets z = 2 x. The curve has no point of order 2.
func (z G1) Double(x G1, s *G1Scratch) {
	n := x.Len()
	slope, inverse := s.slope[:n], s.inverse[:n]
	slope.Add(x.Y, x.Y)
	s.Invert(inverse, slope)
	slope.Mul(x.X, x.X)
	t := s.x[:n]
	t.Add(slope, slope)
	slope.Add(slope, t)
	slope.Mul(slope, inverse) // 3 x^2 / 2 y
	z.chord(x, x.X, slope, s)
}

// Add sets z = x + y and returns true, or returns false if some x is y or -y: then z is undefined.
func (z G1) Add(x, y G1, s *G1Scratch) bool {
	n := x.Len()
	slope, inverse := s.slope[:n], s.inverse[:n]
	slope.Sub(y.X, x.X)
	if !s.Invert(inverse, slope) {
		return false
	}
	slope.Sub(y.Y, x.Y)
	slope.Mul(slope, inverse)
	z.chord(x, y.X, slope, s)
	return true
}

// chord sets z to minus the third point of the line through p of this slope, q the x of the second.
func (z G1) chord(p G1, q, slope fp.Vector, s *G1Scratch) {
	x := s.x[:p.Len()]
	x.Mul(slope, slope)
	x.Sub(x, p.X)
	x.Sub(x, q)
	t := s.inverse[:p.Len()]
	t.Sub(p.X, x)
	t.Mul(t, slope)
	z.Y.Sub(t, p.Y)
	copy(z.X, x)
}

// WeightBytes is the size of a weight in its encoding.
const WeightBytes = 16

// A weight is k_0 + lambda k_1 with odd numbers -2^64 < k_0, k_1 < 2^64, lambda the number by which phi(x, y) =
// (beta x, y) multiplies: lambda^2 + lambda + 1 = 0 mod r, beta^3 = 1. Its 16 bytes are n_0 and n_1, big-endian, with
// k = 2 n + 1 - 2^64. The 2^128 weights are different numbers modulo r: a difference of two is
// d_0 + lambda d_1 with |d_0|, |d_1| < 2^65; if r divides it, it divides d_0^2 - d_0 d_1 + d_1^2 = (d_0 + lambda d_1)(d_0 + lambda^2 d_1)
// too, which is below 2^132 and zero only for d_0 = d_1 = 0.
//
// In digits of four bits k has odd ones only: k = sum_j (2 n_j - 15) 16^j where n = sum_j n_j 16^j.

// SetWeight sets w to the weight with this encoding of WeightBytes bytes.
func SetWeight(w *fr.Element, b []byte) {
	half := func(b []byte) (k fr.Element) {
		n := fr.NewElement(binary.BigEndian.Uint64(b))
		minimum := fr.NewElement(math.MaxUint64)
		k.Double(&n)
		k.Sub(&k, &minimum) // 2^64 - 1
		return k
	}
	*w = half(b[8:])
	w.Mul(w, &lambda)
	k := half(b)
	w.Add(w, &k)
}

// Weigh sets each z_i to x_i times the weight in bytes 16i to 16i+15.
//
// No sum has two equal or opposite points. Each is of (k_0 + lambda k_1) x and d x or lambda d x with small numbers, k_1 != 0 in
// the first case and k_0 != 0 in the second; as above, a multiple of r is not among their sums and differences.
func (z G1) Weigh(x G1, weights []byte, s *G1Scratch) {
	n := x.Len()
	var odd [8]G1
	for i := range odd {
		odd[i] = s.odd[i].Slice(0, n)
	}
	term := s.term.Slice(0, n)
	copy(odd[0].X, x.X)
	copy(odd[0].Y, x.Y)
	term.Double(x, s)
	for i := 1; i < len(odd); i++ {
		odd[i].Add(odd[i-1], term, s)
	}
	for i := range odd {
		phi := s.oddPhi[i][:n]
		phi.ScalarMul(odd[i].X, &beta)
	}
	pick := func(to G1, digit, half int) {
		for i := range n {
			b := weights[WeightBytes*i+8*half+digit/2]
			if digit%2 == 0 {
				b >>= 4
			}
			b &= 15
			j := b - 8
			if b < 8 {
				j = 7 - b
			}
			if half == 0 {
				to.X[i] = odd[j].X[i]
			} else {
				to.X[i] = s.oddPhi[j][i]
			}
			if b < 8 {
				to.Y[i].Neg(&odd[j].Y[i])
			} else {
				to.Y[i] = odd[j].Y[i]
			}
		}
	}
	pick(z, 0, 0)
	pick(term, 0, 1)
	z.Add(z, term, s)
	for digit := 1; digit < WeightBytes; digit++ {
		for range 4 {
			z.Double(z, s)
		}
		for half := range 2 {
			pick(term, digit, half)
			z.Add(z, term, s)
		}
	}
}

var (
	// beta is a cube root of 1, lambda its eigenvalue.
	beta   = mustFp("2203960485148121921418603742825762020974279258880205651966")
	lambda = mustFr("4407920970296243842393367215006156084916469457145843978461")
)

func mustFp(s string) (e fp.Element) {
	if _, err := e.SetString(s); err != nil {
		panic(err)
	}
	return e
}

func mustFr(s string) (e fr.Element) {
	if _, err := e.SetString(s); err != nil {
		panic(err)
	}
	return e
}
