package tally

import (
	"fmt"
	"io"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/legible"
)

// maxScoreColumns is up to which highest score a histogram is written in full.
const maxScoreColumns = 10

// WriteText writes the result as tables, with the manifest's texts in the language of this tag,
// or in the first of the manifest's languages if it has none for it. Shares are rounded to a
// tenth of a percent and means to a hundredth, halves upward; the order follows from exact numbers.
//
// Columns are two spaces apart at least, which no title has within, and a column holds either titles or
// what is written here, so that no title reads like a count or a remark: blank votes and those for none
// of the options have no title, and what they are stands where the remarks are.
func (r *Result) WriteText(w io.Writer, language string) error {
	if r.manifest == nil {
		return fmt.Errorf("tally: %w: this result does not come from an opening", ErrInvalid)
	}
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for i, q := range r.manifest.Questions() {
		if i > 0 {
			fmt.Fprintln(table)
		}
		fmt.Fprintf(table, "%s: %s\n", q.ID, inLanguage(q.Title, language))
		t := questionText{table, q, &r.Questions[i], language}
		switch rule := q.Rule.(type) {
		case ballot.Scoring:
			t.writeScores(rule)
		case ballot.Judgment:
			t.writeJudgments(rule)
		case ballot.Condorcet:
			t.writePairs()
		default:
			t.writeCounts()
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(text.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

// questionText writes the result of one question.
type questionText struct {
	w        io.Writer
	question ballot.Question
	outcome  *Outcome
	language string
}

func (t *questionText) row(cells ...string) {
	fmt.Fprintln(t.w, "  "+strings.Join(cells, "\t"))
}

func (t *questionText) title(i int) string {
	return inLanguage(t.question.Options[i].Title, t.language)
}

// remark says who is first.
func (t *questionText) remark(option ballot.OptionID, winners []ballot.OptionID) string {
	switch {
	case !slices.Contains(winners, option):
		return ""
	case len(winners) > 1:
		return "tied for first"
	}
	return "first"
}

// writeCounts writes what is ordered by count, in the manifest's order.
func (t *questionText) writeCounts() {
	winners := t.outcome.Winners()
	for i, o := range t.question.Options {
		t.row(t.title(i), number(t.outcome.Sum(o.ID)), t.remark(o.ID, winners))
	}
	if blank, ok := t.outcome.Blank(); ok {
		t.row("", number(blank), "blank")
	}
	if none, ok := t.outcome.None(); ok {
		t.row("", number(none), "none of these")
	}
}

// writeScores writes sums and means, and the histogram of a short scale, in the manifest's order.
func (t *questionText) writeScores(rule ballot.Scoring) {
	histogram := rule.Histogram && rule.Max <= maxScoreColumns
	head := []string{""}
	if histogram {
		for score := range rule.Max + 1 {
			head = append(head, fmt.Sprintf("of %d", score))
		}
	}
	t.row(append(head, "sum", "mean")...)
	winners := t.outcome.Winners()
	for i, o := range t.question.Options {
		cells := []string{t.title(i)}
		if histogram {
			for score := range rule.Max + 1 {
				cells = append(cells, number(t.outcome.At(o.ID, strconv.Itoa(score))))
			}
		}
		mean := "none"
		if m := t.outcome.Mean(o.ID); m != nil {
			mean = m.FloatString(2)
		}
		t.row(append(cells, number(t.outcome.Sum(o.ID)), mean, t.remark(o.ID, winners))...)
	}
}

// writeJudgments writes, best first, the share of each grade among an option's own judgments, their
// number, the majority grade, which is left out without a judgment, and its mark.
func (t *questionText) writeJudgments(rule ballot.Judgment) {
	head := []string{"", ""}
	for _, g := range rule.Grades {
		head = append(head, inLanguage(g.Title, t.language))
	}
	t.row(append(head, "judgments", "majority grade", "mark")...)
	standings := t.outcome.Standings()
	t.ranked(func(place string, i int, remark string) {
		cells := []string{place, t.title(i)}
		s, grade := &standings[i], ""
		for _, g := range rule.Grades {
			share := "-"
			if s.Judgments > 0 {
				percent := ratio(t.outcome.At(s.Option, string(g.ID)), s.Judgments)
				share = percent.Mul(percent, big.NewRat(100, 1)).FloatString(1) + "%"
			}
			cells = append(cells, share)
			if g.ID == s.Grade {
				grade = inLanguage(g.Title, t.language)
			}
		}
		t.row(append(cells, number(s.Judgments), grade, s.Mark(), remark)...)
	})
}

// writePairs writes, best first, how many prefer each option to each other, the columns in the
// order of the rows; then, by their rows, the pairs that tie in spite of different places.
func (t *questionText) writePairs() {
	var order []int
	t.ranked(func(_ string, i int, _ string) { order = append(order, i) })
	head := []string{"", "preferred to"}
	for n := range order {
		head = append(head, number(uint64(n+1)))
	}
	t.row(head...)
	pairs, paths := t.outcome.Pairwise(), t.outcome.Paths()
	place := make([]string, len(order))
	line := 0
	t.ranked(func(p string, a int, remark string) {
		line++
		cells := []string{number(uint64(line)), t.title(a)}
		for _, b := range order {
			if a == b {
				cells = append(cells, "-")
			} else {
				cells = append(cells, number(pairs[a][b]))
			}
		}
		place[a] = p
		t.row(append(cells, "place "+strings.TrimSuffix(p, "."), remark)...)
	})
	for i, a := range order {
		for j, b := range order[:i] {
			if place[a] != place[b] && paths[a][b] == paths[b][a] {
				t.row(fmt.Sprintf("neither of %d and %d is above the other", j+1, i+1))
			}
		}
	}
}

// ranked calls write for every option, best first, with its place ("1."), its number in the
// manifest, and a remark if it shares the place. After two that share place 1 comes place 3.
func (t *questionText) ranked(write func(place string, i int, remark string)) {
	before := 0
	for _, options := range t.outcome.Order {
		remark := ""
		if len(options) > 1 {
			remark = "tied"
		}
		for _, id := range options {
			i := slices.IndexFunc(t.question.Options, func(o ballot.Option) bool { return o.ID == id })
			write(number(uint64(before+1))+".", i, remark)
		}
		before += len(options)
	}
}

func number(n uint64) string { return strconv.FormatUint(n, 10) }

// inLanguage returns t in a language, or in the first it has.
func inLanguage(t ballot.Text, language string) string {
	if s, ok := t[language]; ok {
		return legible.Printable(s)
	}
	first := ""
	for tag := range t {
		if first == "" || tag < first {
			first = tag
		}
	}
	return legible.Printable(t[first])
}
