package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/examples/internal/poll"
)

// operator runs one of the boxes.
type operator struct {
	number int // of the box, from 1
	name   string

	// box is the log that is published; nil: nobody answers.
	box *box.Box

	// shown is what a liar has besides: a box with the same key, which takes every ballot and
	// gives the receipts, and is never published.
	shown   *box.Box
	dislike string // the district whose ballots the liar leaves out of the log that is published

	mail [][]byte // what came while nobody answered; a late operator reads it, one that is down never does

	mu sync.Mutex // guards mail, and keeps the ballots of shown and box in one order
}

func newOperators() []*operator {
	return []*operator{
		{number: 1, name: "town-hall"},
		{number: 2, name: "broadcaster", dislike: districts[0]},
		{number: 3, name: "university"},
		{number: 4, name: "library"},
		{number: 5, name: "court"},
	}
}

// The parts that some of them play.
func (s *scene) liar() *operator    { return s.operators[1] }
func (s *scene) late() *operator    { return s.operators[2] }
func (s *scene) unlucky() *operator { return s.operators[3] }

func (o *operator) String() string { return fmt.Sprintf("box %d (%s)", o.number, o.name) }

func (o *operator) open(h *poll.Hall) (err error) {
	if o.box, err = h.OpenBox(o.number, o.name); err != nil || o.dislike == "" {
		return err
	}
	o.shown, err = h.OpenBox(o.number, o.name+"-shown")
	return err
}

// errNoAnswer is what a voter's device finds after it has waited for a while.
var errNoAnswer = errors.New("no answer")

// cast is a ballot's arrival. The operator sees where it comes from, and not what is in it.
func (o *operator) cast(ctx context.Context, district string, raw []byte) (*box.Receipt, error) {
	switch {
	case o.box == nil:
		o.mu.Lock()
		defer o.mu.Unlock()
		o.mail = append(o.mail, raw)
		return nil, errNoAnswer
	case o.shown != nil:
		return o.lie(ctx, district, raw)
	}
	return o.box.Cast(ctx, raw)
}

// lie gives every ballot a receipt, signed with the key that the manifest names, and leaves
// those of one district out of the log that will be published.
func (o *operator) lie(ctx context.Context, district string, raw []byte) (*box.Receipt, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	receipt, err := o.shown.Cast(ctx, raw)
	if err != nil || district == o.dislike {
		return receipt, err
	}
	_, err = o.box.Cast(ctx, raw)
	return receipt, err
}

// readMail logs what came before the box opened, and returns how many ballots it is. Their
// voters did not wait: they have receipts of other boxes.
func (o *operator) readMail(ctx context.Context) (int, error) {
	for _, raw := range o.mail {
		if _, err := o.box.Cast(ctx, raw); err != nil {
			return 0, err
		}
	}
	return len(o.mail), nil
}

// publish puts the log into the record, as it is now.
func (o *operator) publish(h *poll.Hall) error {
	if o.box == nil {
		return nil
	}
	return h.Publish(o.number, o.box)
}

func (o *operator) goDown() error {
	b := o.box
	o.box = nil
	return b.Close()
}

// seal ends the log and publishes it. A liar has no use for the other log any more.
func (o *operator) seal(ctx context.Context, h *poll.Hall) error {
	if _, err := o.box.Seal(ctx); err != nil {
		return err
	}
	return o.publish(h)
}
