package ballot

import (
	"encoding/json"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/wire"
)

// The message says what is wrong with the vote, and no proof was begun.
func TestRejectsVotesThatTheRuleDoesNotAllow(t *testing.T) {
	type (
		grades = map[OptionID]GradeID
		ints   = map[OptionID]int
	)
	for _, test := range []struct {
		rule Rule
		vote Vote
		want string
	}{
		{Choice{Min: 1, Max: 1}, Vote{}, "the question wants Choose"},
		{Choice{Min: 1, Max: 1}, Approve("o0"), "the question wants Choose"},
		{Choice{Min: 1, Max: 1}, Blank(), "the question has no blank vote, it wants Choose"},
		{Choice{Min: 1, Max: 1, None: true}, Blank(), "the question has no blank vote"},
		{Choice{Min: 1, Max: 1, Blank: true}, None(), "the question has no vote for none of the options"},
		{Choice{Min: 0, Max: 2}, Choose("o1", "o2", "o3"), "3 options are chosen, at most 2 may be"},
		{Choice{Min: 2, Max: 3, Blank: true, None: true}, Choose("o1"), "1 option is chosen, at least 2 must be"},
		{Choice{Min: 2, Max: 3}, Choose("o1", "o1"), "an option twice"},
		{Choice{Min: 2, Max: 3}, Choose("o1", "o9"), "the question has no such option"},
		{Approval{}, Choose("o1"), "the question wants Approve"},
		{Approval{}, Approve("o1", "o2", "o1"), "an option twice"},
		{Approval{}, Approve(slices.Repeat([]OptionID{"o1"}, 256)...), "an option twice"},
		{Approval{}, None(), "it wants Approve"},
		{Judgment{gradesOf(3), 0, 5}, Score(ints{"o0": 1}), "the question wants Grade"},
		{Judgment{gradesOf(3), 0, 5}, Grade(grades{"o0": "g0", "o1": "g0", "o2": "g0", "o3": "g0", "o4": "g0", "o5": "g0"}), "6 options are graded, at most 5 may be"},
		{Judgment{gradesOf(3), 6, 6}, Grade(grades{"o0": "g0"}), "1 option is graded, at least 6 must be"},
		{Judgment{gradesOf(3), 1, 6}, Grade(nil), "0 options are graded, at least 1 must be"},
		{Judgment{gradesOf(3), 0, 6}, Grade(grades{"o0": "g3"}), "the question has no such grade"},
		{Judgment{gradesOf(3), 0, 6}, Grade(grades{"o0": ""}), "the question has no such grade"},
		{Judgment{gradesOf(3), 0, 6}, Grade(grades{"o6": "g0"}), "the question has no such option"},
		{Scoring{Max: 10}, Give(ints{"o0": 1}), "the question wants Score"},
		{Scoring{Max: 10}, Score(ints{"o0": 11}), "the score 11, 0 to 10 may be given"},
		{Scoring{Max: 10}, Score(ints{"o0": -1}), "the score -1, 0 to 10 may be given"},
		{Scoring{Max: 10}, Score(ints{"": 1}), "the question has no such option"},
		{Scoring{Max: 10, Histogram: true}, Score(ints{"o0": 11}), "the score 11, 0 to 10 may be given"},
		{Scoring{Max: 10, Histogram: true}, Score(ints{"o0": math.MinInt}), ", 0 to 10 may be given"},
		{Cumulative{Points: 10}, Score(ints{"o0": 1}), "the question wants Give"},
		{Cumulative{Points: 10}, Give(ints{"o0": 8, "o5": 7}), "5 points over the budget of 10"},
		{Cumulative{Points: 10}, Give(ints{"o0": 11}), "1 point over the budget of 10"},
		{Cumulative{Points: 10}, Give(ints{"o0": 11, "o1": -1}), "the number -1, 0 to 1048576 may be given"},
		{Cumulative{Points: 10}, Give(ints{"o0": math.MaxInt, "o1": math.MaxInt, "o2": 12}), "0 to 1048576 may be given"},
		{Cumulative{Points: 10, Whole: true}, Give(ints{"o0": 7}), "3 points left of 10, all must be given"},
		{Quadratic{Credits: 20}, Rank("o0"), "the question wants Give"},
		{Quadratic{Credits: 20}, Give(ints{"o0": 4, "o1": 3}), "5 credits over the budget of 20"},
		{Quadratic{Credits: 20}, Give(ints{"o0": 5}), "5 credits over the budget of 20"},
		{Quadratic{Credits: 20}, Give(ints{"o0": 1 << 20, "o1": 1 << 20}), "credits over the budget of 20"},
		{Quadratic{Credits: 20}, Give(ints{"o0": absurd}), "0 to 1048576 may be given"}, // whose square is 0 modulo 2^64
		{Quadratic{Credits: 20}, Give(ints{"o0": -1}), "the number -1, 0 to 1048576 may be given"},
		{Quadratic{Credits: 20}, Give(ints{"o0": 1 << 20, "o1": 1}), "1099511627757 credits over the budget of 20"},
		{Ranking{BordaPoints(6), 0}, Choose("o0"), "the question wants Rank"},
		{Ranking{BordaPoints(6), 6}, Rank("o0", "o1"), "2 options are ranked, at least 6 must be"},
		{Ranking{[]int{2, 1}, 0}, Rank("o0", "o1", "o2"), "3 options are ranked, at most 2 may be"},
		{Ranking{BordaPoints(6), 0}, Rank("o0", "o1", "o0"), "an option twice"},
		{Ranking{BordaPoints(6), 0}, RankBy(ints{"o0": 1, "o1": 2, "o2": 3, "o3": 3}), "rank 3 is given twice"},
		{Ranking{BordaPoints(6), 0}, RankBy(ints{"o0": 1, "o1": 3}), "rank 2 is missing"},
		{Ranking{BordaPoints(6), 0}, RankBy(ints{"o0": 2}), "rank 1 is missing"},
		{Ranking{BordaPoints(6), 0}, RankBy(ints{"o0": 0, "o1": 1}), "rank 0 is given, the best is rank 1"},
		{Ranking{BordaPoints(6), 0}, RankBy(ints{"o0": math.MinInt}), "the best is rank 1"},
		{Ranking{BordaPoints(6), 0}, RankBy(ints{"o0": 1, "o1": math.MaxInt}), "rank 2 is missing"},
		{Condorcet{}, RankBy(ints{"o0": 1, "o1": 1}), "rank 1 is given twice"},
		{Condorcet{}, Rank("o0", "o0"), "an option twice"},
		{Condorcet{}, Rank("o0", "o6"), "the question has no such option"},
		{Condorcet{}, Blank(), "the question has no blank vote, it wants Rank"},
	} {
		c := electionOf(t, test.rule, 6).credential(t)
		_, err := c.Encrypt(map[QuestionID]Vote{"q": test.vote})
		require.ErrorIs(t, err, ErrVote, "%#v: %s", test.rule, test.want)
		require.ErrorContains(t, err, `question "q": `)
		require.ErrorContains(t, err, test.want)
		require.Zero(t, c.seals)
	}
}

