package ballot

import (
	"context"
	"math/big"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/proof/prooftest"
)

func TestAttack38AKeyIsAcceptedOnlyExplicitly(t *testing.T) {
	e := newElection(t)
	other := prooftest.NewKey(false)
	for name, options := range map[string][]VerifierOption{
		"none":     nil,
		"another":  {AcceptKey(other.VerifyingKey())},
		"nil":      {AcceptKey(nil)},
		"weighted": {AcceptKey(keyWeighted.VerifyingKey())},
	} {
		_, err := NewVerifier(e.m, options...)
		require.ErrorIs(t, err, ErrUnknownKey, name)
		require.ErrorContains(t, err, proof.OneParty, "the error names where the key comes from")
		require.ErrorContains(t, err, "AcceptKey", "and what to do")
	}
	_, err := NewVerifier(e.m, AcceptKey(other.VerifyingKey()), AcceptKey(e.key.VerifyingKey()))
	require.NoError(t, err)

	// A manifest whose key is of the other relation.
	mixed := newElection(t, func(d *Draft) { d.Membership.VerifyingKey = keyWeighted.VerifyingKey().Digest() })
	_, err = NewVerifier(mixed.m, AcceptKey(keyWeighted.VerifyingKey()))
	require.ErrorIs(t, err, ErrUnknownKey)
}

func TestVerifierKnowsTheCeremonysKeys(t *testing.T) {
	named := func(digest [32]byte, provenance string) *Manifest {
		return newElection(t, func(d *Draft) {
			d.Membership.VerifyingKey, d.Membership.Provenance = digest, provenance
		}).m
	}
	depth := newElection(t).m.Census().Depth
	for d := 1; d <= proof.MaxSemaphoreDepth; d++ {
		vk, err := proof.SemaphoreKey(d)
		require.NoError(t, err)
		v, err := NewVerifier(named(vk.Digest(), proof.Semaphore))
		if d < depth {
			require.ErrorIs(t, err, ErrUnknownKey, "some members could not vote")
			continue
		}
		require.NoError(t, err)
		require.Same(t, vk, v.key)
	}
}

// TestAttack38: a manifest that passes an organiser's key off as the ceremony's.
func TestAttack38KeyThatOnlySaysItIsTheCeremonys(t *testing.T) {
	own := prooftest.NewKey(false).VerifyingKey()
	m := newElection(t, func(d *Draft) {
		d.Membership.VerifyingKey, d.Membership.Provenance = own.Digest(), proof.Semaphore
	}).m
	for _, options := range [][]VerifierOption{nil, {AcceptKey(own)}} {
		_, err := NewVerifier(m, options...)
		require.ErrorIs(t, err, ErrUnknownKey)
		require.ErrorContains(t, err, "it is not")
	}
}

func TestABatchHasTheVerdictsOfItsBallots(t *testing.T) {
	ctx := context.Background()
	e := newElection(t)
	v := e.verifier(t)
	c := e.credential(t)
	bad := map[int]bool{3: true, 4: true, 20: true, 36: true}
	var ballots []*Ballot
	for i := range 37 {
		b := e.ballot(t, e.credential(t), 0)
		if bad[i] {
			b = resign(t, c, b, func([]answer) {})
		}
		ballots = append(ballots, b)
	}
	ballots = append(ballots, nil, newElectionBallot(t), ballots[0], ballots[3])
	verdicts, err := v.VerifyBatch(ctx, ballots)
	require.NoError(t, err)
	fresh := e.verifier(t)
	for i, b := range ballots {
		require.Equal(t, fresh.Verify(ctx, b), verdicts[i], "ballot %d", i)
		require.Equal(t, bad[i] || i >= 37 && i != 39, verdicts[i] != nil, "ballot %d", i)
	}
	require.ErrorIs(t, verdicts[37], ErrMalformed)
	require.ErrorIs(t, verdicts[38], ErrUnknownElection)

	// All bad, and one alone.
	for _, list := range [][]*Ballot{{ballots[3], ballots[4], ballots[20]}, {ballots[36]}} {
		verdicts, err = v.VerifyBatch(ctx, list)
		require.NoError(t, err)
		for _, err := range verdicts {
			require.ErrorIs(t, err, ErrInvalid)
		}
	}
}

func newElectionBallot(t testing.TB) *Ballot {
	e := newElection(t)
	return e.ballot(t, e.credential(t), 0)
}

func TestAnEmptyBatchIsAnError(t *testing.T) {
	e := newElection(t)
	for _, ballots := range [][]*Ballot{nil, {}} {
		verdicts, err := e.verifier(t).VerifyBatch(context.Background(), ballots)
		require.Error(t, err)
		require.Nil(t, verdicts)
	}
}

