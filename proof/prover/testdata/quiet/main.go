// Command quiet makes a key and a proof and prints nothing.
package main

import (
	"context"
	"os"

	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/proof/prover"
)

func main() {
	id := proof.NewIdentity()
	key, _, err := prover.InsecureSetup(context.Background(), prover.Relation{Depth: 1})
	if err != nil {
		os.Exit(1)
	}
	st := proof.Statement{Path: census.Path{Commitment: id.Commitment()}}
	if _, err := key.Prove(context.Background(), id, st); err != nil {
		os.Exit(2)
	}
}