// Marks counted in a byte would come round to none at 256.
func TestAttack30AnOptionNamed256TimesIsNoVote(t *testing.T) {
	e := electionOf(t, Approval{}, 256)
	_, err := e.credential(t).Encrypt(map[QuestionID]Vote{"q": Approve(slices.Repeat([]OptionID{"o1"}, 256)...)})
	require.ErrorIs(t, err, ErrVote)
}

// The same vote is the same bits, in whatever words: slack, and two ways to write a number, are no hidden channel by accident.
func TestTheSameVoteIsTheSameBits(t *testing.T) {
	type ints = map[OptionID]int
	for _, test := range []struct {
		rule  Rule
		votes []Vote
	}{
		{Choice{Min: 1, Max: 3, Blank: true}, []Vote{Choose("o0", "o2"), Choose("o2", "o0")}},
		{Approval{}, []Vote{Approve("o3", "o0"), Approve("o0", "o3")}},
		{Scoring{Max: 5}, []Vote{Score(ints{"o1": 2}), Score(ints{"o0": 0, "o1": 2, "o2": 0})}}, // 2 has two spellings
		{Scoring{Max: 5, Histogram: true}, []Vote{Score(ints{"o1": 2}), Score(ints{"o0": 0, "o1": 2, "o2": 0})}},
		{Cumulative{Points: 5}, []Vote{Give(ints{"o1": 2}), Give(ints{"o1": 2, "o3": 0})}},
		{Quadratic{Credits: 5}, []Vote{Give(ints{"o1": 2}), Give(ints{"o1": 2, "o3": 0})}},
		{Ranking{BordaPoints(4), 2}, []Vote{Rank("o3", "o1"), RankBy(ints{"o1": 2, "o3": 1})}},
		{Condorcet{}, []Vote{Rank("o3", "o1", "o0"), Rank("o3", "o1", "o0", "o2"), RankBy(ints{"o0": 3, "o3": 1, "o1": 2})}},
	} {
		options := question("q", nil, optionIDs(4)...).Options
		l := compiled(t, test.rule, 4, 10)
		var first []uint8
		for _, v := range test.votes {
			b := make([]uint8, l.bits)
			require.NoError(t, test.rule.fill(b, options, v))
			require.True(t, l.satisfied(b))
			if first == nil {
				first = b
			}
			require.Equal(t, first, b, "%#v", test.rule)
		}
	}
}

