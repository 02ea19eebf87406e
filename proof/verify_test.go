package proof

import (
	"errors"
	"math/big"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"
)

func TestRejectsAnyAlteredSignal(t *testing.T) {
	valid := semaphoreProofs(t)[2].Claim
	vk := semaphoreKeys()[9]
	require.NoError(t, vk.Verify(&valid))
	for _, bit := range []int{0, 1, 77, 130, 247} { // from the low end
		flip := func(b *[32]byte) { b[31-bit/8] ^= 1 << (bit % 8) }
		for name, alter := range map[string]func(c *Claim){
			"root":      func(c *Claim) { flip((*[32]byte)(&c.Membership.Root)) },
			"nullifier": func(c *Claim) { flip((*[32]byte)(&c.Membership.Nullifier)) },
			"message":   func(c *Claim) { flip((*[32]byte)(&c.Message)) },
			"scope":     func(c *Claim) { flip((*[32]byte)(&c.Scope)) },
		} {
			c := valid
			alter(&c)
			require.ErrorIs(t, both(t, vk, c, valid), ErrInvalid, "%s, bit %d", name, bit)
		}
	}
}

func TestRejectsAnyAlteredProof(t *testing.T) {
	valid := semaphoreProofs(t)[0].Claim
	vk := semaphoreKeys()[3]
	for i := range valid.Membership.Proof {
		c := valid
		c.Membership.Proof[i] ^= 1
		require.Error(t, vk.Verify(&c), "byte %d", i)
	}
	// Well-formed proofs: of another claim, and with points negated or exchanged.
	other := semaphoreProofs(t)[1].Claim
	require.NoError(t, vk.Verify(&other))
	a, b, c := unpack(t, &valid.Membership.Proof)
	var minusA, minusC bn254.G1Affine
	minusA.Neg(&a)
	minusC.Neg(&c)
	for name, p := range map[string]Proof{
		"another claim's": other.Membership.Proof,
		"-A":              pack(minusA, b, c),
		"-C":              pack(a, b, minusC),
		"A and C":         pack(c, b, a),
	} {
		altered := valid
		altered.Membership.Proof = p
		require.ErrorIs(t, both(t, vk, altered, valid), ErrInvalid, name)
	}
}

func TestRejectsAProofUnderTheKeyOfAnotherDepth(t *testing.T) {
	for _, p := range semaphoreProofs(t) {
		require.ErrorIs(t, semaphoreKeys()[p.depth%32].Verify(&p.Claim), ErrInvalid)
	}
}

func TestRejectsMalformedPoints(t *testing.T) {
	d := newTrapdoor(inputsUnweighted)
	vk := d.key(t)
	valid := d.randomClaim(t)
	const a, b, c, end = 0, g1Size, g1Size + g2Size, 2*g1Size + g2Size
	for at := 0; at < end; at += fp.Bytes {
		alter := func(want string, edit func(coordinate []byte)) {
			claim := valid
			edit(claim.Membership.Proof[at:][:fp.Bytes])
			err := both(t, vk, claim, valid)
			require.ErrorIs(t, err, ErrMalformed, "coordinate at %d", at)
			require.ErrorContains(t, err, want, "coordinate at %d", at)
		}
		alter("not below the modulus", func(x []byte) { // the same coordinate modulo p
			v := new(big.Int).SetBytes(x)
			v.Add(v, fp.Modulus()).FillBytes(x)
		})
		alter("not below the modulus", func(x []byte) {
			for i := range x {
				x[i] = 0xff
			}
		})
		alter("is not on the curve", func(x []byte) { x[31] ^= 1 })
	}
	for _, p := range [][2]int{{a, b}, {b, c}, {c, end}} {
		claim := valid
		clear(claim.Membership.Proof[p[0]:p[1]])
		err := both(t, vk, claim, valid)
		require.ErrorIs(t, err, ErrMalformed, "infinity at %d", p[0])
		require.ErrorContains(t, err, "is not on the curve", "infinity at %d", p[0])
	}
}

