package tally

import (
	"encoding/csv"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/testdata/elections"
)

// laPrimaire returns the published table in its order: names, judgments, majority grades.
func laPrimaire(t *testing.T) (names []string, judgments [][]uint64, published []string) {
	t.Helper()
	r := csv.NewReader(strings.NewReader(elections.LaPrimaire2016))
	r.Comment = '#'
	records, err := r.ReadAll()
	require.NoError(t, err)
	for _, record := range records[1:] {
		var row []uint64
		for _, s := range record[1:6] {
			n, err := strconv.ParseUint(s, 10, 64)
			require.NoError(t, err)
			row = append(row, n)
		}
		names, judgments, published = append(names, record[0]), append(judgments, row), append(published, record[7])
	}
	require.Len(t, names, 12)
	return names, judgments, published
}

// mark returns the grade of a row, abbreviated, with its mark.
func mark(t *testing.T, codes []string, row []uint64) string {
	t.Helper()
	grade, above, below, ok := MajorityGrade(row)
	require.True(t, ok)
	s := Standing{Above: above, Below: below}
	return codes[grade] + s.Mark()
}

func TestAttack31LaPrimaire2016IsOrderedAsPublished(t *testing.T) {
	names, judgments, published := laPrimaire(t)
	for seed := range uint64(20) {
		order := rand.New(rand.NewPCG(seed, 31)).Perm(len(names))
		var table [][]uint64
		for _, i := range order {
			table = append(table, judgments[i])
		}
		var got []string
		for _, place := range MajorityJudgment(table) {
			require.Len(t, place, 1)
			got = append(got, names[order[place[0]]])
		}
		require.Equal(t, names, got)
	}
	for i, row := range judgments {
		require.Equal(t, published[i], mark(t, []string{"TB", "B", "AB", "P", "I"}, row), names[i])
	}

	// What the same table gives to those who count it wrongly.
	at := func(name string) []uint64 { return judgments[slices.Index(names, name)] }
	below := func(row []uint64) uint64 { return row[3] + row[4] } // a grade of "assez bien"
	andre, bussard := at("André"), at("Bussard")
	require.Less(t, below(bussard), below(andre), "by counts Bussard would be ahead")
	require.Equal(t, -1, newProfile(andre).compare(newProfile(bussard)))
	difference := func(row []uint64) *big.Rat {
		_, above, below, _ := MajorityGrade(row)
		return new(big.Rat).Sub(above, below)
	}
	mazuel, vitalis := at("Mazuel"), at("Vitalis")
	require.Positive(t, difference(vitalis).Cmp(difference(mazuel)), "by (above - below) Vitalis would be ahead")
	require.Equal(t, -1, newProfile(mazuel).compare(newProfile(vitalis)))
}

// The capital of Tennessee: 42 live in Memphis, 26 in Nashville, 15 in Chattanooga, 17 in Knoxville.
// https://en.wikipedia.org/wiki/Majority_judgment
func TestMajorityJudgmentOfTennessee(t *testing.T) {
	table := [][]uint64{ // excellent, good, fair, poor
		{42, 0, 0, 58},
		{26, 0, 74, 0},
		{15, 17, 26, 42},
		{17, 15, 26, 42},
	}
	require.Equal(t, [][]int{{1}, {3}, {2}, {0}}, MajorityJudgment(table))
	var got []string
	for _, row := range table {
		got = append(got, mark(t, []string{"excellent", "good", "fair", "poor"}, row))
	}
	require.Equal(t, []string{"poor+", "fair+", "fair-", "fair-"}, got)
}

func TestMajorityJudgmentByHand(t *testing.T) {
	const k = 1 << 43
	for _, c := range []struct {
		claim string
		table [][]uint64
		want  [][]int
	}{
		{"nobody", nil, nil},
		{"the lower median", [][]uint64{{1, 0, 1}, {0, 1, 1}, {0, 2, 0}}, [][]int{{2}, {0}, {1}}},
		{"no judgment comes last, even after the worst grade", [][]uint64{{0, 0}, {0, 3}, {}, {1, 0}}, [][]int{{3}, {1}, {0, 2}}},
		{"equal shares of unequal numbers tie", [][]uint64{{1, 2, 3}, {2, 4, 6}, {k, 2 * k, 3 * k}}, [][]int{{0, 1, 2}}},
		{"the largest share is above", [][]uint64{{3, 5, 2}, {4, 4, 2}}, [][]int{{1}, {0}}},
		{"the largest share is below", [][]uint64{{3, 3, 4}, {2, 5, 3}}, [][]int{{1}, {0}}},
		{"a share above stands against one below", [][]uint64{{2, 5, 3}, {3, 5, 2}}, [][]int{{1}, {0}}},
		{"equal shares above and below: the one below counts", [][]uint64{{3, 4, 3}, {0, 9, 1}, {1, 9, 0}}, [][]int{{2}, {1}, {0}}},
		{"but no larger one", [][]uint64{{2, 6, 2}, {0, 7, 3}, {2, 7, 1}}, [][]int{{2}, {0}, {1}}},
		{"shares decide nothing, the removal does", [][]uint64{{2, 2, 5, 1}, {3, 1, 5, 1}}, [][]int{{1}, {0}}},
		{"and so it does from below", [][]uint64{{1, 5, 2, 2}, {1, 5, 1, 3}}, [][]int{{0}, {1}}},
		{"one judgment among 2^44 decides", [][]uint64{{k - 1, k}, {k, k - 1}, {k, k}}, [][]int{{1}, {2}, {0}}},
	} {
		require.Equal(t, c.want, MajorityJudgment(c.table), c.claim)
	}
}

