package tally

import (
	"io"
	"math/big"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
)

var fourGrades = []ballot.GradeLevel{
	{ID: "good", Title: ballot.Text{"en": "Good", "fr": "Bien"}},
	{ID: "fair", Title: ballot.Text{"en": "Fair", "fr": "Passable"}},
	{ID: "none", Title: ballot.Text{"en": "Poor", "fr": "Mauvais"}}, // an id like the label of a counter
	{ID: "blank", Title: ballot.Text{"en": "Reject", "fr": "À rejeter"}},
}

// everyRule has each rule, with parameters of its own.
var everyRule = []struct {
	id   ballot.QuestionID
	rule ballot.Rule
}{
	{"choice", ballot.Choice{Min: 1, Max: 2, Blank: true, None: true}},
	{"approval", ballot.Approval{}},
	{"judgment-of-all", ballot.Judgment{Grades: fourGrades, Min: 4, Max: 4}},
	{"judgment-of-some", ballot.Judgment{Grades: fourGrades, Min: 1, Max: 3}},
	{"sums", ballot.Scoring{Max: 20}},
	{"histogram", ballot.Scoring{Max: 5, Histogram: true}},
	{"whole", ballot.Cumulative{Points: 10, Whole: true}},
	{"some", ballot.Cumulative{Points: 7}},
	{"quadratic", ballot.Quadratic{Credits: 30}},
	{"borda", ballot.Ranking{Points: ballot.BordaPoints(4), Min: 4}},
	{"contest", ballot.Ranking{Points: []int{12, 10, 10}, Min: 1}},
	{"condorcet", ballot.Condorcet{}},
}

// everyQuestion asks about the same four options by every rule.
func everyQuestion(d *ballot.Draft) {
	options := electiontest.Questions()[1].Options
	d.Questions = nil
	for _, q := range everyRule {
		d.Questions = append(d.Questions, ballot.Question{
			ID: q.id, Title: ballot.Text{"en": string(q.id), "fr": string(q.id)}, Rule: q.rule, Options: options,
		})
	}
}

type counter struct {
	option ballot.OptionID
	label  string
}

// randomVote draws a vote, and says what it counts for.
func randomVote(random *rand.Rand, q ballot.Question) (ballot.Vote, map[counter]uint64) {
	options := make([]ballot.OptionID, len(q.Options))
	for i, k := range random.Perm(len(q.Options)) {
		options[i] = q.Options[k].ID
	}
	got := map[counter]uint64{}
	between := func(low, high int) int { return low + random.IntN(high-low+1) }
	switch r := q.Rule.(type) {
	case ballot.Choice:
		switch random.IntN(5) {
		case 0:
			return ballot.Blank(), map[counter]uint64{{"", "blank"}: 1}
		case 1:
			return ballot.None(), map[counter]uint64{{"", "none"}: 1}
		}
		options = options[:between(r.Min, r.Max)]
		for _, o := range options {
			got[counter{o, ""}] = 1
		}
		return ballot.Choose(options...), got
	case ballot.Approval:
		options = options[:random.IntN(len(options)+1)]
		for _, o := range options {
			got[counter{o, ""}] = 1
		}
		return ballot.Approve(options...), got
	case ballot.Judgment:
		vote := map[ballot.OptionID]ballot.GradeID{}
		for _, o := range options[:between(r.Min, r.Max)] {
			vote[o] = r.Grades[random.IntN(len(r.Grades))].ID
			got[counter{o, string(vote[o])}] = 1
		}
		return ballot.Grade(vote), got
	case ballot.Scoring:
		vote := map[ballot.OptionID]int{}
		for _, o := range options {
			vote[o] = random.IntN(r.Max + 1)
			if r.Histogram {
				got[counter{o, strconv.Itoa(vote[o])}] = 1
			} else {
				got[counter{o, ""}] = uint64(vote[o])
			}
		}
		return ballot.Score(vote), got
	case ballot.Cumulative:
		vote := map[ballot.OptionID]int{}
		left := r.Points
		for i, o := range options {
			n := random.IntN(left + 1)
			if r.Whole && i == len(options)-1 {
				n = left
			}
			left -= n
			vote[o] = n
			got[counter{o, ""}] = uint64(n)
		}
		return ballot.Give(vote), got
	case ballot.Quadratic:
		vote := map[ballot.OptionID]int{}
		left := r.Credits
		for _, o := range options {
			n := random.IntN(6)
			for n*n > left {
				n--
			}
			left -= n * n
			vote[o] = n
			got[counter{o, ""}] = uint64(n)
		}
		return ballot.Give(vote), got
	case ballot.Ranking:
		options = options[:between(r.Min, len(r.Points))]
		for i, o := range options {
			got[counter{o, ""}] = uint64(r.Points[i])
		}
		return ballot.Rank(options...), got
	case ballot.Condorcet:
		ranked := options[:random.IntN(len(options)+1)]
		for i, a := range ranked {
			for _, b := range options[i+1:] {
				got[counter{a, string(b)}] = 1
			}
		}
		return ballot.Rank(ranked...), got
	}
	panic("no such rule")
}

