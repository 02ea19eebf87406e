package main

import (
	"crypto/sha256"
	_ "embed"
	"slices"

	"github.com/scrutin/scrutin/ballot"
)

// bylaw is the text that the first question is about. The manifest pins its digest.
//
//go:embed text/bylaw.md
var bylaw []byte

const bylawURI = "https://city.example/bylaws/2026-14.md"

var title = ballot.Text{
	"en": "City referendum, autumn 2026",
	"fr": "Référendum municipal, automne 2026",
}

// questions is the paper: a referendum on a text, and a choice of at most two projects.
func questions() []ballot.Question {
	return []ballot.Question{
		{
			ID: "bylaw",
			Title: ballot.Text{
				"en": "Do you approve by-law 2026-14 (a greenway on the old railway)?",
				"fr": "Approuvez-vous l’arrêté 2026-14 (une voie verte sur l’ancienne voie ferrée) ?",
			},
			Text: &ballot.Document{URI: bylawURI, SHA256: sha256.Sum256(bylaw)},
			Rule: ballot.Choice{Min: 1, Max: 1, Blank: true},
			Options: []ballot.Option{
				{ID: "yes", Title: ballot.Text{"en": "Yes", "fr": "Oui"}},
				{ID: "no", Title: ballot.Text{"en": "No", "fr": "Non"}},
			},
		},
		{
			ID: "projects",
			Title: ballot.Text{
				"en": "Which of these projects should come first? At most two.",
				"fr": "Lesquels de ces projets doivent passer en premier ? Deux au plus.",
			},
			Rule: ballot.Choice{Min: 0, Max: 2},
			Options: []ballot.Option{
				{ID: "library", Title: ballot.Text{"en": "A library in the South", "fr": "Une bibliothèque au Sud"}},
				{ID: "orchard", Title: ballot.Text{"en": "A public orchard", "fr": "Un verger public"}},
				{ID: "pool", Title: ballot.Text{"en": "A warmer swimming pool", "fr": "Une piscine mieux chauffée"}},
				{ID: "workshop", Title: ballot.Text{"en": "A repair workshop", "fr": "Un atelier de réparation"}},
			},
		},
	}
}

// choice is a vote on the paper, in the clear: what a voter picks of each question.
type choice struct {
	Bylaw    ballot.OptionID   `json:"bylaw"` // "" is blank
	Projects []ballot.OptionID `json:"projects"`
}

func (c choice) votes() map[ballot.QuestionID]ballot.Vote {
	bylaw := ballot.Blank()
	if c.Bylaw != "" {
		bylaw = ballot.Choose(c.Bylaw)
	}
	return map[ballot.QuestionID]ballot.Vote{"bylaw": bylaw, "projects": ballot.Choose(c.Projects...)}
}

// equals reports whether votes, as read from a spoiled ballot, are this choice.
func (c choice) equals(votes map[ballot.QuestionID]ballot.Vote) bool {
	bylaw := []ballot.OptionID{c.Bylaw}
	if c.Bylaw == "" {
		bylaw = nil
	}
	return votes["bylaw"].IsBlank() == (c.Bylaw == "") &&
		slices.Equal(votes["bylaw"].Options(), bylaw) &&
		slices.Equal(votes["projects"].Options(), slices.Sorted(slices.Values(c.Projects)))
}
