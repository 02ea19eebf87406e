package proof_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/proof/prooftest"
)

func Example() {
	ctx := context.Background()

	// The voter makes an identity and registers its commitment.
	id := proof.NewIdentity()

	// The registrar publishes the census.
	members := func(yield func(census.Member, error) bool) {
		for _, c := range []census.Commitment{proof.NewIdentity().Commitment(), id.Commitment()} {
			if !yield(census.Member{Commitment: c}, nil) {
				return
			}
		}
	}
	tree, err := census.Build(ctx, 20, members)
	if err != nil {
		panic(err)
	}

	// The voter proves that she is one of the members. Real keys come from package proof/prover.
	key := prooftest.NewKey(false)
	path, err := tree.Path(1)
	if err != nil {
		panic(err)
	}
	st := proof.Statement{Path: path, Scope: proof.Scope{1}, Message: proof.Message{2}}
	m, err := key.Prove(ctx, id, st)
	if err != nil {
		panic(err)
	}

	// Anybody checks it: against the root, the scope and the message that it must be about.
	vk := key.VerifyingKey()
	claim := proof.Claim{Membership: *m, Scope: st.Scope, Message: st.Message}
	fmt.Println("root of the census:", m.Root == tree.Root())
	fmt.Println("verdict:", vk.Verify(&claim))

	claim.Message = proof.Message{3}
	fmt.Println("another message:", vk.Verify(&claim))
	fmt.Println("the voter's secret:", id)

	// Output:
	// root of the census: true
	// verdict: <nil>
	// another message: proof: invalid: the membership proof does not verify
	// the voter's secret: Identity(redacted)
}

// A proof that Semaphore's packages made, as they print it, is checked under the ceremony's key of its depth.
func ExampleSemaphoreProof() {
	text, err := os.ReadFile("testdata/semaphore-proof.json")
	if err != nil {
		panic(err)
	}
	var p proof.SemaphoreProof
	if err := json.Unmarshal(text, &p); err != nil {
		panic(err)
	}
	fmt.Println("depth:", p.Depth)
	fmt.Println("verdict:", p.Verify())

	scope, err := proof.SemaphoreValue("election-voter")
	if err != nil {
		panic(err)
	}
	fmt.Println("of this scope:", p.Claim.Scope == proof.Scope(scope))
	p.Claim.Message[31]++
	fmt.Println("another message:", p.Verify())

	// Output:
	// depth: 4
	// verdict: <nil>
	// of this scope: true
	// another message: proof: invalid: the membership proof does not verify
}

// An identity that was exported from Semaphore's packages.
func ExampleImportIdentity() {
	id, err := proof.ImportIdentity("dm90ZXItMA==") // new Identity("voter-0").export()
	if err != nil {
		panic(err)
	}
	fmt.Println(id.Commitment())
	// Output:
	// 8097559213477643774285299639807003701058647025799039519460679787221168603742
}

// An identity derived from a key is the one that Semaphore derives from it.
func ExampleIdentityFromKey() {
	id := proof.IdentityFromKey([]byte("voter-0")) // a real key is secret and has 32 random bytes
	fmt.Println(id.Commitment())
	// Output:
	// 8097559213477643774285299639807003701058647025799039519460679787221168603742
}