// emptyTallies returns the tallies of an election of everyQuestion without ballots.
func emptyTallies(t *testing.T) (*ballot.Manifest, []ballot.Tally) {
	t.Helper()
	m := electiontest.New(t, electiontest.Config{Voters: 8, Edit: everyQuestion}).Manifest
	for n := 1; ; n++ {
		if tallies, err := m.Decode(make([]uint64, n)); err == nil {
			return m, tallies
		}
		require.Less(t, n, 1000)
	}
}

func TestEncryptedBallotsOfEveryRuleCountAsTheVotesDo(t *testing.T) {
	weights := []uint64{3, 1, 4, 1, 5}
	p := newPoll(t, electiontest.Config{Weights: weights, Edit: everyQuestion})
	random := rand.New(rand.NewPCG(7, 2026))
	want := map[ballot.QuestionID]map[counter]uint64{}
	var entries [][]byte
	for i, weight := range weights[:3] { // the others do not vote
		votes := map[ballot.QuestionID]ballot.Vote{}
		for _, q := range p.Manifest.Questions() {
			vote, got := randomVote(random, q)
			votes[q.ID] = vote
			if want[q.ID] == nil {
				want[q.ID] = map[counter]uint64{}
			}
			for c, n := range got {
				want[q.ID][c] += weight * n
			}
		}
		sealed, err := p.Credential(t, i).Encrypt(votes)
		require.NoError(t, err)
		b, err := sealed.Sign(0)
		require.NoError(t, err)
		entries = append(entries, b.Bytes())
	}
	result := p.counted(t, entries...)
	require.EqualValues(t, 8, result.Weight)
	for i, q := range everyRule {
		o := &result.Questions[i]
		require.Equal(t, q.id, o.Question)
		given := 0
		for _, c := range o.Counts {
			n := want[q.id][counter{c.Option, c.Label}]
			require.Equal(t, n, c.Total, "%s: %s %s", q.id, c.Option, c.Label)
			if n > 0 {
				given++
			}
		}
		require.Equal(t, given, positive(want[q.id]), "%s: everything that was given has a counter", q.id)
		require.NotEmpty(t, o.Winners())
	}
	report := p.audit(t)
	require.NoError(t, report.Err())
	require.Equal(t, result.Bytes(), report.Result.Bytes())
}

func positive(m map[counter]uint64) int {
	n := 0
	for _, total := range m {
		if total > 0 {
			n++
		}
	}
	return n
}

