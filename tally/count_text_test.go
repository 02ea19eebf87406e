package tally

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
)

// textResult is a result of 8 ballots with made-up counts for each rule.
func textResult(t *testing.T) *Result {
	t.Helper()
	m, tallies := emptyTallies(t)
	for i, totals := range [][]uint64{
		{4, 2, 0, 1, 1, 1},
		{5, 5, 8, 0},
		{8, 0, 0, 0, 1, 3, 0, 4, 0, 5, 3, 0, 0, 5, 3, 0},
		{3, 1, 2, 1, 0, 0, 0, 0, 4, 0, 1, 3, 1, 1, 1, 0},
		{100, 8, 160, 21},
		{8, 0, 0, 0, 0, 0, 0, 1, 7, 0, 0, 0, 0, 0, 0, 8, 0, 0, 3, 0, 0, 0, 0, 5},
		{40, 30, 10, 0},
		{4, 30, 1, 0},
		{16, 24, 8, 9},
		{12, 13, 13, 10},
		{96, 80, 0, 64},
		{5, 4, 8, 3, 4, 8, 4, 4, 8, 0, 0, 0},
	} {
		require.Len(t, tallies[i].Counts, len(totals))
		for k, total := range totals {
			tallies[i].Counts[k].Total = total
		}
	}
	outcomes, err := count(m, 8, tallies)
	require.NoError(t, err)
	return &Result{Ballots: 8, Weight: 8, Questions: outcomes, manifest: m}
}

func TestResultTextShowsWhatTheRuleGives(t *testing.T) {
	r := textResult(t)
	var text strings.Builder
	require.NoError(t, r.WriteText(&text, "en"))
	require.Equal(t, strings.TrimPrefix(wantText, "\n"), text.String())
	var french strings.Builder
	require.NoError(t, r.WriteText(&french, "fr"))
	require.Contains(t, french.String(), "Bien    Passable  Mauvais  À rejeter")
	require.Contains(t, french.String(), "Bibliothèque")
	require.Error(t, (&Result{}).WriteText(&text, "en"))
}

// What is no title has a column without titles. That no title has two spaces in a row, as columns
// have between them, is for package ballot.
func TestTitleReadsLikeNoOtherPartOfAResult(t *testing.T) {
	both := func(s string) ballot.Text { return ballot.Text{"en": s, "fr": s} }
	options := func(titles ...string) (out []ballot.Option) {
		for i, s := range titles {
			out = append(out, ballot.Option{ID: ballot.OptionID(rune('a' + i)), Title: both(s)})
		}
		return out
	}
	manifest := electiontest.New(t, electiontest.Config{Edit: func(d *ballot.Draft) {
		d.Questions = []ballot.Question{
			{ID: "q", Title: both("Who?"), Rule: ballot.Choice{Max: 1, Blank: true}, Options: options("Ann", "blank", "(blank) 5", "Cy 9000 first")},
			{ID: "g", Title: both("How?"), Rule: ballot.Judgment{Max: 1, Grades: []ballot.GradeLevel{
				{ID: "x", Title: both("Good +")}, {ID: "y", Title: both("Good")}, {ID: "z", Title: both("none")},
			}}, Options: options("Ann", "Bo", "Cy")},
			{ID: "r", Title: both("In which order?"), Rule: ballot.Condorcet{}, Options: options("Ann", "neither of 1 and 2", "- 7 place 1", "1 Ann - 7")},
		}
	}}).Manifest
	tallies, err := manifest.Decode(make([]uint64, manifest.Ciphertexts()))
	require.NoError(t, err)
	for i, totals := range [][]uint64{{2, 0, 0, 0, 1}, {0, 2, 0, 1, 0, 0, 0, 0, 0}, make([]uint64, 12)} {
		require.Len(t, tallies[i].Counts, len(totals))
		for k, total := range totals {
			tallies[i].Counts[k].Total = total
		}
	}
	outcomes, err := count(manifest, 3, tallies)
	require.NoError(t, err)
	var text strings.Builder
	require.NoError(t, (&Result{Ballots: 3, Weight: 3, Questions: outcomes, manifest: manifest}).WriteText(&text, "en"))
	require.Equal(t, `q: Who?
  Ann            2  first
  blank          0
  (blank) 5      0
  Cy 9000 first  0
                 1  blank

g: How?
           Good +  Good    none  judgments  majority grade  mark
  1.  Bo   100.0%  0.0%    0.0%  1          Good +
  2.  Ann  0.0%    100.0%  0.0%  2          Good
  3.  Cy   -       -       -     0

r: In which order?
     preferred to        1  2  3  4
  1  Ann                 -  0  0  0  place 1  tied
  2  neither of 1 and 2  0  -  0  0  place 1  tied
  3  - 7 place 1         0  0  -  0  place 1  tied
  4  1 Ann - 7           0  0  0  -  place 1  tied
`, text.String())
}

const wantText = `
choice: choice
  Bridge   4  first
  Library  2
  Park     0
  School   1
           1  blank
           1  none of these

approval: approval
  Bridge   5
  Library  5
  Park     8  first
  School   0

judgment-of-all: judgment-of-all
               Good    Fair   Poor   Reject  judgments  majority grade  mark
  1.  Bridge   100.0%  0.0%   0.0%   0.0%    8          Good
  2.  Park     0.0%    62.5%  37.5%  0.0%    8          Fair            -  tied
  2.  School   0.0%    62.5%  37.5%  0.0%    8          Fair            -  tied
  4.  Library  12.5%   37.5%  0.0%   50.0%   8          Reject          +

judgment-of-some: judgment-of-some
               Good   Fair   Poor   Reject  judgments  majority grade  mark
  1.  School   33.3%  33.3%  33.3%  0.0%    3          Fair
  2.  Bridge   42.9%  14.3%  28.6%  14.3%   7          Fair
  3.  Park     50.0%  0.0%   12.5%  37.5%   8          Poor            +
  4.  Library  -      -      -      -       0

sums: sums
           sum  mean
  Bridge   100  12.50
  Library  8    1.00
  Park     160  20.00  first
  School   21   2.63

histogram: histogram
           of 0  of 1  of 2  of 3  of 4  of 5  sum  mean
  Bridge   8     0     0     0     0     0     0    0.00
  Library  0     1     7     0     0     0     15   1.88
  Park     0     0     0     8     0     0     24   3.00
  School   3     0     0     0     0     5     25   3.13  first

whole: whole
  Bridge   40  first
  Library  30
  Park     10
  School   0

some: some
  Bridge   4
  Library  30  first
  Park     1
  School   0

quadratic: quadratic
  Bridge   16
  Library  24  first
  Park     8
  School   9

borda: borda
  Bridge   12
  Library  13  tied for first
  Park     13  tied for first
  School   10

contest: contest
  Bridge   96  first
  Library  80
  Park     0
  School   64

condorcet: condorcet
     preferred to  1  2  3  4
  1  Bridge        -  4  5  8  place 1  tied
  2  Park          4  -  4  8  place 1  tied
  3  Library       3  4  -  8  place 3
  4  School        0  0  0  -  place 4
  neither of 2 and 3 is above the other
`
