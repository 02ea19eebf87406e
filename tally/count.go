package tally

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"

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

// Outcome is the result of one question: its counts, and the order they make.
type Outcome struct {
	ballot.Tally

	// Order has the options by falling count. Options in one place have the same count: a tie,
	// which is declared and not broken.
	Order [][]ballot.OptionID
}

// Winners returns the options with the highest count: several if they tie, none if nobody voted
// for any.
func (o *Outcome) Winners() []ballot.OptionID {
	if len(o.Order) == 0 || o.Of(o.Order[0][0]) == 0 {
		return nil
	}
	return slices.Clone(o.Order[0])
}

// Blank returns the count of blank votes, and false if the question does not allow them.
func (o *Outcome) Blank() (uint64, bool) {
	for _, c := range o.Counts {
		if c.Label == ballot.BlankLabel {
			return c.Total, true
		}
	}
	return 0, false
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
		o := Outcome{Tally: t}
		if err := o.plausible(questions[i].Rule, weight); err != nil {
			return nil, fmt.Errorf("%w: question %q: %w", ErrInvalid, t.Question, err)
		}
		o.Order = order(t.Counts)
		out = append(out, o)
	}
	return out, nil
}

// plausible checks the counts against the weight of the ballots. With B blank, N = weight - B:
//
//	choose:   no option above N, and min*N <= sum of the options <= max*N
//	approval: no option above N = weight
//
// For one of several options, min = max = 1, that is: options and blank add up to the weight.
func (o *Outcome) plausible(rule ballot.Rule, weight uint64) error {
	blank, _ := o.Blank()
	if blank > weight {
		return fmt.Errorf("%d blank votes of %d", blank, weight)
	}
	marked := weight - blank
	var sum uint64 // at most 256 options of less than 2^44 each
	for _, c := range o.Counts {
		if c.Option == "" {
			continue
		}
		if c.Total > marked {
			return fmt.Errorf("option %q has %d of %d votes that are not blank", c.Option, c.Total, marked)
		}
		sum += c.Total
	}
	if rule.Type != ballot.RuleChoose {
		return nil
	}
	if low, high := uint64(rule.Min)*marked, uint64(rule.Max)*marked; sum < low || sum > high {
		return fmt.Errorf("the options have %d votes together, %d to %d are possible with %d ballots that are not blank", sum, low, high, marked)
	}
	return nil
}

// order sorts the options by falling count, equal ones into one place in the manifest's order.
func order(counts []ballot.Count) [][]ballot.OptionID {
	var options []ballot.Count
	for _, c := range counts {
		if c.Option != "" {
			options = append(options, c)
		}
	}
	slices.SortStableFunc(options, func(a, b ballot.Count) int { return cmp.Compare(b.Total, a.Total) })
	var places [][]ballot.OptionID
	for i, c := range options {
		if i == 0 || c.Total != options[i-1].Total {
			places = append(places, nil)
		}
		last := len(places) - 1
		places[last] = append(places[last], c.Option)
	}
	return places
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

// ParseResult decodes what Bytes returns, and nothing else. Nothing in it is verified: it says
// what somebody claims. Audit compares such a claim with its own recount.
func ParseResult(b []byte) (*Result, error) {
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
	return fmt.Errorf("%w: the order of the options is not the one the counts make", ErrInvalid)
}

// WriteText writes the result as a table, with the manifest's texts in the language of this tag,
// or in the first of the manifest's languages if it has none for it.
func (r *Result) WriteText(w io.Writer, language string) error {
	if r.manifest == nil {
		return fmt.Errorf("tally: %w: this result does not come from an opening", ErrInvalid)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i, q := range r.manifest.Questions() {
		o := &r.Questions[i]
		if i > 0 {
			fmt.Fprintln(table)
		}
		fmt.Fprintf(table, "%s: %s\n", q.ID, inLanguage(q.Title, language))
		winners := o.Winners()
		for _, option := range q.Options {
			remark := ""
			if slices.Contains(winners, option.ID) {
				remark = "first"
				if len(winners) > 1 {
					remark = "tied for first"
				}
			}
			writeRow(table, inLanguage(option.Title, language), o.Of(option.ID), remark)
		}
		if blank, ok := o.Blank(); ok {
			writeRow(table, "(blank)", blank, "")
		}
	}
	return table.Flush()
}

func writeRow(w io.Writer, name string, total uint64, remark string) {
	row := "  " + name + "\t" + strconv.FormatUint(total, 10)
	if remark != "" {
		row += "\t" + remark
	}
	fmt.Fprintln(w, row)
}

// inLanguage returns t in a language, or in the first it has.
func inLanguage(t ballot.Text, language string) string {
	if s, ok := t[language]; ok {
		return printable(s)
	}
	first := ""
	for tag := range t {
		if first == "" || tag < first {
			first = tag
		}
	}
	return printable(t[first])
}
