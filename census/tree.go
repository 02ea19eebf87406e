package census

import (
	"context"
	"fmt"
	"iter"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// maxTotalWeight bounds the sum of all weights, exclusively: no tally is opened beyond it.
const maxTotalWeight = 1 << 44

// Member is one voter on the roll. Weight is 0 in an unweighted census, 1 to 2^40 - 1 in a weighted one.
type Member struct {
	Commitment Commitment
	Weight     uint64
}

// Tree is a census: its members in order, and the LeanIMT over their leaves. It does not
// change, and is safe for concurrent use.
type Tree struct {
	depth    int
	weighted bool
	members  []Member
	index    map[Commitment]uint64
	total    uint64         // weight
	levels   [][]fr.Element // the leaves, then ever fewer nodes, down to the root alone
}

// Build makes the census of members that all have weight 0, for an election in which every
// member counts once; that rests on registrations, see the package comment. The tree takes up to
// 2^depth members, 1 <= depth <= 32. in is read once, up to its first error, which ends the building.
func Build(ctx context.Context, depth int, in iter.Seq2[Member, error]) (*Tree, error) {
	return build(ctx, &Tree{depth: depth}, in)
}

// BuildWeighted makes the census of members with weights, each 1 to 2^40 - 1 and all of them
// together below 2^44. It is otherwise like Build.
func BuildWeighted(ctx context.Context, depth int, in iter.Seq2[Member, error]) (*Tree, error) {
	return build(ctx, &Tree{depth: depth, weighted: true}, in)
}

func build(ctx context.Context, t *Tree, in iter.Seq2[Member, error]) (*Tree, error) {
	if t.depth < 1 || t.depth > MaxDepth {
		return nil, fmt.Errorf("%w: depth %d, 1 to %d allowed", ErrInvalid, t.depth, MaxDepth)
	}
	for m, err := range in {
		if err != nil {
			return nil, fmt.Errorf("census: member %d: %w", len(t.members), err)
		}
		if err := t.add(ctx, m); err != nil {
			return nil, err
		}
	}
	if err := t.hash(ctx); err != nil {
		return nil, err
	}
	return t, nil
}

// add takes in the next member.
func (t *Tree) add(ctx context.Context, m Member) error {
	i := uint64(len(t.members))
	if i%4096 == 0 && ctx.Err() != nil {
		return fmt.Errorf("census: stopped at member %d: %w", i, ctx.Err())
	}
	if _, err := m.Commitment.element(); err != nil {
		return fmt.Errorf("%w: member %d: %w", ErrMalformed, i, err)
	}
	first, twice := t.index[m.Commitment]
	weight := max(m.Weight, 1)
	switch {
	case i>>t.depth != 0:
		return fmt.Errorf("%w: member %d: a tree of depth %d holds no more than %[2]d members", ErrInvalid, i, t.depth)
	case !t.weighted && m.Weight != 0:
		return fmt.Errorf("%w: member %d: weight %d in an unweighted census, 0 wanted", ErrInvalid, i, m.Weight)
	case t.weighted && (m.Weight < 1 || m.Weight > maxWeight):
		return fmt.Errorf("%w: member %d: weight %d, 1 to 2^40 - 1 allowed", ErrInvalid, i, m.Weight)
	case twice && m.Weight != t.members[first].Weight:
		return fmt.Errorf("%w: members %d and %d have one commitment, under the weights %d and %d",
			ErrDuplicate, first, i, t.members[first].Weight, m.Weight)
	case twice:
		return fmt.Errorf("%w: members %d and %d have one commitment", ErrDuplicate, first, i)
	case t.total+weight >= maxTotalWeight:
		return fmt.Errorf("%w: member %d: the total weight reaches 2^44", ErrInvalid, i)
	}
	if t.index == nil {
		t.index = map[Commitment]uint64{}
	}
	t.index[m.Commitment] = i
	t.members = append(t.members, m)
	t.total += weight
	return nil
}

// hash computes the leaves and all levels above them.
func (t *Tree) hash(ctx context.Context) error {
	if len(t.members) == 0 {
		return fmt.Errorf("%w: no members", ErrInvalid)
	}
	leaves := make([]fr.Element, len(t.members))
	err := parallel(ctx, len(leaves), func(i int) {
		leaves[i], _ = leaf(t.members[i]) // add has checked it
	})
	if err == nil {
		t.levels, err = levels(ctx, leaves)
	}
	if err != nil {
		return fmt.Errorf("census: stopped hashing: %w", err)
	}
	return nil
}

// Root returns the root.
func (t *Tree) Root() Root { return t.levels[len(t.levels)-1][0].Bytes() }

// Size returns the number of members.
func (t *Tree) Size() uint64 { return uint64(len(t.members)) }

// TotalWeight returns the sum of the weights; in an unweighted census it is Size.
func (t *Tree) TotalWeight() uint64 { return t.total }

// Weighted reports a census with weights.
func (t *Tree) Weighted() bool { return t.weighted }

// Depth returns the depth that the tree was built with, the bound on its paths.
func (t *Tree) Depth() int { return t.depth }

// Find returns the position of a member, from 0.
func (t *Tree) Find(c Commitment) (uint64, bool) {
	i, ok := t.index[c]
	return i, ok
}

// Classes returns the number of members of each weight: the anonymity set of a voter of that
// weight. In an unweighted census all are in the class of weight 1.
func (t *Tree) Classes() map[uint64]uint64 {
	classes := map[uint64]uint64{}
	for _, m := range t.members {
		classes[max(m.Weight, 1)]++
	}
	return classes
}

// Path returns the path of member i, from 0.
func (t *Tree) Path(i uint64) (Path, error) {
	if i >= t.Size() {
		return Path{}, fmt.Errorf("%w: member %d of a census of %d", ErrInvalid, i, t.Size())
	}
	p := Path{Commitment: t.members[i].Commitment, Weight: t.members[i].Weight}
	for k, level := range t.levels {
		p.step(level, i>>k)
	}
	return p, nil
}

// step adds the sibling of node i of a level, if it has one.
func (p *Path) step(level []fr.Element, i uint64) {
	if sibling := i ^ 1; sibling < uint64(len(level)) {
		p.Index |= i & 1 << len(p.Siblings)
		p.Siblings = append(p.Siblings, level[sibling].Bytes())
	}
}
