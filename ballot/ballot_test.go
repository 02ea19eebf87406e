package ballot

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/big"
	"slices"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/proof"
)

// part is where a field of a ballot lies.
type part struct {
	name     string
	at, size int
	kind     string // "point", "scalar", "element" or ""
}

// partsOf lists the fields of a ballot, in the order of docs/spec/ballot.md.
func partsOf(m *Manifest) []part {
	var out []part
	at := 0
	add := func(name string, size int, kind string) {
		out = append(out, part{name, at, size, kind})
		at += size
	}
	add("version", 1, "")
	add("election", 32, "")
	add("nullifier", 32, "element")
	add("K", 64, "point")
	add("weight", 8, "")
	add("membership proof", 256, "")
	add("sequence", 4, "")
	for _, l := range m.layouts {
		for range l.forms {
			add("A", 64, "point")
			add("B", 64, "point")
		}
		for _, name := range pointNames {
			add(name, 64, "point")
		}
		for i := range 1 + l.bits + 3 {
			add(scalarName(i, l.bits), 32, "scalar")
		}
	}
	add("R", 64, "point")
	add("z", 32, "scalar")
	return out
}

func TestBallotRoundTrip(t *testing.T) {
	e := newElection(t, weighted(1000))
	c := e.credential(t)
	b := e.ballot(t, c, 0)
	raw := b.Bytes()
	parsed, err := ParseBallot(e.m, raw)
	require.NoError(t, err)
	require.Equal(t, raw, parsed.Bytes())
	require.Equal(t, e.m.ID(), parsed.Election())
	require.Equal(t, c.Nullifier(), parsed.Nullifier())
	require.EqualValues(t, 1, parsed.Weight())
	require.Equal(t, b.Digest(), parsed.Digest())
	require.Equal(t, b.Sealed(), parsed.Sealed())
	for i, ct := range parsed.Ciphertexts() {
		require.True(t, ct.Equal(&b.Ciphertexts()[i]))
	}
	parts := partsOf(e.m)
	last := parts[len(parts)-1]
	require.Equal(t, e.m.BallotBytes(), last.at+last.size)

	// The parsed ballot does not depend on the caller's bytes.
	clear(raw)
	require.Equal(t, b.Bytes(), parsed.Bytes())
	parsed.Bytes()[0]++
	require.Equal(t, b.Bytes(), parsed.Bytes())
}

func TestAttack27BallotsHaveOneLength(t *testing.T) {
	e := newElection(t)
	raw := e.ballot(t, e.credential(t), 0).Bytes()
	for n := range raw {
		_, err := ParseBallot(e.m, raw[:n])
		require.ErrorIs(t, err, ErrMalformed, "%d bytes", n)
	}
	for n := 1; n <= 100; n++ {
		_, err := ParseBallot(e.m, append(slices.Clone(raw), make([]byte, n)...))
		require.ErrorIs(t, err, ErrMalformed, "%d more bytes", n)
	}
	lengths := map[int]bool{}
	for _, votes := range []map[QuestionID]Vote{
		{"treaty": Choose("yes"), "projects": Choose()},
		{"treaty": Choose("no"), "projects": Choose("bridge", "school")},
		{"treaty": Blank(), "projects": Blank()},
	} {
		c := e.credential(t)
		s, err := c.Encrypt(votes)
		require.NoError(t, err)
		b, err := s.Sign(0)
		require.NoError(t, err)
		lengths[len(b.Bytes())] = true
	}
	require.Len(t, lengths, 1)
}