func TestRejectsAWeightThatTheRelationDoesNotHave(t *testing.T) {
	unweighted, weighted := newTrapdoor(inputsUnweighted), newTrapdoor(inputsWeighted)
	claim := unweighted.randomClaim(t)
	valid := claim
	claim.Membership.Weight = 1
	err := both(t, unweighted.key(t), claim, valid)
	require.ErrorIs(t, err, ErrMalformed)
	require.ErrorContains(t, err, "weight 1, the key is of the unweighted relation")

	claim = weighted.randomClaim(t)
	valid = claim
	require.NoError(t, both(t, weighted.key(t), claim, valid))
	for _, w := range []uint64{0, MaxWeight, MaxWeight + claim.Membership.Weight, 1<<64 - 1} {
		c := claim
		c.Membership.Weight = w
		err := both(t, weighted.key(t), c, valid)
		require.ErrorIs(t, err, ErrMalformed, "weight %d", w)
		if w == 0 {
			require.ErrorContains(t, err, "weight is missing, the key is of the weighted relation")
		}
	}
	claim.Membership.Weight ^= 1
	require.ErrorIs(t, both(t, weighted.key(t), claim, valid), ErrInvalid)
}

// TestAttack21: numbers that are equal modulo the field's order are not the same signal.
func TestAttack21PublicInputAliasing(t *testing.T) {
	d := newTrapdoor(inputsWeighted)
	vk := d.key(t)
	valid := d.randomClaim(t)
	limit := new(big.Int).Lsh(big.NewInt(1), 256)
	type field struct {
		name   string
		of     func(c *Claim) *[32]byte
		hashed bool
	}
	for _, f := range []field{
		{"root", func(c *Claim) *[32]byte { return (*[32]byte)(&c.Membership.Root) }, false},
		{"nullifier", func(c *Claim) *[32]byte { return (*[32]byte)(&c.Membership.Nullifier) }, false},
		{"message", func(c *Claim) *[32]byte { return (*[32]byte)(&c.Message) }, true},
		{"scope", func(c *Claim) *[32]byte { return (*[32]byte)(&c.Scope) }, true},
	} {
		aliases := 0
		for k := int64(-5); k <= 5; k++ {
			c := valid
			v := new(big.Int).SetBytes(f.of(&c)[:])
			v.Add(v, new(big.Int).Mul(big.NewInt(k), fr.Modulus()))
			if k == 0 || v.Sign() < 0 || v.Cmp(limit) >= 0 {
				continue
			}
			aliases++
			v.FillBytes(f.of(&c)[:])
			want := ErrMalformed
			if f.hashed {
				want = ErrInvalid // any 32 bytes are a message; these are another one
			}
			err := both(t, vk, c, valid)
			require.ErrorIs(t, err, want, "%s + %d r", f.name, k)
			if !f.hashed {
				require.ErrorContains(t, err, f.name+" is not 32 bytes below the field's order")
			}
		}
		require.Positive(t, aliases)
	}
	// A proof of the residue itself does not help.
	for _, v := range []*big.Int{
		fr.Modulus(), new(big.Int).Add(fr.Modulus(), big.NewInt(1)), new(big.Int).Sub(limit, big.NewInt(1)),
	} {
		c := valid
		residue := new(big.Int).Mod(v, fr.Modulus())
		residue.FillBytes(c.Membership.Nullifier[:])
		d.prove(t, &c)
		require.NoError(t, vk.Verify(&c))
		v.FillBytes(c.Membership.Nullifier[:])
		require.ErrorIs(t, both(t, vk, c, valid), ErrMalformed)
	}
}

func TestRejectsRootZero(t *testing.T) {
	d := newTrapdoor(inputsUnweighted)
	valid := d.randomClaim(t)
	c := valid
	c.Membership.Root = [32]byte{}
	require.ErrorIs(t, both(t, d.key(t), c, valid), ErrMalformed)
}

