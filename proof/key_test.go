package proof

import (
	"bytes"
	"fmt"
	"math/big"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"
)

func TestVerifyingKeyRoundTrip(t *testing.T) {
	for _, inputs := range []int{inputsUnweighted, inputsWeighted} {
		encoding := newTrapdoor(inputs).encode()
		require.Len(t, encoding, 450+64*(inputs+1))
		vk, err := ParseVerifyingKey(encoding)
		require.NoError(t, err)
		require.Equal(t, inputs == inputsWeighted, vk.Weighted())
		require.Equal(t, encoding, vk.Bytes())

		digest := vk.Digest()
		vk.Bytes()[5] ^= 1
		encoding[5] ^= 1
		require.Equal(t, digest, vk.Digest(), "the key shares no memory with its caller")
	}
}

func TestVerifyingKeyBadLengths(t *testing.T) {
	for _, inputs := range []int{inputsUnweighted, inputsWeighted} {
		encoding := newTrapdoor(inputs).encode()
		long := append(bytes.Clone(encoding), make([]byte, 100)...)
		for n := range len(long) + 1 {
			if n == len(encoding) {
				continue
			}
			_, err := ParseVerifyingKey(long[:n])
			require.ErrorIs(t, err, ErrMalformed, "%d bytes", n)
		}
	}
}

func TestRejectsMalformedKeys(t *testing.T) {
	encoding := newTrapdoor(inputsWeighted).encode()
	alter := func(name string, edit func(b []byte)) {
		b := bytes.Clone(encoding)
		edit(b)
		_, err := ParseVerifyingKey(b)
		require.ErrorIs(t, err, ErrMalformed, name)
	}
	for _, v := range []byte{0, 2, 255} {
		alter("version", func(b []byte) { b[0] = v })
	}
	for _, v := range []byte{0, 2, 3, 128} {
		alter("flags", func(b []byte) { b[1] = v })
	}
	for at := 2; at < len(encoding); at += fp.Bytes {
		alter(fmt.Sprintf("coordinate at %d plus p", at), func(b []byte) {
			x := b[at:][:fp.Bytes]
			v := new(big.Int).SetBytes(x)
			v.Add(v, fp.Modulus()).FillBytes(x)
		})
		alter(fmt.Sprintf("off the curve at %d", at), func(b []byte) { b[at+31] ^= 1 })
	}
	for at, size := range map[int]int{2: 64, 66: 128, 194: 128, 322: 128, 450: 64, 514: 64, 770: 64} {
		alter(fmt.Sprintf("infinity at %d", at), func(b []byte) { clear(b[at:][:size]) })
	}
	for at := 66; at < 450; at += 128 {
		alter(fmt.Sprintf("outside the subgroup at %d", at), func(b []byte) {
			torsion := outside()
			raw := torsion.RawBytes()
			copy(b[at:], raw[:])
		})
	}
}

