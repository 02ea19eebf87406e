// Command laprimaire holds the first round of LaPrimaire.org's presidential primary of 2016
// again, as a secret, verifiable election by majority judgment.
//
// The published table says how many judgments of each grade each of twelve candidates got. The
// program deals them out to ballots, casts those in secret, and opens and audits the result:
// with all 10,677 ballots it must be the published one, row by row. It then draws the merit
// profile.
package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/examples/internal/poll"
	"github.com/scrutin/scrutin/examples/internal/stage"
	"github.com/scrutin/scrutin/tally"
)

const usage = `usage: laprimaire [-voters 200] [-out DIR]

Holds the first round of LaPrimaire.org's primary of 2016 again: twelve candidates, five
grades, majority judgment. The ballots are dealt out from the published table of judgments.

  -voters N   how many of the 10677 ballots are cast, 1 to 10677 or "all" (default 200);
              the result of all must be the published one
  -out DIR    a directory to make for the election, new or empty
              (default: a new one for temporary files)
`

// everybody is how many ballots the published judgments are dealt out to.
const everybody = 10_677

var program = poll.Program{Name: "laprimaire", Usage: usage, Voters: 200, Most: everybody, Story: story}

func main() { program.Main() }

func story(ctx context.Context, voters int, dir string, out io.Writer) error {
	rows, err := readFacts()
	if err != nil {
		return err
	}
	ballots := deal(rows)[:voters]
	poll.Say(out, "%d of %d ballots, dealt out from the published judgments of %d candidates", voters, everybody, len(rows))

	held, err := poll.Hold(ctx, &poll.Election{
		Name:      "laprimaire",
		Title:     title,
		Questions: []ballot.Question{question(rows)},
		Voters:    voters,
		Vote: func(voter int) map[ballot.QuestionID]ballot.Vote {
			return map[ballot.QuestionID]ballot.Vote{"president": vote(rows, ballots[voter])}
		},
	}, dir, out)
	if err != nil {
		return err
	}

	outcome := &held.Report.Result.Questions[0]
	if err := plainCount(rows, ballots).Compare(outcome.Tally); err != nil {
		return err
	}
	bars := ranked(rows, outcome)
	fmt.Fprintln(out)
	if err := writeTable(out, bars); err != nil {
		return err
	}
	fmt.Fprintln(out)
	poll.Say(out, "the opened result and the judgments that were dealt out agree")
	if voters == everybody {
		if err := checkPublished(rows, outcome, bars); err != nil {
			return err
		}
		poll.Say(out, "judgments, majority grades and order are those that LaPrimaire.org published")
	}

	picture, err := meritProfile(bars, voters).draw()
	if err != nil {
		return err
	}
	path := filepath.Join(dir, "merit-profile.svg")
	if err := stage.Put(path, picture); err != nil {
		return err
	}
	poll.Say(out, "the merit profile is drawn in %s", path)
	return held.Finish(out)
}

// ranked returns the candidates in final order, with what the result says of them.
func ranked(rows []row, outcome *tally.Outcome) []bar {
	names := map[ballot.OptionID]string{}
	for _, r := range rows {
		names[r.option()] = r.name
	}
	var bars []bar
	for _, place := range outcome.Order {
		first := len(bars) + 1 // those who share a place share the number
		for _, option := range place {
			b := bar{name: names[option], place: first}
			for g, grade := range grades {
				b.judgments[g] = outcome.At(option, string(grade.id))
			}
			bars = append(bars, b)
		}
	}
	return bars
}

// majority returns the majority grade, and "+" if more judgments are better than it than are
// worse, "-" if fewer are. Without a judgment ok is false.
func (b *bar) majority() (grade int, mark string, ok bool) {
	grade, above, below, ok := tally.MajorityGrade(b.judgments[:])
	standing := tally.Standing{Above: above, Below: below}
	return grade, standing.Mark(), ok
}

func (b *bar) gradeText() string {
	grade, mark, ok := b.majority()
	if !ok {
		return "no judgment"
	}
	return strings.TrimSpace(grades[grade].en + " " + mark)
}

// checkPublished compares with the published table: its rows are in final order.
func checkPublished(rows []row, outcome *tally.Outcome, bars []bar) error {
	if len(outcome.Order) != len(rows) {
		return fmt.Errorf("candidates share a place: %v", outcome.Order)
	}
	for i, b := range bars {
		if b.name != rows[i].name {
			return fmt.Errorf("place %d is %s's, %s's was published", i+1, b.name, rows[i].name)
		}
		for g, n := range b.judgments {
			if n != uint64(rows[i].judgments[g]) {
				return fmt.Errorf("%s has %d judgments %q, %d were published", b.name, n, grades[g].fr, rows[i].judgments[g])
			}
		}
		grade, mark, ok := b.majority()
		if !ok || grades[grade].code+mark != rows[i].published {
			return fmt.Errorf("%s has the grade %q, %q was published", b.name, grades[grade].code+mark, rows[i].published)
		}
	}
	return nil
}

// writeTable writes the result in final order.
func writeTable(out io.Writer, bars []bar) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "\tcandidate\tgrade\t")
	for _, g := range grades {
		fmt.Fprintf(table, "%s\t", g.en)
	}
	fmt.Fprint(table, "judgments\t\n")
	for _, b := range bars {
		fmt.Fprintf(table, "%d\t%s\t%s\t", b.place, b.name, b.gradeText())
		for _, n := range b.judgments {
			fmt.Fprintf(table, "%s\t", percent(n, b.total()))
		}
		fmt.Fprintf(table, "%d\t\n", b.total())
	}
	return table.Flush()
}

func meritProfile(bars []bar, voters int) *profile {
	var judgments uint64
	for _, b := range bars {
		judgments += b.total()
	}
	cast := thousands(uint64(voters))
	if voters < everybody {
		cast += " of the " + thousands(everybody)
	}
	return &profile{
		Title:    title["en"] + ": merit profile",
		Subtitle: fmt.Sprintf("Majority judgment: %s judgments on %s secret ballots, opened as sums only", thousands(judgments), cast),
		Note: "Each voter graded up to five of the twelve candidates. On the right: the number of judgments. " +
			"Source: totals that LaPrimaire.org published.",
		bars: bars,
	}
}

// thousands writes a number with a comma before each three digits.
func thousands(n uint64) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
