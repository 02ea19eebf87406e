package box

import "hash/maphash"

// A ballotSet is a set of ballots that are found by their digests. It takes some ten bytes for
// each beside what it knows of it; a map with digests as keys would take a hundred.
type ballotSet struct {
	held  []held
	seed  maphash.Seed // so that nobody can choose digests that fall together
	slots []uint32     // a power of two, half of them empty at least: position in held + 1, or 0
}

func newBallotSet() *ballotSet {
	return &ballotSet{seed: maphash.MakeSeed(), slots: make([]uint32, 16)}
}

// find returns the ballot with a digest, or nil. It may be used until the next add.
func (s *ballotSet) find(digest [32]byte) *held {
	if s == nil {
		return nil
	}
	if p := s.slots[s.slot(digest)]; p > 0 {
		return &s.held[p-1]
	}
	return nil
}

// slot is where the digest is, or would be.
func (s *ballotSet) slot(digest [32]byte) uint64 {
	last := uint64(len(s.slots) - 1)
	for i := maphash.Bytes(s.seed, digest[:]) & last; ; i = (i + 1) & last {
		if p := s.slots[i]; p == 0 || s.held[p-1].digest == digest {
			return i
		}
	}
}

// add adds a ballot whose digest is not in the set.
func (s *ballotSet) add(h held) {
	s.held = append(s.held, h)
	if 2*len(s.held) > len(s.slots) {
		s.rebuild(2 * len(s.slots))
		return
	}
	s.slots[s.slot(h.digest)] = uint32(len(s.held))
}

// cut removes all ballots but the first n.
func (s *ballotSet) cut(n int) {
	s.held = s.held[:n]
	s.rebuild(len(s.slots))
}

func (s *ballotSet) rebuild(slots int) {
	s.slots = make([]uint32, slots)
	for i := range s.held {
		s.slots[s.slot(s.held[i].digest)] = uint32(i + 1)
	}
}
