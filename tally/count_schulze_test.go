package tally

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/testdata/elections"
)

// A paper is a ballot: the rank of each option, from 1; 0 is without rank.
type paper []int

// ranks reads a ballot of options A, B, C .., best first.
func ranks(options int, text string) paper {
	p := make(paper, options)
	for i := range text {
		p[text[i]-'A'] = i + 1
	}
	return p
}

// pairs counts ballots in pairs.
func pairs(options int, papers []paper) [][]uint64 {
	p := make([][]uint64, options)
	for a := range p {
		p[a] = make([]uint64, options)
		for b := range p {
			for _, ballot := range papers {
				if ballot[a] != 0 && (ballot[b] == 0 || ballot[a] < ballot[b]) {
					p[a][b]++
				}
			}
		}
	}
	return p
}

// papers repeats ballots: number, text, number, text ..
func papers(options int, of ...any) []paper {
	var out []paper
	for i := 0; i < len(of); i += 2 {
		out = append(out, slices.Repeat([]paper{ranks(options, of[i+1].(string))}, of[i].(int))...)
	}
	return out
}

// debian returns the ballots of 2005.
func debian(t *testing.T) []paper {
	t.Helper()
	var out []paper
	for line := range strings.Lines(elections.Debian2005) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		count, list, ok := strings.Cut(strings.TrimSpace(line), ": ")
		require.True(t, ok, line)
		copies, err := strconv.Atoi(count)
		require.NoError(t, err)
		p := make(paper, 7)
		for rank, s := range strings.Split(list, ",") {
			option, err := strconv.Atoi(s)
			require.NoError(t, err)
			p[option-1] = rank + 1
		}
		out = append(out, slices.Repeat([]paper{p}, copies)...)
	}
	require.Len(t, out, 504)
	return out
}

func schulze(t *testing.T, preferred [][]uint64) [][]int {
	t.Helper()
	order, err := Schulze(preferred)
	require.NoError(t, err)
	return order
}

func TestAttack31Debian2005IsOrderedAsPublished(t *testing.T) {
	require.Equal(t, [][]int{{2}, {3}, {1}, {5}, {4}, {6}, {0}}, schulze(t, pairs(7, debian(t))))
}

// The example of M. Schulze's papers with 45 voters: the order is E, A, C, B, D.
// https://en.wikipedia.org/wiki/Schulze_method
func TestSchulzesExample(t *testing.T) {
	p := pairs(5, papers(5, 5, "ACBED", 5, "ADECB", 8, "BEDAC", 3, "CABED", 7, "CAEBD", 2, "CBADE", 7, "DCEBA", 8, "EBADC"))
	require.Equal(t, [][]uint64{
		{0, 20, 26, 30, 22}, {25, 0, 16, 33, 18}, {19, 29, 0, 17, 24}, {15, 12, 28, 0, 14}, {23, 27, 21, 31, 0},
	}, p)
	require.Equal(t, [][]int{{4}, {0}, {2}, {1}, {3}}, schulze(t, p))
	paths, err := StrongestPaths(p)
	require.NoError(t, err)
	var strengths [][]uint64
	for _, row := range paths {
		var s []uint64
		for _, link := range row {
			s = append(s, link.For)
			if link.For > 0 {
				require.EqualValues(t, 45, link.For+link.Against)
			}
		}
		strengths = append(strengths, s)
	}
	require.Equal(t, [][]uint64{
		{0, 28, 28, 30, 24}, {25, 0, 28, 33, 24}, {25, 29, 0, 29, 24}, {25, 28, 28, 0, 24}, {25, 28, 28, 31, 0},
	}, strengths)
}

func TestSchulzeByHand(t *testing.T) {
	for _, c := range []struct {
		claim   string
		options int
		papers  []paper
		want    [][]int
	}{
		{"no ballot", 3, nil, [][]int{{0, 1, 2}}},
		{"the capital of Tennessee", 4, papers(4, 42, "ABCD", 26, "BCDA", 15, "CDBA", 17, "DCBA"), [][]int{{1}, {2}, {3}, {0}}},
		{"a cycle of equals", 3, papers(3, 1, "ABC", 1, "BCA", 1, "CAB"), [][]int{{0, 1, 2}}},
		{"the weakest link gives way", 3, papers(3, 6, "ABC", 5, "BCA", 4, "CAB"), [][]int{{0}, {1}, {2}}},
		{"those without rank tie at the bottom", 4, papers(4, 3, "A", 2, "BA"), [][]int{{0}, {1}, {2, 3}}},
		{"who names nobody prefers nobody", 2, papers(2, 9, "", 1, "B"), [][]int{{1}, {0}}},
	} {
		require.Equal(t, c.want, schulze(t, pairs(c.options, c.papers)), c.claim)
	}
}

