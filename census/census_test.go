package census

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math/big"
	"os"
	"runtime"
	"slices"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/poseidon"
)

// commitment is the field element n.
func commitment(n uint64) Commitment {
	e := fr.NewElement(n)
	return e.Bytes()
}

// members returns n members with commitments 1 to n and, if there are any, weights in turn.
func members(n int, weights ...uint64) []Member {
	out := make([]Member, n)
	for i := range out {
		out[i].Commitment = commitment(uint64(i + 1))
		if len(weights) > 0 {
			out[i].Weight = weights[i%len(weights)]
		}
	}
	return out
}

func sequence(ms []Member) iter.Seq2[Member, error] {
	return func(yield func(Member, error) bool) {
		for _, m := range ms {
			if !yield(m, nil) {
				return
			}
		}
	}
}

// tree builds a census, weighted if its first member has a weight.
func tree(t testing.TB, depth int, ms []Member) *Tree {
	t.Helper()
	f := Build
	if ms[0].Weight > 0 {
		f = BuildWeighted
	}
	tr, err := f(t.Context(), depth, sequence(ms))
	require.NoError(t, err)
	return tr
}

func vectors(t *testing.T, name string, into any) {
	t.Helper()
	b, err := os.ReadFile("../testdata/semaphore-v4/" + name)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, into))
}

func TestRootsAreSemaphores(t *testing.T) {
	var v struct {
		Roots []struct {
			Leaves int
			Root   Root
			Depth  int
		}
	}
	vectors(t, "leanimt-roots.json", &v)
	require.Len(t, v.Roots, 40)
	for _, r := range v.Roots {
		tr := tree(t, 6, members(r.Leaves))
		require.Equal(t, r.Root, tr.Root(), "%d leaves", r.Leaves)
		require.Len(t, tr.levels, r.Depth+1, "%d leaves", r.Leaves)
	}
}

func TestPathsAreSemaphores(t *testing.T) {
	var v struct {
		Proofs []struct {
			Leaves    int
			LeafIndex uint64
			Proof     struct {
				Root     Root
				Leaf     Commitment
				Index    uint64
				Siblings []Node
			}
		}
	}
	vectors(t, "leanimt-proofs.json", &v)
	require.Len(t, v.Proofs, 24)
	for _, p := range v.Proofs {
		ms := members(p.Leaves)
		for i := range ms {
			ms[i].Commitment = commitment(7 * uint64(i+1))
		}
		tr := tree(t, 6, ms)
		got, err := tr.Path(p.LeafIndex)
		require.NoError(t, err)
		require.Equal(t, p.Proof.Leaf, got.Commitment)
		require.Equal(t, p.Proof.Index, got.Index)
		require.Empty(t, got.Weight)
		require.True(t, slices.Equal(p.Proof.Siblings, got.Siblings), "leaf %d of %d", p.LeafIndex, p.Leaves)
		require.Equal(t, p.Proof.Root, tr.Root())
		root, err := got.Root()
		require.NoError(t, err)
		require.Equal(t, p.Proof.Root, root)
	}
}

// naive is the LeanIMT's definition, top down: the left subtree is the largest power of two
// below the size; equal to carrying lone left children up, and written without levels.
func naive(leaves []fr.Element) fr.Element {
	if len(leaves) == 1 {
		return leaves[0]
	}
	left := 1
	for 2*left < len(leaves) {
		left *= 2
	}
	return poseidon.Hash(naive(leaves[:left]), naive(leaves[left:]))
}

