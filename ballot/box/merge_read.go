package box

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"sync"
	"syscall"

	"github.com/scrutin/scrutin/ballot"
)

// merger reads the logs of a merge, one after the other.
type merger struct {
	*Merged
	verifier *ballot.Verifier
	options  *MergeOptions
	most     int // entries that are verified together

	rules *ballot.Rulebook   // of an election with one box
	known *ballotSet         // with several: the valid ballots so far
	own   *ballot.Rulebook   // with several: of the box that is being read
	wrong map[[32]byte]error // what is wrong with bytes, by their digest

	done, total uint64 // entries
}

// Limits of a run of entries that are verified together. More gain little, and take memory.
const (
	maxMergeEntries = 1024
	maxMergeBytes   = 4 << 20
)

// maxWrong bounds how many invalid entries are remembered, so as not to verify them again.
const maxWrong = 1 << 16

func (g *merger) run(ctx context.Context) error {
	if len(g.Boxes) == 1 {
		g.rules = ballot.NewRulebook(g.manifest)
	} else {
		g.known = newBallotSet()
	}
	for i, l := range g.logs {
		if l != nil {
			g.total += g.Boxes[i].Checkpoint.Size
		}
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
		if broken != nil && !isBroken(broken) {
			return fmt.Errorf("box %d: %w", i+1, broken)
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

// isBroken tells a log that is not what its checkpoint says from one that could not be read here. What stands in the place of
// a file or directory and is none is wrong with the log.
func isBroken(err error) bool {
	for _, kind := range []error{ballot.ErrMalformed, ballot.ErrInvalid, fs.ErrNotExist, fs.ErrInvalid, syscall.ENOTDIR, syscall.ELOOP, errors.ErrUnsupported} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// read takes the entries of a log. broken says why it could not be read to its end; err is for a
// context that ended or a verifier that is not this election's.
func (g *merger) read(ctx context.Context, i int, l *Log) (broken, err error) {
	if g.rules == nil {
		g.own = ballot.NewRulebook(g.manifest)
	}
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
	parallel(len(entries), func(k int) { digests[k] = sha256.Sum256(entries[k]) })
	ballots, verdicts, first, err := g.verify(ctx, entries, digests)
	if err != nil {
		return err
	}
	box := &g.Boxes[i]
	for k, digest := range digests {
		b, err := ballots[first[k]], verdicts[first[k]]
		if err != nil {
			g.remember(digest, err)
		} else {
			err = g.record(i, box.Logged, digest, b)
		}
		if err != nil {
			box.Invalid++
			list(&box.InvalidEntries, box.Logged, err)
		} else if g.own != nil {
			if _, _, err := g.own.Apply(b, box.Logged); err != nil {
				box.Refused++
				list(&box.RefusedEntries, box.Logged, err)
			}
		}
		box.Logged++
	}
	g.done += uint64(len(entries))
	if g.options.Progress != nil {
		g.options.Progress(g.done, g.total)
	}
	return nil
}

// verify returns, for each of some entries, the first one of the same bytes; and of these the ballot
// and what is wrong with it. Bytes that were verified before are not verified again.
func (g *merger) verify(ctx context.Context, entries [][]byte, digests [][32]byte) (ballots []*ballot.Ballot, verdicts []error, first []int, err error) {
	ballots, verdicts, first = make([]*ballot.Ballot, len(entries)), make([]error, len(entries)), make([]int, len(entries))
	seen := make(map[[32]byte]int, len(entries))
	for k, digest := range digests {
		if _, again := seen[digest]; !again {
			seen[digest] = k
		}
		first[k] = seen[digest]
	}
	parallel(len(entries), func(k int) {
		if first[k] != k {
			return
		}
		if verdicts[k] = g.wrong[digests[k]]; verdicts[k] == nil {
			ballots[k], verdicts[k] = ballot.ParseBallot(g.manifest, entries[k])
		}
	})
	var fresh []*ballot.Ballot
	var at []int
	for k, b := range ballots {
		if b != nil && g.known.find(digests[k]) == nil && (g.options.Verified == nil || !g.options.Verified(digests[k])) {
			fresh, at = append(fresh, b), append(at, k)
		}
	}
	if len(fresh) == 0 {
		return ballots, verdicts, first, nil
	}
	results, err := g.verifier.VerifyBatch(ctx, fresh)
	if err != nil {
		return nil, nil, nil, err
	}
	var valid [][32]byte
	for n, k := range at {
		if errors.Is(results[n], ballot.ErrUnknownElection) {
			// ParseBallot has read it as one of this election.
			return nil, nil, nil, fmt.Errorf("the verifier is of another election: %w", results[n])
		}
		verdicts[k] = results[n]
		if results[n] == nil {
			valid = append(valid, digests[k])
		}
	}
	if g.options.Valid != nil && len(valid) > 0 {
		err = g.options.Valid(valid)
	}
	return ballots, verdicts, first, err
}

func (g *merger) remember(digest [32]byte, wrong error) {
	if g.wrong == nil {
		g.wrong = map[[32]byte]error{}
	}
	if len(g.wrong) < maxWrong {
		g.wrong[digest] = wrong
	}
}

// list adds an entry, if there is room.
func list(entries *[]InvalidEntry, index uint64, err error) {
	if len(*entries) < maxListed {
		*entries = append(*entries, InvalidEntry{index, err})
	}
}

// record adds a valid ballot at an index of the log of box i.
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
