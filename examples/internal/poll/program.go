package poll

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"

	"github.com/scrutin/scrutin/examples/internal/stage"
)

// Program is a command that holds one election:
//
//	name [-voters N] [-out DIR]
type Program struct {
	Name   string
	Usage  string // what -h prints
	Voters int    // how many vote without -voters
	Most   int    // how many can vote, and do with -voters all

	// Story holds the election in a directory that is new or empty, and tells of it on out.
	Story func(ctx context.Context, voters int, dir string, out io.Writer) error
}

// Main runs the program and ends it.
func (p *Program) Main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	stage.Exit(p.Name, p.Run(ctx, os.Args[1:], os.Stdout))
}

// Run runs the program with these arguments. Errors of its user are of kind stage.ErrUsage.
func (p *Program) Run(ctx context.Context, args []string, out io.Writer) error {
	voters, dir, err := p.parse(args)
	if errors.Is(err, flag.ErrHelp) {
		_, err := io.WriteString(out, p.Usage)
		return err
	}
	if err != nil {
		return err
	}
	return p.Story(ctx, voters, dir, out)
}

func (p *Program) parse(args []string) (voters int, dir string, err error) {
	flags := flag.NewFlagSet(p.Name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	number := flags.String("voters", strconv.Itoa(p.Voters), "")
	flags.StringVar(&dir, "out", "", "")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0, "", err
		}
		return 0, "", stage.Usagef("%v (-h explains the flags)", err)
	}
	if flags.NArg() > 0 {
		return 0, "", stage.Usagef("%q is not a flag (-h explains the flags)", flags.Arg(0))
	}
	voters, err = strconv.Atoi(*number)
	if *number == "all" {
		voters, err = p.Most, nil
	}
	if err != nil || voters < 1 || voters > p.Most {
		return 0, "", stage.Usagef("-voters %s: 1 to %d voters are possible, or all", *number, p.Most)
	}
	dir, err = stage.MakeDir(p.Name, dir)
	return voters, dir, err
}

// Say writes one indented line.
func Say(out io.Writer, format string, args ...any) { fmt.Fprintf(out, "  "+format+"\n", args...) }
