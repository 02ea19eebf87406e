package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/examples/internal/stage"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/tally"
)

// audit replays the record from its public files. Everybody here knows the election id from
// the manifest that the trustees signed; a real auditor has it from elsewhere.
func (d desk) audit(ctx context.Context) (*tally.Report, error) {
	m, err := d.manifest()
	if err != nil {
		return nil, err
	}
	p, err := d.readPlay()
	if err != nil {
		return nil, err
	}
	options := &tally.AuditOptions{}
	switch {
	case m.Membership().Provenance == proof.OneParty:
		options.AcceptKeys = []string{proof.OneParty}
	case p.setup != "":
		options.CheckSetUp = stage.CheckSetUp(p.setup, "")
	}
	r, err := tally.Audit(ctx, os.DirFS(d.record()), m.ID(), options)
	if err != nil {
		return nil, err
	}
	return r, r.Err()
}

// share is a trustee's process after the vote: she audits the record, endorses the
// checkpoint, waits for a quorum, and publishes her share of the sums.
func share(ctx context.Context, dir string, number int) error {
	d := desk(dir)
	t, err := d.openTrustee(number)
	if err != nil {
		return err
	}
	record, err := tally.OpenRecord(d.record())
	if err != nil {
		return err
	}
	report, err := d.audit(ctx)
	if err != nil {
		return err
	}
	endorsement, err := t.Endorse(report)
	if err != nil {
		return err
	}
	if err := record.WriteEndorsement(endorsement); err != nil {
		return err
	}
	m, err := d.manifest()
	if err != nil {
		return err
	}
	for len(stage.List(d.record(tally.SharesDir), "endorsement-*")) < m.Quorum() {
		if err := stage.Pause(ctx); err != nil {
			return err
		}
	}
	if report, err = d.audit(ctx); err != nil {
		return err
	}
	s, err := t.Share(report)
	if err != nil {
		return err
	}
	return record.WriteShare(s)
}

// open is the auditor's process: the shares open the result, which is published, printed,
// and compared with the votes that the voters noted in the clear.
func open(ctx context.Context, dir string, _ int) error {
	d := desk(dir)
	report, err := d.audit(ctx)
	if err != nil {
		return err
	}
	if report.Result == nil {
		return errors.New("there are not enough shares to open the result")
	}
	record, err := tally.OpenRecord(d.record())
	if err != nil {
		return err
	}
	if err := record.WriteResult(report.Result); err != nil {
		return err
	}
	say("%d ballots in the log, %d superseded, %d counted\n", report.Logged, report.Superseded, report.Counted)
	m, err := d.manifest()
	if err != nil {
		return err
	}
	noted, err := d.noted()
	if err != nil {
		return err
	}
	return compare(m, report.Result, noted)
}

// tallies counts the votes of one question, by option; "" is blank.
type tallies map[ballot.QuestionID]map[ballot.OptionID]uint64

func (d desk) noted() (tallies, error) {
	total := tallies{"bylaw": {}, "projects": {}}
	for _, path := range stage.List(d.path("noted"), "*.json") {
		b, err := stage.Read(path)
		if err != nil {
			return nil, err
		}
		var c choice
		if err := json.Unmarshal(b, &c); err != nil {
			return nil, err
		}
		total["bylaw"][c.Bylaw]++
		for _, option := range c.Projects {
			total["projects"][option]++
		}
	}
	return total, nil
}

// compare prints the opened result beside the noted votes, and fails if they differ.
func compare(m *ballot.Manifest, result *tally.Result, noted tallies) error {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	same := true
	for i, q := range m.Questions() {
		outcome := &result.Questions[i]
		fmt.Fprintf(table, "  %s\topened\tnoted\n", q.Title["en"])
		row := func(name string, opened, noted uint64) {
			fmt.Fprintf(table, "    %s\t%6d\t%5d\n", name, opened, noted)
			same = same && opened == noted
		}
		for _, option := range q.Options {
			row(option.Title["en"], outcome.Of(option.ID), noted[q.ID][option.ID])
		}
		if blank, ok := outcome.Blank(); ok {
			row("blank", blank, noted[q.ID][""])
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if !same {
		return errors.New("the result differs from the votes that were noted")
	}
	say("the opened result and the noted votes agree")
	return nil
}