func TestVerificationStopsWithItsContext(t *testing.T) {
	e := newElection(t)
	b := e.ballot(t, e.credential(t), 0)
	ctx, cancel := context.WithCancel(context.Background())
	v := e.verifier(t)
	require.NoError(t, v.Verify(ctx, b))
	cancel()
	require.ErrorIs(t, v.Verify(ctx, b), context.Canceled)
	for says, v := range map[string]*Verifier{
		"ballot: batch of 2: context canceled":                           v, // which knows the credential
		"ballot: batch of 2: proof: batch of 1 claims: context canceled": e.verifier(t),
	} {
		verdicts, err := v.VerifyBatch(ctx, []*Ballot{b, b})
		require.ErrorIs(t, err, context.Canceled)
		require.EqualError(t, err, says)
		require.Nil(t, verdicts)
	}
}

// countdown is cancelled after so many looks at it.
type countdown struct {
	context.Context
	looks atomic.Int64
}

func (c *countdown) Err() error {
	if c.looks.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

func TestABatchThatIsCancelledMidwayHasNoVerdicts(t *testing.T) {
	e := newElection(t)
	v := e.verifier(t)
	good := e.ballot(t, e.credential(t), 0)
	c := e.credential(t)
	e.ballot(t, c, 0)
	bad := resign(t, c, good, func([]answer) {})
	ballots := []*Ballot{good, good, bad, good}
	cancelled, completed := 0, 0
	for looks := range int64(40) {
		ctx := &countdown{Context: context.Background()}
		ctx.looks.Store(looks)
		verdicts, err := v.VerifyBatch(ctx, ballots)
		if err != nil {
			require.ErrorIs(t, err, context.Canceled)
			require.Nil(t, verdicts)
			cancelled++
			continue
		}
		completed++
		require.ErrorIs(t, verdicts[2], ErrInvalid)
		verdicts[2] = nil
		require.Equal(t, make([]error, 4), verdicts)
	}
	require.Positive(t, cancelled)
	require.Positive(t, completed)
}

func TestAVerifierIsSafeForConcurrentUse(t *testing.T) {
	e := newElection(t)
	v := e.verifier(t)
	good := e.ballot(t, e.credential(t), 0)
	bad := resign(t, e.credential(t), good, func([]answer) {})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if v.Verify(context.Background(), good) != nil || v.Verify(context.Background(), bad) == nil {
				t.Error("wrong verdict")
			}
			verdicts, err := v.VerifyBatch(context.Background(), []*Ballot{good, bad})
			if err != nil || verdicts[0] != nil || verdicts[1] == nil {
				t.Error("wrong verdicts")
			}
		})
	}
	wg.Wait()
}

func TestAttack36ACachedCredentialIsThatOfAllItsBytes(t *testing.T) {
	ctx := context.Background()
	e := newElection(t, weighted(1000))
	v := e.verifier(t)
	c := e.credential(t)
	c.voter.weight = 3
	e.forge(t, c)
	require.NoError(t, v.Verify(ctx, e.ballot(t, c, 0))) // now its credential is known
	require.Len(t, v.known.recent, 1)

	for name, change := range map[string]func(*Credential){
		"weight":    func(c *Credential) { c.voter.weight = 4 },
		"proof":     func(c *Credential) { c.voter.membership[255] ^= 1 },
		"no proof":  func(c *Credential) { c.voter.membership = proof.Proof{} },
		"nullifier": func(c *Credential) { c.voter.nullifier = proof.Nullifier{31: 1} },
		"key": func(c *Credential) {
			c.k = randomScalar()
			c.voter.key.ScalarBaseMul(&c.k)
			c.voter.keyBytes = c.voter.key.Bytes()
		},
	} {
		thief := &Credential{m: e.m, k: c.k, voter: c.voter}
		change(thief)
		b := e.ballot(t, thief, 1)
		err := v.Verify(ctx, b)
		require.ErrorIs(t, err, ErrInvalid, name)
		require.ErrorContains(t, err, "membership proof", name)
		verdicts, err := v.VerifyBatch(ctx, []*Ballot{b, e.ballot(t, thief, 2)})
		require.NoError(t, err)
		require.ErrorIs(t, verdicts[0], ErrInvalid, name)
		require.ErrorIs(t, verdicts[1], ErrInvalid, name)
	}
	require.Len(t, v.known.recent, 1)
	verdicts, err := v.VerifyBatch(ctx, []*Ballot{e.ballot(t, c, 1), e.ballot(t, c, 2)})
	require.NoError(t, err)
	require.Equal(t, []error{nil, nil}, verdicts)
}

func TestTheCacheIsBounded(t *testing.T) {
	var c cache
	id := func(i int) [32]byte { return [32]byte{byte(i), byte(i >> 8), byte(i >> 16)} }
	for i := range 3*cacheSize + 1 {
		c.add(id(i))
		require.LessOrEqual(t, len(c.recent), cacheSize)
	}
	require.True(t, c.has(id(3*cacheSize)))
	require.True(t, c.has(id(2*cacheSize))) // of the older half, and recent from now on
	require.Contains(t, c.recent, id(2*cacheSize))
	require.False(t, c.has(id(0)))
}

