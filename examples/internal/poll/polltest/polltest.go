// Package polltest runs the example elections for their tests.
package polltest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/examples/internal/poll"
	"github.com/scrutin/scrutin/examples/internal/stage"
)

// Hold runs a program with a few voters, and then the command that it names to audit the
// record, which must accept it. It returns what the program wrote, and its directory. The test
// is that of a package two directories below the module's.
func Hold(t *testing.T, p *poll.Program, voters string) (output, dir string) {
	t.Helper()
	if testing.Short() {
		t.Skip("runs a whole election")
	}
	dir = filepath.Join(t.TempDir(), "election")
	var out bytes.Buffer
	require.NoError(t, p.Run(t.Context(), []string{"-voters", voters, "-out", dir}, &out), "%s", &out)

	line := regexp.MustCompile(`\n    (go run \./examples/audit -election [0-9a-f]{64} (\S+))\n$`).FindStringSubmatch(out.String())
	require.NotNil(t, line, out.String())
	require.Equal(t, filepath.Join(dir, "record"), line[2])
	args := strings.Fields(line[1])
	audit := exec.Command(args[0], args[1:]...)
	audit.Dir = filepath.Join("..", "..")
	report, err := audit.CombinedOutput()
	require.NoError(t, err, "%s", report)
	require.True(t, strings.HasSuffix(string(report), "\naudit: ok\n"), "%s", report)
	require.Contains(t, string(report), "one-party set-up: test only")
	return out.String(), dir
}

// Usage requires that a program explains its flags and refuses wrong ones in one line.
func Usage(t *testing.T, p *poll.Program) {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, p.Run(t.Context(), []string{"-h"}, &out))
	for _, name := range []string{"usage: " + p.Name + " ", "\n  -voters N ", "\n  -out DIR "} {
		require.Contains(t, out.String(), name)
	}
	full := t.TempDir()
	file := filepath.Join(full, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for name, args := range map[string][]string{
		"no voters":          {"-voters", "0"},
		"too many voters":    {"-voters", "10678"},
		"no number":          {"-voters", "many"},
		"unknown flag":       {"-speed", "3"},
		"a word":             {"now"},
		"a directory in use": {"-out", full},
		"a file":             {"-out", file},
		"below a file":       {"-out", filepath.Join(file, "dir")},
	} {
		out.Reset()
		err := p.Run(t.Context(), args, &out)
		require.ErrorIs(t, err, stage.ErrUsage, name)
		require.NotContains(t, err.Error(), "\n", name)
		require.Empty(t, out.String(), name)
	}
}