// Every number of a ballot has one spelling: v + its modulus is refused wherever it fits, and so is 2^256 - 1.
func TestAttack21NumbersHaveOneSpelling(t *testing.T) {
	e := newElection(t)
	raw := e.ballot(t, e.credential(t), 0).Bytes()
	order, _ := new(big.Int).SetString("2736030358979909402780800718157159386076813972158567259200215660948447373041", 10)
	modulus := map[string]*big.Int{"point": fr.Modulus(), "element": fr.Modulus(), "scalar": order}
	refused := 0
	for _, p := range partsOf(e.m) {
		if p.kind == "" {
			continue
		}
		for at := p.at; at < p.at+p.size; at += 32 {
			for k := int64(1); ; k++ {
				v := new(big.Int).SetBytes(raw[at : at+32])
				v.Add(v, new(big.Int).Mul(big.NewInt(k), modulus[p.kind]))
				if v.BitLen() > 256 {
					break
				}
				changed := slices.Clone(raw)
				v.FillBytes(changed[at : at+32])
				_, err := ParseBallot(e.m, changed)
				require.ErrorIs(t, err, ErrMalformed, "%s + %d times the modulus", p.name, k)
				refused++
			}
			changed := slices.Clone(raw)
			copy(changed[at:], slices.Repeat([]byte{255}, 32))
			_, err := ParseBallot(e.m, changed)
			require.ErrorIs(t, err, ErrMalformed, p.name)
		}
		if p.kind == "point" {
			changed := slices.Clone(raw)
			changed[p.at+63] ^= 1
			_, err := ParseBallot(e.m, changed)
			require.ErrorIs(t, err, ErrMalformed, "%s off the curve", p.name)
		}
	}
	require.Greater(t, refused, 300)

	// The coordinates of the membership proof, whose field is another.
	v := e.verifier(t)
	for _, p := range partsOf(e.m) {
		if p.name != "membership proof" {
			continue
		}
		for at := p.at; at < p.at+p.size; at += 32 {
			c := new(big.Int).SetBytes(raw[at : at+32])
			c.Add(c, fp.Modulus())
			changed := slices.Clone(raw)
			c.FillBytes(changed[at : at+32])
			b, err := ParseBallot(e.m, changed)
			require.NoError(t, err)
			err = v.Verify(context.Background(), b)
			require.ErrorIs(t, err, ErrInvalid)
			require.ErrorContains(t, err, "membership proof")
		}
	}
}

// The nullifier and the weight of a published credential, minus and plus anything, and any other root or
// message: the membership proof is for one statement.
func TestAttack21PublicInputsHaveNoAliases(t *testing.T) {
	e := newElection(t, weighted(1000))
	c := e.credential(t)
	v := e.verifier(t)
	require.NoError(t, v.Verify(context.Background(), e.ballot(t, c, 0)))
	for name, change := range map[string]func(c *Credential){
		"nullifier + 1": func(c *Credential) { c.voter.nullifier[31]++ },
		"-nullifier": func(c *Credential) {
			n := new(big.Int).SetBytes(c.voter.nullifier[:])
			n.Sub(fr.Modulus(), n).FillBytes(c.voter.nullifier[:])
		},
		"weight 2": func(c *Credential) { c.voter.weight = 2 },
	} {
		other := &Credential{m: e.m, k: c.k, voter: c.voter}
		change(other)
		require.ErrorContains(t, e.verdict(t, e.ballot(t, other, 0)), "membership proof", name)
	}

	raw := e.ballot(t, c, 1).Bytes()
	for _, weight := range []uint64{0, 1001, 1 << 40, 1 << 63, 1<<64 - 1} {
		changed := slices.Clone(raw)
		binary.BigEndian.PutUint64(changed[1+32+32+64:], weight)
		_, err := ParseBallot(e.m, changed)
		require.ErrorIs(t, err, ErrMalformed, "weight %d", weight)
	}
	unweighted := newElection(t)
	raw = unweighted.ballot(t, unweighted.credential(t), 0).Bytes()
	raw[1+32+32+64+7] = 1
	_, err := ParseBallot(unweighted.m, raw)
	require.ErrorIs(t, err, ErrMalformed)

	root := newElection(t, func(d *Draft) { d.Census.Root[0]++ })
	there := &Credential{m: root.m, k: c.k, voter: c.voter}
	there.voter.weight = 0
	claim := (&Verifier{m: root.m}).claim(&Ballot{voter: there.voter})
	claim.Membership.Root[0]--
	require.NoError(t, root.key.Forge(&claim))
	there.voter.membership = claim.Membership.Proof
	require.ErrorContains(t, root.verdict(t, root.ballot(t, there, 0)), "membership proof", "a proof for another root")

	scope := newElection(t)
	there = scope.credential(t)
	claim = (&Verifier{m: scope.m}).claim(&Ballot{voter: there.voter})
	claim.Scope = proof.Scope{1}
	require.NoError(t, scope.key.Forge(&claim))
	there.voter.membership = claim.Membership.Proof
	require.ErrorContains(t, scope.verdict(t, scope.ballot(t, there, 0)), "membership proof", "a proof for another scope")
}

