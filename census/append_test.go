package census

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/poseidon"
)

// equal demands that a tree is what Build makes of the members.
func equal(t testing.TB, ms []Member, got *Tree) {
	t.Helper()
	want := tree(t, got.Depth(), ms)
	require.Equal(t, want.levels, got.levels, "%d members", len(ms))
	require.Equal(t, want.head(), got.head())
	require.Equal(t, want.weights, got.weights)
	for i, m := range ms {
		at, ok := got.Find(m.Commitment)
		require.True(t, ok, "member %d of %d", i, len(ms))
		require.EqualValues(t, i, at)
		require.Equal(t, m, got.member(at))
	}
}

func TestAppendIsBuild(t *testing.T) {
	for _, ms := range [][]Member{members(70), members(70, 5, 1, 1<<39)} {
		grown := tree(t, 7, ms[:1])
		for n := 2; n <= len(ms); n++ {
			i, err := grown.Append(ms[n-1])
			require.NoError(t, err)
			require.EqualValues(t, n-1, i)
			equal(t, ms[:n], grown)
		}
	}
}

// Pages end after 4096 nodes, and here on two levels.
func TestAppendAcrossPages(t *testing.T) {
	ms := members(2*pageLength + 3)
	tr := tree(t, 14, ms[:2*pageLength-2])
	for _, m := range ms[2*pageLength-2:] {
		_, err := tr.Append(m)
		require.NoError(t, err)
	}
	equal(t, ms, tr)
}

func TestRandomAppendsAndUpdatesAreBuild(t *testing.T) {
	random := rand.New(rand.NewPCG(37, 1))
	for round := range 12 {
		ms := members(1 + round%7)
		if round%2 == 1 {
			ms = members(1+round%7, 3)
		}
		tr := tree(t, 8, ms)
		gone := map[Commitment]bool{}
		for range 60 {
			m := Member{Commitment: commitment(1 + random.Uint64N(150))}
			if tr.Weighted() {
				m.Weight = 1 + random.Uint64N(1<<30)
			}
			there := slices.IndexFunc(ms, func(o Member) bool { return o.Commitment == m.Commitment })
			if i := random.IntN(2 * len(ms)); i < len(ms) {
				err := tr.Update(uint64(i), m)
				if there >= 0 && there != i {
					require.ErrorIs(t, err, ErrDuplicate)
					continue
				}
				require.NoError(t, err)
				gone[ms[i].Commitment] = true
				ms[i] = m
			} else {
				_, err := tr.Append(m)
				if there >= 0 {
					require.ErrorIs(t, err, ErrDuplicate)
					continue
				}
				require.NoError(t, err)
				ms = append(ms, m)
			}
			delete(gone, m.Commitment)
			for c := range gone {
				_, ok := tr.Find(c)
				require.False(t, ok, "a member who was replaced")
			}
		}
		equal(t, ms, tr)
		leaves := make([]fr.Element, len(ms))
		for i, m := range ms {
			leaves[i].SetBytes(m.Commitment[:])
			if m.Weight > 0 {
				leaves[i] = poseidon.Hash(leaves[i], fr.NewElement(m.Weight), fr.Element{})
			}
		}
		want := naive(leaves)
		require.Equal(t, Root(want.Bytes()), tr.Root())
	}
}

func TestAttack37AppendAndUpdateRefuseAsBuild(t *testing.T) {
	plain, weighted := members(7), members(7, 1, 2)
	heavy := members(17, maxWeight)[:16] // 2^44 - 16 in all
	for _, c := range []struct {
		name    string
		members []Member
		bad     Member
		kind    error
		says    string // of Append; Update of member 2 says member 2
	}{
		{"zero", plain, Member{}, ErrMalformed, "commitment 0"},
		{"modulus", plain, Member{Commitment: modulus(0)}, ErrMalformed, "not below the field's modulus"},
		{"commitment + modulus", plain, Member{Commitment: modulus(9)}, ErrMalformed, "not below the field's modulus"},
		{"twice", plain, plain[4], ErrDuplicate, "the commitment of member 4 again"},
		{"under another weight", weighted, Member{weighted[4].Commitment, 2}, ErrDuplicate, "the commitment of member 4 again, under the weights 1 and 2"},
		{"weight in an unweighted census", plain, Member{commitment(50), 1}, ErrInvalid, "weight 1 in an unweighted"},
		{"no weight", weighted, Member{commitment(50), 0}, ErrInvalid, "weight 0"},
		{"weight 2^40", weighted, Member{commitment(50), 1 << 40}, ErrInvalid, "weight 1099511627776"},
		{"weight 2^64 - 1", weighted, Member{commitment(50), 1<<64 - 1}, ErrInvalid, "weight"},
		{"total", heavy, Member{commitment(50), 16}, ErrInvalid, "the total weight reaches 2^44"},
	} {
		tr := tree(t, 5, c.members)
		_, err := tr.Append(c.bad)
		require.ErrorIs(t, err, c.kind, c.name)
		require.ErrorContains(t, err, c.says, c.name)
		require.ErrorContains(t, err, ": member ", c.name)
		if c.name != "total" {
			err = tr.Update(2, c.bad)
			require.ErrorIs(t, err, c.kind, c.name)
			require.ErrorContains(t, err, ": member 2: ", c.name)
			require.ErrorContains(t, err, c.says, c.name)
		}
		equal(t, c.members, tr)
	}

	tr := tree(t, 3, members(8))
	_, err := tr.Append(Member{Commitment: commitment(9)})
	require.ErrorContains(t, err, "member 8: a tree of depth 3 holds no more than 8 members")
	for _, i := range []uint64{8, 1 << 40, 1<<64 - 1} {
		require.ErrorContains(t, tr.Update(i, Member{Commitment: commitment(9)}), "of a census of 8")
	}
	equal(t, members(8), tr)
}

