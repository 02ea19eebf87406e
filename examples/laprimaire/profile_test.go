package main

import (
	"bytes"
	"encoding/xml"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// requirePicture requires well-formed XML with a title and a description for readers who do
// not see the picture.
func requirePicture(t *testing.T, picture []byte) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(picture))
	for {
		_, err := decoder.Token()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
	}
	for _, part := range []string{`role="img" aria-labelledby="title desc"`, `<title id="title">`, `<desc id="desc">`, "median: 50 %"} {
		require.Contains(t, string(picture), part)
	}
}

func TestProfileShowsEveryCandidateInOrder(t *testing.T) {
	rows, err := readFacts()
	require.NoError(t, err)
	p := meritProfile(ranked(rows, result(rows, deal(rows))), everybody)
	picture, err := p.draw()
	require.NoError(t, err)
	requirePicture(t, picture)
	text := string(picture)
	require.Contains(t, text, "53,383 judgments on 10,677 secret ballots")
	for _, r := range rows {
		_, after, found := strings.Cut(text, ">"+r.name+"</text>")
		require.True(t, found, r.name)
		text = after
	}
}

func TestBarsAreWholeAndInProportion(t *testing.T) {
	for _, b := range []bar{
		{judgments: [5]uint64{1, 1, 1, 1, 1}},
		{judgments: [5]uint64{0, 3, 0, 4, 0}},
		{judgments: [5]uint64{1 << 40, 1, 0, 0, 1 << 39}},
	} {
		x := barX
		for _, s := range b.drawn(0).Segments {
			require.InDelta(t, x, s.X, 0.001, "no gap")
			x = s.X + s.Width
		}
		require.InDelta(t, barX+barWidth, x, 0.001)
	}
	half := bar{judgments: [5]uint64{2, 0, 0, 0, 2}}
	require.Equal(t, barX+barWidth/2, half.drawn(0).Segments[1].X, "the median line")
	none := bar{place: 3, name: "Nobody"}
	require.Empty(t, none.drawn(0).Segments)
	require.Equal(t, "3. Nobody, no judgment", none.drawn(0).Tip)
}

func TestLabelsKeepClearOfTheMedianLine(t *testing.T) {
	b := bar{judgments: [5]uint64{40, 30, 10, 10, 10}}
	for _, s := range b.drawn(0).Segments {
		require.NotEmpty(t, s.Label)
		require.Greater(t, diff(s.LabelX, medianX), 20.0)
	}
}

func TestNamesCannotBreakThePicture(t *testing.T) {
	p := &profile{Title: `</title><script>alert("1")</script>`, bars: []bar{{name: `A & <B> "C"`, place: 1}}}
	picture, err := p.draw()
	require.NoError(t, err)
	requirePicture(t, picture)
	require.NotContains(t, string(picture), "<script")
	require.Contains(t, string(picture), "A &amp; &lt;B&gt; &#34;C&#34;")
}

func TestPercentRoundsHalfUp(t *testing.T) {
	for want, share := range map[string][2]uint64{
		"0.0 %": {0, 7}, "100.0 %": {7, 7}, "33.3 %": {1, 3}, "66.7 %": {2, 3}, "0.1 %": {1, 2000}, "-": {0, 0},
	} {
		require.Equal(t, want, percent(share[0], share[1]), share)
	}
}

// Every two grades that touch differ in lightness by far, for those who see no hue.
func TestColoursDifferInLightness(t *testing.T) {
	lightness := func(colour string) float64 {
		n, err := strconv.ParseUint(colour[1:], 16, 32)
		require.NoError(t, err)
		return 0.299*float64(n>>16) + 0.587*float64(n>>8&255) + 0.114*float64(n&255)
	}
	for i, c := range colours {
		require.Greater(t, diff(lightness(c.fill), lightness(c.ink)), 100.0, "text on %s", c.fill)
		if i > 0 {
			require.Greater(t, diff(lightness(c.fill), lightness(colours[i-1].fill)), 40.0)
		}
	}
}

func diff(a, b float64) float64 { return max(a-b, b-a) }
