// Command debian holds the election of the Debian Project Leader of 2005 again, as a secret,
// verifiable election: voters rank, and every two options are compared (Condorcet, Schulze).
//
// Debian published all 504 ballots. The program casts them in secret, opens how many ballots
// prefer each option to each other one, and nothing else, and counts: with all ballots the order
// must be the published one.
package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/examples/internal/poll"
)

const usage = `usage: debian [-voters 60] [-out DIR]

Holds the election of the Debian Project Leader of 2005 again, with its published ballots:
six candidates and "None of the Above", ranked, counted by the Schulze method.

  -voters N   how many of the 504 ballots are cast, 1 to 504 or "all" (default 60);
              the order of all must be the published one
  -out DIR    a directory to make for the election, new or empty
              (default: a new one for temporary files)
`

// everybody is the number of the published ballots.
const everybody = 504

var program = poll.Program{Name: "debian", Usage: usage, Voters: 60, Most: everybody, Story: story}

func main() { program.Main() }

func story(ctx context.Context, voters int, dir string, out io.Writer) error {
	ballots, err := readBallots()
	if err != nil {
		return err
	}
	ballots = ballots[:voters]
	poll.Say(out, "%d of %d published ballots", voters, everybody)

	held, err := poll.Hold(ctx, &poll.Election{
		Name:      "debian",
		Title:     ballot.Text{"en": "Debian Project Leader 2005"},
		Questions: []ballot.Question{question()},
		Voters:    voters,
		Vote: func(voter int) map[ballot.QuestionID]ballot.Vote {
			return map[ballot.QuestionID]ballot.Vote{"leader": ballot.Rank(ballots[voter]...)}
		},
	}, dir, out)
	if err != nil {
		return err
	}

	outcome := &held.Report.Result.Questions[0]
	if err := plainCount(ballots).Compare(outcome.Tally); err != nil {
		return err
	}
	fmt.Fprintln(out)
	if err := writeMatrix(out, outcome.Tally); err != nil {
		return err
	}
	fmt.Fprintln(out)
	ahead := 0
	for _, place := range outcome.Order {
		poll.Say(out, "%d. %s", ahead+1, names(place))
		ahead += len(place)
	}
	fmt.Fprintln(out)
	poll.Say(out, "the opened matrix and a plain count of the ballots agree")
	if voters == everybody {
		if err := checkPublished(outcome.Order); err != nil {
			return err
		}
		poll.Say(out, "the order is the one that Debian published")
	}
	return held.Finish(out)
}

// checkPublished compares with the published order, in which nobody ties.
func checkPublished(order [][]ballot.OptionID) error {
	var want [][]ballot.OptionID
	for _, number := range published {
		want = append(want, []ballot.OptionID{options[number-1].id})
	}
	if !slices.EqualFunc(order, want, slices.Equal) {
		return fmt.Errorf("the order is %v, %v was published", order, want)
	}
	return nil
}

// writeMatrix writes, for each two options, how many ballots prefer the one on the left to
// the one above; a star marks that more do than prefer the other.
func writeMatrix(out io.Writer, opened ballot.Tally) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "preferred to\t")
	for _, o := range options {
		fmt.Fprintf(table, "%s \t", o.short)
	}
	fmt.Fprintln(table)
	for _, a := range options {
		fmt.Fprintf(table, "%s\t", a.name)
		for _, b := range options {
			if a == b {
				fmt.Fprint(table, ". \t")
				continue
			}
			star := " "
			n := opened.At(a.id, string(b.id))
			if n > opened.At(b.id, string(a.id)) {
				star = "*"
			}
			fmt.Fprintf(table, "%d%s\t", n, star)
		}
		fmt.Fprintln(table)
	}
	return table.Flush()
}

func names(place []ballot.OptionID) string {
	var out []string
	for _, o := range options {
		if slices.Contains(place, o.id) {
			out = append(out, o.name)
		}
	}
	return strings.Join(out, " = ")
}
