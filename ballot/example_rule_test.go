package ballot_test

import (
	"errors"
	"fmt"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
)

// encrypted is what a vote on one question comes to: it is sealed, spoiled and opened again.
func encrypted(rule ballot.Rule, vote ballot.Vote, options ...ballot.OptionID) (ballot.Vote, error) {
	in := func(s string) ballot.Text { return ballot.Text{"en": s, "fr": s} }
	q := ballot.Question{ID: "q", Title: in("Which?"), Rule: rule}
	for _, id := range options {
		q.Options = append(q.Options, ballot.Option{ID: id, Title: in(string(id))})
	}
	election := electiontest.New(exampleT{}, electiontest.Config{Edit: func(d *ballot.Draft) { d.Questions = []ballot.Question{q} }})
	sealed, err := election.Credential(exampleT{}, 0).Encrypt(map[ballot.QuestionID]ballot.Vote{"q": vote})
	if err != nil {
		return ballot.Vote{}, err
	}
	opening, err := sealed.Spoil()
	if err != nil {
		return ballot.Vote{}, err
	}
	votes, err := opening.Verify(election.Manifest, sealed.Digest())
	return votes["q"], err
}

func ExampleChoice() {
	rule := ballot.Choice{Min: 1, Max: 1, Blank: true, None: true}
	v, err := encrypted(rule, ballot.None(), "ada", "bob")
	fmt.Println(v.IsNone(), v.IsBlank(), err)

	_, err = encrypted(rule, ballot.Choose("ada", "bob"), "ada", "bob")
	fmt.Println(err)
	// Output:
	// true false <nil>
	// question "q": ballot: vote not allowed: 2 options are chosen, at most 1 may be
}

func ExampleJudgment() {
	rule := ballot.Judgment{Min: 0, Max: 2, Grades: []ballot.GradeLevel{
		{ID: "good", Title: ballot.Text{"en": "Good", "fr": "Bien"}},
		{ID: "fair", Title: ballot.Text{"en": "Fair", "fr": "Passable"}},
		{ID: "poor", Title: ballot.Text{"en": "Poor", "fr": "Insuffisant"}},
	}}
	v, err := encrypted(rule, ballot.Grade(map[ballot.OptionID]ballot.GradeID{"ada": "good", "eve": "poor"}), "ada", "bob", "eve")
	fmt.Println(v.Grades(), err)
	// Output:
	// map[ada:good eve:poor] <nil>
}

func ExampleScoring() {
	v, err := encrypted(ballot.Scoring{Max: 10}, ballot.Score(map[ballot.OptionID]int{"ada": 10, "eve": 3}), "ada", "bob", "eve")
	fmt.Println(v.Amounts(), err)
	// Output:
	// map[ada:10 bob:0 eve:3] <nil>
}

func ExampleCumulative() {
	_, err := encrypted(ballot.Cumulative{Points: 10}, ballot.Give(map[ballot.OptionID]int{"ada": 8, "bob": 7}), "ada", "bob")
	fmt.Println(errors.Is(err, ballot.ErrVote), err)
	// Output:
	// true question "q": ballot: vote not allowed: 5 points over the budget of 10
}

func ExampleQuadratic() {
	// 9 votes for one option and 4 for another cost 81 + 16 = 97 credits.
	v, err := encrypted(ballot.Quadratic{Credits: 100}, ballot.Give(map[ballot.OptionID]int{"ada": 9, "bob": 4}), "ada", "bob")
	fmt.Println(v.Amounts(), err)
	// Output:
	// map[ada:9 bob:4] <nil>
}

func ExampleRanking() {
	rule := ballot.Ranking{Points: ballot.BordaPoints(3), Min: 0}
	v, err := encrypted(rule, ballot.Rank("eve", "ada"), "ada", "bob", "eve")
	fmt.Println(rule.Points, v.Options(), err)

	_, err = encrypted(rule, ballot.RankBy(map[ballot.OptionID]int{"ada": 1, "bob": 3}), "ada", "bob", "eve")
	fmt.Println(err)
	// Output:
	// [2 1 0] [eve ada] <nil>
	// question "q": ballot: vote not allowed: rank 2 is missing
}

func ExampleCondorcet() {
	v, err := encrypted(ballot.Condorcet{}, ballot.Rank("eve"), "ada", "bob", "eve")
	fmt.Println(v.Options(), err)
	// Output:
	// [eve] <nil>
}
