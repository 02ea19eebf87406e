package box_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/internal/electiontest"
)

// Three operators run a box each; a voter needs receipts of two. She votes again while the first
// box is down, and the merge counts her last ballot.
func ExampleMerge() {
	ctx := context.Background()
	e := electiontest.New(setup{}, electiontest.Config{Revotes: 3, Boxes: 3, Copies: 2})
	m := e.Manifest
	dir, err := os.MkdirTemp("", "boxes")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	now := time.Unix(m.Opens(), 0)
	var boxes []*box.Box
	for n, key := range e.LogKeys {
		b, err := box.Open(filepath.Join(dir, fmt.Sprint("box", n+1)), m, box.Config{
			Verifier: e.Verifier(setup{}), Key: key, Signatures: e.Signatures, Now: func() time.Time { return now },
		})
		if err != nil {
			log.Fatal(err)
		}
		defer b.Close()
		boxes = append(boxes, b)
	}

	cast := func(b *ballot.Ballot, at ...int) {
		var receipts []*box.Receipt
		for _, n := range at {
			receipt, err := boxes[n-1].Cast(ctx, b.Bytes())
			if err != nil {
				log.Fatal(err)
			}
			receipts = append(receipts, receipt)
			fmt.Printf("ballot %d: receipt of box %d, cast: %t\n", b.Sequence(), receipt.Box(), box.CheckReceipts(m, b, receipts...) == nil)
		}
	}
	cast(e.Ballot(setup{}, 0, 0, 0), 1, 2)
	cast(e.Ballot(setup{}, 0, 1, 1), 2, 3)

	// After the poll everybody publishes, and anybody merges.
	now = time.Unix(m.Closes(), 0)
	var logs []*box.Log
	for n, b := range boxes {
		if _, err := b.Seal(ctx); err != nil {
			log.Fatal(err)
		}
		public := filepath.Join(dir, fmt.Sprint("log", n+1))
		if err := b.Export(public); err != nil {
			log.Fatal(err)
		}
		l, err := box.OpenLog(os.DirFS(public), m)
		if err != nil {
			log.Fatal(err)
		}
		logs = append(logs, l)
	}
	merged, err := box.Merge(ctx, m, e.Verifier(setup{}), logs, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("complete:", merged.Complete() == nil)
	fmt.Println("voters:", merged.Voters, "superseded:", merged.Superseded)
	for counted, err := range merged.Counted(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		b, err := ballot.ParseBallot(m, counted.Raw)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("ballot %d counts, from %v\n", b.Sequence(), counted.Place)
	}
	// Output:
	// ballot 0: receipt of box 1, cast: false
	// ballot 0: receipt of box 2, cast: true
	// ballot 1: receipt of box 2, cast: false
	// ballot 1: receipt of box 3, cast: true
	// complete: true
	// voters: 1 superseded: 1
	// ballot 1 counts, from box 2, entry 1
}
