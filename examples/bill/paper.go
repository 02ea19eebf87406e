package main

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"fmt"
	"math/rand/v2"
	"path"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/examples/internal/poll"
)

// texts holds the articles, a file each: text/article-01.md and so on.
//
//go:embed text
var texts embed.FS

// opinion is what the town thinks of an article, out of a hundred voters; the rest abstains.
type opinion struct{ inFavour, against int }

// opinions are invented: this bill was never put to a vote. There is one an article.
var opinions = []opinion{
	{84, 6},  // purpose
	{56, 38}, // 30 km/h
	{77, 14}, // school streets
	{80, 7},  // crossings
	{52, 34}, // cycle lanes
	{74, 11}, // night buses
	{30, 61}, // resident parking
	{58, 22}, // deliveries
	{24, 69}, // congestion charge
	{71, 12}, // trees and benches
	{29, 53}, // cameras
	{63, 9},  // review
}

// article is one article of the bill, and the question about it.
type article struct {
	id    ballot.QuestionID
	title string
	text  []byte
	opinion
}

func readArticles() ([]article, error) {
	var articles []article
	for i, opinion := range opinions {
		id := fmt.Sprintf("article-%02d", i+1)
		text, err := texts.ReadFile(path.Join("text", id+".md"))
		if err != nil {
			return nil, err
		}
		heading, _, _ := bytes.Cut(text, []byte("\n"))
		articles = append(articles, article{
			id:      ballot.QuestionID(id),
			title:   string(bytes.TrimPrefix(heading, []byte("# "))),
			text:    text,
			opinion: opinion,
		})
	}
	return articles, nil
}

// question binds the article to its text: whoever knows the election id knows every word.
func (a *article) question() ballot.Question {
	return ballot.Question{
		ID:    a.id,
		Title: ballot.Text{"en": a.title},
		Text: &ballot.Document{
			URI:    "https://alderbrook.example/bills/2026-7/" + string(a.id) + ".md",
			SHA256: sha256.Sum256(a.text),
		},
		Rule: ballot.Choice{Min: 1, Max: 1, Blank: true}, // blank is to abstain
		Options: []ballot.Option{
			{ID: "for", Title: ballot.Text{"en": "For"}},
			{ID: "against", Title: ballot.Text{"en": "Against"}},
		},
	}
}

// voteOf is what a voter thinks of each article: "for", "against" or, to abstain, "". It is
// the same whenever it is asked.
func voteOf(articles []article, voter int) []ballot.OptionID {
	random := rand.New(rand.NewPCG(2026_7, uint64(voter))) // demonstration data; no vote is secret here
	votes := make([]ballot.OptionID, len(articles))
	for i, a := range articles {
		switch x := random.IntN(100); {
		case x < a.inFavour:
			votes[i] = "for"
		case x < a.inFavour+a.against:
			votes[i] = "against"
		}
	}
	return votes
}

// plainCount counts the votes of the first voters on one article.
func plainCount(articles []article, question, voters int) poll.Count {
	count := poll.Count{}
	for voter := range voters {
		switch option := voteOf(articles, voter)[question]; option {
		case "":
			count[poll.Counter{Label: ballot.BlankLabel}]++
		default:
			count[poll.Counter{Option: option}]++
		}
	}
	return count
}
