package box_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/internal/electiontest"
)

func Example() {
	ctx := context.Background()
	e := electiontest.New(setup{}, electiontest.Config{})
	m := e.Manifest
	dir, err := os.MkdirTemp("", "box")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	// The operator opens the box. Its clock is set into the poll.
	now := time.Unix(m.Opens(), 0)
	b, err := box.Open(filepath.Join(dir, "box"), m, box.Config{
		Verifier:   e.Verifier(setup{}),
		Key:        e.LogKey,
		Signatures: e.Signatures,
		Now:        func() time.Time { return now },
	})
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()

	// A voter casts a ballot, and checks the receipt with the manifest alone.
	mine := e.Ballot(setup{}, 0, 0, 0)
	given, err := b.Cast(ctx, mine.Bytes())
	if err != nil {
		log.Fatal(err)
	}
	receipt, err := box.ParseReceipt(m, given.Bytes())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("receipt:", receipt.Index, "of", receipt.Checkpoint.Size, receipt.Verify(m, mine))

	// A second ballot of hers is refused, with a signed note.
	var refusal *box.Refusal
	_, err = b.Cast(ctx, e.Ballot(setup{}, 0, 0, 1).Bytes())
	fmt.Println("refused:", errors.As(err, &refusal), errors.Is(err, ballot.ErrSequence))
	_, err = box.VerifyRefusal(m, refusal.Note)
	fmt.Println("refusal verifies:", err)

	// After the closing time the box is sealed, and its log published.
	now = time.Unix(m.Closes(), 0)
	final, err := b.Seal(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("closed:", final.Closed)
	public := filepath.Join(dir, "log")
	if err := b.Export(public); err != nil {
		log.Fatal(err)
	}

	// Anybody reads it and finds every ballot.
	l, err := box.OpenLog(os.DirFS(public), m)
	if err != nil {
		log.Fatal(err)
	}
	for raw, err := range l.Entries(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		found, err := ballot.ParseBallot(m, raw)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("published:", found.Tracker() == mine.Tracker())
	}

	// Output:
	// receipt: 0 of 1 <nil>
	// refused: true true
	// refusal verifies: <nil>
	// closed: true
	// published: true
}

// setup lets electiontest make an election outside of a test.
type setup struct{ testing.TB }

func (setup) Helper()                           {}
func (setup) Errorf(format string, args ...any) { log.Fatalf(format, args...) }
func (setup) FailNow()                          { log.Fatal("no election") }