func TestTreeIsTheNaiveLeanIMT(t *testing.T) {
	sizes := []int{511, 512, 513, 1000, 1024, 1025}
	for n := 1; n <= 300; n++ {
		sizes = append(sizes, n)
	}
	for _, n := range sizes {
		ms := members(n)
		if n%2 == 1 {
			ms = members(n, 1, 70, 1<<33)
		}
		leaves := make([]fr.Element, n)
		for i, m := range ms {
			leaves[i].SetUint64(uint64(i + 1))
			if m.Weight > 0 {
				leaves[i] = poseidon.Hash(leaves[i], fr.NewElement(m.Weight), fr.Element{})
			}
		}
		tr := tree(t, 11, ms)
		want := naive(leaves)
		require.Equal(t, Root(want.Bytes()), tr.Root(), "%d members", n)

		for i := range uint64(n) {
			if n > 40 && i%61 != 0 && i < uint64(n-2) {
				continue
			}
			p, err := tr.Path(i)
			require.NoError(t, err)
			require.Equal(t, ms[i], Member{p.Commitment, p.Weight})
			root, err := p.Root()
			require.NoError(t, err)
			require.Equal(t, tr.Root(), root, "member %d of %d", i, n)
		}
		_, err := tr.Path(uint64(n))
		require.ErrorIs(t, err, ErrInvalid)
	}
}

func TestTreeTellsWhatItHolds(t *testing.T) {
	tr := tree(t, 5, members(7, 3, 1))
	require.True(t, tr.Weighted())
	require.Equal(t, 5, tr.Depth())
	require.EqualValues(t, 7, tr.Size())
	require.EqualValues(t, 4*3+3*1, tr.TotalWeight())
	require.Equal(t, map[uint64]uint64{3: 4, 1: 3}, tr.Classes())
	i, ok := tr.Find(commitment(5))
	require.True(t, ok)
	require.EqualValues(t, 4, i)
	_, ok = tr.Find(commitment(8))
	require.False(t, ok)

	tr = tree(t, 3, members(8))
	require.False(t, tr.Weighted())
	require.EqualValues(t, 8, tr.TotalWeight())
	require.Equal(t, map[uint64]uint64{1: 8}, tr.Classes())
}

// A weight is part of the leaf: no path serves two weights, none at all included.
func TestRootDependsOnEveryWeight(t *testing.T) {
	tr := tree(t, 3, members(5, 2))
	p, err := tr.Path(3)
	require.NoError(t, err)
	for _, weight := range []uint64{0, 1, 3, maxWeight} {
		p.Weight = weight
		root, err := p.Root()
		require.NoError(t, err)
		require.NotEqual(t, tr.Root(), root)
	}
	require.NotEqual(t, tree(t, 3, members(5)).Root(), tree(t, 3, members(5, 1)).Root())
}

func modulus(plus int64) (c Commitment) {
	new(big.Int).Add(fr.Modulus(), big.NewInt(plus)).FillBytes(c[:])
	return c
}

func TestRejectsBadMembers(t *testing.T) {
	with := func(i int, m Member, ms []Member) []Member {
		ms[i] = m
		return ms
	}
	for _, c := range []struct {
		name     string
		weighted bool
		members  []Member
		kind     error
		says     string
	}{
		{"nobody", false, nil, ErrInvalid, "no members"},
		{"zero", false, with(2, Member{}, members(4)), ErrMalformed, "member 2: commitment 0"},
		{"modulus", false, with(1, Member{Commitment: modulus(0)}, members(4)), ErrMalformed, "member 1: commitment: the number is not below"},
		{"modulus and one", false, with(1, Member{Commitment: modulus(1)}, members(4)), ErrMalformed, "member 1: "},
		{"all ones", false, with(0, Member{Commitment: Commitment(slices.Repeat([]byte{0xff}, 32))}, members(4)), ErrMalformed, "member 0: "},
		{"twice", false, with(3, members(2)[1], members(4)), ErrDuplicate, "member 3: the commitment of member 1 again"},
		{"weight in an unweighted census", false, with(3, members(4, 1)[3], members(4)), ErrInvalid, "member 3: weight 1 in an unweighted"},
		{"no weight", true, with(3, members(4)[3], members(4, 5)), ErrInvalid, "member 3: weight 0"},
		{"weight 2^40", true, members(4, 1, 1<<40), ErrInvalid, "member 1: weight 1099511627776"},
		{"weight 2^64 - 1", true, members(4, 1<<64-1), ErrInvalid, "member 0: weight"},
		{"too many", false, members(9), ErrInvalid, "member 8: a tree of depth 3 holds no more than 8"},
	} {
		f := Build
		if c.weighted {
			f = BuildWeighted
		}
		_, err := f(t.Context(), 3, sequence(c.members))
		require.ErrorIs(t, err, c.kind, c.name)
		require.ErrorContains(t, err, c.says, c.name)
	}
	for _, depth := range []int{-1, 0, 33, 1 << 40} {
		_, err := Build(t.Context(), depth, sequence(members(1)))
		require.ErrorIs(t, err, ErrInvalid)
	}
	for _, depth := range []int{1, 32} {
		_, err := Build(t.Context(), depth, sequence(members(2)))
		require.NoError(t, err)
	}
}

