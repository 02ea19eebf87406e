package box

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"

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
// A ballot is in time if it arrives from the opening time on and before the closing time.
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

	r := &request{digest: sha256.Sum256(raw), done: make(chan struct{})}
	receipt, err := x.logged(r.digest)
	if receipt != nil || err != nil {
		return receipt, err
	}
	if err := x.inTime(); err != nil {
		return nil, x.refuse(r.digest, err)
	}
	if r.ballot, err = ballot.ParseBallot(x.manifest, raw); err != nil {
		return nil, x.refuse(r.digest, err)
	}
	if reason, err := x.check(r.ballot); err != nil {
		return nil, err
	} else if reason != nil {
		return nil, x.refuse(r.digest, reason)
	}
	r.raw = r.ballot.Bytes()
	r.leaf = tlog.RecordHash(r.raw)

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
		batch := x.queue.take()
		if len(batch) == 0 {
			// Somebody else has taken r, and answers it.
			<-x.queue.lead
			select {
			case <-r.done:
				return r.receipt, r.err
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		x.process(context.WithoutCancel(ctx), batch)
	}
}

// A request is a ballot that waits to be logged.
type request struct {
	ballot *ballot.Ballot
	raw    []byte
	digest [32]byte
	leaf   tlog.Hash

	done    chan struct{} // closed when receipt or err is set
	receipt *Receipt
	err     error
}

// A queue holds the ballots that wait. Whoever puts a value into lead takes a batch and
// serves it; there is no goroutine of the box's own.
type queue struct {
	lead    chan struct{}
	mu      sync.Mutex
	waiting []*request
}

func (q *queue) add(r *request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, r)
}

func (q *queue) remove(r *request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = slices.DeleteFunc(q.waiting, func(w *request) bool { return w == r })
}

func (q *queue) take() []*request {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(len(q.waiting), maxBatch)
	batch := slices.Clone(q.waiting[:n])
	q.waiting = slices.Delete(q.waiting, 0, n)
	return batch
}

// process verifies a batch, gives up the lead, so that the next batch is verified while this
// one is written, and commits it.
func (x *Box) process(ctx context.Context, batch []*request) {
	verdicts, err := x.verify(ctx, batch)
	x.commit(batch, verdicts, err)
}

// verify checks the proofs of a batch and gives up the lead.
func (x *Box) verify(ctx context.Context, batch []*request) ([]error, error) {
	defer func() { <-x.queue.lead }()
	ballots := make([]*ballot.Ballot, len(batch))
	for i, r := range batch {
		ballots[i] = r.ballot
	}
	return x.verifier.VerifyBatch(ctx, ballots)
}

// commit logs the ballots of a batch that are acceptable, and answers all.
func (x *Box) commit(batch []*request, verdicts []error, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	defer func() {
		for _, r := range batch {
			close(r.done)
		}
	}()
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
			r.receipt, r.err = x.receipt(r.digest)
		}
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
		if _, known := x.indexes[r.digest]; known {
			continue // the same bytes were cast twice at once
		}
		reason := verdicts[i]
		if errors.Is(reason, ballot.ErrUnknownElection) {
			// ParseBallot has read it as one of this election, so the voter is not to blame.
			r.err = fmt.Errorf("box: Config.Verifier is of another election: %w", reason)
			continue
		}
		if reason == nil {
			reason = x.rules.Check(r.ballot)
		}
		if reason != nil {
			r.err = x.refuse(r.digest, reason)
			continue
		}
		if err := x.apply(r.ballot, r.leaf, r.digest); err != nil {
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

// logged returns a receipt if the bytes with this digest are in the log.
func (x *Box) logged(digest [32]byte) (*Receipt, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if err := x.usable(); err != nil {
		return nil, err
	}
	if _, known := x.indexes[digest]; !known {
		return nil, nil
	}
	return x.receipt(digest)
}

// receipt wants x.mu, and a digest that is in the log.
func (x *Box) receipt(digest [32]byte) (*Receipt, error) {
	index := x.indexes[digest]
	p, err := tlog.ProveRecord(int64(x.head.Size), int64(index), x.hashes)
	if err != nil {
		return nil, err
	}
	return &Receipt{Index: index, Proof: p, Checkpoint: x.head.clone()}, nil
}

// inTime checks the poll's time and seal.
func (x *Box) inTime() error {
	x.mu.RLock()
	closed := x.head.Closed
	x.mu.RUnlock()
	now, opens, closes := x.now().Unix(), x.manifest.Opens(), x.manifest.Closes()
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
func (x *Box) check(b *ballot.Ballot) (reason, err error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if err := x.usable(); err != nil {
		return nil, err
	}
	if _, known := x.indexes[b.Digest()]; known {
		return nil, nil
	}
	return x.rules.Check(b), nil
}

// refuse signs a refusal; its result is a *Refusal unless signing fails.
func (x *Box) refuse(digest [32]byte, reason error) error {
	refusal, err := refuse(x.manifest, x.signer, digest, reason)
	if err != nil {
		return err
	}
	x.logger.Debug("box: refused", "kind", refusal.kind)
	return refusal
}
