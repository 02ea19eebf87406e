package prover_test

import (
	"bytes"
	"context"
	"fmt"

	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/proof/prover"
)

func Example() {
	ctx := context.Background()

	// For a test, one party makes the keys and publishes them with their digests.
	pk, vk, err := prover.InsecureSetup(ctx, prover.Relation{Depth: 2})
	if err != nil {
		panic(err)
	}
	var file bytes.Buffer
	if _, err := pk.WriteTo(&file); err != nil {
		panic(err)
	}
	digest := pk.Digest()

	// The voter fetches the proving key and checks its digest.
	key, err := prover.ReadProvingKey(&file, digest)
	if err != nil {
		panic(err)
	}
	fmt.Println("the key proves", key.Relation())

	// She proves that she is in a census of two members.
	id, neighbour := proof.NewIdentity(), proof.NewIdentity()
	st := proof.Statement{
		Path:    census.Path{Commitment: id.Commitment(), Siblings: []census.Node{census.Node(neighbour.Commitment())}},
		Scope:   proof.Scope{1},
		Message: proof.Message{2},
	}
	m, err := key.Prove(ctx, id, st)
	if err != nil {
		panic(err)
	}
	fmt.Println("verdict:", vk.Verify(&proof.Claim{Membership: *m, Scope: st.Scope, Message: st.Message}))

	_, err = key.Prove(ctx, neighbour, st)
	fmt.Println("somebody else:", err)

	// Output:
	// the key proves membership at depth 2
	// verdict: <nil>
	// somebody else: proof: invalid: the path belongs to another commitment than the identity's
}
