package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/examples/internal/poll"
	"github.com/scrutin/scrutin/examples/internal/poll/polltest"
	"github.com/scrutin/scrutin/tally"
)

func TestFlags(t *testing.T) { polltest.Usage(t, &program) }

// A whole election and its audit.
func TestElection(t *testing.T) {
	output, _ := polltest.Hold(t, &program, "5")
	require.Contains(t, output, "the opened matrix and a plain count of the ballots agree")
	require.NotContains(t, output, "that Debian published")
}

func TestAllBallotsGiveThePublishedOrder(t *testing.T) {
	ballots, err := readBallots()
	require.NoError(t, err)
	require.Len(t, ballots, everybody)
	count := plainCount(ballots)
	preferred := make([][]uint64, len(options))
	for i, a := range options {
		for _, b := range options {
			preferred[i] = append(preferred[i], count[poll.Counter{Option: a.id, Label: string(b.id)}])
		}
	}
	places, err := tally.Schulze(preferred)
	require.NoError(t, err)
	var order [][]ballot.OptionID
	for _, place := range places {
		var ids []ballot.OptionID
		for _, i := range place {
			ids = append(ids, options[i].id)
		}
		order = append(order, ids)
	}
	require.NoError(t, checkPublished(order))

	order[0], order[1] = order[1], order[0]
	require.ErrorContains(t, checkPublished(order), "was published")
	order[0], order[1] = order[1], order[0]
	require.ErrorContains(t, checkPublished(order[:6]), "was published")
	require.ErrorContains(t, checkPublished(append([][]ballot.OptionID{append(order[0], order[1]...)}, order[2:]...)), "was published")
}

func TestBallotsAreThePublishedOnesInOneOrder(t *testing.T) {
	ballots, err := readBallots()
	require.NoError(t, err)
	again, err := readBallots()
	require.NoError(t, err)
	require.Equal(t, ballots, again)

	copies := 0
	for _, ranking := range ballots {
		if slices.Equal(ranking, []ballot.OptionID{"robinson", "towns"}) {
			copies++
		}
	}
	require.Equal(t, 10, copies, "the first line of the file")
}

func TestRejectsLinesThatAreNoBallots(t *testing.T) {
	for _, line := range []string{"", "3", "x: 1,2", "3: 0", "3: 8", "3: 1,,2", "3: one"} {
		_, _, err := parseLine(line)
		require.Error(t, err, line)
	}
}

func TestPlainCountTiesTheUnranked(t *testing.T) {
	count := plainCount([][]ballot.OptionID{{"towns", "lees"}})
	require.Len(t, count, 6+5, "towns above six, lees above five, the others above none")
	require.EqualValues(t, 1, count[poll.Counter{Option: "towns", Label: "lees"}])
	require.EqualValues(t, 1, count[poll.Counter{Option: "lees", Label: "none-of-the-above"}])
	require.Zero(t, count[poll.Counter{Option: "lees", Label: "towns"}])
	require.Zero(t, count[poll.Counter{Option: "walther", Label: "garrett"}])
}

func TestTheMatrixMarksVictories(t *testing.T) {
	opened := ballot.Tally{Counts: []ballot.Count{
		{Option: "walther", Label: "garrett", Total: 2}, {Option: "garrett", Label: "walther", Total: 3},
	}}
	var out strings.Builder
	require.NoError(t, writeMatrix(&out, opened))
	lines := strings.Split(out.String(), "\n")
	require.Equal(t, strings.Fields("Jonathan Walther . 2 0 0 0 0 0"), strings.Fields(lines[1]))
	require.Equal(t, strings.Fields("Matthew Garrett 3* . 0 0 0 0 0"), strings.Fields(lines[2]))
}
