package stage

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/proof/ceremony"
	"github.com/scrutin/scrutin/proof/prover"
)

func TestCeremonyOfAnotherRelationOrKey(t *testing.T) {
	relation, key := prover.Relation{Depth: 10}, [32]byte{1}
	made := &ceremony.Transcript{Relation: relation, ProvingKey: key}
	require.NoError(t, agrees(made, relation, key))
	require.ErrorContains(t, agrees(made, prover.Relation{Depth: 10, Weighted: true}, key), "the ceremony was about")
	require.ErrorContains(t, agrees(made, prover.Relation{Depth: 11}, key), "the ceremony was about")
	require.ErrorContains(t, agrees(made, relation, [32]byte{2}), "ended in the proving key 01")
}
