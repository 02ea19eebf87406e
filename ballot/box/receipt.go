package box

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/ballot"
)

const (
	receiptHeader = "c2sp.org/tlog-proof@v1"
	indexPrefix   = "index "

	// maxProofHashes is the height of a tree of maxLogSize leaves.
	maxProofHashes = 48
)

// A Receipt proves that a ballot stands in the log, at one index of one checkpoint.
// docs/spec/log.md, "Receipt".
type Receipt struct {
	Index      uint64
	Proof      tlog.RecordProof // from the leaf's sibling up to the root's child
	Checkpoint *Checkpoint
}

// ParseReceipt reads a receipt of m's log and checks its checkpoint, signature included.
// Verify says whether it is the receipt of a certain ballot.
func ParseReceipt(m *ballot.Manifest, encoded []byte) (*Receipt, error) {
	r, err := parseReceipt(m, encoded)
	if err != nil {
		return nil, fmt.Errorf("box: receipt: %w", err)
	}
	return r, nil
}

func parseReceipt(m *ballot.Manifest, encoded []byte) (*Receipt, error) {
	head, signed, found := bytes.Cut(encoded, []byte("\n\n"))
	if !found || len(head) > 4096 {
		return nil, fmt.Errorf("%w: no checkpoint after an empty line", ballot.ErrMalformed)
	}
	lines := strings.Split(string(head), "\n")
	if len(lines) < 2 || lines[0] != receiptHeader {
		return nil, fmt.Errorf("%w: the first line is not %q", ballot.ErrMalformed, receiptHeader)
	}
	decimal, found := strings.CutPrefix(lines[1], indexPrefix)
	if !found {
		return nil, fmt.Errorf("%w: the second line is not %q and a number", ballot.ErrMalformed, indexPrefix)
	}
	r := new(Receipt)
	var err error
	if r.Index, err = parseDecimal(decimal); err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	if hashes := lines[2:]; len(hashes) > maxProofHashes {
		return nil, fmt.Errorf("%w: %d hashes, at most %d allowed", ballot.ErrMalformed, len(hashes), maxProofHashes)
	}
	for _, line := range lines[2:] {
		h, err := parseHash(line)
		if err != nil {
			return nil, fmt.Errorf("proof: %w", err)
		}
		r.Proof = append(r.Proof, h)
	}
	if r.Checkpoint, err = readCheckpoint(m, signed); err != nil {
		return nil, err
	}
	return r, nil
}

// Box returns the number of the manifest's box that gave the receipt, from 1; 0 if there is no checkpoint.
func (r *Receipt) Box() int {
	if r.Checkpoint == nil {
		return 0
	}
	return r.Checkpoint.Box
}

// Bytes encodes the receipt as text, in the C2SP tlog-proof format.
func (r *Receipt) Bytes() []byte {
	b := fmt.Appendf(nil, "%s\n%s%d\n", receiptHeader, indexPrefix, r.Index)
	for _, h := range r.Proof {
		b = fmt.Appendf(b, "%s\n", h)
	}
	b = append(b, '\n')
	if r.Checkpoint != nil {
		b = append(b, r.Checkpoint.Note...)
	}
	return b
}

// Verify checks that b stands at the receipt's index of a log that m's operator signed. It needs
// nothing but m: no network and no log. It does not say that the published log holds the ballot
// there: Log.Honours does, and makes the proof of the operator's fraud if it does not.
//
// A receipt tells nothing about the vote. It shows that a ballot was cast, by its hash.
func (r *Receipt) Verify(m *ballot.Manifest, b *ballot.Ballot) error {
	if r == nil || b == nil {
		return fmt.Errorf("box: receipt: %w: no receipt or no ballot", ballot.ErrMalformed)
	}
	c, err := r.Checkpoint.reread(m)
	if err != nil {
		return fmt.Errorf("box: receipt: %w", err)
	}
	if b.Election() != m.ID() {
		return fmt.Errorf("box: receipt: %w: the ballot's election is %s", ballot.ErrUnknownElection, b.Election())
	}
	if r.Index >= c.Size {
		return fmt.Errorf("box: receipt: %w: index %d in a log of %d ballots", ballot.ErrInvalid, r.Index, c.Size)
	}
	if err := tlog.CheckRecord(r.Proof, int64(c.Size), c.Hash, int64(r.Index), tlog.RecordHash(b.Bytes())); err != nil { //check:receipt/inclusion
		return fmt.Errorf("box: receipt: %w: this ballot is not at index %d of the log of %d ballots with root %s", ballot.ErrInvalid, r.Index, c.Size, c.Hash)
	}
	return nil
}

// CheckReceipts returns nil if b is cast: if it has valid receipts of as many different boxes as
// Manifest.Copies says. A receipt that does not hold, and a second one of a box, count for nothing and
// do no harm. After an error the same ballot goes to another box.
func CheckReceipts(m *ballot.Manifest, b *ballot.Ballot, receipts ...*Receipt) error {
	boxes := map[int]bool{}
	var wrong []error
	for i, r := range receipts {
		if err := r.Verify(m, b); err != nil {
			wrong = append(wrong, fmt.Errorf("receipt %d of %d: %w", i+1, len(receipts), err))
			continue
		}
		boxes[r.Box()] = true // Verify has compared it with the note
	}
	if len(boxes) >= m.Copies() { //accept:receipt/copies
		return nil
	}
	err := fmt.Errorf("box: receipts: %w: they are of %d different boxes, %d are wanted", ballot.ErrInvalid, len(boxes), m.Copies())
	return errors.Join(append([]error{err}, wrong...)...)
}
