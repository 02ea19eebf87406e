package tally

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
	"runtime"
	"sync"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
)

// replay reads a log once from end to end: it verifies the entries in batches, several at a
// time, applies the re-vote rule to them in order, and sums what counts. A ballot that is
// replaced later is in the sum by then; such ballots are read a second time and taken out. In
// memory are the rule-book, some batches, and one bit for each entry.
//
// A replay that continues an earlier one reads and hashes what that one verified, and goes on if
// it is the same.
type replay struct {
	manifest *ballot.Manifest
	verifier *ballot.Verifier // nil: entries are only read
	log      *box.Log
	progress func(done, total uint64)
	state    *stateFile // nil: the replay cannot be continued
	most     int        // bytes of a batch, roughly

	rules      *ballot.Rulebook
	entries    [32]byte // SHA-256 of the entries that were replayed, each after u16(length)
	sum        *aggregate
	classes    map[uint64]uint64 // voters who voted, by weight
	logged     uint64
	superseded bitset
	counted    uint64
	weight     uint64
	invalid    uint64
	reasons    []InvalidEntry
	logErr     error // the log is not what its checkpoint says
	unkept     error // the state could not be written at the end
}

func newReplay(m *ballot.Manifest, v *ballot.Verifier, log *box.Log, progress func(done, total uint64)) *replay {
	return &replay{
		manifest: m, verifier: v, log: log, progress: progress,
		most:  maxBatchBytes,
		rules: ballot.NewRulebook(m), entries: sha256.Sum256(nil), sum: newAggregate(m.Ciphertexts()), classes: map[uint64]uint64{},
	}
}

// The limits of a batch, and of the batches that are verified at the same time: more gains little,
// and takes memory. A batch is verified by several processors itself.
const (
	maxBatch      = 1024
	maxBatchBytes = 4 << 20
	maxBatches    = 16
)

// batch is a run of entries that are verified together.
type batch struct {
	first   uint64
	entries [32]byte // replay.entries after the batch
	raw     [][]byte
	ballots []*ballot.Ballot // nil where errs is not
	errs    []error
	err     error         // of the verification as a whole
	done    chan struct{} // closed when verified
}

// run replays the log. Its error is one of the machine, the context or the state that an earlier
// replay left; what is wrong with the log is left in logErr and invalid.
func (r *replay) run(ctx context.Context) error {
	if r.state != nil {
		if err := r.state.restore(r); err != nil {
			return err
		}
	}
	done := r.logged
	err := r.verifyAll(ctx)
	if r.state != nil && r.logged > done && (err == nil || ctx.Err() != nil) {
		r.unkept = r.state.write(r)
	}
	if err := cmp.Or(err, r.unkept); err != nil {
		return err
	}
	return r.takeOut(ctx)
}

// verifyAll verifies and applies all entries from number r.logged on.
func (r *replay) verifyAll(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	workers := min(runtime.GOMAXPROCS(0), maxBatches)
	work := make(chan *batch)           // to whichever worker is free
	order := make(chan *batch, workers) // the same batches, in the log's order
	var changed error
	var wait sync.WaitGroup
	defer func() {
		cancel()
		wait.Wait()
		if changed != nil {
			err = changed
		}
	}()

	first, entries := r.logged, r.entries
	wait.Go(func() {
		defer close(work)
		defer close(order)
		r.logErr, changed = r.read(ctx, first, entries, func(b *batch) bool {
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
		if ctx.Err() != nil {
			return ctx.Err()
		}
		select {
		case <-b.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := r.apply(b); err != nil {
			return err
		}
		if r.progress != nil {
			r.progress(r.logged, r.log.Checkpoint().Size)
		}
		if r.state != nil {
			if err := r.state.keep(r); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// read cuts the log from number first on into batches, until emit returns false. It reads what
// is before, too, which must have the digest entries: if it does not, changed says so.
func (r *replay) read(ctx context.Context, first uint64, entries [32]byte, emit func(*batch) bool) (logErr, changed error) {
	h := sha256.New()
	b := &batch{first: first, done: make(chan struct{})}
	end := func() bool {
		h.Sum(b.entries[:0])
		return emit(b)
	}
	index, size := uint64(0), 0
	for raw, err := range r.log.Entries(ctx) {
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err(), nil
			}
			if index < first {
				return nil, r.state.errorf("%w: it is of %d entries, of which the record now gives %d: %w", ErrForeign, first, index, err)
			}
			end()
			return err, nil
		}
		var length [2]byte
		binary.BigEndian.PutUint16(length[:], uint16(len(raw)))
		h.Write(length[:])
		h.Write(raw)
		index++
		if index <= first {
			if index == first && [32]byte(h.Sum(nil)) != entries {
				return nil, r.state.errorf("%w: the first %d entries of the record are not those that it is of", ErrForeign, first)
			}
			continue
		}
		b.raw = append(b.raw, raw)
		size += len(raw)
		if len(b.raw) == maxBatch || size >= r.most {
			if !end() {
				return ctx.Err(), nil
			}
			b, size = &batch{first: index, done: make(chan struct{})}, 0
		}
	}
	end()
	return nil, nil
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

// apply applies the re-vote rule to the ballots of a batch, in order, and sums them. It takes none
// of a batch whose verification did not end.
func (r *replay) apply(b *batch) error {
	if b.err != nil {
		return b.err
	}
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
	r.entries = b.entries
	return nil
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

// append adds 64 indices, one for each bit that is set.
func (s *bitset) append(word uint64) {
	s.words = append(s.words, word)
	s.n += uint64(bits.OnesCount64(word))
}

func (s *bitset) has(i uint64) bool {
	return i/64 < uint64(len(s.words)) && s.words[i/64]>>(i%64)&1 == 1
}
