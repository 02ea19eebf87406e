package ceremony_test

import (
	"bytes"
	"context"
	"fmt"
	"testing/fstest"

	"github.com/scrutin/scrutin/proof/ceremony"
)

// Two contributors make the keys of a small relation.
func Example() {
	ctx := context.Background()
	dir, powers := ceremony.SmallCeremony() // os.DirFS("setup") after ReadPtau and Start
	publish := func(name string, file []byte, err error) {
		if err != nil {
			panic(err)
		}
		dir[name] = &fstest.MapFile{Data: file}
	}

	// Each contributor checks what is there, on her own machine, and adds a file.
	for i, name := range []string{"Ada", "Grace"} {
		c, err := ceremony.Open(ctx, dir)
		if err != nil {
			panic(err)
		}
		file, err := c.Contribute(ctx, name)
		publish(ceremony.ContributionFile(i+1), file, err)
	}

	// The coordinator ends the ceremony with a beacon, as anybody can who has the files.
	c, err := ceremony.Open(ctx, dir)
	if err != nil {
		panic(err)
	}
	key, transcript, err := c.Finalize(ctx, ceremony.Beacon{Source: "hash of block 900144", Value: bytes.Repeat([]byte{2}, 32)})
	if err != nil {
		panic(err)
	}
	document, err := transcript.Bytes()
	publish(ceremony.TranscriptFile, document, err)
	provenance, err := transcript.Provenance() // with the keys' digests, for the manifest
	if err != nil {
		panic(err)
	}

	// An auditor replays it. She took the powers from the same public ceremony herself.
	checked, err := ceremony.Check(ctx, dir, provenance, key.VerifyingKey(), powers)
	if err != nil {
		panic(err)
	}
	fmt.Println(checked.Relation)
	for _, c := range checked.Contributions {
		fmt.Println("contributed:", c.Name)
	}

	// Without the powers' digest the ceremony proves nothing: who made the powers could know their secret.
	_, err = ceremony.Check(ctx, dir, provenance, key.VerifyingKey())
	fmt.Println("accepted without knowing the powers:", err == nil)

	// Output:
	// membership at depth 1
	// contributed: Ada
	// contributed: Grace
	// accepted without knowing the powers: false
}
