package tally

import (
	"bytes"
	"fmt"
	"slices"

	"go.dedis.ch/kyber/v3"
	shamir "go.dedis.ch/kyber/v3/share"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/kybergroup"
	"github.com/scrutin/scrutin/internal/sigma"
	"github.com/scrutin/scrutin/internal/transcript"
	"github.com/scrutin/scrutin/internal/wire"
)

// Trustee holds one trustee's key. Everything she sends in a ceremony follows from the seed in
// her file and from the other messages, so that a Trustee can be killed at any time, opened
// again, and sends the same bytes.
//
// One key serves one ceremony, one manifest and one checkpoint, ever: what was signed is in a
// journal beside the file, written before anything is handed out, and every method refuses,
// with an error of kind ErrRefused, what differs from it. Never restore the journal from an
// older copy, and never copy the two files to a second machine that is used as well.
type Trustee struct{ vault *vault }

// OpenTrustee opens the trustee's file at path, or creates it, with a new key, if there is none.
// The file is encrypted with the passphrase, which must not be empty; "age --decrypt" reads it.
// Beside it are path.journal, which is as precious as the file but not secret, and path.lock.
func OpenTrustee(path string, passphrase []byte) (*Trustee, error) {
	v, err := openVault(path, "trustee", passphrase)
	if err != nil {
		return nil, err
	}
	return &Trustee{v}, nil
}

// Key returns the trustee's enrolment key E_j, for the Roster.
func (t *Trustee) Key() [64]byte { return t.vault.key }

// Format writes the public key alone, whatever the verb.
func (t Trustee) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "Trustee(%x)", t.vault.key) }

// Journal entries.
const (
	entryCeremony = "ceremony" // id
	entryMessage  = "message-" // and the round: digest of the message sent
	entryElection = "election" // id
	entrySubject  = "subject"  // digest of the Subject of endorsement and share
)

// index returns the trustee's index in c, after checking that the key serves no other ceremony
// and that c holds no message by this key that it did not sign here.
func (t *Trustee) index(c *Ceremony) (int, error) {
	j := 1 + slices.IndexFunc(c.roster.Trustees, func(r ballot.Trustee) bool { return r.Key == t.vault.key })
	if j == 0 {
		return 0, t.vault.errorf("%w: its key is not in the ceremony's roster", ErrForeign)
	}
	entries, err := t.vault.entries()
	if err != nil {
		return 0, err
	}
	if bound, ok := entries[entryCeremony]; ok && !bytes.Equal(bound, c.id[:]) {
		return 0, t.vault.errorf("%w: its key serves ceremony %x and no other: a new ceremony wants new keys", ErrRefused, bound)
	}
	for r := range rounds {
		for _, m := range []*message{c.slots[r][j].first, c.slots[r][j].second} {
			if m != nil && !bytes.Equal(entries[messageEntry(r)], m.digest[:]) {
				return 0, t.vault.errorf("%w: the ceremony holds a message of the %v round that this key signed elsewhere: the key or an old copy of the journal is in use twice",
					ErrRefused, r)
			}
		}
	}
	return j, nil
}

func messageEntry(r Round) string { return entryMessage + r.String() }

// Next returns the messages that the trustee can send now and that c does not hold yet: one in a
// round in which she is awaited, otherwise none. They are hers to send as soon as they are
// returned, and come again, byte for byte, until they are in c. The first message binds the key
// to the ceremony: look at c.Roster before.
func (t *Trustee) Next(c *Ceremony) ([][]byte, error) {
	j, err := t.index(c)
	if err != nil {
		return nil, err
	}
	s := c.now()
	if s.void != "" {
		return nil, fmt.Errorf("tally: %w: %s", ErrVoid, s.void)
	}
	if !slices.Contains(s.awaited, j) {
		return nil, nil
	}
	body, err := t.body(c, s, j)
	if err != nil {
		return nil, t.vault.errorf("in the %v round: %w", s.round, err)
	}
	v := t.vault
	msg := newMessage(c.id, s.round, j, s.prev, body, &v.x, &v.y)
	refusal := fmt.Sprintf("it sent another message in the %v round, which continues other earlier messages", s.round)
	if err := t.bind(c, messageEntry(s.round), messageDigest(msg), refusal); err != nil {
		return nil, err
	}
	return [][]byte{msg}, nil
}

