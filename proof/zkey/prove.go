package zkey

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr/fft"

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

// prove sets out to a Groth16 proof for the wires w, the constant 1 first. With random r and s:
//
//	A = alpha + sum w_i A_i + r delta
//	B = beta + sum w_i B_i + s delta
//	C = sum w_i C_i (not public) + sum h_j H_j + s A + r B - r s delta
//
// h_j is what left times right is more than their product's interpolation, at the j-th point of the coset on
// which H_j is the multiple of a Lagrange polynomial. If the wires do not satisfy the relation, neither does the
// proof.
func (p *points) prove(ctx context.Context, w []fr.Element, out *proof.Proof) error {
	if len(w) != len(p.a) || !w[0].IsOne() {
		return errors.New("the program's first wire is not 1")
	}
	h := p.quotient(w)
	config := ecc.MultiExpConfig{}
	var sum1 [4]bn254.G1Jac // of A, of B in G1, of C, of H
	for i, product := range []struct {
		points  []bn254.G1Affine
		scalars []fr.Element
	}{{p.a, w}, {p.b1, w}, {p.c, w[public+1:]}, {p.h, h}} {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := sum1[i].MultiExp(product.points, product.scalars, config); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	var b2 bn254.G2Jac
	if _, err := b2.MultiExp(p.b2, w, config); err != nil {
		return err
	}

	var r, s, minusRS fr.Element
	r.MustSetRandom()
	s.MustSetRandom()
	minusRS.Mul(&r, &s).Neg(&minusRS)
	var rInt, sInt, minusRSInt big.Int
	r.BigInt(&rInt)
	s.BigInt(&sInt)
	minusRS.BigInt(&minusRSInt)

	var delta, term bn254.G1Jac
	delta.FromAffine(&p.delta1)
	a, b1, c := &sum1[0], &sum1[1], &sum1[2]
	a.AddMixed(&p.alpha).AddAssign(term.ScalarMultiplication(&delta, &rInt))
	b1.AddMixed(&p.beta1).AddAssign(term.ScalarMultiplication(&delta, &sInt))
	c.AddAssign(&sum1[3])
	c.AddAssign(term.ScalarMultiplication(a, &sInt))
	c.AddAssign(term.ScalarMultiplication(b1, &rInt))
	c.AddAssign(term.ScalarMultiplication(&delta, &minusRSInt))

	var delta2 bn254.G2Jac
	delta2.FromAffine(&p.delta2)
	b2.AddMixed(&p.beta2).AddAssign(delta2.ScalarMultiplication(&delta2, &sInt))

	var affine [2]bn254.G1Affine
	affine[0].FromJacobian(a)
	affine[1].FromJacobian(c)
	var affine2 bn254.G2Affine
	affine2.FromJacobian(&b2)
	first, second, third := affine[0].RawBytes(), affine2.RawBytes(), affine[1].RawBytes()
	n := copy(out[:], first[:])
	n += copy(out[n:], second[:])
	copy(out[n:], third[:])
	return nil
}

// quotient returns left*right - product at the points of the coset, where left, right and product are the
// polynomials that on the domain have the values of the rows' factors and of what these multiply to.
func (p *points) quotient(w []fr.Element) []fr.Element {
	n := p.domain.Cardinality
	left, right, product := make([]fr.Element, n), make([]fr.Element, n), make([]fr.Element, n)
	var x fr.Element
	for i := range p.left {
		t := &p.left[i]
		left[t.row].Add(&left[t.row], x.Mul(&t.value, &w[t.wire]))
	}
	for i := range p.right {
		t := &p.right[i]
		right[t.row].Add(&right[t.row], x.Mul(&t.value, &w[t.wire]))
	}
	for i := range product {
		product[i].Mul(&left[i], &right[i])
	}
	for _, values := range [][]fr.Element{left, right, product} {
		p.domain.FFTInverse(values, fft.DIF)
		p.domain.FFT(values, fft.DIT, fft.OnCoset())
	}
	for i := range left {
		left[i].Mul(&left[i], &right[i]).Sub(&left[i], &product[i])
	}
	return left
}
