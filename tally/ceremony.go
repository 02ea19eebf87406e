package tally

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/elgamal"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/wire"
)

// Kinds of errors of a ceremony.
var (
	ErrIncomplete = errors.New("the ceremony is not complete") // messages are awaited
	ErrVoid       = errors.New("the ceremony is void")         // it has to be restarted; the error says why
)

// Round is a step of a ceremony.
type Round uint8

// The rounds, in order.
const (
	RoundEnrol   Round = iota // proof that a trustee has her key
	RoundCommit               // digest of the deal
	RoundDeal                 // commitments to a polynomial, and its values, encrypted
	RoundVerdict              // accept or complain about every deal
	RoundSign                 // signature of the result
	rounds
)

// String returns the round's name.
func (r Round) String() string {
	if r >= rounds {
		return fmt.Sprintf("unknown (%d)", uint8(r))
	}
	return [rounds]string{"enrol", "commit", "deal", "verdict", "sign"}[r]
}

// Ceremony is the key ceremony of a roster, as far as its messages are known: a pure function
// of the set of messages, whatever their order. It holds nothing secret. It is not safe for
// concurrent use. docs/spec/ceremony.md is the specification.
type Ceremony struct {
	roster Roster
	id     [32]byte
	keys   []babyjub.Point // of the authors; the organiser's at 0
	slots  [rounds][]slot  // by author
	state  *state          // of these messages, nil until it is wanted
	made   struct {        // the last key that was computed
		prev [32]byte
		key  *ceremonyKey
		err  error
	}
}

// NewCeremony starts the ceremony of a roster. Everybody who gives the same roster is in the
// same ceremony. (Its Transcript before the first message is a way to hand the roster around.)
func NewCeremony(r Roster) (*Ceremony, error) {
	keys, err := r.check()
	if err != nil {
		return nil, fmt.Errorf("tally: roster: %w", err)
	}
	c := &Ceremony{roster: r.clone(), id: r.id(), keys: keys}
	for i := range c.slots {
		c.slots[i] = make([]slot, len(keys))
	}
	return c, nil
}

// Add takes in a message, in any order; one that is known already changes nothing. A message
// that is not well formed, of another ceremony, or not signed by its author is refused and
// leaves no trace. Whether a message counts, and what it proves about its author, is in Status.
func (c *Ceremony) Add(msg []byte) error {
	if err := c.add(msg); err != nil {
		return fmt.Errorf("tally: ceremony message: %w", err)
	}
	return nil
}

func (c *Ceremony) add(msg []byte) error {
	m, err := c.parseMessage(msg)
	if err == nil && c.slots[m.round][m.author].add(m) {
		c.state = nil
	}
	return err
}

// Finding is something that a ceremony proves or states about one of its authors.
type Finding struct {
	Trustee int // index, from 1; 0 is the organiser
	Round   Round
	Reason  string
}

// String returns, for example, "trustee 3, deal round: 2 commitments, exactly 3 wanted".
func (f Finding) String() string {
	return fmt.Sprintf("%s, %v round: %s", authorName(f.Trustee), f.Round, f.Reason)
}

// Status tells how far a ceremony is.
type Status struct {
	Round        Round     // the current one; the last one reached if the ceremony is done or void
	Awaited      []int     // trustees whose message of this round is missing
	Disqualified []Finding // out of the run: no part of the key comes from them
	Accusers     []Finding // trustees who complained about a good deal; they published their part of it
	Ignored      []Finding // messages that do not count
	Signed       []int     // trustees who signed the result
	Done         bool
	Void         string // why the ceremony has to be restarted, with new keys; empty if it has not
}

// Status returns how far the ceremony is.
func (c *Ceremony) Status() Status {
	s := c.now()
	st := Status{
		Round: s.round, Disqualified: slices.Clone(s.disqualified), Accusers: slices.Clone(s.accusers),
		Ignored: slices.Clone(s.ignored), Signed: slices.Clone(s.signed), Done: s.done, Void: s.void,
	}
	if s.void == "" {
		st.Awaited = slices.Clone(s.awaited)
	}
	return st
}

func (c *Ceremony) now() *state {
	if c.state == nil {
		c.state = c.replay()
	}
	return c.state
}

// ID returns the ceremony id, a digest of the roster.
func (c *Ceremony) ID() [32]byte { return c.id }

// Roster returns the roster.
func (c *Ceremony) Roster() Roster { return c.roster.clone() }

// Digest returns the digest of the complete ceremony, which a manifest carries. The error is
// of kind ErrIncomplete or ErrVoid if there is none.
func (c *Ceremony) Digest() ([32]byte, error) {
	k, err := c.key()
	if err != nil {
		return [32]byte{}, err
	}
	return k.digest, nil
}

