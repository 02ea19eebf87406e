package main

import (
	"strings"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/examples/internal/poll"
)

// grades are LaPrimaire.org's, best first. code is how the published table abbreviates them.
var grades = [...]struct {
	id     ballot.GradeID
	fr, en string
	code   string
}{
	{"tres-bien", "très bien", "very good", "TB"},
	{"bien", "bien", "good", "B"},
	{"assez-bien", "assez bien", "fairly good", "AB"},
	{"passable", "passable", "passable", "P"},
	{"insuffisant", "insuffisant", "insufficient", "I"},
}

var title = ballot.Text{
	"en": "LaPrimaire.org 2016, first round",
	"fr": "LaPrimaire.org 2016, premier tour",
}

// question is the paper: a vote grades up to five of the candidates.
func question(rows []row) ballot.Question {
	rule := ballot.Judgment{Min: 0, Max: perBallot}
	for _, g := range grades {
		rule.Grades = append(rule.Grades, ballot.GradeLevel{ID: g.id, Title: ballot.Text{"en": g.en, "fr": g.fr}})
	}
	q := ballot.Question{
		ID: "president",
		Title: ballot.Text{
			"en": "As president of France, each of these candidates would be ...",
			"fr": "À la présidence de la France, chacun de ces candidats serait ...",
		},
		Rule: rule,
	}
	for _, r := range rows {
		q.Options = append(q.Options, ballot.Option{ID: r.option(), Title: ballot.Text{"en": r.name, "fr": r.name}})
	}
	return q
}

// option is the candidate's id: the name in small letters without accents.
func (r *row) option() ballot.OptionID {
	return ballot.OptionID(strings.ReplaceAll(strings.ToLower(r.name), "é", "e"))
}

// vote is a ballot as the voter enters it.
func vote(rows []row, judgments []graded) ballot.Vote {
	given := map[ballot.OptionID]ballot.GradeID{}
	for _, j := range judgments {
		given[rows[j.candidate].option()] = grades[j.grade].id
	}
	return ballot.Grade(given)
}

// plainCount counts judgments in the clear.
func plainCount(rows []row, ballots [][]graded) poll.Count {
	count := poll.Count{}
	for _, judgments := range ballots {
		for _, j := range judgments {
			count[poll.Counter{Option: rows[j.candidate].option(), Label: string(grades[j.grade].id)}]++
		}
	}
	return count
}
