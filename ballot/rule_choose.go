package ballot

import "fmt"

// choose marks min to max of the options. Its bits are one for each option, one for blank
// if that is allowed, and slack for 0 .. max - min; its constraint is
//
//	sum of the options + slack + max * blank = max
//
// so that blank = 1 leaves no option, and blank = 0 leaves min to max of them.
type choose struct {
	min, max int
	blank    bool
}

func (r choose) check(options int) error {
	if r.min < 0 || r.max < 1 || r.min > r.max || r.max > options {
		return fmt.Errorf("%w: choose %d to %d of %d options", ErrMalformed, r.min, r.max, options)
	}
	return nil
}

func (r choose) compile(c *compiler, options []Option) {
	var left linear
	for _, o := range options {
		b := c.bit(1)
		left = append(left, b)
		c.count(o.ID, "", linear{b}, 1)
	}
	if r.blank {
		b := c.bit(int64(r.max))
		left = append(left, b)
		c.count("", BlankLabel, linear{newTerm(b.bit, 1)}, 1)
	}
	left = append(left, c.slack(uint64(r.max-r.min))...)
	c.require(left, int64(r.max))
}

func (r choose) fill(bits []uint8, options []Option, v Vote) error {
	switch {
	case v.kind == voteBlank && r.blank:
		bits[len(options)] = 1
		return nil
	case v.kind == voteBlank:
		return fmt.Errorf("%w: blank", ErrVote)
	case v.kind != voteChoose:
		return fmt.Errorf("%w: the question wants Choose", ErrVote)
	}
	if err := mark(bits, options, v.options); err != nil {
		return err
	}
	if n := len(v.options); n < r.min || n > r.max {
		return fmt.Errorf("%w: a number of options that is not %d to %d", ErrVote, r.min, r.max)
	}
	slack := bits[len(options):]
	if r.blank {
		slack = slack[1:]
	}
	fillSlack(slack, uint64(r.max-r.min), uint64(r.max-len(v.options)))
	return nil
}

func (r choose) read(bits []uint8, options []Option) Vote {
	if r.blank && bits[len(options)] == 1 {
		return Blank()
	}
	return Choose(marked(bits, options)...)
}

// mark sets the bits of the chosen options, all of which must exist and differ.
func mark(bits []uint8, options []Option, chosen []OptionID) error {
	for _, id := range chosen {
		found := uint8(0)
		for i, o := range options {
			same := equalID(o.ID, id)
			found |= same
			bits[i] += same
		}
		if found == 0 {
			return fmt.Errorf("%w: the question has no such option", ErrVote)
		}
	}
	twice := uint8(0)
	for _, b := range bits[:len(options)] {
		twice |= b >> 1
	}
	if twice != 0 || len(chosen) > len(options) {
		return fmt.Errorf("%w: an option twice", ErrVote)
	}
	return nil
}

// equalID returns 1 if a = b, else 0, comparing all of a.
func equalID(a, b OptionID) uint8 {
	if len(a) != len(b) {
		return 0
	}
	var d uint8
	for i := range len(a) {
		d |= a[i] ^ b[i]
	}
	return uint8((uint16(d) - 1) >> 15)
}

func marked(bits []uint8, options []Option) []OptionID {
	var out []OptionID
	for i, o := range options {
		if bits[i] == 1 {
			out = append(out, o.ID)
		}
	}
	return out
}

// fillSlack sets the bits that slack(most) made to the value v <= most: the remainder if v
// exceeds what the powers of two add up to, then v in binary.
func fillSlack(slack []uint8, most, v uint64) {
	if len(slack) == 0 {
		return
	}
	last := len(slack) - 1
	powers := uint64(1)<<last - 1
	top := (powers - v) >> 63 // 1 if v > powers
	slack[last] = uint8(top)
	v -= top * (most - powers)
	for i := range last {
		slack[i] = uint8(v >> i & 1)
	}
}
