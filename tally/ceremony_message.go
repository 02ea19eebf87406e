package tally

import (
	"bytes"
	"fmt"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/sigma"
	"github.com/scrutin/scrutin/internal/transcript"
	"github.com/scrutin/scrutin/internal/wire"
)

// message is a signed message of a ceremony: docs/spec/ceremony.md, "Messages".
type message struct {
	round  Round
	author int      // 0 is the organiser, j a trustee
	prev   [32]byte // digest of all earlier rounds
	body   []byte
	raw    []byte
	digest [32]byte

	// What checking the content found, kept so that it is done once. It depends on the roster
	// and on prev alone, and is used only while prev is the digest of the rounds before.
	checked bool
	fault   error
	deal    *deal    // of a deal without fault
	judged  []ruling // of a verdict without fault
}

const (
	messageVersion = 1
	messageHead    = 1 + 32 + 1 + 1 + 32 + 4
)

// maxBody bounds a body: the longest that a round wants, with room for one commitment more, so
// that a deal with one too many is blamed on its dealer.
func (r *Roster) maxBody() int {
	n := len(r.Trustees)
	return max(dealSize(n, r.Threshold+1), n*(1+complaintSize))
}

// newMessage signs a message with x, the secret of author's key y.
func newMessage(id [32]byte, round Round, author int, prev [32]byte, body []byte, x *babyjub.Scalar, y *babyjub.Point) []byte {
	var w wire.Writer
	w.Uint8(messageVersion)
	w.Raw(id[:])
	w.Uint8(uint8(round))
	w.Uint8(uint8(author))
	w.Raw(prev[:])
	w.Var(body)
	signature := sigma.ProveDeterministic(messageTranscript(w.Bytes()), x, y)
	b := signature.Bytes()
	w.Raw(b[:])
	return w.Bytes()
}

func messageTranscript(signed []byte) *transcript.Transcript {
	t := transcript.New("ceremony-message")
	t.Absorb("message", signed)
	return t
}

// parseMessage decodes a message of this ceremony and verifies its signature; it does not look
// into the body.
func (c *Ceremony) parseMessage(raw []byte) (*message, error) {
	maxBody := c.roster.maxBody()
	if most := messageHead + maxBody + sigma.ProofSize; len(raw) > most {
		return nil, fmt.Errorf("%w: %d bytes, at most %d allowed", ErrMalformed, len(raw), most)
	}
	raw = bytes.Clone(raw)
	r := wire.NewReader(raw)
	version := r.Uint8()
	id := r.Raw(32)
	m := &message{raw: raw}
	m.round = Round(r.Uint8())
	m.author = int(r.Uint8())
	prev := r.Raw(32)
	m.body = r.Var(maxBody)
	signature := r.Raw(sigma.ProofSize)
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	m.prev = [32]byte(prev)
	switch {
	case version != messageVersion:
		return nil, fmt.Errorf("%w: format version %d, %d wanted", ErrMalformed, version, messageVersion)
	case [32]byte(id) != c.id: //check:ceremony/id
		return nil, fmt.Errorf("%w: it names ceremony %x, this is %x", ErrForeign, id, c.id)
	case m.round >= rounds:
		return nil, fmt.Errorf("%w: round %d, 0 to %d exist", ErrMalformed, m.round, rounds-1)
	case m.author >= len(c.keys):
		return nil, fmt.Errorf("%w: author %d, there are %d trustees", ErrMalformed, m.author, len(c.keys)-1)
	}
	var s sigma.Proof
	if err := s.SetBytes(signature); err != nil {
		return nil, fmt.Errorf("%w: signature: %w", ErrMalformed, err)
	}
	if err := s.Verify(messageTranscript(raw[:len(raw)-sigma.ProofSize]), &c.keys[m.author]); err != nil { //check:ceremony/signature
		return nil, fmt.Errorf("%w: signature of %s in the %v round: %w", ErrInvalid, authorName(m.author), m.round, err)
	}
	m.digest = messageDigest(raw)
	return m, nil
}

func messageDigest(raw []byte) [32]byte { return transcript.Digest("ceremony-message-digest", raw) }

// slot holds what one author signed for one round: the one message, or, as evidence, the two
// smallest of several. Keeping the smallest makes the transcript independent of their order.
type slot struct{ first, second *message }

// add stores m and reports whether the slot changed.
func (s *slot) add(m *message) bool {
	switch {
	case s.first == nil:
		s.first = m
	case bytes.Equal(m.raw, s.first.raw):
		return false
	case bytes.Compare(m.raw, s.first.raw) < 0:
		s.first, s.second = m, s.first
	case s.second == nil || bytes.Compare(m.raw, s.second.raw) < 0:
		s.second = m
	default: // the second again, or one after it
		return false
	}
	return true
}

func authorName(author int) string {
	if author == 0 {
		return "the organiser"
	}
	return fmt.Sprintf("trustee %d", author)
}
