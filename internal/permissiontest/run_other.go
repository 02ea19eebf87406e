//go:build !linux

package permissiontest

import (
	"os"
	"testing"
)

// Run calls f on a thread that obeys the modes of files. It skips the test if this is root.
func Run(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() == 0 {
		t.Skip("root may read and write everything; run the test as another user")
	}
	f()
}
