package tally

import (
	"bytes"
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strconv"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/wire"
)

// Result is what an election came to, as opened from the sums. In an unweighted election every
// number counts ballots, in a weighted one the weight of the ballots.
type Result struct {
	Subject
	Ballots   uint64 // counted
	Weight    uint64 // of the counted ballots
	Questions []Outcome

	manifest *ballot.Manifest
}

// Outcome is the result of one question: its counts, and the order they make by the question's rule.
type Outcome struct {
	ballot.Tally

	// Order has the options, best first. Options in one place are tied, which is declared and
	// not broken.
	Order [][]ballot.OptionID

	rule   ballot.Rule
	weight uint64
}

// Winners returns the options of the first place: several if they tie, none if no vote gave
// any of them anything.
func (o *Outcome) Winners() []ballot.OptionID {
	if len(o.Order) == 0 || !slices.ContainsFunc(o.Order[0], o.supported) {
		return nil
	}
	return slices.Clone(o.Order[0])
}

// supported reports a vote for an option, points, a grade, or a preference.
func (o *Outcome) supported(option ballot.OptionID) bool {
	if rule, ok := o.rule.(ballot.Scoring); ok && rule.Histogram {
		return o.Sum(option) > 0
	}
	return slices.ContainsFunc(o.Counts, func(c ballot.Count) bool { return c.Option == option && c.Total > 0 })
}

// Blank returns the count of blank votes, and false if the question does not allow them.
func (o *Outcome) Blank() (uint64, bool) { return o.beside(ballot.BlankLabel) }

// None returns the count of votes for none of the options, and false if the question does not
// allow them.
func (o *Outcome) None() (uint64, bool) { return o.beside(ballot.NoneLabel) }

// beside returns a counter that belongs to no option.
func (o *Outcome) beside(label string) (uint64, bool) {
	for _, c := range o.Counts {
		if c.Option == "" && c.Label == label {
			return c.Total, true
		}
	}
	return 0, false
}

// Sum returns what an option got in all: its votes, points or scores, whether the scores were
// summed under encryption or are summed here. It is 0 under ballot.Judgment and ballot.Condorcet.
func (o *Outcome) Sum(option ballot.OptionID) uint64 {
	rule, ok := o.rule.(ballot.Scoring)
	if !ok || !rule.Histogram {
		return o.At(option, "")
	}
	var sum uint64 // of scores below 2^11, times a weight below 2^40
	for score := range rule.Max + 1 {
		sum += uint64(score) * o.At(option, strconv.Itoa(score))
	}
	return sum
}

// Mean returns the mean score of an option under ballot.Scoring: the sum by the weight of the
// counted ballots. It is nil under other rules, and without a ballot.
func (o *Outcome) Mean(option ballot.OptionID) *big.Rat {
	if _, ok := o.rule.(ballot.Scoring); !ok || o.weight == 0 {
		return nil
	}
	return ratio(o.Sum(option), o.weight)
}

func ratio(a, b uint64) *big.Rat {
	return new(big.Rat).SetFrac(new(big.Int).SetUint64(a), new(big.Int).SetUint64(b))
}

// Standing is how an option stands by majority judgment.
type Standing struct {
	Option       ballot.OptionID
	Judgments    uint64         // of the option; the others are not graded
	Grade        ballot.GradeID // the majority grade; empty without a judgment
	Above, Below *big.Rat       // shares of the judgments better and worse than it; nil without a judgment
}

// Mark returns "+" if the share above the grade is larger than that below, "-" if it is
// smaller, and "" if they are equal or there is no judgment.
func (s *Standing) Mark() string {
	if s.Above == nil {
		return ""
	}
	return [...]string{"-", "", "+"}[s.Above.Cmp(s.Below)+1]
}

// Standings returns the standing of every option, in the manifest's order, under
// ballot.Judgment; nil under other rules.
func (o *Outcome) Standings() []Standing {
	rule, ok := o.rule.(ballot.Judgment)
	if !ok {
		return nil
	}
	var out []Standing
	options, rows := o.rows()
	for i, row := range rows {
		s := Standing{Option: options[i]}
		for _, n := range row {
			s.Judgments += n
		}
		if grade, above, below, ok := MajorityGrade(row); ok {
			s.Grade, s.Above, s.Below = rule.Grades[grade].ID, above, below
		}
		out = append(out, s)
	}
	return out
}

