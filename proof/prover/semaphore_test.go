package prover

import (
	"encoding/json"
	"math/big"
	"os"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/internal/poseidon"
	"github.com/scrutin/scrutin/proof"
)

type semaphoreStatement struct {
	proof.Statement
	id              *proof.Identity
	root, nullifier string
}

// semaphoreStatements are those of the proofs in testdata/semaphore-v4: their group has all identities of the
// file in its order.
func semaphoreStatements(t *testing.T) (out []semaphoreStatement) {
	t.Helper()
	read := func(name string, into any) {
		b, err := os.ReadFile("../../testdata/semaphore-v4/" + name)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(b, into))
	}
	var identities []struct{ PrivateKey string }
	read("identities.json", &identities)
	var members []*proof.Identity
	var leaves []fr.Element
	for _, v := range identities {
		id := proof.IdentityFromKey([]byte(v.PrivateKey))
		members = append(members, id)
		c := id.Commitment()
		var leaf fr.Element
		require.NoError(t, leaf.SetBytesCanonical(c[:]))
		leaves = append(leaves, leaf)
	}

	var proofs []struct{ MerkleTreeRoot, Nullifier, Message, Scope string }
	read("proofs.json", &proofs)
	for _, p := range proofs {
		var st semaphoreStatement
		st.root, st.nullifier = p.MerkleTreeRoot, p.Nullifier
		for z, s := range map[*[32]byte]string{(*[32]byte)(&st.Message): p.Message, (*[32]byte)(&st.Scope): p.Scope} {
			v, ok := new(big.Int).SetString(s, 10)
			require.True(t, ok)
			v.FillBytes(z[:])
		}
		for i, id := range members {
			if id.Nullifier(st.Scope).String() == p.Nullifier {
				st.id = id
				st.Path = leanPath(leaves, i)
				st.Path.Commitment = id.Commitment()
			}
		}
		require.NotNil(t, st.id)
		out = append(out, st)
	}
	return out
}

// leanPath returns the path of leaf i in a LeanIMT.
func leanPath(nodes []fr.Element, i int) (p census.Path) {
	for len(nodes) > 1 {
		if sibling := i ^ 1; sibling < len(nodes) {
			p.Index |= uint64(i&1) << len(p.Siblings)
			p.Siblings = append(p.Siblings, nodes[sibling].Bytes())
		}
		var next []fr.Element
		for j := 0; j < len(nodes); j += 2 {
			if j+1 < len(nodes) {
				next = append(next, poseidon.Hash(nodes[j], nodes[j+1]))
			} else {
				next = append(next, nodes[j])
			}
		}
		nodes, i = next, i/2
	}
	return p
}
