package census

import (
	"context"
	"fmt"
	"iter"
	"sync"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// maxTotalWeight bounds the sum of all weights, exclusively: no tally is opened beyond it.
const maxTotalWeight = 1 << 44

// Member is one voter on the roll. Weight is 0 in an unweighted census, 1 to 2^40 - 1 in a weighted one.
type Member struct {
	Commitment Commitment
	Weight     uint64
}

// Tree is a census: its members in order, and the LeanIMT over their leaves. It changes by
// [Tree.Append] and [Tree.Update] alone.
//
// It is safe for concurrent use. Every method sees one state of the census, and Export and Save let
// no member in before they are done. Between two calls the census may have grown: a [Path] says by
// its own Root to which state it belongs.
//
// It keeps all in memory: 75 to 86 bytes for a member, 115 to 126 with a weight.
type Tree struct {
	depth    int
	weighted bool

	mu          sync.RWMutex
	total       uint64 // weight
	commitments column[fr.Element]
	weights     column[uint64]        // none if unweighted
	levels      []*column[fr.Element] // the leaves, then ever fewer nodes, down to the root alone
	index       index
}

// Build makes the census of members that all have weight 0, for an election in which every
// member counts once; that rests on registrations, see the package comment. The tree takes up to
// 2^depth members, 1 <= depth <= 32. in is read once, up to its first error, which ends the building.
func Build(ctx context.Context, depth int, in iter.Seq2[Member, error]) (*Tree, error) {
	return build(ctx, &Tree{depth: depth}, in, 0)
}

// BuildWeighted makes the census of members with weights, each 1 to 2^40 - 1 and all of them
// together below 2^44. It is otherwise like Build.
func BuildWeighted(ctx context.Context, depth int, in iter.Seq2[Member, error]) (*Tree, error) {
	return build(ctx, &Tree{depth: depth, weighted: true}, in, 0)
}

// build takes t empty. Members of a text say themselves whether they have weights, and where an error is.
func build(ctx context.Context, t *Tree, in iter.Seq2[Member, error], r roll) (*Tree, error) {
	if t.depth < 1 || t.depth > MaxDepth {
		return nil, fmt.Errorf("%w: depth %d, 1 to %d allowed", ErrInvalid, t.depth, MaxDepth)
	}
	for m, err := range in {
		if err != nil && r == 0 {
			err = fmt.Errorf("census: %s: %w", r.name(t.size()), err)
		}
		if err == nil {
			if r > 0 && t.size() == 0 {
				t.weighted = m.Weight > 0
			}
			err = t.add(ctx, m, r)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := t.hash(ctx); err != nil {
		return nil, err
	}
	return t, nil
}

// add takes in the next member, without hashing.
func (t *Tree) add(ctx context.Context, m Member, r roll) error {
	i := t.commitments.len()
	if i%4096 == 0 && ctx.Err() != nil {
		return fmt.Errorf("census: stopped at %s: %w", r.name(uint64(i)), ctx.Err())
	}
	c, err := t.check(uint64(i), m, r)
	if err != nil {
		return err
	}
	t.insert(c, m)
	return nil
}

// check refuses a member who cannot be number i, whether new or in place of the one there.
func (t *Tree) check(i uint64, m Member, r roll) (c fr.Element, err error) {
	c, err = m.Commitment.element()
	if err != nil {
		return c, fmt.Errorf("%w: %s: %w", ErrMalformed, r.name(i), err)
	}
	other, there := t.index.find(&c, &t.commitments)
	total := t.total + max(m.Weight, 1)
	if i < t.size() {
		total -= max(t.member(i).Weight, 1)
	}
	switch {
	case i>>t.depth != 0:
		err = fmt.Errorf("%w: %s: a tree of depth %d holds no more than %d members", ErrInvalid, r.name(i), t.depth, uint64(1)<<t.depth)
	case i >= maxMembers:
		err = fmt.Errorf("%w: %s: no tree holds more than 2^32 - 1 members", ErrInvalid, r.name(i))
	case !t.weighted && m.Weight != 0:
		err = fmt.Errorf("%w: %s: weight %d in an unweighted census, 0 wanted", ErrInvalid, r.name(i), m.Weight)
	case t.weighted && (m.Weight < 1 || m.Weight > maxWeight):
		err = fmt.Errorf("%w: %s: weight %d, 1 to 2^40 - 1 allowed", ErrInvalid, r.name(i), m.Weight)
	case there && other != i: //check:census/duplicate
		err = &DuplicateError{First: other, Second: i, weights: [2]uint64{t.member(other).Weight, m.Weight}, roll: r}
	case total >= maxTotalWeight:
		err = fmt.Errorf("%w: %s: the total weight reaches 2^44", ErrInvalid, r.name(i))
	}
	return c, err
}

// insert takes in a member that was checked as the next one.
func (t *Tree) insert(c fr.Element, m Member) {
	t.index.add(&c, t.commitments.len())
	t.commitments.push(c)
	if t.weighted {
		t.weights.push(m.Weight)
	}
	t.total += max(m.Weight, 1)
}

// hash computes the leaves and all levels above them.
func (t *Tree) hash(ctx context.Context) error {
	n := t.commitments.len()
	if n == 0 {
		return fmt.Errorf("%w: no members", ErrInvalid)
	}
	leaves, err := &t.commitments, error(nil)
	if t.weighted {
		leaves = newColumn[fr.Element](n)
		err = parallel(ctx, n, func(i int) { *leaves.at(i) = leaf(*t.commitments.at(i), *t.weights.at(i)) })
	}
	if err == nil {
		t.levels, err = levels(ctx, leaves)
	}
	if err != nil {
		return fmt.Errorf("census: stopped hashing: %w", err)
	}
	return nil
}

// Root returns the root.
func (t *Tree) Root() Root {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.root()
}

func (t *Tree) root() Root { return t.levels[len(t.levels)-1].at(0).Bytes() }

// Size returns the number of members.
func (t *Tree) Size() uint64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.size()
}

func (t *Tree) size() uint64 { return uint64(t.commitments.len()) }

// member returns member i, who is there.
func (t *Tree) member(i uint64) Member {
	m := Member{Commitment: t.commitments.at(int(i)).Bytes()}
	if t.weighted {
		m.Weight = *t.weights.at(int(i))
	}
	return m
}

// TotalWeight returns the sum of the weights; in an unweighted census it is Size.
func (t *Tree) TotalWeight() uint64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.total
}

// Weighted reports a census with weights.
func (t *Tree) Weighted() bool { return t.weighted }

// Depth returns the depth that the tree was built with, the bound on its paths.
func (t *Tree) Depth() int { return t.depth }

// Find returns the position of a member, from 0.
func (t *Tree) Find(c Commitment) (uint64, bool) {
	e, err := c.element()
	if err != nil {
		return 0, false
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.index.find(&e, &t.commitments)
}

// Classes returns the number of members of each weight: the anonymity set of a voter of that
// weight. In an unweighted census all are in the class of weight 1.
func (t *Tree) Classes() map[uint64]uint64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if !t.weighted {
		return map[uint64]uint64{1: t.size()}
	}
	classes := map[uint64]uint64{}
	for _, page := range t.weights.pages {
		for _, w := range page {
			classes[w]++
		}
	}
	return classes
}

// Path returns the path of member i, from 0.
func (t *Tree) Path(i uint64) (Path, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if i >= t.size() {
		return Path{}, outside(i, t.size())
	}
	m := t.member(i)
	p := Path{Commitment: m.Commitment, Weight: m.Weight}
	for k, level := range t.levels {
		p.step(level, i>>k)
	}
	return p, nil
}

// step adds the sibling of node i of a level, if it has one.
func (p *Path) step(level *column[fr.Element], i uint64) {
	if sibling := i ^ 1; sibling < uint64(level.len()) {
		p.Index |= i & 1 << len(p.Siblings)
		p.Siblings = append(p.Siblings, level.at(int(sibling)).Bytes())
	}
}