func TestEverySetOfValidBallotsIsPlausible(t *testing.T) {
	m, empty := emptyTallies(t)
	random := rand.New(rand.NewPCG(8, 2026))
	for range 300 {
		var weight uint64
		tallies := make([]ballot.Tally, len(empty))
		for i, tally := range empty {
			tallies[i] = ballot.Tally{Question: tally.Question, Counts: slices.Clone(tally.Counts)}
		}
		for range random.IntN(6) {
			w := 1 + random.Uint64N(1<<uint(random.IntN(36)))
			weight += w
			for i, q := range m.Questions() {
				_, got := randomVote(random, q)
				for k, c := range tallies[i].Counts {
					tallies[i].Counts[k].Total += w * got[counter{c.Option, c.Label}]
				}
			}
		}
		outcomes, err := count(m, weight, tallies)
		require.NoError(t, err)
		for _, o := range outcomes {
			options, _ := o.rows()
			var listed []ballot.OptionID
			for _, place := range o.Order {
				require.NotEmpty(t, place)
				listed = append(listed, place...)
			}
			require.ElementsMatch(t, options, listed, "every option has one place")
		}
	}
}

func TestRejectsCountsThatNoBallotsOfTheRuleGive(t *testing.T) {
	one := func(rule ballot.Rule, good bool, totals ...uint64) bool {
		o := Outcome{Tally: counts(0, totals...), rule: rule, weight: 10}
		o.Counts = o.Counts[:len(totals)]
		err := o.plausible()
		require.Equal(t, good, err == nil, "%#v %v: %v", rule, totals, err)
		return good
	}
	accepts := func(rule ballot.Rule, totals ...uint64) { one(rule, true, totals...) }
	rejects := func(rule ballot.Rule, totals ...uint64) { one(rule, false, totals...) }
	const huge = 1<<44 - 1

	accepts(ballot.Scoring{Max: 5}, 50, 0, 50)
	rejects(ballot.Scoring{Max: 5}, 51, 0, 0)
	rejects(ballot.Scoring{Max: 5}, 0, huge)

	accepts(ballot.Cumulative{Points: 7}, 70, 0)
	accepts(ballot.Cumulative{Points: 7}, 0, 0)
	rejects(ballot.Cumulative{Points: 7}, 70, 1)
	accepts(ballot.Cumulative{Points: 7, Whole: true}, 30, 40)
	rejects(ballot.Cumulative{Points: 7, Whole: true}, 30, 39)
	rejects(ballot.Cumulative{Points: 7, Whole: true}, 30, 41)

	accepts(ballot.Quadratic{Credits: 9}, 30, 0)
	rejects(ballot.Quadratic{Credits: 9}, 31, 0)
	rejects(ballot.Quadratic{Credits: 9}, 30, 1)
	accepts(ballot.Quadratic{Credits: 9}, 20, 20)
	accepts(ballot.Quadratic{Credits: 8}, 20, 20)
	rejects(ballot.Quadratic{Credits: 8}, 20, 21)
	accepts(ballot.Quadratic{Credits: 3}, 10, 10, 10)
	rejects(ballot.Quadratic{Credits: 3}, 11, 0, 0) // a second vote costs 4
	rejects(ballot.Quadratic{Credits: 3}, 10, 10, 10, 1)
	rejects(ballot.Quadratic{Credits: 1 << 20}, huge, huge, huge)

	borda := ballot.Ranking{Points: []int{2, 1, 0}, Min: 3}
	accepts(borda, 20, 10, 0)
	accepts(borda, 10, 10, 10)
	rejects(borda, 10, 10, 9)
	rejects(borda, 10, 10, 11)
	rejects(borda, 21, 9, 0)
	rejects(borda, 16, 15, 0) // two options cannot have more than the first two ranks give
	some := ballot.Ranking{Points: []int{5, 1}, Min: 1}
	accepts(some, 50, 0, 0)
	accepts(some, 10, 50, 0)
	rejects(some, 49, 0, 0)
	rejects(some, 50, 11, 0)
	rejects(some, 50, 10, 1)
	accepts(ballot.Ranking{Points: []int{5, 1}}, 0, 0, 0)
	even := ballot.Ranking{Points: []int{6, 4, 0}}
	accepts(even, 60, 40, 0)
	accepts(even, 42, 10, 0)
	rejects(even, 41, 10, 0) // 6 and 4 add up to no odd number
	rejects(ballot.Ranking{Points: []int{3}, Min: 1}, 29, 1, 0)
	accepts(ballot.Ranking{Points: []int{3}, Min: 1}, 27, 3, 0)

	rows := func(rule ballot.Rule, good bool, labels []string, table ...[]uint64) {
		o := Outcome{rule: rule, weight: 10}
		for i, row := range table {
			for k, n := range row {
				o.Counts = append(o.Counts, ballot.Count{Option: ballot.OptionID(rune('a' + i)), Label: labels[k], Total: n})
			}
		}
		err := o.plausible()
		require.Equal(t, good, err == nil, "%#v %v: %v", rule, table, err)
	}
	grades := []string{"good", "fair", "none", "blank"}
	all := ballot.Judgment{Grades: fourGrades, Min: 2, Max: 2}
	rows(all, true, grades, []uint64{1, 2, 3, 4}, []uint64{10, 0, 0, 0})
	rows(all, false, grades, []uint64{1, 2, 3, 4}, []uint64{9, 0, 0, 0})
	rows(all, false, grades, []uint64{1, 2, 3, 3}, []uint64{11, 0, 0, 0})
	rows(all, false, grades, []uint64{huge, huge, huge, huge}, []uint64{0, 0, 0, 0})
	either := ballot.Judgment{Grades: fourGrades, Min: 1, Max: 1}
	rows(either, true, grades, []uint64{1, 2, 3, 0}, []uint64{0, 0, 0, 4})
	rows(either, false, grades, []uint64{1, 2, 3, 0}, []uint64{0, 0, 0, 5})
	rows(either, false, grades, []uint64{1, 2, 3, 0}, []uint64{0, 0, 0, 3})

	scores := []string{"0", "1", "2"}
	histogram := ballot.Scoring{Max: 2, Histogram: true}
	rows(histogram, true, scores, []uint64{1, 2, 7}, []uint64{0, 0, 10})
	rows(histogram, false, scores, []uint64{1, 2, 7}, []uint64{0, 0, 9})
	rows(histogram, false, scores, []uint64{1, 2, 8}, []uint64{0, 0, 10})

	preferences := func(good bool, table ...[]uint64) { rows(ballot.Condorcet{}, good, []string{"x", "y"}, table...) }
	preferences(true, []uint64{10, 10}, []uint64{0, 10}, []uint64{0, 0})
	preferences(true, []uint64{0, 0}, []uint64{0, 0}, []uint64{0, 0})
	preferences(true, []uint64{7, 4}, []uint64{3, 7}, []uint64{6, 3})  // a cycle
	preferences(false, []uint64{7, 5}, []uint64{4, 7}, []uint64{5, 3}) // 11 on a and b
	preferences(false, []uint64{9, 1}, []uint64{1, 9}, []uint64{9, 1}) // no 10 ballots cycle like this
	preferences(false, []uint64{0, 5}, []uint64{0, 5}, []uint64{0, 0}) // who puts a above c ranks a, so not level with b
	require.Error(t, (&Outcome{}).plausible(), "a rule that is not known")
}

