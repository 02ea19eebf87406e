package ballot

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

type sample struct {
	name    string
	rule    Rule
	options int
}

// samples has each rule, and each of its forms that have other bits, once.
func samples() []sample {
	return []sample{
		{"choice", Choice{Min: 1, Max: 1}, 3},
		{"choice-blank", Choice{Min: 0, Max: 3, Blank: true}, 5},
		{"choice-blank-none", Choice{Min: 1, Max: 2, Blank: true, None: true}, 4},
		{"choice-none", Choice{Min: 2, Max: 2, None: true}, 3},
		{"approval", Approval{}, 4},
		{"judgment-all", Judgment{gradesOf(3), 2, 2}, 2},
		{"judgment-any", Judgment{gradesOf(2), 0, 3}, 3},
		{"judgment-some", Judgment{gradesOf(5), 1, 3}, 4},
		{"judgment-exactly", Judgment{gradesOf(3), 2, 2}, 4},
		{"score", Scoring{Max: 10}, 4},
		{"score-histogram", Scoring{Max: 3, Histogram: true}, 3},
		{"cumulative", Cumulative{Points: 5}, 3},
		{"cumulative-whole", Cumulative{Points: 10, Whole: true}, 3},
		{"quadratic", Quadratic{Credits: 20}, 3},
		{"ranking-all", Ranking{BordaPoints(4), 4}, 4},
		{"ranking-any", Ranking{BordaPoints(4), 0}, 4},
		{"ranking-some", Ranking{[]int{12, 10, 8, 8}, 2}, 6},
		{"ranking-exactly", Ranking{[]int{3, 1, 0}, 3}, 5},
		{"condorcet", Condorcet{}, 4},
		{"condorcet-pair", Condorcet{}, 2}, // a counter for each option, with a label all the same
	}
}

// said is a vote, with what it adds to each counter.
type said struct {
	vote   Vote
	counts map[Count]uint64 // of counters with Total 0, those that are not 0
}

// randomVote draws a vote that the rule allows, in the form in which it is read from an opening.
func randomVote(r Rule, n int) said {
	ids := optionIDs(n)
	s := said{counts: map[Count]uint64{}}
	add := func(option OptionID, label string, v int) {
		if v > 0 {
			s.counts[Count{option, label, 0}] += uint64(v)
		}
	}
	between := func(least, most int) int { return least + rand.IntN(most-least+1) }
	some := func(k int) (out []OptionID) { // k options in their order
		for _, i := range slices.Sorted(slices.Values(rand.Perm(n)[:k])) {
			out = append(out, ids[i])
		}
		return out
	}
	amounts := map[OptionID]int{}
	for _, id := range ids {
		amounts[id] = 0
	}
	switch r := r.(type) {
	case Choice:
		switch {
		case r.Blank && rand.IntN(5) == 0:
			s.vote = Blank()
			add("", BlankLabel, 1)
			return s
		case r.None && rand.IntN(5) == 0:
			s.vote = None()
			add("", NoneLabel, 1)
			return s
		}
		s.vote = Choose(some(between(r.Min, r.Max))...)
		for _, id := range s.vote.options {
			add(id, "", 1)
		}
	case Approval:
		s.vote = Approve(some(between(0, n))...)
		for _, id := range s.vote.options {
			add(id, "", 1)
		}
	case Judgment:
		grades := map[OptionID]GradeID{}
		for _, id := range some(between(r.Min, r.Max)) {
			grades[id] = r.Grades[rand.IntN(len(r.Grades))].ID
			add(id, string(grades[id]), 1)
		}
		s.vote = Grade(grades)
	case Scoring:
		for _, id := range ids {
			amounts[id] = between(0, r.Max)
			if r.Histogram {
				add(id, fmt.Sprint(amounts[id]), 1)
			} else {
				add(id, "", amounts[id])
			}
		}
		s.vote = Score(amounts)
	case Cumulative:
		left := r.Points
		for _, i := range rand.Perm(n) {
			amounts[ids[i]] = between(0, left)
			left -= amounts[ids[i]]
		}
		if r.Whole {
			amounts[ids[0]] += left
		}
		for id, v := range amounts {
			add(id, "", v)
		}
		s.vote = Give(amounts)
	case Quadratic:
		left := r.Credits
		for _, i := range rand.Perm(n) {
			v := between(0, int(math.Sqrt(float64(left))))
			amounts[ids[i]] = v
			left -= v * v
			add(ids[i], "", v)
		}
		s.vote = Give(amounts)
	case Ranking:
		order := some(n)
		rand.Shuffle(n, func(i, j int) { order[i], order[j] = order[j], order[i] })
		order = order[:between(r.Min, len(r.Points))]
		for k, id := range order {
			add(id, "", r.Points[k])
		}
		s.vote = rankOf(order)
	case Condorcet:
		order := some(n)
		rand.Shuffle(n, func(i, j int) { order[i], order[j] = order[j], order[i] })
		if k := between(0, n); k != n-1 {
			order = order[:k]
		}
		for k, id := range order {
			for _, other := range ids {
				if !slices.Contains(order[:k+1], other) {
					add(id, string(other), 1)
				}
			}
		}
		s.vote = rankOf(order)
	}
	return s
}