// literally compares two rows as docs/spec/tally.md says it, with lists of judgments.
func literally(t *testing.T, a, b []uint64) int {
	t.Helper()
	list := func(row []uint64, times int) []int { // worst first
		var out []int
		for g := len(row) - 1; g >= 0; g-- {
			out = append(out, slices.Repeat([]int{g}, int(row[g])*times)...)
		}
		return out
	}
	la, lb := list(a, 1), list(b, 1)
	switch {
	case len(la) == 0 && len(lb) == 0:
		return 0
	case len(lb) == 0:
		return -1
	case len(la) == 0:
		return 1
	}
	median := func(l []int) int { return (len(l) - 1) / 2 }
	if ga, gb := la[median(la)], lb[median(lb)]; ga != gb {
		return ga - gb
	}
	grade := la[median(la)]
	share := func(l []int, better bool) *big.Rat {
		n := 0
		for _, g := range l {
			if better && g < grade || !better && g > grade {
				n++
			}
		}
		return big.NewRat(int64(n), int64(len(l)))
	}
	forA, forB := []*big.Rat{share(la, true), share(lb, false)}, []*big.Rat{share(la, false), share(lb, true)}
	largest := func(r []*big.Rat) *big.Rat {
		if r[0].Cmp(r[1]) > 0 {
			return r[0]
		}
		return r[1]
	}
	if c := largest(forB).Cmp(largest(forA)); c != 0 {
		return c
	}
	la, lb = list(a, len(lb)), list(b, len(list(a, 1)))
	require.Len(t, lb, len(la))
	for len(la) > 0 {
		i := median(la)
		if la[i] != lb[i] {
			return la[i] - lb[i]
		}
		la, lb = slices.Delete(la, i, i+1), slices.Delete(lb, i, i+1)
	}
	return 0
}

// randomTable returns judgments, few enough for all kinds of ties.
func randomTable(random *rand.Rand, candidates int) [][]uint64 {
	grades := 2 + random.IntN(4)
	table := make([][]uint64, candidates)
	for c := range table {
		table[c] = make([]uint64, grades)
		for range random.IntN(13) {
			table[c][random.IntN(grades)]++
		}
	}
	return table
}

func TestMajorityJudgmentIsTheRuleLiterally(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2016))
	for range 5000 {
		table := randomTable(random, 2)
		want := literally(t, table[0], table[1])
		got := newProfile(table[0]).compare(newProfile(table[1]))
		require.Equal(t, sign(want), got, "%v", table)
	}
}

func sign(n int) int { return min(max(n, -1), 1) }

func TestMajorityJudgmentIsAnOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2016))
	for range 3000 {
		table := randomTable(random, 3)
		a, b, c := newProfile(table[0]), newProfile(table[1]), newProfile(table[2])
		require.Zero(t, a.compare(a))
		require.Equal(t, a.compare(b), -b.compare(a), "%v", table)
		ab, bc, ac := a.compare(b), b.compare(c), a.compare(c)
		if ab <= 0 && bc <= 0 {
			require.LessOrEqual(t, ac, 0, "%v", table)
			require.Equal(t, ab == 0 && bc == 0, ac == 0, "%v", table)
		}
	}
}

func TestMajorityJudgmentIsNeutralAndKnowsSharesOnly(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 2016))
	for range 500 {
		table := randomTable(random, 1+random.IntN(8))
		want := MajorityJudgment(table)
		other, order := permuted(random, table)
		for c := range other {
			k := 1 + random.Uint64N(1<<38)
			for g := range other[c] {
				other[c][g] *= k
			}
		}
		require.Equal(t, want, renamed(MajorityJudgment(other), order), "%v", table)
	}
}

// permuted returns a copy of a table whose row i is the old row order[i].
func permuted(random *rand.Rand, table [][]uint64) (out [][]uint64, order []int) {
	order = random.Perm(len(table))
	for _, i := range order {
		out = append(out, slices.Clone(table[i]))
	}
	return out, order
}

// renamed gives the options of places their old numbers.
func renamed(places [][]int, order []int) [][]int {
	for _, place := range places {
		for i := range place {
			place[i] = order[place[i]]
		}
		slices.Sort(place)
	}
	return places
}