func TestAttack37OneCommitmentUnderTwoWeights(t *testing.T) {
	ms := members(4, 1, 2)
	ms[3].Commitment = ms[0].Commitment
	_, err := BuildWeighted(t.Context(), 4, sequence(ms))
	require.ErrorIs(t, err, ErrDuplicate)
	require.ErrorContains(t, err, "member 3: the commitment of member 0 again, under the weights 1 and 2")
}

func TestAttack37WeightsBeyondTheTotal(t *testing.T) {
	// 2^44 - 16 in all, and then 15 more, and then 16 more.
	ms := members(17, maxWeight)
	ms[16].Weight = 15
	tr := tree(t, 5, ms)
	require.EqualValues(t, 1<<44-1, tr.TotalWeight())
	ms[16].Weight = 16
	_, err := BuildWeighted(t.Context(), 5, sequence(ms))
	require.ErrorIs(t, err, ErrInvalid)
	require.ErrorContains(t, err, "member 16: the total weight reaches 2^44")
}

func TestBuildEndsWithItsSource(t *testing.T) {
	cause := errors.New("connection lost")
	read := 0
	_, err := Build(t.Context(), 4, func(yield func(Member, error) bool) {
		for i, m := range members(5) {
			read++
			if i == 2 {
				m, err := Member{}, cause
				if !yield(m, err) {
					return
				}
			} else if !yield(m, nil) {
				return
			}
		}
	})
	require.ErrorIs(t, err, cause)
	require.ErrorContains(t, err, "census: member 2: ")
	require.Equal(t, 3, read)
}

func TestBuildIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	tr, err := Build(ctx, 4, sequence(members(3)))
	require.ErrorIs(t, err, context.Canceled)
	require.Nil(t, tr)

	// In the middle of the members.
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	n := uint64(0)
	_, err = Build(ctx, 32, func(yield func(Member, error) bool) {
		for n = 1; yield(Member{Commitment: commitment(n)}, nil); n++ {
			if n == 5000 {
				cancel()
			}
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Less(t, n, uint64(10_000))

	// In the middle of the hashing: every core ends its chunk.
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	count := make(chan struct{}, 1<<20)
	err = parallel(ctx, 1<<20, func(int) {
		cancel()
		count <- struct{}{}
	})
	require.ErrorIs(t, err, context.Canceled)
	require.LessOrEqual(t, len(count), 256*runtime.GOMAXPROCS(0))
}

func TestParallelCallsEachOnce(t *testing.T) {
	for _, n := range []int{0, 1, 255, 256, 257, 5000} {
		calls := make([]int, n)
		require.NoError(t, parallel(t.Context(), n, func(i int) { calls[i]++ }))
		for i, c := range calls {
			require.Equal(t, 1, c, "%d of %d", i, n)
		}
	}
}

func TestRejectsBadPaths(t *testing.T) {
	tr := tree(t, 5, members(21, 4))
	good, err := tr.Path(13)
	require.NoError(t, err)
	require.Len(t, good.Siblings, 5)
	change := func(f func(*Path)) Path {
		p := good
		p.Siblings = slices.Clone(p.Siblings)
		f(&p)
		return p
	}
	for name, p := range map[string]Path{
		"no commitment":            change(func(p *Path) { p.Commitment = Commitment{} }),
		"commitment + modulus":     change(func(p *Path) { p.Commitment = modulus(14) }),
		"weight 2^40":              change(func(p *Path) { p.Weight = 1 << 40 }),
		"sibling = modulus":        change(func(p *Path) { p.Siblings[2] = Node(modulus(0)) }),
		"sibling of ones":          change(func(p *Path) { p.Siblings[4] = Node(slices.Repeat([]byte{0xff}, 32)) }),
		"index of six bits":        change(func(p *Path) { p.Index |= 1 << 5 }),
		"index of 64 bits":         change(func(p *Path) { p.Index |= 1 << 63 }),
		"sibling absent":           change(func(p *Path) { p.Siblings = p.Siblings[:3] }),
		"33 siblings":              change(func(p *Path) { p.Siblings = make([]Node, 33) }),
		"64 siblings":              change(func(p *Path) { p.Siblings = make([]Node, 64) }),
		"index without siblings":   {Commitment: commitment(1), Index: 1},
		"a path of nothing at all": {},
	} {
		_, err := p.Root()
		require.ErrorIs(t, err, ErrMalformed, name)
	}
	// What is well formed leads elsewhere.
	for name, p := range map[string]Path{
		"other commitment":   change(func(p *Path) { p.Commitment = commitment(99) }),
		"other weight":       change(func(p *Path) { p.Weight++ }),
		"other index":        change(func(p *Path) { p.Index ^= 4 }),
		"other sibling":      change(func(p *Path) { p.Siblings[1][31] ^= 1 }),
		"sibling 0":          change(func(p *Path) { p.Siblings[1] = Node{} }),
		"siblings exchanged": change(func(p *Path) { p.Siblings[0], p.Siblings[1] = p.Siblings[1], p.Siblings[0] }),
		"longer":             change(func(p *Path) { p.Siblings = append(p.Siblings, Node{}) }),
		"shorter":            change(func(p *Path) { p.Siblings, p.Index = p.Siblings[:4], p.Index&15 }),
	} {
		root, err := p.Root()
		require.NoError(t, err, name)
		require.NotEqual(t, tr.Root(), root, name)
	}
	root, err := Path{Commitment: commitment(7)}.Root()
	require.NoError(t, err)
	require.Equal(t, Root(commitment(7)), root, "a path without siblings leads to its leaf")
	_, err = Path{Commitment: commitment(7), Index: 1<<32 - 1, Siblings: make([]Node, 32)}.Root()
	require.NoError(t, err)
}

func TestEveryPathIsItsMembersOwn(t *testing.T) {
	// Sibling subtrees cannot be taken for members: positions and leaves determine the path.
	seen := map[string]int{}
	tr := tree(t, 6, members(50))
	for i := range 50 {
		p, err := tr.Path(uint64(i))
		require.NoError(t, err)
		key := fmt.Sprint(p.Index, p.Siblings)
		require.NotContains(t, seen, key)
		seen[key] = i
	}
}

// So many are not built here: what is asked is whether one may be the last.
func TestNoTreeHoldsMoreThanItsIndexCounts(t *testing.T) {
	tree := &Tree{depth: 32}
	m := Member{Commitment: Commitment{31: 1}}
	_, err := tree.check(maxMembers-1, m, roll(0))
	require.NoError(t, err)
	_, err = tree.check(maxMembers, m, roll(0))
	require.ErrorIs(t, err, ErrInvalid)
	require.ErrorContains(t, err, "2^32 - 1")
}
