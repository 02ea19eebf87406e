// Command bill holds a vote on a bill, article by article: twelve questions on one ballot, each
// bound to the words of its article by their digest.
//
// The texts are part of the record. At the end the program shows what that is good for: it
// changes one word of one article in a copy of the record, and the audit refuses it.
package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/examples/internal/poll"
	"github.com/scrutin/scrutin/tally"
)

const usage = `usage: bill [-voters 60] [-out DIR]

Holds a vote on a municipal bill of twelve articles: for, against or blank on each of them.

  -voters N   how many people vote, 1 to 10000 or "all" (default 60)
  -out DIR    a directory to make for the election, new or empty
              (default: a new one for temporary files)
`

var program = poll.Program{Name: "bill", Usage: usage, Voters: 60, Most: 10_000, Story: story}

func main() { program.Main() }

func story(ctx context.Context, voters int, dir string, out io.Writer) error {
	articles, err := readArticles()
	if err != nil {
		return err
	}
	e := &poll.Election{
		Name:   "bill",
		Title:  ballot.Text{"en": "Alderbrook, bill 2026-7: streets for everyone"},
		Texts:  map[ballot.QuestionID][]byte{},
		Voters: voters,
		Vote: func(voter int) map[ballot.QuestionID]ballot.Vote {
			votes := map[ballot.QuestionID]ballot.Vote{}
			for i, option := range voteOf(articles, voter) {
				if votes[articles[i].id] = ballot.Choose(option); option == "" {
					votes[articles[i].id] = ballot.Blank()
				}
			}
			return votes
		},
	}
	for _, a := range articles {
		e.Questions = append(e.Questions, a.question())
		e.Texts[a.id] = a.text
	}
	poll.Say(out, "%d voters, %d articles on one ballot", voters, len(articles))

	held, err := poll.Hold(ctx, e, dir, out)
	if err != nil {
		return err
	}
	outcomes := held.Report.Result.Questions
	for i := range outcomes {
		if err := plainCount(articles, i, voters).Compare(outcomes[i].Tally); err != nil {
			return err
		}
	}
	if err := tamper(ctx, held, out); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nRESULT: an article is adopted if more voters are for it than against it\n")
	if err := writeTable(out, articles, outcomes); err != nil {
		return err
	}
	fmt.Fprintln(out)
	poll.Say(out, "the opened result and a plain count of the votes agree")
	return held.Finish(out)
}

// writeTable writes which articles are adopted.
func writeTable(out io.Writer, articles []article, outcomes []tally.Outcome) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  \t   for\tagainst\tblank\t")
	for i, a := range articles {
		o := &outcomes[i]
		blank, _ := o.Blank()
		verdict := "not adopted"
		if o.Of("for") > o.Of("against") {
			verdict = "adopted"
		}
		fmt.Fprintf(table, "  %s\t%6d\t%7d\t%5d\t%s\n", a.title, o.Of("for"), o.Of("against"), blank, verdict)
	}
	return table.Flush()
}
