package box

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"
)

// The proofs of a log that is not as long as its caller thinks are errors, not a panic in the box.
func TestTreeKnowsItsLength(t *testing.T) {
	var hashes tree
	require.NoError(t, hashes.add(0, tlog.Hash{1}))
	for _, n := range []uint64{0, 2} {
		require.ErrorContains(t, hashes.add(n, tlog.Hash{2}), "of a tree of 1 hashes")
	}
	require.Len(t, hashes, 1)
	for _, x := range []int64{-1, 1} {
		_, err := hashes.ReadHashes([]int64{0, x})
		require.ErrorContains(t, err, "of 1")
	}
}
