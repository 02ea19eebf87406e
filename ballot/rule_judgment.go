package ballot

import (
	"encoding/json"
	"fmt"
)

// Judgment is the rule "grade Min to Max of the options", 0 <= Min <= Max, 1 <= Max <= number of
// options: Min = Max = that number for a grade to every option, 0 and that number to let a voter
// leave out any, Min = Max = k for exactly k grades. There are 2 to MaxGrades grades, the best
// first. The vote is [Grade].
//
// Bits, for n options and g grades: a row of g for each option, one for each grade; then, unless Min
// = n, one for each option, "not graded"; then, unless Max - Min = n, slack for 0 .. Max - Min.
// Constraints: each option's bits add up to 1; then, unless Min = n or Max - Min = n,
//
//	sum of the grades' bits + slack = Max
//
// Counters: the bits of the rows. With p of them to a ciphertext, a question takes 512 + 128 ceil(ng
// / p) + 32 (ng + n + bitlen(Max - Min)) bytes at most: 5,472 with 12 options, 5 grades, at most 5
// given and 11,304 voters. (M. Balinski and R. Laraki, "Majority Judgment", 2010.)
type Judgment struct {
	Grades []GradeLevel `json:"grades"`
	Min    int          `json:"min"`
	Max    int          `json:"max"`
}

// GradeID is like an OptionID, and unique among the grades of a question.
type GradeID string

// GradeLevel is one of the grades of a [Judgment].
type GradeLevel struct {
	ID    GradeID `json:"id"`
	Title Text    `json:"title"`
}

// MarshalJSON writes the rule as in a manifest.
func (r Judgment) MarshalJSON() ([]byte, error) {
	type members Judgment
	return json.Marshal(struct {
		Type string `json:"type"`
		members
	}{typeJudgment, members(r)})
}

func (r Judgment) check(options int) error {
	if g := len(r.Grades); g < 2 || g > MaxGrades {
		return fmt.Errorf("%w: %d grades, 2 to %d allowed", ErrMalformed, g, MaxGrades)
	}
	if r.Min < 0 || r.Max < 1 || r.Min > r.Max || r.Max > options {
		return fmt.Errorf("%w: grade %d to %d of %d options", ErrMalformed, r.Min, r.Max, options)
	}
	return checkRow(options, len(r.Grades))
}

// checkTitles refuses grades that a voter could not tell apart, as with options.
func (r Judgment) checkTitles(languages []string) error {
	var grades []named
	for _, g := range r.Grades {
		grades = append(grades, named{string(g.ID), g.Title})
	}
	return checkNamed("grade", grades, languages)
}

func (r Judgment) compile(c *compiler, options []Option) {
	n := len(options)
	rows := c.matrix(n, len(r.Grades))
	var graded linear
	for i, o := range options {
		for g, level := range r.Grades {
			c.count(o.ID, string(level.ID), rows[i][g:g+1], 1)
		}
		graded = append(graded, rows[i]...)
	}
	c.oneOfEach(rows, r.Min < n)
	if r.Min < n && r.Max-r.Min < n {
		c.require(append(graded, c.slack(uint64(r.Max-r.Min))...), int64(r.Max))
	}
}

func (r Judgment) fill(bits []uint8, options []Option, v Vote) error {
	if err := v.wanted(voteGrade); err != nil {
		return err
	}
	rows, err := place(options, v.options)
	if err != nil {
		return err
	}
	n, levels := len(options), len(r.Grades)
	if err := checkNumber(len(v.options), r.Min, r.Max, "graded"); err != nil {
		return err
	}
	for k, grade := range v.grades {
		found := uint8(0)
		for g, level := range r.Grades {
			same := equalID(level.ID, grade)
			found |= same
			for i := range options {
				bits[i*levels+g] |= rows[k][i] & same
			}
		}
		if found == 0 {
			return fmt.Errorf("%w: the question has no such grade", ErrVote)
		}
	}
	if r.Min < n {
		fillNone(bits[n*levels:], bits[:n*levels], levels)
		if r.Max-r.Min < n {
			fillSlack(bits[n*levels+n:], uint64(r.Max-r.Min), uint64(r.Max-len(v.options)))
		}
	}
	return nil
}

func (r Judgment) read(bits []uint8, options []Option) Vote {
	grades := map[OptionID]GradeID{}
	for i, o := range options {
		for g, level := range r.Grades {
			if bits[i*len(r.Grades)+g] == 1 {
				grades[o.ID] = level.ID
			}
		}
	}
	return Grade(grades)
}
