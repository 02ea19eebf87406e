package box

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/ballot"
)

// Cast takes a ballot. It returns a receipt after the ballot and a checkpoint that covers it
// are durable, or a *Refusal if the ballot is not acceptable. Any other error says nothing
// about the ballot: the context ended, a disk failed, the box was closed. Then the ballot may
// or may not be in the log, and to cast the same bytes again is safe and tells.
//
// Bytes that are in the log already get a receipt of the same index under the current
// checkpoint, at any time, also after the poll.
//
// A ballot is in time if it arrives from the opening time on and before the closing time: if Cast looks
// at the clock then, which it does first, however long the rest takes.
// Whether it takes its voter's turn is decided when it is logged, so that of two ballots with
// one nullifier and sequence number that are cast at once, one is accepted.
//
// Ballots that arrive while others are being checked or written are checked in one batch
// and made durable by one write.
func (x *Box) Cast(ctx context.Context, raw []byte) (*Receipt, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	x.gate.RLock()
	defer x.gate.RUnlock()
	arrived := x.now() // behind the gate: a seal waits for all that arrived in time

	leaf := tlog.RecordHash(raw)
	receipt, err := x.logged(leaf)
	if receipt != nil || err != nil {
		return receipt, err
	}
	if err := x.inTime(arrived); err != nil {
		return nil, x.refuse(raw, err)
	}
	b, err := ballot.ParseBallot(x.manifest, raw)
	if err != nil {
		return nil, x.refuse(raw, err)
	}
	if reason, err := x.check(b, leaf); err != nil {
		return nil, err
	} else if reason != nil {
		return nil, x.refuse(raw, reason)
	}

	r := newRequest(b)
	x.queue.add(r)
	for {
		select {
		case <-r.done:
			return r.receipt, r.err
		case <-ctx.Done():
			x.queue.remove(r)
			return nil, ctx.Err()
		case x.queue.lead <- struct{}{}:
		}
		if x.queue.has(r) {
			x.gather()
			x.process(context.WithoutCancel(ctx), x.queue.take())
			continue
		}
		// Somebody else has taken r, and answers it.
		<-x.queue.lead
		select {
		case <-r.done:
			return r.receipt, r.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// A request is a ballot that waits to be logged.
type request struct {
	ballot *ballot.Ballot
	raw    []byte
	leaf   tlog.Hash

	done    chan struct{} // closed when receipt or err is set
	receipt *Receipt
	err     error
}

func newRequest(b *ballot.Ballot) *request {
	raw := b.Bytes()
	return &request{ballot: b, raw: raw, leaf: tlog.RecordHash(raw), done: make(chan struct{})}
}

// A queue holds the ballots that wait. Whoever puts a value into lead takes a batch and
// serves it; there is no goroutine of the box's own.
type queue struct {
	lead chan struct{} // held while a batch is taken and verified
	turn chan struct{} // held while a batch is committed; taken before lead is given up

	mu      sync.Mutex
	waiting []*request
	wanted  int           // add fills enough when so many wait; 0: nobody asks
	enough  chan struct{} // of one
}

func newQueue() queue {
	return queue{lead: make(chan struct{}, 1), turn: make(chan struct{}, 1), enough: make(chan struct{}, 1)}
}

func (q *queue) add(r *request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, r)
	if len(q.waiting) == q.wanted {
		q.enough <- struct{}{}
		q.wanted = 0
	}
}

func (q *queue) remove(r *request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = slices.DeleteFunc(q.waiting, func(w *request) bool { return w == r })
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

// want asks for a signal when n ballots wait; 0: for none any more. It is false if there will
// be none, or if it was given before it was called off.
func (q *queue) want(n int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if n == 0 {
		still := q.wanted > 0
		q.wanted = 0
		return still
	}
	if len(q.waiting) >= n {
		return false
	}
	q.wanted = n
	return true
}

func (q *queue) has(r *request) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Contains(q.waiting, r)
}

func (q *queue) take() []*request {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(len(q.waiting), maxBatch)
	batch := slices.Clone(q.waiting[:n])
	q.waiting = slices.Delete(q.waiting, 0, n)
	return batch
}

const (
	// goodBatch is how many ballots are worth verifying while others are written.
	goodBatch = 64

	// patience bounds the wait for those who were just answered.
	patience = time.Millisecond
)

// gather lets a batch grow: two small ones take longer to verify than one of all. If few
// ballots wait while others are written, it waits until these are answered, and then for a
// moment, since those who got an answer often have the next ballot at hand.
func (x *Box) gather() {
	q := &x.queue
	if q.len() >= goodBatch {
		return
	}
	q.turn <- struct{}{}
	wanted, since := min(x.expected, goodBatch), x.answered
	<-q.turn
	if time.Since(since) > patience || !q.want(wanted) {
		return
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-q.enough:
	case <-timer.C:
		if !q.want(0) {
			<-q.enough // just now
		}
	}
}

// process verifies a batch, gives up the lead, so that the next batch is verified while this
// one is written, and commits it. Its caller holds the lead.
func (x *Box) process(ctx context.Context, batch []*request) {
	x.writeSnapshot(x.serve(ctx, batch))
}

// serve is process, but for writing the snapshot that is due.
func (x *Box) serve(ctx context.Context, batch []*request) (due []byte) {
	held, done := x.queue.lead, false
	defer func() {
		if !done { // a panic, which goes on to the caller
			x.abandon(batch)
		}
		<-held
	}()
	ballots := make([]*ballot.Ballot, len(batch))
	for i, r := range batch {
		ballots[i] = r.ballot
	}
	verdicts, err := x.verify(ctx, ballots)
	x.queue.turn <- struct{}{}
	<-x.queue.lead
	held = x.queue.turn
	x.commit(batch, verdicts, err)
	x.answered, x.expected = time.Now(), len(batch)+x.queue.len()
	due = x.dueSnapshot(max(x.policy.between, x.covered/4))
	done = true
	return due
}

// abandon answers those of a batch that have no answer, and all who come later, with an error:
// after a panic nobody knows what was done.
func (x *Box) abandon(batch []*request) {
	x.mu.Lock()
	defer x.mu.Unlock()
	err := x.fail("check or log a batch", errors.New("a panic"))
	for _, r := range batch {
		select {
		case <-r.done:
		default:
			r.receipt, r.err = nil, err
			close(r.done)
		}
	}
}

// commit logs the ballots of a batch that are acceptable, and answers all.
func (x *Box) commit(batch []*request, verdicts []error, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err == nil {
		err = x.usable()
	}
	var logged []*request
	if err == nil {
		logged, err = x.log(batch, verdicts)
	}
	for _, r := range batch {
		switch {
		case err != nil:
			r.err = err
		case r.err == nil:
			r.receipt, r.err = x.receipt(r.leaf)
		}
	}
	for _, r := range batch {
		close(r.done)
	}
	if err == nil && len(logged) > 0 {
		x.logger.Debug("box: logged", "ballots", len(logged), "size", x.head.Size)
	}
}

// log makes a batch durable, and sets the errors of those that are refused. An error of its
// own leaves the box failed.
func (x *Box) log(batch []*request, verdicts []error) (logged []*request, err error) {
	var ballots [][]byte
	for i, r := range batch {
		if _, known := x.finder.find(x.hashes, r.leaf); known {
			continue // the same bytes were cast twice at once
		}
		reason := verdicts[i]
		if reason == nil {
			reason = x.rules.Check(r.ballot)
		}
		if reason != nil {
			r.err = x.refuse(r.raw, reason)
			continue
		}
		if err := x.apply(r.ballot, r.leaf); err != nil {
			return nil, x.fail("add a ballot to the tree", err)
		}
		logged = append(logged, r)
		ballots = append(ballots, r.raw)
	}
	if len(logged) == 0 {
		return nil, nil
	}
	places, err := x.journal.append(ballots)
	if err != nil {
		return nil, x.fail("write to "+journalName, err)
	}
	x.places = append(x.places, places...)
	if err := x.advance(); err != nil {
		return nil, x.fail("store the checkpoint", err)
	}
	return logged, nil
}

// logged returns a receipt if the ballot with this leaf hash is in the log.
func (x *Box) logged(leaf tlog.Hash) (*Receipt, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if err := x.usable(); err != nil {
		return nil, err
	}
	if _, known := x.finder.find(x.hashes, leaf); !known {
		return nil, nil
	}
	return x.receipt(leaf)
}

// receipt wants x.mu, and a ballot that is in the log.
func (x *Box) receipt(leaf tlog.Hash) (*Receipt, error) {
	index, known := x.finder.find(x.hashes, leaf)
	if !known {
		return nil, errors.New("box: no receipt for a ballot that was not logged")
	}
	p, err := tlog.ProveRecord(int64(x.head.Size), int64(index), x.hashes)
	if err != nil {
		return nil, err
	}
	return &Receipt{Index: index, Proof: p, Checkpoint: x.head.clone()}, nil
}

// inTime checks the poll's time and seal.
func (x *Box) inTime(arrived time.Time) error {
	x.mu.RLock()
	closed := x.head.Closed
	x.mu.RUnlock()
	now, opens, closes := arrived.Unix(), x.manifest.Opens(), x.manifest.Closes()
	switch {
	case closed:
		return fmt.Errorf("%w: the log is closed", ballot.ErrClosed)
	case now < opens:
		return fmt.Errorf("%w: it opens at %s", ballot.ErrClosed, formatTime(opens))
	case now >= closes:
		return fmt.Errorf("%w: it closed at %s", ballot.ErrClosed, formatTime(closes))
	}
	return nil
}

// check asks the rule-book, before the proofs are verified at length. A ballot that
// becomes known in the meantime passes: log finds it again.
func (x *Box) check(b *ballot.Ballot, leaf tlog.Hash) (reason, err error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if err := x.usable(); err != nil {
		return nil, err
	}
	if _, known := x.finder.find(x.hashes, leaf); known {
		return nil, nil
	}
	return x.rules.Check(b), nil
}

// refuse signs a refusal; its result is a *Refusal unless signing fails.
func (x *Box) refuse(raw []byte, reason error) error {
	refusal, err := refuse(x.manifest, x.signer, sha256.Sum256(raw), reason)
	if err != nil {
		return err
	}
	x.logger.Debug("box: refused", "kind", refusal.kind)
	return refusal
}
