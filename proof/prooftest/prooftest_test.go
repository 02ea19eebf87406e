package prooftest_test

import (
	"context"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/proof/prooftest"
)

func TestSimulatedProofsVerify(t *testing.T) {
	for _, weight := range []uint64{0, 12} {
		key := prooftest.NewKey(weight > 0)
		require.Equal(t, weight > 0, key.VerifyingKey().Weighted())
		id := proof.NewIdentity()
		st := proof.Statement{
			Path:    census.Path{Commitment: id.Commitment(), Weight: weight, Index: 1, Siblings: []census.Node{{31: 7}}},
			Scope:   proof.Scope{1},
			Message: proof.Message{2},
		}
		m, err := key.Prove(t.Context(), id, st)
		require.NoError(t, err)
		root, err := st.Path.Root()
		require.NoError(t, err)
		require.Equal(t, root, m.Root)
		require.Equal(t, id.Nullifier(st.Scope), m.Nullifier)
		require.Equal(t, weight, m.Weight)

		claim := proof.Claim{Membership: *m, Scope: st.Scope, Message: st.Message}
		require.NoError(t, key.VerifyingKey().Verify(&claim))
		claim.Message[0] ^= 1
		require.ErrorIs(t, key.VerifyingKey().Verify(&claim), proof.ErrInvalid)

		require.NoError(t, key.Forge(&claim), "the trapdoor proves anything")
		require.NoError(t, key.VerifyingKey().Verify(&claim))
		require.ErrorIs(t, prooftest.NewKey(weight > 0).VerifyingKey().Verify(&claim), proof.ErrInvalid)
	}
}

func TestProvesOnlyWhatIsTrue(t *testing.T) {
	key := prooftest.NewKey(false)
	id := proof.NewIdentity()
	_, err := key.Prove(t.Context(), proof.NewIdentity(), proof.Statement{Path: census.Path{Commitment: id.Commitment()}})
	require.ErrorIs(t, err, proof.ErrInvalid)
	_, err = key.Prove(t.Context(), id, proof.Statement{Path: census.Path{Commitment: id.Commitment(), Weight: 3}})
	require.ErrorIs(t, err, proof.ErrMalformed)
	require.ErrorIs(t, key.Forge(&proof.Claim{}), proof.ErrMalformed, "root 0")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = key.Prove(ctx, id, proof.Statement{Path: census.Path{Commitment: id.Commitment()}})
	require.ErrorIs(t, err, context.Canceled)
}

// A key with a known trapdoor must not come near a product.
func TestOnlyTestsImportThisPackage(t *testing.T) {
	cmd := exec.Command("go", "list", "-e", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	require.NoError(t, err)
	const own = "github.com/scrutin/scrutin/proof/prooftest"
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	require.Contains(t, string(out), own)
	for _, line := range lines {
		fields := strings.Fields(line)
		if strings.HasSuffix(fields[0], "test") {
			continue // another package for tests
		}
		require.NotContains(t, fields[1:], own, "%s imports a package for tests", fields[0])
	}
}

func BenchmarkProve(b *testing.B) {
	key := prooftest.NewKey(false)
	id := proof.NewIdentity()
	st := proof.Statement{Path: census.Path{Commitment: id.Commitment()}}
	for b.Loop() {
		_, err := key.Prove(b.Context(), id, st)
		require.NoError(b, err)
	}
}
