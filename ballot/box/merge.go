package box

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/transcript"
	"github.com/scrutin/scrutin/proof"
)

// A BoxState says what the log of a box is good for in a merge.
type BoxState string

const (
	BoxSealed BoxState = "sealed" // whole, and ended for ever
	BoxOpen   BoxState = "open"   // whole up to its checkpoint, which is not the last; its ballots count
	BoxBroken BoxState = "broken" // its files are not what its checkpoint says, or are missing, or too many; nothing in it counts
	BoxAbsent BoxState = "absent" // there is no log of this box
)

// BoxReport is what a merge found of one box.
type BoxReport struct {
	Box        int // its number in the manifest, from 1
	Origin     string
	State      BoxState
	Err        error       // why the log is broken
	Checkpoint *Checkpoint // nil if the box is absent
	Logged     uint64      // entries that were read

	Invalid        uint64         // entries that count for nothing
	InvalidEntries []InvalidEntry // the first 100 of them

	Refused        uint64         // valid ballots that the box's own rule refuses where they stand: they count, and no honest box logs them
	RefusedEntries []InvalidEntry // the first 100 of them

	Ballots uint64 // different valid ballots that the log holds
	Only    uint64 // those of them that no other log holds
	Lacks   uint64 // valid ballots that other logs hold and this one does not: no proof of fraud, a voter need not use every box
}

// InvalidEntry is an entry of a log that no honest box logs, and why.
type InvalidEntry struct {
	Index uint64
	Err   error
}

// A Place is where an entry stands.
type Place struct {
	Box   int // number of the box, from 1
	Index uint64
}

func (p Place) String() string { return fmt.Sprintf("box %d, entry %d", p.Box, p.Index) }

// A Conflict is two valid ballots of one voter of which an honest device signs only one: they
// have the same number, or different ballot keys or weights. The ballots are the evidence.
type Conflict struct {
	Nullifier proof.Nullifier
	Ballots   [2]*ballot.Ballot // the one that the rule prefers comes first
	Places    [2]Place
}

// maxListed is how many invalid and refused entries of a box, and how many conflicts, a merge
// describes. It counts all of them.
const maxListed = 100

// Merged is what the logs of an election's boxes hold together.
type Merged struct {
	Boxes       []BoxReport // of every box of the manifest, in its order
	Ballots     uint64      // different valid ballots
	Superseded  uint64      // those of them that do not count, because another ballot of the voter does
	Voters      uint64      // ballots that count: one for each voter who voted
	Conflicting uint64      // ballots that no honest device signs beside another one of the voter
	Conflicts   []Conflict  // the first 100 of them, in the order of nullifiers

	manifest *ballot.Manifest
	logs     []*Log    // by box; nil if it is absent or broken
	counted  []indexes // by box
}

// MergeOptions are the choices of who merges. A nil *MergeOptions means none of them.
type MergeOptions struct {
	// Progress, if not nil, is called now and then with the number of entries that were read, and
	// of all that the checkpoints claim.
	Progress func(done, total uint64)

	// Verified, if not nil, says whether an earlier merge of the same election found the ballot of
	// this SHA-256 valid. Then its proofs are not verified again. The answer is trusted.
	Verified func(ballot [32]byte) bool

	// Valid, if not nil, is called now and then with the SHA-256 of ballots that were just verified
	// and are valid. Its error ends the merge.
	Valid func(ballots [][32]byte) error
}

// Merge reads the logs of m's boxes and finds the ballots that count, one for each voter. The
// result is the same for everyone who has the same logs, whatever their order.
//
// With one box it is what a Rulebook says. With several, all valid ballots of all logs are one
// set, in which the place and the order of a ballot mean nothing; of each voter's ballots the
// one with the highest sequence number counts, and of those the one with the smallest digest.
// So a ballot that stands in one log that is whole is not lost, whatever the other boxes do.
// docs/spec/merge.md.
//
// A log that is absent or broken is reported, and so is one that was not sealed, or that holds what no
// honest box logs: Merged.Complete says whether that is tolerable. A log of more entries than the
// election can have ballots is broken, and not read. An error means that there is no result: ctx ended,
// there is no log at all, one is of another election, there are two of one box, or a file could not be
// read. A file that is missing (fs.ErrNotExist) makes its box broken instead. So does a web server that
// says 404, for whatever reason: copy the logs first (Witness.Mirror), and merge the copies.
//
// Each log is read once here and once by Merged.Counted. A ballot that stands in several is
// verified once. In memory are some batches and, with several boxes, about 130 bytes for each
// different ballot and some 150 for each voter of one box; afterwards one bit for each entry.
func Merge(ctx context.Context, m *ballot.Manifest, v *ballot.Verifier, logs []*Log, opts *MergeOptions) (*Merged, error) {
	if v == nil {
		return nil, errors.New("box: merge: no verifier")
	}
	if opts == nil {
		opts = new(MergeOptions)
	}
	r, err := newMerged(m, logs)
	if err != nil {
		return nil, fmt.Errorf("box: merge: %w", err)
	}
	g := &merger{Merged: r, verifier: v, options: opts, most: maxMergeEntries}
	if err := g.run(ctx); err != nil {
		return nil, fmt.Errorf("box: merge: %w", err)
	}
	return r, nil
}