func TestAttack39ABallotKeyInAPublishedCredentialCannotBeReplaced(t *testing.T) {
	e := newElection(t)
	victim := e.credential(t)
	b := e.ballot(t, victim, 0)
	k := randomScalar()
	thief := newCredential(e.m, &k)
	thief.voter.nullifier = b.voter.nullifier
	thief.voter.membership = b.voter.membership
	err := e.verdict(t, e.ballot(t, thief, 0))
	require.ErrorIs(t, err, ErrInvalid)
	require.ErrorContains(t, err, "membership proof")
}

func TestAttack23AnotherProofOfTheSameMembershipIsNoSecondVote(t *testing.T) {
	e := newElection(t)
	c := e.credential(t)
	b := e.ballot(t, c, 0)
	book := NewRulebook(e.m)
	_, _, err := book.Apply(b, 0)
	require.NoError(t, err)

	// (-A, -B, C), and (s A, B / s, C): proofs of the same claim.
	for _, s := range []int64{-1, 7} {
		again := &Credential{m: e.m, k: c.k, voter: c.voter}
		again.voter.membership = rerandomize(t, c.voter.membership, s)
		require.NotEqual(t, c.voter.membership, again.voter.membership)
		second := e.ballot(t, again, 0)
		require.NoError(t, e.verdict(t, second), "the proof is valid")
		require.ErrorIs(t, book.Check(second), ErrSequence, "and the voter is known")

		// In the hands of another: the signature covers the proof.
		raw := b.Bytes()
		copy(raw[1+32+32+64+8:], again.voter.membership[:])
		stolen, err := ParseBallot(e.m, raw)
		require.NoError(t, err)
		require.ErrorIs(t, e.verdict(t, stolen), ErrInvalid)
	}
	require.Equal(t, 1, book.Voters())
}

func rerandomize(t testing.TB, p proof.Proof, s int64) proof.Proof {
	t.Helper()
	element := func(b []byte) (e fp.Element) {
		require.NoError(t, e.SetBytesCanonical(b))
		return e
	}
	var a bn254.G1Affine
	var b bn254.G2Affine
	a.X, a.Y = element(p[:32]), element(p[32:64])
	b.X.A1, b.X.A0, b.Y.A1, b.Y.A0 = element(p[64:96]), element(p[96:128]), element(p[128:160]), element(p[160:192])
	require.True(t, a.IsOnCurve() && b.IsOnCurve())
	var f, inverse fr.Element
	f.SetInt64(s)
	inverse.Inverse(&f)
	a.ScalarMultiplication(&a, f.BigInt(new(big.Int)))
	b.ScalarMultiplication(&b, inverse.BigInt(new(big.Int)))
	out := p
	for i, e := range []fp.Element{a.X, a.Y, b.X.A1, b.X.A0, b.Y.A1, b.Y.A0} {
		bytes := e.Bytes()
		copy(out[32*i:], bytes[:])
	}
	return out
}

// C + Enc(1), which only a verifier who skips the argument would count, never reaches a tally.
func TestAttack07ChangedCiphertextsAreRejectedAtCasting(t *testing.T) {
	e := newElection(t)
	c := e.credential(t)
	b := e.ballot(t, c, 0)
	r := randomScalar()
	for _, plaintext := range []uint64{1, 1 << 14, 1 << 42, 1 << 63} {
		changed := resign(t, c, b, func(q []answer) {
			extra := e.m.key.Encrypt(plaintext, &r)
			q[0].ciphertexts[0].Add(&q[0].ciphertexts[0], &extra)
		})
		require.ErrorIs(t, e.verdict(t, changed), ErrInvalid)
	}
	negative := resign(t, c, b, func(q []answer) {
		p := &q[0].ciphertexts[0].B
		p.Sub(p, babyjub.NewGenerator())
	})
	require.ErrorIs(t, e.verdict(t, negative), ErrInvalid)
}

func TestWeightsAreInTheStatement(t *testing.T) {
	e := newElection(t, weighted(1<<40-1))
	c := e.credential(t)
	for _, weight := range []uint64{1, 1 << 32, 1<<40 - 1} {
		c.voter.weight = weight
		e.forge(t, c)
		b := e.ballot(t, c, c.Next())
		require.NoError(t, e.verdict(t, b))
		require.Equal(t, weight, b.Weight())

		// A ballot of this weight and a membership for that one, the arguments of the old weight.
		heavier := &Credential{m: e.m, k: c.k, voter: c.voter}
		heavier.voter.weight ^= 2
		if heavier.voter.weight == 0 {
			continue
		}
		e.forge(t, heavier)
		require.ErrorContains(t, e.verdict(t, resign(t, heavier, b, func([]answer) {})), "equation")
	}
}
