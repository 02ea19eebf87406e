package tally

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"strconv"
	"sync"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/internal/legible"
	"github.com/scrutin/scrutin/internal/wire"
)

// An election with several boxes has a log of each in its record, and the merge of all of them
// takes the place of one log's replay: docs/spec/merge.md.

// LogsDir holds the logs of an election with several boxes: logs/1, logs/2, ...
const LogsDir = "logs"

// BoxLogDir returns the directory of the log of a box, from 1, in the record of m's election,
// where its box.Box.Export writes: LogDir if there is one box.
func BoxLogDir(m *ballot.Manifest, number int) string {
	if len(m.Logs()) == 1 {
		return LogDir
	}
	return path.Join(LogsDir, strconv.Itoa(number))
}

// several says whether the election has several boxes.
func (a *auditor) several() bool { return len(a.manifest.Logs()) > 1 }

// checkCheckpoints is checkCheckpoint of several boxes.
func (a *auditor) checkCheckpoints() error {
	sealed := 0
	for i, info := range a.manifest.Logs() {
		b := box.BoxReport{Box: i + 1, Origin: info.Origin, State: box.BoxAbsent}
		log, err := a.openBox(i + 1)
		if err != nil {
			b.Err = err
		} else {
			a.logs = append(a.logs, log)
			b.Checkpoint, b.State = log.Checkpoint(), box.BoxOpen
			if b.Checkpoint.Closed {
				b.State = box.BoxSealed
				sealed++
			}
			a.Size += b.Checkpoint.Size
		}
		a.Boxes = append(a.Boxes, b)
	}
	a.Closed = len(a.Boxes)-sealed < a.manifest.Copies()
	return a.enoughSealed()
}

// openBox opens the log of a box, which must be its own.
func (a *auditor) openBox(number int) (*box.Log, error) {
	name := BoxLogDir(a.manifest, number)
	dir, err := fs.Sub(a.files, name)
	if err != nil {
		return nil, err
	}
	log, err := box.OpenLog(dir, a.manifest)
	if err != nil {
		return nil, err
	}
	if got := log.Checkpoint().Box; got != number {
		return nil, fmt.Errorf("%w: %s holds the log of box %d", ErrForeign, name, got)
	}
	return log, nil
}

// enoughSealed returns nil if fewer than the tolerated number of boxes are not sealed.
func (a *auditor) enoughSealed() error {
	var f faults
	for _, b := range a.Boxes {
		if b.State == box.BoxSealed {
			continue
		}
		err := fmt.Errorf("box %d (%s) is %s", b.Box, b.Origin, b.State)
		if b.Err != nil {
			err = fmt.Errorf("%w: %w", err, b.Err)
		}
		f = append(f, err)
	}
	if len(f) < a.manifest.Copies() {
		return nil
	}
	return fmt.Errorf("%w: %d of %d boxes are not sealed, fewer than %d are tolerated: %w", ErrInvalid, len(f), len(a.Boxes), a.manifest.Copies(), f)
}

// checkLogs is checkLog of several boxes.
func (a *auditor) checkLogs(ctx context.Context) error {
	switch {
	case len(a.logs) == 0:
		return fmt.Errorf("%w: no checkpoint", errSkipped)
	case a.verifier == nil:
		return fmt.Errorf("%w: no verifying key", errSkipped)
	}
	merged, err := a.merge(ctx)
	if err != nil {
		a.broken = err
		return err
	}
	for i := range merged.Boxes {
		if b := &merged.Boxes[i]; b.State == box.BoxAbsent {
			b.Err = a.Boxes[i].Err
		}
	}
	a.merged, a.Boxes = merged, merged.Boxes
	a.subject = Subject{Election: a.Election, Checkpoint: merged.Digest()}
	a.Superseded, a.Conflicting, a.Conflicts = merged.Superseded, merged.Conflicting, merged.Conflicts
	for _, b := range a.Boxes {
		if b.State == box.BoxBroken {
			continue
		}
		a.Logged += b.Logged
		a.Invalid += b.Invalid
		for _, e := range b.InvalidEntries[:min(len(b.InvalidEntries), maxReasons-len(a.InvalidEntries))] {
			a.InvalidEntries = append(a.InvalidEntries, InvalidEntry{e.Index, fmt.Errorf("box %d: %w", b.Box, e.Err)})
		}
	}
	a.Repeated = a.Logged - a.Invalid - merged.Ballots

	r := &replay{manifest: a.manifest, sum: newAggregate(a.manifest.Ciphertexts()), classes: map[uint64]uint64{}}
	if err := r.sumCounted(ctx, merged, maxBatch); err != nil {
		return err
	}
	a.replayed = r
	a.Counted, a.CountedWeight = r.counted, r.weight
	return a.enoughSealed()
}