func TestVotesAreReadByKind(t *testing.T) {
	v := Grade(map[OptionID]GradeID{"a": "good", "b": "bad"})
	require.Equal(t, map[OptionID]GradeID{"a": "good", "b": "bad"}, v.Grades())
	require.Nil(t, v.Amounts())
	require.Equal(t, []OptionID{"a", "b"}, v.Options())
	v = Give(map[OptionID]int{"b": 2, "a": 1})
	require.Equal(t, map[OptionID]int{"a": 1, "b": 2}, v.Amounts())
	require.Nil(t, v.Grades())
	require.Equal(t, []OptionID{"b", "a"}, RankBy(map[OptionID]int{"a": 2, "b": 1}).Options())
	require.True(t, None().IsNone())
	require.False(t, None().IsBlank())
	require.False(t, Vote{}.IsNone())

	// What is read or was given can be changed without changing the vote.
	clear(v.Amounts())
	given := map[OptionID]int{"a": 1}
	ranks := []OptionID{"a", "b"}
	score, rank := Score(given), Rank(ranks...)
	clear(given)
	ranks[0] = "c"
	require.Equal(t, map[OptionID]int{"a": 1}, score.Amounts())
	require.Equal(t, []OptionID{"a", "b"}, rank.Options())
}

const absurd = math.MaxInt/8 + 1 // 2^60, where an int has 64 bits

