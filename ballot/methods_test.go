package ballot

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/babyjub"
)

// The argument, the encoding and the verifier know bits, forms and equations, and no voting method. Here bits are chosen by
// hand, votes and others, and the prover makes the best argument for them that there is.
func TestTheArgumentServesEveryVotingMethod(t *testing.T) {
	type vectors = map[string][]uint8
	for name, test := range map[string]struct {
		rule    Rule
		options int
		good    vectors
		bad     vectors
	}{
		"choice": {
			Choice{Min: 1, Max: 1, Blank: true, None: true}, 2, // a b, blank, none
			vectors{"a": {1, 0, 0, 0}, "blank": {0, 0, 1, 0}, "none": {0, 0, 0, 1}},
			vectors{"both": {1, 1, 0, 0}, "neither": {0, 0, 0, 0}, "blank and a": {1, 0, 1, 0}, "none and a": {1, 0, 0, 1}, "blank and none": {0, 0, 1, 1}},
		},
		"approval": {Approval{}, 2, vectors{"both": {1, 1}, "none": {0, 0}}, nil},
		"judgment": {
			Judgment{gradesOf(3), 0, 1}, 2, // three for a, three for b, a not graded, b not graded, slack
			vectors{"a": {1, 0, 0, 0, 0, 0, 0, 1, 0}, "b": {0, 0, 0, 0, 1, 0, 1, 0, 0}, "none": {0, 0, 0, 0, 0, 0, 1, 1, 1}},
			vectors{"both": {1, 0, 0, 0, 1, 0, 0, 0, 0}, "two grades": {1, 1, 0, 0, 0, 0, 0, 1, 0}, "neither graded nor not": {1, 0, 0, 0, 0, 0, 0, 0, 0},
				"graded and not": {1, 0, 0, 0, 0, 0, 1, 1, 0}, "one grade and slack": {1, 0, 0, 0, 0, 0, 0, 1, 1}},
		},
		"score": {Scoring{Max: 10}, 3, vectors{"10 1 5": {1, 1, 1, 1, 1, 0, 0, 0, 1, 0, 1, 0}, "0": make([]uint8, 12)}, nil},
		"score, histogram": {
			Scoring{Max: 2, Histogram: true}, 2,
			vectors{"0 2": {1, 0, 0, 0, 0, 1}},
			vectors{"two scores": {1, 1, 0, 0, 0, 1}, "no score": {1, 0, 0, 0, 0, 0}},
		},
		"cumulative": {
			Cumulative{Points: 5}, 2, // coefficients 1 2 2 of a, of b, of slack
			vectors{"3 2": {1, 0, 1, 0, 1, 0, 0, 0, 0}, "5 0": {1, 1, 1, 0, 0, 0, 0, 0, 0}, "1 0": {1, 0, 0, 0, 0, 0, 0, 1, 1}},
			vectors{"5 1": {1, 1, 1, 1, 0, 0, 0, 0, 0}, "1 0 and slack 3": {1, 0, 0, 0, 0, 0, 1, 1, 0}},
		},
		"cumulative, whole": {
			Cumulative{Points: 5, Whole: true}, 2,
			vectors{"3 2": {1, 0, 1, 0, 1, 0}},
			vectors{"3 1": {1, 0, 1, 1, 0, 0}, "3 3": {1, 0, 1, 1, 1, 0}},
		},
		"quadratic": {
			Quadratic{Credits: 4}, 2, // 0 1 2 votes for a, for b; slack 1 2 1
			vectors{"2 0": {0, 0, 1, 1, 0, 0, 0, 0, 0}, "1 1": {0, 1, 0, 0, 1, 0, 0, 1, 0}},
			vectors{"2 1": {0, 0, 1, 0, 1, 0, 0, 0, 0}, "1 and 2": {0, 1, 1, 1, 0, 0, 0, 0, 0}, "no number": {0, 0, 0, 0, 0, 1, 0, 0, 0}},
		},
		"ranking of all": {
			Ranking{BordaPoints(3), 3}, 3,
			vectors{"b a c": {0, 1, 0, 1, 0, 0, 0, 0, 1}},
			vectors{"rank 1 twice": {1, 0, 0, 1, 0, 0, 0, 0, 1}, "a b a": {1, 0, 1, 0, 1, 0, 0, 0, 0}, "two": {1, 0, 0, 0, 1, 0, 0, 0, 0}},
		},
		"ranking of any": {
			Ranking{[]int{2, 1}, 0}, 2, // two ranks of a, of b; not ranked a, b; none ranked, one ranked
			vectors{"a": {1, 0, 0, 0, 0, 1, 0, 1}, "none": {0, 0, 0, 0, 1, 1, 1, 0}, "b a": {0, 1, 1, 0, 0, 0, 0, 0}},
			vectors{"a at rank 2": {0, 1, 0, 0, 0, 1, 1, 0}, "a at rank 2, one ranked": {0, 1, 0, 0, 0, 1, 0, 1}, "a at rank 2, rank 1 given": {0, 1, 0, 0, 0, 1, 0, 0},
				"a at both": {1, 1, 0, 0, 0, 1, 0, 0}, "both at rank 1": {1, 0, 1, 0, 0, 0, 0, 1}},
		},
		"condorcet": {
			Condorcet{}, 2, // a > b, b > a; rank 1 of a, of b; neither; not ranked a, b; none ranked
			vectors{"a": {1, 0, 1, 0, 0, 0, 1, 0}, "none": {0, 0, 0, 0, 1, 1, 1, 1}},
			vectors{"both": {1, 1, 1, 1, 0, 0, 0, 0}, "a before b, b ranked": {1, 0, 0, 1, 0, 1, 0, 0}, "a ranked, tie": {0, 0, 1, 0, 1, 0, 1, 0}, "a before b, none ranked": {1, 0, 0, 0, 0, 1, 1, 1}},
		},
		"condorcet, a cycle": {
			Condorcet{}, 3, // ab ac ba bc ca cb; two ranks of a, b, c; ties ab ac bc; not ranked; none ranked, one ranked
			vectors{"b": {0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1}},
			vectors{
				"at rank 2":  {1, 0, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0},
				"not ranked": {1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0},
			},
		},
	} {
		e := electionOf(t, test.rule, test.options)
		l := e.m.layouts[0]
		v := e.verifier(t)
		for what, bits := range test.good {
			b := e.castBits(t, l, bits)
			require.True(t, l.satisfied(bits), "%s: %s", name, what)
			require.NoError(t, v.Verify(t.Context(), b), "%s: %s", name, what)
			for j, f := range l.forms {
				require.True(t, e.decrypts(&b.questions[0].ciphertexts[j], uint64(f.value(bits))), name)
			}
		}
		for what, bits := range test.bad {
			require.False(t, l.satisfied(bits), "%s: %s", name, what)
			b := e.castBits(t, l, bits)
			require.Equal(t, []string{"1" + equationV}, e.failing(t, b), "%s: %s", name, what)
			require.ErrorIs(t, v.Verify(t.Context(), b), ErrInvalid)
		}
	}
}

// electionOf is an election of one question with n options.
func electionOf(t testing.TB, r Rule, n int) *election {
	t.Helper()
	return newElection(t, func(d *Draft) {
		d.Questions = []Question{question("q", r, optionIDs(n)...)}
	})
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

// Credits 100: filling the amounts 1 to 6 of one option costs 91, and would count 21.
func TestAttack41AQuadraticBallotFillsOneAmountOfARow(t *testing.T) {
	e := electionOf(t, Quadratic{Credits: 100}, 1)
	l := e.m.layouts[0]
	six := make([]uint8, l.bits) // 0 .. 10, slack
	require.Len(t, six, 11+7)
	six[6] = 1
	fillSlack(six[11:], 100, 100-36)
	require.NoError(t, e.verifier(t).Verify(t.Context(), e.castBits(t, l, six)))

	all := make([]uint8, l.bits)
	copy(all[1:], []uint8{1, 1, 1, 1, 1, 1})
	fillSlack(all[11:], 100, 100-91)
	b := e.castBits(t, l, all)
	require.Equal(t, []string{"1" + equationV}, e.failing(t, b))
	require.ErrorIs(t, e.verifier(t).Verify(t.Context(), b), ErrInvalid)
}