// PublicKey returns the election key that the ceremony made, or an error as Digest does.
func (c *Ceremony) PublicKey() (*elgamal.PublicKey, error) {
	k, err := c.key()
	if err != nil {
		return nil, err
	}
	return k.public, nil
}

// VerificationKeys returns the keys that the trustees' shares of the opening are checked with,
// trustee j's at position j - 1, or an error as Digest does.
func (c *Ceremony) VerificationKeys() ([][64]byte, error) {
	k, err := c.key()
	if err != nil {
		return nil, err
	}
	return babyjub.BatchBytes(k.verification), nil
}

// key returns what the complete ceremony made.
func (c *Ceremony) key() (*ceremonyKey, error) {
	switch s := c.now(); {
	case s.void != "":
		return nil, fmt.Errorf("tally: %w: %s", ErrVoid, s.void)
	case !s.done:
		return nil, fmt.Errorf("tally: %w: in the %v round, trustee %s awaited", ErrIncomplete, s.round, list(s.awaited))
	default:
		return s.key, nil
	}
}

// matches checks that the ceremony is complete and made the key of m, for its trustees.
func (c *Ceremony) matches(m *ballot.Manifest) error {
	k, err := c.key()
	if err != nil {
		return err
	}
	switch {
	case m.Ceremony() != k.digest: //check:ceremony/digest
		return fmt.Errorf("tally: %w: the manifest names ceremony digest %x, this is %x", ErrForeign, m.Ceremony(), k.digest)
	case !m.PublicKey().Equal(k.public): //check:ceremony/key
		return fmt.Errorf("tally: %w: the manifest's public key is not the ceremony's", ErrForeign)
	case m.Threshold() != c.roster.Threshold: //check:ceremony/threshold
		return fmt.Errorf("tally: %w: the manifest's threshold is %d, the ceremony's %d", ErrForeign, m.Threshold(), c.roster.Threshold)
	case !slices.Equal(m.Trustees(), c.roster.Trustees): //check:ceremony/trustees
		return fmt.Errorf("tally: %w: the manifest's trustees are not the ceremony's", ErrForeign)
	}
	return nil
}

// ceremonyDocument is ceremony.json.
type ceremonyDocument struct {
	Format   string         `json:"format"`
	Messages []wire.Hex     `json:"messages"`
	Roster   rosterDocument `json:"roster"`
}

const ceremonyFormat = "scrutin/ceremony/v1"

// maxCeremonyCommas bounds the commas of ceremony.json, which has fewer than 1000 between its
// parts and up to 13000 in names. Every element of a list but the first follows one, and takes
// many times its length in memory: they are counted before anything is decoded.
const maxCeremonyCommas = 1 << 14

// Transcript returns the roster and all messages: ceremony.json, canonical JSON. It is the same
// for everybody who knows the same messages.
func (c *Ceremony) Transcript() []byte {
	d := ceremonyDocument{Format: ceremonyFormat, Messages: []wire.Hex{}, Roster: c.roster.document()}
	for _, authors := range c.slots {
		for _, s := range authors {
			if s.first != nil {
				d.Messages = append(d.Messages, s.first.raw)
			}
			if s.second != nil {
				d.Messages = append(d.Messages, s.second.raw)
			}
		}
	}
	return mustMarshal(d)
}

// ParseCeremony decodes what Transcript returns, and nothing else, and takes in its messages as
// Add does. The ceremony need not be complete.
func ParseCeremony(b []byte) (*Ceremony, error) {
	if commas := bytes.Count(b, []byte(",")); commas > maxCeremonyCommas {
		return nil, fmt.Errorf("tally: ceremony: %w: lists of too many elements: %d commas", ErrMalformed, commas)
	}
	var d ceremonyDocument
	if err := unmarshal("ceremony", ceremonyFormat, maxCeremonyFile, b, &d, &d.Format); err != nil {
		return nil, err
	}
	r, err := d.Roster.roster()
	if err != nil {
		return nil, fmt.Errorf("tally: ceremony: roster: %w", err)
	}
	c, err := NewCeremony(r)
	if err != nil {
		return nil, err
	}
	if most := 2 * int(rounds) * len(c.keys); len(d.Messages) > most {
		return nil, fmt.Errorf("tally: ceremony: %w: %d messages, at most %d have a place", ErrMalformed, len(d.Messages), most)
	}
	for i, msg := range d.Messages {
		if err := c.add(msg); err != nil {
			return nil, fmt.Errorf("tally: ceremony: message %d: %w", i, err)
		}
	}
	if !slices.Equal(c.Transcript(), b) { //check:ceremony/order
		return nil, fmt.Errorf("tally: ceremony: %w: messages twice or not in order", ErrMalformed)
	}
	return c, nil
}