// newMerged puts the logs into the manifest's order.
func newMerged(m *ballot.Manifest, logs []*Log) (*Merged, error) {
	if len(logs) == 0 {
		return nil, fmt.Errorf("%w: no log", ballot.ErrMalformed)
	}
	boxes := m.Logs()
	r := &Merged{manifest: m, logs: make([]*Log, len(boxes)), counted: make([]indexes, len(boxes))}
	for i, l := range boxes {
		r.Boxes = append(r.Boxes, BoxReport{Box: i + 1, Origin: l.Origin, State: BoxAbsent})
	}
	for i, l := range logs {
		if l == nil || l.head == nil {
			return nil, fmt.Errorf("%w: log %d of %d is nil", ballot.ErrMalformed, i+1, len(logs))
		}
		c, err := readCheckpoint(m, l.head.Note)
		if err != nil {
			return nil, fmt.Errorf("log %d of %d: %w", i+1, len(logs), err)
		}
		b := &r.Boxes[c.Box-1]
		if b.Checkpoint != nil {
			return nil, fmt.Errorf("%w: two logs of box %d, %s: of %d and %d entries", ballot.ErrDuplicate, c.Box, b.Origin, b.Checkpoint.Size, c.Size)
		}
		b.Checkpoint = c
		b.State = BoxOpen
		if c.Closed {
			b.State = BoxSealed
		}
		if most := mostBallots(m); c.Size > most {
			b.State = BoxBroken
			b.Err = fmt.Errorf("%w: the log has %d entries, and the election can have %d ballots", ballot.ErrInvalid, c.Size, most)
			continue
		}
		r.logs[c.Box-1] = l
	}
	return r, nil
}

// Digest stands for the merge where another party endorses it. It covers the checkpoints of all
// logs that were used, and so every entry of them. With one box it is its checkpoint's digest.
func (r *Merged) Digest() [32]byte {
	id := r.manifest.ID()
	parts := [][]byte{id[:]}
	for i, b := range r.Boxes {
		var digest []byte // none: not used
		if r.logs[i] != nil {
			d := b.Checkpoint.Digest()
			digest = d[:]
		}
		parts = append(parts, digest)
	}
	if len(r.Boxes) == 1 && r.logs[0] != nil {
		return [32]byte(parts[1])
	}
	return transcript.Digest("merge", parts...)
}

// Complete returns nil if fewer boxes than Manifest.Copies are at fault: not sealed, or with an entry
// that no honest box logs, be it invalid or refused by the box's own rule. Then a ballot for which a voter has that many receipts
// stands in a log without fault, or some box that gave a receipt dropped it, as the receipt proves.
func (r *Merged) Complete() error {
	if r.manifest == nil {
		return fmt.Errorf("box: %w: no merge", ballot.ErrMalformed)
	}
	var faults []string
	for _, b := range r.Boxes {
		switch {
		case b.State != BoxSealed:
			faults = append(faults, fmt.Sprintf("box %d (%s) is %s", b.Box, b.Origin, b.State))
		case b.Invalid > 0:
			e := b.InvalidEntries[0]
			faults = append(faults, fmt.Sprintf("box %d (%s) has %d invalid entries, the first at index %d: %v", b.Box, b.Origin, b.Invalid, e.Index, e.Err))
		case b.Refused > 0:
			e := b.RefusedEntries[0]
			faults = append(faults, fmt.Sprintf("box %d (%s) has logged %d ballots against its rule, the first at index %d: %v", b.Box, b.Origin, b.Refused, e.Index, e.Err))
		}
	}
	if len(faults) < r.manifest.Copies() { //accept:ballot/boxes
		return nil
	}
	return fmt.Errorf("box: %w: %d of %d boxes are at fault, fewer than %d are tolerated: %s", ballot.ErrInvalid,
		len(faults), len(r.Boxes), r.manifest.Copies(), strings.Join(faults, "; "))
}

