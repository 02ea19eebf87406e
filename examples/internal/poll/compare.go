package poll

import (
	"fmt"

	"github.com/scrutin/scrutin/ballot"
)

// Counter names one counter of a question: see ballot.Count.
type Counter struct {
	Option ballot.OptionID
	Label  string
}

func (c Counter) String() string {
	switch {
	case c.Option == "":
		return fmt.Sprintf("%q", c.Label)
	case c.Label == "":
		return fmt.Sprintf("option %q", c.Option)
	}
	return fmt.Sprintf("option %q, %q", c.Option, c.Label)
}

// Count is a plain count of votes that are known, as an example knows those that it deals out.
// A counter that is not in it is 0.
type Count map[Counter]uint64

// Compare returns an error that names the first counter of the opened tally that differs from
// the plain count, or one of the plain count that the tally does not have.
func (plain Count) Compare(opened ballot.Tally) error {
	known := map[Counter]bool{}
	for _, c := range opened.Counts {
		counter := Counter{c.Option, c.Label}
		known[counter] = true
		if c.Total != plain[counter] {
			return fmt.Errorf("question %q, %v: %d were opened, %d were cast", opened.Question, counter, c.Total, plain[counter])
		}
	}
	for counter, n := range plain {
		if n != 0 && !known[counter] {
			return fmt.Errorf("question %q, %v: %d were cast, the result has no such counter", opened.Question, counter, n)
		}
	}
	return nil
}
