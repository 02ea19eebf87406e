package prover

import (
	"context"
	"errors"
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark/backend/witness"
	cs "github.com/consensys/gnark/constraint/bn254"

	"github.com/scrutin/scrutin/internal/groth16"
	"github.com/scrutin/scrutin/proof"
)

// Prove implements [proof.Prover]. It takes a fraction of a second on a laptop.
func (k *ProvingKey) Prove(ctx context.Context, id *proof.Identity, st proof.Statement) (*proof.Membership, error) {
	claim, err := st.Claim(id)
	if err != nil {
		return nil, err
	}
	full, err := k.witness(id, st, claim)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("prover: %w", err)
	}
	values, err := k.solve(full)
	if err != nil {
		return nil, err
	}
	m := &claim.Membership
	if m.Proof, err = k.points().Prove(ctx, values); err != nil {
		return nil, fmt.Errorf("prover: %w", err)
	}

	// A wrong key makes wrong proofs, and those could tell something about the voter.
	if err := k.verifying.Verify(claim); err != nil {
		return nil, errors.New("prover: the proving key made a proof that does not verify: do not use this key again")
	}
	return m, nil
}

// solve computes the values of all wires and rows.
func (k *ProvingKey) solve(full witness.Witness) (*groth16.Witness, error) {
	solved, err := k.system.r1cs.Solve(full)
	if err != nil {
		// gnark's error has values of secret wires in it. The checks above leave no way to get here.
		return nil, errors.New("prover: the statement does not satisfy the relation")
	}
	solution, ok := solved.(*cs.R1CSSolution)
	if !ok {
		return nil, errors.New("prover: gnark's solution is of another kind")
	}
	return &groth16.Witness{
		A:    present(solution.W, k.system.absentL),
		B:    present(solution.W, k.system.absentR),
		C:    solution.W[k.system.r1cs.GetNbPublicVariables():],
		Left: solution.A, Right: solution.B, Product: solution.C,
	}, nil
}

// present returns the wires that are not absent.
func present(wires []fr.Element, absent []bool) []fr.Element {
	out := make([]fr.Element, 0, len(wires))
	for i := range wires {
		if !absent[i] {
			out = append(out, wires[i])
		}
	}
	return out
}

// points returns the key as the prover takes it.
func (k *ProvingKey) points() *groth16.Key {
	g1, g2 := &k.key.G1, &k.key.G2
	return &groth16.Key{
		Alpha: g1.Alpha, Beta1: g1.Beta, Delta1: g1.Delta, Beta2: g2.Beta, Delta2: g2.Delta,
		A: g1.A, B1: g1.B, C: g1.K, H: g1.Z, B2: g2.B,
		Domain: &k.key.Domain, Basis: groth16.Monomials,
	}
}

// witness assigns the inputs of the circuit, public and then secret ones, in its order.
func (k *ProvingKey) witness(id *proof.Identity, st proof.Statement, claim *proof.Claim) (witness.Witness, error) {
	path := &st.Path
	depth := k.relation.Depth
	if len(path.Siblings) > depth {
		return nil, fmt.Errorf("%w: a path with %d siblings, the key is of %v", proof.ErrInvalid, len(path.Siblings), k.relation)
	}
	if k.relation.Weighted != (path.Weight > 0) {
		return nil, fmt.Errorf("%w: a path with weight %d, the key is of %v", proof.ErrInvalid, path.Weight, k.relation)
	}
	public, err := claim.Inputs()
	if err != nil {
		return nil, err
	}

	secret := make([]fr.Element, 0, 1+scalarBits+(depth+1)+2*depth)
	s := id.Bytes()
	defer clear(s[:])
	var e fr.Element
	e.SetBytes(s[:]) // s < q < r
	secret = append(secret, e)
	for i := range scalarBits {
		secret = append(secret, fr.NewElement(uint64(s[31-i/8]>>(i%8)&1)))
	}
	for i := range depth + 1 {
		if i == len(path.Siblings) {
			secret = append(secret, fr.One())
		} else {
			secret = append(secret, fr.Element{})
		}
	}
	for i := range depth {
		right := uint64(0)
		if i < len(path.Siblings) {
			right = path.Index >> i & 1
		}
		secret = append(secret, fr.NewElement(right))
	}
	for i := range depth {
		var e fr.Element
		if i < len(path.Siblings) {
			if err := e.SetBytesCanonical(path.Siblings[i][:]); err != nil {
				return nil, fmt.Errorf("%w: sibling %d of the path is not below the field's order", proof.ErrMalformed, i)
			}
		}
		secret = append(secret, e)
	}
	return newWitness(public, secret)
}

func newWitness(public, secret []fr.Element) (witness.Witness, error) {
	w, err := witness.New(fr.Modulus())
	if err != nil {
		return nil, fmt.Errorf("prover: %w", err)
	}
	values := make(chan any, len(public)+len(secret))
	for _, list := range [][]fr.Element{public, secret} {
		for i := range list {
			values <- list[i]
		}
	}
	close(values)
	if err := w.Fill(len(public), len(secret), values); err != nil {
		return nil, fmt.Errorf("prover: %w", err)
	}
	return w, nil
}
