package proof

import (
	"fmt"

	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/sigma"
	"github.com/scrutin/scrutin/internal/transcript"
	"github.com/scrutin/scrutin/internal/wire"
)

// RegistrationSize is the length of a registration in bytes.
const RegistrationSize = 1 + babyjub.PointSize + sigma.ProofSize

const registrationVersion = 1

// Register returns what a voter hands to the registrar, who puts her commitment on the roll: her public
// key, and a proof that she knows the secret. It is good for the context alone, any bytes that name the roll
// and the voter's entry in it, so that nobody registers with it under another name.
//
// It is for the registrar's eyes: a commitment hides the public key, and with it the secret from whoever
// may once compute discrete logarithms.
func (id *Identity) Register(context []byte) []byte {
	s := id.scalar()
	var public babyjub.Point
	public.ScalarBaseMul(&s)
	knowledge := sigma.Prove(registrationTranscript(context), &s, &public)

	var w wire.Writer
	w.Uint8(registrationVersion)
	key, b := public.Bytes(), knowledge.Bytes()
	w.Raw(key[:])
	w.Raw(b[:])
	return w.Bytes()
}

// CheckRegistration returns the commitment that a registration is of. The error is ErrMalformed, or
// ErrInvalid if the proof does not hold for the context.
//
// A registrar takes commitments into an unweighted census in no other way. The leaves there are the
// commitments, and a path may have any length up to the depth: a "commitment" that is in truth the
// root of a tree of commitments would let all of those vote. Whoever knows the secret of a public
// key cannot have chosen its coordinates, so its hash is no such root.
func CheckRegistration(b, context []byte) (census.Commitment, error) {
	var none census.Commitment
	r := wire.NewReader(b)
	version, key, knowledge := r.Uint8(), r.Raw(babyjub.PointSize), r.Raw(sigma.ProofSize)
	if err := r.Done(); err != nil {
		return none, fmt.Errorf("%w: registration: %w", ErrMalformed, err)
	}
	if version != registrationVersion {
		return none, fmt.Errorf("%w: registration of format version %d, this is version %d", ErrMalformed, version, registrationVersion)
	}
	var public babyjub.Point
	if err := public.SetSubgroupBytes(key); err != nil {
		return none, fmt.Errorf("%w: registration: public key: %w", ErrMalformed, err)
	}
	var p sigma.Proof
	if err := p.SetBytes(knowledge); err != nil {
		return none, fmt.Errorf("%w: registration: %w", ErrMalformed, err)
	}
	if err := p.Verify(registrationTranscript(context), &public); err != nil {
		return none, fmt.Errorf("%w: registration: %w", ErrInvalid, err)
	}
	return commitmentOf(&public), nil
}

func registrationTranscript(context []byte) *transcript.Transcript {
	t := transcript.New("registration")
	t.Absorb("context", context)
	return t
}
