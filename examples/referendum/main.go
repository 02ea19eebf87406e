// Command referendum runs a whole secret, verifiable election on one machine.
//
// Registrar, trustees, voters, ballot box and auditor are processes of their own: the
// program starts itself with a role's name. They share nothing but a directory:
//
//	record/    the public record, which anybody audits
//	keys/      the public proving key
//	mail/      messages from one process to another, all public
//	private/   one directory for each process with what only it may read
//	noted/     the votes in clear, which this demonstration compares with the result
//
// The story is in this file; each role has a file of its own.
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
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/examples/internal/stage"
)

const usage = `usage: referendum [-voters 40] [-trustees 5] [-threshold 3] [-out DIR]
                  [-keys semaphore -artifacts DIR | -keys ceremony -setup DIR]

Runs a whole election: census, key ceremony, votes, tally, audit.

  -voters N      how many people vote, 1 to 100000 (default 40)
  -trustees N    how many trustees share the key, 2 to 64 (default 5)
  -threshold N   how many of them open the result, 2 to the number of trustees (default 3)
  -keys SOURCE   where the keys of the membership proofs come from: one-party, a set-up of
                 its own, for tests (default), semaphore, the public ceremony of Semaphore v4,
                 or ceremony, one that examples/setup held
  -artifacts DIR its files, which proof/zkey/download.sh fetches; for -keys semaphore
  -setup DIR     its files; for -keys ceremony
  -out DIR       a directory to make for the election, new or empty
                 (default: a new one for temporary files)
`

// roles are what the program is when it is started with the name as first argument.
var roles = map[string]func(ctx context.Context, dir string, number int) error{
	"registrar": registrar,
	"trustee":   trustee,
	"register":  register,
	"vote":      vote,
	"cheat":     cheat,
	"box":       keepBox,
	"share":     share,
	"open":      open,
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) == 4 && roles[os.Args[1]] != nil {
		number, err := strconv.Atoi(os.Args[3])
		if err == nil {
			err = roles[os.Args[1]](ctx, os.Args[2], number)
		}
		stage.Exit(os.Args[1]+" "+os.Args[3], err)
	}
	p, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		fmt.Print(usage)
		os.Exit(0)
	}
	if err == nil {
		err = p.run(ctx)
	}
	stage.Exit("referendum", err)
}

// play is what the flags ask for.
type play struct {
	voters, trustees, threshold int
	artifacts, setup            string // of Semaphore's ceremony, of another; both empty: a one-party set-up
	dir                         string
}

func parse(args []string) (*play, error) {
	var p play
	var keys string
	flags := flag.NewFlagSet("referendum", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.IntVar(&p.voters, "voters", 40, "")
	flags.IntVar(&p.trustees, "trustees", 5, "")
	flags.IntVar(&p.threshold, "threshold", 3, "")
	flags.StringVar(&keys, "keys", oneParty, "")
	flags.StringVar(&p.artifacts, "artifacts", "", "")
	flags.StringVar(&p.setup, "setup", "", "")
	flags.StringVar(&p.dir, "out", "", "")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil, err
		}
		return nil, stage.Usagef("%v (-h explains the flags)", err)
	}
	switch {
	case flags.NArg() > 0:
		return nil, stage.Usagef("%q is not a flag (-h explains the flags)", flags.Arg(0))
	case p.voters < 1 || p.voters > 100_000:
		return nil, stage.Usagef("-voters %d: 1 to 100000 voters are possible", p.voters)
	case p.trustees < 2 || p.trustees > 64:
		return nil, stage.Usagef("-trustees %d: 2 to 64 trustees are possible", p.trustees)
	case p.threshold < 2 || p.threshold > p.trustees:
		return nil, stage.Usagef("-threshold %d: 2 to %d of %d trustees are possible", p.threshold, p.trustees, p.trustees)
	case keys != oneParty && keys != semaphore && keys != ownCeremony:
		return nil, stage.Usagef("-keys %q: %s, %s and %s are possible", keys, oneParty, semaphore, ownCeremony)
	case (keys == semaphore) != (p.artifacts != ""):
		return nil, stage.Usagef("-keys semaphore and -artifacts DIR go together")
	case (keys == ownCeremony) != (p.setup != ""):
		return nil, stage.Usagef("-keys ceremony and -setup DIR go together")
	}
	var err error
	for _, dir := range []*string{&p.artifacts, &p.setup} {
		if *dir == "" {
			continue
		}
		if *dir, err = filepath.Abs(*dir); err != nil {
			return nil, err
		}
	}
	p.dir, err = stage.MakeDir("referendum", p.dir)
	if err != nil {
		return nil, err
	}
	return &p, nil
}

