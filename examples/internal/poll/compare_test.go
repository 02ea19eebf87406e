package poll

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
)

func TestCompareNamesTheCounterThatDiffers(t *testing.T) {
	opened := ballot.Tally{Question: "bylaw", Counts: []ballot.Count{
		{Option: "yes", Total: 3}, {Option: "no"}, {Label: ballot.BlankLabel, Total: 1},
	}}
	plain := Count{{Option: "yes"}: 3, {Label: ballot.BlankLabel}: 1}
	require.NoError(t, plain.Compare(opened))

	plain[Counter{Option: "no"}] = 1
	require.EqualError(t, plain.Compare(opened), `question "bylaw", option "no": 0 were opened, 1 were cast`)
	plain[Counter{Option: "no"}] = 0
	require.NoError(t, plain.Compare(opened))
	plain[Counter{Label: ballot.BlankLabel}] = 0
	require.EqualError(t, plain.Compare(opened), `question "bylaw", "blank": 1 were opened, 0 were cast`)
	plain[Counter{Label: ballot.BlankLabel}] = 1
	plain[Counter{Option: "maybe"}] = 1
	require.EqualError(t, plain.Compare(opened), `question "bylaw", option "maybe": 1 were cast, the result has no such counter`)
}
