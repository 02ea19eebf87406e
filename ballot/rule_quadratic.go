package ballot

import (
	"encoding/json"
	"fmt"
)

// Quadratic is the rule "buy votes for the options": v votes for one option cost v^2 of the voter's
// Credits, 1 <= Credits <= MaxPoints; credits may be left. The vote is [Give].
//
// Bits: for each option a row, one bit for each number of votes 0 .. m, m the integer square root of
// Credits; then slack for 0 .. Credits. Constraints: each row adds up to 1, so that two numbers of
// one row cannot be added; and
//
//	sum over the rows of v^2 * bit number v + slack = Credits
//
// Counters: for each option the sum of v * bit number v, at most m. With n options and p counters to
// a ciphertext, a question takes 512 + 128 ceil(n / p) + 32 (n (m + 1) + bitlen(Credits)) bytes. (S.
// Lalley and E. G. Weyl, "Quadratic voting", 2018.)
type Quadratic struct {
	Credits int `json:"credits"`
}

// MarshalJSON writes the rule as in a manifest.
func (r Quadratic) MarshalJSON() ([]byte, error) {
	type members Quadratic
	return json.Marshal(struct {
		Type string `json:"type"`
		members
	}{typeQuadratic, members(r)})
}

func (r Quadratic) check(options int) error {
	if r.Credits < 1 || r.Credits > MaxPoints {
		return fmt.Errorf("%w: %d credits, 1 to %d allowed", ErrMalformed, r.Credits, MaxPoints)
	}
	return checkRow(options, r.most()+1)
}

// most returns the number of votes that one option can get, the largest m with m^2 <= Credits.
func (r Quadratic) most() int {
	m := 0
	for (m+1)*(m+1) <= r.Credits {
		m++
	}
	return m
}

func (r Quadratic) compile(c *compiler, options []Option) {
	rows := c.matrix(len(options), r.most()+1)
	var cost linear
	for i, o := range options {
		var votes linear
		for v := int64(1); v < int64(len(rows[i])); v++ {
			votes = append(votes, newTerm(rows[i][v].bit, v))
			cost = append(cost, newTerm(rows[i][v].bit, v*v))
		}
		c.count(o.ID, "", votes, uint64(r.most()))
	}
	c.oneOfEach(rows, false)
	c.require(append(cost, c.slack(uint64(r.Credits))...), int64(r.Credits))
}

func (r Quadratic) fill(bits []uint8, options []Option, v Vote) error {
	if err := v.wanted(voteGive); err != nil {
		return err
	}
	votes, err := amounts(options, v, "number", MaxPoints)
	if err != nil {
		return err
	}
	left := int64(r.Credits)
	for _, v := range votes {
		left -= int64(v) * int64(v) // at most 256 times 2^40
	}
	if left < 0 {
		return fmt.Errorf("%w: %s over the budget of %d", ErrVote, number(-left, "credit"), r.Credits)
	}
	fillSlack(fillRows(bits, votes, r.most()), uint64(r.Credits), uint64(left))
	return nil
}

func (r Quadratic) read(bits []uint8, options []Option) Vote {
	return Give(readRows(bits, options, r.most()))
}
