package ballot

import (
	"fmt"
	"math/bits"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// A paper says what the first bits of a rule's layout mean, the others being slack: which of
// their assignments are votes that the rule allows, what is counted, and what a voter would say. It is
// written from the words of the rule and shares nothing with the layouts but the order of these bits.
type paper struct {
	bits   int
	valid  func(b []uint8) bool
	counts func(b []uint8) []uint64            // in a slice that is used again
	vote   func(b []uint8) (v Vote, said bool) // said: there are words for it, allowed or not
}

func paperOf(r Rule, n int) paper {
	ids := optionIDs(n)
	switch r := r.(type) {
	case Choice:
		return paperOfChoice(r, ids)
	case Approval:
		return paper{n, func([]uint8) bool { return true }, same(n), func(b []uint8) (Vote, bool) { return Approve(chosen(b, ids)...), true }}
	case Judgment:
		g := len(r.Grades)
		return paper{n * g,
			func(b []uint8) bool {
				graded := 0
				for i := range n {
					ones := ones(b[i*g:][:g])
					if ones > 1 {
						return false
					}
					graded += ones
				}
				return r.Min <= graded && graded <= r.Max
			},
			same(n * g),
			func(b []uint8) (Vote, bool) {
				grades := map[OptionID]GradeID{}
				for i := range n {
					switch row := b[i*g:][:g]; ones(row) {
					case 0:
					case 1:
						grades[ids[i]] = r.Grades[slices.Index(row, 1)].ID
					default:
						return Vote{}, false
					}
				}
				return Grade(grades), true
			},
		}
	case Scoring:
		if !r.Histogram {
			p := paperOfNumbers(n, r.Max, func([]int) bool { return true })
			p.vote = func(b []uint8) (Vote, bool) { return Score(amountsOf(ids, numbers(b, n, r.Max))), true }
			return p
		}
		return paper{n * (r.Max + 1),
			func(b []uint8) bool { return rowOf(b, n, r.Max+1) != nil },
			same(n * (r.Max + 1)),
			func(b []uint8) (Vote, bool) {
				row := rowOf(b, n, r.Max+1)
				return Score(amountsOf(ids, row)), row != nil
			},
		}
	case Cumulative:
		p := paperOfNumbers(n, r.Points, func(v []int) bool {
			given := 0
			for _, v := range v {
				given += v
			}
			return given == r.Points || given < r.Points && !r.Whole
		})
		p.vote = func(b []uint8) (Vote, bool) { return Give(amountsOf(ids, numbers(b, n, r.Points))), true }
		return p
	case Quadratic:
		most := 0
		for most*most <= r.Credits {
			most++
		}
		out := make([]uint64, n)
		return paper{n * most,
			func(b []uint8) bool {
				cost := 0
				row := rowOf(b, n, most)
				for _, v := range row {
					cost += v * v
				}
				return row != nil && cost <= r.Credits
			},
			func(b []uint8) []uint64 {
				for i, v := range rowOf(b, n, most) {
					out[i] = uint64(v)
				}
				return out
			},
			func(b []uint8) (Vote, bool) {
				row := rowOf(b, n, most)
				return Give(amountsOf(ids, row)), row != nil
			},
		}
	case Ranking:
		return paperOfRanking(r, ids)
	case Condorcet:
		return paperOfPairs(ids)
	}
	panic("a rule without a paper")
}

func paperOfChoice(r Choice, ids []OptionID) paper {
	n, blank, none := len(ids), -1, -1
	all := n
	if r.Blank {
		blank, all = all, all+1
	}
	if r.None {
		none, all = all, all+1
	}
	return paper{all,
		func(b []uint8) bool {
			marks, others := ones(b[:n]), ones(b[n:all])
			return others == 0 && r.Min <= marks && marks <= r.Max || others == 1 && marks == 0
		},
		same(all),
		func(b []uint8) (Vote, bool) {
			marks := chosen(b[:n], ids)
			switch {
			case ones(b[n:all]) == 0:
				return Choose(marks...), true
			case len(marks) > 0 || ones(b[n:all]) > 1:
				return Vote{}, false
			case blank >= 0 && b[blank] == 1:
				return Blank(), true
			}
			return None(), none >= 0
		},
	}
}

// paperOfNumbers is of rules whose votes are numbers of 0 to most, in binary but for the last bit.
func paperOfNumbers(n, most int, valid func([]int) bool) paper {
	out := make([]uint64, n)
	return paper{
		bits:  n * bits.Len(uint(most)),
		valid: func(b []uint8) bool { return valid(numbers(b, n, most)) },
		counts: func(b []uint8) []uint64 {
			for i, v := range numbers(b, n, most) {
				out[i] = uint64(v)
			}
			return out
		},
	}
}

func paperOfRanking(r Ranking, ids []OptionID) paper {
	n, ranks := len(ids), len(r.Points)
	out := make([]uint64, n)
	return paper{n * ranks,
		func(b []uint8) bool {
			given, last := 0, -1
			for k := range ranks {
				at := 0
				for i := range n {
					at += int(b[i*ranks+k])
				}
				if at > 1 {
					return false
				}
				if at == 1 {
					given, last = given+1, k
				}
			}
			for i := range n {
				if ones(b[i*ranks:][:ranks]) > 1 {
					return false
				}
			}
			return last == given-1 && given >= r.Min
		},
		func(b []uint8) []uint64 {
			for i := range n {
				out[i] = 0
				if k := slices.Index(b[i*ranks:][:ranks], 1); k >= 0 {
					out[i] = uint64(r.Points[k])
				}
			}
			return out
		},
		func(b []uint8) (Vote, bool) {
			by := map[OptionID]int{}
			for i, id := range ids {
				for k := range ranks {
					if b[i*ranks+k] == 1 {
						if by[id] != 0 {
							return Vote{}, false
						}
						by[id] = k + 1
					}
				}
			}
			return RankBy(by), true
		},
	}
}

// paperOfPairs is of Condorcet: its bits are the pairs, and valid are those that some order of some of the options makes.
func paperOfPairs(ids []OptionID) paper {
	n := len(ids)
	votes := map[string]Vote{}
	for _, order := range orders(n, n) { // n is small
		if len(order) == n-1 {
			continue // the same as with the last one
		}
		rank := make([]int, n)
		for i := range rank {
			rank[i] = n
		}
		var named []OptionID
		for k, i := range order {
			rank[i] = k
			named = append(named, ids[i])
		}
		var pairs []uint8
		for a := range n {
			for b := range n {
				if a != b {
					prefers := uint8(0)
					if rank[a] < rank[b] {
						prefers = 1
					}
					pairs = append(pairs, prefers)
				}
			}
		}
		votes[string(pairs)] = Rank(named...)
	}
	return paper{n * (n - 1),
		func(b []uint8) bool { _, ok := votes[string(b[:n*(n-1)])]; return ok },
		same(n * (n - 1)),
		func(b []uint8) (Vote, bool) { v, ok := votes[string(b[:n*(n-1)])]; return v, ok },
	}
}

// orders lists all ways to put 0 to most of n things in order.
func orders(n, most int) [][]int {
	out := [][]int{nil}
	for from := 0; from < len(out); from++ {
		if len(out[from]) < most {
			for i := range n {
				if !slices.Contains(out[from], i) {
					out = append(out, append(slices.Clone(out[from]), i))
				}
			}
		}
	}
	return out
}

func ones(b []uint8) (n int) {
	for _, b := range b {
		n += int(b)
	}
	return n
}

// same counts the bits.
func same(n int) func([]uint8) []uint64 {
	out := make([]uint64, n)
	return func(b []uint8) []uint64 {
		for i := range out {
			out[i] = uint64(b[i])
		}
		return out
	}
}

func chosen(b []uint8, ids []OptionID) (out []OptionID) {
	for i, id := range ids {
		if b[i] == 1 {
			out = append(out, id)
		}
	}
	return out
}

// numbers reads n numbers of 0 to most: in binary, but that the last bit is worth what the others leave of most.
func numbers(b []uint8, n, most int) []int {
	out, width := make([]int, n), bits.Len(uint(most))
	for i := range out {
		row := b[i*width:][:width]
		for j, bit := range row[:width-1] {
			out[i] += int(bit) << j
		}
		out[i] += int(row[width-1]) * (most - (1<<(width-1) - 1))
	}
	return out
}

// rowOf reads in n rows of bits which one is set; nil if in some row it is not one.
func rowOf(b []uint8, n, columns int) []int {
	out := make([]int, n)
	for i := range out {
		row := b[i*columns:][:columns]
		if ones(row) != 1 {
			return nil
		}
		out[i] = slices.Index(row, 1)
	}
	return out
}

func amountsOf(ids []OptionID, amounts []int) map[OptionID]int {
	out := map[OptionID]int{}
	for i, v := range amounts {
		out[ids[i]] = v
	}
	return out
}

// gradesOf are n grades.
func gradesOf(n int) (out []GradeLevel) {
	for i := range n {
		id := fmt.Sprint("g", i)
		out = append(out, GradeLevel{GradeID(id), text(id)})
	}
	return out
}

const exhaustive = 16 // bits that all assignments are tried of

// numbersTried are numbers up to 40, and some more with a power of two near.
var numbersTried = func() []int {
	var out []int
	for i := range 40 {
		out = append(out, i+1)
	}
	return append(out, 63, 64, 65, 100, 127, 128, 255, 256, 1000, 4095, 65535)
}()

// each calls f for every rule with every number of options, as far as the bits that mean something are at most
// exhaustive; points tables, and scores and points above 40, are some of many.
func each(f func(r Rule, n int)) { eachUpTo(exhaustive, f) }

func eachUpTo(limit int, f func(r Rule, n int)) {
	for n := 1; n <= limit; n++ {
		f(Approval{}, n)
		for most := 1; most <= n; most++ {
			for least := range most + 1 {
				for _, blank := range []int{0, 1} {
					for _, none := range []int{0, 1} {
						if n+blank+none <= limit {
							f(Choice{least, most, blank == 1, none == 1}, n)
						}
					}
				}
				for g := 2; n*g <= limit; g++ {
					f(Judgment{gradesOf(g), least, most}, n)
				}
			}
		}
		for _, most := range numbersTried {
			if n*bits.Len(uint(most)) <= limit {
				f(Scoring{most, false}, n)
				f(Cumulative{most, false}, n)
				f(Cumulative{most, true}, n)
			}
			if n*(most+1) <= limit {
				f(Scoring{most, true}, n)
			}
		}
		for root := 1; n*(root+1) <= limit; root++ {
			for credits := root * root; credits < (root+1)*(root+1); credits++ {
				f(Quadratic{credits}, n)
			}
		}
		for ranks := 1; ranks <= n && n*ranks <= limit; ranks++ {
			for _, points := range [][]int{BordaPoints(max(n, 2))[:ranks], slices.Repeat([]int{1}, ranks), append([]int{1000}, make([]int, ranks-1)...)} {
				for least := range ranks + 1 {
					f(Ranking{points, least}, n)
				}
			}
		}
	}
}

func compiled(t testing.TB, r Rule, n int, total uint64) *layout {
	t.Helper()
	l, err := compileRule(r, question("q", nil, optionIDs(n)...).Options, total)
	require.NoError(t, err, "%T%v of %d", r, r, n)
	return l
}
