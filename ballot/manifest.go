package ballot

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"filippo.io/edwards25519"

	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/elgamal"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/wire"
	"golang.org/x/mod/sumdb/note"
)

// Limits of a manifest. A manifest beyond any of them is refused.
const (
	MaxManifestBytes = 1 << 20
	MaxBallotBytes   = 65535 // of one ballot, which is one entry of the log
	MaxQuestions     = 64
	MaxOptions       = 256  // of one question
	MaxBits          = 2048 // of one question's layout; MaxBallotBytes allows fewer
	MaxConstraints   = 2048 // of one question's layout
	MaxCiphertexts   = 512  // of one question; MaxBallotBytes allows fewer
	MaxLanguages     = 32
	MaxLanguageBytes = 35
	MaxTextBytes     = 4096 // of one text in one language, or a URI
	MaxNameBytes     = 200  // of a name or another single line
	MaxIDBytes       = 32
	MaxTrustees      = 64
	MaxDepth         = 32      // of the census tree
	MaxTotalWeight   = 1 << 40 // total weights are below this
	MaxRevotes       = 65535
)

// ElectionID names an election: the SHA-256 of its manifest, as sha256sum prints it.
type ElectionID [32]byte

// ParseElectionID reads 64 lower-case hexadecimal digits.
func ParseElectionID(s string) (ElectionID, error) {
	var id ElectionID
	err := id.UnmarshalText([]byte(s))
	return id, err
}

