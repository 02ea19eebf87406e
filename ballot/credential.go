package ballot

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/sigma"
	"github.com/scrutin/scrutin/internal/transcript"
	"github.com/scrutin/scrutin/internal/wire"
	"github.com/scrutin/scrutin/proof"
)

// Credential is a voter's right to vote in one election: the ballot key k and the anonymous
// proof that its holder is in the census. It is secret, and safe for concurrent use.
//
// It remembers the numbers that it signed, so that no two ballots of a voter carry one number.
// Whoever keeps it on disk writes Bytes again after each Sign, before the ballot is sent.
type Credential struct {
	m     *Manifest
	k     babyjub.Scalar
	voter voter

	mu    sync.Mutex
	next  uint64 // numbers below it are used
	seals uint64 // ballots encrypted
}

// NewCredential proves that id is in the census of m, where path is its membership path. It
// takes as long as p does and needs no network; the ballots made later take milliseconds.
//
// If p has a method Digest() [32]byte, as proving keys have, then the digest must be the one
// that the manifest names: a proof made with a wrong key can reveal the identity.
func NewCredential(ctx context.Context, m *Manifest, id *proof.Identity, path census.Path, p proof.Prover) (*Credential, error) {
	if key, ok := p.(interface{ Digest() [32]byte }); ok && key.Digest() != m.draft.Membership.ProvingKey {
		return nil, fmt.Errorf("%w: proving key %x, the manifest names %x", ErrUnknownKey, key.Digest(), m.draft.Membership.ProvingKey)
	}
	if len(path.Siblings) > m.draft.Census.Depth {
		return nil, fmt.Errorf("%w: a census path of length %d, at most %d allowed", ErrInvalid, len(path.Siblings), m.draft.Census.Depth)
	}
	if root, err := path.Root(); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrMalformed, err)
	} else if root != m.draft.Census.Root {
		return nil, fmt.Errorf("%w: the census path does not lead to the manifest's root", ErrInvalid)
	}
	if err := m.checkWeight(path.Weight); err != nil {
		return nil, err
	}
	wide := id.Derive("ballot-key", m.id[:])
	var k babyjub.Scalar
	k.SetUniformBytes(wide[:])
	clear(wide[:])

	c := newCredential(m, &k)
	membership, err := p.Prove(ctx, id, proof.Statement{
		Path:    path,
		Scope:   proof.Scope(m.id),
		Message: credentialMessage(m.id, c.voter.keyBytes),
	})
	if err != nil {
		return nil, fmt.Errorf("ballot: credential: %w", err)
	}
	if membership.Root != m.draft.Census.Root || membership.Weight != path.Weight ||
		membership.Nullifier != id.Nullifier(proof.Scope(m.id)) {
		return nil, fmt.Errorf("%w: the prover proved another statement", ErrInvalid)
	}
	c.voter.nullifier = membership.Nullifier
	c.voter.weight = membership.Weight
	c.voter.membership = membership.Proof
	return c, nil
}

func newCredential(m *Manifest, k *babyjub.Scalar) *Credential {
	c := &Credential{m: m, k: *k}
	c.voter.key.ScalarBaseMul(k)
	c.voter.keyBytes = c.voter.key.Bytes()
	return c
}

// credentialMessage is what a membership proof of this election is bound to.
func credentialMessage(id ElectionID, key [pointSize]byte) proof.Message {
	return transcript.Digest("credential", id[:], key[:])
}

// checkWeight accepts 0 in an unweighted election, else 1 to the total weight.
func (m *Manifest) checkWeight(weight uint64) error {
	switch c := m.draft.Census; {
	case !c.Weighted && weight != 0:
		return fmt.Errorf("%w: weight %d in an unweighted election, 0 wanted", ErrMalformed, weight)
	case c.Weighted && (weight < 1 || weight > c.TotalWeight):
		return fmt.Errorf("%w: weight %d, 1 to %d allowed", ErrMalformed, weight, c.TotalWeight)
	}
	return nil
}

// credentialSize is that of: version, election id, k, nullifier, weight, membership proof,
// numbers used, ballots encrypted.
const credentialSize = 1 + 32 + scalarSize + 32 + 8 + membershipSize + 8 + 8

// Bytes returns the credential with its memory, for ParseCredential. It is secret.
func (c *Credential) Bytes() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.k.Bytes()
	var w wire.Writer
	w.Uint8(formatVersion)
	w.Raw(c.m.id[:])
	w.Raw(k[:])
	w.Raw(c.voter.nullifier[:])
	w.Uint64(c.voter.weight)
	w.Raw(c.voter.membership[:])
	w.Uint64(c.next)
	w.Uint64(c.seals)
	return w.Bytes()
}

