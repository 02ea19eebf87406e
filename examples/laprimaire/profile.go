package main

import (
	"bytes"
	_ "embed"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"text/template"
)

// profile is a merit profile: for each candidate, in final order, a bar whose parts are the
// shares of the grades, best grade on the left. The majority grade is the one that the line
// in the middle crosses.
type profile struct {
	Title, Subtitle, Note string
	bars                  []bar
}

// bar is a candidate in the profile.
type bar struct {
	name      string
	place     int // from 1; candidates who tie share one
	judgments [len(grades)]uint64
}

// Sizes in the drawing, in pixels.
const (
	margin    = 32.0
	nameX     = 58.0
	gradeX    = 258.0
	barX      = 272.0
	barWidth  = 620.0
	medianX   = barX + barWidth/2
	barHeight = 28.0
	barStep   = 38.0
	barsTop   = 146.0
	width     = 960
)

// colours of the grades, and of the text on them. They run from blue over pale yellow to red,
// which readers who do not tell red from green can tell apart, as they can by lightness and by
// order.
var colours = [len(grades)]struct{ fill, ink string }{
	{"#2166ac", "#ffffff"},
	{"#92c5de", "#1c2733"},
	{"#fbf0c5", "#1c2733"},
	{"#f4a25f", "#1c2733"},
	{"#b2182b", "#ffffff"},
}

//go:embed profile.svg.tmpl
var profileTemplate string

// draw returns the profile as an SVG file.
func (p *profile) draw() ([]byte, error) {
	t, err := template.New("profile").Funcs(template.FuncMap{"xml": escape, "px": pixels}).Parse(profileTemplate)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, p.drawing())
	return out.Bytes(), err
}

func escape(s string) (string, error) {
	var b strings.Builder
	err := xml.EscapeText(&b, []byte(s))
	return b.String(), err
}

func pixels(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// drawing is the profile in pixels, as the template wants it.
type drawing struct {
	Width, Height                      int
	Title, Subtitle, Description, Note string
	Margin, NameX, GradeX, EndX, NoteY float64
	MedianX, MedianTop, MedianBottom   float64
	MedianTextY                        float64
	Legend                             []swatch
	Bars                               []drawnBar
}

type swatch struct {
	X, TextX   float64
	Fill, Name string
}

type drawnBar struct {
	Place            int
	Name, Grade, Tip string
	TextY            float64
	Total            uint64
	Segments         []segment
}

type segment struct {
	X, Y, Width, Height float64
	LabelX, LabelY      float64
	Fill, Ink, Label    string
}

func (p *profile) drawing() *drawing {
	bottom := barsTop + barStep*float64(len(p.bars)) - (barStep - barHeight)
	d := &drawing{
		Width: width, Height: int(bottom) + 56,
		Title: p.Title, Subtitle: p.Subtitle, Note: p.Note,
		Margin: margin, NameX: nameX, GradeX: gradeX, EndX: barX + barWidth + 10, NoteY: bottom + 34,
		MedianX: medianX, MedianTop: barsTop - 8, MedianBottom: bottom + 8, MedianTextY: barsTop - 14,
	}
	x := margin
	for g, grade := range grades {
		name := fmt.Sprintf("%s (%s)", grade.en, grade.fr)
		if grade.en == grade.fr {
			name = grade.en
		}
		d.Legend = append(d.Legend, swatch{X: x, TextX: x + 22, Fill: colours[g].fill, Name: name})
		x += 46 + 6.8*float64(len([]rune(name)))
	}
	var tips []string
	for i, b := range p.bars {
		drawn := b.drawn(barsTop + barStep*float64(i))
		d.Bars = append(d.Bars, drawn)
		tips = append(tips, drawn.Tip)
	}
	d.Description = "A horizontal bar for each candidate, in final order, shows the shares of the grades, best grade on the left; " +
		"a line in the middle marks the median. " + strings.Join(tips, ". ") + "."
	return d
}

func (b *bar) total() (total uint64) {
	for _, n := range b.judgments {
		total += n
	}
	return total
}

// drawn is the bar at a height of the drawing.
func (b *bar) drawn(y float64) drawnBar {
	total := b.total()
	out := drawnBar{
		Place: b.place, Name: b.name, Grade: strings.ReplaceAll(b.gradeText(), "-", "−"),
		TextY: y + barHeight/2 + 5, Total: total,
	}
	var parts []string
	var before uint64
	for g, n := range b.judgments {
		if n == 0 {
			continue
		}
		left, right := position(before, total), position(before+n, total)
		before += n
		s := segment{
			X: left, Y: y, Width: right - left, Height: barHeight, LabelY: y + barHeight/2 + 4,
			Fill: colours[g].fill, Ink: colours[g].ink,
		}
		// The label stands where there is room for it, beside the median line.
		if left < medianX && medianX < right {
			if medianX-left > right-medianX {
				right = medianX
			} else {
				left = medianX
			}
		}
		s.LabelX = (left + right) / 2
		if right-left >= 40 {
			s.Label = percent(n, total)
		}
		out.Segments = append(out.Segments, s)
		parts = append(parts, grades[g].en+" "+percent(n, total))
	}
	out.Tip = fmt.Sprintf("%d. %s, %s", b.place, b.name, out.Grade)
	if len(parts) > 0 {
		out.Tip += ": " + strings.Join(parts, ", ")
	}
	return out
}

// position is where a share of a bar ends, to a hundredth of a pixel.
func position(part, total uint64) float64 {
	return barX + float64(uint64(barWidth*100)*part/total)/100
}

// percent is a share with one decimal, rounded half up.
func percent(part, total uint64) string {
	if total == 0 {
		return "-"
	}
	tenths := (2000*part + total) / (2 * total)
	return fmt.Sprintf("%d.%d %%", tenths/10, tenths%10)
}
