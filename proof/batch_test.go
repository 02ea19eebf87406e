package proof

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/stretchr/testify/require"
)

func TestBatchVerdictsEqualSingleOnes(t *testing.T) {
	for _, inputs := range []int{inputsUnweighted, inputsWeighted} {
		d := newTrapdoor(inputs)
		vk := d.key(t)
		claims := make([]Claim, 70)
		for i := range claims {
			claims[i] = d.randomClaim(t)
		}
		torsion := outside()
		corrupt := []func(c *Claim){
			func(c *Claim) { c.Message[0] ^= 1 },
			func(c *Claim) { c.Scope[31] ^= 1 },
			func(c *Claim) { c.Membership.Nullifier[31] ^= 1 },
			func(c *Claim) { c.Membership.Root = [32]byte{} },
			func(c *Claim) { c.Membership.Root[0] = 0xff },
			func(c *Claim) { c.Membership.Weight ^= 1 },
			func(c *Claim) { clear(c.Membership.Proof[:]) },
			func(c *Claim) { c.Membership.Proof[0] = 0xff },
			func(c *Claim) {
				a, b, l := unpack(t, &c.Membership.Proof)
				c.Membership.Proof = pack(a, *b.Add(&b, &torsion), l)
			},
			func(c *Claim) {
				a, b, l := unpack(t, &c.Membership.Proof)
				c.Membership.Proof = pack(l, b, a)
			},
		}
		for _, bad := range []int{0, 1, 2, 20, len(claims)} {
			batch := append([]Claim(nil), claims...)
			for i, at := range rand.Perm(len(batch))[:bad] {
				corrupt[i%len(corrupt)](&batch[at])
			}
			verdicts, err := vk.VerifyBatch(t.Context(), batch)
			require.NoError(t, err)
			require.Len(t, verdicts, len(batch))
			for i := range batch {
				require.Equal(t, vk.Verify(&batch[i]), verdicts[i], "claim %d of a batch with %d bad ones", i, bad)
			}
		}
	}
}

// A verdict does not depend on it, but the speed does: valid claims pass under one equation.
func TestValidClaimsPassTogether(t *testing.T) {
	for _, inputs := range []int{inputsUnweighted, inputsWeighted} {
		d := newTrapdoor(inputs)
		vk := d.key(t)
		var list []pending
		for range 9 {
			claim := d.randomClaim(t)
			o, err := vk.open(&claim)
			require.NoError(t, err)
			list = append(list, pending{opened: o})
		}
		room := newRoom(len(list))
		require.Equal(t, allHold, vk.together(list, room))
		list[4].inputs[1].SetOne()
		require.Equal(t, someFails, vk.together(list, room))
	}
}

// What settle reports of the first half saves it an equation for the second.
func TestSettleReportsWhetherItFoundOne(t *testing.T) {
	d := newTrapdoor(inputsUnweighted)
	vk := d.key(t)
	claim := d.randomClaim(t)
	const n = 2*singleSize + 2 // two halves that are settled by one equation each
	for name, c := range map[string]struct {
		wrong    int // -1 for none
		knownBad bool
	}{
		"none":           {-1, false},
		"one, wrongly":   {-1, true},
		"in the first":   {1, false},
		"in the second":  {n - 1, false},
		"last, expected": {n - 1, true},
	} {
		list := make([]pending, n)
		verdicts := make([]error, n)
		for i := range list {
			o, err := vk.open(&claim)
			require.NoError(t, err)
			if i == c.wrong {
				o.inputs[0].SetOne()
			}
			list[i] = pending{o, &verdicts[i]}
		}
		require.Equal(t, c.wrong >= 0, vk.settle(t.Context(), list, c.knownBad, newRoom(n)), name)
		for i, verdict := range verdicts {
			require.Equal(t, i == c.wrong, verdict != nil, "%s: claim %d", name, i)
		}
		if c.wrong >= 0 {
			verdicts[c.wrong] = nil
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			require.False(t, vk.settle(ctx, list, c.knownBad, newRoom(n)))
			require.NoError(t, verdicts[c.wrong], "a batch that was cancelled goes no further")
		} else if !c.knownBad {
			one := &countdown{Context: t.Context()}
			one.looks.Store(1)
			require.False(t, vk.settle(one, list, false, newRoom(n)))
			require.Zero(t, one.looks.Load(), "what holds together is not taken apart")
		}
	}
}

func TestBatchesOfEverySize(t *testing.T) {
	d := newTrapdoor(inputsUnweighted)
	vk := d.key(t)
	claim := d.randomClaim(t)
	wrong := claim
	wrong.Message[0] ^= 1
	for n := 1; n <= 20; n++ {
		batch := make([]Claim, n)
		for i := range batch {
			batch[i] = claim
		}
		batch[n-1] = wrong
		verdicts, err := vk.VerifyBatch(t.Context(), batch)
		require.NoError(t, err)
		for i := range n - 1 {
			require.NoError(t, verdicts[i])
		}
		require.ErrorIs(t, verdicts[n-1], ErrInvalid)
	}
}

func TestRejectsAnEmptyBatch(t *testing.T) {
	vk := newTrapdoor(inputsUnweighted).key(t)
	verdicts, err := vk.VerifyBatch(t.Context(), nil)
	require.Error(t, err)
	require.Nil(t, verdicts)
}

func TestACancelledBatchHasNoVerdicts(t *testing.T) {
	d := newTrapdoor(inputsUnweighted)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	verdicts, err := d.key(t).VerifyBatch(ctx, []Claim{d.randomClaim(t)})
	require.ErrorIs(t, err, context.Canceled)
	require.Nil(t, verdicts)
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
	d := newTrapdoor(inputsUnweighted)
	vk := d.key(t)
	claim := d.randomClaim(t)
	claims := slices.Repeat([]Claim{claim}, 40)
	claims[17].Message[0] ^= 1
	cancelled, completed := 0, 0
	for looks := int64(0); looks < 300; looks += 7 {
		ctx := &countdown{Context: t.Context()}
		ctx.looks.Store(looks)
		verdicts, err := vk.VerifyBatch(ctx, claims)
		if err != nil {
			require.ErrorIs(t, err, context.Canceled)
			require.Nil(t, verdicts)
			cancelled++
			continue
		}
		completed++
		for i, verdict := range verdicts {
			require.Equal(t, i == 17, verdict != nil)
		}
	}
	require.Positive(t, cancelled)
	require.Positive(t, completed)
}

// TestAttack44: two wrong proofs whose errors cancel when their weights are equal.
func TestAttack44WrongProofsThatCancel(t *testing.T) {
	d := newTrapdoor(inputsUnweighted)
	vk := d.key(t)
	claims := make([]Claim, 12)
	for i := range claims {
		claims[i] = d.randomClaim(t)
	}
	_, _, g1, _ := bn254.Generators()
	for i, sign := range map[int]int{2: 1, 9: -1} {
		a, b, c := unpack(t, &claims[i].Membership.Proof)
		shift := g1
		if sign < 0 {
			shift.Neg(&shift)
		}
		claims[i].Membership.Proof = pack(a, b, *c.Add(&c, &shift))
	}
	verdicts := make([]error, len(claims))
	vk.verifyGroup(t.Context(), claims, verdicts, newRoom(len(claims))) // all under one equation
	for i, verdict := range verdicts {
		if i == 2 || i == 9 {
			require.ErrorIs(t, verdict, ErrInvalid)
		} else {
			require.NoError(t, verdict)
		}
	}
}
