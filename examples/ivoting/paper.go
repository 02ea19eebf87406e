package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/examples/internal/poll"
)

var title = ballot.Text{"en": "Alderbrook, election of the mayor 2026"}

var candidates = []struct {
	id   ballot.OptionID
	name string
}{{"amari", "Amari"}, {"brandt", "Brandt"}, {"costa", "Costa"}}

// papers are what a voter can choose; "" is blank.
var papers = []ballot.OptionID{"amari", "brandt", "costa", ""}

func question() ballot.Question {
	q := ballot.Question{
		ID:    "mayor",
		Title: ballot.Text{"en": "Who shall be mayor?"},
		Rule:  ballot.Choice{Min: 1, Max: 1, Blank: true},
	}
	for _, c := range candidates {
		q.Options = append(q.Options, ballot.Option{ID: c.id, Title: ballot.Text{"en": c.name}})
	}
	return q
}

func voteFor(option ballot.OptionID) map[ballot.QuestionID]ballot.Vote {
	v := ballot.Blank()
	if option != "" {
		v = ballot.Choose(option)
	}
	return map[ballot.QuestionID]ballot.Vote{"mayor": v}
}

func counterOf(option ballot.OptionID) poll.Counter {
	if option == "" {
		return poll.Counter{Label: ballot.BlankLabel}
	}
	return poll.Counter{Option: option}
}

// plainCount counts the voters' last votes in the clear.
func plainCount(voters []*voter) poll.Count {
	count := poll.Count{}
	for _, v := range voters {
		count[counterOf(v.noted)]++
	}
	return count
}

// writeResult writes the opened counts beside those of the votes that were noted.
func writeResult(out io.Writer, opened ballot.Tally, noted poll.Count) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  \topened\tnoted")
	for _, c := range candidates {
		fmt.Fprintf(table, "  %s\t%6d\t%5d\n", c.name, opened.Of(c.id), noted[counterOf(c.id)])
	}
	fmt.Fprintf(table, "  blank\t%6d\t%5d\n", opened.At("", ballot.BlankLabel), noted[counterOf("")])
	return table.Flush()
}