// body makes the body of trustee j's message in the round of s.
func (t *Trustee) body(c *Ceremony, s *state, j int) ([]byte, error) {
	v := t.vault
	switch s.round {
	case RoundEnrol:
		proof := sigma.ProveDeterministic(enrolTranscript(c.id, j), &v.x, &v.y)
		b := proof.Bytes()
		return b[:], nil
	case RoundCommit:
		digest := commitDigest(c.id, j, t.deal(c, j))
		return digest[:], nil
	case RoundDeal:
		return t.deal(c, j), nil
	case RoundVerdict:
		return t.verdict(c, s, j), nil
	default:
		// Her own deal must be among those that were summed: then nobody else chose the key.
		if m := c.slots[RoundDeal][j].first; s.deals[j] == nil || !bytes.Equal(m.body, t.deal(c, j)) || !slices.Contains(s.key.qualified, j) {
			return nil, fmt.Errorf("%w: the result does not contain its deal", ErrRefused)
		}
		if _, err := t.secretShare(c, s, j); err != nil {
			return nil, err
		}
		return s.key.digest[:], nil
	}
}

// deal makes the body of the trustee's deal. It follows from the seed and the roster.
func (t *Trustee) deal(c *Ceremony, j int) []byte {
	tr := transcript.New("trustee-deal")
	tr.Absorb("ceremony", c.id[:])
	tr.AbsorbUint64("trustee", uint64(j))
	tr = tr.Derive("seed", t.vault.seed[:])
	coefficients := make([]kyber.Scalar, c.roster.Threshold)
	for k, x := range scalars(tr.Challenge("coefficients", 64*len(coefficients))) {
		coefficients[k] = kybergroup.FromScalar(&x)
	}
	d := dealing{
		polynomial: shamir.CoefficientsToPriPoly(group, coefficients),
		ephemerals: scalars(tr.Challenge("ephemerals", 64*len(c.roster.Trustees))),
	}
	return d.encode(c.id, j, c.keys)
}

// scalars cuts uniform bytes into scalars, 64 bytes each.
func scalars(uniform []byte) []babyjub.Scalar {
	out := make([]babyjub.Scalar, len(uniform)/64)
	for k := range out {
		out[k].SetUniformBytes(uniform[64*k : 64*(k+1)])
	}
	clear(uniform)
	return out
}

// verdict opens the trustee's part of every deal. A part that does not fit the commitments is
// revealed, so that anybody sees it.
func (t *Trustee) verdict(c *Ceremony, s *state, j int) []byte {
	var w wire.Writer
	for dealer, d := range s.deals[1:] {
		dealer++
		switch {
		case d == nil:
			w.Uint8(verdictNone)
		case d.fits(j, t.part(c, d, dealer, j)):
			w.Uint8(verdictAccept)
		default:
			w.Uint8(verdictComplaint)
			w.Raw(encodeComplaint(c.id, dealer, j, &t.vault.x, &t.vault.y, &d.parts[j-1].ephemeral))
		}
	}
	return w.Bytes()
}

// part decrypts f(j) of a dealer.
func (t *Trustee) part(c *Ceremony, d *deal, dealer, j int) *babyjub.Scalar {
	shared := new(babyjub.Point).ScalarMul(&t.vault.x, &d.parts[j-1].ephemeral)
	return d.open(c.id, dealer, j, &t.vault.y, shared)
}

// secretShare returns x_j, the sum of the qualified dealers' f(j), with Y_j = x_j*G.
func (t *Trustee) secretShare(c *Ceremony, s *state, j int) (*babyjub.Scalar, error) {
	x := new(babyjub.Scalar)
	for _, dealer := range s.key.qualified {
		x.Add(x, t.part(c, s.deals[dealer], dealer, j))
	}
	if !new(babyjub.Point).ScalarBaseMul(x).Equal(&s.key.verification[j-1]) {
		return nil, fmt.Errorf("%w: its share does not fit its verification key: a dealer sent it a wrong part, and its complaint is not in the ceremony", ErrRefused)
	}
	return x, nil
}