// String returns 64 lower-case hexadecimal digits.
func (id ElectionID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText writes 64 lower-case hexadecimal digits.
func (id ElectionID) MarshalText() ([]byte, error) { return wire.Hex32(id).MarshalText() }

// UnmarshalText reads them; id is unchanged on error.
func (id *ElectionID) UnmarshalText(text []byte) error {
	if err := (*wire.Hex32)(id).UnmarshalText(text); err != nil {
		return fmt.Errorf("%w: election id: %v", ErrMalformed, err)
	}
	return nil
}

// QuestionID and OptionID are 1 to 32 characters a-z, 0-9 and "-": a question's is unique
// in its manifest, an option's in its question.
type (
	QuestionID string
	OptionID   string
)

// Question is one question of an election.
type Question struct {
	ID      QuestionID
	Title   Text
	Text    *Document // the text that is voted on, if there is one
	Rule    Rule
	Options []Option
}

// Option is one of a question's options.
type Option struct {
	ID    OptionID
	Title Text
}

// Document is a text outside the manifest, pinned by its digest.
type Document struct {
	URI    string // absolute, printable ASCII
	SHA256 [32]byte
}

// CensusInfo pins the electoral roll.
type CensusInfo struct {
	Root         census.Root
	Depth        int    // the longest membership path that is accepted, 1 to MaxDepth
	Size         uint64 // members, 1 to 2^Depth
	Weighted     bool
	TotalWeight  uint64 // sum of the weights, below MaxTotalWeight; Size in an unweighted census
	MinimumClass uint64 // the fewest members that may share a weight; 0 demands nothing
}

// Trustee is a holder of a share of the election key. Trustee number j, from 1, is the
// j-th of the manifest.
type Trustee struct {
	Name string
	Key  [64]byte // enrolment key E_j
}

// MembershipInfo pins the keys of the membership proof.
type MembershipInfo struct {
	VerifyingKey [32]byte // digest of the verifying key
	ProvingKey   [32]byte // digest of the proving key
	Provenance   string   // where the keys come from, in one line; proof.OneParty is one
}

// RevoteRule says what becomes of a second ballot of one voter.
type RevoteRule string

const (
	RevoteNone RevoteRule = "none" // it is refused
	RevoteLast RevoteRule = "last" // the last one counts
)

// Revote is the re-vote rule. Limit is the highest sequence number, so a voter casts at most
// Limit + 1 ballots; it is 0 under RevoteNone and 1 to MaxRevotes under RevoteLast.
type Revote struct {
	Rule  RevoteRule
	Limit uint32
}

// LogInfo pins the log of a box's operator. Key is a verifier key of golang.org/x/mod/sumdb/note
// whose name is Origin.
type LogInfo struct {
	Origin string
	Key    string
}

// Draft is what a manifest is made from.
type Draft struct {
	Title      Text
	Questions  []Question
	Census     CensusInfo
	PublicKey  [64]byte // the election key H
	Ceremony   [32]byte // digest of the key ceremony
	Trustees   []Trustee
	Threshold  int // trustees needed to open, 2 to len(Trustees)
	Membership MembershipInfo
	Opens      int64 // UTC seconds
	Closes     int64
	Revote     Revote
	Log        LogInfo   // of the first box, which for most elections is the only one
	Boxes      []LogInfo // of the further boxes; MaxBoxes boxes in all, with different origins and keys
	Copies     int       // see Manifest.Copies; 0 in an election with one box
}

// Manifest fixes everything about an election before the first ballot. It is immutable.
type Manifest struct {
	draft       Draft
	raw         []byte
	id          ElectionID
	key         *elgamal.PublicKey
	enrolled    []babyjub.Point // the trustees' enrolment keys
	layouts     []*layout
	ciphertexts int
	size        int // of a ballot
}

// NewManifest makes the manifest of a draft.
func NewManifest(d Draft) (*Manifest, error) {
	if _, err := d.check(); err != nil {
		return nil, err
	}
	raw, err := wire.MarshalCanonical(d.document())
	if err != nil {
		return nil, fmt.Errorf("%w: manifest: %v", ErrMalformed, err)
	}
	return ParseManifest(raw)
}

// ParseManifest reads a manifest and checks all of it, as NewManifest does.
func ParseManifest(raw []byte) (*Manifest, error) {
	if len(raw) > MaxManifestBytes {
		return nil, fmt.Errorf("%w: manifest of %d bytes, at most %d allowed", ErrMalformed, len(raw), MaxManifestBytes)
	}
	var doc manifestDocument
	if err := wire.UnmarshalCanonical(raw, &doc); err != nil {
		return nil, fmt.Errorf("%w: manifest: %v", ErrMalformed, err)
	}
	if doc.Format != manifestFormat {
		return nil, fmt.Errorf("%w: manifest: format %.64q, %q wanted", ErrMalformed, doc.Format, manifestFormat)
	}
	m, err := doc.draft().check()
	if err != nil {
		return nil, err
	}
	m.raw = slices.Clone(raw)
	m.id = sha256.Sum256(raw)
	return m, nil
}

// check returns the manifest of d, but for its bytes and id.
func (d Draft) check() (*Manifest, error) {
	m := &Manifest{draft: d}
	for _, part := range []struct {
		name  string
		check func() error
	}{
		{"title", m.checkTitle},
		{"census", m.checkCensus},
		{"questions", m.checkQuestions},
		{"key", m.checkKey},
		{"trustees", m.checkTrustees},
		{"membership", m.checkMembership},
		{"times", m.checkTimes},
		{"revote", m.checkRevote},
		{"log", m.checkLogs},
	} {
		if err := part.check(); err != nil {
			return nil, fmt.Errorf("manifest: %s: %w", part.name, err)
		}
	}
	return m, nil
}

func (m *Manifest) checkTitle() error {
	languages := m.draft.Title.languages()
	if err := checkLanguages(languages); err != nil {
		return err
	}
	return checkText(m.draft.Title, languages)
}

func (m *Manifest) checkCensus() error {
	c := m.draft.Census
	switch {
	case c.Root == census.Root{}:
		return fmt.Errorf("%w: root 0", ErrMalformed)
	case c.Depth < 1 || c.Depth > MaxDepth:
		return fmt.Errorf("%w: depth %d, 1 to %d allowed", ErrMalformed, c.Depth, MaxDepth)
	case c.Size < 1 || c.Size > 1<<c.Depth:
		return fmt.Errorf("%w: size %d, 1 to 2^%d allowed", ErrMalformed, c.Size, c.Depth)
	case !c.Weighted && c.TotalWeight != c.Size:
		return fmt.Errorf("%w: total weight %d of an unweighted census of %d", ErrMalformed, c.TotalWeight, c.Size)
	case c.TotalWeight < c.Size || c.TotalWeight >= MaxTotalWeight:
		return fmt.Errorf("%w: total weight %d, the size %d to 2^40 - 1 allowed", ErrMalformed, c.TotalWeight, c.Size)
	case c.MinimumClass > c.Size:
		return fmt.Errorf("%w: at least %d members of each weight wanted, there are %d members", ErrMalformed, c.MinimumClass, c.Size)
	}
	return nil
}

func (m *Manifest) checkQuestions() error {
	d := &m.draft
	if n := len(d.Questions); n < 1 || n > MaxQuestions {
		return fmt.Errorf("%w: %d questions, 1 to %d allowed", ErrMalformed, n, MaxQuestions)
	}
	languages := d.Title.languages()
	seen := map[QuestionID]bool{}
	m.size = ballotHeadSize + signatureSize
	for i, q := range d.Questions {
		l, err := d.checkQuestion(q, languages)
		if err != nil {
			return fmt.Errorf("question %d: %w", i+1, err)
		}
		if seen[q.ID] {
			return fmt.Errorf("%w: question %d: id %q again", ErrMalformed, i+1, q.ID)
		}
		seen[q.ID] = true
		if alone := ballotHeadSize + l.size() + signatureSize; alone > MaxBallotBytes {
			return fmt.Errorf("%w: question %d: %q alone makes a ballot of %d bytes, at most %d allowed: take fewer options, ranks, grades or scores",
				ErrMalformed, i+1, q.ID, alone, MaxBallotBytes)
		}
		m.layouts = append(m.layouts, l)
		m.ciphertexts += len(l.forms)
		m.size += l.size()
	}
	if m.size > MaxBallotBytes {
		return fmt.Errorf("%w: a ballot takes %d bytes, at most %d allowed: split the election", ErrMalformed, m.size, MaxBallotBytes)
	}
	return nil
}

func (d *Draft) checkQuestion(q Question, languages []string) (*layout, error) {
	if err := checkID(string(q.ID)); err != nil {
		return nil, err
	}
	if err := checkText(q.Title, languages); err != nil {
		return nil, fmt.Errorf("title: %w", err)
	}
	if q.Text != nil {
		if err := checkURI(q.Text.URI); err != nil {
			return nil, fmt.Errorf("text: %w", err)
		}
		if q.Text.SHA256 == [32]byte{} {
			return nil, fmt.Errorf("%w: text without a digest", ErrMalformed)
		}
	}
	var options []named
	for _, o := range q.Options {
		options = append(options, named{string(o.ID), o.Title})
	}
	if err := checkNamed("option", options, languages); err != nil {
		return nil, err
	}
	l, err := compileRule(q.Rule, q.Options, d.Census.TotalWeight)
	if err != nil {
		return nil, fmt.Errorf("rule: %w", err)
	}
	if r, ok := q.Rule.(Judgment); ok {
		if err := r.checkTitles(languages); err != nil {
			return nil, fmt.Errorf("rule: %w", err)
		}
	}
	return l, nil
}

func (m *Manifest) checkKey() error {
	key, err := elgamal.ParsePublicKey(m.draft.PublicKey[:])
	if err != nil {
		return fmt.Errorf("%w: public: %v", ErrMalformed, err)
	}
	if m.draft.Ceremony == [32]byte{} {
		return fmt.Errorf("%w: no digest of the ceremony", ErrMalformed)
	}
	m.key = key
	return nil
}

func (m *Manifest) checkTrustees() error {
	n := len(m.draft.Trustees)
	if n < 2 || n > MaxTrustees {
		return fmt.Errorf("%w: %d trustees, 2 to %d allowed", ErrMalformed, n, MaxTrustees)
	}
	if t := m.draft.Threshold; t < 2 || t > n { //check:manifest/threshold
		return fmt.Errorf("%w: threshold %d, 2 to %d allowed", ErrMalformed, t, n)
	}
	names, keys := map[string]bool{}, map[[64]byte]bool{m.draft.PublicKey: true}
	m.enrolled = make([]babyjub.Point, n)
	for i, t := range m.draft.Trustees {
		if err := checkString(t.Name, MaxNameBytes); err != nil {
			return fmt.Errorf("trustee %d: name: %w", i+1, err)
		}
		if err := m.enrolled[i].SetSubgroupBytes(t.Key[:]); err != nil {
			return fmt.Errorf("%w: trustee %d: key: %v", ErrMalformed, i+1, err)
		}
		if names[t.Name] || keys[t.Key] {
			return fmt.Errorf("%w: trustee %d: name or key is used twice", ErrMalformed, i+1)
		}
		names[t.Name], keys[t.Key] = true, true
	}
	return nil
}

func (m *Manifest) checkMembership() error {
	if m.draft.Membership.VerifyingKey == [32]byte{} || m.draft.Membership.ProvingKey == [32]byte{} {
		return fmt.Errorf("%w: no digest of the verifying or the proving key", ErrMalformed)
	}
	if err := checkString(m.draft.Membership.Provenance, MaxNameBytes); err != nil {
		return fmt.Errorf("provenance: %w", err)
	}
	return nil
}

func (m *Manifest) checkTimes() error {
	if o, c := m.draft.Opens, m.draft.Closes; o < 0 || o >= c || c >= 1<<53 {
		return fmt.Errorf("%w: opens at %d and closes at %d, 0 <= opens < closes < 2^53 wanted", ErrMalformed, o, c)
	}
	return nil
}

func (m *Manifest) checkRevote() error {
	r := m.draft.Revote
	switch {
	case r.Rule != RevoteNone && r.Rule != RevoteLast:
		return fmt.Errorf("%w: unknown rule %.64q", ErrMalformed, r.Rule)
	case r.Rule == RevoteNone && r.Limit != 0:
		return fmt.Errorf("%w: rule %q with limit %d, 0 wanted", ErrMalformed, r.Rule, r.Limit)
	case r.Rule == RevoteLast && (r.Limit < 1 || r.Limit > MaxRevotes):
		return fmt.Errorf("%w: limit %d, 1 to %d allowed", ErrMalformed, r.Limit, MaxRevotes)
	}
	return nil
}

// check checks an operator's log and returns its public key.
func (l LogInfo) check() (key string, err error) {
	if err := checkString(l.Origin, MaxNameBytes); err != nil {
		return "", fmt.Errorf("origin: %w", err)
	}
	v, err := note.NewVerifier(l.Key)
	if err != nil {
		return "", fmt.Errorf("%w: key: %v", ErrMalformed, err)
	}
	if v.Name() != l.Origin {
		return "", fmt.Errorf("%w: the key's name is %q, the origin %q", ErrMalformed, v.Name(), l.Origin)
	}
	return checkLogKey(l.Key)
}

// checkLogKey returns the public key. It refuses a second spelling of a verifier key, and an
// Ed25519 key that is no point by RFC 8032, section 5.1.3, or one of small order: anybody signs under such a key, so that it
// binds its owner to nothing. The key has the form that note.NewVerifier accepts, name+hash+key.
func checkLogKey(key string) (string, error) {
	name, rest, _ := strings.Cut(key, "+")
	_, encoded, _ := strings.Cut(rest, "+")
	b, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(b) != 1+ed25519.PublicKeySize {
		return "", fmt.Errorf("%w: key: not an Ed25519 verifier key", ErrMalformed)
	}
	canonical, err := note.NewEd25519VerifierKey(name, b[1:])
	if err != nil || canonical != key {
		return "", fmt.Errorf("%w: key: another spelling of %q", ErrMalformed, canonical)
	}
	point, err := new(edwards25519.Point).SetBytes(b[1:])
	if err != nil || !bytes.Equal(point.Bytes(), b[1:]) || point.MultByCofactor(point).Equal(edwards25519.NewIdentityPoint()) == 1 {
		return "", fmt.Errorf("%w: key: no point, or one of small order", ErrMalformed)
	}
	return string(b[1:]), nil
}

// ID returns the election id, the SHA-256 of Bytes.
func (m *Manifest) ID() ElectionID { return m.id }

// Bytes returns the canonical JSON that ParseManifest reads.
func (m *Manifest) Bytes() []byte { return slices.Clone(m.raw) }

// Title returns the election's title.
func (m *Manifest) Title() Text { return cloneText(m.draft.Title) }

// Questions returns the questions in order.
func (m *Manifest) Questions() []Question {
	out := slices.Clone(m.draft.Questions)
	for i := range out {
		q := &out[i]
		q.Title, q.Rule = cloneText(q.Title), cloneRule(q.Rule)
		if q.Text != nil {
			text := *q.Text
			q.Text = &text
		}
		q.Options = slices.Clone(q.Options)
		for j := range q.Options {
			q.Options[j].Title = cloneText(q.Options[j].Title)
		}
	}
	return out
}

// Census returns what is fixed about the electoral roll.
func (m *Manifest) Census() CensusInfo { return m.draft.Census }

// PublicKey returns the election key H. Its table of multiples is built once for all who ask.
func (m *Manifest) PublicKey() *elgamal.PublicKey {
	key := *m.key
	return &key
}

// Ceremony returns the digest of the key ceremony.
func (m *Manifest) Ceremony() [32]byte { return m.draft.Ceremony }

// Trustees returns the trustees; number j, from 1, is at position j - 1.
func (m *Manifest) Trustees() []Trustee { return slices.Clone(m.draft.Trustees) }

// Threshold returns t, the number of trustees who can open the result.
func (m *Manifest) Threshold() int { return m.draft.Threshold }

// Quorum returns the number of trustees who must sign the same thing before it is acted
// on: floor((n + t - 1) / 2) + 1, so that two quorums share at least t trustees.
func (m *Manifest) Quorum() int { return (len(m.draft.Trustees)+m.draft.Threshold-1)/2 + 1 }

// Membership returns what is fixed about the membership proof.
func (m *Manifest) Membership() MembershipInfo { return m.draft.Membership }

// Opens returns the time from which ballots are taken, in UTC seconds.
func (m *Manifest) Opens() int64 { return m.draft.Opens }

// Closes returns the time from which no ballot is taken, in UTC seconds.
func (m *Manifest) Closes() int64 { return m.draft.Closes }

// Revote returns the re-vote rule.
func (m *Manifest) Revote() Revote { return m.draft.Revote }

// Log returns what is fixed about the log of the first box. Logs has all of them.
func (m *Manifest) Log() LogInfo { return m.draft.Log }

// BallotBytes returns the length of every ballot of this election.
func (m *Manifest) BallotBytes() int { return m.size }

// Ciphertexts returns the number of ciphertexts of a ballot, over all questions.
func (m *Manifest) Ciphertexts() int { return m.ciphertexts }
