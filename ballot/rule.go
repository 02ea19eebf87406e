package ballot

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Rule is the voting method of a question: which votes it allows, and what is counted. It is one
// of [Choice], [Approval], [Judgment], [Scoring], [Cumulative], [Quadratic], [Ranking] and
// [Condorcet], a value and no pointer. docs/spec/ballot.md, "Layout".
//
// A rule's JSON is that of a manifest, and is read with the manifest alone: json.Unmarshal into one of
// the types looks at the members that the type has, not at "type" nor at what it leaves out.
type Rule interface {
	// check refuses parameters that make no sense with this number of options, at least 1, or
	// that make a layout beyond the limits. What it accepts costs compile no more than they allow.
	check(options int) error

	// compile adds the question's bits, constraints and counters.
	compile(c *compiler, options []Option)

	// fill sets bits, all 0 and as many as compile made, to the vote. Where a rule leaves the
	// prover a choice, of slack bits or of two ways to write a number, fill always makes the same.
	//
	// Which options a vote names, and which grade, number or rank each has, changes no branch and
	// no address, except in the error that refuses a vote; how many it names, the lengths of their
	// ids, and a vote of another kind (blank, none) do.
	fill(bits []uint8, options []Option, v Vote) error

	// read returns the vote of bits that satisfy the constraints.
	read(bits []uint8, options []Option) Vote
}

// Limits of the rules' parameters; those of the layout (MaxBits and so on) come on top.
const (
	MaxGrades = 64      // of a Judgment
	MaxPoints = 1 << 20 // the highest score, points, credits
)

// compileRule returns the layout of a question.
func compileRule(r Rule, options []Option, total uint64) (*layout, error) {
	switch r.(type) {
	case Choice, Approval, Judgment, Scoring, Cumulative, Quadratic, Ranking, Condorcet:
	case nil:
		return nil, fmt.Errorf("%w: no rule", ErrMalformed)
	default:
		return nil, fmt.Errorf("%w: unknown rule %T: a rule is a value of one of this package's types", ErrMalformed, r)
	}
	if len(options) < 1 || len(options) > MaxOptions {
		return nil, fmt.Errorf("%w: %d options, 1 to %d allowed", ErrMalformed, len(options), MaxOptions)
	}
	if err := r.check(len(options)); err != nil {
		return nil, err
	}
	var c compiler
	r.compile(&c, options)
	return c.finish(total)
}

// checkRow refuses a number of bits for each option that exceeds the limit of a layout.
func checkRow(options, bits int) error {
	if bits > MaxBits/options {
		return fmt.Errorf("%w: %d options of %d bits each, at most %d bits allowed", ErrMalformed, options, bits, MaxBits)
	}
	return nil
}

func cloneRule(r Rule) Rule {
	switch r := r.(type) {
	case Judgment:
		r.Grades = slices.Clone(r.Grades)
		for i := range r.Grades {
			r.Grades[i].Title = maps.Clone(r.Grades[i].Title)
		}
		return r
	case Ranking:
		r.Points = slices.Clone(r.Points)
		return r
	}
	return r
}

// A rule in JSON is an object: the type's name, and the fields of the rule.
const (
	typeChoice     = "choose"
	typeApproval   = "approval"
	typeJudgment   = "judgment"
	typeScoring    = "score"
	typeCumulative = "cumulative"
	typeQuadratic  = "quadratic"
	typeRanking    = "ranking"
	typeCondorcet  = "condorcet"
)

// ruleDocument is a rule in a manifest, whose JSON has one spelling: members that the type does
// not have, or that are missing, are refused with the manifest because it would be written otherwise.
type ruleDocument struct{ Rule }

func (d ruleDocument) MarshalJSON() ([]byte, error) { return json.Marshal(d.Rule) }

func (d *ruleDocument) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil // no rule, which compileRule refuses
	}
	var head struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		if b[0] != '{' {
			err = errors.New("not an object")
		}
		return fmt.Errorf("rule: %w", err)
	}
	r, err := parseRule(head.Type, b)
	if err != nil {
		return fmt.Errorf("rule: %w", err)
	}
	d.Rule = r
	return nil
}

func parseRule(kind string, b []byte) (Rule, error) {
	switch kind {
	case typeChoice:
		return unmarshalRule[Choice](b)
	case typeApproval:
		return unmarshalRule[Approval](b)
	case typeJudgment:
		return unmarshalRule[Judgment](b)
	case typeScoring:
		return unmarshalRule[Scoring](b)
	case typeCumulative:
		return unmarshalRule[Cumulative](b)
	case typeQuadratic:
		return unmarshalRule[Quadratic](b)
	case typeRanking:
		return unmarshalRule[Ranking](b)
	case typeCondorcet:
		return unmarshalRule[Condorcet](b)
	}
	return nil, fmt.Errorf("%w: unknown rule %.64q", ErrMalformed, kind)
}

func unmarshalRule[R Rule](b []byte) (Rule, error) {
	var r R
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, err
	}
	return r, checkLists(r)
}

// checkLists refuses lists longer than check allows before the manifest is written again to compare,
// which takes many times their bytes.
func checkLists(r Rule) error {
	switch r := r.(type) {
	case Judgment:
		if len(r.Grades) > MaxGrades {
			return fmt.Errorf("%w: %d grades, 2 to %d allowed", ErrMalformed, len(r.Grades), MaxGrades)
		}
	case Ranking:
		if len(r.Points) > MaxOptions {
			return fmt.Errorf("%w: points for %d ranks, at most %d allowed", ErrMalformed, len(r.Points), MaxOptions)
		}
	}
	return nil
}
