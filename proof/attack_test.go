package proof

import (
	"bytes"
	"crypto/sha256"
	"math/big"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/sigma"
)

// A membership is of one root, nullifier, weight, scope, message and key.
func TestAttack01EveryPartOfAMembership(t *testing.T) {
	for _, inputs := range []int{inputsUnweighted, inputsWeighted} {
		d := newTrapdoor(inputs)
		vk := d.key(t)
		valid := d.randomClaim(t)
		require.NoError(t, both(t, vk, valid, valid))
		changes := map[string]func(c *Claim){}
		for name, of := range map[string]func(c *Claim) *[32]byte{
			"root":      func(c *Claim) *[32]byte { return (*[32]byte)(&c.Membership.Root) },
			"nullifier": func(c *Claim) *[32]byte { return (*[32]byte)(&c.Membership.Nullifier) },
			"scope":     func(c *Claim) *[32]byte { return (*[32]byte)(&c.Scope) },
			"message":   func(c *Claim) *[32]byte { return (*[32]byte)(&c.Message) },
		} {
			for at := range 32 {
				changes[name+" "+string(rune('A'+at))] = func(c *Claim) { of(c)[at] ^= 1 }
			}
		}
		changes["weight"] = func(c *Claim) { c.Membership.Weight ^= 1 }
		changes["scope and message"] = func(c *Claim) { c.Scope, c.Message = Scope(c.Message), Message(c.Scope) }
		for name, change := range changes {
			c := valid
			change(&c)
			require.Error(t, both(t, vk, c, valid), name)
		}
		require.ErrorIs(t, newTrapdoor(inputs).key(t).Verify(&valid), ErrInvalid, "another key")
	}
}

// A registration is of one public key and context. With the honest challenge, R can be solved for after
// the key was changed; the key's own challenge is another.
func TestAttack01EveryPartOfARegistration(t *testing.T) {
	id := NewIdentity()
	s := id.scalar()
	public := new(babyjub.Point).ScalarBaseMul(&s)
	context := []byte("roll 2026, voter 17")
	good := registrationFor(public, &s, context)
	_, err := CheckRegistration(good, context)
	require.NoError(t, err)
	for _, other := range [][]byte{nil, context[:18], append(bytes.Clone(context), 0), []byte("roll 2026, voter 18")} {
		_, err := CheckRegistration(good, other)
		require.ErrorIs(t, err, ErrInvalid)
	}

	var p sigma.Proof
	require.NoError(t, p.SetBytes(good[65:]))
	c := p.Challenge(registrationTranscript(context), public)
	two := new(babyjub.Scalar).SetUint64(2)
	shift := new(babyjub.Point).ScalarBaseMul(two)
	solved := new(babyjub.Point).Add(public, shift)
	p.R.Sub(&p.R, new(babyjub.Point).ScalarMul(&c, shift))
	right := new(babyjub.Point).ScalarMul(&c, solved)
	right.Add(right, &p.R)
	require.True(t, right.Equal(new(babyjub.Point).ScalarBaseMul(&p.Z)), "the equation holds under the old challenge")
	point, encoded := solved.Bytes(), p.Bytes()
	_, err = CheckRegistration(append(append([]byte{registrationVersion}, point[:]...), encoded[:]...), context)
	require.ErrorIs(t, err, ErrInvalid)
}

func registrationFor(public *babyjub.Point, s *babyjub.Scalar, context []byte) []byte {
	knowledge := sigma.Prove(registrationTranscript(context), s, public)
	key, p := public.Bytes(), knowledge.Bytes()
	return append(append([]byte{registrationVersion}, key[:]...), p[:]...)
}

func TestAttack03EveryBitOfAProof(t *testing.T) {
	d := newTrapdoor(inputsWeighted)
	vk := d.key(t)
	valid := d.randomClaim(t)
	for at := range valid.Membership.Proof {
		for _, bit := range []byte{1, 0x10, 0x80} {
			c := valid
			c.Membership.Proof[at] ^= bit
			require.Error(t, vk.Verify(&c), "byte %d, bit %#x", at, bit)
		}
	}
	id := NewIdentity()
	registration := id.Register([]byte("roll"))
	for i := range 8 * len(registration) {
		b := bytes.Clone(registration)
		b[i/8] ^= 1 << (i % 8)
		c, err := CheckRegistration(b, []byte("roll"))
		require.Error(t, err, "bit %d", i)
		require.Zero(t, c)
	}
}

// Weights that follow from each claim, without the last point of its proof, let two wrong proofs cancel. Those of a
// batch do not: both are named.
func TestAttack44ErrorsFittedToWeightsOfEachClaim(t *testing.T) {
	d := newTrapdoor(inputsUnweighted)
	vk := d.key(t)
	claims := make([]Claim, 9)
	for i := range claims {
		claims[i] = d.randomClaim(t)
	}
	weight := func(c *Claim) (e fr.Element) {
		h := sha256.New()
		for _, part := range [][]byte{c.Membership.Root[:], c.Membership.Nullifier[:], c.Scope[:], c.Message[:], c.Membership.Proof[:g1Size+g2Size]} {
			h.Write(part)
		}
		e.SetBytes(h.Sum(nil))
		return e
	}
	const i, j = 1, 7
	ei, ej := weight(&claims[i]), weight(&claims[j])
	_, _, g, _ := bn254.Generators()
	bend := func(c *Claim, by fr.Element) bn254.G1Affine {
		a, b, last := unpack(t, &c.Membership.Proof)
		var shift bn254.G1Affine
		shift.ScalarMultiplication(&g, by.BigInt(new(big.Int)))
		c.Membership.Proof = pack(a, b, *last.Add(&last, &shift))
		return shift
	}
	minus := *new(fr.Element).Neg(&ei)
	first, second := bend(&claims[i], ej), bend(&claims[j], minus)

	require.Equal(t, []fr.Element{ei, ej}, []fr.Element{weight(&claims[i]), weight(&claims[j])})
	first.ScalarMultiplication(&first, ei.BigInt(new(big.Int)))
	second.ScalarMultiplication(&second, ej.BigInt(new(big.Int)))
	require.True(t, first.Add(&first, &second).IsInfinity(), "under such weights the errors cancel")

	verdicts, err := vk.VerifyBatch(t.Context(), claims)
	require.NoError(t, err)
	for k, verdict := range verdicts {
		if k == i || k == j {
			require.ErrorIs(t, verdict, ErrInvalid)
		} else {
			require.NoError(t, verdict)
		}
	}
}
