package ceremony

import (
	"maps"
	"testing/fstest"
)

// SmallCeremony returns the directory of a ceremony that has started, and the digest of its powers.
func SmallCeremony() (fstest.MapFS, [32]byte) {
	return maps.Clone(begun()), opened().powers.Digest()
}
