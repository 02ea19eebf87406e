//go:build darwin || linux

package census

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Nobody writes to the pipe: whoever opens it waits for ever.
func TestOpenRefusesSpecialFiles(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "census.tree")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	for _, name := range []string{pipe, filepath.Dir(pipe), os.DevNull} {
		_, err := Open(t.Context(), name)
		require.ErrorIs(t, err, ErrMalformed)
		require.ErrorContains(t, err, name+": not a regular file")
	}
}
