package ballot

import (
	"fmt"
	"slices"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/sigma"
	"github.com/scrutin/scrutin/internal/transcript"
	"github.com/scrutin/scrutin/internal/wire"
)

// Signature is a trustee's signature of an election id, by its enrolment key.
type Signature struct {
	Trustee int // from 1
	Bytes   [sigma.ProofSize]byte
}

// SignElection signs the election id as trustee number trustee, whose enrolment key is x*G.
func SignElection(m *Manifest, trustee int, x *babyjub.Scalar) Signature {
	var key babyjub.Point
	key.ScalarBaseMul(x)
	p := sigma.Prove(signatureTranscript(m.id, trustee), x, &key)
	return Signature{trustee, p.Bytes()}
}

func signatureTranscript(id ElectionID, trustee int) *transcript.Transcript {
	t := transcript.New("manifest")
	t.Absorb("election", id[:])
	t.AbsorbUint64("trustee", uint64(trustee))
	return t
}

// CheckSignatures requires valid signatures of at least Quorum different trustees. One that is
// invalid, or a trustee twice, is an error even if the others suffice.
func (m *Manifest) CheckSignatures(signatures []Signature) error {
	seen := map[int]bool{}
	for _, s := range signatures {
		if s.Trustee < 1 || s.Trustee > len(m.enrolled) {
			return fmt.Errorf("%w: signature of trustee %d, there are %d", ErrInvalid, s.Trustee, len(m.enrolled))
		}
		if seen[s.Trustee] {
			return fmt.Errorf("%w: trustee %d signs twice", ErrInvalid, s.Trustee)
		}
		seen[s.Trustee] = true
		var p sigma.Proof
		if err := p.SetBytes(s.Bytes[:]); err != nil {
			return fmt.Errorf("%w: signature of trustee %d: %v", ErrMalformed, s.Trustee, err)
		}
		if err := p.Verify(signatureTranscript(m.id, s.Trustee), &m.enrolled[s.Trustee-1]); err != nil { //check:signatures/proof
			return fmt.Errorf("%w: signature of trustee %d of election %s", ErrInvalid, s.Trustee, m.id)
		}
	}
	if len(seen) < m.Quorum() { //check:signatures/quorum
		return fmt.Errorf("%w: %d trustees signed, %d are needed", ErrInvalid, len(seen), m.Quorum())
	}
	return nil
}

const signaturesFormat = "scrutin/signatures/v1"

type signaturesDocument struct {
	Format     string              `json:"format"`
	Signatures []signatureDocument `json:"signatures"`
}

type signatureDocument struct {
	Trustee   int      `json:"trustee"`
	Signature wire.Hex `json:"signature"`
}

// MarshalSignatures returns signatures.json, in the order of the trustees.
func MarshalSignatures(signatures []Signature) ([]byte, error) {
	doc := signaturesDocument{Format: signaturesFormat, Signatures: []signatureDocument{}}
	for _, s := range signatures {
		doc.Signatures = append(doc.Signatures, signatureDocument{s.Trustee, s.Bytes[:]})
	}
	slices.SortStableFunc(doc.Signatures, func(a, b signatureDocument) int { return a.Trustee - b.Trustee })
	return wire.MarshalCanonical(doc)
}

// ParseSignatures reads signatures.json: canonical JSON, trustees 1 to MaxTrustees in
// increasing order. Manifest.CheckSignatures then checks the signatures.
func ParseSignatures(raw []byte) ([]Signature, error) {
	const longest = 256 * (MaxTrustees + 1)
	if len(raw) > longest {
		return nil, fmt.Errorf("%w: signatures of %d bytes, at most %d allowed", ErrMalformed, len(raw), longest)
	}
	var doc signaturesDocument
	if err := wire.UnmarshalCanonical(raw, &doc); err != nil {
		return nil, fmt.Errorf("%w: signatures: %v", ErrMalformed, err)
	}
	if doc.Format != signaturesFormat {
		return nil, fmt.Errorf("%w: signatures: format %.64q, %q wanted", ErrMalformed, doc.Format, signaturesFormat)
	}
	if doc.Signatures == nil {
		return nil, fmt.Errorf("%w: signatures: no list", ErrMalformed)
	}
	var out []Signature
	last := 0
	for i, s := range doc.Signatures {
		if s.Trustee <= last || s.Trustee > MaxTrustees {
			return nil, fmt.Errorf("%w: signature %d: trustee %d, %d to %d allowed here", ErrMalformed, i+1, s.Trustee, last+1, MaxTrustees)
		}
		last = s.Trustee
		if len(s.Signature) != sigma.ProofSize {
			return nil, fmt.Errorf("%w: signature %d: %d bytes, %d wanted", ErrMalformed, i+1, len(s.Signature), sigma.ProofSize)
		}
		out = append(out, Signature{s.Trustee, [sigma.ProofSize]byte(s.Signature)})
	}
	return out, nil
}
