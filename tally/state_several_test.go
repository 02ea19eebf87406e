package tally

import (
	"bytes"
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/electiontest"
)

// severalLogs is a record of three boxes: ballots in two of them, and a re-vote at others.
func severalLogs(t *testing.T) (p *boxes, valid map[[32]byte]bool) {
	t.Helper()
	p = threeBoxes(t, electiontest.Config{Voters: 4, Revotes: 3})
	valid = map[[32]byte]bool{}
	cast := func(voter int, sequence uint32, at ...int) {
		valid[sha256.Sum256(p.cast(t, voter, sequence, voter, at...).Bytes())] = true
	}
	cast(0, 0, 1, 2)
	cast(1, 0, 2, 3)
	cast(2, 0, 1, 3)
	cast(0, 1, 2, 3)
	cast(3, 0, 1, 2)
	p.publish(t, 1, 2, 3)
	return p, valid
}

// listed returns the ballots in a state.
func listed(t *testing.T, p *boxes, state string) [][32]byte {
	t.Helper()
	v, err := openVerified(state, p.Manifest.ID())
	require.NoError(t, err)
	require.NoError(t, v.close())
	return v.earlier
}

func TestResumedAuditOfSeveralBoxesGivesTheSameReport(t *testing.T) {
	p, valid := severalLogs(t)
	want := reported(t, p.audit(t))
	audit := func(state string, stop int) (*Report, error) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		calls := 0
		return Audit(ctx, p.files, p.Manifest.ID(), &AuditOptions{
			AcceptKeys: accept.AcceptKeys, State: state,
			Progress: func(uint64, uint64) {
				if calls++; calls == stop {
					cancel()
				}
			},
		})
	}
	for stop := 1; stop <= 3; stop++ { // after each log
		state := filepath.Join(t.TempDir(), "state")
		r, err := audit(state, stop)
		require.ErrorIs(t, err, context.Canceled)
		require.Nil(t, r)
		before := listed(t, p, state)
		require.NotEmpty(t, before)

		r, err = audit(state, 0)
		require.NoError(t, err)
		require.Equal(t, want, reported(t, r), "after %d logs", stop)
		all := listed(t, p, state)
		require.Len(t, all, len(valid), "each ballot is verified once in both audits together")
		for _, digest := range all {
			require.True(t, valid[digest])
		}

		kept, err := os.ReadFile(state)
		require.NoError(t, err)
		r, err = audit(state, 0)
		require.NoError(t, err)
		require.Equal(t, want, reported(t, r))
		again, err := os.ReadFile(state)
		require.NoError(t, err)
		require.Equal(t, kept, again, "nothing was left to verify")
	}
}

func TestStatesOfSeveralBoxesThatAreNone(t *testing.T) {
	p, _ := severalLogs(t)
	state := filepath.Join(t.TempDir(), "state")
	opts := &AuditOptions{AcceptKeys: accept.AcceptKeys, State: state}
	whole, err := Audit(t.Context(), p.files, p.Manifest.ID(), opts)
	require.NoError(t, err)
	good, err := os.ReadFile(state)
	require.NoError(t, err)
	put := func(b []byte) { require.NoError(t, os.WriteFile(state, b, 0o600)) }

	head := len(verifiedMagic) + 32
	for name, c := range map[string]struct {
		edit func(b []byte) []byte
		want error
		says string
	}{
		"another file":     {func(b []byte) []byte { b[0] ^= 1; return b }, ErrMalformed, "it is none"},
		"another version":  {func(b []byte) []byte { b[head-34]++; return b }, ErrMalformed, "another version"},
		"another election": {func(b []byte) []byte { b[head-1] ^= 1; return b }, ErrForeign, "another election"},
		"no ballots":       {func(b []byte) []byte { b[head+3] = 0; return b }, ErrMalformed, "0 ballots"},
		"many ballots":     {func(b []byte) []byte { b[head] = 0xff; return b }, ErrMalformed, "1 to 1024"},
		"another ballot":   {func(b []byte) []byte { b[head+4] ^= 1; return b }, ErrMalformed, "checksum"},
		"another sum":      {func(b []byte) []byte { b[len(b)-1] ^= 1; return b }, ErrMalformed, "checksum"},
	} {
		put(c.edit(bytes.Clone(good)))
		was, err := os.ReadFile(state)
		require.NoError(t, err)
		r, err := Audit(t.Context(), p.files, p.Manifest.ID(), opts)
		require.ErrorIs(t, err, c.want, name)
		require.ErrorContains(t, err, c.says, name)
		require.ErrorContains(t, err, "move it away", name)
		require.Nil(t, r)
		is, err := os.ReadFile(state)
		require.NoError(t, err)
		require.Equal(t, was, is, "%s: it is left as it is", name)
	}
	for n := range good { // an audit that was killed while it wrote
		put(good[:n])
		v, err := openVerified(state, p.Manifest.ID())
		require.NoError(t, err, n)
		require.NoError(t, v.close())
	}
	put(good[:len(good)-1])
	r, err := Audit(t.Context(), p.files, p.Manifest.ID(), opts)
	require.NoError(t, err)
	require.Equal(t, reported(t, whole), reported(t, r))
	now, err := os.ReadFile(state)
	require.NoError(t, err)
	require.Len(t, now, len(good))

	opts.State = t.TempDir()
	_, err = Audit(t.Context(), p.files, p.Manifest.ID(), opts)
	require.ErrorContains(t, err, "the state")
}
