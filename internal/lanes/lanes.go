// Package lanes does arithmetic of BN254's base field F_p and of F_p2 = F_p[u]/(u^2 + 1) on many elements
// at once, lane by lane, with gnark-crypto's vectors: where the machine has AVX-512 a product of a long
// vector costs half of one alone. A few hundred lanes are best: the operands then stay in the cache.
//
// Results may be written over operands, unless a method says otherwise. Vectors that go together must have
// equal lengths. Everything takes variable time.
package lanes

import "github.com/consensys/gnark-crypto/ecc/bn254/fp"

// Scratch is room for the intermediate results of up to as many lanes as it was made for. One goroutine
// uses it at a time.
type Scratch struct{ v [5]fp.Vector }

// NewScratch makes room for n lanes.
func NewScratch(n int) *Scratch {
	all := make(fp.Vector, 5*n)
	s := new(Scratch)
	for i := range s.v {
		s.v[i] = all[i*n:][:n:n]
	}
	return s
}

// Invert sets z = 1/x and returns true; if any x is 0 it returns false, and z is undefined. z and x must not
// overlap. It takes three products a lane, and one inversion of a single element.
//
// The products form a tree: level by level the first half of a vector is multiplied by the second, until
// one is left. On the way back each half's inverses are the parent's times the other half.
func Invert(z, x fp.Vector) bool {
	n := len(x)
	if n == 0 {
		return true
	}
	if n == 1 {
		z[0].Inverse(&x[0])
		return !x[0].IsZero()
	}
	half := n / 2
	a, b := x[:half], x[n-half:]
	// In the middle of an odd number one goes up alone.
	up := make(fp.Vector, 2*(n-half))
	products, inverses := up[:n-half], up[n-half:]
	low := products[:half]
	low.Mul(a, b)
	if n%2 == 1 {
		products[half] = x[half]
	}
	if !Invert(inverses, products) {
		return false
	}
	za, zb := z[:half], z[n-half:]
	za.Mul(inverses[:half], b)
	zb.Mul(inverses[:half], a)
	if n%2 == 1 {
		z[half] = inverses[half]
	}
	return true
}
