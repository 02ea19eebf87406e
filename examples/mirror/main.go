// Command mirror watches the published log of a ballot box, as an observer of an election does.
//
//	mirror -keygen witness.example.org/w1 -key w1.key
//	mirror -from https://box.example.org/log -manifest manifest.json -key w1.key -to DIR
//
// It copies the log into DIR, which any web server can publish, and checks every step: each file
// against the box's signed checkpoint, each checkpoint against the last one. It cosigns what it
// has seen, so that others need not watch for themselves. It ends when the log is closed. If the box
// contradicts itself, the mirror stops with exit status 1 and leaves a file that proves the fraud to
// anyone:
//
//	audit -election ID -evidence DIR.evidence.json manifest.json
//
// A checkpoint that the box signed, but whose files it does not show, is kept in DIR.unproven and
// compared as soon as the copy has grown beyond it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/examples/internal/stage"
)

const usage = `usage: mirror -from URL -manifest FILE -key FILE -to DIR [-every 5s] [-once]
       mirror -keygen NAME -key FILE

Copies the published log of a ballot box, checks and cosigns it, and goes on as it grows, until
the log is closed.

  -from URL        where the box publishes its log: the prefix of checkpoint and tile/
  -manifest FILE   the election's manifest, whose id is known from elsewhere
  -key FILE        the witness's secret key
  -to DIR          the copy, with the cosigned checkpoint; beside it DIR.witness remembers the
                   last one, and DIR.unproven keeps signed ones that could not be compared
  -every TIME      the pause between two looks (default 5s)
  -timeout TIME    the longest that one file may take (default 1m)
  -once            look once
  -keygen NAME     make a key for a witness of this name, and print the public key

Exit status: 0 the log is closed and copied to its end (or: -once, and it is copied as it is; or:
interrupted, and all was well so far), 1 the box has cheated and DIR.evidence.json proves it,
2 wrong usage, 3 no copy could be made, or DIR or DIR.witness is damaged.
`

// errCheated means that evidence was found and written.
var errCheated = errors.New("the box has cheated")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Print(usage)
		err = nil
	case errors.Is(err, errCheated), errors.Is(err, stage.ErrUsage), err == nil:
	default:
		fmt.Fprintf(os.Stderr, "mirror: %s\n", stage.Line(err))
		os.Exit(3)
	}
	stage.Exit("mirror", err)
}

// options are what the flags say.
type options struct {
	from, manifest, key, to, keygen string
	every, timeout                  time.Duration
	once                            bool
}

func parse(args []string) (*options, error) {
	var o options
	flags := flag.NewFlagSet("mirror", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.from, "from", "", "")
	flags.StringVar(&o.manifest, "manifest", "", "")
	flags.StringVar(&o.key, "key", "", "")
	flags.StringVar(&o.to, "to", "", "")
	flags.StringVar(&o.keygen, "keygen", "", "")
	flags.DurationVar(&o.every, "every", 5*time.Second, "")
	flags.DurationVar(&o.timeout, "timeout", time.Minute, "")
	flags.BoolVar(&o.once, "once", false, "")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil, err
		}
		return nil, stage.Usagef("%v (-h explains the flags)", err)
	}
	switch {
	case flags.NArg() > 0:
		return nil, stage.Usagef("%q is not a flag (-h explains the flags)", flags.Arg(0))
	case o.key == "":
		return nil, stage.Usagef("-key is missing (-h explains the flags)")
	case o.keygen != "":
		return &o, nil
	case o.from == "" || o.manifest == "" || o.to == "":
		return nil, stage.Usagef("-from, -manifest and -to are wanted (-h explains the flags)")
	case o.every <= 0 || o.timeout <= 0:
		return nil, stage.Usagef("-every %s, -timeout %s: more than nothing is wanted", o.every, o.timeout)
	}
	if u, err := url.Parse(o.from); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, stage.Usagef("-from %q: a URL such as https://box.example.org/log is wanted", o.from)
	}
	return &o, nil
}

func run(ctx context.Context, args []string, out io.Writer) (err error) {
	o, err := parse(args)
	if err != nil {
		return err
	}
	if o.keygen != "" {
		return keygen(o, out)
	}
	raw, err := stage.Read(o.manifest)
	if err != nil {
		return stage.Usagef("-manifest: %v", err)
	}
	m, err := ballot.ParseManifest(raw)
	if err != nil {
		return stage.Usagef("-manifest %s: %v", o.manifest, err)
	}
	skey, err := stage.Read(o.key)
	if err != nil {
		return stage.Usagef("-key: %v", err)
	}
	to, err := filepath.Abs(o.to) // of "." too the name is known, for the files beside it
	if err != nil {
		return err
	}
	proof := to + ".evidence.json"
	if found, err := known(m, proof); err != nil {
		return err
	} else if found != nil {
		return fmt.Errorf("%w: %v (%s)", errCheated, found, proof)
	}
	w, err := box.OpenWitness(to+".witness", m, box.WitnessConfig{Key: strings.TrimSpace(string(skey))})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	fmt.Fprintf(out, "mirror: election %s, witness %s\n", m.ID(), w.Key())

	kept := unproven(to + ".unproven")
	defer func() {
		if names, _ := kept.names(); len(names) > 0 {
			fmt.Fprintf(out, "mirror: %d signed checkpoints could not be compared with the copy; they are kept in %s\n", len(names), kept)
		}
	}()
	site := newSite(o.from, o.timeout)
	var last box.Checkpoint
	for {
		c, err := w.Mirror(ctx, site.at(ctx), to)
		evidence := new(box.Evidence)
		if !errors.As(err, &evidence) {
			evidence = nil
			if err := kept.keep(err); err != nil {
				return err
			}
		}
		if err == nil && c.Digest() != last.Digest() {
			last = *c
			fmt.Fprintf(out, "mirror: %d ballots, root %s, closed: %t\n", c.Size, c.Hash, c.Closed)
			if evidence, err = kept.compare(m, c, to); err != nil {
				return err
			}
		}
		switch {
		case evidence != nil:
			if err := stage.Put(proof, evidence.Bytes()); err != nil {
				return errors.Join(evidence, err)
			}
			return fmt.Errorf("%w: %v\nthe proof is in %s", errCheated, evidence, proof)
		case err != nil && (o.once || errors.Is(err, box.ErrDamaged)): // which no waiting mends
			return err
		case ctx.Err() != nil:
			return nil // interrupted
		case err != nil:
			fmt.Fprintf(out, "mirror: %s; trying again\n", stage.Line(err))
		case o.once || c.Closed:
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(o.every):
		}
	}
}

// known returns the evidence that an earlier run left: there is nothing more to watch for.
func known(m *ballot.Manifest, path string) (*box.Evidence, error) {
	b, err := stage.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	e, err := box.ParseEvidence(m, b)
	if err == nil {
		err = e.Verify(m)
	}
	if err != nil {
		return nil, fmt.Errorf("%s is in the way: %w", path, err)
	}
	return e, nil
}

func keygen(o *options, out io.Writer) error {
	if stage.Exists(o.key) {
		return stage.Usagef("-key %s: there is a file already", o.key)
	}
	skey, vkey, err := box.GenerateWitnessKey(o.keygen)
	if err != nil {
		return stage.Usagef("-keygen: %v", err)
	}
	if err := stage.PutSecret(o.key, []byte(skey+"\n")); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, vkey)
	return err
}
