package proof

import (
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/wire"
)

// The vectors in testdata/semaphore-v4 were made with Semaphore's own packages; its README.md says how.

func readVectors(t testing.TB, name string, into any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../testdata/semaphore-v4", name))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, into))
}

// decimal returns the number's 32 bytes.
func decimal(t testing.TB, s string) (out [32]byte) {
	t.Helper()
	v, ok := new(big.Int).SetString(s, 10)
	require.True(t, ok, s)
	v.FillBytes(out[:])
	return out
}

// semaphoreKeys returns the keys of Semaphore's ceremony, that of depth d at [d-1].
var semaphoreKeys = sync.OnceValue(func() []*VerifyingKey {
	type (
		g1 [3]string
		g2 [3][2]string
	)
	var file struct {
		Alpha g1     `json:"vk_alpha_1"`
		Beta  g2     `json:"vk_beta_2"`
		Gamma g2     `json:"vk_gamma_2"`
		Delta []g2   `json:"vk_delta_2"`
		IC    [][]g1 `json:"IC"`
	}
	t := new(testing.T)
	readVectors(t, "verification-keys.json", &file)
	put := func(w *wire.Writer, numbers ...string) {
		for _, s := range numbers {
			b := decimal(t, s)
			w.Raw(b[:])
		}
	}
	// snarkjs writes (real, imaginary).
	putG2 := func(w *wire.Writer, p g2) { put(w, p[0][1], p[0][0], p[1][1], p[1][0]) }
	var keys []*VerifyingKey
	for i := range file.Delta {
		var w wire.Writer
		w.Uint8(keyVersion)
		w.Uint8(0)
		put(&w, file.Alpha[0], file.Alpha[1])
		putG2(&w, file.Beta)
		putG2(&w, file.Gamma)
		putG2(&w, file.Delta[i])
		for _, k := range file.IC[i] {
			put(&w, k[0], k[1])
		}
		vk, err := ParseVerifyingKey(w.Bytes())
		if err != nil {
			panic(err)
		}
		keys = append(keys, vk)
	}
	return keys
})

type semaphoreProof struct {
	depth int
	Claim
}

func semaphoreProofs(t testing.TB) []semaphoreProof {
	t.Helper()
	var list []struct {
		MerkleTreeDepth                           int
		MerkleTreeRoot, Nullifier, Message, Scope string
		Points                                    []string
	}
	readVectors(t, "proofs.json", &list)
	require.Len(t, list, 10)
	var out []semaphoreProof
	for _, p := range list {
		c := semaphoreProof{depth: p.MerkleTreeDepth}
		c.Membership.Root = decimal(t, p.MerkleTreeRoot)
		c.Membership.Nullifier = decimal(t, p.Nullifier)
		c.Message = decimal(t, p.Message)
		c.Scope = decimal(t, p.Scope)
		require.Len(t, p.Points, 8)
		for i, s := range p.Points {
			b := decimal(t, s)
			copy(c.Membership.Proof[32*i:], b[:])
		}
		out = append(out, c)
	}
	return out
}

func TestSemaphoreProofsVerify(t *testing.T) {
	for _, p := range semaphoreProofs(t) {
		require.NoError(t, semaphoreKeys()[p.depth-1].Verify(&p.Claim), "depth %d", p.depth)
	}
}

func TestIdentitiesAreSemaphores(t *testing.T) {
	var list []struct {
		PrivateKey, SecretScalar, Commitment string
		PublicKey                            [2]string
	}
	readVectors(t, "identities.json", &list)
	require.NotEmpty(t, list)
	for _, v := range list {
		id := IdentityFromKey([]byte(v.PrivateKey))
		require.Equal(t, decimal(t, v.SecretScalar), id.Bytes())
		require.Equal(t, decimal(t, v.Commitment), [32]byte(id.Commitment()))
	}
}
