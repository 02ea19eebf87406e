package ballot

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"

	"github.com/scrutin/scrutin/proof"
)

// Rulebook decides which ballots of a voter are accepted and which one counts. It is a pure
// state machine: the same ballots in the same order give the same answers, whatever the
// machine or the time. Ballots must have been verified before. It is not safe for concurrent
// use.
//
// In an election with one box a voter's numbers follow each other without gap. With several,
// each box has a rule-book of its own, in which numbers may be left out: the voter may have cast
// those ballots at other boxes. docs/spec/merge.md.
type Rulebook struct {
	election ElectionID
	revote   Revote
	gaps     bool
	voters   map[proof.Nullifier]standing
}

// standing is what the rule-book knows of a voter: 76 bytes.
type standing struct {
	pin      [32]byte // SHA-256 of K and the weight of the first ballot
	digest   [32]byte // of the last ballot
	index    uint64   // of the last ballot
	sequence uint32   // of the last ballot
}

// DuplicateError says that a ballot is, byte for byte, the last one applied for its voter. It
// is an ErrDuplicate.
type DuplicateError struct{ Index uint64 }

func (e *DuplicateError) Error() string { return fmt.Sprintf("%v, at index %d", ErrDuplicate, e.Index) }

func (e *DuplicateError) Unwrap() error { return ErrDuplicate }

// NewRulebook returns the rule-book of m, without ballots.
func NewRulebook(m *Manifest) *Rulebook {
	return &Rulebook{m.id, m.draft.Revote, len(m.draft.Boxes) > 0, map[proof.Nullifier]standing{}}
}

// Check returns nil if b may be applied now. A ballot that is its voter's last one already is
// a *DuplicateError; another key, weight or sequence number than the rule wants is ErrSequence.
func (r *Rulebook) Check(b *Ballot) error {
	if b.election != r.election { //check:ballot/election
		return fmt.Errorf("%w: election id %s, this is %s", ErrUnknownElection, b.election, r.election)
	}
	s, known := r.voters[b.voter.nullifier]
	next := uint32(0)
	if known {
		if s.digest == b.Digest() { //check:ballot/sequence
			return &DuplicateError{s.index}
		}
		if s.pin != b.voter.pin() { //check:ballot/pin
			return fmt.Errorf("%w: the voter's first ballot has another ballot key or weight", ErrSequence)
		}
		next = s.sequence + 1 // the limit is far below 2^32
	}
	switch {
	case b.sequence > r.revote.Limit: //check:ballot/limit
		return fmt.Errorf("%w: sequence number %d, at most %d allowed", ErrSequence, b.sequence, r.revote.Limit)
	case b.sequence == next || r.gaps && b.sequence > next: //accept:ballot/sequence
		return nil
	case next > r.revote.Limit:
		return fmt.Errorf("%w: the voter has no further ballot", ErrSequence)
	case r.gaps:
		return fmt.Errorf("%w: sequence number %d, at least %d wanted", ErrSequence, b.sequence, next)
	}
	return fmt.Errorf("%w: sequence number %d, %d wanted", ErrSequence, b.sequence, next)
}

// Apply records b, which is at this index of the log, if Check allows it. If b replaces an
// earlier ballot of its voter, superseded is that one's index.
func (r *Rulebook) Apply(b *Ballot, index uint64) (superseded uint64, replaced bool, err error) {
	if err := r.Check(b); err != nil {
		return 0, false, err
	}
	old, known := r.voters[b.voter.nullifier]
	r.voters[b.voter.nullifier] = standing{b.voter.pin(), b.Digest(), index, b.sequence}
	return old.index, known, nil
}

// Voters returns the number of voters, which is the number of ballots that count.
func (r *Rulebook) Voters() int { return len(r.voters) }

// Last returns the index and sequence number of a voter's last ballot.
func (r *Rulebook) Last(n proof.Nullifier) (index uint64, sequence uint32, ok bool) {
	s, ok := r.voters[n]
	return s.index, s.sequence, ok
}

// Counted iterates over the ballots that count, by increasing index.
func (r *Rulebook) Counted() iter.Seq2[proof.Nullifier, uint64] {
	type entry struct {
		nullifier proof.Nullifier
		index     uint64
	}
	return func(yield func(proof.Nullifier, uint64) bool) {
		entries := make([]entry, 0, len(r.voters))
		for n, s := range r.voters {
			entries = append(entries, entry{n, s.index})
		}
		slices.SortFunc(entries, func(a, b entry) int {
			return cmp.Or(cmp.Compare(a.index, b.index), slices.Compare(a.nullifier[:], b.nullifier[:]))
		})
		for _, e := range entries {
			if !yield(e.nullifier, e.index) {
				return
			}
		}
	}
}

// Pin returns the SHA-256 of ballot key and weight, which all ballots of an honest voter share.
func (b *Ballot) Pin() [32]byte { return b.voter.pin() }

func (v *voter) pin() [32]byte {
	return sha256.Sum256(binary.BigEndian.AppendUint64(v.keyBytes[:len(v.keyBytes):len(v.keyBytes)], v.weight))
}
