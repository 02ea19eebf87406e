package ballot

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// Scoring is the rule "give every option a score of 0 to Max", 1 <= Max <= MaxPoints. An option that
// a vote leaves out gets 0. The vote is [Score].
//
// Without Histogram the sum of the scores is counted. Bits: for each option those of a number 0 ..
// Max, with the coefficients of slack. No constraint. Counters: for each option that number, at most
// Max. With n options and p counters to a ciphertext, a question takes 512 + 128 ceil(n / p) + 32 n
// bitlen(Max) bytes.
//
// With Histogram it is counted how many gave each score. Bits: for each option a row of Max + 1, one
// for each score from 0. Constraints: each row adds up to 1. Counters: the bits. A question takes
// 512 + 128 ceil(n (Max + 1) / p) + 32 n (Max + 1) bytes.
type Scoring struct {
	Max       int  `json:"max"`
	Histogram bool `json:"histogram"`
}

// MarshalJSON writes the rule as in a manifest.
func (r Scoring) MarshalJSON() ([]byte, error) {
	type members Scoring
	return json.Marshal(struct {
		Type string `json:"type"`
		members
	}{typeScoring, members(r)})
}

func (r Scoring) check(options int) error {
	if r.Max < 1 || r.Max > MaxPoints {
		return fmt.Errorf("%w: scores of 0 to %d, the highest may be 1 to %d", ErrMalformed, r.Max, MaxPoints)
	}
	if r.Histogram {
		return checkRow(options, r.Max+1)
	}
	return nil
}

func (r Scoring) compile(c *compiler, options []Option) {
	if !r.Histogram {
		for _, o := range options {
			c.count(o.ID, "", c.slack(uint64(r.Max)), uint64(r.Max))
		}
		return
	}
	rows := c.matrix(len(options), r.Max+1)
	for i, o := range options {
		for score := range rows[i] {
			c.count(o.ID, strconv.Itoa(score), rows[i][score:score+1], 1)
		}
	}
	c.oneOfEach(rows, false)
}

func (r Scoring) fill(bits []uint8, options []Option, v Vote) error {
	if err := v.wanted(voteScore); err != nil {
		return err
	}
	scores, err := amounts(options, v, "score", r.Max)
	if err != nil {
		return err
	}
	if r.Histogram {
		fillRows(bits, scores, r.Max)
	} else {
		fillNumbers(bits, scores, r.Max)
	}
	return nil
}

func (r Scoring) read(bits []uint8, options []Option) Vote {
	if r.Histogram {
		return Score(readRows(bits, options, r.Max))
	}
	return Score(readNumbers(bits, options, r.Max))
}
