package proof

import (
	"fmt"
	"math/big"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/scrutin/scrutin/internal/wire"
)

// Proof is a Groth16 proof: A (G1, 64 bytes), B (G2, 128 bytes), C (G1, 64 bytes), in the order and
// encoding of Semaphore's packed proofs. Proofs are malleable: two different ones may say the same.
type Proof [2*g1Size + g2Size]byte

// opened is a claim decoded: its points and public inputs.
type opened struct {
	a, c   bn254.G1Affine
	b      bn254.G2Affine
	inputs []fr.Element
}

// open decodes a claim: everything that is checked but the equation.
func (vk *VerifyingKey) open(c *Claim) (*opened, error) {
	o, err := vk.decode(c)
	if err != nil {
		return nil, err
	}
	if err := o.inSubgroup(); err != nil {
		return nil, err
	}
	return o, nil
}

// inSubgroup checks that B is in the subgroup of prime order. A point outside it has a component whose pairing
// is not defined by the equation that is checked.
func (o *opened) inSubgroup() error {
	if !o.b.IsInSubGroup() {
		return fmt.Errorf("%w: proof: B is not in the subgroup of prime order", ErrMalformed)
	}
	return nil
}

// decode is open without the check that B is in the subgroup.
func (vk *VerifyingKey) decode(c *Claim) (*opened, error) {
	inputs, err := c.Inputs()
	if err != nil {
		return nil, err
	}
	if len(inputs) != len(vk.k)-1 {
		if vk.Weighted() {
			return nil, fmt.Errorf("%w: weight is missing, the key is of the weighted relation", ErrMalformed)
		}
		return nil, fmt.Errorf("%w: weight %d, the key is of the unweighted relation", ErrMalformed, c.Membership.Weight)
	}
	r := wire.NewReader(c.Membership.Proof[:])
	o := &opened{inputs: inputs}
	o.a = readG1(r, "A")
	o.b = readTwist(r, "B")
	o.c = readG1(r, "C")
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("%w: proof: %w", ErrMalformed, err)
	}
	return o, nil
}

// Verify returns nil if the claim is proved. Otherwise the error is ErrMalformed if the claim is not
// even well formed, for one because it has a weight and the key is of the unweighted relation, and
// else ErrInvalid.
func (vk *VerifyingKey) Verify(c *Claim) error {
	o, err := vk.open(c)
	if err != nil {
		return err
	}
	return vk.equation(o)
}

var errEquation = fmt.Errorf("%w: the membership proof does not verify", ErrInvalid)

// equation checks e(A, B) = e(alpha, beta) e(L, gamma) e(C, delta), L = K_0 + sum_i inputs[i] K_(i+1).
func (vk *VerifyingKey) equation(o *opened) error {
	var l, term bn254.G1Jac
	var x big.Int
	l.FromAffine(&vk.k[0])
	for i := range o.inputs {
		term.FromAffine(&vk.k[i+1])
		term.ScalarMultiplication(&term, o.inputs[i].BigInt(&x))
		l.AddAssign(&term)
	}
	var lAffine bn254.G1Affine
	lAffine.FromJacobian(&l)

	f, err := bn254.MillerLoop([]bn254.G1Affine{o.a}, []bn254.G2Affine{o.b})
	if err != nil {
		return fmt.Errorf("proof: %w", err)
	}
	g, err := bn254.MillerLoopFixedQ([]bn254.G1Affine{lAffine, o.c}, []lines{vk.negGamma, vk.negDelta})
	if err != nil {
		return fmt.Errorf("proof: %w", err)
	}
	if e := bn254.FinalExponentiation(&f, &g); !e.Equal(&vk.alphaBeta) { //check:ballot/membership
		return errEquation
	}
	return nil
}

// lines are what a Miller loop needs of its second argument. MillerLoopFixedQ overwrites those that it is
// given, so each call gets a copy.
type lines = [2][len(bn254.LoopCounter)]bn254.LineEvaluationAff

func negLines(q bn254.G2Affine) lines {
	q.Neg(&q)
	return bn254.PrecomputeLines(q)
}
