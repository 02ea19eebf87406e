package tally_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/tally"
)

// Three trustees make a key that any two of them can open results with. Here they run in one
// process and talk through one Ceremony; on three machines each keeps her own, and whatever
// carries the messages may reorder and repeat them.
func ExampleCeremony() {
	dir, err := os.MkdirTemp("", "ceremony")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)

	organiser, err := tally.OpenOrganiser(filepath.Join(dir, "organiser"), []byte("a passphrase"))
	if err != nil {
		panic(err)
	}
	roster := tally.Roster{Context: "Town council, budget 2027", Threshold: 2, Organiser: organiser.Key()}
	var trustees []*tally.Trustee
	for _, name := range []string{"Ada", "Grace", "Sofia"} {
		trustee, err := tally.OpenTrustee(filepath.Join(dir, name), []byte("passphrase of "+name))
		if err != nil {
			panic(err)
		}
		trustees = append(trustees, trustee)
		roster.Trustees = append(roster.Trustees, ballot.Trustee{Name: name, Key: trustee.Key()})
	}

	ceremony, err := tally.NewCeremony(roster)
	if err != nil {
		panic(err)
	}
	for status := ceremony.Status(); !status.Done; status = ceremony.Status() {
		fmt.Println(status.Round, "awaits", status.Awaited)
		for _, trustee := range trustees {
			messages, err := trustee.Next(ceremony)
			if err != nil {
				panic(err)
			}
			for _, message := range messages {
				if err := ceremony.Add(message); err != nil {
					panic(err)
				}
			}
		}
	}
	fmt.Println("signed by", ceremony.Status().Signed)

	// Anybody replays it.
	replayed, err := tally.ParseCeremony(ceremony.Transcript())
	if err != nil {
		panic(err)
	}
	mine, err := ceremony.PublicKey()
	if err != nil {
		panic(err)
	}
	theirs, err := replayed.PublicKey()
	if err != nil {
		panic(err)
	}
	fmt.Println("same key:", mine.Equal(theirs))

	// Output:
	// enrol awaits [1 2 3]
	// commit awaits [1 2 3]
	// deal awaits [1 2 3]
	// verdict awaits [1 2 3]
	// sign awaits [1 2 3]
	// signed by [1 2 3]
	// same key: true
}
