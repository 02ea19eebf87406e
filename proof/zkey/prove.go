package zkey

import (
	"context"
	"errors"
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/scrutin/scrutin/internal/groth16"
	"github.com/scrutin/scrutin/proof"
)

// Prove implements [proof.Prover]. It takes about as long as that of package proof/prover where WebAssembly is
// compiled (amd64, arm64), and some seconds elsewhere.
func (k *Key) Prove(ctx context.Context, id *proof.Identity, st proof.Statement) (*proof.Membership, error) {
	claim, err := st.Claim(id)
	if err != nil {
		return nil, err
	}
	inputs, err := k.inputs(id, st, claim)
	if err != nil {
		return nil, err
	}
	wires, err := k.program.witness(ctx, inputs, len(k.points.a))
	if err != nil {
		return nil, fmt.Errorf("zkey: %w", err)
	}
	if err := k.points.prove(ctx, wires, &claim.Membership.Proof); err != nil {
		return nil, fmt.Errorf("zkey: %w", err)
	}
	// Wrong files make wrong proofs, and those could tell something about the voter.
	if err := k.points.verifying.Verify(claim); err != nil {
		return nil, errors.New("zkey: the artifacts made a proof that does not verify: do not use them again")
	}
	return &claim.Membership, nil
}

// inputs returns the inputs of Semaphore's circuit. Siblings that are missing are zeros.
func (k *Key) inputs(id *proof.Identity, st proof.Statement, claim *proof.Claim) ([]input, error) {
	path := &st.Path
	if len(path.Siblings) > k.depth {
		return nil, fmt.Errorf("%w: zkey: a path with %d siblings, the key is of depth %d", proof.ErrInvalid, len(path.Siblings), k.depth)
	}
	if path.Weight != 0 {
		return nil, fmt.Errorf("%w: zkey: a path with weight %d, the key is of the unweighted relation", proof.ErrInvalid, path.Weight)
	}
	signals, err := claim.Inputs()
	if err != nil {
		return nil, err
	}
	var secret fr.Element
	s := id.Bytes()
	defer clear(s[:])
	secret.SetBytes(s[:]) // s < q < r
	siblings := make([]fr.Element, k.depth)
	for i, sibling := range path.Siblings {
		if err := siblings[i].SetBytesCanonical(sibling[:]); err != nil {
			return nil, fmt.Errorf("%w: zkey: sibling %d of the path is not below the field's order", proof.ErrMalformed, i)
		}
	}
	one := func(e fr.Element) []fr.Element { return []fr.Element{e} }
	return []input{
		{"secret", one(secret)},
		{"merkleProofLength", one(fr.NewElement(uint64(len(path.Siblings))))},
		{"merkleProofIndex", one(fr.NewElement(path.Index))},
		{"merkleProofSiblings", siblings},
		{"message", one(signals[2])},
		{"scope", one(signals[3])},
	}, nil
}

// prove makes a Groth16 proof for the wires w, the constant 1 first. If they do not satisfy the relation, it does
// not verify.
func (p *points) prove(ctx context.Context, w []fr.Element, out *proof.Proof) error {
	if len(w) != len(p.a) || !w[0].IsOne() {
		return errors.New("the program's first wire is not 1")
	}
	key := &groth16.Key{
		Alpha: p.alpha, Beta1: p.beta1, Delta1: p.delta1, Beta2: p.beta2, Delta2: p.delta2,
		A: p.a, B1: p.b1, C: p.c, H: p.h, B2: p.b2,
		Domain: p.domain, Basis: groth16.CosetLagrange,
	}
	left, right, product := p.rows(w)
	var err error
	*out, err = key.Prove(ctx, &groth16.Witness{A: w, B: w, C: w[public+1:], Left: left, Right: right, Product: product})
	return err
}

// rows returns the values of the rows' factors, and of what these multiply to.
func (p *points) rows(w []fr.Element) (left, right, product []fr.Element) {
	n := p.domain.Cardinality
	left, right = make([]fr.Element, n), make([]fr.Element, n)
	var x fr.Element
	for i := range p.left {
		t := &p.left[i]
		left[t.row].Add(&left[t.row], x.Mul(&t.value, &w[t.wire]))
	}
	for i := range p.right {
		t := &p.right[i]
		right[t.row].Add(&right[t.row], x.Mul(&t.value, &w[t.wire]))
	}
	multiplied := make(fr.Vector, n)
	multiplied.Mul(left, right)
	return left, right, multiplied
}
