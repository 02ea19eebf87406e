package lanes

import (
	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
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
