package ballot

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/babyjub"
)

// The argument, the encoding and the verifier know bits, forms and equations, and no voting method. Here they
// run on layouts of methods that have no rule yet, with votes that each method allows and votes that break one of its equations.
func TestTheArgumentServesEveryVotingMethod(t *testing.T) {
	oneHot := func(c *compiler, n int) (row linear) {
		for range n {
			row = append(row, c.bit(1))
		}
		c.require(row, 1)
		return row
	}
	scaled := func(row linear, by func(i int) int64) (out linear) {
		for i, t := range row {
			if k := by(i); k != 0 {
				out = append(out, newTerm(t.bit, k))
			}
		}
		return out
	}
	for name, method := range map[string]struct {
		compile func(c *compiler)
		good    [][]uint8
		bad     [][]uint8
	}{
		"judgment of 2 candidates by 3 grades, at most one graded": {
			func(c *compiler) {
				var budget linear
				for i := range 2 {
					row := oneHot(c, 4) // the last: not graded
					for g := range 3 {
						c.count(OptionID(fmt.Sprint(i)), fmt.Sprint(g), linear{newTerm(row[g].bit, 1)}, 1)
					}
					budget = budget.plus(scaled(row, func(g int) int64 { return []int64{1, 1, 1, 0}[g] }), 1)
				}
				c.require(budget.plus(c.slack(1), 1), 1)
			},
			[][]uint8{{1, 0, 0, 0, 0, 0, 0, 1, 0}, {0, 0, 0, 1, 0, 1, 0, 0, 0}, {0, 0, 0, 1, 0, 0, 0, 1, 1}},
			[][]uint8{{1, 0, 0, 0, 0, 1, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 1, 0}, {1, 1, 0, 0, 0, 0, 0, 1, 0}},
		},
		"scores of 0 to 10": {
			func(c *compiler) {
				for i := range 3 {
					c.count(OptionID(fmt.Sprint(i)), "", c.slack(10), 10)
				}
			},
			[][]uint8{{1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 1, 0}, make([]uint8, 12)},
			nil,
		},
		"a budget of 5 over scores of 0 to 5": {
			func(c *compiler) {
				var sum linear
				for i := range 2 {
					score := c.slack(5)
					c.count(OptionID(fmt.Sprint(i)), "", score, 5)
					sum = sum.plus(score, 1)
				}
				c.require(sum.plus(c.slack(5), 1), 5)
			},
			[][]uint8{{1, 0, 1, 0, 1, 0, 0, 0, 0}, {1, 1, 1, 0, 0, 0, 0, 0, 0}}, // 3+2, 5+0
			[][]uint8{{1, 1, 1, 1, 0, 0, 0, 0, 0}, {1, 1, 0, 0, 0, 0, 0, 0, 0}},
		},
		"quadratic: 2 options, amounts 0 to 2, 4 credits": {
			func(c *compiler) {
				var squares linear
				for i := range 2 {
					row := oneHot(c, 3)
					c.count(OptionID(fmt.Sprint(i)), "", scaled(row, func(v int) int64 { return int64(v) }), 2)
					squares = squares.plus(scaled(row, func(v int) int64 { return int64(v * v) }), 1)
				}
				c.require(squares.plus(c.slack(4), 1), 4)
			},
			[][]uint8{{0, 0, 1, 1, 0, 0, 0, 0, 0}, {0, 1, 0, 0, 1, 0, 0, 1, 0}},
			// Over the budget; two amounts of one option (row 41).
			[][]uint8{{0, 0, 1, 0, 1, 0, 0, 0, 0}, {0, 1, 1, 1, 0, 0, 0, 0, 0}},
		},
		"ranking of 3, Borda": {
			func(c *compiler) {
				var rows [3]linear
				for i := range rows {
					rows[i] = oneHot(c, 3)
					c.count(OptionID(fmt.Sprint(i)), "", scaled(rows[i], func(rank int) int64 { return int64(2 - rank) }), 2)
				}
				for rank := range 3 {
					c.require(linear{rows[0][rank], rows[1][rank], rows[2][rank]}, 1)
				}
			},
			[][]uint8{{0, 1, 0, 1, 0, 0, 0, 0, 1}},
			[][]uint8{{1, 0, 0, 1, 0, 0, 0, 0, 1}},
		},
		"a pair p_ab - p_ba = 0 with negative coefficients": {
			func(c *compiler) {
				a, b := c.bit(1), c.bit(-1)
				c.count("a", "over b", linear{a}, 1)
				c.count("b", "over a", linear{newTerm(b.bit, 1)}, 1)
				c.require(linear{a, b}, 0)
			},
			[][]uint8{{0, 0}, {1, 1}},
			[][]uint8{{1, 0}, {0, 1}},
		},
	} {
		var c compiler
		method.compile(&c)
		e, l := electionOf(t, &c)
		cast := func(bits []uint8) *Ballot { return e.castBits(t, l, bits) }
		v := e.verifier(t)
		for _, bits := range method.good {
			b := cast(bits)
			require.True(t, l.satisfied(bits), "%s: %v", name, bits)
			require.NoError(t, v.Verify(t.Context(), b), "%s: %v", name, bits)
			for j, f := range l.forms {
				require.True(t, e.decrypts(&b.questions[0].ciphertexts[j], uint64(f.value(bits))), name)
			}
		}
		for _, bits := range method.bad {
			require.False(t, l.satisfied(bits), "%s: %v", name, bits)
			b := cast(bits)
			require.Equal(t, []string{"1" + equationV}, e.failing(t, b), "%s: %v", name, bits)
			require.ErrorIs(t, v.Verify(t.Context(), b), ErrInvalid)
		}
	}
}