// ruleErrors are rules that six options cannot have.
var ruleErrors = map[string]struct {
	rule Rule
	want string
}{
	"choice, min above max":      {Choice{Min: 2, Max: 1}, "choose 2 to 1"},
	"choice, max above options":  {Choice{Min: 1, Max: 7}, "choose 1 to 7 of 6"},
	"choice, negative":           {Choice{Min: -1, Max: 1}, "choose -1"},
	"choice, of none":            {Choice{}, "choose 0 to 0"},
	"choice, absurd":             {Choice{Max: absurd}, "of 6 options"},
	"choice, very negative":      {Choice{Min: -absurd, Max: 1}, "of 6 options"},
	"judgment, no grades":        {Judgment{nil, 0, 6}, "0 grades"},
	"judgment, one grade":        {Judgment{gradesOf(1), 0, 6}, "1 grades, 2 to 64"},
	"judgment, 65 grades":        {Judgment{gradesOf(65), 0, 6}, "65 grades"},
	"judgment, max 7":            {Judgment{gradesOf(2), 0, 7}, "grade 0 to 7 of 6"},
	"judgment, max 0":            {Judgment{gradesOf(2), 0, 0}, "grade 0 to 0"},
	"judgment, min above max":    {Judgment{gradesOf(2), 3, 2}, "grade 3 to 2"},
	"judgment, negative":         {Judgment{gradesOf(2), -1, 2}, "grade -1"},
	"judgment, absurd":           {Judgment{gradesOf(2), absurd, absurd}, "of 6 options"},
	"judgment, grade twice":      {Judgment{append(gradesOf(2), GradeLevel{"g0", text("other")}), 0, 6}, `grade 3: id "g0" again`},
	"judgment, title twice":      {Judgment{append(gradesOf(2), GradeLevel{"g2", text("g0")}), 0, 6}, "looks like that of grade 1"},
	"judgment, id":               {Judgment{append(gradesOf(2), GradeLevel{"G", text("G")}), 0, 6}, "grade 3: "},
	"judgment, language":         {Judgment{append(gradesOf(2), GradeLevel{"g2", Text{"fr": "x"}}), 0, 6}, "grade 3: title"},
	"judgment, title":            {Judgment{append(gradesOf(2), GradeLevel{"g2", text("a\nb")}), 0, 6}, "U+000A"},
	"score 0":                    {Scoring{}, "scores of 0 to 0"},
	"score, negative":            {Scoring{Max: -1}, "scores of 0 to -1"},
	"score, absurd":              {Scoring{Max: absurd}, "scores of 0 to"},
	"score, above the limit":     {Scoring{Max: MaxPoints + 1}, "may be 1 to 1048576"},
	"histogram 0":                {Scoring{Histogram: true}, "scores of 0 to 0"},
	"histogram, too many bits":   {Scoring{Max: 341, Histogram: true}, "6 options of 342 bits"},
	"histogram, at the limit":    {Scoring{Max: MaxPoints, Histogram: true}, "6 options of 1048577 bits"},
	"histogram, absurd":          {Scoring{Max: absurd, Histogram: true}, "scores of 0 to"},
	"cumulative 0":               {Cumulative{}, "0 points"},
	"cumulative, negative":       {Cumulative{Points: -5}, "-5 points"},
	"cumulative, absurd":         {Cumulative{Points: absurd, Whole: true}, "points, 1 to 1048576"},
	"quadratic 0":                {Quadratic{}, "0 credits"},
	"quadratic, negative":        {Quadratic{Credits: -absurd}, "credits"},
	"quadratic, absurd":          {Quadratic{Credits: absurd}, "credits, 1 to 1048576"},
	"quadratic, too many bits":   {Quadratic{Credits: 341 * 341}, "6 options of 342 bits"},
	"quadratic, at the limit":    {Quadratic{Credits: MaxPoints}, "6 options of 1025 bits"},
	"ranking, no points":         {Ranking{}, "points for 0 ranks"},
	"ranking, ranks above":       {Ranking{BordaPoints(7), 0}, "points for 7 ranks, there are 6 options"},
	"ranking, many":              {Ranking{make([]int, 100_000), 0}, "points for 100000 ranks"},
	"ranking, min above ranks":   {Ranking{BordaPoints(3), 4}, "rank at least 4"},
	"ranking, negative min":      {Ranking{BordaPoints(3), -1}, "rank at least -1"},
	"ranking, absurd min":        {Ranking{BordaPoints(3), absurd}, "rank at least"},
	"ranking, points rise":       {Ranking{[]int{1, 2}, 0}, "2 points for rank 2, 0 to 1 allowed"},
	"ranking, negative points":   {Ranking{[]int{1, -1}, 0}, "-1 points for rank 2"},
	"ranking, absurd points":     {Ranking{[]int{absurd, 1}, 0}, "points for rank 1"},
	"ranking, nothing to gain":   {Ranking{[]int{0, 0}, 0}, "no points for any rank"},
	"score, above the plaintext": {Scoring{Max: MaxPoints}, "44 bits"},
	"points, above":              {Cumulative{Points: MaxPoints}, "44 bits"},
}