func TestTheBlankCounterBelongsToNoOption(t *testing.T) {
	o := Outcome{Tally: ballot.Tally{Counts: []ballot.Count{
		{Option: "blank", Total: 1}, {Option: "none", Label: "blank", Total: 2}, {Option: "x", Label: "none", Total: 3},
	}}}
	_, ok := o.Blank()
	require.False(t, ok)
	_, ok = o.None()
	require.False(t, ok)
	o.Counts = append(o.Counts, ballot.Count{Label: "blank", Total: 4}, ballot.Count{Label: "none", Total: 5})
	blank, ok := o.Blank()
	require.True(t, ok)
	require.EqualValues(t, 4, blank)
	none, ok := o.None()
	require.True(t, ok)
	require.EqualValues(t, 5, none)
}

func TestAnOutcomeOfNoRuleHasNoDetails(t *testing.T) {
	for _, o := range []Outcome{
		{},
		{Order: [][]ballot.OptionID{{}}},
		{Order: [][]ballot.OptionID{{"x"}}},
	} {
		require.Nil(t, o.Winners())
		require.Nil(t, o.Mean("x"))
		require.Nil(t, o.Standings())
		require.Nil(t, o.Pairwise())
		require.Nil(t, o.Paths())
		require.Zero(t, o.Sum("x"))
	}
}

