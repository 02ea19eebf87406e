package zkey_test

import (
	"context"
	"fmt"
	"os"

	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/proof/zkey"
)

// A voter proves with the public artifacts, which proof/zkey/download.sh puts into a directory.
func Example() {
	ctx := context.Background()
	digest, err := zkey.Digest(16) // or of the manifest, which has the same
	if err != nil {
		panic(err)
	}
	key, err := zkey.Open(os.DirFS("artifacts"), 16, digest)
	if err != nil {
		panic(err)
	}

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
	p := proof.SemaphoreProof{Depth: 16, Claim: proof.Claim{Membership: *m, Scope: st.Scope, Message: st.Message}}
	fmt.Println(p.Verify())
}
