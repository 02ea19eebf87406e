package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/examples/internal/stage"
	"github.com/scrutin/scrutin/internal/electiontest"
	"github.com/scrutin/scrutin/tally"
)

// A scene is an election and the record that its organiser publishes.
type scene struct {
	*electiontest.Election
	record string
	files  string // a voter's
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{electiontest.New(t, electiontest.Config{Voters: 4}), t.TempDir(), t.TempDir()}
	require.NoError(t, os.WriteFile(filepath.Join(s.record, tally.ManifestFile), s.Manifest.Bytes(), 0o600))
	return s
}

// poll runs a box for some ballots and closes it. It returns the receipts, and publishes the log if asked to.
func (s *scene) poll(t *testing.T, publish bool, ballots ...*ballot.Ballot) []*box.Receipt {
	t.Helper()
	now := time.Unix(s.Manifest.Opens(), 0)
	x, err := box.Open(t.TempDir(), s.Manifest, box.Config{Verifier: s.Verifier(t), Key: s.LogKey, Signatures: s.Signatures, Now: func() time.Time { return now }})
	require.NoError(t, err)
	defer x.Close()
	var receipts []*box.Receipt
	for _, b := range ballots {
		r, err := x.Cast(context.Background(), b.Bytes())
		require.NoError(t, err)
		receipts = append(receipts, r)
	}
	now = time.Unix(s.Manifest.Closes(), 0)
	_, err = x.Seal(context.Background())
	require.NoError(t, err)
	if publish {
		require.NoError(t, x.Export(filepath.Join(s.record, tally.LogDir)))
	}
	return receipts
}

