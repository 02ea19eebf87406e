package main

import (
	"context"
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/examples/internal/poll"
	"github.com/scrutin/scrutin/examples/internal/poll/polltest"
	"github.com/scrutin/scrutin/tally"
)

func TestFlags(t *testing.T) { polltest.Usage(t, &program) }

// A whole vote, its audit, and the texts in the record.
func TestElection(t *testing.T) {
	output, dir := polltest.Hold(t, &program, "5")
	require.Contains(t, output, "ONE WORD CHANGED: in a copy of the record, article-04 says \"may\" instead of \"shall\"\n"+
		"  audit: INVALID: texts: ")
	require.Contains(t, output, "the opened result and a plain count of the votes agree")
	require.Equal(t, 12, strings.Count(output, "adopted\n"))

	articles, err := readArticles()
	require.NoError(t, err)
	for _, a := range articles {
		text, err := os.ReadFile(filepath.Join(dir, "record", filepath.FromSlash(tally.TextFile(a.id))))
		require.NoError(t, err)
		require.Equal(t, a.text, text)
	}
}

func TestQuestionsAreBoundToTheirTexts(t *testing.T) {
	articles, err := readArticles()
	require.NoError(t, err)
	require.Len(t, articles, 12)
	seen := map[[32]byte]bool{}
	for _, a := range articles {
		document := a.question().Text
		require.Equal(t, sha256.Sum256(a.text), document.SHA256)
		require.False(t, seen[document.SHA256])
		seen[document.SHA256] = true
		require.True(t, strings.HasSuffix(document.URI, "/"+string(a.id)+".md"))
		require.True(t, strings.HasPrefix(a.title, "Article "), a.title)
		require.LessOrEqual(t, a.inFavour+a.against, 100)
	}
}

func TestVotersKeepTheirMind(t *testing.T) {
	articles, err := readArticles()
	require.NoError(t, err)
	require.Equal(t, voteOf(articles, 7), voteOf(articles, 7))
	require.NotEqual(t, voteOf(articles, 7), voteOf(articles, 8))
	count := plainCount(articles, 0, 1000)
	var total uint64
	for _, n := range count {
		total += n
	}
	require.EqualValues(t, 1000, total)
	require.InDelta(t, 10*articles[0].inFavour, count[poll.Counter{Option: "for"}], 50)
}

func TestAnArticleIsAdoptedByMoreForThanAgainst(t *testing.T) {
	outcome := func(inFavour, against, blank uint64) tally.Outcome {
		return tally.Outcome{Tally: ballot.Tally{Counts: []ballot.Count{
			{Option: "for", Total: inFavour}, {Option: "against", Total: against}, {Label: ballot.BlankLabel, Total: blank},
		}}}
	}
	var out strings.Builder
	articles := []article{{title: "A"}, {title: "B"}, {title: "C"}}
	require.NoError(t, writeTable(&out, articles, []tally.Outcome{outcome(3, 2, 9), outcome(2, 2, 0), outcome(0, 1, 0)}))
	lines := strings.Split(out.String(), "\n")
	require.Equal(t, strings.Fields("A 3 2 9 adopted"), strings.Fields(lines[1]))
	require.Equal(t, strings.Fields("B 2 2 0 not adopted"), strings.Fields(lines[2]))
	require.Equal(t, strings.Fields("C 0 1 0 not adopted"), strings.Fields(lines[3]))
}

// The demonstration itself fails where there is no text to change.
func TestTamperNeedsTheText(t *testing.T) {
	err := tamper(context.Background(), &poll.Held{Record: t.TempDir()}, io.Discard)
	require.ErrorContains(t, err, "article-04")
}
