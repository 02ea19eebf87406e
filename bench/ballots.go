package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/scrutin/scrutin/ballot"
)

// LaPrimaire.org's election of 2016: 12 candidates, 5 grades, 11,304 voters.
const (
	candidates       = 12
	grades           = 5
	laPrimaireVoters = 11304
)

func ballotRows() []row {
	const all, five = "scrutin, 12 of 12 graded", "scrutin, at most 5 of 12 graded"
	const belenios = "belenios-tool, BELENIOS-2048"
	const shape = "12 candidates, 5 grades, 11,304 voters. belenios-tool has 12 questions of 5 answers, min 1, max 1, no blank: every candidate gets a " +
		"grade. Scrutin has that ballot, and LaPrimaire.org's own, with at most 5 candidates graded, which has more bits. "
	comparisons := func(atMost float64) []comparison {
		return []comparison{
			{ours: all, peer: belenios, atMost: atMost},
			{ours: five, peer: belenios, atMost: atMost},
		}
	}
	return []row{
		{
			name:  "cast",
			title: "casting a LaPrimaire ballot",
			shape: shape + "Scrutin's credential was made before; from the votes to the bytes. belenios-tool: `election generate-ballot`, less the same command " +
				"with a vote of a wrong shape, which it refuses when it has read the election. Its group is BELENIOS-2048; newer releases default to Ed25519.",
			bench: "go test -run '^$' -bench Rules/judgment/12x5-at-most-5/cast -cpu 1 ./ballot",
			sides: []side{
				{name: all, figures: elapsed, open: func(e *env) (sampler, error) { return castLaPrimaire(e, candidates, candidates) }},
				{name: five, figures: elapsed, open: func(e *env) (sampler, error) { return castLaPrimaire(e, 0, 5) }},
				{name: belenios, figures: elapsed, missing: noBelenios, open: castBelenios},
			},
			comparisons: comparisons(0.01),
		},
		{
			name:  "check",
			title: "verifying a LaPrimaire ballot",
			shape: shape + "Scrutin: batches of 256 of as many voters, from bytes, each with its membership proof (made with a trapdoor, as which they cost the same to verify). belenios-tool: `election verify` of an election with some " +
				"ballots, less the same with none, for one ballot.",
			bench: "go test -run '^$' -bench 'VerifyBatch|Rules/judgment/12x5-at-most-5/verify' -cpu 1 ./ballot",
			sides: []side{
				{name: all, figures: elapsed, open: func(e *env) (sampler, error) { return checkLaPrimaire(e, candidates, candidates) }},
				{name: five, figures: elapsed, open: func(e *env) (sampler, error) { return checkLaPrimaire(e, 0, 5) }},
				{name: belenios, figures: elapsed, missing: noBelenios, open: checkBelenios},
			},
			comparisons: comparisons(0.002),
		},
	}
}

// laPrimaire is an election in which least to most candidates are graded, and a vote in it.
func laPrimaire(e *env, least, most int) (*election, map[ballot.QuestionID]ballot.Vote, error) {
	rule := ballot.Judgment{Min: least, Max: most}
	for i := range grades {
		id := ballot.GradeID(fmt.Sprintf("g%d", i))
		rule.Grades = append(rule.Grades, ballot.GradeLevel{ID: id, Title: ballot.Text{"en": string(id)}})
	}
	list, ids := options(candidates)
	el, err := newElection(laPrimaireVoters, []ballot.Question{{ID: "q", Title: ballot.Text{"en": "q"}, Rule: rule, Options: list}})
	given := map[ballot.OptionID]ballot.GradeID{}
	for i, id := range ids[:most] {
		given[id] = rule.Grades[i%grades].ID
	}
	return el, map[ballot.QuestionID]ballot.Vote{"q": ballot.Grade(given)}, err
}

func castLaPrimaire(e *env, least, most int) (sampler, error) {
	el, votes, err := laPrimaire(e, least, most)
	if err != nil {
		return nil, err
	}
	first, err := el.credential(0)
	if err != nil {
		return nil, err
	}
	saved := first.Bytes()
	n := e.size(40, 4)
	return func() ([]float64, error) {
		credentials := make([]*ballot.Credential, n) // a credential signs number 0 once
		for i := range credentials {
			if credentials[i], err = ballot.ParseCredential(el.manifest, saved); err != nil {
				return nil, err
			}
		}
		start := time.Now()
		for _, c := range credentials {
			if _, err := cast(c, votes); err != nil {
				return nil, err
			}
		}
		return []float64{float64(time.Since(start)) / float64(n)}, nil
	}, nil
}

func checkLaPrimaire(e *env, least, most int) (sampler, error) {
	el, votes, err := laPrimaire(e, least, most)
	if err != nil {
		return nil, err
	}
	raw := make([][]byte, e.size(256, 16))
	for i := range raw {
		c, err := el.credential(i)
		if err != nil {
			return nil, err
		}
		if raw[i], err = cast(c, votes); err != nil {
			return nil, err
		}
	}
	return func() ([]float64, error) {
		v, err := el.verifier()
		if err != nil {
			return nil, err
		}
		start := time.Now()
		ballots, err := el.parse(e, raw)
		if err != nil {
			return nil, err
		}
		if err := verified(v, ballots); err != nil {
			return nil, err
		}
		return []float64{float64(time.Since(start)) / float64(len(raw))}, nil
	}, nil
}

// verified verifies a batch, all of which is valid.
func verified(v *ballot.Verifier, ballots []*ballot.Ballot) error {
	verdicts, err := v.VerifyBatch(context.Background(), ballots)
	return errors.Join(append(verdicts, err)...)
}
