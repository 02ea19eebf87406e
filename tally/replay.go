package tally

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
)

// replay reads a log once from end to end: it verifies the entries in batches, several at a
// time, applies the re-vote rule to them in order, and sums what counts. A ballot that is
// replaced later is in the sum by then; such ballots are read a second time and taken out. In
// memory are the rule-book, some batches, and one bit for each entry.
type replay struct {
	manifest *ballot.Manifest
	verifier *ballot.Verifier // nil: entries are only read
	log      *box.Log
	progress func(done, total uint64)
	most     int // bytes of a batch, roughly

	rules      *ballot.Rulebook
	sum        *aggregate
	classes    map[uint64]uint64 // voters who voted, by weight
	logged     uint64
	superseded bitset
	counted    uint64
	weight     uint64
	invalid    uint64
	reasons    []InvalidEntry
	logErr     error // the log is not what its checkpoint says
}

func newReplay(m *ballot.Manifest, v *ballot.Verifier, log *box.Log, progress func(done, total uint64)) *replay {
	return &replay{
		manifest: m, verifier: v, log: log, progress: progress,
		most:  maxBatchBytes,
		rules: ballot.NewRulebook(m), sum: newAggregate(m.Ciphertexts()), classes: map[uint64]uint64{},
	}
}

// The limits of a batch: more entries gain little in verification, and take memory.
const (
	maxBatch      = 1024
	maxBatchBytes = 4 << 20
)

// batch is a run of entries that are verified together.
type batch struct {
	first   uint64
	raw     [][]byte
	ballots []*ballot.Ballot // nil where errs is not
	errs    []error
	err     error         // of the verification as a whole
	done    chan struct{} // closed when verified
}

// run replays the log. Its error is one of the machine or the context; what is wrong with the
// log is left in logErr and invalid.
func (r *replay) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	workers := runtime.GOMAXPROCS(0)
	work := make(chan *batch)           // to whichever worker is free
	order := make(chan *batch, workers) // the same batches, in the log's order
	var wait sync.WaitGroup
	defer wait.Wait()
	defer cancel()

	wait.Go(func() {
		defer close(work)
		defer close(order)
		r.logErr = r.read(ctx, func(b *batch) bool {
			select {
			case order <- b:
			case <-ctx.Done():
				return false
			}
			select {
			case work <- b:
				return true
			case <-ctx.Done():
				return false
			}
		})
	})
	for range workers {
		wait.Go(func() {
			for b := range work {
				r.verify(ctx, b)
				close(b.done)
			}
		})
	}
	for b := range order {
		select {
		case <-b.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if b.err != nil {
			return b.err
		}
		r.apply(b)
		if r.progress != nil {
			r.progress(r.logged, r.log.Checkpoint().Size)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return r.takeOut(ctx)
}

// read cuts the log into batches until emit returns false.
func (r *replay) read(ctx context.Context, emit func(*batch) bool) error {
	b := &batch{done: make(chan struct{})}
	next, size := uint64(0), 0
	for raw, err := range r.log.Entries(ctx) {
		if err != nil {
			emit(b)
			return err
		}
		b.raw = append(b.raw, raw)
		next++
		size += len(raw)
		if len(b.raw) == maxBatch || size >= r.most {
			if !emit(b) {
				return ctx.Err()
			}
			b, size = &batch{first: next, done: make(chan struct{})}, 0
		}
	}
	emit(b)
	return nil
}

// verify parses the entries and verifies the ballots.
func (r *replay) verify(ctx context.Context, b *batch) {
	b.ballots = make([]*ballot.Ballot, len(b.raw))
	b.errs = make([]error, len(b.raw))
	var parsed []*ballot.Ballot
	var at []int
	for i, raw := range b.raw {
		if r.verifier == nil {
			continue
		}
		if b.ballots[i], b.errs[i] = ballot.ParseBallot(r.manifest, raw); b.errs[i] == nil {
			parsed, at = append(parsed, b.ballots[i]), append(at, i)
		}
	}
	b.raw = nil
	if len(parsed) == 0 {
		return
	}
	verdicts, err := r.verifier.VerifyBatch(ctx, parsed)
	if err != nil {
		b.err = err
		return
	}
	for k, i := range at {
		if verdicts[k] != nil {
			b.ballots[i], b.errs[i] = nil, verdicts[k]
		}
	}
}

// apply applies the re-vote rule to the ballots of a batch, in order, and sums them.
func (r *replay) apply(b *batch) {
	for i, v := range b.ballots {
		index := b.first + uint64(i)
		r.logged++
		if r.verifier == nil {
			continue
		}
		if b.errs[i] != nil {
			r.refuse(index, b.errs[i])
			continue
		}
		superseded, replaced, err := r.rules.Apply(v, index)
		if err != nil {
			r.refuse(index, err)
			continue
		}
		if replaced {
			r.superseded.set(superseded)
		} else {
			r.counted++
			r.weight += v.Weight()
			r.classes[v.Weight()]++
		}
		r.sum.add(v.Ciphertexts(), v.Weight())
	}
}

func (r *replay) refuse(index uint64, err error) {
	r.invalid++
	if len(r.reasons) < maxReasons {
		r.reasons = append(r.reasons, InvalidEntry{index, err})
	}
}

// takeOut reads the log again and removes superseded ballots from the sums. The root vouches
// that the entries are the same as the first time.
func (r *replay) takeOut(ctx context.Context) error {
	if r.superseded.n == 0 {
		return nil
	}
	index, removed := uint64(0), uint64(0)
	for raw, err := range r.log.Entries(ctx) {
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if r.logErr == nil {
				r.logErr = err
			}
			break
		}
		if r.superseded.has(index) {
			b, err := ballot.ParseBallot(r.manifest, raw)
			if err != nil {
				break
			}
			r.sum.remove(b.Ciphertexts(), b.Weight())
			removed++
		}
		index++
	}
	if removed != r.superseded.n && r.logErr == nil {
		r.logErr = fmt.Errorf("%w: the log changed while it was read", ErrInvalid)
	}
	return nil
}

// bitset is a set of indices, as long as the largest of them asks for.
type bitset struct {
	words []uint64
	n     uint64
}

func (s *bitset) set(i uint64) {
	for uint64(len(s.words)) <= i/64 {
		s.words = append(s.words, 0)
	}
	if !s.has(i) {
		s.words[i/64] |= 1 << (i % 64)
		s.n++
	}
}

func (s *bitset) has(i uint64) bool {
	return i/64 < uint64(len(s.words)) && s.words[i/64]>>(i%64)&1 == 1
}
