package ballot

import "fmt"

// approval marks any of the options: one bit each, and no constraint.
type approval struct{}

func (approval) check(options int) error {
	if options < 1 {
		return fmt.Errorf("%w: approval without options", ErrMalformed)
	}
	return nil
}

func (approval) compile(c *compiler, options []Option) {
	for _, o := range options {
		c.count(o.ID, "", linear{c.bit(1)}, 1)
	}
}

func (approval) fill(bits []uint8, options []Option, v Vote) error {
	if v.kind != voteApprove {
		return fmt.Errorf("%w: the question wants Approve", ErrVote)
	}
	return mark(bits, options, v.options)
}

func (approval) read(bits []uint8, options []Option) Vote {
	return Approve(marked(bits, options)...)
}
