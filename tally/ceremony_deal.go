package tally

import (
	"fmt"

	"go.dedis.ch/kyber/v3"
	shamir "go.dedis.ch/kyber/v3/share"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/kybergroup"
	"github.com/scrutin/scrutin/internal/sigma"
	"github.com/scrutin/scrutin/internal/transcript"
	"github.com/scrutin/scrutin/internal/wire"
)

// group is the group of the polynomials.
var group = kybergroup.New()

// deal is the content of a deal message: Feldman commitments C_0 .. C_(t-1) to the dealer's
// polynomial f, and f(i) encrypted to every trustee i: docs/spec/ceremony.md, "Deal".
type deal struct {
	commitments *shamir.PubPoly
	parts       []dealPart // f(i) at position i - 1
}

// dealPart is f(i) under the Diffie-Hellman point r*E_i of the ephemeral R = r*G:
// masked = f(i) + mask(r*E_i).
type dealPart struct {
	ephemeral babyjub.Point
	masked    babyjub.Scalar
}

const (
	dealPartSize  = babyjub.PointSize + sigma.ProofSize + babyjub.ScalarSize
	complaintSize = babyjub.PointSize + sigma.EqualitySize
)

func dealSize(n, t int) int { return 1 + t*babyjub.PointSize + sigma.ProofSize + n*dealPartSize }

// dealing is what a trustee deals: her secrets.
type dealing struct {
	polynomial *shamir.PriPoly
	ephemerals []babyjub.Scalar
}

// encode makes the body of the deal of dealer, to the keys E_1 .. E_n at keys[1:].
func (d *dealing) encode(id [32]byte, dealer int, keys []babyjub.Point) []byte {
	_, commits := d.polynomial.Commit(nil).Info()
	points := make([]babyjub.Point, len(commits))
	for k, c := range commits {
		points[k] = *kybergroup.ToPoint(c)
	}
	commitments := flatten(babyjub.BatchBytes(points))

	var w wire.Writer
	w.Uint8(uint8(len(commits)))
	w.Raw(commitments)
	proof := sigma.ProveDeterministic(dealTranscript(id, dealer, commitments), kybergroup.ToScalar(d.polynomial.Secret()), &points[0])
	b := proof.Bytes()
	w.Raw(b[:])
	for i := 1; i < len(keys); i++ {
		r := &d.ephemerals[i-1]
		part := dealPart{ephemeral: *new(babyjub.Point).ScalarBaseMul(r)}
		proof := sigma.ProveDeterministic(ephemeralTranscript(id, dealer, i, &keys[i]), r, &part.ephemeral)
		mask := part.mask(id, dealer, i, &keys[i], new(babyjub.Point).ScalarMul(r, &keys[i]))
		part.masked.Add(kybergroup.ToScalar(d.polynomial.Eval(i-1).V), &mask)

		e, p, c := part.ephemeral.Bytes(), proof.Bytes(), part.masked.Bytes()
		w.Raw(e[:])
		w.Raw(p[:])
		w.Raw(c[:])
	}
	return w.Bytes()
}

// parseDeal decodes the body of dealer's deal and checks all that is public about it. Whether
// the parts are what they should be, only their recipients can tell.
func parseDeal(id [32]byte, roster *Roster, keys []babyjub.Point, dealer int, body []byte) (*deal, error) {
	n, t := len(roster.Trustees), roster.Threshold
	r := wire.NewReader(body)
	if k := int(r.Uint8()); r.Err() == nil && k != t { //check:ceremony/commitments
		return nil, fmt.Errorf("%w: %d commitments, exactly %d wanted", ErrInvalid, k, t)
	}
	commitments := r.Raw(t * babyjub.PointSize)
	proof := r.Raw(sigma.ProofSize)
	parts := r.Raw(n * dealPartSize)
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("%w: deal: %w", ErrMalformed, err)
	}

	// C_k of order q; the proof shows that the dealer knows f(0), so that C_0 is not made from
	// the others' (a rogue key).
	points := make([]kyber.Point, t)
	for k := range points {
		var p babyjub.Point
		if err := p.SetSubgroupBytes(commitments[k*babyjub.PointSize : (k+1)*babyjub.PointSize]); err != nil {
			return nil, fmt.Errorf("%w: commitment C_%d: %w", ErrInvalid, k, err)
		}
		points[k] = kybergroup.FromPoint(&p)
	}
	if err := verifyProof(dealTranscript(id, dealer, commitments), proof, kybergroup.ToPoint(points[0])); err != nil { //check:ceremony/knowledge
		return nil, fmt.Errorf("proof of knowledge for C_0: %w", err)
	}

	d := &deal{commitments: shamir.NewPubPoly(group, nil, points), parts: make([]dealPart, n)}
	for i := 1; i <= n; i++ {
		part, b := &d.parts[i-1], parts[(i-1)*dealPartSize:i*dealPartSize]
		if err := part.ephemeral.SetSubgroupBytes(b[:babyjub.PointSize]); err != nil {
			return nil, fmt.Errorf("%w: ephemeral for trustee %d: %w", ErrInvalid, i, err)
		}
		// Without this proof a dealer could repeat an ephemeral of somebody else, and a complaint
		// about it would decrypt that other part.
		if err := verifyProof(ephemeralTranscript(id, dealer, i, &keys[i]), b[babyjub.PointSize:babyjub.PointSize+sigma.ProofSize], &part.ephemeral); err != nil { //check:ceremony/ephemeral
			return nil, fmt.Errorf("proof of knowledge for the ephemeral for trustee %d: %w", i, err)
		}
		if err := part.masked.SetBytes(b[babyjub.PointSize+sigma.ProofSize:]); err != nil {
			return nil, fmt.Errorf("%w: part of trustee %d: %w", ErrMalformed, i, err)
		}
	}
	return d, nil
}

