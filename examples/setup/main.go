// Command setup makes the keys of the membership proof in a ceremony of three contributors.
//
//	setup [-depth 10] [-weighted] [-ptau FILE] [-out DIR]
//
// Each contributor is a process of its own, as if on another machine: it reads the public
// directory, checks everything in it, adds a file, and ends. A file that is changed on its way is
// refused by its name. The directory ends up with the keys and a transcript, and the
// program prints the provenance that a manifest states. An auditor then runs
//
//	audit -election ID -setup DIR [-powers FILE] RECORD
//
// In a real ceremony the contributors run the same calls, each on her own machine, and the beacon is
// public randomness that was announced before. Here it is the hash of the last contribution,
// which the last contributor could have steered; a demonstration does not wait for a beacon.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/scrutin/scrutin/examples/internal/stage"
	"github.com/scrutin/scrutin/proof/ceremony"
	"github.com/scrutin/scrutin/proof/prover"
)

const usage = `usage: setup [-depth 10] [-weighted] [-ptau FILE] [-out DIR]

Makes the keys of the membership proof in a ceremony of three contributors.

  -depth N      greatest depth of the census, 1 to 32 (default 10: 1024 voters)
  -weighted     for a census with weights
  -ptau FILE    powers of a public ceremony, a .ptau file of snarkjs
                (default: the three contributors make powers of their own)
  -out DIR      a directory to make for the ceremony, new or empty
                (default: a new one for temporary files)
`

var contributors = []string{"Ada Lovelace", "Grace Hopper", "Sophie Germain"}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	stage.Exit("setup", start(ctx, os.Args[1:]))
}

func start(ctx context.Context, args []string) error {
	if len(args) == 6 && args[0] == "contribute" { // this process is a contributor
		return contribute(ctx, args[1:])
	}
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Print(usage)
		return nil
	}
	if err != nil {
		return err
	}
	return o.run(ctx)
}

// options are what the flags say.
type options struct {
	relation  prover.Relation
	ptau, dir string
}

func parse(args []string) (*options, error) {
	var o options
	flags := flag.NewFlagSet("setup", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.IntVar(&o.relation.Depth, "depth", 10, "")
	flags.BoolVar(&o.relation.Weighted, "weighted", false, "")
	flags.StringVar(&o.ptau, "ptau", "", "")
	flags.StringVar(&o.dir, "out", "", "")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil, err
		}
		return nil, stage.Usagef("%v (-h explains the flags)", err)
	}
	switch {
	case flags.NArg() > 0:
		return nil, stage.Usagef("%q is not a flag (-h explains the flags)", flags.Arg(0))
	case o.relation.Depth < 1 || o.relation.Depth > prover.MaxDepth:
		return nil, stage.Usagef("-depth %d: 1 to %d are possible", o.relation.Depth, prover.MaxDepth)
	}
	if o.ptau != "" {
		if _, err := os.Stat(o.ptau); err != nil {
			return nil, stage.Usagef("-ptau: %v", err)
		}
	}
	var err error
	o.dir, err = stage.MakeDir("setup", o.dir)
	return &o, err
}

// run is the story of the ceremony.
func (o *options) run(ctx context.Context) error {
	began := time.Now()
	fmt.Printf("set-up of %v in %s\n", o.relation, o.dir)
	powers, err := o.powers(ctx)
	if err != nil {
		return err
	}
	if err := o.startPhase2(ctx, powers); err != nil {
		return err
	}

	fmt.Println("\nsecond phase: each contributor checks what is there and adds a secret to it")
	for i, name := range contributors {
		if err := o.process(ctx, 2, i+1, name); err != nil {
			return err
		}
	}
	if err := o.tamper(ctx); err != nil {
		return err
	}

	c, err := ceremony.Open(ctx, os.DirFS(o.dir))
	if err != nil {
		return err
	}
	key, transcript, err := c.Finalize(ctx, o.beacon(c.Contributions()))
	if err != nil {
		return err
	}
	if err := o.publish(key, transcript); err != nil {
		return err
	}
	provenance, err := transcript.Provenance()
	if err != nil {
		return err
	}
	known := transcript.Powers // with -ptau: an auditor reads the file herself
	if _, err := ceremony.Check(ctx, os.DirFS(o.dir), provenance, key.VerifyingKey(), known); err != nil {
		return err
	}
	fmt.Printf("\nfor the manifest:\n  verifyingKey  %x\n  provingKey    %x\n  provenance    %s\n", transcript.VerifyingKey, transcript.ProvingKey, provenance)
	fmt.Printf("\nsetup: ok, replayed from the files in %s, %.1f s\n", o.dir, time.Since(began).Seconds())
	return nil
}

