package ballot

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/scrutin/scrutin/internal/wire"
	"github.com/scrutin/scrutin/proof"
)

// The state of a rule-book: version, election id, number of voters, then for each voter, by
// rising nullifier: nullifier, pin, digest, index, sequence number. Equal rule-books have equal
// states, whatever the order in which the voters came.
const (
	rulebookVersion = 1
	standingSize    = 32 + 32 + 32 + 8 + 4
)

// MarshalBinary returns the state of the rule-book: what each voter's last ballot was, 108 bytes
// a voter. It is public, as the ballots are.
func (r *Rulebook) MarshalBinary() ([]byte, error) {
	voters := make([]proof.Nullifier, 0, len(r.voters))
	for n := range r.voters {
		voters = append(voters, n)
	}
	slices.SortFunc(voters, func(a, b proof.Nullifier) int { return bytes.Compare(a[:], b[:]) })
	state := make([]byte, 0, 1+32+8+len(voters)*standingSize) // of millions of voters: no byte more than it takes
	state = append(state, rulebookVersion)
	state = append(state, r.election[:]...)
	state = binary.BigEndian.AppendUint64(state, uint64(len(voters)))
	for _, n := range voters {
		s := r.voters[n]
		state = append(state, n[:]...)
		state = append(state, s.pin[:]...)
		state = append(state, s.digest[:]...)
		state = binary.BigEndian.AppendUint64(state, s.index)
		state = binary.BigEndian.AppendUint32(state, s.sequence)
	}
	return state, nil
}

// UnmarshalBinary replaces the state of a rule-book, which NewRulebook made, by one that
// MarshalBinary returned in the same election. The error is ErrUnknownElection for another
// election's, else ErrMalformed; the rule-book is then what it was.
func (r *Rulebook) UnmarshalBinary(state []byte) error {
	in := wire.NewReader(state)
	if v := in.Uint8(); in.Err() == nil && v != rulebookVersion {
		return fmt.Errorf("%w: rule-book: format version %d, %d wanted", ErrMalformed, v, rulebookVersion)
	}
	id := in.Raw(32)
	count := in.Uint64()
	if err := in.Err(); err != nil {
		return fmt.Errorf("%w: rule-book: %v", ErrMalformed, err)
	}
	if ElectionID(id) != r.election {
		return fmt.Errorf("%w: rule-book of election %s, this is %s", ErrUnknownElection, ElectionID(id), r.election)
	}
	if in.Len()%standingSize != 0 || count != uint64(in.Len()/standingSize) {
		return fmt.Errorf("%w: rule-book of %d voters in %d bytes", ErrMalformed, count, in.Len())
	}
	voters := make(map[proof.Nullifier]standing, count)
	last := []byte{}
	for range count {
		n := in.Raw(32)
		if bytes.Compare(last, n) >= 0 {
			return fmt.Errorf("%w: rule-book: voters not in order", ErrMalformed)
		}
		last = n
		s := standing{[32]byte(in.Raw(32)), [32]byte(in.Raw(32)), in.Uint64(), in.Uint32()}
		if s.sequence > r.revote.Limit {
			return fmt.Errorf("%w: rule-book: sequence number %d, at most %d allowed", ErrMalformed, s.sequence, r.revote.Limit)
		}
		voters[proof.Nullifier(n)] = s
	}
	r.voters = voters
	return nil
}
