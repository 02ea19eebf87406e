package proof

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A verifier must not depend on a circuit compiler, not even through something else.
func TestDependsOnGnarkCryptoAlone(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").CombinedOutput()
	require.NoError(t, err, string(out))
	deps := strings.Fields(string(out))
	require.Contains(t, deps, "github.com/consensys/gnark-crypto/ecc/bn254")
	for _, dep := range deps {
		require.False(t, strings.HasPrefix(dep, "github.com/consensys/gnark/"), dep)
		require.False(t, strings.HasPrefix(dep, "github.com/tetratelabs/"), dep)
		require.NotContains(t, dep, "prooftest")
		require.NotEqual(t, "testing", dep)
	}
}
