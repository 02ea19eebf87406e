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

// OpenBox opens a box of the manifest, from 1, in a private directory of this name. Hold closes
// it, if nobody else does.
func (h *Hall) OpenBox(number int, name string) (*box.Box, error) {
	verifier, err := ballot.NewVerifier(h.Manifest, ballot.AcceptKey(h.provingKey.VerifyingKey()))
	if err != nil {
		return nil, err
	}
	b, err := box.Open(filepath.Join(h.dir, "private", name), h.Manifest, box.Config{
		Verifier:   verifier,
		Key:        h.logKeys[number-1],
		Signatures: h.signatures,
		Now:        h.clock.Now,
	})
	if err != nil {
		return nil, err
	}
	h.boxes = append(h.boxes, b)
	return b, nil
}

// Publish puts the log of a box of the manifest, from 1, into the record.
func (h *Hall) Publish(number int, b *box.Box) error {
	h.entries[number] = b.Checkpoint().Size
	return b.Export(h.record.Path(tally.BoxLogDir(h.Manifest, number)))
}

// PutForward puts the clock of all boxes forward to the closing hour.
func (h *Hall) PutForward() { h.clock.PutForward() }

// Credential makes the credential of a voter, from 0 to Voters - 1.
func (h *Hall) Credential(ctx context.Context, voter int) (*ballot.Credential, error) {
	path, err := h.tree.Path(uint64(voter))
	if err != nil {
		return nil, err
	}
	return ballot.NewCredential(ctx, h.Manifest, h.identities[voter], path, h.provingKey)
}

// vote lets all voters vote, as many at a time as there are processors. Nothing of a voter
// is kept, so that memory does not grow with their number.
func (h *Hall) vote(ctx context.Context) error {
	if err := Parallel(ctx, "voting", h.Voters, h.voteOne); err != nil {
		return err
	}
	h.say("%d ballots of %d bytes were cast", h.Voters, h.Manifest.BallotBytes())
	return nil
}

// voteOne is what a voter's device does. A real voter makes her credential when she has a
// minute, and then votes in milliseconds.
func (h *Hall) voteOne(ctx context.Context, voter int) error {
	credential, err := h.Credential(ctx, voter)
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
	receipt, err := h.boxes[0].Cast(ctx, b.Bytes())
	if err != nil {
		return err
	}
	return receipt.Verify(h.Manifest, b)
}

// Parallel calls do for each number below n, on all processors, and stops at the first error. It
// shows progress under a name.
func Parallel(ctx context.Context, name string, n int, do func(ctx context.Context, i int) error) error {
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
func (h *Hall) close(ctx context.Context) error {
	h.clock.PutForward()
	b := h.boxes[0]
	if _, err := b.Seal(ctx); err != nil {
		return err
	}
	if err := h.Publish(1, b); err != nil {
		return err
	}
	return b.Close()
}