func TestTheFewerVotesAgainstMakeTheStrongerOfEqualVictories(t *testing.T) {
	// A beats B 10:4, B beats C 10:3, C beats A 10:2. The first gives way.
	require.Equal(t, [][]int{{1}, {2}, {0}}, schulze(t, [][]uint64{{0, 10, 2}, {4, 0, 10}, {10, 3, 0}}))
	require.Equal(t, [][]int{{0, 1, 2}}, schulze(t, [][]uint64{{0, 10, 2}, {2, 0, 10}, {10, 2, 0}}))
	require.Equal(t, 1, Link{10, 3}.Compare(Link{10, 4}))
	require.Equal(t, -1, Link{10, 4}.Compare(Link{10, 3}))
	require.Equal(t, 1, Link{11, 10}.Compare(Link{10, 0}))
	require.Equal(t, 1, Link{1, 0}.Compare(Link{}))
	require.Equal(t, 0, Link{10, 3}.Compare(Link{10, 3}))
}

func TestAnOptionThatNothingIsAboveHasTheFirstPlace(t *testing.T) {
	// A beats B; C meets A and B in draws, so it ties with both, and only B has one above it.
	require.Equal(t, [][]int{{0, 2}, {1}}, schulze(t, [][]uint64{{0, 3, 2}, {1, 0, 2}, {2, 2, 0}}))
}

func TestRejectsMatricesThatAreNotSquare(t *testing.T) {
	for _, p := range [][][]uint64{{{0, 1}}, {{0, 1}, {2}}, {nil}, {{0, 1, 2}, {1, 0, 2}}} {
		_, err := Schulze(p)
		require.ErrorIs(t, err, ErrMalformed)
		_, err = StrongestPaths(p)
		require.ErrorIs(t, err, ErrMalformed)
	}
	order, err := Schulze(nil)
	require.NoError(t, err)
	require.Empty(t, order)
}

// randomPapers returns ballots that rank any number of options.
func randomPapers(random *rand.Rand, options int) []paper {
	var out []paper
	for range random.IntN(30) {
		p := make(paper, options)
		for rank, option := range random.Perm(options)[:random.IntN(options+1)] {
			p[option] = rank + 1
		}
		out = append(out, p)
	}
	return out
}

func TestSchulzeOrdersByATransitiveRelation(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 2005))
	for range 1500 {
		n := 1 + random.IntN(7)
		p := pairs(n, randomPapers(random, n))
		paths, err := StrongestPaths(p)
		require.NoError(t, err)
		above := func(a, b int) bool { return paths[a][b].Compare(paths[b][a]) > 0 }
		place := make([]int, n)
		order := schulze(t, p)
		for k, options := range order {
			for _, a := range options {
				place[a] = k
			}
		}
		for a := range n {
			wins, behind := 0, place[a] == 0
			for b := range n {
				if above(a, b) {
					require.Less(t, place[a], place[b])
				}
				if p[a][b] > p[b][a] {
					wins++
				}
				behind = behind || above(b, a) && place[b] == place[a]-1
				for c := range n {
					require.False(t, above(a, b) && above(b, c) && !above(a, c), "%v", p)
				}
			}
			require.True(t, behind, "a place follows from the one before it: %v", p)
			if n > 1 && wins == n-1 {
				require.Equal(t, []int{a}, order[0], "who beats every other is first: %v", p)
			}
		}
	}
}

func TestSchulzeIsNeutralAndKeepsProportions(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 2005))
	for range 500 {
		n := 1 + random.IntN(7)
		p := pairs(n, randomPapers(random, n))
		want := schulze(t, p)
		k := 1 + random.Uint64N(1<<38)
		order := random.Perm(n)
		q := make([][]uint64, n)
		for i, a := range order {
			for _, b := range order {
				q[i] = append(q[i], k*p[a][b])
			}
		}
		require.Equal(t, want, renamed(schulze(t, q), order), "%v", p)
	}
}