// An update takes the old weight out before it bounds the new total.
func TestUpdateCountsWeightsOnce(t *testing.T) {
	ms := members(17, maxWeight)
	ms[16].Weight = 15 // 2^44 - 1 in all
	tr := tree(t, 5, ms)
	require.NoError(t, tr.Update(16, Member{commitment(99), 15}))
	require.ErrorContains(t, tr.Update(16, Member{commitment(99), 16}), "the total weight reaches 2^44")
	require.NoError(t, tr.Update(16, Member{commitment(99), 2}))
	require.EqualValues(t, 1<<44-14, tr.TotalWeight())
	ms[16] = Member{commitment(99), 2}
	equal(t, ms, tr)
}

func TestDuplicateSaysWhichMembers(t *testing.T) {
	tr := tree(t, 5, members(9))
	var twice *DuplicateError
	_, err := tr.Append(members(4)[3])
	require.ErrorAs(t, err, &twice)
	require.EqualValues(t, 3, twice.First)
	require.EqualValues(t, 9, twice.Second)
	require.ErrorAs(t, tr.Update(1, members(8)[7]), &twice)
	require.EqualValues(t, 7, twice.First)
	require.EqualValues(t, 1, twice.Second)
}

// For the race detector; and each path belongs to one state of the census, whatever happens meanwhile.
func TestTreeIsUsedWhileItGrows(t *testing.T) {
	tr := tree(t, 8, members(5))
	roots := map[Root]bool{tr.Root(): true}
	seen := make(chan Root, 1000)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for k := range uint64(3) {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				case seen <- tr.Root():
				}
				p, err := tr.Path(k)
				if err == nil {
					var root Root
					root, err = p.Root()
					seen <- root
				}
				if err != nil {
					t.Error(err)
				}
				tr.Find(commitment(k))
				tr.Classes()
				if tr.TotalWeight() > tr.Size() { // which is read later, and never shrinks
					t.Error("more weight than members")
				}
			}
		})
	}
	readers.Go(func() {
		if err := tr.Save(t.TempDir() + "/tree"); err != nil {
			t.Error(err)
		}
		if err := tr.Export(t.TempDir() + "/census"); err != nil {
			t.Error(err)
		}
	})
	var read []Root
	var collector sync.WaitGroup
	collector.Go(func() {
		for root := range seen {
			read = append(read, root)
		}
	})
	for n := uint64(6); n <= 100; n++ {
		_, err := tr.Append(Member{Commitment: commitment(n)})
		require.NoError(t, err)
		roots[tr.Root()] = true
		require.NoError(t, tr.Update(n%5, Member{Commitment: commitment(1000 + n)}))
		roots[tr.Root()] = true
	}
	close(done)
	readers.Wait()
	close(seen)
	collector.Wait()
	require.NotEmpty(t, read)
	for _, root := range read {
		require.True(t, roots[root], "a root that the census never had")
	}
}

// The index against a map, with all commitments in one of its tables.
func TestIndexIsAMap(t *testing.T) {
	var all column[fr.Element]
	var x index
	first := fr.NewElement(1)
	crowded, _ := x.place(&first)
	for n := uint64(1); all.len() < 60; n++ {
		c := fr.NewElement(n)
		if in, _ := x.place(&c); in == crowded {
			all.push(c)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	there := map[int]bool{}
	for range 3000 {
		i := random.IntN(all.len())
		if there[i] {
			x.remove(all.at(i), i)
		} else {
			x.add(all.at(i), i)
		}
		there[i] = !there[i]
		for k := range all.len() {
			at, ok := x.find(all.at(k), &all)
			require.Equal(t, there[k], ok)
			if ok {
				require.EqualValues(t, k, at)
			}
		}
	}
	require.LessOrEqual(t, len(crowded.slots), 128, "removals leave nothing behind")
}
