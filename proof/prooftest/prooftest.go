// Package prooftest makes membership proofs without a circuit, for tests and load runs: it holds a
// verifying key together with its trapdoor.
//
// NEVER accept a key of this package in an election. Whoever has the trapdoor proves anything; that
// is the point here: a proof costs microseconds instead of a tenth of a second, any claim can be
// proved, true or not, and verifiers cannot tell such proofs from real ones.
//
// No package of the module imports this one, except for tests.
package prooftest

import (
	"context"
	"fmt"
	"math/big"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/scrutin/scrutin/internal/wire"
	"github.com/scrutin/scrutin/proof"
)

// Key is a verifying key with its trapdoor: the logarithms of its points. It implements
// [proof.Prover] and is safe for concurrent use.
type Key struct {
	alpha, beta, gamma, delta fr.Element
	k                         []fr.Element
	verifying                 *proof.VerifyingKey
}

var _ proof.Prover = (*Key)(nil)

// NewKey returns a fresh key, of the weighted relation or of the other.
func NewKey(weighted bool) *Key {
	key := &Key{alpha: random(), beta: random(), gamma: random(), delta: random()}
	inputs := 4
	var w wire.Writer
	w.Uint8(1) // format version
	if weighted {
		inputs = 5
		w.Uint8(1)
	} else {
		w.Uint8(0)
	}
	alpha := inG1(&key.alpha)
	w.Raw(alpha[:])
	for _, e := range []*fr.Element{&key.beta, &key.gamma, &key.delta} {
		p := inG2(e)
		w.Raw(p[:])
	}
	for range inputs + 1 {
		e := random()
		p := inG1(&e)
		w.Raw(p[:])
		key.k = append(key.k, e)
	}
	var err error
	if key.verifying, err = proof.ParseVerifyingKey(w.Bytes()); err != nil {
		panic("prooftest: " + err.Error()) // cannot happen
	}
	return key
}

// VerifyingKey returns the key that accepts this key's proofs.
func (key *Key) VerifyingKey() *proof.VerifyingKey { return key.verifying }

// Prove implements [proof.Prover]. Like an honest prover it proves only what is true.
func (key *Key) Prove(ctx context.Context, id *proof.Identity, st proof.Statement) (*proof.Membership, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("prooftest: %w", err)
	}
	claim, err := st.Claim(id)
	if err != nil {
		return nil, err
	}
	if err := key.Forge(claim); err != nil {
		return nil, err
	}
	return &claim.Membership, nil
}

// Forge puts a proof into a claim, whether it is true or not. It fails if the claim is malformed, for one
// because it has a weight and the key is of the unweighted relation.
func (key *Key) Forge(c *proof.Claim) error {
	inputs, err := c.Inputs()
	if err != nil {
		return err
	}
	if len(inputs) != len(key.k)-1 {
		return fmt.Errorf("%w: weight %d and a key of the other relation", proof.ErrMalformed, c.Membership.Weight)
	}
	// With a and b random, e(a, b) = e(alpha, beta) e(l, gamma) e(c, delta) for
	// c = (a b - alpha beta - l gamma) / delta: the very distribution of honest proofs.
	l := key.k[0]
	for i := range inputs {
		var t fr.Element
		l.Add(&l, t.Mul(&key.k[i+1], &inputs[i]))
	}
	a, b := random(), random()
	var last, t fr.Element
	last.Mul(&a, &b)
	last.Sub(&last, t.Mul(&key.alpha, &key.beta))
	last.Sub(&last, t.Mul(&l, &key.gamma))
	last.Div(&last, &key.delta)

	pa, pb, pc := inG1(&a), inG2(&b), inG1(&last)
	n := copy(c.Membership.Proof[:], pa[:])
	n += copy(c.Membership.Proof[n:], pb[:])
	copy(c.Membership.Proof[n:], pc[:])
	return nil
}

func random() (e fr.Element) {
	e.MustSetRandom() // crypto/rand
	return e
}

func inG1(e *fr.Element) [bn254.SizeOfG1AffineUncompressed]byte {
	var p bn254.G1Affine
	return p.ScalarMultiplicationBase(e.BigInt(new(big.Int))).RawBytes()
}

func inG2(e *fr.Element) [bn254.SizeOfG2AffineUncompressed]byte {
	var p bn254.G2Affine
	return p.ScalarMultiplicationBase(e.BigInt(new(big.Int))).RawBytes()
}
