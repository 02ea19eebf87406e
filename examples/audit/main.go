// Command audit replays the public record of an election and prints what it found.
//
//	audit -election ID DIR
//	audit -election ID -setup SETUP [-powers FILE] DIR
//	audit -election ID -tracker TRACKER DIR
//	audit -election ID -receipt FILE -ballot FILE DIR
//	audit -election ID -evidence FILE DIR
//
// DIR is the record. ID is the election id, which the auditor knows from elsewhere: from the
// letter to the voters, say. The exit status is 0 if the record is valid and has a result, 1
// if a check fails, which the last line names, 2 if the program was called wrongly, and 3 if it
// could not tell, because a file could not be read. (One that is missing from a record is a check that fails.)
//
// With -setup, the membership keys are accepted only if the ceremony that made them, whose files are
// in SETUP, replays and ends in them.
//
// The other calls look at the ballot boxes alone: where the ballot with a tracker stands in the
// published logs; whether the log honours a voter's receipt, and if not, the evidence; and whether
// a file of evidence proves that the operator of a box has cheated. Their exit status is 0 for yes,
// 1 for no, and 3 if they could not tell, which says nothing against anybody.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/examples/internal/stage"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/tally"
)

const usage = `usage: audit -election ID [-strict] [-setup SETUP [-powers FILE]] [-state FILE] [-json] DIR
       audit -election ID -tracker TRACKER DIR
       audit -election ID -receipt FILE -ballot FILE DIR
       audit -election ID -evidence FILE DIR

Replays the public record of an election in the directory DIR.

  -election ID      the election id, 64 hexadecimal digits, as known from elsewhere
  -strict           refuse membership keys made by one party, as elections for tests have;
                    without it they are accepted, and the report names them
  -setup SETUP      replay the ceremony of the membership keys from the files in this directory,
                    and refuse keys that it did not end in
  -powers FILE      with -setup: the .ptau file of the public ceremony that it began with, if it
                    did not make powers of its own
  -state FILE       keep what was verified in this file, outside of DIR, and go on after what an
                    earlier audit left there; whoever can write it can change the report
  -json             print the report as JSON

Instead of the whole audit:

  -tracker TRACKER  find the ballot with this tracker in the published log, or in each of several;
                    logs that are absent or broken are named and left out
  -receipt FILE     check that the published log honours the receipt of the ballot in
  -ballot FILE      this file; if it does not, the evidence goes to the receipt's name
                    with .evidence.json
  -evidence FILE    check evidence against the operator of the ballot box; DIR may be the
                    manifest alone

Exit status: 0 the record is valid and has a result (the ballot was found, the receipt is
honoured, the evidence holds), 1 not so, 2 wrong usage, 3 it cannot be told: a file could not be
read or, of those that a tracker, receipt or evidence needs, is missing, damaged or of another
election, or the log is still too short.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Print(usage)
		err = nil
	}
	if err != nil && !errors.Is(err, errInvalid) { // of which the output says all
		fmt.Fprintf(os.Stderr, "audit: %s\n", stage.Line(err))
	}
	os.Exit(status(err))
}

// errInvalid is the answer no.
var errInvalid = errors.New("not valid")

// status is the exit status for what run returns.
func status(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errInvalid):
		return 1
	case errors.Is(err, stage.ErrUsage):
		return 2
	}
	return 3
}

// options are what the flags say.
type options struct {
	election                           ballot.ElectionID
	strict, json                       bool
	tracker, receipt, ballot, evidence string
	setup, powers, state               string
	path                               string // the record; with evidence also a manifest
}

func parse(args []string) (*options, error) {
	var o options
	flags := flag.NewFlagSet("audit", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	election := flags.String("election", "", "")
	flags.BoolVar(&o.strict, "strict", false, "")
	flags.BoolVar(&o.json, "json", false, "")
	flags.StringVar(&o.setup, "setup", "", "")
	flags.StringVar(&o.powers, "powers", "", "")
	flags.StringVar(&o.state, "state", "", "")
	flags.StringVar(&o.tracker, "tracker", "", "")
	flags.StringVar(&o.receipt, "receipt", "", "")
	flags.StringVar(&o.ballot, "ballot", "", "")
	flags.StringVar(&o.evidence, "evidence", "", "")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil, err
		}
		return nil, stage.Usagef("%v (-h explains the flags)", err)
	}
	if *election == "" {
		return nil, stage.Usagef("-election is missing: a record cannot vouch for itself (-h explains the flags)")
	}
	var err error
	if o.election, err = ballot.ParseElectionID(*election); err != nil {
		return nil, stage.Usagef("-election %q: 64 lower-case hexadecimal digits are wanted", *election)
	}
	flags.Visit(func(f *flag.Flag) {
		if f.Value.String() == "" {
			err = stage.Usagef("-%s is empty (-h explains the flags)", f.Name)
		}
	})
	if err != nil {
		return nil, err
	}
	if (o.receipt == "") != (o.ballot == "") {
		return nil, stage.Usagef("-receipt and -ballot are wanted together: a receipt is that of a ballot")
	}
	asked := 0
	for _, flag := range []string{o.tracker, o.receipt, o.evidence} {
		if flag != "" {
			asked++
		}
	}
	if o.powers != "" && o.setup == "" {
		return nil, stage.Usagef("-powers goes with -setup")
	}
	if asked > 1 || asked == 1 && (o.json || o.strict || o.setup != "" || o.state != "") {
		return nil, stage.Usagef("one of -tracker, -receipt and -evidence goes alone (-h explains the flags)")
	}
	if flags.NArg() != 1 {
		return nil, stage.Usagef("one directory is wanted, %d arguments are given (-h explains the flags)", flags.NArg())
	}
	o.path = flags.Arg(0)
	info, err := os.Stat(o.path)
	if err != nil {
		return nil, stage.Usagef("%v", err)
	}
	if !info.IsDir() && o.evidence == "" {
		return nil, stage.Usagef("%s is not a directory", o.path)
	}
	if info.IsDir() && o.evidence != "" {
		o.path = filepath.Join(o.path, tally.ManifestFile)
	}
	return &o, nil
}

func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	switch {
	case o.tracker != "":
		return o.find(ctx, out)
	case o.receipt != "":
		return o.checkReceipt(out)
	case o.evidence != "":
		return o.checkEvidence(out)
	}
	return o.audit(ctx, out)
}

// audit replays the whole record.
func (o *options) audit(ctx context.Context, out io.Writer) error {
	var progress *stage.Progress
	replayed := false
	options := &tally.AuditOptions{
		State: o.state,
		Progress: func(done, total uint64) {
			if progress == nil {
				progress = stage.NewProgress("auditing ballots", int(total))
			}
			progress.Set(int(done))
		},
	}
	switch {
	case o.setup != "":
		options.CheckSetUp = func(ctx context.Context, m *ballot.Manifest, key *proof.VerifyingKey) error {
			replayed = true
			return stage.CheckSetUp(o.setup, o.powers)(ctx, m, key)
		}
	case !o.strict:
		options.AcceptKeys = []string{proof.OneParty}
	}
	report, err := tally.Audit(ctx, os.DirFS(o.path), o.election, options)
	if progress != nil {
		progress.Finish()
	}
	var failed *tally.CheckError // of the manifest: there is no report
	if errors.As(err, &failed) {
		fmt.Fprintf(out, "audit: INVALID: %s: %v\n", failed.Check, failed.Err)
		return errInvalid
	}
	if err != nil {
		return err
	}
	write := report.WriteText
	if o.json {
		write = report.WriteJSON
	}
	if err := write(out); err != nil {
		return err
	}
	switch {
	case report.Err() != nil || report.Result == nil:
		return errInvalid
	case o.setup != "" && !replayed:
		return stage.Usagef("the keys are of the %s, which -setup has no part in: leave it out", proof.Semaphore)
	}
	return nil
}
