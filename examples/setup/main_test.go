package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/examples/internal/stage"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/proof/ceremony"
)

// The test binary is the contributors as well.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "contribute" {
		stage.Exit("contribute", start(context.Background(), os.Args[1:]))
	}
	os.Exit(m.Run())
}

func TestMakesKeysThatReplay(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a whole ceremony")
	}
	dir := t.TempDir()
	require.NoError(t, start(t.Context(), []string{"-depth", "1", "-out", dir}))
	document, err := os.ReadFile(filepath.Join(dir, ceremony.TranscriptFile))
	require.NoError(t, err)
	transcript, err := ceremony.ParseTranscript(document)
	require.NoError(t, err)
	require.Len(t, transcript.Contributions, len(contributors))
	for i, c := range transcript.Contributions {
		require.Equal(t, contributors[i], c.Name, "in order")
	}
	raw, err := os.ReadFile(filepath.Join(dir, ceremony.VerifyingKeyFile))
	require.NoError(t, err)
	key, err := proof.ParseVerifyingKey(raw)
	require.NoError(t, err)
	require.Equal(t, transcript.VerifyingKey, key.Digest())
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"x"}, {"-depth", "0"}, {"-depth", "33"}, {"-ptau", "/nowhere"}, {"-nonsense"}, {"-out", "main.go"}} {
		require.ErrorIs(t, start(t.Context(), args), stage.ErrUsage, "%v", args)
	}
}
