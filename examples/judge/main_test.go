package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/examples/internal/stage"
)

func judge(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out strings.Builder
	err := run(t.Context(), args, &out)
	return out.String(), err
}

// Our own audit judges every record right.
func TestTheAuditScores100(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	program := filepath.Join(t.TempDir(), "audit.exe")
	build, err := exec.Command("go", "build", "-o", program, "../audit").CombinedOutput()
	require.NoError(t, err, "%s", build)
	out, err := judge(t, "-verifier", program+" -election {id} {dir}")
	require.NoError(t, err, out)
	require.Regexp(t, `\njudge: (\d+) of (\d+) records are judged right: 100 %\n$`, out)
	require.NotContains(t, out, "WRONG")
}

// script writes a verifier.
func script(t *testing.T, lines string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "verifier")
	require.NoError(t, os.WriteFile(name, []byte("#!/bin/sh\n"+lines+"\n"), 0o700))
	if err := exec.Command(name, "dir", "id").Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Skip("no shell: ", err)
	}
	return name
}

func TestBadVerifiersAreToldApart(t *testing.T) {
	for name, c := range map[string]struct{ lines, says string }{
		"accepts everything":                    {"exit 0", "the verifier accepts it\n"},
		"refuses everything":                    {"echo texts\nexit 1", `the verifier refuses it for "texts"` + "\n"},
		"cannot tell":                           {"exit 3", "the verifier exits with 3\n"},
		"crashes":                               {"kill -9 $$", "the verifier signal: killed\n"},
		"says that all lack a result":           {"echo NO RESULT\nexit 1", `the verifier refuses it for "NO RESULT"` + "\n"},
		"names the check, and accepts the file": {`[ -e "$1/notes.txt" ] && echo files`, "the verifier accepts it\n"},
	} {
		out, err := judge(t, "-verifier", script(t, c.lines))
		require.Error(t, err, name)
		require.Contains(t, out, c.says, name)
		require.NotContains(t, out, "100 %", name)
	}
	out, err := judge(t, "-timeout", "50ms", "-verifier", script(t, `[ -e "$1/notes.txt" ] || exit 0; sleep 5`))
	require.Error(t, err)
	require.Contains(t, out, "the verifier stopped after 50ms\n")
}

// A verifier that is right but for one record.
func TestOneMistakeIsNamed(t *testing.T) {
	one := script(t, `[ -e "$1/notes.txt" ] || exit 0; echo reading; echo "verifier: INVALID: files: notes.txt: unknown"; exit 1`)
	out, err := judge(t, "-verifier", one+" {dir}")
	require.Error(t, err)
	require.Regexp(t, `\nfiles +1 +1 +0 +0\n`, out)
	require.Regexp(t, `\ntexts +2 +0 +0 +2\n`, out)
	require.NotContains(t, out, "WRONG: bad/files")
	require.Contains(t, out, "WRONG: bad/texts/extra: There is a text of no question.\n  the verifier accepts it\n")
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{}, {"-verifier", ""}, {"-verifier", "no-such-program-anywhere"}, {"-verifier", "true", "more"}, {"-unknown"}} {
		_, err := judge(t, args...)
		require.ErrorIs(t, err, stage.ErrUsage, "%v", args)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, run(ctx, []string{"-verifier", script(t, "exit 0")}, new(strings.Builder)), context.Canceled)
}
