package tally

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/electiontest"
	"github.com/scrutin/scrutin/internal/wire"
)

func asJSON(t testing.TB, r *Report) (string, reportFile) {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, r.WriteJSON(&b))
	line, ok := strings.CutSuffix(b.String(), "\n")
	require.True(t, ok)
	require.NotContains(t, line, "\n")
	var f reportFile
	require.NoError(t, wire.UnmarshalCanonical([]byte(line), &f), "it is canonical")
	return line, f
}

func TestJSONSaysWhatTheReportSays(t *testing.T) {
	p := base()
	r := p.audit(t)
	line, f := asJSON(t, r)
	again, _ := asJSON(t, p.audit(t))
	require.Equal(t, line, again)
	require.Equal(t, "scrutin/report/v1", f.Format)
	require.Equal(t, r.Election, f.Election)
	require.Equal(t, wire.Hex32(r.subject.Aggregate), *f.Aggregate)
	require.Equal(t, rollReport{classReport{5, 1}, 5, 5, false}, f.Roll)
	require.Equal(t, checkpointReport{true, r.Root, 4}, f.Checkpoint)
	require.Equal(t, []uint64{4, 0, 0, 4, 4}, []uint64{f.Logged, f.Superseded, f.Invalid, f.Counted, f.CountedWeight})
	require.Equal(t, trusteesReport{3, []int{1, 2, 3, 4}}, f.Endorsements)
	require.Equal(t, trusteesReport{2, []int{1, 2, 3, 4}}, f.Shares)
	require.Equal(t, Opened, f.Stage)
	require.True(t, f.Valid)
	require.Equal(t, "audit: ok", f.Verdict)
	require.Len(t, f.Checks, len(checks))
	for i, c := range f.Checks {
		require.Equal(t, checkReport{Check: checks[i], Status: "ok"}, c)
	}
	require.Equal(t, string(p.result.Bytes()), string(f.Result), "the result is result.json")

	var members map[string]any
	require.NoError(t, json.Unmarshal([]byte(line), &members))
	require.Empty(t, members["invalidEntries"], "a list, not null")
	require.NotNil(t, members["invalidEntries"])
}

func TestJSONOfRecordsThatFailOrWait(t *testing.T) {
	p := contested(t)
	r := p.audit(t)
	_, f := asJSON(t, r)
	require.False(t, f.Valid)
	require.Equal(t, lastLine(t, r), f.Verdict)
	require.EqualValues(t, r.Invalid, len(f.InvalidEntries))
	require.EqualValues(t, 3, f.InvalidEntries[0].Index)
	require.Equal(t, r.InvalidEntries[0].Err.Error(), f.InvalidEntries[0].Reason)
	require.Equal(t, rollReport{classReport{1, 1}, 5, 20 + 1<<20, true}, f.Roll)
	require.Nil(t, f.Aggregate, "no sums that anybody may sign")
	require.Nil(t, f.Result)
	require.Equal(t, "failed", f.Checks[7].Status)
	require.Equal(t, "not checked", f.Checks[9].Status)
	require.NotEmpty(t, f.Checks[9].Reason)

	p = bare()
	_, f = asJSON(t, p.audit(t))
	require.True(t, f.Valid)
	require.NotNil(t, f.Aggregate)
	require.Equal(t, AwaitingEndorsements, f.Stage)
	require.Equal(t, trusteesReport{3, []int{}}, f.Endorsements)
	require.Equal(t, "incomplete", f.Checks[9].Status)

	// Files that cannot be read to the end of a check leave numbers out, not members.
	p = base().copy()
	delete(p.files, "log/checkpoint")
	delete(p.files, "census/census.json")
	_, f = asJSON(t, p.audit(t))
	require.Zero(t, f.Checkpoint.Size)
	require.Zero(t, f.Roll.Voters)
}

func TestJSONHoldsNoTextThatChangesHowItReads(t *testing.T) {
	p := newPoll(t, electiontest.Config{})
	p.logged(t, true)
	p.put("\u202eko :tidua\xff", nil)
	line, _ := asJSON(t, p.audit(t))
	require.NotContains(t, line, "\u202e")
}

func TestJSONOfNoReport(t *testing.T) {
	for _, r := range []*Report{nil, {}, {Closed: true, Stage: Opened}} {
		var b bytes.Buffer
		require.ErrorIs(t, r.WriteJSON(&b), ErrInvalid)
		require.Zero(t, b.Len())
	}
	_, w := io.Pipe()
	require.NoError(t, w.CloseWithError(errMedium))
	r, err := Audit(context.Background(), base().files, base().Manifest.ID(), accept)
	require.NoError(t, err)
	err = r.WriteJSON(w)
	require.True(t, errors.Is(err, io.ErrClosedPipe) || errors.Is(err, errMedium), "%v", err)
}
