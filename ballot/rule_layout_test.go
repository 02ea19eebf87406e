package ballot

import (
	"fmt"
	"math/bits"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// The heart of the matter: of all assignments of the bits that mean something, exactly those that are votes of the rule
// can be completed by slack so that all constraints hold; and the counters then say what the vote says.
func TestLayoutsAllowExactlyTheVotesOfTheRule(t *testing.T) {
	tried := map[string]int{}
	each(func(r Rule, n int) {
		checkLayout(t, r, n, compiled(t, r, n, 1000))
		tried[fmt.Sprintf("%T", r)]++
	})
	require.Len(t, tried, 7, "all rules but Condorcet")
}

// reach is the set of sums that some slack bits can make.
type reach struct {
	low  int64
	sums []bool
}

func (r *reach) has(v int64) bool {
	i := v - r.low
	return i >= 0 && i < int64(len(r.sums)) && r.sums[i]
}

func newReach(coefficients []int64) *reach {
	r := &reach{sums: []bool{true}}
	for _, c := range coefficients {
		next := &reach{low: r.low + min(c, 0), sums: make([]bool, len(r.sums)+int(magnitude(c)))}
		for i, ok := range r.sums {
			if v := r.low + int64(i); ok {
				next.sums[v-next.low], next.sums[v+c-next.low] = true, true
			}
		}
		r = next
	}
	return r
}

// checkLayout walks through all assignments, changing one bit at a time. Every slack bit is in one constraint, so each
// constraint can be completed by itself, namely when its slack reaches what the assignment leaves missing.
func checkLayout(t *testing.T, r Rule, n int, l *layout) {
	t.Helper()
	p := paperOf(r, n)
	type use struct {
		index int
		times int64
	}
	constraints, counters := make([][]use, l.bits), make([][]use, l.bits)
	slack := make([][]int64, len(l.constraints))
	missing := make([]int64, len(l.constraints))
	for k, c := range l.constraints {
		missing[k] = c.right
		for _, term := range c.left {
			constraints[term.bit] = append(constraints[term.bit], use{k, term.coefficient})
			if term.bit >= p.bits {
				slack[k] = append(slack[k], term.coefficient)
			}
		}
	}
	for bit := p.bits; bit < l.bits; bit++ {
		require.LessOrEqual(t, len(constraints[bit]), 1, "%#v of %d: slack bit %d", r, n, bit)
	}
	for i, c := range l.counters {
		for _, term := range c.form {
			require.Less(t, term.bit, p.bits, "%#v of %d: slack is counted", r, n)
			counters[term.bit] = append(counters[term.bit], use{i, term.coefficient})
		}
	}
	reaches := make([]*reach, len(l.constraints))
	failing := 0
	for k := range l.constraints {
		if reaches[k] = newReach(slack[k]); !reaches[k].has(missing[k]) {
			failing++
		}
	}

	b, counts := make([]uint8, p.bits), make([]uint64, len(l.counters))
	for step := uint(0); ; {
		if valid := p.valid(b); valid != (failing == 0) {
			require.Fail(t, "another verdict than the rule's", "%#v of %d: %v: valid %v", r, n, b, valid)
		} else if valid && !slices.Equal(counts, p.counts(b)) {
			require.Fail(t, "another count than the rule's", "%#v of %d: %v: %v", r, n, b, counts)
		}
		if step++; step == 1<<p.bits {
			return
		}
		bit := bits.TrailingZeros(step)
		sign := 1 - 2*int64(b[bit])
		b[bit] ^= 1
		for _, u := range constraints[bit] {
			if !reaches[u.index].has(missing[u.index]) {
				failing--
			}
			missing[u.index] -= sign * u.times
			if !reaches[u.index].has(missing[u.index]) {
				failing++
			}
		}
		for _, u := range counters[bit] {
			counts[u.index] += uint64(sign * u.times)
		}
	}
}

// The pairs of Condorcet are tied to its other bits in more ways than one, so these are searched.
func TestPairsAreThoseOfARanking(t *testing.T) {
	for n, want := range map[int]int{2: 3, 3: 10, 4: 41} {
		l := compiled(t, Condorcet{}, n, 1000)
		p := paperOf(Condorcet{}, n)
		valid := 0
		for assignment := range 1 << p.bits {
			b := make([]uint8, l.bits)
			for i := range p.bits {
				b[i] = uint8(assignment >> i & 1)
			}
			require.Equal(t, p.valid(b), completions(l, b, p.bits) > 0, "%v", b[:p.bits])
			if p.valid(b) {
				valid++
				for i, c := range l.counters {
					require.EqualValues(t, b[i], c.form.value(b))
				}
			}
		}
		require.Equal(t, want, valid, "rankings of up to %d options", n)
	}
}

// completions counts the assignments of the bits from number from on with which all constraints hold. It follows an assignment
// only while every constraint can still come out.
func completions(l *layout, b []uint8, from int) int {
	missing := make([]int64, len(l.constraints))
	low, high := make([]int64, len(l.constraints)), make([]int64, len(l.constraints)) // what the bits to come can add
	for k, c := range l.constraints {
		missing[k] = c.right
		for _, term := range c.left {
			if term.bit < from {
				missing[k] -= term.coefficient * int64(b[term.bit])
			} else {
				low[k] += min(term.coefficient, 0)
				high[k] += max(term.coefficient, 0)
			}
		}
	}
	uses := make([][][2]int64, l.bits) // constraint and coefficient
	for k, c := range l.constraints {
		for _, term := range c.left {
			uses[term.bit] = append(uses[term.bit], [2]int64{int64(k), term.coefficient})
		}
	}
	var search func(bit int) int
	search = func(bit int) int {
		if bit == l.bits {
			return 1
		}
		found := 0
		for _, u := range uses[bit] {
			low[u[0]] -= min(u[1], 0)
			high[u[0]] -= max(u[1], 0)
		}
		for v := range int64(2) {
			possible := true
			for _, u := range uses[bit] {
				missing[u[0]] -= v * u[1]
				possible = possible && low[u[0]] <= missing[u[0]] && missing[u[0]] <= high[u[0]]
			}
			if possible {
				found += search(bit + 1)
			}
			for _, u := range uses[bit] {
				missing[u[0]] += v * u[1]
			}
		}
		for _, u := range uses[bit] {
			low[u[0]] += min(u[1], 0)
			high[u[0]] += max(u[1], 0)
		}
		return found
	}
	for k := range missing {
		if missing[k] < low[k] || missing[k] > high[k] {
			return 0
		}
	}
	return search(from)
}

// What a voter can say and what the layout allows are the same votes: what is valid is filled, counted and read back as it was
// said, and what is not is refused.
func TestEveryAllowedVoteIsFilledAndRead(t *testing.T) {
	const most = 9
	check := func(r Rule, n int) {
		p := paperOf(r, n)
		options := question("q", nil, optionIDs(n)...).Options
		l := compiled(t, r, n, 1000)
		said := 0
		for assignment := range 1 << p.bits {
			want := make([]uint8, p.bits)
			for i := range want {
				want[i] = uint8(assignment >> i & 1)
			}
			vote, ok := p.vote(want)
			if !ok {
				require.False(t, p.valid(want), "%#v of %d: %v has no words", r, n, want)
				continue
			}
			b := make([]uint8, l.bits)
			err := r.fill(b, options, vote)
			if !p.valid(want) {
				require.ErrorIs(t, err, ErrVote, "%#v of %d: %v", r, n, want)
				continue
			}
			said++
			if err != nil || !l.satisfied(b) {
				require.Fail(t, "a vote that cannot be cast", "%#v of %d: %v: %v, %v", r, n, want, b, err)
			}
			require.Equal(t, p.counts(want), countsOf(t, l, b), "%#v of %d: %v", r, n, want)
			require.Equal(t, vote, r.read(b, options), "%#v of %d: %v", r, n, want)
		}
		require.NotZero(t, said)
	}
	eachUpTo(most, check)
	for n := 2; n <= 4; n++ {
		check(Condorcet{}, n)
	}
}

// countsOf goes the way of the counters: packed into ciphertexts and taken out again.
func countsOf(t testing.TB, l *layout, b []uint8) []uint64 {
	t.Helper()
	totals := make([]uint64, len(l.forms))
	for j, f := range l.forms {
		totals[j] = uint64(f.value(b))
	}
	counts, err := l.unpack(totals)
	require.NoError(t, err)
	return counts
}