func (s *scene) keep(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(s.files, name)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

func (s *scene) audit(args ...string) (string, error) {
	var out bytes.Buffer
	err := run(context.Background(), append([]string{"-election", s.Manifest.ID().String()}, args...), &out)
	return out.String(), err
}

func TestFindsATracker(t *testing.T) {
	s := newScene(t)
	a, b := s.Ballot(t, 0, 0, 0), s.Ballot(t, 1, 0, 1)
	s.poll(t, true, a, b)
	out, err := s.audit("-tracker", strings.ToLower(b.Tracker()), s.record)
	require.NoError(t, err)
	require.Equal(t, "audit: ballot number 1 of 2 in the log "+electiontest.Origin+"\n", out)
	out, err = s.audit("-tracker", s.Ballot(t, 2, 0, 0).Tracker(), s.record)
	require.ErrorIs(t, err, errInvalid)
	require.Contains(t, out, "no published ballot")
	_, err = s.audit("-tracker", "K3M8", s.record)
	require.ErrorIs(t, err, stage.ErrUsage)
}

// A voter's ballot was left out of the published log; her receipt becomes evidence that anyone checks.
func TestReceiptBecomesEvidence(t *testing.T) {
	s := newScene(t)
	a, b, c := s.Ballot(t, 0, 0, 0), s.Ballot(t, 1, 0, 1), s.Ballot(t, 2, 0, 2)
	told := s.poll(t, false, a, b)
	s.poll(t, true, a, c)
	honoured := []string{"-receipt", s.keep(t, "a.receipt", told[0].Bytes()), "-ballot", s.keep(t, "a.ballot", a.Bytes()), s.record}
	out, err := s.audit(honoured...)
	require.NoError(t, err)
	require.Contains(t, out, a.Tracker())
	require.Contains(t, out, "honours the receipt")

	receipt := s.keep(t, "b.receipt", told[1].Bytes())
	out, err = s.audit("-receipt", receipt, "-ballot", s.keep(t, "b.ballot", b.Bytes()), s.record)
	require.ErrorIs(t, err, errInvalid)
	require.Contains(t, out, "NOT HONOURED")
	evidence := receipt + ".evidence.json"
	for _, path := range []string{s.record, filepath.Join(s.record, tally.ManifestFile)} {
		out, err = s.audit("-evidence", evidence, path)
		require.NoError(t, err)
		require.Contains(t, out, "audit: PROVEN: box: the operator of "+electiontest.Origin)
		require.Contains(t, out, "number 1 is the ballot with the leaf hash")
	}
	require.NoError(t, os.RemoveAll(filepath.Join(s.record, tally.LogDir)))
	_, err = s.audit("-evidence", evidence, s.record)
	require.NoError(t, err, "the manifest is enough")

	_, err = s.audit("-receipt", receipt, "-ballot", filepath.Join(s.files, "a.ballot"), s.record)
	require.ErrorIs(t, err, ballot.ErrInvalid, "another's receipt")
	raw, err := os.ReadFile(evidence)
	require.NoError(t, err)
	raw[len(raw)/2] ^= 1
	for _, no := range []string{s.keep(t, "forged.json", raw), receipt} {
		out, err = s.audit("-evidence", no, s.record)
		require.Equal(t, 1, status(err), "it is no evidence")
		require.Contains(t, out, "NO EVIDENCE")
	}
	require.ErrorIs(t, run(context.Background(), []string{"-election", strings.Repeat("0", 64), "-evidence", evidence, s.record}, new(bytes.Buffer)),
		ballot.ErrUnknownElection)
}

func TestReportAsJSON(t *testing.T) {
	s := newScene(t)
	s.poll(t, true, s.Ballot(t, 0, 0, 0))
	out, err := s.audit("-json", s.record)
	require.ErrorIs(t, err, errInvalid, "the record has no ceremony and no shares")
	var report struct {
		Election string
		Valid    bool
	}
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	require.Equal(t, s.Manifest.ID().String(), report.Election)
	require.False(t, report.Valid)
	out, err = s.audit(s.record)
	require.ErrorIs(t, err, errInvalid)
	require.Contains(t, out, "INVALID")
}

func TestUsage(t *testing.T) {
	s := newScene(t)
	file := s.keep(t, "file", nil)
	for _, args := range [][]string{
		{}, {s.record, s.record}, {file}, {"-nonsense", s.record}, {filepath.Join(s.record, "missing")}, {"-election", "x", s.record}, {"-election", "", s.record},
		{"-receipt", file, s.record}, {"-ballot", file, s.record}, {"-tracker", "x", "-evidence", file, s.record},
		{"-tracker", "", s.record}, {"-evidence", "", s.record}, {"-receipt", "", "-ballot", "", s.record}, {"-receipt", file, "-ballot", "", s.record},
		{"-json", "-evidence", file, s.record}, {"-strict", "-tracker", "x", s.record}, {"-tracker", "x", file},
	} {
		_, err := s.audit(args...)
		require.ErrorIs(t, err, stage.ErrUsage, "%v", args)
	}
}

// boxes is a record of an election with three boxes, of which two gave each ballot its receipts. One
// voter's ballot is in the logs of boxes 1 and 2.
func boxes(t *testing.T) (*scene, *ballot.Ballot) {
	t.Helper()
	s := &scene{electiontest.New(t, electiontest.Config{Voters: 4, Boxes: 3, Copies: 2}), t.TempDir(), t.TempDir()}
	require.NoError(t, os.WriteFile(filepath.Join(s.record, tally.ManifestFile), s.Manifest.Bytes(), 0o600))
	b := s.Ballot(t, 0, 0, 0)
	for n, key := range s.LogKeys {
		now := time.Unix(s.Manifest.Opens(), 0)
		x, err := box.Open(t.TempDir(), s.Manifest, box.Config{Verifier: s.Verifier(t), Key: key, Signatures: s.Signatures, Now: func() time.Time { return now }})
		require.NoError(t, err)
		if n < 2 {
			_, err = x.Cast(context.Background(), b.Bytes())
			require.NoError(t, err)
		}
		require.NoError(t, x.Export(filepath.Join(s.record, tally.BoxLogDir(s.Manifest, n+1))))
		require.NoError(t, x.Close())
	}
	return s, b
}

// Fewer logs than copies may be missing: a ballot that is cast is found in the others.
func TestFindsATrackerAlthoughALogIsMissing(t *testing.T) {
	s, b := boxes(t)
	dir := func(n int) string { return filepath.Join(s.record, "logs", strconv.Itoa(n)) }
	found := func(n string) string {
		return "audit: ballot number 0 of 1 in the log " + electiontest.Origin + n + "\n"
	}
	out, err := s.audit("-tracker", b.Tracker(), s.record)
	require.NoError(t, err)
	require.Equal(t, found("")+found("/2"), out)

	require.NoError(t, os.RemoveAll(dir(1)))
	out, err = s.audit("-tracker", b.Tracker(), s.record)
	require.NoError(t, err)
	require.Contains(t, out, "audit: the log "+electiontest.Origin+" was not searched: ")
	require.Contains(t, out, found("/2"))
	require.NoError(t, os.WriteFile(dir(1), nil, 0o600))
	again, err := s.audit("-tracker", b.Tracker(), s.record)
	require.NoError(t, err, "a file where a directory should be is no log")
	require.Contains(t, again, found("/2"))
	require.NoError(t, os.Remove(dir(1)))
	other := s.Ballot(t, 1, 0, 0).Tracker()
	out, err = s.audit("-tracker", other, s.record)
	require.Equal(t, 1, status(err))
	require.Contains(t, out, "no published ballot has this tracker")

	require.NoError(t, os.CopyFS(dir(1), os.DirFS(dir(2))))
	out, err = s.audit("-tracker", b.Tracker(), s.record)
	require.NoError(t, err)
	require.Contains(t, out, "logs/1 holds the log of box 2")
	require.NotContains(t, out, found(""), "it is not box 1 that says so")

	require.NoError(t, os.WriteFile(filepath.Join(dir(2), "tile", "entries", "000.p", "1"), []byte("x"), 0o600))
	out, err = s.audit("-tracker", b.Tracker(), s.record)
	require.Equal(t, 3, status(err), "it may stand in one of the two that are missing")
	require.ErrorContains(t, err, "2 of 3 logs could not be searched")
	require.NotContains(t, out, "no published ballot")
}

// The names of a record's files are its maker's, who would like to write the findings himself.
func TestNamesOfFilesWriteNoFinding(t *testing.T) {
	s, _ := boxes(t)
	const finding = "audit: ballot number 3 of 9 in the log log.example.org"
	name := filepath.Join(s.record, "logs", "2", "tile", "x\n"+finding+"\n\x1b[8m")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Skipf("no such name on this file system: %v", err)
	}
	out, err := s.audit("-tracker", s.Ballot(t, 1, 0, 0).Tracker(), s.record)
	require.Equal(t, 1, status(err))
	require.Contains(t, out, "was not searched")
	require.NotContains(t, out, "\x1b")
	require.NotContains(t, "\n"+out, "\n"+finding)
}

