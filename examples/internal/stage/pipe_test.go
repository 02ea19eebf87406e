//go:build darwin || linux

package stage

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Nobody writes to the pipe: whoever opens it waits for ever.
func TestReadRefusesSpecialFiles(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "manifest.json")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	for _, name := range []string{pipe, filepath.Dir(pipe), os.DevNull} {
		_, err := Read(name)
		require.ErrorContains(t, err, name+": not a regular file")
	}
}