func TestOutcomeGivesTheDetailsOfItsRule(t *testing.T) {
	r := textResult(t)
	of := func(id ballot.QuestionID) *Outcome {
		return &r.Questions[slices.IndexFunc(r.Questions, func(o Outcome) bool { return o.Question == id })]
	}
	standings := of("judgment-of-some").Standings()
	require.Len(t, standings, 4)
	require.Equal(t, Standing{Option: "library"}, standings[1])
	require.Empty(t, standings[1].Mark())
	require.EqualValues(t, 8, standings[2].Judgments)
	require.EqualValues(t, "none", standings[2].Grade)
	require.Equal(t, big.NewRat(1, 2), standings[2].Above)
	require.Equal(t, big.NewRat(3, 8), standings[2].Below)
	require.Equal(t, "+", standings[2].Mark())

	require.Equal(t, "21/8", of("sums").Mean("school").String())
	require.Equal(t, "25/8", of("histogram").Mean("school").String())
	require.EqualValues(t, 25, of("histogram").Sum("school"))
	require.Nil(t, of("quadratic").Mean("school"))
	require.Equal(t, []ballot.OptionID{"school"}, of("histogram").Winners())

	require.Equal(t, []uint64{4, 4, 0, 8}, of("condorcet").Pairwise()[2])
	require.Equal(t, Link{5, 3}, of("condorcet").Paths()[0][1])
	require.Equal(t, []ballot.OptionID{"bridge", "park"}, of("condorcet").Winners())
	require.Nil(t, of("borda").Pairwise())
	require.Nil(t, of("borda").Paths())
	require.Nil(t, of("borda").Standings())

	none := Outcome{Tally: ballot.Tally{Counts: []ballot.Count{{Option: "x", Label: "0", Total: 8}, {Option: "x", Label: "1"}}},
		Order: [][]ballot.OptionID{{"x"}}, rule: ballot.Scoring{Max: 1, Histogram: true}, weight: 8}
	require.Nil(t, none.Winners(), "a score of 0 from everyone")
}

// With weight 0, no counter has anything, whatever the rule.
func TestWithoutBallotsEveryCounterIs0(t *testing.T) {
	m, tallies := emptyTallies(t)
	for i, tally := range tallies {
		for k := range tally.Counts {
			tallies[i].Counts[k].Total = 20 // by all units of points
			_, err := count(m, 0, tallies)
			require.ErrorIs(t, err, ErrInvalid, "%s: %+v", tally.Question, tally.Counts[k])
			tallies[i].Counts[k].Total = 0
		}
	}
	_, err := count(m, 0, tallies)
	require.NoError(t, err)
}

func TestElectionWithoutBallotsHasNoWinners(t *testing.T) {
	m, empty := emptyTallies(t)
	outcomes, err := count(m, 0, empty)
	require.NoError(t, err)
	for _, o := range outcomes {
		require.Len(t, o.Order, 1, "all tie")
		require.Len(t, o.Order[0], 4)
		require.Nil(t, o.Winners())
		require.Nil(t, o.Mean("park"))
	}
	r := &Result{Questions: outcomes, manifest: m}
	require.NoError(t, r.WriteText(io.Discard, "en"))
}

