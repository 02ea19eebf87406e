package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/examples/internal/poll"
)

// districts are where the voters live: one after the other.
var districts = []string{"harbour", "hill", "old town"}

// voter is a voter's device.
type voter struct {
	number     int // from 0
	credential *ballot.Credential
	cast       []cast

	noted ballot.OptionID // for this demonstration alone: her last vote in the clear; "" is blank
}

// cast is a ballot that was cast, with what its voter keeps.
type cast struct {
	ballot   *ballot.Ballot
	receipts []*box.Receipt // of different boxes
	silent   int            // boxes that did not answer
}

// vote lets the voters from one number up to another vote, several at a time.
func (s *scene) vote(ctx context.Context, from, to int) error {
	var receipts, silent atomic.Int64
	err := poll.Parallel(ctx, "voting", to-from, func(ctx context.Context, i int) error {
		v := &voter{number: from + i}
		var err error
		if v.credential, err = s.hall.Credential(ctx, v.number); err != nil {
			return err
		}
		c, err := s.castVote(ctx, v, v.number+1)
		if err != nil {
			return err
		}
		receipts.Add(int64(len(c.receipts)))
		silent.Add(int64(c.silent))
		s.voters[v.number] = v
		return nil
	})
	if err != nil {
		return err
	}
	s.say("%d voters have %d receipts; %d times a box did not answer, and another one was asked", to-from, receipts.Load(), silent.Load())
	return nil
}

// voteAgain lets some voters change their minds. They begin at other boxes than before.
func (s *scene) voteAgain(ctx context.Context) error {
	n := (len(s.voters) + everyNth - 1) / everyNth
	err := poll.Parallel(ctx, "voting again", n, func(ctx context.Context, i int) error {
		v := s.voters[i*everyNth]
		_, err := s.castVote(ctx, v, v.number+4)
		return err
	})
	if err != nil {
		return err
	}
	s.say("%d voters voted again: some logs hold their first ballots alone, some their second ones", n)
	return nil
}

// castVote makes a ballot and sends it to the boxes, in turn from a certain one on, until enough
// of them have given a receipt.
func (s *scene) castVote(ctx context.Context, v *voter, first int) (cast, error) {
	v.noted = papers[rand.IntN(len(papers))]
	sealed, err := v.credential.Encrypt(voteFor(v.noted))
	if err != nil {
		return cast{}, err
	}
	c := cast{}
	// This device signed all of its voter's ballots. Another one would look up their numbers in the logs.
	if c.ballot, err = sealed.Sign(v.credential.Next()); err != nil {
		return cast{}, err
	}
	for k := range s.operators {
		if len(c.receipts) == copies {
			break
		}
		o := s.operators[(first+k)%len(s.operators)]
		receipt, err := o.cast(ctx, districts[v.number%len(districts)], c.ballot.Bytes())
		if errors.Is(err, errNoAnswer) {
			c.silent++
			continue
		}
		if err == nil {
			err = receipt.Verify(s.hall.Manifest, c.ballot)
		}
		if err == nil && receipt.Box() != o.number {
			err = fmt.Errorf("the receipt is of box %d", receipt.Box())
		}
		if err != nil {
			return cast{}, fmt.Errorf("%v: %w", o, err)
		}
		c.receipts = append(c.receipts, receipt)
	}
	if err := box.CheckReceipts(s.hall.Manifest, c.ballot, c.receipts...); err != nil {
		return cast{}, err
	}
	v.cast = append(v.cast, c)
	return c, nil
}
