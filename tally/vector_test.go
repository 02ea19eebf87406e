package tally

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
	"github.com/scrutin/scrutin/internal/wire"
)

// The flags of TestEveryReleasesRecords. testdata/README.md says when to use them. There is none
// that changes a record.
var (
	newRecord     = flag.String("new-record", "", "write a new record to testdata/records/<name>")
	updateReports = flag.Bool("update-reports", false, "write the reports in testdata/records anew")
)

const recordsDir = "testdata/records"

type recordVector struct {
	Comment    string            `json:"comment"`
	Election   ballot.ElectionID `json:"election"`
	Checkpoint wire.Hex32        `json:"checkpoint"`
	Aggregate  wire.Hex32        `json:"aggregate"`
}

// TestEveryReleasesRecords audits records that were written once, some by earlier releases: what a
// second implementer has, too. If it fails, the format of some file has changed.
func TestEveryReleasesRecords(t *testing.T) {
	if *newRecord != "" {
		writeRecord(t, *newRecord)
	}
	all, err := os.ReadDir(recordsDir)
	require.NoError(t, err)
	require.NotEmpty(t, all)
	for _, d := range all {
		dir := filepath.Join(recordsDir, d.Name())
		want := readVector(t, dir)
		r, err := Audit(context.Background(), os.DirFS(filepath.Join(dir, "record")), want.Election, accept)
		require.NoError(t, err, dir)
		require.NoError(t, r.Err(), dir)
		require.Equal(t, Opened, r.Stage, dir)
		require.Equal(t, Subject{want.Election, want.Checkpoint, want.Aggregate}, r.Subject(), dir)
		for name, write := range map[string]func() ([]byte, error){
			"report.txt":  func() ([]byte, error) { var b bytes.Buffer; err := r.WriteText(&b); return b.Bytes(), err },
			"report.json": func() ([]byte, error) { var b bytes.Buffer; err := r.WriteJSON(&b); return b.Bytes(), err },
		} {
			got, err := write()
			require.NoError(t, err)
			path := filepath.Join(dir, name)
			if *updateReports {
				require.NoError(t, os.WriteFile(path, got, 0o666))
			}
			report, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, string(report), string(got), path)
		}
	}
}

// TestFirstRecord has the counts of the votes that were cast in the record v1.
func TestFirstRecord(t *testing.T) {
	dir := filepath.Join(recordsDir, "v1")
	r, err := Audit(context.Background(), os.DirFS(filepath.Join(dir, "record")), readVector(t, dir).Election, accept)
	require.NoError(t, err)
	require.NoError(t, r.Err())
	require.EqualValues(t, 5, r.Logged)
	require.EqualValues(t, 1, r.Superseded)
	require.Equal(t, []int{1, 3, 4}, r.Endorsed)
	require.Equal(t, []int{1, 4}, r.Shared)
	require.EqualValues(t, 3, r.Result.Questions[0].Of("yes"))
	require.EqualValues(t, 0, r.Result.Questions[0].Of("no"))
}

func readVector(t *testing.T, dir string) (v recordVector) {
	b, err := os.ReadFile(filepath.Join(dir, "vector.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &v))
	return v
}

// writeRecord makes a record of what this release can write: weights, re-votes, a text, two of
// four trustees who open.
func writeRecord(t *testing.T, name string) {
	dir := filepath.Join(recordsDir, name)
	_, err := os.Stat(dir)
	require.True(t, errors.Is(err, fs.ErrNotExist), "%s is there: a record that was published is never written anew", dir)
	p := newPoll(t, electiontest.Config{Trustees: 4, Threshold: 2, Revotes: 1, Weights: []uint64{3, 2, 3, 2, 3, 2}})
	p.logged(t, true, append(p.ballots(t, 5), p.Ballot(t, 1, 1, 0).Bytes(), p.Ballot(t, 4, 1, 1).Bytes())...)
	p.endorsed(t, 1, 3, 4)
	p.opened(t, 1, 4)
	require.NoError(t, os.CopyFS(filepath.Join(dir, "record"), p.files))
	r := p.audit(t)
	s := r.Subject()
	b, err := json.MarshalIndent(recordVector{
		Comment: "A weighted election of six voters, five of whom voted, two of them twice. Checkpoint and aggregate are the digests of " +
			"docs/spec/log.md and tally.md. The membership proofs are simulated.",
		Election: s.Election, Checkpoint: s.Checkpoint, Aggregate: s.Aggregate,
	}, "", "  ")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "vector.json"), append(b, '\n'), 0o666))
	*updateReports = true
}
