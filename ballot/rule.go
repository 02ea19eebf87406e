package ballot

import (
	"encoding/json"
	"fmt"
)

// RuleType names a voting method.
type RuleType string

const (
	// RuleChoose: mark Min to Max options, or, if Blank is set, the exclusive blank vote.
	RuleChoose RuleType = "choose"

	// RuleApproval: mark any number of options, also none. For approval with a blank vote
	// that is counted, use RuleChoose with Min 0 and Max the number of options.
	RuleApproval RuleType = "approval"
)

// Rule says which votes a question allows and what is counted.
type Rule struct {
	Type     RuleType
	Min, Max int  // RuleChoose: 0 <= Min <= Max, 1 <= Max <= number of options
	Blank    bool // RuleChoose: an exclusive blank vote is allowed, and counted
}

// method is a voting method: everything that depends on the kind of a rule.
type method interface {
	// check refuses parameters that make no sense with this number of options.
	check(options int) error

	// compile adds the question's bits, constraints and counters.
	compile(c *compiler, options []Option)

	// fill sets bits, all 0 and as many as compile made, to the vote. Which options are marked
	// changes no branch and no address, except in the error that refuses a vote; how many of
	// them, and a blank vote, do.
	fill(bits []uint8, options []Option, v Vote) error

	// read returns the vote of bits that satisfy the constraints.
	read(bits []uint8, options []Option) Vote
}

func (r Rule) method() (method, error) {
	switch r.Type {
	case RuleChoose:
		return choose{r.Min, r.Max, r.Blank}, nil
	case RuleApproval:
		if r != (Rule{Type: RuleApproval}) {
			return nil, fmt.Errorf("%w: approval with a Min, Max or Blank: RuleChoose has them", ErrMalformed)
		}
		return approval{}, nil
	}
	return nil, fmt.Errorf("%w: unknown rule %.64q", ErrMalformed, r.Type)
}

// compile returns the layout of a question under this rule.
func (r Rule) compile(options []Option, total uint64) (*layout, error) {
	m, err := r.method()
	if err != nil {
		return nil, err
	}
	if err := m.check(len(options)); err != nil {
		return nil, err
	}
	var c compiler
	m.compile(&c, options)
	return c.finish(total)
}

type ruleDocument struct {
	Type  RuleType `json:"type"`
	Min   *int     `json:"min,omitempty"`
	Max   *int     `json:"max,omitempty"`
	Blank *bool    `json:"blank,omitempty"`
}

// MarshalJSON writes the members that the rule's type has.
func (r Rule) MarshalJSON() ([]byte, error) {
	d := ruleDocument{Type: r.Type}
	if r.Type == RuleChoose {
		d.Min, d.Max, d.Blank = &r.Min, &r.Max, &r.Blank
	}
	return json.Marshal(d)
}

// UnmarshalJSON reads a rule; r is unchanged on error.
func (r *Rule) UnmarshalJSON(b []byte) error {
	var d ruleDocument
	if err := json.Unmarshal(b, &d); err != nil {
		return err
	}
	out := Rule{Type: d.Type}
	if d.Min != nil {
		out.Min = *d.Min
	}
	if d.Max != nil {
		out.Max = *d.Max
	}
	if d.Blank != nil {
		out.Blank = *d.Blank
	}
	*r = out
	return nil
}
