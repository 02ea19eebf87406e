package main

import "github.com/scrutin/scrutin/ballot"

// options are the candidates, and "None of the Above", numbered from 1 in the published ballots.
var options = []struct {
	id          ballot.OptionID
	name, short string
}{
	{"walther", "Jonathan Walther", "Walther"},
	{"garrett", "Matthew Garrett", "Garrett"},
	{"robinson", "Branden Robinson", "Robinson"},
	{"towns", "Anthony Towns", "Towns"},
	{"lees", "Angus Lees", "Lees"},
	{"schuldei", "Andreas Schuldei", "Schuldei"},
	{"none-of-the-above", "None of the Above", "None"},
}

// published is the final order, by number.
var published = []int{3, 4, 2, 6, 5, 7, 1}

func question() ballot.Question {
	q := ballot.Question{
		ID:    "leader",
		Title: ballot.Text{"en": "Who shall lead the Debian project?"},
		Rule:  ballot.Condorcet{},
	}
	for _, o := range options {
		q.Options = append(q.Options, ballot.Option{ID: o.id, Title: ballot.Text{"en": o.name}})
	}
	return q
}