func TestAttack29BallotsOfAnotherElectionAreRefused(t *testing.T) {
	e, other := newElection(t), newElection(t)
	b := e.ballot(t, e.credential(t), 0)
	_, err := ParseBallot(other.m, b.Bytes())
	require.ErrorIs(t, err, ErrUnknownElection)
	require.ErrorContains(t, err, other.m.ID().String())
	require.ErrorIs(t, other.verifier(t).Verify(context.Background(), b), ErrUnknownElection)
	require.ErrorIs(t, NewRulebook(other.m).Check(b), ErrUnknownElection)

	version := b.Bytes()
	version[0] = 2
	_, err = ParseBallot(e.m, version)
	require.ErrorIs(t, err, ErrMalformed)
}

// Parsing allocates in proportion to the ballot, and a refused length costs nothing.
func TestParsingAllocatesLittle(t *testing.T) {
	e := newElection(t)
	raw := e.ballot(t, e.credential(t), 0).Bytes()
	require.LessOrEqual(t, testing.AllocsPerRun(10, func() { _, _ = ParseBallot(e.m, raw) }), 30.0)
	large := make([]byte, 1<<26)
	result := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			_, _ = ParseBallot(e.m, large)
		}
	})
	require.Less(t, result.AllocedBytesPerOp(), int64(1<<12))
}

func TestAttack22ASecondMembershipWithTheSameNullifierIsTheSameVoter(t *testing.T) {
	e := newElection(t)
	first := e.credential(t)
	k := randomScalar()
	second := newCredential(e.m, &k)
	second.voter.nullifier = first.voter.nullifier
	e.forge(t, second)
	a, b := e.ballot(t, first, 0), e.ballot(t, second, 0)
	require.NoError(t, e.verdict(t, a))
	require.NoError(t, e.verdict(t, b), "both have proofs")
	for _, order := range [][]*Ballot{{a, b}, {b, a}} {
		book := NewRulebook(e.m)
		_, _, err := book.Apply(order[0], 0)
		require.NoError(t, err)
		_, _, err = book.Apply(order[1], 1)
		require.ErrorIs(t, err, ErrSequence)
		require.Equal(t, 1, book.Voters())
	}
}

// A number beyond its field is refused for what it is, before anything behind it is read.
func TestMalformedPartsAreNamed(t *testing.T) {
	e := newElection(t)
	raw := e.ballot(t, e.credential(t), 0).Bytes()
	for _, p := range partsOf(e.m) {
		want := map[string]string{"nullifier": "nullifier", "K": "ballot key K", "z": "signature"}[p.name]
		if want == "" {
			continue
		}
		bad := slices.Clone(raw)
		for i := range p.size {
			bad[p.at+i] = 0xff
		}
		_, err := ParseBallot(e.m, bad)
		require.ErrorIs(t, err, ErrMalformed, p.name)
		require.ErrorContains(t, err, want)
	}
}

func TestPointHexHasOneLength(t *testing.T) {
	for _, n := range []int{0, 126, 130} {
		require.ErrorContains(t, new(pointHex).UnmarshalText(bytes.Repeat([]byte{'0'}, n)), "128 wanted")
	}
}

func TestLayoutCountsSomething(t *testing.T) {
	_, err := new(compiler).finish(10)
	require.ErrorContains(t, err, "nothing to count")
}

func TestRuleOfAnotherShapeIsNamed(t *testing.T) {
	_, err := unmarshalRule[Choice]([]byte(`{"min":"one"}`))
	require.ErrorContains(t, err, "cannot unmarshal string")
}
