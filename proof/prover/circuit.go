package prover

import (
	"math/big"

	"github.com/consensys/gnark/frontend"
)

// circuit is the relation of docs/spec/membership.md, section 3: that of Semaphore v4, and with a
// weight its variation. Public inputs come first, in the order of the fields.
//
// There are no hints: every internal wire is computed from the inputs by the row that defines it, and every
// input is tied by the rows of Define.
type circuit struct {
	Root      frontend.Variable   `gnark:",public"`
	Nullifier frontend.Variable   `gnark:",public"`
	Message   frontend.Variable   `gnark:",public"` // H(message)
	Scope     frontend.Variable   `gnark:",public"` // H(scope)
	Weight    []frontend.Variable `gnark:",public"` // one in the weighted relation, none in the other

	Secret   frontend.Variable   // s
	Bits     []frontend.Variable // of s, the lowest first
	Length   []frontend.Variable // Length[i] is 1 if the path has i siblings, else 0; 0 <= i <= depth
	Right    []frontend.Variable // Right[i] is 1 if the node below Siblings[i] is the right child, else 0
	Siblings []frontend.Variable // those beyond the length are free, and do not matter
}

func newCircuit(r Relation) *circuit {
	c := &circuit{
		Weight:   []frontend.Variable{}, // not nil, which gnark would warn of
		Bits:     make([]frontend.Variable, scalarBits),
		Length:   make([]frontend.Variable, r.Depth+1),
		Right:    make([]frontend.Variable, r.Depth),
		Siblings: make([]frontend.Variable, r.Depth),
	}
	if r.Weighted {
		c.Weight = make([]frontend.Variable, 1)
	}
	return c
}

// Define writes the rows.
func (c *circuit) Define(api frontend.API) error {
	hash := newPermutation(api, 3).hash

	// Every public input is squared, in a row whose left side is that input alone. So no point K_i of a
	// key is zero, and nobody can exchange the message of a proof. It also makes the left sides of
	// public wires independent of each other and of all others, which weak simulation extractability
	// of Groth16 asks for (Baghery, Kohlweiss, Siim, Volkhov: eprint 2020/811); for the constant wire,
	// whose left side stands alone in every equality, too.
	for _, v := range append([]frontend.Variable{c.Root, c.Nullifier, c.Message, c.Scope}, c.Weight...) {
		api.Mul(v, v)
	}

	// s = sum 2^i Bits[i] with bits, and s <= q-1 as an integer. Without the bound, s+q is a second secret
	// for the same public key, with another nullifier.
	var order big.Int
	order.SetString(subgroupOrder, 10)
	assertAtMost(api, c.Bits, order.Sub(&order, big.NewInt(1)))
	sum := frontend.Variable(0)
	for i, bit := range c.Bits {
		sum = api.Add(sum, api.Mul(bit, new(big.Int).Lsh(big.NewInt(1), uint(i))))
	}
	api.AssertIsEqual(c.Secret, sum)

	// (x, y) = s B8, commitment = Poseidon(x, y), leaf = commitment or Poseidon(commitment, weight, 0). The
	// zero is the third input: the leaf is no hash of two, so no path goes on below it.
	x, y := baseMul(api, c.Bits)
	node := hash(x, y)
	for _, weight := range c.Weight {
		node = newPermutation(api, 4).hash(node, weight, 0)
	}

	// nullifier = Poseidon(H(scope), s).
	api.AssertIsEqual(c.Nullifier, hash(c.Scope, c.Secret))

	// Up the tree: node_0 = leaf, node_(i+1) = Poseidon(node_i, sibling_i), or the other way round. The
	// path's length is the one i with Length[i] = 1: the lengths are bits and their sum is 1, over the
	// integers as well since there are few. root = sum Length[i] node_i is node_length.
	api.AssertIsBoolean(c.Length[0])
	lengths := c.Length[0]
	root := api.Mul(node, c.Length[0])
	for i, sibling := range c.Siblings {
		api.AssertIsBoolean(c.Right[i])
		swap := api.Mul(api.Sub(sibling, node), c.Right[i])
		node = hash(api.Add(node, swap), api.Sub(sibling, swap))

		api.AssertIsBoolean(c.Length[i+1])
		lengths = api.Add(lengths, c.Length[i+1])
		root = api.Add(root, api.Mul(node, c.Length[i+1]))
	}
	api.AssertIsEqual(lengths, 1)
	api.AssertIsEqual(c.Root, root)
	api.Inverse(c.Root) // the row root * inverse = 1: the root is not 0
	return nil
}

// assertAtMost constrains every element of bits to 0 or 1, and their number (the lowest bit first) to at
// most bound. Going down from the top, p says that all bits so far are those of the bound:
//
//	bound bit 1:  p' = p bit,  bit (1 - bit) = 0
//	bound bit 0:  p' = p,      bit (1 - p - bit) = 0
//
// With p = 0 the last row says that bit is 0 or 1; with p = 1, that it is 0, as in the bound. (Zcash
// protocol specification, A.3.2.2.) gnark's builder has it; its general interface has no way to write
// a row with a product that is zero.
func assertAtMost(api frontend.API, bits []frontend.Variable, bound *big.Int) {
	api.Compiler().(interface {
		MustBeLessOrEqCst(bits []frontend.Variable, bound *big.Int, forDebug frontend.Variable)
	}).MustBeLessOrEqCst(bits, bound, 0)
}
