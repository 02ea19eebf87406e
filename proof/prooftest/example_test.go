package prooftest_test

import (
	"context"
	"fmt"
	"log"

	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/proof/prooftest"
)

// A simulated proof verifies under the key whose trapdoor made it, in microseconds and for
// whatever statement is asked for: here for a path that leads to a root of nobody's census.
func Example() {
	key := prooftest.NewKey(false)
	voter := proof.NewIdentity()
	statement := proof.Statement{Path: census.Path{Commitment: voter.Commitment()}}
	membership, err := key.Prove(context.Background(), voter, statement)
	if err != nil {
		log.Fatal(err)
	}
	claim := proof.Claim{Membership: *membership, Scope: statement.Scope, Message: statement.Message}
	fmt.Println("under its own key:", key.VerifyingKey().Verify(&claim))
	fmt.Println("under another:", prooftest.NewKey(false).VerifyingKey().Verify(&claim))
	// Output:
	// under its own key: <nil>
	// under another: proof: invalid: the membership proof does not verify
}
