package ballot

import (
	"encoding/json"
	"fmt"
)

// Cumulative is the rule "distribute points over the options": at most Points, 1 <= Points <=
// MaxPoints, or, if Whole is set, exactly Points. All may go to one option. The vote is [Give].
//
// Bits: for each option those of a number 0 .. Points, with the coefficients of slack; then, unless
// Whole, slack for 0 .. Points. Constraint:
//
//	sum of the numbers + slack = Points
//
// Counters: for each option its number, at most Points. With n options, l = bitlen(Points), and p
// counters to a ciphertext, a question takes 512 + 128 ceil(n / p) + 32 (n l + l) bytes, without the
// last l if Whole.
type Cumulative struct {
	Points int  `json:"points"`
	Whole  bool `json:"whole"`
}

// MarshalJSON writes the rule as in a manifest.
func (r Cumulative) MarshalJSON() ([]byte, error) {
	type members Cumulative
	return json.Marshal(struct {
		Type string `json:"type"`
		members
	}{typeCumulative, members(r)})
}

func (r Cumulative) check(int) error {
	if r.Points < 1 || r.Points > MaxPoints {
		return fmt.Errorf("%w: %d points, 1 to %d allowed", ErrMalformed, r.Points, MaxPoints)
	}
	return nil
}

func (r Cumulative) compile(c *compiler, options []Option) {
	var given linear
	for _, o := range options {
		points := c.slack(uint64(r.Points))
		c.count(o.ID, "", points, uint64(r.Points))
		given = append(given, points...)
	}
	if !r.Whole {
		given = append(given, c.slack(uint64(r.Points))...)
	}
	c.require(given, int64(r.Points))
}

func (r Cumulative) fill(bits []uint8, options []Option, v Vote) error {
	if err := v.wanted(voteGive); err != nil {
		return err
	}
	points, err := amounts(options, v, "number", MaxPoints)
	if err != nil {
		return err
	}
	left := r.Points
	for _, p := range points {
		left -= p
	}
	switch {
	case left < 0:
		return fmt.Errorf("%w: %s over the budget of %d", ErrVote, number(-left, "point"), r.Points)
	case r.Whole && left > 0:
		return fmt.Errorf("%w: %s left of %d, all must be given", ErrVote, number(left, "point"), r.Points)
	}
	fillSlack(fillNumbers(bits, points, r.Points), uint64(r.Points), uint64(left)) // no bits if Whole
	return nil
}

func (r Cumulative) read(bits []uint8, options []Option) Vote {
	return Give(readNumbers(bits, options, r.Points))
}
