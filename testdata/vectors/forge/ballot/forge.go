package ballot

import (
	"fmt"
	"slices"

	"github.com/scrutin/scrutin/elgamal"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/sigma"
	"github.com/scrutin/scrutin/internal/wire"
	"github.com/scrutin/scrutin/proof"
)

// Lie is one thing that is wrong in a forged ballot.
type Lie struct {
	Bits       []int64                  // of the only question, in place of honest ones; ciphertexts encrypt them
	Encrypt    []int64                  // bits that the ciphertexts encrypt instead
	Commitment bool                     // z_rho + 1: equation (i)
	Randomness bool                     // T_A + G: equation (ii)
	Signature  bool                     // z + 1
	Election   *ElectionID              // named in place of this one
	Head       func(*proof.Claim)       // changes root, nullifier and weight before the membership is proved
	Key        *babyjub.Point           // K, in place of k*G, of small order
	Secret     *babyjub.Scalar          // in place of k
	Prove      func(*proof.Claim) error // proves the membership
}

// Forge makes a ballot for the credential of a voter, of an election with one question, that is wrong in
// what the lie says and in nothing else. Any sequence number will do.
func (c *Credential) Forge(sequence uint32, lie Lie) ([]byte, error) {
	m := c.m
	v := c.voter
	if lie.Key != nil {
		v.key, v.keyBytes = *lie.Key, lie.Key.Bytes()
	}
	if lie.Secret != nil {
		v.key.ScalarBaseMul(lie.Secret)
		v.keyBytes = v.key.Bytes()
	}
	if lie.Prove != nil {
		claim := proof.Claim{
			Membership: proof.Membership{Root: m.draft.Census.Root, Nullifier: v.nullifier, Weight: v.weight},
			Scope:      proof.Scope(m.id),
			Message:    credentialMessage(m.id, v.keyBytes),
		}
		if lie.Head != nil {
			lie.Head(&claim)
		}
		if err := lie.Prove(&claim); err != nil {
			return nil, err
		}
		v.nullifier, v.weight, v.membership = claim.Membership.Nullifier, claim.Membership.Weight, claim.Membership.Proof
	}
	if len(m.layouts) != 1 {
		return nil, fmt.Errorf("%w: %d questions", ErrInvalid, len(m.layouts))
	}
	l := m.layouts[0]
	scalars := func(values []int64) []babyjub.Scalar {
		out := make([]babyjub.Scalar, l.bits)
		for i := range out {
			out[i].SetInt64(values[i])
		}
		return out
	}
	k := c.k.Bytes()
	w := witness{b: scalars(lie.Bits), r: make([]babyjub.Scalar, len(l.forms))}
	encrypted := w.b
	if lie.Encrypt != nil {
		encrypted = scalars(lie.Encrypt)
	}
	a := answer{ciphertexts: make([]elgamal.Ciphertext, len(l.forms))}
	for j, f := range l.forms {
		w.r[j].SetUniformBytes(m.statementTranscript(&v, sequence, nil).Hedge("forge", k[:]).Challenge("r", 64))
		plain := f.at(encrypted)
		a.ciphertexts[j] = m.key.Encrypt(0, &w.r[j])
		a.ciphertexts[j].B.Add(&a.ciphertexts[j].B, new(babyjub.Point).ScalarBaseMul(&plain))
	}
	a.encoded = ciphertextBytes(a.ciphertexts)

	one := new(babyjub.Scalar).SetUint64(1)
	t := m.questionTranscript(m.statementTranscript(&v, sequence, []answer{a}), 0)
	p := newArguer(t, l, m.key, w, k[:])
	p.first()
	p.v = commit(p.b, &p.rho) // first commits to bits, and these may be none
	p.encoded = nil
	p.encode(&p.v, &p.va)
	y := p.challengeY(t, l)
	p.second(y)
	if lie.Randomness {
		p.ta.Add(&p.ta, babyjub.NewGenerator())
		p.encoded = nil
		p.encode(&p.v, &p.va, &p.ta, &p.tb, &p.k1, &p.k0)
	}
	x := p.challengeX(t)
	p.third(y, &x)
	if lie.Commitment {
		p.zRho.Add(&p.zRho, one)
	}
	a.argument = p.argument

	var out wire.Writer
	out.Uint8(formatVersion)
	named := m.id
	if lie.Election != nil {
		named = *lie.Election
	}
	out.Raw(named[:])
	v.write(&out)
	out.Uint32(sequence)
	out.Raw(a.encoded)
	a.argument.write(&out)
	secret := c.k
	if lie.Secret != nil {
		secret = *lie.Secret
	}
	if lie.Key != nil {
		secret = babyjub.Scalar{} // nobody knows more of a key of small order, nor has to
	}
	signature := sigma.Prove(ballotSignatureTranscript(m.id, out.Bytes()), &secret, &v.key)
	if lie.Signature {
		signature.Z.Add(&signature.Z, one)
	}
	s := signature.Bytes()
	out.Raw(s[:])
	return slices.Clone(out.Bytes()), nil
}
