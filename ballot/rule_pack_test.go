package ballot

import (
	"bytes"
	"encoding/json"
	"math/bits"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/wire"
)

// highest returns votes that together give every counter the most that one ballot can, and that most.
func highest(r Rule, n int) (votes []Vote, most uint64) {
	ids := optionIDs(n)
	amounts := func(v int) map[OptionID]int {
		out := map[OptionID]int{}
		for _, id := range ids {
			out[id] = v
		}
		return out
	}
	most = 1
	switch r := r.(type) {
	case Choice:
		for _, id := range ids[:n-r.Max+1] {
			votes = append(votes, Choose(append([]OptionID{id}, ids[n-r.Max+1:]...)...))
		}
		if r.Blank {
			votes = append(votes, Blank())
		}
		if r.None {
			votes = append(votes, None())
		}
	case Approval:
		votes = append(votes, Approve(ids...))
	case Judgment:
		for first := range n {
			for _, level := range r.Grades {
				grades := map[OptionID]GradeID{}
				for k := range r.Max {
					grades[ids[(first+k)%n]] = level.ID
				}
				votes = append(votes, Grade(grades))
			}
		}
	case Scoring:
		if !r.Histogram {
			return []Vote{Score(amounts(r.Max))}, uint64(r.Max)
		}
		for score := range r.Max + 1 {
			votes = append(votes, Score(amounts(score)))
		}
	case Cumulative:
		most = uint64(r.Points)
		for _, id := range ids {
			votes = append(votes, Give(map[OptionID]int{id: r.Points}))
		}
	case Quadratic:
		for (most+1)*(most+1) <= uint64(r.Credits) {
			most++
		}
		for _, id := range ids {
			votes = append(votes, Give(map[OptionID]int{id: int(most)}))
		}
	case Ranking:
		most = uint64(r.Points[0])
		for first := range n {
			var order []OptionID
			for k := range r.Points {
				order = append(order, ids[(first+k)%n])
			}
			votes = append(votes, Rank(order...))
		}
	case Condorcet:
		for first := range n {
			var order []OptionID
			for k := range n {
				order = append(order, ids[(first+k)%n])
			}
			votes = append(votes, Rank(order...))
		}
	}
	return votes, most
}

// packing lists rules of which a counter of one ballot reaches many different numbers.
func packing() []sample {
	out := samples()
	for _, most := range []int{1, 2, 5, 10, 15, 16, 17, 100, 1000, 4096, MaxPoints - 1, MaxPoints} {
		for _, n := range []int{1, 2, 3, 7, 12} {
			out = append(out,
				sample{"score", Scoring{Max: most}, n},
				sample{"cumulative", Cumulative{most, n%2 == 0}, n},
				sample{"ranking", Ranking{[]int{most}, 1}, n},
			)
			if n*(most+1) <= 300 {
				out = append(out, sample{"histogram", Scoring{Max: most, Histogram: true}, n})
			}
			if n == 1 || n <= 3 && most <= 4096 {
				out = append(out, sample{"quadratic", Quadratic{most}, n})
			}
		}
	}
	return out
}

// Everybody gives a counter the most there is: the totals come out exactly, up to the last total weight
// for which they fit, and the next one is refused.
func TestAttack40EverybodyAtTheTopOfEveryRule(t *testing.T) {
	packed := 0
	for _, s := range packing() {
		votes, most := highest(s.rule, s.options)
		options := question("q", nil, optionIDs(s.options)...).Options
		last := (uint64(1)<<44 - 1) / most
		for _, total := range []uint64{1, 3, 11304, 16384, 2_000_000, last - 1, last} {
			if total < 1 || total > last {
				continue
			}
			l, err := compileRule(s.rule, options, total)
			require.NoError(t, err, "%#v of %d, %d", s.rule, s.options, total)
			require.Equal(t, total*most, l.limit)
			require.Equal(t, bits.Len64(total*most), l.width)
			if l.packed > 1 {
				packed++
			}
			reached := make([]bool, len(l.counters))
			for i, vote := range votes {
				// All weight on this vote, or all but 1 of it and that on the next.
				b, next := make([]uint8, l.bits), make([]uint8, l.bits)
				require.NoError(t, s.rule.fill(b, options, vote))
				require.NoError(t, s.rule.fill(next, options, votes[(i+1)%len(votes)]))
				for _, other := range []uint64{0, 1} {
					totals := make([]uint64, len(l.forms))
					for j, f := range l.forms {
						high, low := bits.Mul64(uint64(f.value(b)), total-other)
						require.Zero(t, high)
						totals[j] = low + uint64(f.value(next))*other
						require.Less(t, totals[j], uint64(1)<<44)
					}
					counts, err := l.unpack(totals)
					require.NoError(t, err)
					for k, c := range l.counters {
						want := uint64(c.form.value(b))*(total-other) + uint64(c.form.value(next))*other
						require.Equal(t, want, counts[k])
						reached[k] = reached[k] || want == l.limit
					}
				}
			}
			if _, ok := s.rule.(Condorcet); !ok {
				require.NotContains(t, reached, false, "%#v of %d: a counter below its bound", s.rule, s.options)
			}
		}
		_, err := compileRule(s.rule, options, last+1)
		require.ErrorIs(t, err, ErrMalformed, "%#v of %d", s.rule, s.options)
	}
	require.Greater(t, packed, 500)
}

