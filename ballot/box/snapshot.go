package box

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/ballot"
)

// A snapshot is what the box made of the first records of its journal, so that opening has only
// to check their sums and need not parse their ballots. docs/spec/log.md, "The box directory".
//
//	note    origin line; "snapshot"; length of the journal; number of ballots;
//	        the journal's chain there, in hexadecimal; SHA-256 of the state, in hexadecimal; signed
//	00
//	state   leaf hashes of the ballots (32 each); state of the rule-book
//
// The state is a cache: one that is missing or cannot be used costs nothing but time. The note is
// also a witness: since it is written after the checkpoint of what it covers was stored, a
// journal that does not begin with these records is not the one that this box wrote last.
type snapshot struct {
	snapshotNote
	leaves []byte
	rules  *ballot.Rulebook
}

// A snapshotNote is what the box signed.
type snapshotNote struct {
	end   int64 // of the records that it covers
	count uint64
	chain [sha256.Size]byte
	sum   [sha256.Size]byte // of the state
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

// readSnapshotNote reads the note of the snapshot that lies in the directory; nil if there is none
// that this box signed.
func (x *Box) readSnapshotNote() *snapshotNote {
	b, err := readFile(x.disk, snapshotName, maxNoteBytes)
	if b == nil && err == nil {
		return nil
	}
	var n *snapshotNote
	if err == nil {
		signed, _, _ := bytes.Cut(b, []byte{0})
		n, err = parseSnapshotNote(x.manifest, originOf(x.manifest, x.signer.Name()), signed)
	}
	if err != nil {
		x.logger.Warn("box: the snapshot is not used", "error", err)
		return nil
	}
	return n
}

// readSnapshot reads the state under the note n that lies in the directory; nil if it cannot be used.
func (x *Box) readSnapshot(n *snapshotNote) *snapshot {
	size, err := x.journal.file.Size()
	var b []byte
	if err == nil {
		// A ballot is longer than what a snapshot says of it.
		b, err = readFile(x.disk, snapshotName, size+maxNoteBytes)
	}
	var s *snapshot
	if err == nil {
		_, state, _ := bytes.Cut(b, []byte{0})
		s, err = n.load(x.manifest, state)
	}
	if err != nil {
		x.logger.Warn("box: the snapshot is not used", "error", err)
		return nil
	}
	return s
}

// load reads the state of a snapshot, which must be the one that its note says.
func (n *snapshotNote) load(m *ballot.Manifest, state []byte) (*snapshot, error) {
	if sha256.Sum256(state) != n.sum {
		return nil, fmt.Errorf("%w: its checksum is wrong", ballot.ErrInvalid)
	}
	if uint64(len(state))/tlog.HashSize < n.count {
		return nil, fmt.Errorf("%w: %d bytes for %d ballots", ballot.ErrMalformed, len(state), n.count)
	}
	s := &snapshot{*n, state[:n.count*tlog.HashSize], ballot.NewRulebook(m)}
	if err := s.rules.UnmarshalBinary(state[len(s.leaves):]); err != nil {
		return nil, err
	}
	return s, nil
}

// parseSnapshotNote reads the note of a snapshot of the log with this origin line.
func parseSnapshotNote(m *ballot.Manifest, origin string, signed []byte) (*snapshotNote, error) {
	text, _, err := openNote(m, signed)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(text, "\n")
	if len(lines) != 7 || lines[0] != origin || lines[1] != snapshotLine {
		return nil, fmt.Errorf("%w: not a snapshot of this box", ballot.ErrMalformed)
	}
	n := &snapshotNote{}
	end, err := parseDecimal(lines[2])
	if err != nil {
		return nil, err
	}
	n.end = int64(end)
	if n.count, err = parseDecimal(lines[3]); err != nil {
		return nil, err
	}
	for i, h := range []*[sha256.Size]byte{&n.chain, &n.sum} {
		line := lines[4+i]
		if _, err := hex.Decode(h[:], []byte(line[:min(len(line), 2*len(h))])); err != nil {
			return nil, fmt.Errorf("%w: %q is no hash in hexadecimal", ballot.ErrMalformed, line)
		}
	}
	if n.text(origin) != text {
		return nil, fmt.Errorf("%w: another spelling of a snapshot", ballot.ErrMalformed)
	}
	return n, nil
}

// text is the text of the note.
func (n *snapshotNote) text(origin string) string {
	return fmt.Sprintf("%s\n%s\n%d\n%d\n%x\n%x\n", origin, snapshotLine, n.end, n.count, n.chain, n.sum)
}

// encodeSnapshot returns the file of a snapshot of the box as it is. Its caller keeps others from
// changing the box.
func (x *Box) encodeSnapshot() ([]byte, error) {
	rules, err := x.rules.MarshalBinary()
	if err != nil {
		return nil, err
	}
	n := snapshotNote{end: x.journal.end, count: x.journal.count, chain: x.journal.chain}
	state := make([]byte, 0, int(n.count)*tlog.HashSize+len(rules))
	for i := range n.count {
		leaf := x.hashes.leaf(i)
		state = append(state, leaf[:]...)
	}
	state = append(state, rules...)
	n.sum = sha256.Sum256(state)
	signed, err := note.Sign(&note.Note{Text: n.text(originOf(x.manifest, x.signer.Name()))}, x.signer)
	if err != nil {
		return nil, err
	}
	return bytes.Join([][]byte{signed, state}, []byte{0}), nil
}

// replay rebuilds everything from the journal, which must begin with the records that the note of a
// snapshot covers, if n is not nil. Unless s is nil too, these are not parsed.
func (x *Box) replay(n *snapshotNote, s *snapshot) (*reading, error) {
	j := x.journal
	j.rewind()
	x.rules, x.hashes, x.places = ballot.NewRulebook(x.manifest), nil, nil
	x.finder = newFinder(0)
	x.covered = 0
	between := func() error {
		if n == nil || j.end < n.end {
			return nil
		}
		if j.end != n.end || j.count != n.count || j.chain != n.chain {
			return fmt.Errorf("%w: %s does not hold the %d ballots, of %d bytes, that the snapshot covers", ErrDamaged, journalName, n.count, n.end)
		}
		n = nil
		if s == nil {
			return nil
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
	switch {
	case err != nil || n == nil:
		return r, err
	case r.damage != nil:
		return nil, j.damaged(r, fmt.Sprintf("and the snapshot covers it (%d ballots)", n.count))
	}
	return nil, fmt.Errorf("%w: %s ends after %d ballots; the snapshot covers %d", ErrDamaged, journalName, j.count, n.count)
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
