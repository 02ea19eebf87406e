package ballot

import (
	"errors"
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/proof"
)

// stub is a ballot for the rule-book, which reads neither ciphertexts nor proofs.
func stub(m *Manifest, voter, key byte, weight uint64, sequence uint32, content byte) *Ballot {
	b := &Ballot{election: m.id, sequence: sequence}
	b.voter.nullifier = proof.Nullifier{31: voter}
	b.voter.keyBytes = [64]byte{key}
	b.voter.weight = weight
	b.raw = []byte{voter, key, byte(weight), byte(sequence), content}
	return b
}

func TestTheLastBallotCounts(t *testing.T) {
	m := newElection(t).m // the limit is 3
	r := NewRulebook(m)
	for i := range uint32(4) {
		b := stub(m, 1, 1, 0, i, 0)
		require.NoError(t, r.Check(b))
		superseded, replaced, err := r.Apply(b, uint64(10+i))
		require.NoError(t, err)
		require.Equal(t, i > 0, replaced)
		if replaced {
			require.EqualValues(t, 9+i, superseded)
		}
	}
	_, _, err := r.Apply(stub(m, 2, 2, 0, 0, 0), 5)
	require.NoError(t, err)
	require.Equal(t, 2, r.Voters())
	var indexes []uint64
	for _, index := range r.Counted() {
		indexes = append(indexes, index)
	}
	require.Equal(t, []uint64{5, 13}, indexes)
	for range r.Counted() {
		break // an iterator may be left
	}
	index, sequence, ok := r.Last(proof.Nullifier{31: 1})
	require.True(t, ok)
	require.EqualValues(t, 13, index)
	require.EqualValues(t, 3, sequence)
	_, _, ok = r.Last(proof.Nullifier{31: 9})
	require.False(t, ok)
}

func TestAttack20AnOlderBallotCannotBeReplayed(t *testing.T) {
	m := newElection(t).m
	r := NewRulebook(m)
	var old []*Ballot
	for i := range uint32(3) {
		b := stub(m, 1, 1, 0, i, 0)
		_, _, err := r.Apply(b, uint64(i))
		require.NoError(t, err)
		old = append(old, b)
	}
	for _, b := range old[:2] {
		_, _, err := r.Apply(b, 7)
		require.ErrorIs(t, err, ErrSequence)
	}
	_, _, err := r.Apply(old[2], 7)
	var duplicate *DuplicateError
	require.ErrorAs(t, err, &duplicate)
	require.ErrorIs(t, err, ErrDuplicate)
	require.EqualValues(t, 2, duplicate.Index)
	require.ErrorContains(t, err, "index 2")
	_, _, err = r.Apply(stub(m, 1, 1, 0, 2, 9), 7)
	require.ErrorIs(t, err, ErrSequence, "another ballot of the same number")
	require.NotErrorIs(t, err, ErrDuplicate)
}

func TestAttack43NumbersNeitherLockOutNorFlood(t *testing.T) {
	m := newElection(t).m
	r := NewRulebook(m)
	refuse := func(sequence uint32) {
		_, _, err := r.Apply(stub(m, 1, 1, 0, sequence, 1), 0)
		require.ErrorIs(t, err, ErrSequence, "%d", sequence)
	}
	for _, sequence := range []uint32{1<<32 - 1, 1 << 31, 4, 3, 2, 1} {
		refuse(sequence)
	}
	require.Zero(t, r.Voters())
	for i := range uint32(4) {
		refuse(i + 1)
		_, _, err := r.Apply(stub(m, 1, 1, 0, i, 0), uint64(i))
		require.NoError(t, err, "the owner can still vote")
		refuse(1<<32 - 1)
	}
	refuse(4)
	refuse(3)
	refuse(0)

	once := newElection(t, func(d *Draft) { d.Revote = Revote{RevoteNone, 0} }).m
	r = NewRulebook(once)
	_, _, err := r.Apply(stub(once, 1, 1, 0, 0, 0), 0)
	require.NoError(t, err)
	for _, sequence := range []uint32{0, 1, 1<<32 - 1} {
		_, _, err = r.Apply(stub(once, 1, 1, 0, sequence, 1), 0)
		require.ErrorIs(t, err, ErrSequence)
	}
}

func TestAttack22AVoterWithAnotherKeyOrWeightIsTheSameVoter(t *testing.T) {
	m := newElection(t, weighted(1000)).m
	r := NewRulebook(m)
	_, _, err := r.Apply(stub(m, 1, 1, 5, 0, 0), 0)
	require.NoError(t, err)
	for _, b := range []*Ballot{
		stub(m, 1, 2, 5, 0, 0), stub(m, 1, 1, 6, 0, 0), stub(m, 1, 2, 5, 1, 0), stub(m, 1, 1, 6, 1, 0), stub(m, 1, 1, 5, 0, 1),
	} {
		_, _, err := r.Apply(b, 1)
		require.ErrorIs(t, err, ErrSequence)
	}
	_, _, err = r.Apply(stub(newElection(t).m, 2, 2, 0, 0, 0), 1)
	require.ErrorIs(t, err, ErrUnknownElection)
	require.Equal(t, 1, r.Voters())
	_, replaced, err := r.Apply(stub(m, 1, 1, 5, 1, 0), 1)
	require.NoError(t, err)
	require.True(t, replaced)
}

// Random streams of ballots against a model that keeps everything.
func TestRulebookAgainstAModel(t *testing.T) {
	m := newElection(t).m
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		r := NewRulebook(m)
		accepted := map[byte][]*Ballot{}
		index := map[*Ballot]uint64{}
		for at := range uint64(500) {
			b := stub(m, byte(random.IntN(8)), byte(random.IntN(2)), uint64(random.IntN(2)), uint32(random.IntN(6)), byte(random.IntN(2)))
			voter := b.raw[0]
			list := accepted[voter]
			var last *Ballot
			if len(list) > 0 {
				last = list[len(list)-1]
			}
			superseded, replaced, err := r.Apply(b, at)
			switch {
			case last != nil && string(last.raw) == string(b.raw):
				var duplicate *DuplicateError
				require.True(t, errors.As(err, &duplicate))
				require.Equal(t, index[last], duplicate.Index)
			case int(b.sequence) == len(list) && len(list) <= 3 &&
				(last == nil || last.raw[1] == b.raw[1] && last.raw[2] == b.raw[2]):
				require.NoError(t, err)
				require.Equal(t, last != nil, replaced)
				if replaced {
					require.Equal(t, index[last], superseded)
				}
				accepted[voter] = append(list, b)
				index[b] = at
			default:
				require.ErrorIs(t, err, ErrSequence)
			}
		}
		want := map[proof.Nullifier]uint64{}
		for voter, list := range accepted {
			want[proof.Nullifier{31: voter}] = index[list[len(list)-1]]
		}
		require.Equal(t, want, maps.Collect(r.Counted()))
	}
}