func TestAttack26AManifestWhoseTotalsCouldOverflowIsRefused(t *testing.T) {
	for _, r := range []Rule{
		Scoring{Max: 17}, Scoring{Max: 1000}, Cumulative{Points: 100}, Cumulative{Points: MaxPoints, Whole: true}, Quadratic{Credits: 1000},
		Ranking{[]int{50, 20}, 0}, Ranking{BordaPoints(28), 28},
	} {
		const n = 28
		_, most := highest(r, n)
		last := (uint64(1)<<44 - 1) / most
		d, _ := draft(t)
		d.Questions = []Question{question("q", r, optionIDs(n)...)}
		weighted(last)(&d)
		_, err := NewManifest(d)
		require.NoError(t, err, "%#v", r)
		weighted(last + 1)(&d)
		_, err = NewManifest(d)
		require.ErrorIs(t, err, ErrMalformed, "%#v", r)
		require.ErrorContains(t, err, "split the election")
	}
}

const layoutsFile = "testdata/layouts.json"

type layoutVectors struct {
	Comment string         `json:"comment"`
	Layouts []layoutVector `json:"layouts"`
}

// layoutVector pins a layout: another implementation compiles the same, and this one no other by accident.
type layoutVector struct {
	Name        string       `json:"name"`
	Rule        ruleDocument `json:"rule"`
	Options     []OptionID   `json:"options"`
	Total       uint64       `json:"totalWeight"`
	Bits        int          `json:"bits"`
	Ciphertexts int          `json:"ciphertexts"`
	Constraints int          `json:"constraints"`
	Encoded     wire.Hex     `json:"encoded"` // what the digest is of
	Digest      wire.Hex32   `json:"digest"`
}

func TestLayoutsStayAsTheyAre(t *testing.T) {
	const comment = "Made by `go test ./ballot -run TestLayoutsStay -update`: one layout of each rule, and of each of its forms " +
		"that have other bits, with the bytes that its digest is of; docs/spec/ballot.md, sections 1 to 3."
	var have []layoutVector
	for _, s := range samples() {
		const total = 11304
		l := compiled(t, s.rule, s.options, total)
		have = append(have, layoutVector{
			s.name, ruleDocument{s.rule}, optionIDs(s.options), total, l.bits, len(l.forms), len(l.constraints), l.encode(), l.digest,
		})
	}
	if *update {
		var out bytes.Buffer
		encoder := json.NewEncoder(&out)
		encoder.SetIndent("", " ")
		require.NoError(t, encoder.Encode(layoutVectors{comment, have}))
		require.NoError(t, os.WriteFile(layoutsFile, out.Bytes(), 0o644))
	}
	raw, err := os.ReadFile(layoutsFile)
	require.NoError(t, err)
	var want layoutVectors
	require.NoError(t, json.Unmarshal(raw, &want))
	require.Len(t, have, len(want.Layouts))
	for i, l := range want.Layouts {
		require.Equal(t, l, have[i], l.Name)
	}
}

// A ballot's size follows from its rules alone. These are the formulas in the rules' documentation.
func TestSizesOfBallots(t *testing.T) {
	ceil := func(a, b int) int { return (a + b - 1) / b }
	for _, s := range packing() {
		n := s.options
		var counters, width int
		switch r := s.rule.(type) {
		case Choice:
			counters = n + len(r.labels())
			width = counters + bits.Len(uint(r.Max-r.Min))
		case Approval:
			counters, width = n, n
		case Judgment:
			counters = n * len(r.Grades)
			width = counters
			if r.Min < n {
				width += n
			}
			if r.Max-r.Min < n {
				width += bits.Len(uint(r.Max - r.Min))
			}
		case Scoring:
			counters, width = n, n*bits.Len(uint(r.Max))
			if r.Histogram {
				counters, width = n*(r.Max+1), n*(r.Max+1)
			}
		case Cumulative:
			counters, width = n, (n+1)*bits.Len(uint(r.Points))
			if r.Whole {
				width -= bits.Len(uint(r.Points))
			}
		case Quadratic:
			_, most := highest(r, n)
			counters, width = n, n*(int(most)+1)+bits.Len(uint(r.Credits))
		case Ranking:
			ranks := len(r.Points)
			counters, width = n, n*ranks+ranks-r.Min
			if r.Min < n {
				width += n
			}
		case Condorcet:
			counters, width = n*(n-1), 5*n*(n-1)/2+2*n-1
		}
		l := compiled(t, s.rule, n, 11304)
		require.Equal(t, width, l.bits, "%#v of %d", s.rule, n)
		require.Equal(t, 512+128*ceil(counters, l.packed)+32*width, l.size(), "%#v of %d", s.rule, n)
	}

	for name, test := range map[string]struct {
		want      int
		questions []Question
	}{
		"LaPrimaire, 12 candidates, 5 grades, at most 5 graded": {5965, []Question{question("q", Judgment{gradesOf(5), 0, 5}, optionIDs(12)...)}},
		"two questions of a referendum":                         {2221, nil},
		"Borda, 8 options":                                      {493 + 512 + 4*128 + 64*32, []Question{question("q", Ranking{BordaPoints(8), 8}, optionIDs(8)...)}},
		"Condorcet, 7 options":                                  {493 + 512 + 14*128 + 118*32, []Question{question("q", Condorcet{}, optionIDs(7)...)}},
		"quadratic, 100 credits, 6 options":                     {493 + 512 + 3*128 + 73*32, []Question{question("q", Quadratic{100}, optionIDs(6)...)}},
	} {
		e := newElection(t, func(d *Draft) {
			if test.questions != nil {
				d.Questions = test.questions
			}
		})
		require.Equal(t, test.want, e.m.BallotBytes(), name)
		require.Len(t, e.ballot(t, e.credential(t), 0).Bytes(), test.want, name)
	}
}