// SignManifest signs the election id of m for the box and the voters. The manifest must carry
// the key, trustees, threshold and digest of the ceremony c, which must be complete. A trustee
// signs one manifest ever: two elections under one key could be subtracted.
func (t *Trustee) SignManifest(c *Ceremony, m *ballot.Manifest) (ballot.Signature, error) {
	j, err := t.index(c)
	if err != nil {
		return ballot.Signature{}, err
	}
	if err := c.matches(m); err != nil {
		return ballot.Signature{}, err
	}
	if _, err := t.secretShare(c, c.now(), j); err != nil {
		return ballot.Signature{}, t.vault.errorf("%w", err)
	}
	if err := t.bindElection(c, m.ID()); err != nil {
		return ballot.Signature{}, err
	}
	return ballot.SignElection(m, j, &t.vault.x), nil
}

// bindElection makes id the key's only election.
func (t *Trustee) bindElection(c *Ceremony, id ballot.ElectionID) error {
	return t.bind(c, entryElection, id, "it signed another manifest for this key: a new election wants a new ceremony")
}

// bind makes c the key's only ceremony and value the only one under name.
func (t *Trustee) bind(c *Ceremony, name string, value [32]byte, refusal string) error {
	if err := t.vault.once(entryCeremony, c.id, "its key serves another ceremony"); err != nil {
		return err
	}
	return t.vault.once(name, value, refusal)
}

// Endorse signs the checkpoint of r and the sums over its ballots. The report must be of a sealed
// poll whose recount passed every check (manifest to turnout); what other trustees or somebody
// else put into the record after it cannot stop her. A trustee endorses one checkpoint ever.
func (t *Trustee) Endorse(r *Report) (*Endorsement, error) {
	c, j, err := t.audited(r)
	if err != nil {
		return nil, err
	}
	if err := t.settle(c, r); err != nil {
		return nil, err
	}
	return endorse(r, j, &t.vault.x)
}

// Share returns the trustee's part of the opening of r, which must be a report of what she
// endorsed, with the endorsements of a quorum. It opens sums over all counted ballots, and
// nothing else.
func (t *Trustee) Share(r *Report) (*Share, error) {
	c, j, err := t.audited(r)
	if err != nil {
		return nil, err
	}
	if err := r.quorum(); err != nil {
		return nil, err
	}
	x, err := t.secretShare(c, c.now(), j)
	if err != nil {
		return nil, t.vault.errorf("%w", err)
	}
	if err := t.settle(c, r); err != nil {
		return nil, err
	}
	return makeShare(r, j, x)
}

// audited returns the ceremony of a report that a trustee may act on, and her index in it.
func (t *Trustee) audited(r *Report) (*Ceremony, int, error) {
	if err := r.recounted(); err != nil {
		return nil, 0, err
	}
	if !r.Closed {
		return nil, 0, t.vault.errorf("%w: the poll is not sealed", ErrRefused)
	}
	if r.ceremony == nil || r.manifest == nil {
		return nil, 0, t.vault.errorf("%w: the report has no ceremony", ErrInvalid)
	}
	if err := r.ceremony.matches(r.manifest); err != nil {
		return nil, 0, err
	}
	j, err := t.index(r.ceremony)
	return r.ceremony, j, err
}

// settle makes what r is about the only thing that the key ever endorses or opens.
func (t *Trustee) settle(c *Ceremony, r *Report) error {
	if err := t.bindElection(c, r.subject.Election); err != nil {
		return err
	}
	subject := transcript.Digest("subject", r.subject.Election[:], r.subject.Checkpoint[:], r.subject.Aggregate[:])
	return t.vault.once(entrySubject, subject, "it endorsed another checkpoint or other sums: shares of two would open a difference")
}
