package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	groth16 "github.com/consensys/gnark/backend/groth16/bn254"

	"github.com/scrutin/scrutin/internal/wire"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/proof/prooftest"
)

// claims returns true claims under a key whose trapdoor is known; a proof made with it is distributed as any other.
func claims(n int) (*proof.VerifyingKey, []proof.Claim, error) {
	k := prooftest.NewKey(false)
	_, st := statement()
	out := make([]proof.Claim, n)
	for i := range out {
		id := proof.NewIdentity()
		st.Path.Commitment = id.Commitment()
		m, err := k.Prove(context.Background(), id, st)
		if err != nil {
			return nil, nil, err
		}
		out[i] = proof.Claim{Membership: *m, Scope: st.Scope, Message: st.Message}
	}
	return k.VerifyingKey(), out, nil
}

func verifyAlone(e *env) (sampler, error) {
	vk, list, err := claims(1)
	if err != nil {
		return nil, err
	}
	return e.repeat(1, func() error { return vk.Verify(&list[0]) })
}

func verifyBatch(e *env) (sampler, error) {
	vk, list, err := claims(256)
	if err != nil {
		return nil, err
	}
	return e.repeat(len(list), func() error {
		verdicts, err := vk.VerifyBatch(context.Background(), list)
		return errors.Join(append(verdicts, err)...)
	})
}

func verifyGnark(e *env) (sampler, error) {
	vk, list, err := claims(1)
	if err != nil {
		return nil, err
	}
	var k groth16.VerifyingKey
	r := wire.NewReader(vk.Bytes()[2:]) // docs/spec/membership.md, section 4
	k.G1.Alpha = g1(r)
	for _, p := range []*bn254.G2Affine{&k.G2.Beta, &k.G2.Gamma, &k.G2.Delta} {
		*p = g2(r)
	}
	for r.Len() > 0 {
		k.G1.K = append(k.G1.K, g1(r))
	}
	encoded := wire.NewReader(list[0].Membership.Proof[:])
	p := &groth16.Proof{Ar: g1(encoded), Bs: g2(encoded), Krs: g1(encoded)}
	if err := errors.Join(r.Done(), encoded.Done(), k.Precompute()); err != nil {
		return nil, fmt.Errorf("the key and the proof for gnark: %w", err)
	}
	public, err := list[0].Inputs()
	if err != nil {
		return nil, err
	}
	return e.repeat(1, func() error { return groth16.Verify(p, &k, fr.Vector(public)) })
}

// g1 and g2 read points; one that is none makes gnark refuse the proof.
func g1(r *wire.Reader) (p bn254.G1Affine) {
	p.SetBytes(r.Raw(bn254.SizeOfG1AffineUncompressed))
	return p
}

func g2(r *wire.Reader) (p bn254.G2Affine) {
	p.SetBytes(r.Raw(bn254.SizeOfG2AffineUncompressed))
	return p
}
