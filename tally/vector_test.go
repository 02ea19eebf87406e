package tally

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
	"github.com/scrutin/scrutin/internal/wire"
)

var updateRecord = flag.Bool("update-record", false, "write testdata/record and testdata/record.json")

type recordVector struct {
	Comment    string            `json:"comment"`
	Election   ballot.ElectionID `json:"election"`
	Checkpoint wire.Hex32        `json:"checkpoint"`
	Aggregate  wire.Hex32        `json:"aggregate"`
}

// TestVectorOfARecord audits a record that was written once: what a second implementer has, too.
// If it fails, the format of some file has changed.
func TestVectorOfARecord(t *testing.T) {
	const dir, path = "testdata/record", "testdata/record.json"
	if *updateRecord {
		p := newPoll(t, electiontest.Config{Trustees: 4, Threshold: 2, Revotes: 1})
		entries := append(p.ballots(t, 4), p.Ballot(t, 1, 1, 0).Bytes())
		p.logged(t, true, entries...)
		p.endorsed(t, 1, 3, 4)
		p.opened(t, 1, 4)
		require.NoError(t, os.RemoveAll(dir))
		require.NoError(t, os.CopyFS(dir, p.files))
		s := p.audit(t).Subject()
		b, err := json.MarshalIndent(recordVector{
			Comment: "The record in testdata/record: five voters, four of whom voted, one of them twice. Checkpoint and aggregate are the digests of " +
				"docs/spec/log.md and tally.md. Made by go test ./tally -run TestVectorOfARecord -update-record, with simulated membership proofs.",
			Election: s.Election, Checkpoint: s.Checkpoint, Aggregate: s.Aggregate,
		}, "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, append(b, '\n'), 0o666))
	}
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	var want recordVector
	require.NoError(t, json.Unmarshal(b, &want))
	r, err := Audit(context.Background(), os.DirFS(filepath.FromSlash(dir)), want.Election, accept)
	require.NoError(t, err)
	require.NoError(t, r.Err())
	require.Equal(t, Subject{want.Election, want.Checkpoint, want.Aggregate}, r.Subject())
	require.EqualValues(t, 5, r.Logged)
	require.EqualValues(t, 1, r.Superseded)
	require.Equal(t, []int{1, 3, 4}, r.Endorsed)
	require.Equal(t, []int{1, 4}, r.Shared)
	require.EqualValues(t, 3, r.Result.Questions[0].Of("yes"))
	require.EqualValues(t, 0, r.Result.Questions[0].Of("no"))
}
