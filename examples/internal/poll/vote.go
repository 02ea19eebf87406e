package poll

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/examples/internal/stage"
	"github.com/scrutin/scrutin/tally"
)

func (h *hall) openBox(logKey string) error {
	verifier, err := ballot.NewVerifier(h.Manifest, ballot.AcceptKey(h.provingKey.VerifyingKey()))
	if err != nil {
		return err
	}
	h.clock = stage.NewClock(h.Manifest.Closes())
	h.box, err = box.Open(filepath.Join(h.dir, "private", "box"), h.Manifest, box.Config{
		Verifier:   verifier,
		Key:        logKey,
		Signatures: h.signatures,
		Now:        h.clock.Now,
	})
	return err
}

// vote lets all voters vote, as many at a time as there are processors. Nothing of a voter
// is kept, so that memory does not grow with their number.
func (h *hall) vote(ctx context.Context) error {
	if err := parallel(ctx, "voting", h.Voters, h.voteOne); err != nil {
		return err
	}
	h.say("%d ballots of %d bytes were cast", h.Voters, h.Manifest.BallotBytes())
	return nil
}

// voteOne is what a voter's device does. A real voter makes her credential when she has a
// minute, and then votes in milliseconds.
func (h *hall) voteOne(ctx context.Context, voter int) error {
	path, err := h.tree.Path(uint64(voter))
	if err != nil {
		return err
	}
	credential, err := ballot.NewCredential(ctx, h.Manifest, h.identities[voter], path, h.provingKey)
	if err != nil {
		return err
	}
	sealed, err := credential.Encrypt(h.Vote(voter))
	if err != nil {
		return err
	}
	b, err := sealed.Sign(0)
	if err != nil {
		return err
	}
	receipt, err := h.box.Cast(ctx, b.Bytes())
	if err != nil {
		return err
	}
	return receipt.Verify(h.Manifest, b)
}

// parallel calls do for each number below n, on all processors, and stops at the first error.
func parallel(ctx context.Context, name string, n int, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	progress := stage.NewProgress(name, n)
	var next atomic.Int64
	var wait sync.WaitGroup
	var mutex sync.Mutex
	done := 0
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := do(ctx, i); err != nil {
					cancel(fmt.Errorf("%s %d: %w", name, i+1, err))
					return
				}
				mutex.Lock()
				done++
				progress.Set(done)
				mutex.Unlock()
			}
		})
	}
	wait.Wait()
	progress.Finish()
	return context.Cause(ctx)
}

// close ends the poll and publishes the log.
func (h *hall) close(ctx context.Context) error {
	h.clock.PutForward()
	if _, err := h.box.Seal(ctx); err != nil {
		return err
	}
	if err := h.box.Export(h.record.Path(tally.LogDir)); err != nil {
		return err
	}
	b := h.box
	h.box = nil
	return b.Close()
}