func TestRejectsRulesThatMakeNoSense(t *testing.T) {
	for name, test := range ruleErrors {
		d, _ := draft(t)
		weighted(1 << 30)(&d)
		d.Questions = []Question{question("q", Approval{}, optionIDs(6)...)}
		_, err := NewManifest(d)
		require.NoError(t, err)

		d.Questions[0].Rule = test.rule
		start := time.Now()
		_, err = NewManifest(d)
		require.ErrorIs(t, err, ErrMalformed, name)
		require.ErrorContains(t, err, "question 1: rule: ", name)
		require.ErrorContains(t, err, test.want, name)

		raw, writeErr := wire.MarshalCanonical(d.document())
		require.NoError(t, writeErr, name)
		_, parseErr := ParseManifest(raw)
		require.ErrorIs(t, parseErr, ErrMalformed, name)
		switch {
		case strings.Contains(string(raw), "115292150460684"): // numbers above 2^53 are no canonical JSON
		case strings.Contains(parseErr.Error(), "JSON: rule: "): // a list that is not written again to compare
			require.ErrorContains(t, parseErr, test.want, name)
		default:
			require.Equal(t, err.Error(), parseErr.Error(), name)
		}
		require.Less(t, time.Since(start), 2*time.Second, name)
	}

	// One option has no pair.
	d, _ := draft(t)
	d.Questions = []Question{question("q", Condorcet{}, "a")}
	_, err := NewManifest(d)
	require.ErrorContains(t, err, "at least 2")
	// 28 options fit the bits of a layout, but not a ballot; 29 do not fit.
	for n, want := range map[int]string{23: "", 24: "fewer options", 28: "65535", 29: "at most 2048", 33: "at most 2048", 256: "at most 2048"} {
		d.Questions = []Question{question("q", Condorcet{}, optionIDs(n)...)}
		if _, err := NewManifest(d); want == "" {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, ErrMalformed)
			require.ErrorContains(t, err, want, "%d", n)
		}
	}
	// As documented, all of 43 options can be ranked, and at the smallest weights 44 and pairs of 27.
	full := func(n int) Rule { return Ranking{BordaPoints(n), n} }
	for _, c := range []struct {
		rule  Rule
		n     int
		total uint64
		good  bool
	}{
		{full(43), 43, 11304, true}, {full(44), 44, 11304, false}, {full(44), 44, 3, true}, {full(45), 45, 3, false},
		{Condorcet{}, 27, 3, true}, {Condorcet{}, 28, 3, false},
	} {
		d.Census.Size, d.Census.TotalWeight = c.total, c.total
		d.Questions = []Question{question("q", c.rule, optionIDs(c.n)...)}
		_, err := NewManifest(d)
		require.Equal(t, c.good, err == nil, "%T of %d, %d: %v", c.rule, c.n, c.total, err)
	}
	// A rule is a value.
	for _, r := range []Rule{nil, &Choice{Min: 1, Max: 1}, (*Choice)(nil)} {
		d.Questions = []Question{question("q", r, "a", "b")}
		_, err := NewManifest(d)
		require.ErrorIs(t, err, ErrMalformed)
	}
}

