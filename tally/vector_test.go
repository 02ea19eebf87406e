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
	"github.com/scrutin/scrutin/ballot/box"
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

// TestRecordOfSeveralBoxes has the counts, by weight, of the last votes that were cast in the record v1-boxes.
func TestRecordOfSeveralBoxes(t *testing.T) {
	dir := filepath.Join(recordsDir, "v1-boxes")
	r, err := Audit(context.Background(), os.DirFS(filepath.Join(dir, "record")), readVector(t, dir).Election, accept)
	require.NoError(t, err)
	require.NoError(t, r.Err())
	require.Equal(t, []box.BoxState{box.BoxSealed, box.BoxSealed, box.BoxOpen}, []box.BoxState{r.Boxes[0].State, r.Boxes[1].State, r.Boxes[2].State})
	require.EqualValues(t, 15, r.Logged)
	require.EqualValues(t, 8, r.Repeated)
	require.EqualValues(t, 2, r.Superseded)
	require.EqualValues(t, 5, r.Counted)
	require.EqualValues(t, 3+2+2, r.Result.Questions[0].Of("yes"), "voters 0, 1 and 3")
	require.EqualValues(t, 0, r.Result.Questions[0].Of("no"), "1 and 4 chose it first")
	require.EqualValues(t, 3+3, r.Result.Questions[0].Of(""), "2 and 4")
}

func readVector(t *testing.T, dir string) (v recordVector) {
	b, err := os.ReadFile(filepath.Join(dir, "vector.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &v))
	return v
}

// writeRecord makes a record of what this release can write: three boxes of which one stops before
// the seal, weights, re-votes at other boxes, a text, two of four trustees who open.
func writeRecord(t *testing.T, name string) {
	dir := filepath.Join(recordsDir, name)
	_, err := os.Stat(dir)
	require.True(t, errors.Is(err, fs.ErrNotExist), "%s is there: a record that was published is never written anew", dir)
	p := threeBoxes(t, electiontest.Config{Trustees: 4, Threshold: 2, Revotes: 2, Weights: []uint64{3, 2, 3, 2, 3, 2}})
	p.cast(t, 0, 0, 0, 1, 2)
	p.cast(t, 1, 0, 1, 2, 3)
	p.cast(t, 2, 0, 2, 3, 1)
	p.cast(t, 1, 1, 0, 1, 2)
	p.cast(t, 3, 0, 0, 1, 2, 3)
	p.cast(t, 4, 0, 1, 1, 3)
	p.cast(t, 4, 2, 2, 2, 1)
	p.publish(t, 1, 2)
	p.endorsed(t, 1, 3, 4)
	p.opened(t, 1, 4)
	require.NoError(t, os.CopyFS(filepath.Join(dir, "record"), p.files))
	s := p.audit(t).Subject()
	b, err := json.MarshalIndent(recordVector{
		Comment: "A weighted election of six voters with three boxes, of which a voter needs two. Five voted, two of them twice and at other boxes. " +
			"Box 3 was not sealed. Checkpoint and aggregate are the digests of docs/spec/merge.md and tally.md. The membership proofs are simulated.",
		Election: s.Election, Checkpoint: s.Checkpoint, Aggregate: s.Aggregate,
	}, "", "  ")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "vector.json"), append(b, '\n'), 0o666))
	*updateReports = true
}
