package main

import (
	"os"
	"path/filepath"
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

// A whole election, its audit, and its picture.
func TestElection(t *testing.T) {
	output, dir := polltest.Hold(t, &program, "4")
	require.Contains(t, output, "the opened result and the judgments that were dealt out agree")
	require.NotContains(t, output, "published\n")
	picture, err := os.ReadFile(filepath.Join(dir, "merit-profile.svg"))
	require.NoError(t, err)
	requirePicture(t, picture)
	require.Contains(t, string(picture), "20 judgments on 4 of the 10,677 secret ballots")
}

func TestBallotsMeetThePublishedTable(t *testing.T) {
	rows, err := readFacts()
	require.NoError(t, err)
	require.Len(t, rows, 12)
	ballots := deal(rows)
	require.Len(t, ballots, everybody)

	got := make([]row, len(rows))
	sizes := map[int]int{}
	for _, judgments := range ballots {
		sizes[len(judgments)]++
		graded := map[int]bool{}
		for _, j := range judgments {
			require.False(t, graded[j.candidate], "a candidate twice on a ballot")
			graded[j.candidate] = true
			got[j.candidate].judgments[j.grade]++
		}
	}
	require.Equal(t, map[int]int{5: 10_676, 3: 1}, sizes)
	total := 0
	for i := range rows {
		require.Equal(t, rows[i].judgments, got[i].judgments, rows[i].name)
		for _, n := range got[i].judgments {
			total += n
		}
	}
	require.Equal(t, 53_383, total)
	require.Equal(t, ballots, deal(rows), "the dealing is the same each time")
}

// Of each 2,000 ballots in a row every candidate's share of each grade is within six points of
// the whole's, and any two candidates stand together on some.
func TestTheFirstBallotsAreAFairSample(t *testing.T) {
	rows, err := readFacts()
	require.NoError(t, err)
	ballots := deal(rows)
	whole := plainCount(rows, ballots)
	for sample := range slices.Chunk(ballots[:10_000], 2_000) {
		part := plainCount(rows, sample)
		for _, r := range rows {
			var n, all float64
			for _, g := range grades {
				n += float64(part[poll.Counter{Option: r.option(), Label: string(g.id)}])
				all += float64(whole[poll.Counter{Option: r.option(), Label: string(g.id)}])
			}
			for _, g := range grades {
				c := poll.Counter{Option: r.option(), Label: string(g.id)}
				require.InDelta(t, float64(whole[c])/all, float64(part[c])/n, 0.06, "%s %s", r.name, g.fr)
			}
		}
		together := map[[2]int]bool{}
		for _, judgments := range sample {
			for _, a := range judgments {
				for _, b := range judgments {
					together[[2]int{a.candidate, b.candidate}] = true
				}
			}
		}
		require.Len(t, together, len(rows)*len(rows))
	}
}

// result is the result of ballots that are known, in the clear.
func result(rows []row, ballots [][]graded) *tally.Outcome {
	count := plainCount(rows, ballots)
	o := &tally.Outcome{}
	judgments := make([][]uint64, len(rows))
	for i, r := range rows {
		for _, g := range grades {
			n := count[poll.Counter{Option: r.option(), Label: string(g.id)}]
			o.Counts = append(o.Counts, ballot.Count{Option: r.option(), Label: string(g.id), Total: n})
			judgments[i] = append(judgments[i], n)
		}
	}
	for _, place := range tally.MajorityJudgment(judgments) {
		var options []ballot.OptionID
		for _, i := range place {
			options = append(options, rows[i].option())
		}
		o.Order = append(o.Order, options)
	}
	return o
}

func TestAllBallotsGiveThePublishedResult(t *testing.T) {
	rows, err := readFacts()
	require.NoError(t, err)
	ballots := deal(rows)
	whole := result(rows, ballots)
	require.NoError(t, checkPublished(rows, whole, ranked(rows, whole)))

	short := result(rows, ballots[1:])
	require.ErrorContains(t, checkPublished(rows, short, ranked(rows, short)), "were published")

	whole.Order[0], whole.Order[1] = whole.Order[1], whole.Order[0]
	require.ErrorContains(t, checkPublished(rows, whole, ranked(rows, whole)), "place 1 is Bernabeu's, Marchandise's was published")
	whole.Order[0], whole.Order[1] = whole.Order[1], whole.Order[0]
	rows[4].published = "AB-"
	require.ErrorContains(t, checkPublished(rows, whole, ranked(rows, whole)), `Pettini has the grade "AB+", "AB-" was published`)
	whole.Order = append(whole.Order[:10], append(whole.Order[10], whole.Order[11]...))
	require.ErrorContains(t, checkPublished(rows, whole, ranked(rows, whole)), "candidates share a place")
}

func TestTheTableIsInFinalOrder(t *testing.T) {
	rows, err := readFacts()
	require.NoError(t, err)
	var out strings.Builder
	require.NoError(t, writeTable(&out, ranked(rows, result(rows, deal(rows)))))
	lines := strings.Split(out.String(), "\n")
	require.Equal(t, strings.Fields("1 Marchandise good + 47.7 % 23.9 % 13.2 % 7.2 % 7.9 % 4461"), strings.Fields(lines[1]))
	require.Equal(t, strings.Fields("12 Bussard fairly good - 6.9 % 17.9 % 27.0 % 26.5 % 21.7 % 4390"), strings.Fields(lines[12]))
}
