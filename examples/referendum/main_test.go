package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/examples/internal/stage"
	"github.com/scrutin/scrutin/proof/ceremony"
)

func TestFlags(t *testing.T) {
	full := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(full, "file"), nil, 0o600))
	for name, args := range map[string][]string{
		"no voters":            {"-voters", "0"},
		"too many voters":      {"-voters", "100001"},
		"no number":            {"-voters", "many"},
		"one trustee":          {"-trustees", "1", "-threshold", "1"},
		"threshold 1":          {"-threshold", "1"},
		"threshold > trustees": {"-threshold", "6"},
		"unknown flag":         {"-speed", "3"},
		"unknown keys":         {"-keys", "own"},
		"no artifacts":         {"-keys", "semaphore"},
		"artifacts of nothing": {"-artifacts", full},
		"no ceremony":          {"-keys", "ceremony"},
		"ceremony of nothing":  {"-setup", full},
		"two sources":          {"-keys", "ceremony", "-setup", full, "-artifacts", full},
		"a word":               {"now"},
		"a directory in use":   {"-out", full},
		"a file":               {"-out", filepath.Join(full, "file")},
		"below a file":         {"-out", filepath.Join(full, "file", "dir")},
	} {
		_, err := parse(args)
		require.ErrorIs(t, err, stage.ErrUsage, name)
		require.NotContains(t, err.Error(), "\n", name)
	}
	_, err := parse([]string{"-h"})
	require.ErrorIs(t, err, flag.ErrHelp)
	p, err := parse([]string{"-out", filepath.Join(full, "new")})
	require.NoError(t, err)
	require.Equal(t, &play{voters: 40, trustees: 5, threshold: 3, dir: filepath.Join(full, "new")}, p)

	p, err = parse([]string{"-keys", "semaphore", "-artifacts", ".", "-out", filepath.Join(full, "other")})
	require.NoError(t, err)
	require.True(t, filepath.IsAbs(p.artifacts), "the voters' processes run elsewhere")
}

func TestUsageNamesEveryFlag(t *testing.T) {
	for _, name := range []string{"-voters", "-trustees", "-threshold", "-keys", "-artifacts", "-setup", "-out"} {
		require.Contains(t, usage, "\n  "+name+" ")
	}
}

// A whole election, its audit, and what the audit says once the record is changed.
func TestElection(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a whole election")
	}
	bin, dir := t.TempDir(), filepath.Join(t.TempDir(), "election")
	build := exec.Command("go", "build", "-o", bin+string(filepath.Separator), ".", "../audit")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)

	output, code := run(t, filepath.Join(bin, "referendum"), "-voters", "4", "-trustees", "3", "-threshold", "2", "-out", dir)
	require.Zero(t, code, output)
	require.Contains(t, output, "the opened result and the noted votes agree")
	require.Equal(t, 5, strings.Count(output, "refused: "))

	command := regexp.MustCompile(`go run \./examples/audit -election ([0-9a-f]{64}) (\S+)\n$`).FindStringSubmatch(output)
	require.NotNil(t, command, output)
	id, record := command[1], command[2]
	audit := filepath.Join(bin, "audit")

	output, code = run(t, audit, "-election", id, record)
	require.Zero(t, code, output)
	require.True(t, strings.HasSuffix(output, "\naudit: ok\n"), output)
	require.Contains(t, output, "one-party set-up: test only")

	output, code = run(t, audit, "-strict", "-election", id, record)
	require.Equal(t, 1, code, output)
	require.Contains(t, output, "\naudit: INVALID: verifying-key: ")

	other := strings.Repeat("0", 64)
	output, code = run(t, audit, "-election", other, record)
	require.Equal(t, 1, code, output)
	require.Contains(t, output, "audit: INVALID: ")

	for name, args := range map[string][]string{
		"no election":  {record},
		"no directory": {"-election", id},
		"two":          {"-election", id, record, record},
		"short id":     {"-election", id[:63], record},
		"no such":      {"-election", id, record + "-not"},
		"a file":       {"-election", id, filepath.Join(record, "manifest.json")},
		"unknown flag": {"-quick", "-election", id, record},
	} {
		output, code = run(t, audit, args...)
		require.Equal(t, 2, code, "%s: %s", name, output)
		require.Equal(t, 1, strings.Count(output, "\n"), "%s: one line: %s", name, output)
	}

	// A result that is not the recount.
	path := filepath.Join(record, "result.json")
	result, err := os.ReadFile(path)
	require.NoError(t, err)
	changed := bytes.Replace(result, []byte(`"ballots":4`), []byte(`"ballots":5`), 1)
	require.NotEqual(t, result, changed)
	require.NoError(t, os.WriteFile(path, changed, 0o644))
	output, code = run(t, audit, "-election", id, record)
	require.Equal(t, 1, code, output)
	require.Contains(t, output, "\naudit: INVALID: result: ")
}

