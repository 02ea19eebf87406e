package tally

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// belenios counts with `belenios-tool method` (https://www.belenios.org, tried with 2.0), and
// skips where that is not installed.
func belenios(t *testing.T, options int, ballots [][]int, method ...string) (out struct {
	Raw       [][]uint64    `json:"raw"`
	Winners   [][]int       `json:"winners"`
	Beatpaths [][][2]uint64 `json:"beatpaths"`
}) {
	t.Helper()
	tool, err := exec.LookPath("belenios-tool")
	if err != nil {
		t.Skip("belenios-tool is not installed, so there is nothing to compare with")
	}
	input, err := json.Marshal(ballots)
	require.NoError(t, err)
	command := exec.CommandContext(t.Context(), tool,
		append([]string{"method"}, append(method, "--blank-allowed=false", "--nchoices="+strconv.Itoa(options))...)...)
	command.Stdin = bytes.NewReader(input)
	answer, err := command.Output()
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(answer, &out))
	for _, place := range out.Winners {
		slices.Sort(place)
	}
	return out
}

// Belenios counts a path by the votes for and against its weakest link too, so orders and
// strengths agree on all ballots.
func TestBeleniosAgreesOnSchulze(t *testing.T) {
	compare := func(options int, papers []paper) {
		ballots := [][]int{}
		for _, p := range papers {
			ballots = append(ballots, p)
		}
		theirs := belenios(t, options, ballots, "schulze")
		p := pairs(options, papers)
		require.Equal(t, theirs.Raw, p)
		require.Equal(t, theirs.Winners, schulze(t, p), "%v", papers)
		paths, err := StrongestPaths(p)
		require.NoError(t, err)
		for a := range paths {
			for b, link := range paths[a] {
				if a != b { // they keep the strongest cycle through an option, too
					require.Equal(t, theirs.Beatpaths[a][b], [2]uint64{link.For, link.Against})
				}
			}
		}
	}
	compare(7, debian(t))
	random := rand.New(rand.NewPCG(6, 2005))
	for range 60 {
		options := 2 + random.IntN(7)
		compare(options, append(randomPapers(random, options), make(paper, options)))
	}
}

// Belenios sets aside medians and does nothing else, which gives the same (docs/spec/tally.md,
// "Majority judgment") with two differences. It knows ballots that grade every candidate only, so
// these tables have equal numbers of judgments. And of an even number it takes the upper median, where
// here, as in Balinski and Laraki's book, it is the lower. Upside down one is the
// other: with the scale reversed, Belenios's order is the reverse of ours, always. With the scale as
// it is, the orders of two candidates differ exactly if, when equal pairs of medians have been set
// aside, one of them has the better upper and the worse lower median.
func TestBeleniosAgreesOnMajorityJudgment(t *testing.T) {
	different := 0
	compare := func(grades int, judgments [][]int) { // of each candidate, from 1, the best
		n := len(judgments)
		table := make([][]uint64, n)
		var straight, reversed [][]int
		for ballot := range judgments[0] {
			straight, reversed = append(straight, make([]int, n)), append(reversed, make([]int, n))
			for c := range judgments {
				grade := judgments[c][ballot]
				straight[ballot][c], reversed[ballot][c] = grade, grades+1-grade
			}
		}
		for c, list := range judgments {
			table[c] = make([]uint64, grades)
			for _, grade := range list {
				table[c][grade-1]++
			}
		}
		method := []string{"majority-judgment", "--ngrades=" + strconv.Itoa(grades)}
		ours := MajorityJudgment(table)
		theirs := belenios(t, n, reversed, method...).Winners
		slices.Reverse(theirs)
		require.Equal(t, theirs, ours, "%v", table)

		result := belenios(t, n, straight, method...)
		require.Equal(t, table, result.Raw)
		for a := range n {
			for b := range n {
				place := func(places [][]int, c int) int {
					return slices.IndexFunc(places, func(p []int) bool { return slices.Contains(p, c) })
				}
				here, there := place(ours, a)-place(ours, b), place(result.Winners, a)-place(result.Winners, b)
				if crossed(judgments[a], judgments[b]) {
					different++
					require.Equal(t, sign(here), -sign(there), "%v", table)
				} else {
					require.Equal(t, sign(here), sign(there), "%v", table)
				}
			}
		}
	}
	random := rand.New(rand.NewPCG(6, 2016))
	for range 40 {
		candidates, grades, ballots := 1+random.IntN(6), 2+random.IntN(4), 1+random.IntN(24)
		judgments := make([][]int, candidates)
		for c := range judgments {
			for range ballots {
				judgments[c] = append(judgments[c], 1+random.IntN(grades))
			}
		}
		compare(grades, judgments)
	}
	require.Positive(t, different, "the tables have none of the cases that differ")

	// LaPrimaire's shares, in tenths of a percent, and about as many for "assez bien" as it takes.
	_, rows, _ := laPrimaire(t)
	judgments := make([][]int, len(rows))
	for c, row := range rows {
		for g, n := range row {
			judgments[c] = append(judgments[c], slices.Repeat([]int{g + 1}, int(n*1000/sum(row)))...)
		}
		judgments[c] = append(judgments[c], slices.Repeat([]int{3}, 1000-len(judgments[c]))...)
	}
	compare(5, judgments)
}

// crossed reports that the first pair of medians, a lower and an upper one, in which two
// candidates differ, is better above and worse below for one of them.
func crossed(a, b []int) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	for upper := (len(a) - 1) / 2; upper >= 0; upper-- {
		lower := len(a) - 1 - upper
		if a[upper] != b[upper] || a[lower] != b[lower] {
			return (a[upper]-b[upper])*(a[lower]-b[lower]) < 0
		}
	}
	return false
}
