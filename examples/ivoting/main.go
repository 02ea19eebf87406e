// Command ivoting holds one election with five ballot boxes, run by five operators. One of them
// lies, one is late, and one goes down in the middle of the day and never comes back.
//
// Each voter sends her ballot to one box after the other until she has receipts of three. The
// logs of all boxes together give the exact result: no ballot is lost as long as fewer than
// three boxes lie or are missing. The receipts of the box that lied prove what its operator did,
// to anyone who has the manifest.
//
// The story is in this file; operators, voters and evidence have files of their own.
package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/examples/internal/poll"
)

const usage = `usage: ivoting [-voters 40] [-out DIR]

Holds an election with five ballot boxes: one lies, one is late, one goes down. The result is
exact all the same, and a file of evidence convicts the box that lied.

  -voters N   how many people vote, 1 to 1000 or "all" (default 40)
  -out DIR    a directory to make for the election, new or empty
              (default: a new one for temporary files)
`

// copies is of how many boxes a voter wants a receipt. One box lies and one will be missing;
// with three copies every ballot has a receipt of another one.
const copies = 3

// everyNth voter votes again in the evening.
const everyNth = 5

var program = poll.Program{Name: "ivoting", Usage: usage, Voters: 40, Most: 1000, Story: story}

func main() { program.Main() }

func story(ctx context.Context, voters int, dir string, out io.Writer) error {
	s := &scene{dir: dir, out: out, operators: newOperators(), voters: make([]*voter, voters)}
	return s.play(ctx)
}

// scene is what the chapters of the story have in common.
type scene struct {
	hall      *poll.Hall
	dir       string
	out       io.Writer
	operators []*operator // by number, from 1
	voters    []*voter    // by number, from 0; nil: has not voted yet
}

func (s *scene) say(format string, args ...any) { poll.Say(s.out, format, args...) }

// play is the story of the election.
func (s *scene) play(ctx context.Context) error {
	e := &poll.Election{
		Name:      "ivoting",
		Title:     title,
		Questions: []ballot.Question{question()},
		Voters:    len(s.voters),
		Revotes:   1,
		Copies:    copies,
		Poll: func(h *poll.Hall) []poll.Step {
			s.hall = h
			return []poll.Step{
				{Title: "Morning", Do: s.morning,
					Text: "four boxes open; a ballot is cast when its voter has the receipts of three"},
				{Title: "Afternoon", Do: s.afternoon,
					Text: "voting goes on, until one box goes down"},
				{Title: "Evening", Do: s.evening,
					Text: "the late box opens and reads its mail; the others vote, and some vote again, at other boxes"},
				{Title: "Closing", Do: s.closing,
					Text: "the boxes that are left seal and publish their logs (their clock is put forward to the closing hour)"},
				{Title: "Receipts", Do: s.checkReceipts,
					Text: "every voter's device asks whether the published logs keep what the receipts promise"},
			}
		},
	}
	for _, o := range s.operators {
		e.Boxes = append(e.Boxes, o.name)
	}
	s.say("%d voters, %d boxes, %d receipts for each ballot", len(s.voters), len(e.Boxes), copies)

	held, err := poll.Hold(ctx, e, s.dir, s.out)
	if err != nil {
		return err
	}
	if err := s.writeMerge(held); err != nil {
		return err
	}
	opened, noted := held.Report.Result.Questions[0].Tally, plainCount(s.voters)
	if err := noted.Compare(opened); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "\nRESULT: the opened counts beside the votes that were noted in the clear\n")
	if err := writeResult(s.out, opened, noted); err != nil {
		return err
	}
	s.say("the opened result and the noted votes agree")
	return held.Finish(s.out)
}

// morning opens all boxes but the late one. At noon they publish what they have.
func (s *scene) morning(ctx context.Context) error {
	for _, o := range s.operators {
		if o != s.late() {
			if err := o.open(s.hall); err != nil {
				return err
			}
		}
	}
	s.say("%s is not open yet: what it is sent lies in its mail", s.late())
	if err := s.vote(ctx, 0, s.third(1)); err != nil {
		return err
	}
	s.say("at noon the boxes publish their logs")
	for _, o := range s.operators {
		if err := o.publish(s.hall); err != nil {
			return err
		}
	}
	return nil
}

// afternoon ends with a box that goes down. What it published at noon is all that is left of it.
func (s *scene) afternoon(ctx context.Context) error {
	if err := s.vote(ctx, s.third(1), s.third(2)); err != nil {
		return err
	}
	o := s.unlucky()
	logged := o.box.Checkpoint().Size
	if err := o.goDown(); err != nil {
		return err
	}
	s.say("%s goes down with %d ballots, and never comes back", o, logged)
	return nil
}

func (s *scene) evening(ctx context.Context) error {
	o := s.late()
	if err := o.open(s.hall); err != nil {
		return err
	}
	n, err := o.readMail(ctx)
	if err != nil {
		return err
	}
	s.say("%s opens, and takes %d ballots out of its mail", o, n)
	if err := s.vote(ctx, s.third(2), len(s.voters)); err != nil {
		return err
	}
	return s.voteAgain(ctx)
}

func (s *scene) closing(ctx context.Context) error {
	s.hall.PutForward()
	for _, o := range s.operators {
		if o.box == nil {
			s.say("%s is down: the record keeps the log that it published at noon", o)
			continue
		}
		if err := o.seal(ctx, s.hall); err != nil {
			return err
		}
		s.say("%s seals %d ballots", o, o.box.Checkpoint().Size)
	}
	return nil
}

// third is the number of the first voter after so many thirds of them.
func (s *scene) third(n int) int { return (n*len(s.voters) + 2) / 3 }

// writeMerge writes what the audit found of each box.
func (s *scene) writeMerge(held *poll.Held) error {
	r := held.Report
	fmt.Fprintf(s.out, "\nMERGE: the ballots of all logs are one set, and of each voter's the last one counts\n")
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  box\tlog\tballots\tin no other log\tonly in others")
	for i, b := range r.Boxes {
		fmt.Fprintf(table, "  %v\t%s\t%7d\t%15d\t%14d\n", s.operators[i], b.State, b.Ballots, b.Only, b.Lacks)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	s.say("%d entries in %d logs = %d repeated + %d superseded + %d counted",
		r.Logged, len(r.Boxes), r.Repeated, r.Superseded, r.Counted)
	if int(r.Counted) != len(s.voters) {
		return fmt.Errorf("%d ballots count, %d voters voted", r.Counted, len(s.voters))
	}
	return nil
}
