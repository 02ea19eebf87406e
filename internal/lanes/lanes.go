// Package lanes does arithmetic of BN254's base field F_p and of F_p2 = F_p[u]/(u^2 + 1) on many elements
// at once, lane by lane, with gnark-crypto's vectors: where the machine has AVX-512 a product of a long
// vector costs half of one alone. A few hundred lanes are best: the operands then stay in the cache.
//
// Results may be written over operands, unless a method says otherwise. Vectors that go together must have
// equal lengths. Everything takes variable time.
package lanes

import (
	"math/bits"

	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
)

// Scratch is room for the intermediate results of up to as many lanes as it was made for. One goroutine
// uses it at a time.
type Scratch struct {
	v    [3]fp.Vector
	tree fp.Vector // of Invert
}

// NewScratch makes room for n lanes.
func NewScratch(n int) *Scratch {
	s := &Scratch{tree: make(fp.Vector, treeSize(n))}
	for i := range s.v {
		s.v[i] = make(fp.Vector, n)
	}
	return s
}

// Invert sets z = 1/x and returns true; if any x is 0 it returns false, and z is undefined. z and x must not
// overlap. It takes three products a lane, and one inversion of a single element.
//
// The products form a tree: level by level the first half of a vector is multiplied by the second, until
// one is left. On the way back each half's inverses are the parent's times the other half.
func Invert(z, x fp.Vector) bool { return invert(z, x, make(fp.Vector, treeSize(len(x)))) }

// Invert is the function Invert without room of its own.
func (s *Scratch) Invert(z, x fp.Vector) bool { return invert(z, x, s.tree) }

// treeSize bounds the room that the levels of a tree take: products and inverses of n/2, n/4 .. 1 lanes,
// each rounded up.
func treeSize(n int) int { return 2 * (n + bits.Len(uint(n))) }

func invert(z, x, tree fp.Vector) bool {
	n := len(x)
	if n == 0 {
		return true
	}
	if n <= fewLanes {
		return invertFew(z, x)
	}
	half := n / 2
	a, b := x[:half], x[n-half:]
	// In the middle of an odd number one goes up alone.
	products, inverses, tree := tree[:n-half], tree[n-half:2*(n-half)], tree[2*(n-half):]
	low := products[:half]
	low.Mul(a, b)
	if n%2 == 1 {
		products[half] = x[half]
	}
	if !invert(inverses, products, tree) {
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

// fewLanes are as fast one by one.
const fewLanes = 8

// invertFew is Invert by Montgomery's trick: z_i is the product of those before, until the way back.
func invertFew(z, x fp.Vector) bool {
	product := fp.One()
	for i := range x {
		z[i] = product
		product.Mul(&product, &x[i])
	}
	if product.IsZero() {
		return false
	}
	product.Inverse(&product)
	for i := len(x) - 1; i >= 0; i-- {
		z[i].Mul(&z[i], &product)
		product.Mul(&product, &x[i])
	}
	return true
}