// open returns what the part for trustee i hides, given S, the Diffie-Hellman point of its
// ephemeral and E_i.
func (d *deal) open(id [32]byte, dealer, i int, key, s *babyjub.Point) *babyjub.Scalar {
	part := &d.parts[i-1]
	mask := part.mask(id, dealer, i, key, s)
	return mask.Sub(&part.masked, &mask)
}

// fits reports f(i)*G = sum_k i^k C_k for an alleged f(i).
func (d *deal) fits(i int, f *babyjub.Scalar) bool {
	return d.commitments.Check(&shamir.PriShare{I: i - 1, V: kybergroup.FromScalar(f)})
}

// mask derives the mask of the part from the Diffie-Hellman point s.
func (p *dealPart) mask(id [32]byte, dealer, i int, key, s *babyjub.Point) (m babyjub.Scalar) {
	t := pairTranscript("ceremony-mask", id, dealer, i, key)
	absorbPoint(t, "ephemeral", &p.ephemeral)
	absorbPoint(t, "shared", s)
	m.SetUniformBytes(t.Challenge("mask", 64))
	return m
}

// encodeComplaint reveals the Diffie-Hellman point S = e*R of a part, with a proof that it is one.
func encodeComplaint(id [32]byte, dealer, accuser int, e *babyjub.Scalar, key, ephemeral *babyjub.Point) []byte {
	s := new(babyjub.Point).ScalarMul(e, ephemeral)
	proof := sigma.ProveEqualDeterministic(complaintTranscript(id, dealer, accuser), e, ephemeral, key, s)
	a, b := s.Bytes(), proof.Bytes()
	return append(a[:], b[:]...)
}

// complaint is a decoded complaint.
type complaint struct {
	shared babyjub.Point
	proof  sigma.Equality
}

func parseComplaint(b []byte) (*complaint, error) {
	c := new(complaint)
	if err := c.shared.SetSubgroupBytes(b[:babyjub.PointSize]); err != nil {
		return nil, fmt.Errorf("%w: shared point: %w", ErrMalformed, err)
	}
	if err := c.proof.SetBytes(b[babyjub.PointSize:]); err != nil {
		return nil, fmt.Errorf("%w: proof: %w", ErrMalformed, err)
	}
	return c, nil
}

// justified decides accuser's complaint about dealer's deal d, for anyone: nil if the part
// that S decrypts is not the one that the commitments promise, and otherwise why not.
func (c *complaint) justified(id [32]byte, d *deal, dealer, accuser int, key *babyjub.Point) error {
	part := &d.parts[accuser-1]
	if err := c.proof.Verify(complaintTranscript(id, dealer, accuser), &part.ephemeral, key, &c.shared); err != nil { //check:ceremony/complaint-proof
		return fmt.Errorf("%w: its proof: %w", ErrInvalid, err)
	}
	if d.fits(accuser, d.open(id, dealer, accuser, key, &c.shared)) { //check:ceremony/complaint
		return fmt.Errorf("%w: the part is the one that the commitments promise", ErrInvalid)
	}
	return nil
}

func enrolTranscript(id [32]byte, trustee int) *transcript.Transcript {
	t := transcript.New("ceremony-enrol")
	t.Absorb("ceremony", id[:])
	t.AbsorbUint64("trustee", uint64(trustee))
	return t
}

func dealTranscript(id [32]byte, dealer int, commitments []byte) *transcript.Transcript {
	t := transcript.New("ceremony-deal")
	t.Absorb("ceremony", id[:])
	t.AbsorbUint64("dealer", uint64(dealer))
	t.Absorb("commitments", commitments)
	return t
}

func ephemeralTranscript(id [32]byte, dealer, recipient int, key *babyjub.Point) *transcript.Transcript {
	return pairTranscript("ceremony-ephemeral", id, dealer, recipient, key)
}

// pairTranscript starts a transcript about what dealer sends to recipient.
func pairTranscript(protocol string, id [32]byte, dealer, recipient int, key *babyjub.Point) *transcript.Transcript {
	t := transcript.New(protocol)
	t.Absorb("ceremony", id[:])
	t.AbsorbUint64("dealer", uint64(dealer))
	t.AbsorbUint64("recipient", uint64(recipient))
	absorbPoint(t, "key", key)
	return t
}

func complaintTranscript(id [32]byte, dealer, accuser int) *transcript.Transcript {
	t := transcript.New("ceremony-complaint")
	t.Absorb("ceremony", id[:])
	t.AbsorbUint64("dealer", uint64(dealer))
	t.AbsorbUint64("accuser", uint64(accuser))
	return t
}

// commitDigest is the body of a commit message: it fixes the body of the deal to come.
func commitDigest(id [32]byte, dealer int, body []byte) [32]byte {
	return transcript.Digest("ceremony-commit", id[:], []byte{uint8(dealer)}, body)
}

func verifyProof(t *transcript.Transcript, b []byte, y *babyjub.Point) error {
	var p sigma.Proof
	if err := p.SetBytes(b); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if err := p.Verify(t, y); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return nil
}

func absorbPoint(t *transcript.Transcript, label string, p *babyjub.Point) {
	b := p.Bytes()
	t.Absorb(label, b[:])
}

func flatten(encoded [][64]byte) []byte {
	out := make([]byte, 0, 64*len(encoded))
	for _, b := range encoded {
		out = append(out, b[:]...)
	}
	return out
}