// merge merges the logs, and keeps what it verified if there is a state.
func (a *auditor) merge(ctx context.Context) (merged *box.Merged, err error) {
	opts := &box.MergeOptions{Progress: a.options.Progress}
	if a.options.State != "" {
		state, err := openVerified(a.options.State, a.Election)
		if err != nil {
			return nil, err
		}
		defer func() {
			if a.unkept = state.close(); err == nil {
				err = a.unkept
			}
		}()
		opts.Verified, opts.Valid = state.has, state.add
	}
	return box.Merge(ctx, a.manifest, a.verifier, a.logs, opts)
}

// sumCounted sums the ballots that count, some at once.
func (r *replay) sumCounted(ctx context.Context, merged *box.Merged, atOnce int) error {
	var run [][]byte
	add := func() error {
		ballots, errs := make([]*ballot.Ballot, len(run)), make([]error, len(run))
		var wait sync.WaitGroup
		workers := min(runtime.GOMAXPROCS(0), len(run))
		for w := range workers {
			wait.Go(func() {
				for i := len(run) * w / workers; i < len(run)*(w+1)/workers; i++ {
					ballots[i], errs[i] = ballot.ParseBallot(r.manifest, run[i])
				}
			})
		}
		wait.Wait()
		if err := errors.Join(errs...); err != nil {
			return fmt.Errorf("%w: the logs changed while they were read: %w", ErrInvalid, err)
		}
		for _, b := range ballots {
			r.sum.add(b.Ciphertexts(), b.Weight())
			r.classes[b.Weight()]++
			r.counted++
			r.weight += b.Weight()
		}
		run = run[:0]
		return nil
	}
	for b, err := range merged.Counted(ctx) {
		if err != nil {
			return err
		}
		if run = append(run, b.Raw); len(run) < atOnce {
			continue
		}
		if err := add(); err != nil {
			return err
		}
	}
	return add()
}

// checkEntries is checkBallots of several boxes: an invalid entry puts its box at fault.
func (a *auditor) checkEntries() error {
	if a.replayed == nil {
		return fmt.Errorf("%w: no logs", errSkipped)
	}
	return a.merged.Complete()
}

// listing is a directory of a record and what may be in it.
type listing struct {
	dir   string
	known []string
}

// logListings are the directories that hold logs. The first of them is in the record's own.
func (a *auditor) logListings() []listing {
	log := []string{"checkpoint", "tile/"}
	if !a.several() {
		return []listing{{LogDir, log}}
	}
	out := []listing{{LogsDir, nil}}
	for i := range a.manifest.Logs() {
		out[0].known = append(out[0].known, strconv.Itoa(i+1)+"/")
		out = append(out, listing{BoxLogDir(a.manifest, i+1), log})
	}
	return out
}

// boxRow is a line of the report about a box.
func boxRow(b *box.BoxReport) string {
	s := fmt.Sprintf("%s: %s", b.Origin, b.State)
	if c := b.Checkpoint; c != nil {
		s += fmt.Sprintf(", %d entries, root %x", c.Size, c.Hash[:])
	}
	if b.Err != nil {
		return s + fmt.Sprintf(": %v", b.Err)
	}
	if b.State == box.BoxAbsent {
		return s
	}
	return s + fmt.Sprintf("; %d ballots, %d of them in no other log; lacks %d; %d invalid entries, %d against its rule", b.Ballots, b.Only, b.Lacks, b.Invalid, b.Refused)
}

// boxReport is a box in the report as JSON.
type boxReport struct {
	Ballots    uint64            `json:"ballots"`
	Box        int               `json:"box"`
	Checkpoint *checkpointReport `json:"checkpoint,omitempty"`
	Invalid    uint64            `json:"invalid"`
	Lacks      uint64            `json:"lacks"`
	Logged     uint64            `json:"logged"`
	Only       uint64            `json:"only"`
	Origin     string            `json:"origin"`
	Reason     string            `json:"reason,omitempty"`
	Refused    uint64            `json:"refused"`
	State      box.BoxState      `json:"state"`
}

func boxJSON(b *box.BoxReport) boxReport {
	out := boxReport{
		Ballots: b.Ballots, Box: b.Box, Invalid: b.Invalid, Lacks: b.Lacks, Logged: b.Logged, Only: b.Only, Refused: b.Refused,
		Origin: b.Origin, State: b.State,
	}
	if c := b.Checkpoint; c != nil {
		out.Checkpoint = &checkpointReport{c.Closed, wire.Hex32(c.Hash), c.Size}
	}
	if b.Err != nil {
		out.Reason = legible.Printable(b.Err.Error())
	}
	return out
}