// Who cannot tell says nothing against anybody: exit status 3.
func TestExitStatusTellsNoFromUnknown(t *testing.T) {
	s := newScene(t)
	a, b := s.Ballot(t, 0, 0, 0), s.Ballot(t, 1, 0, 1)
	told := s.poll(t, false, a, b)
	s.poll(t, true, a)
	receipt := func(n int, raw []byte) []string {
		return []string{"-receipt", s.keep(t, "r", told[n].Bytes()), "-ballot", s.keep(t, "b", raw), s.record}
	}
	expect := func(want int, why string, args ...string) {
		t.Helper()
		_, err := s.audit(args...)
		require.Equal(t, want, status(err), "%s: %v", why, err)
	}
	expect(0, "honoured", receipt(0, a.Bytes())...)
	expect(1, "not honoured", receipt(1, b.Bytes())...)
	expect(3, "another's receipt", receipt(1, a.Bytes())...)
	expect(3, "no ballot", receipt(1, nil)...)
	expect(2, "wrong usage", "-receipt", "x", s.record)
	missing := filepath.Join(s.files, "missing")
	expect(3, "no receipt", "-receipt", missing, "-ballot", missing, s.record)
	expect(3, "no evidence", "-evidence", missing, s.record)
	expect(1, "the record has no result", s.record)
	expect(0, "found", "-tracker", a.Tracker(), s.record)
	expect(1, "not found", "-tracker", b.Tracker(), s.record)
	require.NoError(t, os.RemoveAll(filepath.Join(s.record, tally.LogDir, "tile")))
	expect(3, "the log is not whole", receipt(0, a.Bytes())...)
	expect(3, "the only log is broken", "-tracker", a.Tracker(), s.record)
	require.NoError(t, os.RemoveAll(s.record))
	require.NoError(t, os.Mkdir(s.record, 0o755))
	expect(3, "no manifest", "-tracker", a.Tracker(), s.record)
}

// The second audit goes on where the first one ended, and says the same.
func TestGoesOnFromAState(t *testing.T) {
	golden := filepath.Join("..", "..", "tally", "testdata", "records", "v1")
	manifest, err := os.ReadFile(filepath.Join(golden, "record", tally.ManifestFile))
	require.NoError(t, err)
	m, err := ballot.ParseManifest(manifest)
	require.NoError(t, err)
	args := []string{"-election", m.ID().String(), "-state", filepath.Join(t.TempDir(), "state"), filepath.Join(golden, "record")}
	var first, second bytes.Buffer
	require.NoError(t, run(t.Context(), args, &first))
	require.FileExists(t, args[3])
	require.NoError(t, run(t.Context(), args, &second))
	require.Equal(t, first.String(), second.String())
	require.True(t, strings.HasSuffix(first.String(), "\naudit: ok\n"))
}