// TestAttack23: whoever sees a proof can make others of the same claim, so that a proof is no mark of a
// voter. The nullifier is, and no such change touches it.
func TestAttack23GrothProofsAreMalleable(t *testing.T) {
	d := newTrapdoor(inputsUnweighted)
	vk := d.key(t)
	valid := d.randomClaim(t)
	a, b, c := unpack(t, &valid.Membership.Proof)

	var minusA bn254.G1Affine
	var minusB bn254.G2Affine
	negated := valid
	negated.Membership.Proof = pack(*minusA.Neg(&a), *minusB.Neg(&b), c)

	// (A/u, u B + u v delta, C + v A)
	u, v := big.NewInt(31337), big.NewInt(271828)
	inverse := new(big.Int).ModInverse(u, fr.Modulus())
	var a2, va bn254.G1Affine
	var b2, shift bn254.G2Affine
	a2.ScalarMultiplication(&a, inverse)
	shift.ScalarMultiplication(&vk.delta, v)
	b2.Add(&b, &shift)
	b2.ScalarMultiplication(&b2, u)
	va.ScalarMultiplication(&a, v)
	randomised := valid
	randomised.Membership.Proof = pack(a2, b2, *va.Add(&va, &c))

	for _, twin := range []Claim{negated, randomised} {
		require.NotEqual(t, valid.Membership.Proof, twin.Membership.Proof)
		require.NoError(t, both(t, vk, twin, valid))
		twin.Membership.Nullifier[31] ^= 1 // the same voter, or nobody
		require.ErrorIs(t, both(t, vk, twin, valid), ErrInvalid)
	}
}

// TestAttack39: K published in a credential is a message that nobody can exchange.
func TestAttack39MessageOfAPublicProofExchanged(t *testing.T) {
	valid := semaphoreProofs(t)[4].Claim
	vk := semaphoreKeys()[15]
	stolen := valid
	stolen.Message = Message{1, 2, 3}
	require.ErrorIs(t, both(t, vk, stolen, valid), ErrInvalid)

	// Under a key whose K_3, of the message, is zero, it would be accepted: such a key is refused.
	d := newTrapdoor(inputsUnweighted)
	for i := range d.k {
		bent := &trapdoor{d.alpha, d.beta, d.gamma, d.delta, append([]fr.Element(nil), d.k...)}
		bent.k[i] = fr.Element{}
		_, err := ParseVerifyingKey(bent.encode())
		require.ErrorIs(t, err, ErrMalformed, "K_%d", i)
		if i == 3 {
			c := bent.randomClaim(t)
			c.Message = Message{1, 2, 3}
			require.NoError(t, bent.unchecked().Verify(&c), "the attack works where the check is missing")
		}
	}
}

// TestAttack45: B = B' + T, T of an order that divides the cofactor of the twist.
func TestAttack45PointOutsideTheSubgroup(t *testing.T) {
	d := newTrapdoor(inputsUnweighted)
	vk := d.key(t)
	valid := d.randomClaim(t)
	torsion := outside()
	require.True(t, torsion.IsOnCurve() && !torsion.IsInSubGroup() && !torsion.IsInfinity())
	a, b, c := unpack(t, &valid.Membership.Proof)
	b.Add(&b, &torsion)
	require.True(t, b.IsOnCurve())
	for name, p := range map[string]Proof{"B + T": pack(a, b, c), "T": pack(a, torsion, c)} {
		claim := valid
		claim.Membership.Proof = p
		err := both(t, vk, claim, valid)
		require.ErrorIs(t, err, ErrMalformed, name)
		require.ErrorContains(t, err, "B is not in the subgroup", name)
	}
}

func TestErrorsHaveOneKind(t *testing.T) {
	require.False(t, errors.Is(errEquation, ErrMalformed))
	require.ErrorIs(t, errEquation, ErrInvalid)
}
