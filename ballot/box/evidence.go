package box

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/ballot"
)

// An EvidenceKind says what an Evidence proves.
type EvidenceKind string

const (
	// Forked: the box signed two roots of one number of ballots. The two notes alone prove it.
	Forked EvidenceKind = "forked"

	// Reopened: the box closed its log, and signed a larger one. The two notes alone prove it. (Of
	// two closed checkpoints of different sizes, the larger is the larger one.)
	Reopened EvidenceKind = "reopened"

	// Rewritten: the box signed a log, and a larger one that does not begin with it. The proof is
	// the root that the beginning of the larger one has in truth, with the hashes that lead from
	// it to the larger root. The files of the smaller log are not needed.
	Rewritten EvidenceKind = "rewritten"

	// Dropped: the box signed that a ballot has a number, and closed its log below that number.
	Dropped EvidenceKind = "dropped"

	// Replaced: the box signed that a ballot has a number, and that another ballot has it. The
	// proof is the inclusion of both: two receipts are enough, nobody's tiles are needed.
	Replaced EvidenceKind = "replaced"
)

// Evidence proves, to anyone who has the manifest, that the operator of a box has cheated: the
// box signed two checkpoints that no honest box signs both. It needs no files but its own, tells
// nothing about any vote, and cannot be made against a box that keeps to its rules, whatever it is
// asked and whenever: that would take a forged signature or a collision of SHA-256.
//
// It is an error, so that the checks that find it return it; errors.As gets it out.
// docs/spec/log.md, "Evidence".
type Evidence struct {
	Kind EvidenceKind

	// First and Second are the checkpoints that contradict each other. First is the smaller one
	// if the kind is Rewritten, the closed one if Reopened, that of the ballot if Dropped.
	First, Second *Checkpoint

	root      tlog.Hash      // Rewritten: of the first First.Size ballots of Second
	extension tlog.TreeProof // Rewritten: from root to Second's root
	index     uint64         // Dropped, Replaced: the ballot's number
	entries   []entryProof   // Dropped: under First; Replaced: under First and under Second
}

// An entryProof leads from an entry's leaf hash to the root of a checkpoint.
type entryProof struct {
	leaf  tlog.Hash
	proof tlog.RecordProof
}

// Verify checks all of it under m. A nil error means that the operator is proven to have cheated.
func (e *Evidence) Verify(m *ballot.Manifest) error {
	if err := e.verify(m); err != nil {
		return fmt.Errorf("box: evidence: nothing is proven: %w", err)
	}
	return nil
}

func (e *Evidence) verify(m *ballot.Manifest) error {
	if err := e.form(); err != nil {
		return err
	}
	first, err := e.First.reread(m)
	if err != nil {
		return fmt.Errorf("first: %w", err)
	}
	second, err := e.Second.reread(m)
	if err != nil {
		return fmt.Errorf("second: %w", err)
	}
	if first.Origin != second.Origin { //check:evidence/box
		return fmt.Errorf("%w: checkpoints of two boxes, %s and %s", ballot.ErrInvalid, first.Origin, second.Origin)
	}
	switch e.Kind {
	case Forked:
		if first.Size != second.Size || first.Hash == second.Hash { //check:evidence/forked
			return fmt.Errorf("%w: not two roots of one size", ballot.ErrInvalid)
		}
	case Reopened:
		if !first.Closed || second.Size <= first.Size { //check:evidence/reopened
			return fmt.Errorf("%w: the first checkpoint is not closed, or the second is not larger", ballot.ErrInvalid)
		}
	case Rewritten:
		if first.Size < 1 || first.Size >= second.Size || first.Hash == e.root { //check:evidence/rewritten
			return fmt.Errorf("%w: the first checkpoint is empty, not smaller, or has the root that is held against it", ballot.ErrInvalid)
		}
		return checkExtension(e.extension, second, first.Size, e.root)
	case Dropped:
		if !second.Closed || e.index < second.Size { //check:evidence/dropped
			return fmt.Errorf("%w: the second checkpoint is not closed, or number %d is below its size %d", ballot.ErrInvalid, e.index, second.Size)
		}
		return e.entries[0].check(first, e.index)
	case Replaced:
		if e.entries[0].leaf == e.entries[1].leaf { //check:evidence/replaced
			return fmt.Errorf("%w: both entries are the same", ballot.ErrInvalid)
		}
		return errors.Join(e.entries[0].check(first, e.index), e.entries[1].check(second, e.index))
	}
	return nil
}

// form checks that the evidence has what its kind needs, and nothing else.
func (e *Evidence) form() error {
	if e == nil {
		return fmt.Errorf("%w: no evidence", ballot.ErrMalformed)
	}
	var entries int
	switch e.Kind {
	case Forked, Reopened, Rewritten:
	case Dropped:
		entries = 1
	case Replaced:
		entries = 2
	default:
		return fmt.Errorf("%w: unknown kind %.32q", ballot.ErrMalformed, e.Kind)
	}
	if e.First == nil || e.Second == nil || len(e.entries) != entries || entries == 0 && e.index != 0 ||
		e.Kind != Rewritten && (e.root != tlog.Hash{} || e.extension != nil) {
		return fmt.Errorf("%w: %q wants two checkpoints, %d entries, and no more", ballot.ErrMalformed, e.Kind, entries)
	}
	return nil
}

func (p *entryProof) check(c *Checkpoint, index uint64) error {
	if index >= c.Size {
		return fmt.Errorf("%w: number %d in a log of %d ballots", ballot.ErrInvalid, index, c.Size)
	}
	if err := tlog.CheckRecord(p.proof, int64(c.Size), c.Hash, int64(index), p.leaf); err != nil { //check:evidence/inclusion
		return fmt.Errorf("%w: the leaf %s is not number %d of the %d ballots under the root %s", ballot.ErrInvalid, p.leaf, index, c.Size, c.Hash)
	}
	return nil
}

// Error says what is proven, once Verify has returned nil.
func (e *Evidence) Error() string {
	if e.form() != nil {
		return "box: evidence of no known form"
	}
	a, b := e.First, e.Second
	var what string
	switch e.Kind {
	case Forked:
		what = fmt.Sprintf("signed two roots of %d ballots, %s and %s", a.Size, a.Hash, b.Hash)
	case Reopened:
		what = fmt.Sprintf("closed its log with %d ballots, and signed one of %d", a.Size, b.Size)
	case Rewritten:
		what = fmt.Sprintf("signed the root %s of %d ballots, and %d ballots of which the first %d have the root %s", a.Hash, a.Size, b.Size, a.Size, e.root)
	case Dropped:
		what = fmt.Sprintf("signed that the ballot with the leaf hash %s is number %d, and closed its log with %d ballots", e.entries[0].leaf, e.index, b.Size)
	case Replaced:
		what = fmt.Sprintf("signed that number %d is the ballot with the leaf hash %s (in a log of %d), and that it is the one with the leaf hash %s (in a log of %d)",
			e.index, e.entries[0].leaf, a.Size, e.entries[1].leaf, b.Size)
	}
	return fmt.Sprintf("box: the operator of %s has cheated: it %s", a.Origin, what)
}

// proven returns evidence that was just made, after checking it as any third party would.
func proven(m *ballot.Manifest, e *Evidence) error {
	if err := e.verify(m); err != nil {
		return fmt.Errorf("the box contradicts itself, and the evidence does not hold: %w", err)
	}
	return e
}
