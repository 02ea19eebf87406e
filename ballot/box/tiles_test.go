package box

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"
)

// A file has one name, so that nobody is served a tile under a name that others do not ask for.
func TestTilePathsHaveOneSpelling(t *testing.T) {
	for path, want := range map[string]tile{
		"tile/0/000":                       {0, 0, tileWidth},
		"tile/6/000.p/1":                   {6, 0, 1},
		"tile/entries/x001/x234/067.p/255": {entriesLevel, 1234067, 255},
	} {
		got, ok := parseTilePath(path)
		require.True(t, ok, path)
		require.Equal(t, want, got)
		require.Equal(t, path, want.path())
	}
	for name, path := range map[string]string{
		"empty":                "",
		"no tile":              "0/000",
		"no number":            "tile/0",
		"empty number":         "tile/0/",
		"level above the top":  "tile/7/000",
		"level no number":      "tile/a/000",
		"level of two bytes":   "tile/256/000",
		"level padded":         "tile/00/000",
		"width zero":           "tile/0/000.p/0",
		"width of a full tile": "tile/0/000.p/256",
		"width above a tile's": "tile/0/000.p/300",
		"width no number":      "tile/0/000.p/a",
		"width of three bytes": "tile/0/000.p/65537",
		"number no number":     "tile/0/a",
		"group above 999":      "tile/0/x001/1000",
		"group of three bytes": "tile/0/65536",
		"group without x":      "tile/0/001/000",
		"zero group in front":  "tile/0/x000/000",
		"number wraps around":  "tile/0/x018/x446/x744/x073/x709/x551/616",
		"above every log":      "tile/0/x001/x099/x511/x627/776",
	} {
		_, ok := parseTilePath(path)
		require.False(t, ok, name)
	}
}

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
