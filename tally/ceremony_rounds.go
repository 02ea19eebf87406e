package tally

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	shamir "go.dedis.ch/kyber/v3/share"

	"github.com/scrutin/scrutin/elgamal"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/kybergroup"
	"github.com/scrutin/scrutin/internal/transcript"
	"github.com/scrutin/scrutin/internal/wire"
)

// state is what the messages of a ceremony amount to. It is computed from the set of messages
// alone: docs/spec/ceremony.md, "Replay".
type state struct {
	round        Round
	prev         [32]byte  // digest of all rounds before round
	unclosed     *[32]byte // what prev would be if the organiser had not closed the last round
	twofaced     []int     // trustees who signed two messages in the last round
	awaited      []int
	left         []bool // by trustee: in the run so far
	commits      []*message
	deals        []*deal // of the dealers left after the deal round
	disqualified []Finding
	accusers     []Finding
	ignored      []Finding
	signed       []int
	void         string // why the run cannot be completed
	done         bool
	key          *ceremonyKey // after the verdicts
}

// ceremonyKey is what a ceremony makes.
type ceremonyKey struct {
	digest       [32]byte
	public       *elgamal.PublicKey // H
	verification []babyjub.Point    // Y_j at position j - 1
	qualified    []int              // dealers whose polynomials are summed
}

// How a trustee's slot stands when a round is complete: part of the round's digest.
const (
	slotAbsent   = 0 // not in the run any more
	slotMessage  = 1
	slotSilent   = 2 // named by the organiser
	slotTwofaced = 3 // two different messages signed
)

func (c *Ceremony) replay() *state {
	n := len(c.roster.Trustees)
	s := &state{prev: c.id, left: make([]bool, n+1), commits: make([]*message, n+1), deals: make([]*deal, n+1)}
	for j := 1; j <= n; j++ {
		s.left[j] = true
	}
	for s.round = range rounds {
		messages, ok := c.close(s)
		if !ok {
			return s
		}
		switch s.round {
		case RoundEnrol:
			c.enrol(s, messages)
		case RoundCommit:
			c.commit(s, messages)
		case RoundDeal:
			c.deal(s, messages)
		case RoundVerdict:
			c.judge(s, messages)
		case RoundSign:
			c.sign(s, messages)
			return s
		}
		if left, quorum := len(s.remaining()), c.roster.quorum(); s.void == "" && left < quorum { //check:ceremony/quorum
			s.void = fmt.Sprintf("%d trustees are left after the %v round, and an election needs %d to agree: restart without the others",
				left, s.round, quorum)
		}
		if s.void == "" && s.round == RoundVerdict {
			c.finish(s)
		}
		if s.void != "" {
			return s
		}
	}
	return s
}

// close decides whether the round of s is complete. If it is, close returns the messages that
// count, by author, and moves s.prev past the round.
func (c *Ceremony) close(s *state) ([]*message, bool) {
	slots := c.slots[s.round]
	silent := c.silent(s)
	messages, kinds := make([]*message, len(slots)), make([]uint8, len(slots))
	var stale []*message
	for j := 1; j < len(slots); j++ {
		first := slots[j].first
		switch {
		case !s.left[j]:
			if first != nil {
				s.ignore(j, "its author is out of the run")
			}
		case silent[j]:
			kinds[j] = slotSilent
			if first != nil {
				s.ignore(j, "the organiser closed the round without it")
			}
		case slots[j].second != nil: //check:ceremony/two-faced
			kinds[j] = slotTwofaced
		case first != nil && first.prev == s.prev:
			kinds[j], messages[j] = slotMessage, first
		default:
			s.awaited = append(s.awaited, j)
			if first != nil {
				stale = append(stale, first)
			}
		}
	}
	if first := slots[0].first; first != nil && first.prev != s.prev {
		stale = append(stale, first)
	}
	c.explain(s, stale)
	if s.void != "" || len(s.awaited) > 0 {
		return nil, false
	}
	var withheld []int
	s.twofaced = nil
	for j, kind := range kinds {
		switch {
		case kind == slotTwofaced:
			s.twofaced = append(s.twofaced, j)
			s.disqualify(j, "signed two different messages")
		case kind == slotSilent && s.round < RoundDeal:
			s.disqualify(j, "stayed silent until the organiser closed the round")
		case kind == slotSilent && s.round == RoundDeal:
			withheld = append(withheld, j)
		}
	}
	if len(withheld) > 0 {
		// To leave now would choose between two keys, after seeing both.
		s.void = fmt.Sprintf("withheld after the commit round: the deal of trustee %s: restart without it", list(withheld))
		return nil, false
	}
	s.unclosed = unclosedDigest(s, slots, kinds, messages)
	s.prev = roundDigest(s.prev, s.round, kinds, messages)
	return messages, true
}

