package ballot

import "encoding/json"

// Approval is the rule "mark any of the options", also none. For approval with a blank vote that
// is counted, use [Choice] with Min 0 and Max the number of options. The vote is [Approve].
//
// Bits: one for each option. No constraint. Counters: the bits. With n options and p counters to a
// ciphertext, a question takes 512 + 128 ceil(n / p) + 32 n bytes. (S. Brams and P. Fishburn,
// "Approval voting", 1978.)
type Approval struct{}

// MarshalJSON writes the rule as in a manifest.
func (r Approval) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Type string `json:"type"`
	}{typeApproval})
}

func (Approval) check(int) error { return nil }

func (Approval) compile(c *compiler, options []Option) {
	for _, o := range options {
		c.count(o.ID, "", linear{c.bit(1)}, 1)
	}
}

func (Approval) fill(bits []uint8, options []Option, v Vote) error {
	if err := v.wanted(voteApprove); err != nil {
		return err
	}
	return mark(bits, options, v.options)
}

func (Approval) read(bits []uint8, options []Option) Vote {
	return Approve(marked(bits, options)...)
}
