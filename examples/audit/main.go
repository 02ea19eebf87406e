// Command audit replays the public record of an election and prints what it found.
//
//	audit -election ID DIR
//
// DIR is the record. ID is the election id, which the auditor knows from elsewhere: from the
// letter to the voters, say. The exit status is 0 if the record is valid and has a result, 1
// if a check fails, which the last line names, and 2 if the program was called wrongly.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/examples/internal/stage"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/tally"
)

const usage = `usage: audit -election ID DIR

Replays the public record of an election in the directory DIR.

  -election ID   the election id, 64 hexadecimal digits, as known from elsewhere
  -strict        refuse membership keys made by one party, as elections for tests have;
                 without it they are accepted, and the report names them

Exit status: 0 the record is valid and has a result, 1 a check fails, 2 wrong usage.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Print(usage)
		err = nil
	case errors.Is(err, errInvalid): // the report says it
		os.Exit(1)
	}
	stage.Exit("audit", err)
}

var errInvalid = errors.New("the record is not valid")

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("audit", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	election := flags.String("election", "", "")
	strict := flags.Bool("strict", false, "")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return stage.Usagef("%v (-h explains the flags)", err)
	}
	if *election == "" {
		return stage.Usagef("-election is missing: a record cannot vouch for itself (-h explains the flags)")
	}
	id, err := ballot.ParseElectionID(*election)
	if err != nil {
		return stage.Usagef("-election %q: 64 lower-case hexadecimal digits are wanted", *election)
	}
	if flags.NArg() != 1 {
		return stage.Usagef("one directory is wanted, %d arguments are given (-h explains the flags)", flags.NArg())
	}
	dir := flags.Arg(0)
	if info, err := os.Stat(dir); err != nil {
		return stage.Usagef("%v", err)
	} else if !info.IsDir() {
		return stage.Usagef("%s is not a directory", dir)
	}

	var progress *stage.Progress
	options := &tally.AuditOptions{
		Progress: func(done, total uint64) {
			if progress == nil {
				progress = stage.NewProgress("auditing ballots", int(total))
			}
			progress.Set(int(done))
		},
	}
	if !*strict {
		options.AcceptKeys = []string{proof.OneParty}
	}
	report, err := tally.Audit(ctx, os.DirFS(dir), id, options)
	if progress != nil {
		progress.Finish()
	}
	if errors.Is(err, tally.ErrInvalid) {
		fmt.Printf("audit: INVALID: %v\n", err)
		return errInvalid
	}
	if err != nil {
		return err
	}
	if err := report.WriteText(os.Stdout); err != nil {
		return err
	}
	if report.Err() != nil || report.Result == nil {
		return errInvalid
	}
	return nil
}
