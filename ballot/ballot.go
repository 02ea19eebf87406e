// Package ballot has the manifest of an election and its ballots.
//
// A [Manifest] fixes everything before the first ballot; its SHA-256 is the [ElectionID]. A
// voter makes a [Credential] ahead of time: an anonymous proof of membership in the census,
// bound to a one-time ballot key. Later, in milliseconds, the credential turns votes into a
// [Sealed] ballot, which is either signed and cast or spoiled and opened, to check the device.
// Anyone who has the manifest reads a [Ballot] with [ParseBallot], checks it with a [Verifier],
// one or thousands at a time, and decides with a [Rulebook] which ballot of a voter counts.
//
// Whatever a question's voting method is, its ballot has the same form: encrypted sums of
// bits, and one proof that all bits are bits and satisfy the linear equations of the method. A
// method is a [Rule], and each has its votes:
//
//	Choice      Choose, Blank, None    Cumulative  Give
//	Approval    Approve                Quadratic   Give
//	Judgment    Grade                  Ranking     Rank, RankBy
//	Scoring     Score                  Condorcet   Rank, RankBy
//
//	m, err := ballot.ParseManifest(raw)
//	err = m.CheckSignatures(signatures) // of the trustees
//	c, err := ballot.NewCredential(ctx, m, identity, path, prover)
//	s, err := c.Encrypt(map[ballot.QuestionID]ballot.Vote{"treaty": ballot.Choose("yes")})
//	b, err := s.Sign(0)
//	v, err := ballot.NewVerifier(m, ballot.AcceptKey(key))
//	err = v.Verify(ctx, b)
//
// # Secrets
//
// [Vote], [Credential], [Sealed] and [Opening] are secret and print as "redacted". Whoever has
// a credential can vote with it; whoever has a Sealed that was not spoiled knows the vote.
// A [Ballot] is public. Package fmt does not reach the methods of a field that is not exported,
// so a type that keeps a Vote there has to redact itself.
//
// The proofs and the encryption take the same time whatever is voted. Before them the votes are
// compared with all options and grades, which takes some microseconds: how long depends on how many
// options a vote names and on the lengths of their ids, not on which they are and what is given to them.
// (Grade, Score, Give and RankBy take a map, and first sort it in the ordinary way.)
//
// The formats and the protocol are specified in docs/spec/ballot.md and docs/spec/manifest.md.
package ballot

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"slices"

	"github.com/scrutin/scrutin/elgamal"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/sigma"
	"github.com/scrutin/scrutin/internal/transcript"
	"github.com/scrutin/scrutin/internal/wire"
	"github.com/scrutin/scrutin/proof"
)

const (
	formatVersion = 1

	// version, election id, nullifier, K, weight, membership proof, sequence number
	ballotHeadSize = 1 + 32 + 32 + pointSize + 8 + membershipSize + 4
	membershipSize = len(proof.Proof{})
	signatureSize  = sigma.ProofSize
)

// Ballot is one voter's answers to all questions, encrypted, with the proofs that they are
// well formed and that she may vote. It is public and immutable. ParseBallot has checked its
// form, not its proofs: that is a Verifier's work.
type Ballot struct {
	raw       []byte
	election  ElectionID
	voter     voter
	sequence  uint32
	questions []answer
	signature sigma.Proof
}

// voter is the public half of a credential.
type voter struct {
	nullifier  proof.Nullifier
	key        babyjub.Point // K
	keyBytes   [pointSize]byte
	weight     uint64 // 0 in an unweighted election
	membership proof.Proof
}

// answer is a ballot's part for one question.
type answer struct {
	ciphertexts []elgamal.Ciphertext
	encoded     []byte // of the ciphertexts
	argument    argument
}

// ParseBallot reads a ballot of the election m. It accepts exactly the bytes that
// Ballot.Bytes returns for some ballot; the error is ErrUnknownElection for a ballot of
// another election, else ErrMalformed.
func ParseBallot(m *Manifest, raw []byte) (*Ballot, error) {
	if len(raw) > 33 && raw[0] == formatVersion && ElectionID(raw[1:33]) != m.id { //check:ballot/election
		return nil, fmt.Errorf("%w: election id %s, this is %s", ErrUnknownElection, ElectionID(raw[1:33]), m.id)
	}
	if len(raw) != m.size {
		return nil, fmt.Errorf("%w: %d bytes, a ballot of this election has %d", ErrMalformed, len(raw), m.size)
	}
	raw = slices.Clone(raw)
	b := &Ballot{raw: raw}
	r := wire.NewReader(raw)
	if v := r.Uint8(); v != formatVersion {
		return nil, fmt.Errorf("%w: format version %d, %d wanted", ErrMalformed, v, formatVersion)
	}
	b.election = ElectionID(r.Raw(32))
	if err := b.voter.read(m, r); err != nil {
		return nil, err
	}
	b.sequence = r.Uint32()
	b.questions = make([]answer, len(m.layouts))
	for i, l := range m.layouts {
		if err := b.questions[i].read(l, r); err != nil {
			return nil, fmt.Errorf("%w: question %q: %v", ErrMalformed, m.draft.Questions[i].ID, err)
		}
	}
	if err := b.signature.SetBytes(r.Raw(signatureSize)); err != nil {
		return nil, fmt.Errorf("%w: signature: %v", ErrMalformed, err)
	}
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrMalformed, err)
	}
	return b, nil
}

