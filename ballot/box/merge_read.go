package box

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/scrutin/scrutin/ballot"
)

// merger reads the logs of a merge, one after the other.
type merger struct {
	*Merged
	verifier *ballot.Verifier
	progress func(done, total uint64)
	most     int // entries that are verified together

	rules *ballot.Rulebook // of an election with one box
	known *ballotSet       // with several: the valid ballots so far
	done  uint64           // entries
}

// Limits of a run of entries that are verified together. More gain little, and take memory.
const (
	maxMergeEntries = 1024
	maxMergeBytes   = 4 << 20
)

func (g *merger) run(ctx context.Context) error {
	if len(g.Boxes) == 1 {
		g.rules = ballot.NewRulebook(g.manifest)
	} else {
		g.known = newBallotSet()
	}
	for i, l := range g.logs {
		if l == nil {
			continue
		}
		before := 0
		if g.known != nil {
			before = len(g.known.held)
		}
		broken, err := g.read(ctx, i, l)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if broken != nil {
			g.drop(i, before, broken)
		}
	}
	if g.rules == nil {
		ballots := g.known.held
		g.known = nil
		return g.resolve(ballots)
	}
	g.Voters = uint64(g.rules.Voters())
	g.Superseded = g.Ballots - g.Voters
	g.Boxes[0].Ballots, g.Boxes[0].Only = g.Ballots, g.Ballots
	for _, index := range g.rules.Counted() {
		g.counted[0].set(index)
	}
	return nil
}

// read takes the entries of a log. broken says that the log is not what its checkpoint says; err
// is for a context that ended or a verifier that is not this election's.
func (g *merger) read(ctx context.Context, i int, l *Log) (broken, err error) {
	ctx, cancel := context.WithCancel(ctx)
	runs := make(chan [][]byte, 1) // one is read while another is verified
	var found error                // what is wrong with the log
	var wait sync.WaitGroup
	defer wait.Wait()
	defer cancel()
	wait.Go(func() {
		defer close(runs)
		found = l.runs(ctx, g.most, func(entries [][]byte) bool {
			select {
			case runs <- entries:
				return true
			case <-ctx.Done():
				return false
			}
		})
	})
	for entries := range runs {
		if err := g.take(ctx, i, entries); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// runs cuts the log into runs of so many entries at most, until emit returns false. The last
// run before an error is not emitted.
func (l *Log) runs(ctx context.Context, most int, emit func([][]byte) bool) error {
	var run [][]byte
	size := 0
	for raw, err := range l.Entries(ctx) {
		if err != nil {
			return err
		}
		run = append(run, raw)
		size += len(raw)
		if len(run) == most || size >= maxMergeBytes {
			if !emit(run) {
				return ctx.Err()
			}
			run, size = nil, 0
		}
	}
	if len(run) > 0 {
		emit(run)
	}
	return nil
}

// take verifies what is new in a run of entries of box i, and records the valid ballots.
func (g *merger) take(ctx context.Context, i int, entries [][]byte) error {
	digests := make([][32]byte, len(entries))
	ballots := make([]*ballot.Ballot, len(entries)) // nil: known or no ballot
	verdicts := make([]error, len(entries))
	parallel(len(entries), func(k int) {
		digests[k] = sha256.Sum256(entries[k])
		if g.known.find(digests[k]) == nil {
			ballots[k], verdicts[k] = ballot.ParseBallot(g.manifest, entries[k])
		}
	})
	var parsed []*ballot.Ballot
	var at []int
	for k, b := range ballots {
		if b != nil {
			parsed, at = append(parsed, b), append(at, k)
		}
	}
	if len(parsed) > 0 {
		results, err := g.verifier.VerifyBatch(ctx, parsed)
		if err != nil {
			return err
		}
		for n, k := range at {
			if errors.Is(results[n], ballot.ErrUnknownElection) {
				// ParseBallot has read it as one of this election.
				return fmt.Errorf("the verifier is of another election: %w", results[n])
			}
			verdicts[k] = results[n]
		}
	}

	box := &g.Boxes[i]
	for k := range entries {
		err := verdicts[k]
		if err == nil {
			err = g.record(i, box.Logged, digests[k], ballots[k])
		}
		if err != nil {
			box.Invalid++
			if len(box.InvalidEntries) < maxListed {
				box.InvalidEntries = append(box.InvalidEntries, InvalidEntry{box.Logged, err})
			}
		}
		box.Logged++
	}
	g.done += uint64(len(entries))
	if g.progress != nil {
		total := uint64(0)
		for _, b := range g.Boxes {
			if b.Checkpoint != nil {
				total += b.Checkpoint.Size
			}
		}
		g.progress(g.done, total)
	}
	return nil
}

// record adds a valid ballot at an index of the log of box i; b is nil if its digest is known.
func (g *merger) record(i int, index uint64, digest [32]byte, b *ballot.Ballot) error {
	if g.rules != nil {
		_, _, err := g.rules.Apply(b, index)
		if err == nil {
			g.Ballots++
		}
		return err
	}
	bit := uint16(1) << i
	if h := g.known.find(digest); h != nil {
		if h.in&bit != 0 {
			return fmt.Errorf("%w: the same ballot stands earlier in this log", ballot.ErrDuplicate)
		}
		h.in |= bit
		return nil
	}
	if limit := g.manifest.Revote().Limit; b.Sequence() > limit {
		return fmt.Errorf("%w: sequence number %d, at most %d allowed", ballot.ErrSequence, b.Sequence(), limit)
	}
	pin := b.Pin()
	g.known.add(held{b.Nullifier(), digest, [16]byte(pin[:]), index, b.Sequence(), bit, uint8(i)})
	return nil
}

// drop undoes what was recorded from the log of box i, before which so many ballots were held.
func (g *merger) drop(i, before int, reason error) {
	box := &g.Boxes[i]
	*box = BoxReport{Box: box.Box, Origin: box.Origin, State: BoxBroken, Err: reason, Checkpoint: box.Checkpoint}
	g.logs[i] = nil
	if g.rules != nil {
		g.rules, g.Ballots = ballot.NewRulebook(g.manifest), 0
		return
	}
	g.known.cut(before)
	for k := range g.known.held {
		g.known.held[k].in &^= 1 << i
	}
}

// parallel calls do for 0 to n-1, several at a time.
func parallel(n int, do func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for i := n * w / workers; i < n*(w+1)/workers; i++ {
				do(i)
			}
		})
	}
	wait.Wait()
}
