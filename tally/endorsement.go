package tally

import (
	"fmt"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/elgamal"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/sigma"
	"github.com/scrutin/scrutin/internal/transcript"
	"github.com/scrutin/scrutin/internal/wire"
)

// Subject names the one tally that an endorsement, a share or a result belongs to.
type Subject struct {
	Election   ballot.ElectionID
	Checkpoint [32]byte // digest of the sealing checkpoint
	Aggregate  [32]byte // digest of the sums over the counted ballots
}

// same returns an error of kind ErrForeign that says in which part s differs from want.
func (s Subject) same(want Subject) error {
	switch {
	case s.Election != want.Election:
		return fmt.Errorf("%w: it names election %v, this is %v", ErrForeign, s.Election, want.Election)
	case s.Checkpoint != want.Checkpoint:
		return fmt.Errorf("%w: it names checkpoint %x, this is %x", ErrForeign, s.Checkpoint, want.Checkpoint)
	case s.Aggregate != want.Aggregate:
		return fmt.Errorf("%w: it names the sums %x, this recount has %x", ErrForeign, s.Aggregate, want.Aggregate)
	}
	return nil
}

// transcript starts the transcript of what trustee states about s: docs/spec/tally.md.
func (s Subject) transcript(protocol string, trustee int) *transcript.Transcript {
	t := transcript.New(protocol)
	t.Absorb("election", s.Election[:])
	t.Absorb("checkpoint", s.Checkpoint[:])
	t.Absorb("aggregate", s.Aggregate[:])
	t.AbsorbUint64("trustee", uint64(trustee))
	return t
}

// aggregateDigest is the digest of the sums, cofactored, with what was counted into them.
func aggregateDigest(election ballot.ElectionID, checkpoint [32]byte, ballots, weight uint64, sums []elgamal.Ciphertext) [32]byte {
	t := transcript.New("aggregate")
	t.Absorb("election", election[:])
	t.Absorb("checkpoint", checkpoint[:])
	t.AbsorbUint64("ballots", ballots)
	t.AbsorbUint64("weight", weight)
	t.AbsorbUint64("sums", uint64(len(sums)))
	for i := range sums {
		b := sums[i].Bytes()
		t.Absorb("sum", b[:])
	}
	return [32]byte(t.Challenge("digest", 32))
}

// Endorsement is a trustee's signature of one sealed checkpoint and of the sums she found in
// it. An honest trustee signs one, ever.
type Endorsement struct {
	Subject
	Trustee   int // index, from 1
	signature sigma.Proof
}

const endorsementFormat = "scrutin/endorsement/v1"

type endorsementFile struct {
	Aggregate  wire.Hex32 `json:"aggregate"`
	Checkpoint wire.Hex32 `json:"checkpoint"`
	Election   wire.Hex32 `json:"election"`
	Format     string     `json:"format"`
	Signature  wire.Hex   `json:"signature"`
	Trustee    int        `json:"trustee"`
}

// endorse makes the endorsement of trustee, whose enrolment key is y = x*G, from a
// report. It refuses a recount that fails.
func endorse(r *Report, trustee int, x *babyjub.Scalar) (*Endorsement, error) {
	if err := r.recounted(); err != nil {
		return nil, err
	}
	y, err := r.enrolmentKey(trustee)
	if err != nil {
		return nil, err
	}
	if !new(babyjub.Point).ScalarBaseMul(x).Equal(y) {
		return nil, fmt.Errorf("tally: %w: the manifest has another key for %s", ErrForeign, r.trustee(trustee))
	}
	e := &Endorsement{Subject: r.subject, Trustee: trustee}
	e.signature = sigma.Prove(e.transcript("endorsement", trustee), x, y)
	return e, nil
}

// enrolmentKey returns E_j of the manifest.
func (r *Report) enrolmentKey(trustee int) (*babyjub.Point, error) {
	trustees := r.manifest.Trustees()
	if trustee < 1 || trustee > len(trustees) {
		return nil, fmt.Errorf("tally: %w: there is no trustee %d, they are 1 to %d", ErrForeign, trustee, len(trustees))
	}
	y := new(babyjub.Point)
	if err := y.SetSubgroupBytes(trustees[trustee-1].Key[:]); err != nil {
		return nil, fmt.Errorf("tally: %w: enrolment key of %s: %w", ErrInvalid, r.trustee(trustee), err)
	}
	return y, nil
}

// verifyEndorsement checks that e is a trustee's and about this report's sums.
func (r *Report) verifyEndorsement(e *Endorsement) error {
	y, err := r.enrolmentKey(e.Trustee)
	if err != nil {
		return err
	}
	if err := e.same(r.subject); err != nil { //check:endorsements/subject
		return fmt.Errorf("tally: endorsement of %s: %w", r.trustee(e.Trustee), err)
	}
	if err := e.signature.Verify(e.transcript("endorsement", e.Trustee), y); err != nil { //check:endorsements/signature
		return fmt.Errorf("tally: endorsement of %s: %w: signature: %w", r.trustee(e.Trustee), ErrInvalid, err)
	}
	return nil
}

// Bytes returns the endorsement's file: canonical JSON.
func (e *Endorsement) Bytes() []byte {
	signature := e.signature.Bytes()
	return mustMarshal(endorsementFile{
		Aggregate: e.Aggregate, Checkpoint: e.Checkpoint, Election: wire.Hex32(e.Election),
		Format: endorsementFormat, Signature: signature[:], Trustee: e.Trustee,
	})
}

// ParseEndorsement decodes what Bytes returns, and nothing else. The signature is not verified:
// Audit does that.
func ParseEndorsement(b []byte) (*Endorsement, error) {
	var f endorsementFile
	if err := unmarshal("endorsement", endorsementFormat, maxEndorsementFile, b, &f, &f.Format); err != nil {
		return nil, err
	}
	if f.Trustee < 1 || f.Trustee > ballot.MaxTrustees {
		return nil, fmt.Errorf("tally: endorsement: %w: trustee %d, 1 to %d exist", ErrMalformed, f.Trustee, ballot.MaxTrustees)
	}
	e := &Endorsement{Subject: Subject{ballot.ElectionID(f.Election), f.Checkpoint, f.Aggregate}, Trustee: f.Trustee}
	if err := e.signature.SetBytes(f.Signature); err != nil {
		return nil, fmt.Errorf("tally: endorsement of trustee %d: %w: signature: %w", f.Trustee, ErrMalformed, err)
	}
	return e, nil
}

// unmarshal decodes the canonical JSON of a document of this package into v and checks its format.
func unmarshal(document, format string, limit int, b []byte, v any, got *string) error {
	if len(b) > limit {
		return fmt.Errorf("tally: %s: %w: more than %d bytes", document, ErrMalformed, limit)
	}
	if err := wire.UnmarshalCanonical(b, v); err != nil {
		return fmt.Errorf("tally: %s: %w: %w", document, ErrMalformed, err)
	}
	if *got != format {
		return fmt.Errorf("tally: %s: %w: format %q, %q wanted", document, ErrMalformed, *got, format)
	}
	return nil
}

// mustMarshal encodes a document of fixed shape, which cannot fail.
func mustMarshal(v any) []byte {
	b, err := wire.MarshalCanonical(v)
	if err != nil {
		panic("tally: " + err.Error())
	}
	return b
}
