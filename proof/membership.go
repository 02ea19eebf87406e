package proof

import (
	"context"
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/scrutin/scrutin/census"
)

// MaxWeight bounds the weight of a member of a weighted census: 1 <= weight < MaxWeight.
const MaxWeight = 1 << 40

// Statement is what a Prover is asked to prove for an identity. The path is secret: it names the voter.
type Statement struct {
	Path    census.Path // of the identity's commitment
	Scope   Scope
	Message Message
}

// Membership says: some member of the census with this root, and with this weight if it is weighted,
// has this nullifier in the scope and signs the message that the proof was made for.
type Membership struct {
	Root      census.Root
	Nullifier Nullifier
	Weight    uint64 // 0 in an unweighted census, else 1 <= Weight < MaxWeight
	Proof     Proof
}

// Claim is a membership together with what it must be about: the statement a verifier checks.
type Claim struct {
	Membership Membership
	Scope      Scope
	Message    Message
}

// Prover makes memberships. It is safe for concurrent use.
type Prover interface {
	// Prove returns a membership of id for the statement, which every verifier with the matching
	// key accepts, or an error if there is none: a path that is not of id's commitment, or too long.
	Prove(ctx context.Context, id *Identity, st Statement) (*Membership, error)
}

// Claim returns what a proof of st by id shows to the public, without the proof: the root that the path
// leads to, the nullifier and the weight. It fails if the path starts at another commitment.
// It is the first step of every Prover.
func (st *Statement) Claim(id *Identity) (*Claim, error) {
	if st.Path.Commitment != id.commitment {
		return nil, fmt.Errorf("%w: the path belongs to another commitment than the identity's", ErrInvalid)
	}
	root, err := st.Path.Root()
	if err != nil {
		return nil, fmt.Errorf("proof: census path: %w", err)
	}
	c := &Claim{Scope: st.Scope, Message: st.Message}
	c.Membership.Root = root
	c.Membership.Nullifier = id.Nullifier(st.Scope)
	c.Membership.Weight = st.Path.Weight
	return c, nil
}

// Inputs returns the public inputs of the relation, in its order: root, nullifier, H(message), H(scope)
// and, if the weight is not 0, the weight. Each must be canonical, the root not zero and the weight
// below MaxWeight; otherwise the error is ErrMalformed.
func (c *Claim) Inputs() ([]fr.Element, error) {
	root, err := element("root", c.Membership.Root[:])
	if err != nil {
		return nil, err
	}
	if root.IsZero() {
		return nil, fmt.Errorf("%w: root is zero", ErrMalformed)
	}
	nullifier, err := element("nullifier", c.Membership.Nullifier[:])
	if err != nil {
		return nil, err
	}
	in := []fr.Element{root, nullifier, signal(c.Message), signal(c.Scope)}
	switch w := c.Membership.Weight; {
	case w >= MaxWeight:
		return nil, fmt.Errorf("%w: weight %d is not below %d", ErrMalformed, w, uint64(MaxWeight))
	case w > 0:
		in = append(in, fr.NewElement(w))
	}
	return in, nil
}
