package prover

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	groth16 "github.com/consensys/gnark/backend/groth16/bn254"
	cs "github.com/consensys/gnark/constraint/bn254"

	"github.com/scrutin/scrutin/internal/wire"
	"github.com/scrutin/scrutin/proof"
)

// InsecureSetup makes a pair of keys for a relation, in about a second. It is insecure in that
// the caller's process knows the trapdoor for a moment, and whoever keeps it can prove membership
// for anybody or nobody: see [proof.OneParty]. Use it for tests and trials; package
// proof/ceremony makes keys that need no trust in one party.
func InsecureSetup(ctx context.Context, r Relation) (*ProvingKey, *proof.VerifyingKey, error) {
	s, err := r.compile()
	if err != nil {
		return nil, nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, fmt.Errorf("prover: set-up: %w", err)
	}
	var pk groth16.ProvingKey
	var vk groth16.VerifyingKey
	if err := groth16.Setup(s.r1cs, &pk, &vk); err != nil {
		return nil, nil, fmt.Errorf("prover: set-up: %w", err)
	}
	k, err := NewProvingKey(r, &pk, &vk)
	if err != nil {
		return nil, nil, err
	}
	return k, k.verifying, nil
}

// Constraints returns the relation's rank-1 constraints, as gnark holds them, and their digest, which
// the file of a proving key has: what a set-up starts from. They are shared and must not be changed.
func (r Relation) Constraints() (*cs.R1CS, [sha256.Size]byte, error) {
	s, err := r.compile()
	if err != nil {
		return nil, [sha256.Size]byte{}, err
	}
	return s.r1cs, s.digest, nil
}

// NewProvingKey returns the key that a set-up of gnark's made for the relation's [Relation.Constraints]. It
// checks what ReadProvingKey checks of a file, and not that the set-up was honest.
func NewProvingKey(r Relation, pk *groth16.ProvingKey, vk *groth16.VerifyingKey) (*ProvingKey, error) {
	s, err := r.compile()
	if err != nil {
		return nil, err
	}
	// A point of the key is missing where a wire is in no row. It is infinity by chance with
	// probability 2^-240 or so; then the file's format could not hold the key.
	if !slices.Equal(pk.InfinityA, s.absentL) || !slices.Equal(pk.InfinityB, s.absentR) {
		return nil, errors.New("prover: set-up: a point is infinity that should not be, run it again")
	}
	k := &ProvingKey{relation: r, system: s, key: *pk}
	if k.verifying, err = verifyingKey(r, vk); err != nil {
		return nil, fmt.Errorf("prover: set-up: %w", err)
	}
	var file bytes.Buffer
	if _, err := k.WriteTo(&file); err != nil {
		return nil, err
	}
	return ReadProvingKey(&file, sha256.Sum256(file.Bytes()))
}

func verifyingKey(r Relation, vk *groth16.VerifyingKey) (*proof.VerifyingKey, error) {
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
	return proof.ParseVerifyingKey(w.Bytes())
}