// powers returns what the first phase ends in.
func (o *options) powers(ctx context.Context) (*ceremony.Powers, error) {
	if o.ptau != "" {
		fmt.Printf("\nfirst phase: powers of a public ceremony, from %s\n", o.ptau)
		f, err := os.Open(o.ptau)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return nil, err
		}
		return ceremony.ReadPtau(f, info.Size(), o.relation, filepath.Base(o.ptau))
	}
	fmt.Println("\nfirst phase: the contributors make powers of their own")
	for i, name := range contributors {
		if err := o.process(ctx, 1, i+1, name); err != nil {
			return nil, err
		}
	}
	round, err := ceremony.OpenPhase1(ctx, os.DirFS(o.dir), o.relation)
	if err != nil {
		return nil, err
	}
	return round.Seal(o.beacon(round.Contributions()))
}

func (o *options) startPhase2(ctx context.Context, powers *ceremony.Powers) error {
	fmt.Println("computing the start of the second phase, which everybody checks")
	origin, err := powers.OriginBytes()
	if err != nil {
		return err
	}
	begin, err := ceremony.Start(ctx, powers)
	if err != nil {
		return err
	}
	return errors.Join(
		stage.Put(filepath.Join(o.dir, ceremony.PowersFile), powers.Bytes()),
		stage.Put(filepath.Join(o.dir, ceremony.OriginFile), origin),
		stage.Put(filepath.Join(o.dir, ceremony.StartFile), begin))
}

// process starts a contributor's process and waits for its end.
func (o *options) process(ctx context.Context, phase, number int, name string) error {
	weighted := "plain"
	if o.relation.Weighted {
		weighted = "weighted"
	}
	return stage.Run(ctx, "contribute", o.dir, fmt.Sprint(phase), fmt.Sprintf("%d %s", o.relation.Depth, weighted), fmt.Sprint(number), name)
}

// contribute is the process of a contributor.
func contribute(ctx context.Context, args []string) error {
	dir, name := args[0], args[4]
	var phase, number int
	var relation prover.Relation
	var kind string
	if _, err := fmt.Sscan(args[1], &phase); err != nil {
		return err
	}
	if _, err := fmt.Sscan(args[2], &relation.Depth, &kind); err != nil {
		return err
	}
	if _, err := fmt.Sscan(args[3], &number); err != nil {
		return err
	}
	relation.Weighted = kind == "weighted"
	var file []byte
	var path string
	if phase == 1 {
		round, err := ceremony.OpenPhase1(ctx, os.DirFS(dir), relation)
		if err != nil {
			return err
		}
		if file, err = round.Contribute(name); err != nil {
			return err
		}
		path = ceremony.Phase1File(number)
	} else {
		c, err := ceremony.Open(ctx, os.DirFS(dir))
		if err != nil {
			return err
		}
		if c.Relation() != relation {
			return fmt.Errorf("the ceremony is about %v, %v was asked for", c.Relation(), relation)
		}
		if file, err = c.Contribute(ctx, name); err != nil {
			return err
		}
		path = ceremony.ContributionFile(number)
	}
	if err := stage.Put(filepath.Join(dir, path), file); err != nil {
		return err
	}
	fmt.Printf("  %-15s %s  %x\n", name, path, sha256.Sum256(file))
	return nil
}

// tamper changes the last contribution on its way, and puts the right one back.
func (o *options) tamper(ctx context.Context) error {
	path := filepath.Join(o.dir, ceremony.ContributionFile(len(contributors)))
	file, err := stage.Read(path)
	if err != nil {
		return err
	}
	// The sign of one of the points that proofs are made from: the last before delta in G2, its proof and the challenge.
	changed := bytes.Clone(file)
	changed[len(file)-33-96-64-32] ^= 0x40
	if err := stage.Put(path, changed); err != nil {
		return err
	}
	if _, err = ceremony.Open(ctx, os.DirFS(o.dir)); !errors.Is(err, ceremony.ErrInvalid) {
		return fmt.Errorf("the changed contribution was not refused as invalid: %v", err)
	}
	fmt.Printf("\nthe last file is changed on its way, and refused:\n  %v\nthe right one takes its place\n", err)
	return stage.Put(path, file)
}

// beacon is derived from the last contribution: see the package comment.
func (o *options) beacon(made []ceremony.Contribution) ceremony.Beacon {
	last := made[len(made)-1].Digest
	value := sha256.Sum256(append([]byte("demonstration beacon"), last[:]...))
	return ceremony.Beacon{Source: "demonstration: hash of the last contribution", Value: value[:]}
}

func (o *options) publish(key *prover.ProvingKey, transcript *ceremony.Transcript) error {
	document, err := transcript.Bytes()
	if err != nil {
		return err
	}
	var file bytes.Buffer
	if _, err := key.WriteTo(&file); err != nil {
		return err
	}
	return errors.Join(
		stage.Put(filepath.Join(o.dir, ceremony.TranscriptFile), document),
		stage.Put(filepath.Join(o.dir, ceremony.VerifyingKeyFile), key.VerifyingKey().Bytes()),
		stage.Put(filepath.Join(o.dir, ceremony.ProvingKeyFile), file.Bytes()))
}
