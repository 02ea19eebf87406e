package ballot

import (
	"encoding/hex"
	"fmt"
	"math/bits"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAttack30VotesThatTheRuleDoesNotHaveCannotBeSaid(t *testing.T) {
	e := newElection(t)
	c := e.credential(t)
	good := e.votes()
	for name, change := range map[string]func(map[QuestionID]Vote){
		"[A,B,A]":           func(v map[QuestionID]Vote) { v["projects"] = Choose("bridge", "park", "bridge") },
		"[A,A]":             func(v map[QuestionID]Vote) { v["projects"] = Choose("bridge", "bridge") },
		"too many":          func(v map[QuestionID]Vote) { v["projects"] = Choose("bridge", "park", "school") },
		"none":              func(v map[QuestionID]Vote) { v["treaty"] = Choose() },
		"both":              func(v map[QuestionID]Vote) { v["treaty"] = Choose("yes", "no") },
		"unknown option":    func(v map[QuestionID]Vote) { v["treaty"] = Choose("maybe") },
		"of another":        func(v map[QuestionID]Vote) { v["treaty"] = Choose("bridge") },
		"empty id":          func(v map[QuestionID]Vote) { v["treaty"] = Choose("") },
		"other kind":        func(v map[QuestionID]Vote) { v["treaty"] = Approve("yes") },
		"no vote":           func(v map[QuestionID]Vote) { v["treaty"] = Vote{} },
		"question missing":  func(v map[QuestionID]Vote) { delete(v, "treaty") },
		"question too many": func(v map[QuestionID]Vote) { v["other"] = Choose("yes") },
	} {
		votes := e.votes()
		change(votes)
		_, err := c.Encrypt(votes)
		require.ErrorIs(t, err, ErrVote, name)
	}
	_, err := c.Encrypt(good)
	require.NoError(t, err)
}

func TestSlackReachesExactlyItsRange(t *testing.T) {
	for most := range uint64(70) {
		coefficients := slackCoefficients(most)
		require.Len(t, coefficients, bits.Len64(most))
		reached := map[uint64]bool{}
		for set := range 1 << len(coefficients) {
			var v uint64
			for i, c := range coefficients {
				v += uint64(set>>i&1) * c
			}
			reached[v] = true
		}
		require.Len(t, reached, int(most)+1)
		for v := range most + 1 {
			require.True(t, reached[v], "%d of 0..%d", v, most)
			filled := make([]uint8, len(coefficients))
			fillSlack(filled, most, v)
			var sum uint64
			for i, c := range coefficients {
				require.LessOrEqual(t, filled[i], uint8(1))
				sum += uint64(filled[i]) * c
			}
			require.Equal(t, v, sum)
		}
	}
}

// scores compiles n counters of 0..most each, made of range bits.
func scores(n int, most uint64) *compiler {
	var c compiler
	for i := range n {
		c.count(OptionID(fmt.Sprint(i)), "", c.slack(most), most)
	}
	return &c
}

func TestAttack40EverybodyAtTheTopOverflowsNothing(t *testing.T) {
	refused, packed := 0, 0
	for _, total := range []uint64{1, 2, 3, 7, 8, 1000, 11303, 11304, 16383, 16384, 2_000_000, 1<<22 - 1, 1 << 22, 1<<32 - 1, 1<<40 - 1} {
		for _, most := range []uint64{1, 2, 5, 10, 15, 16, 100, 1000, 4096, 1 << 20, 1 << 43} {
			for _, n := range []int{1, 2, 3, 7, 12} {
				l, err := scores(n, most).finish(total)
				if high, product := bits.Mul64(total, most); high != 0 || product >= 1<<44 {
					require.ErrorIs(t, err, ErrMalformed, "total weight %d, scores to %d", total, most)
					refused++
					continue
				}
				require.NoError(t, err)
				require.LessOrEqual(t, l.width*l.packed, 44)
				require.Greater(t, l.width*(l.packed+1), 44)
				if l.packed > 1 {
					packed++
				}
				// Everybody gives every second option the most, the others nothing; and then everybody the most.
				for _, every := range []int{2, 1} {
					b := make([]uint8, l.bits)
					want := make([]uint64, n)
					for i, c := range l.counters {
						if i%every == 0 {
							want[i] = most * total
							for _, term := range c.form {
								b[term.bit] = 1
							}
						}
					}
					totals := make([]uint64, len(l.forms))
					for j, f := range l.forms {
						high, low := bits.Mul64(uint64(f.value(b)), total)
						require.Zero(t, high)
						require.Less(t, low, uint64(1)<<44)
						totals[j] = low
					}
					got, err := l.unpack(totals)
					require.NoError(t, err)
					require.Equal(t, want, got)
				}
			}
		}
	}
	require.Greater(t, refused, 50)
	require.Greater(t, packed, 50)
}

// Section 5 of the design counts ciphertexts: 12 candidates of 5 grades each at two totals.
func TestPackingOfOneHotCounters(t *testing.T) {
	for total, want := range map[uint64]struct{ packed, ciphertexts int }{11304: {3, 20}, 2_000_000: {2, 30}} {
		l, err := scores(60, 1).finish(total)
		require.NoError(t, err)
		require.Equal(t, want.packed, l.packed)
		require.Len(t, l.forms, want.ciphertexts)
	}
}

func TestAttack26TotalsThatNoBallotsHaveAreRefused(t *testing.T) {
	e := newElection(t) // three counters of 14 bits in a ciphertext, at most 11304 each
	const one, two, three = 1, 1 << 14, 1 << 28
	good := []uint64{11304*one + 11304*two + 11304*three, 7*one + 8*two + 9*three, 10*one + 11304*two}
	tallies, err := e.m.Decode(good)
	require.NoError(t, err)
	require.Equal(t, []Tally{
		{"treaty", []Count{{"yes", "", 11304}, {"no", "", 11304}, {"", BlankLabel, 11304}}},
		{"projects", []Count{{"bridge", "", 7}, {"library", "", 8}, {"park", "", 9}, {"school", "", 10}, {"", BlankLabel, 11304}}},
	}, tallies)
	require.EqualValues(t, 8, tallies[1].Of("library"))
	require.EqualValues(t, 11304, tallies[1].Of(""))
	require.Zero(t, tallies[1].Of("yes"))
	none := Tally{Counts: []Count{{"yes", "", 1}, {"", NoneLabel, 2}}}
	require.Zero(t, none.Of(""), "there is no blank vote")
	require.EqualValues(t, 2, none.At("", NoneLabel))

	for name, change := range map[string]func([]uint64){
		"first counter above the bound":  func(v []uint64) { v[0] = 11305 * one },
		"middle counter above the bound": func(v []uint64) { v[0] = 11305 * two },
		"last counter above the bound":   func(v []uint64) { v[0] = 11305 * three },
		"a bit above all counters":       func(v []uint64) { v[0] = 1 << 42 },
		"a third counter of two":         func(v []uint64) { v[2] = three },
		"wrapped":                        func(v []uint64) { v[1] = ^uint64(0) },
	} {
		v := slices.Clone(good)
		change(v)
		_, err := e.m.Decode(v)
		require.ErrorIs(t, err, ErrInvalid, name)
	}
	for _, v := range [][]uint64{nil, good[:2], append(slices.Clone(good), 0)} {
		_, err := e.m.Decode(v)
		require.ErrorIs(t, err, ErrMalformed)
	}
	zeros, err := e.m.Decode(make([]uint64, 3))
	require.NoError(t, err)
	require.Zero(t, zeros[0].Of("yes"))
}

func TestCompilerRefusesWhatCouldOverflow(t *testing.T) {
	for name, c := range map[string]func() *compiler{
		"coefficients of a constraint": func() *compiler {
			c := scores(1, 1)
			c.require(linear{newTerm(0, 1<<61)}, 1<<61)
			return c
		},
		"negative coefficients of a constraint": func() *compiler {
			c := scores(1, 1)
			c.require(linear{newTerm(0, -1<<63)}, 1)
			return c
		},
		"wrapped coefficients of a constraint": func() *compiler {
			c := scores(1, 1)
			c.require(linear{newTerm(0, -1<<63)}, -1<<63)
			return c
		},
		"right side of a constraint": func() *compiler { c := scores(1, 1); c.require(nil, -1<<62); return c },
		"twice 2^63, then 1": func() *compiler {
			c := scores(1, 1)
			c.require(linear{newTerm(0, -1<<63), newTerm(0, -1<<63), newTerm(0, 1)}, 0)
			return c
		},
		"negative counter": func() *compiler {
			var c compiler
			c.count("a", "", linear{c.bit(-1)}, 1)
			return &c
		},
		"counter above its bound": func() *compiler {
			var c compiler
			c.count("a", "", linear{c.bit(3)}, 2)
			return &c
		},
		"no counter": func() *compiler { return &compiler{} },
		"bits":       func() *compiler { c := scores(1, 1); c.bits = MaxBits + 1; return c },
		"constraints": func() *compiler {
			c := scores(1, 1)
			for range MaxConstraints + 1 {
				c.require(linear{newTerm(0, 1)}, 1)
			}
			return c
		},
		"ciphertexts": func() *compiler { return scores(MaxCiphertexts*3+1, 1) },
	} {
		_, err := c().finish(11304)
		require.ErrorIs(t, err, ErrMalformed, name)
	}
	// 274177 * 67280421310721 = 2^64 + 1, which wraps to 1.
	_, err := scores(1, 67280421310721).finish(274177)
	require.ErrorIs(t, err, ErrMalformed)

	l, err := scores(100, 1).finish(11304)
	require.NoError(t, err)
	require.Len(t, l.forms, 34)
}

func TestOnlyBitsSatisfyALayout(t *testing.T) {
	l, err := compileRule(Choice{Min: 2, Max: 2}, question("q", nil, "a", "b", "c").Options, 10)
	require.NoError(t, err)
	require.True(t, l.satisfied([]uint8{1, 0, 1}))
	for _, b := range [][]uint8{{2, 0, 0}, {1, 0, 0}, {1, 1, 1}, {1, 1}, {1, 1, 0, 0}, nil} {
		require.False(t, l.satisfied(b), "%v", b)
	}
}

func TestLayoutDigest(t *testing.T) {
	// Choose one of two, or blank, total weight 11,304: the example of docs/spec/ballot.md.
	options := question("q", nil, "yes", "no").Options
	l, err := compileRule(Choice{Min: 1, Max: 1, Blank: true}, options, 11304)
	require.NoError(t, err)
	require.Equal(t, ""+
		"01"+"00000003"+ // version, bits
		"00000001"+ // ciphertexts
		"00000003"+"00000001"+"0000000000000001"+"00000002"+"0000000000004000"+"00000003"+"0000000010000000"+
		"00000001"+ // constraints
		"00000003"+"00000001"+"0000000000000001"+"00000002"+"0000000000000001"+"00000003"+"0000000000000001"+
		"0000000000000001"+ // = 1
		"00000003"+ // counters
		"00000003"+"796573"+"00000000"+"00000002"+"6e6f"+"00000000"+"00000000"+"00000005"+"626c616e6b"+
		"0e"+"03"+"0000000000002c28", // width, packed, largest total
		hex.EncodeToString(l.encode()))
	require.Equal(t, digestOfTheExample, hex.EncodeToString(l.digest[:]))

	// No two of these are equal.
	seen := map[[32]byte]string{}
	for n := 1; n <= 4; n++ {
		rules := []Rule{Approval{}}
		for most := 1; most <= n; most++ {
			for least := range most + 1 {
				rules = append(rules, Choice{least, most, false, false}, Choice{least, most, true, false},
					Choice{least, most, false, true}, Choice{least, most, true, true})
			}
		}
		for _, r := range rules {
			for _, total := range []uint64{1, 1000, 1001, 1 << 39} {
				l, err := compileRule(r, question("q", r, optionIDs(n)...).Options, total)
				require.NoError(t, err)
				name := fmt.Sprint(n, r, total)
				require.Empty(t, seen[l.digest], name)
				seen[l.digest] = name
			}
		}
	}
}

const digestOfTheExample = "4ac487563c6fdcebe9ec2709f4467ca5c8ed600b5d2d242fddc5cecfabfa6806"
