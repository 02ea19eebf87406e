package ballot

import (
	"encoding/json"
	"fmt"
)

// Choice is the rule "mark Min to Max of the options", 0 <= Min <= Max, 1 <= Max <= number of
// options. With Blank there is also a blank vote, with None the vote "none of these"; each excludes
// every mark, and is counted. The vote is [Choose], [Blank] or [None].
//
// Bits: one for each option, one for blank, one for none, and slack for 0 .. Max - Min. Constraint:
//
//	sum of the options + Max * blank + Max * none + slack = Max
//
// Counters: the bits but for slack. With k of them and p counters to a ciphertext, a question takes
// 512 + 128 ceil(k / p) + 32 (k + bitlen(Max - Min)) bytes.
type Choice struct {
	Min   int  `json:"min"`
	Max   int  `json:"max"`
	Blank bool `json:"blank"`
	None  bool `json:"none,omitempty"`
}

// MarshalJSON writes the rule as in a manifest.
func (r Choice) MarshalJSON() ([]byte, error) {
	type members Choice
	return json.Marshal(struct {
		Type string `json:"type"`
		members
	}{typeChoice, members(r)})
}

func (r Choice) check(options int) error {
	if r.Min < 0 || r.Max < 1 || r.Min > r.Max || r.Max > options {
		return fmt.Errorf("%w: choose %d to %d of %d options", ErrMalformed, r.Min, r.Max, options)
	}
	return nil
}

func (r Choice) compile(c *compiler, options []Option) {
	var left linear
	for _, o := range options {
		b := c.bit(1)
		left = append(left, b)
		c.count(o.ID, "", linear{b}, 1)
	}
	for _, label := range r.labels() {
		b := c.bit(int64(r.Max))
		left = append(left, b)
		c.count("", label, linear{newTerm(b.bit, 1)}, 1)
	}
	left = append(left, c.slack(uint64(r.Max-r.Min))...)
	c.require(left, int64(r.Max))
}

// labels lists the votes besides those for options.
func (r Choice) labels() []string {
	var out []string
	if r.Blank {
		out = append(out, BlankLabel)
	}
	if r.None {
		out = append(out, NoneLabel)
	}
	return out
}

func (r Choice) fill(bits []uint8, options []Option, v Vote) error {
	n := len(options)
	slack := bits[n+len(r.labels()):]
	switch {
	case v.kind == voteBlank && r.Blank:
		bits[n] = 1
		return nil
	case v.kind == voteNone && r.None:
		bits[n+len(r.labels())-1] = 1
		return nil
	}
	if err := v.wanted(voteChoose); err != nil {
		return err
	}
	if err := mark(bits, options, v.options); err != nil {
		return err
	}
	if err := checkNumber(len(v.options), r.Min, r.Max, "chosen"); err != nil {
		return err
	}
	fillSlack(slack, uint64(r.Max-r.Min), uint64(r.Max-len(v.options)))
	return nil
}

func (r Choice) read(bits []uint8, options []Option) Vote {
	for i, label := range r.labels() {
		switch {
		case bits[len(options)+i] == 0:
		case label == BlankLabel:
			return Blank()
		default:
			return None()
		}
	}
	return Choose(marked(bits, options)...)
}