// rankOf is the vote that ranks in this order, said in one of the two ways.
func rankOf(order []OptionID) Vote {
	if rand.IntN(2) == 0 && len(order) > 0 {
		by := map[OptionID]int{}
		for k, id := range order {
			by[id] = k + 1
		}
		return RankBy(by)
	}
	return Rank(slices.Clip(order)...)
}

// randomRule draws a rule for n options, at least 2, of any kind and any parameters that fit.
func randomRule(n int) Rule {
	most := 1 + rand.IntN(n)
	least := rand.IntN(most + 1)
	points := make([]int, most)
	for k := range points {
		points[k] = rand.IntN(1 << rand.IntN(20))
	}
	points[0] = max(points[0], 1)
	slices.SortFunc(points, func(a, b int) int { return b - a })
	columns := MaxBits/n - 1
	switch rand.IntN(10) {
	case 0, 1:
		return Choice{least, most, rand.IntN(2) == 0, rand.IntN(2) == 0}
	case 2:
		return Approval{}
	case 3:
		return Judgment{gradesOf(2 + rand.IntN(min(12, columns-2))), least, most}
	case 4:
		return Scoring{1 + rand.IntN(1<<rand.IntN(21)), false}
	case 5:
		return Scoring{1 + rand.IntN(min(columns-1, 30)), true}
	case 6:
		return Cumulative{1 + rand.IntN(1<<rand.IntN(21)), rand.IntN(2) == 0}
	case 7:
		return Quadratic{1 + rand.IntN(min(columns, 12)*min(columns, 12))}
	case 8:
		return Ranking{points[:min(most, columns-1)], min(least, columns-1)}
	}
	return Condorcet{}
}

func TestRandomVotesAreFilledCountedAndRead(t *testing.T) {
	for range 3000 {
		n := 2 + rand.IntN(23)
		r := randomRule(n)
		options := question("q", nil, optionIDs(n)...).Options
		l, err := compileRule(r, options, 1000)
		require.NoError(t, err, "%#v of %d", r, n)
		s := randomVote(r, n)
		b := make([]uint8, l.bits)
		require.NoError(t, r.fill(b, options, s.vote), "%#v of %d", r, n)
		require.True(t, l.satisfied(b), "%#v of %d: %v", r, n, b)
		for i, v := range countsOf(t, l, b) {
			k := Count{l.counters[i].option, l.counters[i].label, 0}
			require.Equal(t, s.counts[k], v, "%#v of %d: %v: %v", r, n, s.vote.options, k)
			delete(s.counts, k)
		}
		require.Empty(t, s.counts, "%#v of %d: a counter is missing", r, n)
		require.Equal(t, s.vote, r.read(b, options), "%#v of %d", r, n)

		// Again, it is the same bits.
		again := make([]uint8, l.bits)
		require.NoError(t, r.fill(again, options, s.vote))
		require.Equal(t, b, again)

		// With other bits it is a vote again, or it satisfies nothing.
		valid := func(other []uint8) bool { return slices.Equal(other, b) } // of pairs, for which four changes are too few
		if _, ok := r.(Condorcet); !ok {
			valid = paperOf(r, n).valid
		}
		for range 20 {
			other := slices.Clone(b)
			for range 1 + rand.IntN(4) {
				other[rand.IntN(len(other))] ^= 1
			}
			if l.satisfied(other) {
				require.True(t, valid(other), "%#v of %d: %v", r, n, other)
			}
		}
	}
}