// Pairwise returns, under ballot.Condorcet, the matrix of how many prefer the option of the row
// to that of the column, both in the manifest's order, with 0 in the diagonal; nil under other rules.
func (o *Outcome) Pairwise() [][]uint64 {
	if _, ok := o.rule.(ballot.Condorcet); !ok {
		return nil
	}
	_, rows := o.rows()
	for a, row := range rows {
		rows[a] = slices.Insert(row, a, 0)
	}
	return rows
}

// Paths returns, under ballot.Condorcet, the strengths of the strongest paths (StrongestPaths)
// between the options, in the manifest's order; nil under other rules.
func (o *Outcome) Paths() [][]Link {
	paths, err := StrongestPaths(o.Pairwise())
	if err != nil || len(paths) == 0 {
		return nil
	}
	return paths
}

// rows returns the options, and the counters of each, in their order.
func (o *Outcome) rows() (options []ballot.OptionID, rows [][]uint64) {
	for _, c := range o.Counts {
		if c.Option == "" {
			continue
		}
		if n := len(options); n == 0 || options[n-1] != c.Option {
			options, rows = append(options, c.Option), append(rows, nil)
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], c.Total)
	}
	return options, rows
}

// count orders the tallies of all questions, after checking that ballots of this weight can
// give them. docs/spec/tally.md, "Counting".
func count(m *ballot.Manifest, weight uint64, tallies []ballot.Tally) ([]Outcome, error) {
	questions := m.Questions()
	if len(tallies) != len(questions) {
		return nil, fmt.Errorf("%w: tallies of %d questions, the election has %d", ErrInvalid, len(tallies), len(questions))
	}
	var out []Outcome
	for i, t := range tallies {
		o, err := newOutcome(t, questions[i].Rule, weight)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

func newOutcome(t ballot.Tally, rule ballot.Rule, weight uint64) (Outcome, error) {
	o := Outcome{Tally: t, rule: rule, weight: weight}
	if err := o.plausible(); err != nil {
		return Outcome{}, fmt.Errorf("%w: question %q: %w", ErrInvalid, t.Question, err)
	}
	var err error
	if o.Order, err = o.order(); err != nil {
		return Outcome{}, fmt.Errorf("question %q: %w", t.Question, err)
	}
	return o, nil
}

// order sorts the options by the method that the rule names, tied ones into one place in the
// manifest's order.
func (o *Outcome) order() ([][]ballot.OptionID, error) {
	options, rows := o.rows()
	var numbers [][]int
	var err error
	switch o.rule.(type) {
	case ballot.Judgment:
		numbers = MajorityJudgment(rows)
	case ballot.Condorcet:
		numbers, err = Schulze(o.Pairwise())
	default:
		sums := make([]uint64, len(options))
		for i, option := range options {
			sums[i] = o.Sum(option)
		}
		numbers = places(len(options), func(a, b int) int { return cmp.Compare(sums[b], sums[a]) })
	}
	var order [][]ballot.OptionID
	for _, place := range numbers {
		var ids []ballot.OptionID
		for _, i := range place {
			ids = append(ids, options[i])
		}
		order = append(order, ids)
	}
	return order, err
}

const resultFormat = "scrutin/result/v1"

type resultFile struct {
	Aggregate  wire.Hex32     `json:"aggregate"`
	Ballots    uint64         `json:"ballots"`
	Checkpoint wire.Hex32     `json:"checkpoint"`
	Election   wire.Hex32     `json:"election"`
	Format     string         `json:"format"`
	Questions  []questionFile `json:"questions"`
	Weight     uint64         `json:"weight"`
}

type questionFile struct {
	Counts   []countFile         `json:"counts"`
	Order    [][]ballot.OptionID `json:"order"`
	Question ballot.QuestionID   `json:"question"`
}

type countFile struct {
	Label  string          `json:"label,omitempty"`
	Option ballot.OptionID `json:"option,omitempty"`
	Total  uint64          `json:"total"`
}

// Bytes returns result.json: canonical JSON.
func (r *Result) Bytes() []byte {
	f := resultFile{
		Aggregate: r.Aggregate, Ballots: r.Ballots, Checkpoint: r.Checkpoint,
		Election: wire.Hex32(r.Election), Format: resultFormat, Weight: r.Weight,
	}
	for _, o := range r.Questions {
		q := questionFile{Question: o.Question, Order: o.Order}
		for _, c := range o.Counts {
			q.Counts = append(q.Counts, countFile{c.Label, c.Option, c.Total})
		}
		f.Questions = append(f.Questions, q)
	}
	return mustMarshal(f)
}

// ParseResult decodes what Bytes returns, and nothing else, as a result of m's election: it must
// have the counters of m's questions, totals that ballots of its weight can give, and the order
// that those make. That the totals are those of the ballots, Audit alone knows.
func ParseResult(m *ballot.Manifest, b []byte) (*Result, error) {
	claim, err := parseClaim(b)
	if err != nil {
		return nil, err
	}
	if claim.Election != m.ID() {
		return nil, fmt.Errorf("tally: result: %w: it is of election %v, not of %v", ErrForeign, claim.Election, m.ID())
	}
	if c := m.Census(); claim.Ballots > c.Size || claim.Weight > c.TotalWeight {
		return nil, fmt.Errorf("tally: result: %w: %d ballots of weight %d, %d of weight %d are on the roll",
			ErrInvalid, claim.Ballots, claim.Weight, c.Size, c.TotalWeight)
	}
	tallies, err := m.Decode(make([]uint64, m.Ciphertexts())) // the counters, all of them 0
	if err != nil {
		return nil, err
	}
	if len(claim.Questions) != len(tallies) {
		return nil, fmt.Errorf("tally: result: %w: it has %d questions, the election %d", ErrInvalid, len(claim.Questions), len(tallies))
	}
	for i, t := range tallies {
		got := claim.Questions[i].Tally
		same := func(a, b ballot.Count) bool { return a.Option == b.Option && a.Label == b.Label }
		if got.Question != t.Question || !slices.EqualFunc(got.Counts, t.Counts, same) {
			return nil, fmt.Errorf("tally: result: %w: question %q has other counters than the election", ErrInvalid, t.Question)
		}
		tallies[i] = got
	}
	outcomes, err := count(m, claim.Weight, tallies)
	if err != nil {
		return nil, fmt.Errorf("tally: result: %w", err)
	}
	r := &Result{Subject: claim.Subject, Ballots: claim.Ballots, Weight: claim.Weight, Questions: outcomes, manifest: m}
	if !bytes.Equal(r.Bytes(), b) {
		return nil, fmt.Errorf("tally: result: %w", disorder())
	}
	return r, nil
}

// parseClaim decodes a result that anybody may have written, of whatever election.
func parseClaim(b []byte) (*Result, error) {
	var f resultFile
	if err := unmarshal("result", resultFormat, maxResultFile, b, &f, &f.Format); err != nil {
		return nil, err
	}
	r := &Result{
		Subject: Subject{ballot.ElectionID(f.Election), f.Checkpoint, f.Aggregate},
		Ballots: f.Ballots, Weight: f.Weight,
	}
	for _, q := range f.Questions {
		o := Outcome{Tally: ballot.Tally{Question: q.Question}, Order: q.Order}
		for _, c := range q.Counts {
			o.Counts = append(o.Counts, ballot.Count{Option: c.Option, Label: c.Label, Total: c.Total})
		}
		r.Questions = append(r.Questions, o)
	}
	return r, nil
}

// differs says in what a claimed result differs from this one.
func (r *Result) differs(claim *Result) error {
	if err := claim.same(r.Subject); err != nil {
		return err
	}
	if claim.Ballots != r.Ballots || claim.Weight != r.Weight {
		return fmt.Errorf("%w: it counts %d ballots of weight %d, the recount %d of weight %d",
			ErrInvalid, claim.Ballots, claim.Weight, r.Ballots, r.Weight)
	}
	if len(claim.Questions) != len(r.Questions) {
		return fmt.Errorf("%w: it has %d questions, the election %d", ErrInvalid, len(claim.Questions), len(r.Questions))
	}
	for i, o := range r.Questions {
		if claim.Questions[i].Question != o.Question || !slices.Equal(claim.Questions[i].Counts, o.Counts) {
			return fmt.Errorf("%w: question %q has other counts than the recount", ErrInvalid, o.Question)
		}
	}
	return disorder()
}

func disorder() error {
	return fmt.Errorf("%w: the order of the options is not the one the counts make", ErrInvalid)
}