// TestAttack32: a key whose second phase was skipped proves everything.
func TestAttack32SetUpWithoutItsSecondPhase(t *testing.T) {
	one := fr.One()
	neg := func(e fr.Element) fr.Element { return *e.Neg(&e) }
	for name, bend := range map[string]func(d *trapdoor){
		"delta = gamma":                 func(d *trapdoor) { d.delta = d.gamma },
		"delta = -gamma":                func(d *trapdoor) { d.delta = neg(d.gamma) },
		"delta = generator":             func(d *trapdoor) { d.delta = one },
		"delta = -generator":            func(d *trapdoor) { d.delta = neg(one) },
		"delta = gamma = generator":     func(d *trapdoor) { d.delta, d.gamma = one, one },
		"alpha = generator":             func(d *trapdoor) { d.alpha = one },
		"alpha = -generator":            func(d *trapdoor) { d.alpha = neg(one) },
		"beta = generator":              func(d *trapdoor) { d.beta = one },
		"beta = gamma":                  func(d *trapdoor) { d.beta = d.gamma },
		"beta = -delta":                 func(d *trapdoor) { d.beta = neg(d.delta) },
		"alpha = K_0":                   func(d *trapdoor) { d.alpha = d.k[0] },
		"K_1 = K_2, root and nullifier": func(d *trapdoor) { d.k[1] = d.k[2] },
		"K_3 = -K_4":                    func(d *trapdoor) { d.k[3] = neg(d.k[4]) },
	} {
		d := newTrapdoor(inputsUnweighted)
		bend(d)
		_, err := ParseVerifyingKey(d.encode())
		require.ErrorIs(t, err, ErrMalformed, name)
	}

	// snarkjs makes keys with gamma = generator; those are in order.
	d := newTrapdoor(inputsUnweighted)
	d.gamma = one
	d.key(t)

	// Why: with delta = gamma, (alpha, beta, -L) is a proof of anything.
	d.delta = d.gamma
	vk := d.unchecked()
	c := Claim{Scope: Scope{1}, Message: Message{2}}
	c.Membership.Root[31], c.Membership.Nullifier[31] = 3, 4
	inputs, err := c.Inputs()
	require.NoError(t, err)
	l := d.k[0]
	for i := range inputs {
		var x fr.Element
		l.Add(&l, x.Mul(&d.k[i+1], &inputs[i]))
	}
	c.Membership.Proof = pack(vk.alpha, vk.beta, g1(neg(l)))
	require.NoError(t, vk.Verify(&c), "the attack works where the check is missing")
}

// TestAttack38: a proof under one key is nothing under another, so that a verifier who names the key it
// trusts is not deceived by the trapdoor of any other.
func TestAttack38ProofUnderAKeyWithATrapdoor(t *testing.T) {
	valid := semaphoreProofs(t)[6].Claim
	trusted := semaphoreKeys()[19]
	organiser := newTrapdoor(inputsUnweighted)
	forged := valid
	forged.Membership.Nullifier = Nullifier{31: 1} // of nobody
	organiser.prove(t, &forged)
	require.NoError(t, organiser.key(t).Verify(&forged), "the trapdoor proves what is not true")
	require.ErrorIs(t, both(t, trusted, forged, valid), ErrInvalid)
	require.NotEqual(t, trusted.Digest(), organiser.key(t).Digest())
	require.Contains(t, OneParty, "test only")
}

func TestKeyOfSnarkjsHasTheGeneratorAsGamma(t *testing.T) {
	_, _, _, g2 := bn254.Generators()
	require.True(t, semaphoreKeys()[0].gamma.Equal(&g2))
	require.Len(t, semaphoreKeys(), 32)
}

func FuzzVerifyingKey(f *testing.F) {
	f.Add(newTrapdoor(inputsUnweighted).encode())
	f.Add(newTrapdoor(inputsWeighted).encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		vk, err := ParseVerifyingKey(b)
		if err != nil {
			require.ErrorIs(t, err, ErrMalformed)
			return
		}
		require.Equal(t, b, vk.Bytes())
	})
}

func FuzzClaim(f *testing.F) {
	d := newTrapdoor(inputsWeighted)
	vk := d.key(f)
	c := d.randomClaim(f)
	f.Add(c.Membership.Root[:], c.Membership.Nullifier[:], c.Membership.Weight, c.Membership.Proof[:])
	f.Fuzz(func(t *testing.T, root, nullifier []byte, weight uint64, proof []byte) {
		var altered Claim
		altered.Scope, altered.Message = c.Scope, c.Message
		copy(altered.Membership.Root[:], root)
		copy(altered.Membership.Nullifier[:], nullifier)
		copy(altered.Membership.Proof[:], proof)
		altered.Membership.Weight = weight
		if vk.Verify(&altered) == nil {
			altered.Membership.Proof = c.Membership.Proof
			require.Equal(t, c, altered, "another claim is accepted")
		}
	})
}
