package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/examples/internal/stage"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/tally"
)

// With -setup, keys of a one-party set-up are no longer accepted.
func TestAsksForTheCeremonyOfTheKeys(t *testing.T) {
	s := newScene(t)
	s.poll(t, true, s.Ballot(t, 0, 0, 0))
	require.NoError(t, os.WriteFile(filepath.Join(s.record, tally.VerifyingKeyFile), s.Key.VerifyingKey().Bytes(), 0o600))
	out, err := s.audit(s.record)
	require.ErrorIs(t, err, errInvalid, "the record has no signatures and no shares")
	require.NotContains(t, out, "no set-up ceremony")
	out, err = s.audit("-setup", t.TempDir(), s.record)
	require.ErrorIs(t, err, errInvalid)
	require.Contains(t, out, `the provenance "`+proof.OneParty+`" names no set-up ceremony`)
	_, err = s.audit("-powers", "x.ptau", s.record)
	require.ErrorIs(t, err, stage.ErrUsage)
	_, err = s.audit("-setup", s.files, "-tracker", "x", s.record)
	require.ErrorIs(t, err, stage.ErrUsage)
}
