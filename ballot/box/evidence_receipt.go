package box

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/ballot"
)

// ErrBehind means a published log that has not reached a receipt's checkpoint yet. That is no
// proof of anything while the log is open: look again when it is closed.
var ErrBehind = errors.New("the published log has not reached this checkpoint")

// Honours says whether the log holds b where the receipt says it stands, and extends the
// checkpoint of the receipt. m is the manifest of both.
//
// If the operator broke the promise of the receipt, the error is an *Evidence. ErrBehind means
// that the log is open and still too short to tell. Any other error says nothing about the
// operator: the receipt is not valid for b, a tile is missing, or the tiles are not those of the
// log's checkpoint.
func (l *Log) Honours(m *ballot.Manifest, r *Receipt, b *ballot.Ballot) error {
	if l == nil || l.head == nil {
		return fmt.Errorf("box: receipt: %w: no log", ballot.ErrMalformed)
	}
	if err := r.Verify(m, b); err != nil {
		return err
	}
	if err := l.honours(m, r, tlog.RecordHash(b.Bytes())); err != nil {
		return fmt.Errorf("box: receipt: %w", err)
	}
	return nil
}

func (l *Log) honours(m *ballot.Manifest, r *Receipt, leaf tlog.Hash) error {
	if r.Checkpoint.Origin != l.head.Origin {
		return fmt.Errorf("%w: the receipt is of the box %s, the log of %s", ballot.ErrMalformed, r.Checkpoint.Origin, l.head.Origin)
	}
	given := entryProof{leaf, r.Proof}
	if r.Index >= l.head.Size {
		if l.head.Closed {
			return proven(m, &Evidence{Kind: Dropped, First: r.Checkpoint, Second: l.head, index: r.Index, entries: []entryProof{given}})
		}
		return fmt.Errorf("%w: it holds %d ballots, the receipt is for number %d", ErrBehind, l.head.Size, r.Index)
	}
	published, err := l.inclusion(r.Index)
	if err != nil {
		return err
	}
	if published.leaf != leaf {
		return proven(m, &Evidence{Kind: Replaced, First: r.Checkpoint, Second: l.head, index: r.Index, entries: []entryProof{given, published}})
	}
	if r.Checkpoint.Size > l.head.Size && !l.head.Closed {
		return fmt.Errorf("%w: it holds %d ballots, the receipt's checkpoint %d", ErrBehind, l.head.Size, r.Checkpoint.Size)
	}
	_, err = checkConsistency(m, r.Checkpoint, l.head, l.files)
	return err
}

// inclusion reads an entry's leaf and proof from the published tiles.
func (l *Log) inclusion(index uint64) (entryProof, error) {
	leaf, p, err := newTileTree(l.files, l.head).inclusion(index)
	return entryProof{leaf, p}, err
}

// CompareReceipts checks two receipts of one box against each other, without any published file.
// If they put different ballots at one number, the error is an *Evidence; nil means that they do
// not contradict each other so.
func CompareReceipts(m *ballot.Manifest, a *Receipt, ballotA *ballot.Ballot, b *Receipt, ballotB *ballot.Ballot) error {
	if err := errors.Join(a.Verify(m, ballotA), b.Verify(m, ballotB)); err != nil {
		return err
	}
	first := entryProof{tlog.RecordHash(ballotA.Bytes()), a.Proof}
	second := entryProof{tlog.RecordHash(ballotB.Bytes()), b.Proof}
	if a.Checkpoint.Origin != b.Checkpoint.Origin || a.Index != b.Index || first.leaf == second.leaf {
		return nil
	}
	return fmt.Errorf("box: receipts: %w", proven(m, &Evidence{Kind: Replaced, First: a.Checkpoint, Second: b.Checkpoint, index: a.Index, entries: []entryProof{first, second}}))
}
