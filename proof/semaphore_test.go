package proof

import (
	"encoding/hex"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
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
		vk, err := SemaphoreKey(p.depth)
		require.NoError(t, err)
		require.NoError(t, vk.Verify(&p.Claim), "depth %d", p.depth)
	}
}

func TestCompiledInKeysAreTheCeremonys(t *testing.T) {
	for i, want := range semaphoreKeys() {
		vk, err := SemaphoreKey(i + 1)
		require.NoError(t, err)
		require.Equal(t, want.Bytes(), vk.Bytes(), "depth %d", i+1)
		require.False(t, vk.Weighted())
		depth, ok := SemaphoreDepth(vk.Digest())
		require.True(t, ok)
		require.Equal(t, i+1, depth)

		again, err := SemaphoreKey(i + 1)
		require.NoError(t, err)
		require.Same(t, vk, again)
	}
	vk, err := SemaphoreKey(20)
	require.NoError(t, err)
	digest := vk.Digest()
	require.Equal(t, "f6819a393eb4f863e134776a0ee544721d1e804ad1df91e8abb78063a69e7ae4", hex.EncodeToString(digest[:]))
	for _, depth := range []int{-1, 0, 33, 1 << 40} {
		_, err := SemaphoreKey(depth)
		require.ErrorIs(t, err, ErrMalformed)
	}
	digest[31] ^= 1
	_, ok := SemaphoreDepth(digest)
	require.False(t, ok)
}

// Every vector, each signal altered in turn, and its nullifier under another name.
func TestAttack21SemaphoreProofsOfAnotherSignal(t *testing.T) {
	limit := new(big.Int).Lsh(big.NewInt(1), 256)
	for _, p := range semaphoreProofs(t) {
		vk := semaphoreKeys()[p.depth-1]
		for name, of := range map[string]func(c *Claim) *[32]byte{
			"root":      func(c *Claim) *[32]byte { return (*[32]byte)(&c.Membership.Root) },
			"nullifier": func(c *Claim) *[32]byte { return (*[32]byte)(&c.Membership.Nullifier) },
			"message":   func(c *Claim) *[32]byte { return (*[32]byte)(&c.Message) },
			"scope":     func(c *Claim) *[32]byte { return (*[32]byte)(&c.Scope) },
		} {
			c := p.Claim
			of(&c)[31] ^= 1
			require.ErrorIs(t, vk.Verify(&c), ErrInvalid, "%s at depth %d", name, p.depth)
			for _, k := range []int64{-1, 1} {
				c := p.Claim
				v := new(big.Int).SetBytes(of(&c)[:])
				v.Add(v, new(big.Int).Mul(big.NewInt(k), fr.Modulus()))
				if v.Sign() < 0 || v.Cmp(limit) >= 0 {
					continue
				}
				v.FillBytes(of(&c)[:])
				require.Error(t, vk.Verify(&c), "%s %+d r at depth %d", name, k, p.depth)
			}
		}
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