// ParseCredential reads a credential of the election m. Only one copy may be used: two do not
// know which numbers the other signed.
func ParseCredential(m *Manifest, raw []byte) (*Credential, error) {
	if len(raw) != credentialSize {
		return nil, fmt.Errorf("%w: credential of %d bytes, %d wanted", ErrMalformed, len(raw), credentialSize)
	}
	r := wire.NewReader(raw)
	if v := r.Uint8(); v != formatVersion {
		return nil, fmt.Errorf("%w: credential: format version %d, %d wanted", ErrMalformed, v, formatVersion)
	}
	if id := ElectionID(r.Raw(32)); id != m.id {
		return nil, fmt.Errorf("%w: credential of election %s, this is %s", ErrUnknownElection, id, m.id)
	}
	var k babyjub.Scalar
	if err := k.SetBytes(r.Raw(scalarSize)); err != nil || k.IsZero() {
		return nil, fmt.Errorf("%w: credential: ballot key out of range", ErrMalformed)
	}
	c := newCredential(m, &k)
	var err error
	if c.voter.nullifier, err = proof.ParseNullifier(r.Raw(32)); err != nil {
		return nil, fmt.Errorf("%w: credential: %v", ErrMalformed, err)
	}
	c.voter.weight = r.Uint64()
	if err := m.checkWeight(c.voter.weight); err != nil {
		return nil, fmt.Errorf("credential: %w", err)
	}
	c.voter.membership = proof.Proof(r.Raw(membershipSize))
	c.next = r.Uint64()
	c.seals = r.Uint64()
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("%w: credential: %v", ErrMalformed, err)
	}
	if c.next > uint64(m.draft.Revote.Limit)+1 {
		return nil, fmt.Errorf("%w: credential: signed number %d, at most %d allowed", ErrMalformed, c.next-1, m.draft.Revote.Limit)
	}
	return c, nil
}

// Nullifier returns the voter's pseudonym in this election.
func (c *Credential) Nullifier() proof.Nullifier { return c.voter.nullifier }

// Weight returns the voter's weight, 1 in an unweighted election.
func (c *Credential) Weight() uint64 { return max(c.voter.weight, 1) }

// Next returns the lowest sequence number that the credential did not sign. A voter who also
// votes on another device has to look up the last number in the log.
func (c *Credential) Next() uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return uint32(c.next)
}

// Encrypt seals one vote for each question. The result is cast with Sign or opened with Spoil.
func (c *Credential) Encrypt(votes map[QuestionID]Vote) (*Sealed, error) {
	m := c.m
	s := &Sealed{c: c, opening: Opening{election: m.id, questions: make([]opened, len(m.layouts))}}
	for i, q := range m.draft.Questions {
		v, ok := votes[q.ID]
		if !ok {
			return nil, fmt.Errorf("%w: question %q: no vote", ErrVote, q.ID)
		}
		bits := make([]uint8, m.layouts[i].bits)
		if err := q.Rule.fill(bits, q.Options, v); err != nil {
			return nil, fmt.Errorf("question %q: %w", q.ID, err)
		}
		s.opening.questions[i].bits = bits
	}
	if len(votes) != len(m.layouts) {
		return nil, fmt.Errorf("%w: %d votes, the election has %d questions", ErrVote, len(votes), len(m.layouts))
	}

	t := transcript.New("seal")
	h := m.key.Bytes()
	t.Absorb("election", m.id[:])
	t.Absorb("key", h[:])
	t.Absorb("ballot key", c.voter.keyBytes[:])
	c.mu.Lock()
	t.AbsorbUint64("number", c.seals)
	c.seals++
	c.mu.Unlock()
	for i := range s.opening.questions {
		t.Absorb("bits", s.opening.questions[i].bits)
	}
	k := c.k.Bytes()
	randomness := t.Hedge("randomness", k[:]).Challenge("r", 64*m.ciphertexts)
	clear(k[:])
	for i := range s.opening.questions {
		o := &s.opening.questions[i]
		o.r = make([]babyjub.Scalar, len(m.layouts[i].forms))
		for j := range o.r {
			o.r[j].SetUniformBytes(randomness[:64])
			clear(randomness[:64])
			randomness = randomness[64:]
		}
	}
	s.questions = s.opening.encrypt(m)
	s.digest = sealedDigest(m.id, s.questions)
	return s, nil
}

