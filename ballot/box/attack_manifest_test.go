package box

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
)

// A second manifest carries the ceremony, the key and the trustees of the first. The trustees signed one of them
// alone (tally.TestAttack35TrusteeSignsOneManifest), so no box opens the other, whatever signatures it is given.
func TestAttack35NoBoxForASecondManifestOfAKey(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	d := s.Manifest
	twin := electiontest.New(t, electiontest.Config{Edit: func(draft *ballot.Draft) {
		draft.Ceremony, draft.PublicKey, draft.Trustees, draft.Threshold = d.Ceremony(), d.PublicKey().Bytes(), d.Trustees(), d.Threshold()
	}})
	require.Equal(t, d.Ceremony(), twin.Manifest.Ceremony())
	require.NotEqual(t, d.ID(), twin.Manifest.ID())
	require.Equal(t, 3, d.Quorum())

	for name, signatures := range map[string][]ballot.Signature{
		"none":               nil,
		"of the first":       s.Signatures,
		"of other keys":      twin.Signatures,
		"one of a quorum":    {ballot.SignElection(twin.Manifest, 1, &s.Enrolment[0])},
		"one of them thrice": {ballot.SignElection(twin.Manifest, 1, &s.Enrolment[0]), ballot.SignElection(twin.Manifest, 1, &s.Enrolment[0])},
		"one, and another's": {ballot.SignElection(twin.Manifest, 1, &s.Enrolment[0]), s.Signatures[1]},
	} {
		_, err := Open(t.TempDir(), twin.Manifest, Config{Verifier: twin.Verifier(t), Key: twin.LogKey, Signatures: signatures})
		require.ErrorIs(t, err, ballot.ErrInvalid, name)
	}
	s.open(t)
}
