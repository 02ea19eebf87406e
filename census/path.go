package census

import (
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/scrutin/scrutin/internal/poseidon"
)

// MaxDepth is the longest path that any census may have.
const MaxDepth = 32

// maxWeight is the largest weight of a member.
const maxWeight = 1<<40 - 1

// Path leads from a member to the root. Levels at which the member's subtree has no sibling
// are left out, so a path may be shorter than the depth of the tree.
type Path struct {
	Commitment Commitment
	Weight     uint64 // 0 in an unweighted census
	Index      uint64 // bit k is 1 where the subtree below Siblings[k] is the right child
	Siblings   []Node
}

// Root returns the root that the path leads to. It refuses a path that no census has: more
// than MaxDepth siblings, an index of more bits than siblings, numbers out of range.
func (p Path) Root() (Root, error) {
	if n := len(p.Siblings); n > MaxDepth || p.Index>>n != 0 {
		return Root{}, fmt.Errorf("%w: path of %d siblings, at most %d allowed, or with an index of more bits", ErrMalformed, n, MaxDepth)
	}
	if p.Weight > maxWeight {
		return Root{}, fmt.Errorf("%w: path of weight %d, at most 2^40 - 1 allowed", ErrMalformed, p.Weight)
	}
	c, err := p.Commitment.element()
	if err != nil {
		return Root{}, fmt.Errorf("%w: path: %w", ErrMalformed, err)
	}
	node := leaf(c, p.Weight)
	for k, s := range p.Siblings {
		sibling, err := element(s)
		if err != nil {
			return Root{}, fmt.Errorf("%w: path: sibling %d: %w", ErrMalformed, k, err)
		}
		if p.Index>>k&1 == 1 {
			node = poseidon.Hash2(&sibling, &node)
		} else {
			node = poseidon.Hash2(&node, &sibling)
		}
	}
	return node.Bytes(), nil
}

// leaf returns the commitment, or Poseidon(commitment, weight, 0) if there is a weight. Nodes are hashes of
// two elements and this is one of three: no leaf with a weight is a node above other leaves.
func leaf(c fr.Element, weight uint64) fr.Element {
	if weight == 0 {
		return c
	}
	return poseidon.Hash(c, fr.NewElement(weight), fr.Element{})
}
