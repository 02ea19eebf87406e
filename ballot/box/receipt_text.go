package box

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"

	"github.com/scrutin/scrutin/ballot"
)

// Text verifies the receipt for b and returns it as lines for a person: the ballot's tracker, to
// be compared with the one that the voter's device shows and searched for in the published log
// (Log.Find), its number, and the head of the log that the box promised. It does not replace the
// file: only Bytes proves anything.
func (r *Receipt) Text(m *ballot.Manifest, b *ballot.Ballot) (string, error) {
	if err := r.Verify(m, b); err != nil {
		return "", err
	}
	c := r.Checkpoint
	return fmt.Sprintf("tracker  %s\nnumber   %d\nlog      %s\nballots  %d\nroot     %s\n", b.Tracker(), r.Index, c.Origin, c.Size, c.Hash), nil
}

// ErrTracker means a text that is no tracker of any ballot.
var ErrTracker = errors.New("no tracker")

// Find reads the whole log, as Entries does, and returns the numbers of the ballots with a tracker,
// in order: none if the log has no such ballot. More than one means that somebody made two ballots
// with one tracker, which takes about 2^40 attempts; the receipt tells which is whose.
//
// The tracker is as Ballot.Tracker returns it, or as a person copies it: in small letters, without
// the dashes, with O for 0, I or L for 1. Another text is ErrTracker, before anything is read.
func (l *Log) Find(ctx context.Context, tracker string) ([]uint64, error) {
	want, err := parseTracker(tracker)
	if err != nil {
		return nil, fmt.Errorf("box: %w", err)
	}
	var found []uint64
	index := uint64(0)
	for raw, err := range l.Entries(ctx) {
		if err != nil {
			return nil, err
		}
		if digest := sha256.Sum256(raw); [trackerBytes]byte(digest[:trackerBytes]) == want {
			found = append(found, index)
		}
		index++
	}
	return found, nil
}

const (
	trackerBytes = 10

	// maxTrackerText is more than any way of writing a tracker takes.
	maxTrackerText = 64
)

var (
	crockford  = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)
	misspelled = strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1")
)

// parseTracker returns the first bytes of the digest that a tracker stands for.
func parseTracker(s string) (out [trackerBytes]byte, err error) {
	if len(s) <= maxTrackerText {
		digits := misspelled.Replace(strings.ToUpper(s))
		b, err := crockford.DecodeString(digits)
		if err == nil && len(digits) == crockford.EncodedLen(trackerBytes) {
			return [trackerBytes]byte(b), nil
		}
	}
	return out, fmt.Errorf("%w: %.64q is %w: 16 letters and digits such as K3M8-0QZT-9VHE-2R5C are wanted", ballot.ErrMalformed, s, ErrTracker)
}