// unclosedDigest returns what the round's digest would be without the organiser's closing, if
// the round was complete without it.
func unclosedDigest(s *state, slots []slot, kinds []uint8, messages []*message) *[32]byte {
	kinds, messages = slices.Clone(kinds), slices.Clone(messages)
	for j, kind := range kinds {
		if kind != slotSilent {
			continue
		}
		m := slots[j].first
		if m == nil || slots[j].second != nil || m.prev != s.prev {
			return nil
		}
		kinds[j], messages[j] = slotMessage, m
	}
	d := roundDigest(s.prev, s.round, kinds, messages)
	return &d
}

// roundDigest chains a complete round to the rounds before it.
func roundDigest(prev [32]byte, round Round, kinds []uint8, messages []*message) [32]byte {
	var w wire.Writer
	for j := 1; j < len(kinds); j++ {
		var digest [32]byte
		if kinds[j] == slotMessage {
			digest = messages[j].digest
		}
		w.Uint8(kinds[j])
		w.Raw(digest[:])
	}
	return transcript.Digest("ceremony-round", prev[:], []byte{uint8(round)}, w.Bytes())
}

// silent returns who is named in the organiser's closing of the round, if there is one that
// counts. A faulty one makes the run void.
func (c *Ceremony) silent(s *state) map[int]bool {
	slot := c.slots[s.round][0]
	switch {
	case slot.second != nil:
		s.void = fmt.Sprintf("the organiser signed two different closings of the %v round", s.round)
		return nil
	case slot.first == nil || slot.first.prev != s.prev:
		return nil
	}
	named, err := parseClosing(slot.first.body, s.left)
	if err != nil {
		s.void = fmt.Sprintf("the organiser's closing of the %v round: %v", s.round, err)
	}
	return named
}

// parseClosing decodes the body of a closing: the indices of the silent, increasing.
func parseClosing(body []byte, left []bool) (map[int]bool, error) {
	if len(body) == 0 {
		return nil, fmt.Errorf("%w: it names nobody", ErrMalformed)
	}
	named, last := map[int]bool{}, 0
	for _, b := range body {
		j := int(b)
		switch {
		case j <= last:
			return nil, fmt.Errorf("%w: its indices do not increase", ErrMalformed)
		case j >= len(left) || !left[j]:
			return nil, fmt.Errorf("%w: it names trustee %d, who is not in the run", ErrInvalid, j)
		}
		named[j], last = true, j
	}
	return named, nil
}

// explain reports messages of the round that continue other earlier rounds than these. If the
// last round changed after others had gone on from it, the run is void: what they signed does
// not fit any more, and they sign nothing else.
func (c *Ceremony) explain(s *state, stale []*message) {
	for _, m := range stale {
		s.ignore(m.author, "it continues other messages of the earlier rounds")
	}
	if len(stale) == 0 || s.round == RoundEnrol {
		return
	}
	last := s.round - 1
	switch {
	case len(s.twofaced) > 0:
		s.void = fmt.Sprintf("somebody went on from the %v round with one of the two different messages of trustee %s: restart without the latter",
			last, list(s.twofaced))
	case s.unclosed != nil && slices.ContainsFunc(stale, func(m *message) bool { return m.prev == *s.unclosed }):
		s.void = fmt.Sprintf("the organiser closed the %v round after somebody had gone on with all its messages: restart", last)
	}
}

// enrol checks the proofs of possession.
func (c *Ceremony) enrol(s *state, messages []*message) {
	for j, m := range messages {
		if m == nil {
			continue
		}
		m.check(func() { m.fault = verifyProof(enrolTranscript(c.id, j), m.body, &c.keys[j]) })
		if m.fault != nil { //check:ceremony/possession
			s.disqualify(j, "proof of possession: %v", m.fault)
		}
	}
}

// commit takes the digests of the deals to come.
func (c *Ceremony) commit(s *state, messages []*message) {
	for j, m := range messages {
		if m == nil {
			continue
		}
		if len(m.body) != 32 {
			s.disqualify(j, "%v: commitment of %d bytes, 32 wanted", ErrMalformed, len(m.body))
			continue
		}
		s.commits[j] = m
	}
}

// deal checks all that is public about the deals.
func (c *Ceremony) deal(s *state, messages []*message) {
	for j, m := range messages {
		if m == nil {
			continue
		}
		m.check(func() {
			if digest := commitDigest(c.id, j, m.body); !bytes.Equal(digest[:], s.commits[j].body) { //check:ceremony/commit
				m.fault = fmt.Errorf("%w: not the deal of the commit round", ErrInvalid)
				return
			}
			m.deal, m.fault = parseDeal(c.id, &c.roster, c.keys, j, m.body)
		})
		if m.fault != nil {
			s.disqualify(j, "%v", m.fault)
			continue
		}
		s.deals[j] = m.deal
	}
}

// ruling is the outcome of one complaint.
type ruling struct {
	dealer int
	fault  error // of the complaint; nil: it is justified
}

// Verdicts on one deal.
const (
	verdictNone      = 0 // there is no deal to judge
	verdictAccept    = 1
	verdictComplaint = 2
)