// Under Condorcet every counter has its label, also where each option has just one. docs/spec/tally.md, "result.json".
func TestResultOfOnePairHasLabels(t *testing.T) {
	m := electiontest.New(t, electiontest.Config{Edit: func(d *ballot.Draft) {
		d.Questions = d.Questions[:1] // the options yes and no
		d.Questions[0].Rule = ballot.Condorcet{}
	}}).Manifest
	const width = 3 // of counters up to the weight of the roll
	require.Equal(t, width, bits.Len64(m.Census().TotalWeight))
	tallies, err := m.Decode([]uint64{1<<width + 3})
	require.NoError(t, err)
	outcomes, err := count(m, 5, tallies)
	require.NoError(t, err)
	r := &Result{Ballots: 5, Weight: 5, Questions: outcomes, manifest: m}
	r.Election = m.ID()
	require.Contains(t, string(r.Bytes()), `"questions":[{"counts":[{"label":"no","option":"yes","total":3},`+
		`{"label":"yes","option":"no","total":1}],"order":[["yes"],["no"]],"question":"treaty"}]`)
	read, err := ParseResult(m, r.Bytes())
	require.NoError(t, err)
	require.Equal(t, r, read)
	var text strings.Builder
	require.NoError(t, r.WriteText(&text, "en"))
	require.Equal(t, `treaty: Shall the treaty be ratified?
     preferred to  1  2
  1  Yes           -  3  place 1
  2  No            1  -  place 2
`, text.String())
}

// A result that is read again says all that the opened one said, and none is read that the counts contradict.
func TestParseResultGivesTheOpenedResult(t *testing.T) {
	opened := textResult(t)
	opened.Election = opened.manifest.ID()
	read, err := ParseResult(opened.manifest, opened.Bytes())
	require.NoError(t, err)
	require.Equal(t, opened, read)
	var want, got strings.Builder
	require.NoError(t, opened.WriteText(&want, "en"))
	require.NoError(t, read.WriteText(&got, "en"))
	require.Equal(t, want.String(), got.String())

	for name, c := range map[string]struct {
		edit func(r *Result)
		says string
	}{
		"another election": {func(r *Result) { r.Election[0] ^= 1 }, "it is of election"},
		"too many ballots": {func(r *Result) { r.Ballots = 1 << 20 }, "are on the roll"},
		"too much weight":  {func(r *Result) { r.Weight = 1 << 63 }, "are on the roll"},
		"a question less":  {func(r *Result) { r.Questions = r.Questions[1:] }, "questions, the election"},
		"another question": {func(r *Result) { r.Questions[0].Question = "x" }, "other counters"},
		"a counter less":   {func(r *Result) { r.Questions[0].Counts = r.Questions[0].Counts[1:] }, "other counters"},
		"another counter":  {func(r *Result) { r.Questions[0].Counts[0].Label = "x" }, "other counters"},
		"another option": {func(r *Result) {
			q := &r.Questions[0]
			old := q.Order[0][0]
			for i := range q.Counts {
				if q.Counts[i].Option == old {
					q.Counts[i].Option = "x"
				}
			}
			q.Order[0][0] = "x"
		}, "other counters"},
		"an impossible sum": {func(r *Result) { r.Questions[0].Counts[0].Total = 1 << 43 }, "question"},
		"another order":     {func(r *Result) { slices.Reverse(r.Questions[0].Order) }, "the order of the options"},
	} {
		claim, err := parseClaim(opened.Bytes())
		require.NoError(t, err)
		c.edit(claim)
		_, err = ParseResult(opened.manifest, claim.Bytes())
		require.ErrorContains(t, err, c.says, name)
	}
}

// An audit says in what a claimed result differs from its own.
func TestDiffersSaysInWhat(t *testing.T) {
	r := textResult(t)
	for says, edit := range map[string]func(claim *Result){
		"of weight":                           func(claim *Result) { claim.Weight++ },
		"ballots of weight":                   func(claim *Result) { claim.Ballots++ },
		"questions, the election":             func(claim *Result) { claim.Questions = claim.Questions[1:] },
		"has other counts than the recount":   func(claim *Result) { claim.Questions[0].Question = "x" },
		"other counts than the recount":       func(claim *Result) { claim.Questions[0].Counts[0].Total++ },
		"the order of the options is not the": func(claim *Result) { slices.Reverse(claim.Questions[0].Order) },
	} {
		claim, err := parseClaim(r.Bytes())
		require.NoError(t, err)
		edit(claim)
		err = r.differs(claim)
		require.ErrorIs(t, err, ErrInvalid)
		require.ErrorContains(t, err, says)
	}
}
