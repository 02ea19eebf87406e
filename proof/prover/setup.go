package prover

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	groth16 "github.com/consensys/gnark/backend/groth16/bn254"

	"github.com/scrutin/scrutin/internal/wire"
	"github.com/scrutin/scrutin/proof"
)

// InsecureSetup makes a pair of keys for a relation, in about a second. It is insecure in that
// the caller's process knows the trapdoor for a moment, and whoever keeps it can prove membership
// for anybody or nobody: see [proof.OneParty]. Use it for tests and trials.
func InsecureSetup(ctx context.Context, r Relation) (*ProvingKey, *proof.VerifyingKey, error) {
	s, err := r.compile()
	if err != nil {
		return nil, nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, fmt.Errorf("prover: set-up: %w", err)
	}
	k := &ProvingKey{relation: r, system: s}
	var vk groth16.VerifyingKey
	if err := groth16.Setup(s.r1cs, &k.key, &vk); err != nil {
		return nil, nil, fmt.Errorf("prover: set-up: %w", err)
	}
	// A point of the key is missing where a wire is in no row. It is infinity by chance with
	// probability 2^-240 or so; then the file's format could not hold the key.
	if !slices.Equal(k.key.InfinityA, s.absentL) || !slices.Equal(k.key.InfinityB, s.absentR) {
		return nil, nil, errors.New("prover: set-up: a point is infinity by chance, run it again")
	}

	var w wire.Writer
	raw1 := func(b [64]byte) { w.Raw(b[:]) }
	raw2 := func(b [128]byte) { w.Raw(b[:]) }
	w.Uint8(1) // format version
	if r.Weighted {
		w.Uint8(1)
	} else {
		w.Uint8(0)
	}
	raw1(vk.G1.Alpha.RawBytes())
	raw2(vk.G2.Beta.RawBytes())
	raw2(vk.G2.Gamma.RawBytes())
	raw2(vk.G2.Delta.RawBytes())
	for i := range vk.G1.K {
		raw1(vk.G1.K[i].RawBytes())
	}
	if k.verifying, err = proof.ParseVerifyingKey(w.Bytes()); err != nil {
		return nil, nil, fmt.Errorf("prover: set-up: %w", err)
	}

	h := sha256.New()
	if _, err := k.WriteTo(h); err != nil {
		return nil, nil, err
	}
	h.Sum(k.digest[:0])
	return k, k.verifying, nil
}