// The JSON of each rule, and no other spelling.
func TestAttack27OneSpellingForEachRule(t *testing.T) {
	grades := `[{"id":"g0","title":{"en":"g0"}},{"id":"g1","title":{"en":"g1"}}]`
	for good, test := range map[string]struct {
		rule Rule
		bad  []string
	}{
		`{"blank":true,"max":2,"min":1,"type":"choose"}`: {Choice{Min: 1, Max: 2, Blank: true}, []string{
			`{"max":2,"min":1,"type":"choose"}`,
			`{"blank":true,"max":2,"min":1,"none":false,"type":"choose"}`,
			`{"blank":true,"max":2,"min":1,"points":3,"type":"choose"}`,
			`{"Blank":true,"max":2,"min":1,"type":"choose"}`,
			`{"blank":true,"max":2,"max":2,"min":1,"type":"choose"}`,
			`{"blank":true,"max":2.0,"min":1,"type":"choose"}`,
			`{"blank":1,"max":2,"min":1,"type":"choose"}`,
			`{"blank":null,"max":2,"min":1,"type":"choose"}`,
			`{"type":"choose","max":2,"min":1,"blank":true}`,
			`{"blank":true,"max":2,"min":1,"type":"Choose"}`,
			`{"blank":true,"max":2,"min":1}`,
			`null`, `{}`, `[]`, `"choose"`, `{"type":null}`, `{"type":"lottery"}`, `{"type":""}`,
		}},
		`{"blank":false,"max":1,"min":1,"none":true,"type":"choose"}`: {Choice{Min: 1, Max: 1, None: true}, nil},
		`{"type":"approval"}`: {Approval{}, []string{`{"blank":false,"type":"approval"}`, `{"max":2,"type":"approval"}`}},
		`{"grades":` + grades + `,"max":2,"min":0,"type":"judgment"}`: {Judgment{gradesOf(2), 0, 2}, []string{
			`{"grades":` + grades + `,"max":2,"type":"judgment"}`,
			`{"grades":null,"max":2,"min":0,"type":"judgment"}`,
			`{"grades":[null,null],"max":2,"min":0,"type":"judgment"}`,
			`{"grades":{},"max":2,"min":0,"type":"judgment"}`,
			`{"grades":` + strings.Replace(grades, `"id":"g0",`, "", 1) + `,"max":2,"min":0,"type":"judgment"}`,
			`{"grades":` + strings.Replace(grades, `"id":"g0",`, `"id":"g0","points":1,`, 1) + `,"max":2,"min":0,"type":"judgment"}`,
		}},
		`{"histogram":false,"max":10,"type":"score"}`:     {Scoring{Max: 10}, []string{`{"max":10,"type":"score"}`, `{"histogram":false,"max":1e1,"type":"score"}`}},
		`{"histogram":true,"max":3,"type":"score"}`:       {Scoring{Max: 3, Histogram: true}, nil},
		`{"points":10,"type":"cumulative","whole":false}`: {Cumulative{Points: 10}, []string{`{"points":10,"type":"cumulative"}`, `{"points":[10],"type":"cumulative","whole":false}`}},
		`{"points":10,"type":"cumulative","whole":true}`:  {Cumulative{Points: 10, Whole: true}, nil},
		`{"credits":100,"type":"quadratic"}`:              {Quadratic{Credits: 100}, []string{`{"credits":100,"max":10,"type":"quadratic"}`, `{"credits":-100,"type":"quadratic"}`}},
		`{"min":0,"points":[2,1,0],"type":"ranking"}`:     {Ranking{[]int{2, 1, 0}, 0}, []string{`{"points":[2,1,0],"type":"ranking"}`, `{"min":0,"points":3,"type":"ranking"}`, `{"min":0,"points":null,"type":"ranking"}`}},
		`{"type":"condorcet"}`:                            {Condorcet{}, []string{`{"min":0,"type":"condorcet"}`}},
	} {
		e := electionOf(t, test.rule, 4)
		raw := string(e.m.Bytes())
		require.Contains(t, raw, `"rule":`+good+`,`)
		m, err := ParseManifest([]byte(raw))
		require.NoError(t, err)
		require.Equal(t, test.rule, m.Questions()[0].Rule)
		b, err := json.Marshal(test.rule)
		require.NoError(t, err)
		require.JSONEq(t, good, string(b))
		for _, bad := range test.bad {
			_, err := ParseManifest([]byte(strings.Replace(raw, good, bad, 1)))
			require.ErrorIs(t, err, ErrMalformed, bad)
		}
	}
}