// An election on the keys of Semaphore's ceremony, which an audit accepts by itself.
func TestElectionOnTheCeremonysKeys(t *testing.T) {
	artifacts := os.Getenv("SCRUTIN_SEMAPHORE_ARTIFACTS")
	if artifacts == "" {
		t.Skip("SCRUTIN_SEMAPHORE_ARTIFACTS names no directory; proof/zkey/download.sh makes one")
	}
	bin, dir := t.TempDir(), filepath.Join(t.TempDir(), "election")
	out, err := exec.Command("go", "build", "-o", bin+string(filepath.Separator), ".", "../audit").CombinedOutput()
	require.NoError(t, err, "%s", out)
	output, code := run(t, filepath.Join(bin, "referendum"),
		"-voters", "3", "-trustees", "3", "-threshold", "2", "-keys", "semaphore", "-artifacts", artifacts, "-out", dir)
	require.Zero(t, code, output)
	require.Contains(t, output, "the opened result and the noted votes agree")
	id := regexp.MustCompile(`-election ([0-9a-f]{64}) `).FindStringSubmatch(output)
	require.NotNil(t, id, output)
	output, code = run(t, filepath.Join(bin, "audit"), "-strict", "-election", id[1], filepath.Join(dir, "record"))
	require.Zero(t, code, output)
	require.Contains(t, output, "Semaphore v4 ceremony, 2025")

	// These keys are no other ceremony's, and an audit that is asked for one does not pass that over.
	output, code = run(t, filepath.Join(bin, "audit"), "-setup", t.TempDir(), "-election", id[1], filepath.Join(dir, "record"))
	require.Equal(t, 2, code, output)
	require.Contains(t, output, "leave it out")
}

// An election on keys that a ceremony made. An audit accepts them if it is given the ceremony's files, and then
// only if these are whole and end in them.
func TestElectionOnKeysOfACeremony(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a set-up ceremony and a whole election")
	}
	bin, setup, dir := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "election")
	out, err := exec.Command("go", "build", "-o", bin+string(filepath.Separator), ".", "../audit", "../setup").CombinedOutput()
	require.NoError(t, err, "%s", out)
	output, code := run(t, filepath.Join(bin, "setup"), "-depth", "1", "-out", setup)
	require.Zero(t, code, output)

	output, code = run(t, filepath.Join(bin, "referendum"), "-voters", "3", "-keys", "ceremony", "-setup", setup, "-out", t.TempDir())
	require.NotZero(t, code, output)
	require.Contains(t, output, "was about membership at depth 1, this census needs membership at depth 2")

	output, code = run(t, filepath.Join(bin, "referendum"),
		"-voters", "2", "-trustees", "2", "-threshold", "2", "-keys", "ceremony", "-setup", setup, "-out", dir)
	require.Zero(t, code, output)
	require.Contains(t, output, "the opened result and the noted votes agree")
	command := regexp.MustCompile(`go run \./examples/audit -election ([0-9a-f]{64}) -setup (\S+) (\S+)\n$`).FindStringSubmatch(output)
	require.NotNil(t, command, output)
	id, record := command[1], command[3]
	require.Equal(t, setup, command[2])

	transcript, err := os.ReadFile(filepath.Join(setup, ceremony.TranscriptFile))
	require.NoError(t, err)
	manifest, err := os.ReadFile(filepath.Join(record, "manifest.json"))
	require.NoError(t, err)
	require.Contains(t, string(manifest), fmt.Sprintf("sha256:%x", sha256.Sum256(transcript)))

	audit := func(setup ...string) (string, int) {
		args := append([]string{"-strict", "-election", id}, setup...)
		return run(t, filepath.Join(bin, "audit"), append(args, record)...)
	}
	output, code = audit("-setup", setup)
	require.Zero(t, code, output)
	require.Contains(t, output, "set-up ceremony sha256:")
	require.True(t, strings.HasSuffix(output, "\naudit: ok\n"), output)
	output, code = audit()
	require.Equal(t, 1, code, output)
	require.Contains(t, output, "\naudit: INVALID: verifying-key: ", "nobody vouches for the keys")

	// Each of the files is missing or altered for a while; of a contribution the error tells whose it is.
	for _, bad := range []struct {
		file, says string
		edit       func(b []byte) []byte
	}{
		{ceremony.TranscriptFile, "transcript.json", nil},
		{ceremony.TranscriptFile, "the manifest names", func(b []byte) []byte {
			return bytes.Replace(b, []byte("Grace Hopper"), []byte("Grace Copper"), 1)
		}},
		{ceremony.ContributionFile(2), "0003.contribution is there, and 0002.contribution is missing", nil},
		{ceremony.ContributionFile(2), `0002.contribution: ceremony: invalid: by "Grace Hopper": `, func(b []byte) []byte {
			b[len(b)-33-96-64-32] ^= 0x40 // the sign of a point
			return b
		}},
		{ceremony.ContributionFile(3), `0003.contribution, by "Sophie Germain", is missing`, nil},
		{ceremony.Phase1File(1), "phase1/0001.contribution is missing", nil},
		{ceremony.PowersFile, "powers is not the file that powers.json names", func(b []byte) []byte {
			b[len(b)-1] ^= 1
			return b
		}},
		{ceremony.StartFile, "ceremony: ", func(b []byte) []byte { return b[:len(b)-1] }},
	} {
		path := filepath.Join(setup, filepath.FromSlash(bad.file))
		right, err := os.ReadFile(path)
		require.NoError(t, err)
		if bad.edit == nil {
			require.NoError(t, os.Remove(path))
		} else {
			require.NoError(t, os.WriteFile(path, bad.edit(bytes.Clone(right)), 0o644))
		}
		output, code = audit("-setup", setup)
		require.Equal(t, 1, code, "%s: %s", bad.file, output)
		require.Contains(t, output, "\naudit: INVALID: verifying-key: ", bad.file)
		require.Contains(t, output, bad.says, bad.file)
		require.NoError(t, os.WriteFile(path, right, 0o644))
	}
}

// run returns what a program wrote and its exit status.
func run(t *testing.T, name string, args ...string) (string, int) {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return string(out), exit.ExitCode()
	}
	require.NoError(t, err, "%s", out)
	return string(out), 0
}