// electionOf is an election of one question with the layout of c.
func electionOf(t testing.TB, c *compiler) (*election, *layout) {
	t.Helper()
	l, err := c.finish(11304)
	require.NoError(t, err)
	e := newElection(t, approvalOf(1))
	e.m = cloneForTest(e.m)
	e.m.layouts = []*layout{l}
	e.m.ciphertexts, e.m.size = len(l.forms), ballotHeadSize+l.size()+signatureSize
	return e, l
}

// castBits makes the ballot of a new voter whose bits are these, whatever the constraints say.
func (e *election) castBits(t testing.TB, l *layout, bits []uint8) *Ballot {
	t.Helper()
	require.Len(t, bits, l.bits)
	s := &Sealed{opening: Opening{election: e.m.id, questions: []opened{{bits, make([]babyjub.Scalar, len(l.forms))}}}}
	for j := range l.forms {
		s.opening.questions[0].r[j] = randomScalar()
	}
	s.questions = s.opening.encrypt(e.m)
	return e.deviate(t, e.credential(t), 0, s, honest)
}

// Credits 100, amounts 0 to 6: filling all amounts 1 to 6 of one option costs 91 and would count 21.
func TestAttack41AQuadraticBallotFillsOneAmountOfARow(t *testing.T) {
	var c compiler
	var amounts, squares, row linear
	for v := range int64(7) {
		b := c.bit(1)
		row = append(row, b)
		if v > 0 {
			amounts = append(amounts, newTerm(b.bit, v))
			squares = append(squares, newTerm(b.bit, v*v))
		}
	}
	c.require(row, 1)
	c.count("a", "", amounts, 6)
	c.require(squares.plus(c.slack(100), 1), 100)
	e, l := electionOf(t, &c)

	six := append([]uint8{0, 0, 0, 0, 0, 0, 1}, make([]uint8, 7)...)
	fillSlack(six[7:], 100, 100-36)
	require.NoError(t, e.verifier(t).Verify(t.Context(), e.castBits(t, l, six)))

	all := append([]uint8{0, 1, 1, 1, 1, 1, 1}, make([]uint8, 7)...)
	fillSlack(all[7:], 100, 100-91)
	b := e.castBits(t, l, all)
	require.Equal(t, []string{"1" + equationV}, e.failing(t, b))
	require.ErrorIs(t, e.verifier(t).Verify(t.Context(), b), ErrInvalid)
}