// run is the story of the election.
func (p *play) run(ctx context.Context) error {
	start := time.Now()
	d := desk(p.dir)
	whole, stop := context.WithCancel(ctx)
	crew, ctx := stage.NewCrew(whole)
	defer func() { // whatever failed, no process stays behind
		stop()
		_ = crew.Wait()
	}()
	fail := func(err error) error {
		// The failure of a process is the reason why waiting for it ended.
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return err
	}
	if err := d.writePlay(p); err != nil {
		return err
	}

	chapter("Registration", "every voter makes an identity and proves to the registrar that she knows its secret")
	progress := stage.NewProgress("registering", p.voters)
	if err := stage.RunAll(ctx, runtime.NumCPU(), p.each("register", p.voters), progress.Set); err != nil {
		return fail(err)
	}
	progress.Finish()

	chapter("Census", "the registrar builds the Merkle tree of the commitments and publishes it")
	for _, role := range []string{"registrar", "box"} {
		if err := crew.Start(role, p.dir, "0"); err != nil {
			return fail(err)
		}
	}
	if _, err := stage.Take(ctx, d.record("census", "census.json")); err != nil {
		return fail(err)
	}
	say("%d voters on the roll; membership keys by %s", p.voters, p.keysText())

	chapter("Key ceremony", fmt.Sprintf("%d trustees make one key; any %d can open sums with it, fewer learn nothing", p.trustees, p.threshold))
	if err := p.ceremony(ctx, crew); err != nil {
		return fail(err)
	}

	chapter("Manifest", "the paper, the census and the key are fixed; the trustees sign the election id")
	if _, err := stage.Take(ctx, d.record("signatures.json")); err != nil {
		return fail(err)
	}
	manifest, err := d.manifest()
	if err != nil {
		return fail(err)
	}
	id := manifest.ID()
	say("election %s", id)

	chapter("Voting", "every voter proves membership, encrypts, casts and checks the receipt")
	progress = stage.NewProgress("voting", p.voters)
	if err := stage.RunAll(ctx, runtime.NumCPU(), p.each("vote", p.voters), progress.Set); err != nil {
		return fail(err)
	}
	progress.Finish()
	say("%d ballots of %d bytes were cast", len(stage.List(d.mail("ballots"), "*.receipt")), manifest.BallotBytes())

	chapter("Bad ballots", "a dishonest voter tries the box, which refuses with a reason that it signs")
	if err := stage.Run(ctx, "cheat", p.dir, strconv.Itoa(p.voters)); err != nil {
		return fail(err)
	}

	chapter("Closing", "the box seals its log (its clock is put forward to the closing hour)")
	if err := stage.Put(d.mail("closing"), nil); err != nil {
		return fail(err)
	}
	if _, err := stage.Take(ctx, d.record("log", "checkpoint")); err != nil {
		return fail(err)
	}
	if err := crew.Wait(); err != nil { // registrar, trustees and box have done their part
		return err
	}

	chapter("Tally", "trustees audit the record, endorse one checkpoint and publish shares of the sums")
	if err := p.tally(whole, manifest); err != nil {
		return err
	}

	var setup []string
	if p.setup != "" {
		setup = []string{"-setup", p.setup}
	}
	fmt.Printf("\nThe whole election took %.0f s. Its record is public; audit it with\n\n    %s\n",
		time.Since(start).Seconds(), stage.AuditCommand(id, d.record(), setup...))
	return nil
}

// ceremony starts the trustees, kills one in the middle and starts it again, and carries
// the messages between them, shuffled and twice, until the transcript is published.
func (p *play) ceremony(ctx context.Context, crew *stage.Crew) (err error) {
	d := desk(p.dir)
	victim, err := stage.Start(ctx, "trustee", p.dir, "1")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil && victim != nil {
			victim.Kill()
		}
	}()
	for j := 2; j <= p.trustees; j++ {
		if err := crew.Start("trustee", p.dir, strconv.Itoa(j)); err != nil {
			return err
		}
	}
	killed := false
	for !stage.Exists(d.record("ceremony.json")) {
		if err := d.deliver(p.trustees); err != nil {
			return err
		}
		if !killed && len(stage.List(d.mail("ceremony", "from-1"), "*")) >= 2 {
			victim.Kill()
			killed = true
			say("trustee 1 was killed after its commitment and is started again")
			if victim, err = stage.Start(ctx, "trustee", p.dir, "1"); err != nil {
				return err
			}
		}
		if err := stage.Pause(ctx); err != nil {
			return err
		}
	}
	crew.Watch(victim)
	if !killed {
		return errors.New("the ceremony ended before trustee 1 could be killed")
	}
	say("messages were delivered shuffled and twice; the transcript is public")
	return nil
}

// tally lets the trustees do their part, all but one if the quorum allows it, and opens.
func (p *play) tally(ctx context.Context, m *ballot.Manifest) error {
	crew, _ := stage.NewCrew(ctx)
	present := p.trustees
	if m.Quorum() < p.trustees {
		present--
		say("trustee %d is offline; %d of %d must endorse, %d shares open", p.trustees, m.Quorum(), p.trustees, p.threshold)
	} else {
		say("all %d trustees must endorse: with %d of %d none may be offline", p.trustees, p.threshold, p.trustees)
	}
	for j := 1; j <= present; j++ {
		if err := crew.Start("share", p.dir, strconv.Itoa(j)); err != nil {
			return err
		}
	}
	if err := crew.Wait(); err != nil {
		return err
	}
	return stage.Run(ctx, "open", p.dir, "0")
}

// each returns the arguments of one process for each number from 1 to n.
func (p *play) each(role string, n int) [][]string {
	lists := make([][]string, n)
	for i := range lists {
		lists[i] = []string{role, p.dir, strconv.Itoa(i + 1)}
	}
	return lists
}

func chapter(title, text string) { fmt.Printf("\n%s: %s\n", strings.ToUpper(title), text) }

func say(format string, args ...any) { fmt.Printf("  "+format+"\n", args...) }
