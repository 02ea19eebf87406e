package box

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/ballot"
)

// A snapshot is what the box made of the first records of its journal, so that opening has only
// to check their sums and need not parse their ballots. It is a cache: the journal must be, record
// by record, the one that the snapshot was made of, and the box must have signed it. One that is
// missing, altered or of another journal is not used, and costs nothing but time.
// docs/spec/log.md, "The box directory".
//
//	note    origin line; "snapshot"; length of the journal; number of ballots;
//	        the journal's chain there, in hexadecimal; SHA-256 of the state, in hexadecimal; signed
//	00
//	state   leaf hashes of the ballots (32 each); state of the rule-book
type snapshot struct {
	end    int64 // of the records that it covers
	count  uint64
	chain  [sha256.Size]byte
	leaves []byte
	rules  *ballot.Rulebook
}

const (
	snapshotName = "snapshot"
	snapshotLine = "snapshot"
)

// A snapshot is due when so many ballots came after the last one.
type snapshotPolicy struct {
	end     uint64 // at Close and Seal
	between uint64 // in between; and a quarter of what the last one covers, so that the work stays in proportion
}

var usualSnapshots = snapshotPolicy{end: 1 << 10, between: 1 << 14}

// errSnapshot means a snapshot that is not of this journal.
var errSnapshot = errors.New("it was made of another journal")

// readSnapshot reads the snapshot that lies in the directory; nil if there is none.
func (x *Box) readSnapshot() (*snapshot, error) {
	size, err := x.journal.file.Size()
	if err != nil {
		return nil, err
	}
	// A ballot is longer than what a snapshot says of it.
	limit := size + maxNoteBytes
	b, err := readFile(x.disk, snapshotName, limit)
	if b == nil || err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%w: it is longer than the journal", ballot.ErrMalformed)
	}
	return parseSnapshot(x.manifest, originOf(x.manifest, x.signer.Name()), b)
}

// parseSnapshot reads a snapshot of the log with this origin line.
func parseSnapshot(m *ballot.Manifest, origin string, b []byte) (*snapshot, error) {
	signed, state, found := bytes.Cut(b, []byte{0})
	if !found {
		return nil, fmt.Errorf("%w: no state after the note", ballot.ErrMalformed)
	}
	text, _, err := openNote(m, signed)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(text, "\n")
	if len(lines) != 7 || lines[0] != origin || lines[1] != snapshotLine {
		return nil, fmt.Errorf("%w: not a snapshot of this box", ballot.ErrMalformed)
	}
	s := &snapshot{rules: ballot.NewRulebook(m)}
	end, err := parseDecimal(lines[2])
	if err != nil {
		return nil, err
	}
	s.end = int64(end)
	if s.count, err = parseDecimal(lines[3]); err != nil {
		return nil, err
	}
	if _, err := hex.Decode(s.chain[:], []byte(lines[4][:min(len(lines[4]), 2*len(s.chain))])); err != nil {
		return nil, fmt.Errorf("%w: %q is no hash in hexadecimal", ballot.ErrMalformed, lines[4])
	}
	if sum := sha256.Sum256(state); s.text(origin, sum) != text {
		return nil, fmt.Errorf("%w: its checksum is wrong", ballot.ErrInvalid)
	}
	if uint64(len(state))/tlog.HashSize < s.count {
		return nil, fmt.Errorf("%w: %d bytes for %d ballots", ballot.ErrMalformed, len(state), s.count)
	}
	s.leaves = state[:s.count*tlog.HashSize]
	return s, s.rules.UnmarshalBinary(state[len(s.leaves):])
}

// text is the text of the snapshot's note.
func (s *snapshot) text(origin string, sum [sha256.Size]byte) string {
	return fmt.Sprintf("%s\n%s\n%d\n%d\n%x\n%x\n", origin, snapshotLine, s.end, s.count, s.chain, sum)
}

// encode returns the file of a snapshot of the box as it is. Its caller keeps others from
// changing the box.
func (x *Box) encodeSnapshot() ([]byte, error) {
	rules, err := x.rules.MarshalBinary()
	if err != nil {
		return nil, err
	}
	s := snapshot{end: x.journal.end, count: x.journal.count, chain: x.journal.chain}
	state := make([]byte, 0, int(s.count)*tlog.HashSize+len(rules))
	for i := range s.count {
		leaf := x.hashes.leaf(i)
		state = append(state, leaf[:]...)
	}
	state = append(state, rules...)
	signed, err := note.Sign(&note.Note{Text: s.text(originOf(x.manifest, x.signer.Name()), sha256.Sum256(state))}, x.signer)
	if err != nil {
		return nil, err
	}
	return bytes.Join([][]byte{signed, state}, []byte{0}), nil
}

// replay rebuilds everything from the journal, with the help of a snapshot or, if s is nil,
// without. errSnapshot means that s is not of this journal.
func (x *Box) replay(s *snapshot) (*reading, error) {
	j := x.journal
	j.rewind()
	x.rules, x.hashes, x.places = ballot.NewRulebook(x.manifest), nil, nil
	x.finder = newFinder(0)
	x.covered = 0
	between := func() error {
		if s == nil || j.end < s.end {
			return nil
		}
		if j.end != s.end || j.count != s.count || j.chain != s.chain {
			return errSnapshot
		}
		x.rules, x.finder, x.covered = s.rules, newFinder(int(s.count)), s.count
		x.hashes = make(tree, 0, tlog.StoredHashCount(int64(s.count)))
		for i := range s.count {
			if err := x.addLeaf(i, tlog.Hash(s.leaves[i*tlog.HashSize:][:tlog.HashSize])); err != nil {
				return err
			}
		}
		s = nil
		return nil
	}
	r, err := j.read(between, func(raw []byte, p place) error {
		x.places = append(x.places, p)
		if s != nil {
			return nil
		}
		b, err := ballot.ParseBallot(x.manifest, raw)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		if err := x.apply(b, tlog.RecordHash(raw)); err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		return nil
	})
	if err == nil && s != nil {
		err = errSnapshot
	}
	return r, err
}

// dueSnapshot returns the content of a snapshot if so many ballots came after the last one. Its
// caller keeps others from changing the box.
func (x *Box) dueSnapshot(after uint64) []byte {
	if x.failed != nil || x.journal.count-x.covered < max(after, 1) {
		return nil
	}
	x.covered = x.journal.count // also if it fails: the next one is due later
	b, err := x.encodeSnapshot()
	if err != nil {
		x.logger.Warn("box: no snapshot; opening will take longer", "error", err)
	}
	return b
}

// writeSnapshot replaces the snapshot by what dueSnapshot returned. That it may fail is no harm to
// the box.
func (x *Box) writeSnapshot(b []byte) {
	if b == nil {
		return
	}
	x.snapshots.Lock()
	defer x.snapshots.Unlock()
	if err := replaceFile(x.disk, snapshotName+".new", snapshotName, b); err != nil {
		x.logger.Warn("box: the snapshot was not written; opening will take longer", "error", err)
	}
}