// Format writes "Credential(redacted)" whatever the verb.
func (c *Credential) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Credential(redacted)") }

// Sealed is a set of votes, encrypted. It is used once, by Sign or by Spoil. It is secret.
type Sealed struct {
	c         *Credential
	questions []answer // ciphertexts alone
	digest    [32]byte

	// guarded by c.mu
	opening Opening // emptied by Sign
	state   sealedState
	ballot  *Ballot
}

type sealedState uint8

const (
	sealedFresh sealedState = iota
	sealedSigned
	sealedSpoiled
)

// Digest commits to the ciphertexts: Ballot.Sealed gives the same of the ballot that is cast,
// and Opening.Verify compares with it. A device shows it before it learns whether the ballot will
// be cast or spoiled. It says nothing about the votes or the voter.
func (s *Sealed) Digest() [32]byte { return s.digest }

// Sign makes the ballot, with the sequence number: 0 for the first one, and for each that
// replaces it the next number. The error is ErrSequence for a number that is above the
// manifest's limit or not above all those that the credential signed, and ErrSpent for a Sealed
// that was spoiled, or signed with another number; with the same number it returns the same ballot.
func (s *Sealed) Sign(sequence uint32) (*Ballot, error) {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case s.state == sealedSigned && s.ballot.sequence == sequence:
		return s.ballot, nil
	case s.state == sealedSigned:
		return nil, fmt.Errorf("%w: it was signed with the number %d", ErrSpent, s.ballot.sequence)
	case s.state == sealedSpoiled:
		return nil, fmt.Errorf("%w: it was spoiled", ErrSpent)
	case sequence > c.m.draft.Revote.Limit:
		return nil, fmt.Errorf("%w: sequence number %d, at most %d allowed", ErrSequence, sequence, c.m.draft.Revote.Limit)
	case uint64(sequence) < c.next:
		return nil, fmt.Errorf("%w: sequence number %d, this credential signed %d", ErrSequence, sequence, c.next-1)
	}
	b, err := c.sign(s, sequence)
	if err != nil {
		return nil, err
	}
	c.next = uint64(sequence) + 1
	s.state, s.ballot = sealedSigned, b
	s.opening.wipe()
	return b, nil
}

// sign makes the arguments and the signature, and parses what it made.
func (c *Credential) sign(s *Sealed, sequence uint32) (*Ballot, error) {
	k := c.k.Bytes()
	defer clear(k[:])
	questions := slices.Clone(s.questions)
	shared := c.m.statementTranscript(&c.voter, sequence, questions)
	for i, l := range c.m.layouts {
		t := c.m.questionTranscript(shared, i)
		questions[i].argument = newArguer(t, l, c.m.key, s.opening.questions[i].witness(), k[:]).prove(t)
	}
	return c.assemble(questions, sequence)
}

// assemble writes and signs a ballot, and reads it as its receiver will.
func (c *Credential) assemble(questions []answer, sequence uint32) (*Ballot, error) {
	var w wire.Writer
	w.Uint8(formatVersion)
	w.Raw(c.m.id[:])
	c.voter.write(&w)
	w.Uint32(sequence)
	for i := range questions {
		w.Raw(questions[i].encoded)
		questions[i].argument.write(&w)
	}
	signature := sigma.Prove(ballotSignatureTranscript(c.m.id, w.Bytes()), &c.k, &c.voter.key)
	encoded := signature.Bytes()
	w.Raw(encoded[:])
	return ParseBallot(c.m, w.Bytes())
}

// ballotSignatureTranscript holds the message of a ballot's signature, all bytes before it.
func ballotSignatureTranscript(id ElectionID, signed []byte) *transcript.Transcript {
	t := transcript.New("ballot-signature")
	t.Absorb("election", id[:])
	t.Absorb("ballot", signed)
	return t
}

// Spoil opens the ballot instead of casting it, to check the device that made it. Afterwards
// Sign refuses.
func (s *Sealed) Spoil() (*Opening, error) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	if s.state == sealedSigned {
		return nil, fmt.Errorf("%w: it was signed, and opening it would show a vote", ErrSpent)
	}
	s.state = sealedSpoiled
	return s.opening.clone(), nil
}

// Format writes "Sealed(redacted)" whatever the verb.
func (s Sealed) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Sealed(redacted)") }