func (v *voter) read(m *Manifest, r *wire.Reader) (err error) {
	if v.nullifier, err = proof.ParseNullifier(r.Raw(32)); err != nil {
		return fmt.Errorf("%w: %v", ErrMalformed, err)
	}
	v.keyBytes = [pointSize]byte(r.Raw(pointSize))
	if err := v.key.SetBytes(v.keyBytes[:]); err != nil {
		return fmt.Errorf("%w: ballot key K: %v", ErrMalformed, err)
	}
	if v.key.IsSmallOrder() { //check:ballot/key-order
		return fmt.Errorf("%w: ballot key K is of small order", ErrMalformed)
	}
	v.weight = r.Uint64()
	if err := m.checkWeight(v.weight); err != nil {
		return err
	}
	v.membership = proof.Proof(r.Raw(membershipSize))
	return r.Err()
}

func (v *voter) write(w *wire.Writer) {
	w.Raw(v.nullifier[:])
	w.Raw(v.keyBytes[:])
	w.Uint64(v.weight)
	w.Raw(v.membership[:])
}

func (a *answer) read(l *layout, r *wire.Reader) error {
	a.ciphertexts = make([]elgamal.Ciphertext, len(l.forms))
	a.encoded = r.Raw(len(l.forms) * ciphertextSize)
	for j := range a.ciphertexts {
		if err := a.ciphertexts[j].SetBytes(a.encoded[j*ciphertextSize:][:ciphertextSize]); err != nil {
			return fmt.Errorf("ciphertext %d: %v", j+1, err)
		}
	}
	return a.argument.read(l, r)
}

// Bytes returns the encoding that ParseBallot reads.
func (b *Ballot) Bytes() []byte { return slices.Clone(b.raw) }

// Election returns the id of the election that the ballot is for.
func (b *Ballot) Election() ElectionID { return b.election }

// Nullifier returns the voter's pseudonym in this election.
func (b *Ballot) Nullifier() proof.Nullifier { return b.voter.nullifier }

// Weight returns the weight of the ballot, 1 in an unweighted election.
func (b *Ballot) Weight() uint64 { return max(b.voter.weight, 1) }

// Sequence returns the sequence number, 0 for a voter's first ballot.
func (b *Ballot) Sequence() uint32 { return b.sequence }

// Ciphertexts returns the ciphertexts of all questions, in the manifest's order.
func (b *Ballot) Ciphertexts() []elgamal.Ciphertext {
	var out []elgamal.Ciphertext
	for i := range b.questions {
		out = append(out, b.questions[i].ciphertexts...)
	}
	return out
}

// Digest returns the SHA-256 of Bytes.
func (b *Ballot) Digest() [32]byte { return sha256.Sum256(b.raw) }

// Tracker returns a short text by which a voter finds the ballot: the first 80 bits of the
// digest as 16 characters of Crockford's base32, in groups of four, "K3M8-0QZT-9VHE-2R5C".
func (b *Ballot) Tracker() string {
	d := b.Digest()
	s := crockford.EncodeToString(d[:10])
	return s[:4] + "-" + s[4:8] + "-" + s[8:12] + "-" + s[12:]
}

var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// Sealed returns the digest of the ballot's ciphertexts, which equals the Sealed.Digest that
// the device showed before it knew whether the ballot would be cast or spoiled.
func (b *Ballot) Sealed() [32]byte { return sealedDigest(b.election, b.questions) }

// sealedDigest is Digest("sealed", election id, ciphertexts of question 1, of question 2 ..).
func sealedDigest(id ElectionID, questions []answer) [32]byte {
	parts := [][]byte{id[:]}
	for i := range questions {
		parts = append(parts, questions[i].encoded)
	}
	return transcript.Digest("sealed", parts...)
}

func ciphertextBytes(ciphertexts []elgamal.Ciphertext) []byte {
	points := make([]babyjub.Point, 0, 2*len(ciphertexts))
	for _, c := range ciphertexts {
		points = append(points, c.A, c.B)
	}
	out := make([]byte, 0, ciphertextSize*len(ciphertexts))
	for _, b := range babyjub.BatchBytes(points) {
		out = append(out, b[:]...)
	}
	return out
}