func TestARuleIsAnObject(t *testing.T) {
	raw := string(electionOf(t, Approval{}, 4).m.Bytes())
	for bad, want := range map[string]string{
		`1`: "rule: not an object", `"approval"`: "rule: not an object", `[{"type":"approval"}]`: "rule: not an object",
		`null`: "rule: ballot: malformed: no rule", `{"type":1}`: "rule: json: cannot unmarshal number",
		`{"type":"lottery"}`: `rule: ballot: malformed: unknown rule "lottery"`,
	} {
		_, err := ParseManifest([]byte(strings.Replace(raw, `{"type":"approval"}`, bad, 1)))
		require.ErrorIs(t, err, ErrMalformed, bad)
		require.ErrorContains(t, err, want, bad)
	}
}

// A list of a million bytes that no rule allows is refused before it is written again, which takes many times its memory.
func TestAttack28ListsOfARuleAreShortBeforeTheyAreWrittenAgain(t *testing.T) {
	good := `{"type":"approval"}`
	raw := string(electionOf(t, Approval{}, 4).m.Bytes())
	for bad, want := range map[string]string{
		`{"grades":[` + strings.Repeat(`{},`, 300_000) + `{}],"max":1,"min":0,"type":"judgment"}`: "300001 grades, 2 to 64 allowed",
		`{"min":0,"points":[` + strings.Repeat(`1,`, 400_000) + `1],"type":"ranking"}`:            "points for 400001 ranks, at most 256 allowed",
	} {
		document := []byte(strings.Replace(raw, good, bad, 1))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := ParseManifest(document)
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, err, ErrMalformed)
		require.ErrorContains(t, err, want)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(60<<20), want)
	}
}

// What goes into a manifest or comes out of it shares no slice or map with it.
func TestRulesOfAManifestCannotBeChanged(t *testing.T) {
	grades, points := gradesOf(3), BordaPoints(3)
	d, _ := draft(t)
	d.Questions = []Question{
		question("judgment", Judgment{grades, 0, 3}, "a", "b", "c"),
		question("ranking", Ranking{points, 0}, "a", "b", "c"),
	}
	m, err := NewManifest(d)
	require.NoError(t, err)
	spoil := func(j Judgment, r Ranking) {
		j.Grades[0].ID, j.Grades[1].Title["en"] = "x", "x"
		r.Points[0] = 1000
	}
	want := m.Questions()
	spoil(d.Questions[0].Rule.(Judgment), d.Questions[1].Rule.(Ranking))
	require.Equal(t, want, m.Questions())
	got := m.Questions()
	require.Equal(t, Judgment{gradesOf(3), 0, 3}, got[0].Rule)
	spoil(got[0].Rule.(Judgment), got[1].Rule.(Ranking))
	require.Equal(t, want, m.Questions())
	require.Equal(t, []int{2, 1, 0}, want[1].Rule.(Ranking).Points)
}

func TestBordaPoints(t *testing.T) {
	require.Equal(t, []int{3, 2, 1, 0}, BordaPoints(4))
	require.Equal(t, []int{1, 0}, BordaPoints(2))
	for _, n := range []int{-1, 0, 1, 257, math.MaxInt} { // one option would earn nothing, which no Ranking allows
		require.Nil(t, BordaPoints(n))
	}
	require.Len(t, BordaPoints(256), 256)
}
