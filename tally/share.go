package tally

import (
	"fmt"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/elgamal"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/wire"
)

// Share is a trustee's part of the opening: for each sum (A, B) of the tally the point x*A,
// with one proof that all of them carry the x of her verification key. Any threshold of
// shares opens the sums.
type Share struct {
	Subject
	Trustee int // index, from 1
	opening elgamal.Share
}

const shareFormat = "scrutin/share/v1"

type shareFile struct {
	Aggregate  wire.Hex32 `json:"aggregate"`
	Checkpoint wire.Hex32 `json:"checkpoint"`
	Election   wire.Hex32 `json:"election"`
	Format     string     `json:"format"`
	Share      wire.Hex   `json:"share"`
	Trustee    int        `json:"trustee"`
}

// makeShare makes the share of trustee, whose secret x belongs to her verification key, from a
// report. It refuses a recount that fails and one without a quorum of endorsements.
func makeShare(r *Report, trustee int, x *babyjub.Scalar) (*Share, error) {
	if err := r.recounted(); err != nil {
		return nil, err
	}
	if err := r.quorum(); err != nil {
		return nil, err
	}
	y, err := r.verificationKey(trustee)
	if err != nil {
		return nil, err
	}
	s, err := elgamal.NewShare(r.subject.transcript("share", trustee), x, y, r.sums)
	if err != nil {
		return nil, fmt.Errorf("tally: share of %s: %w", r.trustee(trustee), err)
	}
	return &Share{Subject: r.subject, Trustee: trustee, opening: *s}, nil
}

// quorum returns an error of kind ErrMissing unless enough trustees endorsed these sums.
func (r *Report) quorum() error {
	if want := r.manifest.Quorum(); len(r.endorsements) < want {
		return fmt.Errorf("tally: %w: %d trustees endorsed this checkpoint and these sums, %d are needed before shares",
			ErrMissing, len(r.endorsements), want)
	}
	return nil
}

// verificationKey returns Y_j of the ceremony. Only a report that is recounted has one.
func (r *Report) verificationKey(trustee int) (*babyjub.Point, error) {
	k, err := r.ceremony.key()
	if err != nil {
		return nil, err
	}
	if trustee < 1 || trustee > len(k.verification) {
		return nil, fmt.Errorf("tally: %w: there is no trustee %d, they are 1 to %d", ErrForeign, trustee, len(k.verification))
	}
	return &k.verification[trustee-1], nil
}

// verifyShare checks that s is a trustee's and opens this report's sums.
func (r *Report) verifyShare(s *Share) error {
	y, err := r.verificationKey(s.Trustee)
	if err != nil {
		return err
	}
	if err := s.same(r.subject); err != nil { //check:shares/subject
		return fmt.Errorf("tally: share of %s: %w", r.trustee(s.Trustee), err)
	}
	if err := s.opening.Verify(s.transcript("share", s.Trustee), y, r.sums); err != nil {
		return fmt.Errorf("tally: share of %s: %w: %w", r.trustee(s.Trustee), ErrInvalid, err)
	}
	return nil
}

// Bytes returns the share's file: canonical JSON.
func (s *Share) Bytes() []byte {
	return mustMarshal(shareFile{
		Aggregate: s.Aggregate, Checkpoint: s.Checkpoint, Election: wire.Hex32(s.Election),
		Format: shareFormat, Share: s.opening.Bytes(), Trustee: s.Trustee,
	})
}

// ParseShare decodes what Bytes returns, and nothing else. The proof is not verified: Audit and
// Report.Open do that.
func ParseShare(b []byte) (*Share, error) {
	var f shareFile
	if err := unmarshal("share", shareFormat, maxShareFile, b, &f, &f.Format); err != nil {
		return nil, err
	}
	if f.Trustee < 1 || f.Trustee > ballot.MaxTrustees {
		return nil, fmt.Errorf("tally: share: %w: trustee %d, 1 to %d exist", ErrMalformed, f.Trustee, ballot.MaxTrustees)
	}
	s := &Share{Subject: Subject{ballot.ElectionID(f.Election), f.Checkpoint, f.Aggregate}, Trustee: f.Trustee}
	if err := s.opening.SetBytes(f.Share); err != nil {
		return nil, fmt.Errorf("tally: share of trustee %d: %w: %w", f.Trustee, ErrMalformed, err)
	}
	return s, nil
}
