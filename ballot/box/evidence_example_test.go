package box_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/internal/electiontest"
)

// An operator gives a voter a receipt, and publishes a log without her ballot. Her receipt and the
// published log make a small file that proves it to anyone who has the manifest.
func ExampleLog_Honours() {
	e := electiontest.New(setup{}, electiontest.Config{})
	dir, err := os.MkdirTemp("", "box")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	mine := e.Ballot(setup{}, 0, 0, 0)
	receipt := poll(e, filepath.Join(dir, "told"), mine)
	poll(e, filepath.Join(dir, "shown"), e.Ballot(setup{}, 1, 0, 0))

	for _, name := range []string{"told", "shown"} {
		published, err := box.OpenLog(os.DirFS(filepath.Join(dir, name, "log")), e.Manifest)
		if err != nil {
			log.Fatal(err)
		}
		err = published.Honours(e.Manifest, receipt, mine)
		var evidence *box.Evidence
		if !errors.As(err, &evidence) {
			fmt.Println("honoured:", err == nil)
			continue
		}

		// A third party reads the file.
		read, err := box.ParseEvidence(e.Manifest, evidence.Bytes())
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("proven:", read.Kind, read.Verify(e.Manifest) == nil)
	}

	// Output:
	// honoured: true
	// proven: replaced true
}

// A witness cosigns what extends the checkpoint that it cosigned last, and nothing else.
func ExampleWitness_Cosign() {
	e := electiontest.New(setup{}, electiontest.Config{})
	dir, err := os.MkdirTemp("", "box")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	checkpoint := poll(e, filepath.Join(dir, "box"), e.Ballot(setup{}, 0, 0, 0)).Checkpoint
	other := poll(e, filepath.Join(dir, "other"), e.Ballot(setup{}, 1, 0, 0)).Checkpoint

	secret, public, err := box.GenerateWitnessKey("witness.example.org/w1")
	if err != nil {
		log.Fatal(err)
	}
	w, err := box.OpenWitness(filepath.Join(dir, "w1"), e.Manifest, box.WitnessConfig{Key: secret})
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	cosigned, err := w.Cosign(checkpoint.Note, nil) // the first one is taken on trust
	if err != nil {
		log.Fatal(err)
	}

	// Whoever knows the witness's key sees that it has signed.
	key, err := box.ParseWitnessKey(public)
	if err != nil {
		log.Fatal(err)
	}
	seen, err := box.ParseCheckpoint(e.Manifest, cosigned)
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range seen.Cosignatures(key) {
		fmt.Println("cosigned by", c.Witness.Name())
	}

	_, err = w.Cosign(other.Note, nil)
	var evidence *box.Evidence
	fmt.Println("another log:", errors.As(err, &evidence), evidence.Kind)

	// Output:
	// cosigned by witness.example.org/w1
	// another log: true forked
}

// poll runs a box for one ballot, publishes its log beside it and returns the receipt.
func poll(e *electiontest.Election, dir string, b *ballot.Ballot) *box.Receipt {
	now := time.Unix(e.Manifest.Opens(), 0)
	x, err := box.Open(filepath.Join(dir, "box"), e.Manifest, box.Config{
		Verifier: e.Verifier(setup{}), Key: e.LogKey, Signatures: e.Signatures, Now: func() time.Time { return now },
	})
	if err != nil {
		log.Fatal(err)
	}
	defer x.Close()
	r, err := x.Cast(context.Background(), b.Bytes())
	if err != nil {
		log.Fatal(err)
	}
	if err := x.Export(filepath.Join(dir, "log")); err != nil {
		log.Fatal(err)
	}
	return r
}