// judge decides the complaints. A dealer with a justified one leaves the sum.
func (c *Ceremony) judge(s *state, messages []*message) {
	accused := make([][]int, len(messages))
	for j, m := range messages {
		if m == nil {
			continue
		}
		m.check(func() { m.judged, m.fault = c.rule(s.deals, j, m.body) })
		if m.fault != nil {
			s.disqualify(j, "verdict: %v", m.fault)
			continue
		}
		for _, r := range m.judged {
			if r.fault != nil {
				s.accusers = append(s.accusers, Finding{j, s.round, fmt.Sprintf("false complaint about trustee %d: %v", r.dealer, r.fault)})
			} else {
				accused[r.dealer] = append(accused[r.dealer], j)
			}
		}
	}
	for dealer, by := range accused {
		if len(by) > 0 && s.left[dealer] {
			s.disqualify(dealer, "dealt a wrong part to trustee %s", list(by))
		}
	}
}

// rule decodes the verdict of accuser and decides each of its complaints.
func (c *Ceremony) rule(deals []*deal, accuser int, body []byte) ([]ruling, error) {
	r := wire.NewReader(body)
	var rulings []ruling
	for dealer := 1; dealer < len(deals); dealer++ {
		d := deals[dealer]
		switch kind := r.Uint8(); {
		case d == nil && kind == verdictNone, d != nil && kind == verdictAccept:
		case d != nil && kind == verdictComplaint:
			b := r.Raw(complaintSize)
			if r.Err() != nil {
				return nil, fmt.Errorf("%w: %w", ErrMalformed, r.Err())
			}
			complaint, err := parseComplaint(b)
			if err != nil {
				return nil, fmt.Errorf("complaint about trustee %d: %w", dealer, err)
			}
			rulings = append(rulings, ruling{dealer, complaint.justified(c.id, d, dealer, accuser, &c.keys[accuser])})
		default:
			return nil, fmt.Errorf("%w: kind %d about trustee %d", ErrMalformed, kind, dealer)
		}
	}
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return rulings, nil
}

// finish sums the polynomials of the dealers that are left.
func (c *Ceremony) finish(s *state) {
	if c.made.prev != s.prev || c.made.key == nil && c.made.err == nil {
		c.made.prev = s.prev
		c.made.key, c.made.err = makeKey(c.id, s.prev, s.deals, s.remaining())
	}
	if s.key = c.made.key; c.made.err != nil {
		s.void = fmt.Sprintf("%v: restart with other trustees", c.made.err)
	}
}

// makeKey computes what the qualified dealers made, and its digest.
func makeKey(id, prev [32]byte, deals []*deal, qualified []int) (*ceremonyKey, error) {
	var sum *shamir.PubPoly
	for _, j := range qualified {
		if sum == nil {
			sum = deals[j].commitments
			continue
		}
		var err error
		if sum, err = sum.Add(deals[j].commitments); err != nil {
			return nil, err
		}
	}
	n := len(deals) - 1
	h := *kybergroup.ToPoint(sum.Commit())
	k := &ceremonyKey{qualified: qualified, verification: make([]babyjub.Point, n)}
	var err error
	if k.public, err = elgamal.NewPublicKey(&h); err != nil {
		return nil, err
	}
	for i, s := range sum.Shares(n) {
		k.verification[i] = *kybergroup.ToPoint(s.V)
		if k.verification[i].IsIdentity() {
			return nil, fmt.Errorf("%w: the verification key of trustee %d is the identity", ErrInvalid, i+1)
		}
	}
	indices := make([]byte, len(qualified))
	for i, j := range qualified {
		indices[i] = byte(j)
	}
	hb := h.Bytes()
	k.digest = transcript.Digest("ceremony-result", id[:], prev[:], indices, hb[:], flatten(babyjub.BatchBytes(k.verification)))
	return k, nil
}

// sign counts the signatures of the result.
func (c *Ceremony) sign(s *state, messages []*message) {
	for j, m := range messages {
		switch {
		case m == nil:
		case bytes.Equal(m.body, s.key.digest[:]): //accept:ceremony/result
			s.signed = append(s.signed, j)
		default:
			s.disqualify(j, "signed another result")
		}
	}
	if quorum := c.roster.quorum(); len(s.signed) < quorum { //check:ceremony/quorum
		s.void = fmt.Sprintf("%d trustees signed the result, %d are needed: restart without the others", len(s.signed), quorum)
		return
	}
	s.done = true
}

// remaining returns the trustees who are in the run.
func (s *state) remaining() []int {
	var left []int
	for j, in := range s.left {
		if in {
			left = append(left, j)
		}
	}
	return left
}

func (s *state) disqualify(j int, format string, args ...any) {
	s.left[j] = false
	s.disqualified = append(s.disqualified, Finding{j, s.round, fmt.Sprintf(format, args...)})
}

func (s *state) ignore(author int, reason string) {
	s.ignored = append(s.ignored, Finding{author, s.round, reason})
}

// check runs f, once.
func (m *message) check(f func()) {
	if !m.checked {
		f()
		m.checked = true
	}
}

// list writes indices, as in "1, 4".
func list(indices []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(indices), " ", ", "), "[]")
}