// A CountedBallot is the raw bytes of a ballot that counts.
type CountedBallot struct {
	Place
	Raw []byte
}

// Counted iterates over the ballots that count, by box and index. A ballot that stands in
// several logs comes from the box with the lowest number. It reads the logs a second time and
// ends with an error if one is not what it was the first time: nothing is to be believed before
// the end.
func (r *Merged) Counted(ctx context.Context) iter.Seq2[CountedBallot, error] {
	return func(yield func(CountedBallot, error) bool) {
		for i, l := range r.logs {
			if l == nil || r.counted[i] == nil {
				continue
			}
			index := uint64(0)
			for raw, err := range l.Entries(ctx) {
				if err != nil {
					yield(CountedBallot{}, fmt.Errorf("box %d: %w", i+1, err))
					return
				}
				if r.counted[i].has(index) && !yield(CountedBallot{Place{i + 1, index}, raw}, nil) {
					return
				}
				index++
			}
		}
	}
}

// held is a valid ballot of the logs.
type held struct {
	nullifier proof.Nullifier
	digest    [32]byte
	pin       [16]byte // half of the digest of ballot key and weight: conflicts change no count
	index     uint64   // in the log of box
	sequence  uint32
	in        uint16 // bit i: box i+1 holds it
	box       uint8  // the first that holds it, from 0
}

// preferred orders the ballots of one set: the voters one after the other; of a voter's ballots
// the one that counts comes first.
func preferred(a, b held) int {
	return cmp.Or(
		bytes.Compare(a.nullifier[:], b.nullifier[:]),
		cmp.Compare(b.sequence, a.sequence),
		bytes.Compare(a.digest[:], b.digest[:]),
	)
}

// conflicting says of two ballots of a voter that no honest device signs both.
func (h *held) conflicting(other *held) bool {
	return h.sequence == other.sequence || h.pin != other.pin
}

// resolve finds the ballots that count among those that are held.
func (r *Merged) resolve(ballots []held) error {
	slices.SortFunc(ballots, preferred)
	r.Ballots = uint64(len(ballots))
	for i := range ballots {
		b := &ballots[i]
		for k := range r.Boxes {
			switch bit := uint16(1) << k; {
			case b.in&bit == 0:
				if r.logs[k] != nil {
					r.Boxes[k].Lacks++
				}
			case b.in == bit:
				r.Boxes[k].Only++
				r.Boxes[k].Ballots++
			default:
				r.Boxes[k].Ballots++
			}
		}
		if i == 0 || ballots[i-1].nullifier != b.nullifier {
			r.Voters++
			r.counted[b.box].set(b.index)
			continue
		}
		r.Superseded++
		if !b.conflicting(&ballots[i-1]) {
			continue
		}
		r.Conflicting++
		if len(r.Conflicts) < maxListed {
			c, err := r.evidence(&ballots[i-1], b)
			if err != nil {
				return err
			}
			r.Conflicts = append(r.Conflicts, c)
		}
	}
	return nil
}

// evidence reads two ballots again.
func (r *Merged) evidence(pair ...*held) (Conflict, error) {
	c := Conflict{Nullifier: pair[0].nullifier}
	for i, h := range pair {
		c.Places[i] = Place{int(h.box) + 1, h.index}
		raw, err := r.logs[h.box].entry(h.index)
		if err == nil && sha256.Sum256(raw) != h.digest {
			err = fmt.Errorf("%w: the log changed while it was read", ballot.ErrInvalid)
		}
		if err == nil {
			c.Ballots[i], err = ballot.ParseBallot(r.manifest, raw)
		}
		if err != nil {
			return c, fmt.Errorf("%v: %w", c.Places[i], err)
		}
	}
	return c, nil
}

// entry reads one entry. Who asks for it knows its digest.
func (l *Log) entry(index uint64) ([]byte, error) {
	first := index / tileWidth * tileWidth
	r := &logReader{Log: l}
	entries, err := r.bundle(tile{entriesLevel, index / tileWidth, int(min(l.head.Size-first, tileWidth))})
	if err != nil {
		return nil, err
	}
	return entries[index-first], nil
}

// indexes is a set of indices, one bit for each.
type indexes []uint64

func (s *indexes) set(i uint64) {
	if missing := int(i/64) + 1 - len(*s); missing > 0 {
		*s = append(*s, make([]uint64, missing)...)
	}
	(*s)[i/64] |= 1 << (i % 64)
}

func (s indexes) has(i uint64) bool { return i/64 < uint64(len(s)) && s[i/64]>>(i%64)&1 == 1 }
