// Command judge tests somebody's program that verifies records of elections:
//
//	go build -o /tmp/audit ./examples/audit
//	go run ./examples/judge -verifier "/tmp/audit -election {id} {dir}"
//
// It runs the program on every record of testdata/vectors, good and bad, and prints how many it judged right, by
// check. docs/spec/vectors.md has the protocol. The exit status is 0 if all are right, 1 if not or if
// that could not be found out, and 2 if judge was called wrongly.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/scrutin/scrutin/examples/internal/stage"
	"github.com/scrutin/scrutin/testdata/vectors"
)

const usage = `usage: judge -verifier COMMAND [-timeout DURATION]

Runs a program that verifies records on all records of testdata/vectors.

  -verifier COMMAND   the program, with arguments, separated by spaces; {dir} stands for the directory
                      of a record and {id} for the election id; without them, both follow
  -timeout DURATION   how long it may take for one record, 1m if not given

The program exits with 0 if the record is valid and has a result, else with 1. Then the last line that it writes
to standard output names the first check that fails, alone or after "INVALID: ", up to a colon; of a
record that is valid so far and has no result, it contains "NO RESULT".

Exit status of judge: 0 the program judged all records right, 1 not so or interrupted, 2 wrong usage.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Print(usage)
		err = nil
	}
	stage.Exit("judge", err)
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("judge", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	verifier := flags.String("verifier", "", "")
	timeout := flags.Duration("timeout", time.Minute, "")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return stage.Usagef("%v (-h explains the flags)", err)
	}
	command := strings.Fields(*verifier)
	if len(command) == 0 || flags.NArg() > 0 {
		return stage.Usagef("-verifier and a command in quotes are wanted (-h explains the flags)")
	}
	if _, err := exec.LookPath(command[0]); err != nil {
		return stage.Usagef("-verifier: %v", err)
	}
	if !strings.Contains(*verifier, "{dir}") && !strings.Contains(*verifier, "{id}") {
		command = append(command, "{dir}", "{id}")
	}
	records, err := vectors.Records()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "judge")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	trials, err := tryAll(ctx, records, dir, command, *timeout)
	if err != nil {
		return err
	}
	return report(out, trials)
}

// trial is what a program said of a record.
type trial struct {
	record *vectors.Record
	status int
	line   string // the last one that it wrote
	err    error  // it did not end as programs do
}

func tryAll(ctx context.Context, records []*vectors.Record, dir string, command []string, timeout time.Duration) ([]trial, error) {
	trials := make([]trial, len(records))
	next := make(chan int)
	errs := make([]error, runtime.GOMAXPROCS(0))
	var wait sync.WaitGroup
	for w := range errs {
		wait.Go(func() {
			for i := range next {
				place := filepath.Join(dir, fmt.Sprint(i))
				if err := records[i].Write(place); err != nil {
					errs[w] = err
					continue
				}
				trials[i] = try(ctx, records[i], place, command, timeout)
				os.RemoveAll(place)
			}
		})
	}
	for i := range records {
		next <- i
	}
	close(next)
	wait.Wait()
	return trials, errors.Join(append(errs, ctx.Err())...)
}

func try(ctx context.Context, r *vectors.Record, dir string, command []string, timeout time.Duration) trial {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	args := make([]string, len(command))
	for i, a := range command {
		args[i] = strings.NewReplacer("{dir}", dir, "{id}", r.Election).Replace(a)
	}
	c := exec.CommandContext(ctx, args[0], args[1:]...)
	c.WaitDelay = time.Second // for what the program leaves running
	output, err := c.Output()
	t := trial{record: r, line: lastLine(output)}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		t.err = fmt.Errorf("stopped after %v", timeout)
	case errors.As(err, &exit) && exit.Exited():
		t.status = exit.ExitCode()
	case err != nil:
		t.err = err
	}
	return t
}

func lastLine(output []byte) string {
	lines := strings.Split(string(bytes.TrimSpace(output)), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// named is the check that the last line names.
func (t *trial) named() string {
	if strings.Contains(t.line, noResult) {
		return noResult
	}
	line := t.line
	if _, after, found := strings.Cut(line, "INVALID: "); found {
		line = after
	}
	check, _, _ := strings.Cut(line, ":")
	return check
}

const noResult = "NO RESULT"

// wanted is the check that the last line should name; empty for a record that is valid and has a result.
func (t *trial) wanted() string {
	if t.record.NoResult {
		return noResult
	}
	return t.record.Step()
}

// said is the verdict in a few words.
func (t *trial) said() string {
	switch {
	case t.err != nil:
		return t.err.Error()
	case t.status == 0:
		return "accepts it"
	case t.status == 1:
		return fmt.Sprintf("refuses it for %.60q", t.named())
	}
	return fmt.Sprintf("exits with %d", t.status)
}

func (t *trial) right() bool {
	if t.err != nil {
		return false
	}
	if want := t.wanted(); want != "" {
		return t.status == 1 && t.named() == want
	}
	return t.status == 0
}

// report writes the table, what was misjudged, and the score. The error says that something was.
func report(out io.Writer, trials []trial) error {
	type score struct{ right, refused, accepted, all int }
	total := score{}
	scores := map[string]*score{}
	var groups []string
	for i := range trials {
		t := &trials[i]
		group := "good records"
		if t.record.Check != "" {
			group = t.record.Step()
		}
		s := scores[group]
		if s == nil {
			s = new(score)
			scores[group], groups = s, append(groups, group)
		}
		for _, s := range []*score{s, &total} {
			s.all++
			switch {
			case t.right():
				s.right++
			case t.err == nil && t.status == 0:
				s.accepted++
			default:
				s.refused++
			}
		}
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "check\trecords\tright\tfor another reason, or not judged\taccepted")
	for _, group := range groups {
		s := scores[group]
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\n", group, s.all, s.right, s.refused, s.accepted)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	for i := range trials {
		if t := &trials[i]; !t.right() {
			fmt.Fprintf(out, "WRONG: %s: %s\n  the verifier %s\n", t.record.Name, t.record.Why, t.said())
		}
	}
	fmt.Fprintf(out, "judge: %d of %d records are judged right: %d %%\n", total.right, total.all, 100*total.right/total.all)
	if total.right < total.all {
		return errors.New("the verifier misjudges some records")
	}
	return nil
}
