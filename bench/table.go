package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	met    = "met"
	missed = "missed"
)

const tableHead = `| work | Scrutin: median (quartiles), least | memory | peer | its median (quartiles), least | memory | ratio: median (quartiles), of the least | target | |
|---|---|--:|---|---|--:|---|---|---|
`

// lines are the row's lines of the table, one for each comparison.
func (res *result) lines() (string, error) {
	var out strings.Builder
	for _, c := range res.row.comparisons {
		line, err := res.line(c)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&out, "| %s |\n", strings.Join(line, " | "))
	}
	return out.String(), nil
}

func (res *result) line(c comparison) ([]string, error) {
	i, k, err := res.row.quantity(c.ours)
	if err != nil {
		return nil, err
	}
	ours := &res.row.sides[i]
	line := []string{res.row.title}
	if name := strings.TrimLeft(strings.TrimPrefix(c.ours, "scrutin"), ",: "); name != "" {
		line[0] += ", " + name
	}
	if err := res.missing[i]; err != nil {
		return append(line, "missing: "+err.Error(), "", c.peer, "", "", "", "", "missing"), nil
	}
	u := ours.figures[k].unit
	own := spreadOf(res.samples[i][k])
	if c.memory {
		u, own = byteCount, spread{median: float64(res.memory[i])}
		line = append(line, "", megabytes(res.memory[i]))
	} else {
		line = append(line, own.format(u), megabytes(res.memory[i]))
	}
	if c.peer == "" {
		line = append(line, "", "", "", "")
		switch {
		case c.atMost == 0:
			return append(line, "", ""), nil
		case own.median == 0:
			return append(line, "at most "+format(c.atMost, u), "not known"), nil
		}
		return append(line, "at most "+format(c.atMost, u), res.verdict(own.median, c.atMost)), nil
	}

	i2, k2, err := res.row.quantity(c.peer)
	if err != nil {
		return nil, err
	}
	line = append(line, c.peer)
	target, word := "", ""
	if c.atMost > 0 {
		target = "at most " + significant(c.atMost)
	}
	if err := res.missing[i2]; err != nil {
		return append(line, "missing: "+err.Error(), "", "", target, "missing"), nil
	}
	peer := spreadOf(res.samples[i2][k2])
	ratio := spreadOf(ratios(res.samples[i][k], res.samples[i2][k2]))
	if c.atMost > 0 {
		word = res.verdict(ratio.median, c.atMost)
	}
	return append(line,
		peer.format(res.row.sides[i2].figures[k2].unit), megabytes(res.memory[i2]),
		fmt.Sprintf("%s (%s to %s), %s", significant(ratio.median), significant(ratio.first), significant(ratio.third), significant(own.least/peer.least)),
		target, word), nil
}

func (res *result) verdict(value, atMost float64) string {
	switch {
	case res.quick:
		return "not judged"
	case value <= atMost:
		return met
	}
	return "**" + missed + "**"
}

func (s spread) format(u unit) string {
	if u == byteCount {
		return format(s.median, u)
	}
	return fmt.Sprintf("%s (%s to %s), %s", format(s.median, u), format(s.first, u), format(s.third, u), format(s.least, u))
}

func format(v float64, u unit) string {
	switch u {
	case byteCount:
		return megabytes(int64(v))
	case perSecond:
		return significant(v) + "/s"
	}
	for _, step := range []struct {
		name string
		size float64
	}{{"s", 1e9}, {"ms", 1e6}, {"µs", 1e3}} {
		if v >= step.size {
			return significant(v/step.size) + " " + step.name
		}
	}
	return significant(v) + " ns"
}

// significant writes three digits, and all digits before the point.
func significant(v float64) string {
	if v >= 100 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strings.TrimSuffix(strconv.FormatFloat(v, 'g', 3, 64), ".0")
}

func megabytes(n int64) string {
	if n == 0 {
		return "not known"
	}
	return significant(float64(n)/1e6) + " MB"
}

// report writes RESULTS.md.
func report(w io.Writer, m *machine, command string, results []*result) error {
	fmt.Fprintf(w, "# Results\n\nWritten by `%s` on %s.\n\n", command, time.Now().UTC().Format("2006-01-02, 15:04 UTC"))
	m.write(w)
	reset := true
	for _, res := range results {
		reset = reset && res.reset
	}
	io.WriteString(w, "\nTimes are of one unit of work, which its line names: median (quartiles), least. A ratio is of samples that were taken one after the\n"+
		"other: median (quartiles), and the ratio of the two least times. A target is judged by the median. Memory is the peak of a process's\n"+
		"resident memory (Linux' VmHWM), ")
	if reset {
		io.WriteString(w, "from the end of its set-up on; what was set up, as keys and tables, is in it.\n\n")
	} else {
		io.WriteString(w, "with its set-up: on this machine the peak cannot be reset.\n\n")
	}
	if slices.ContainsFunc(results, func(res *result) bool { return res.quick }) {
		io.WriteString(w, "**A quick run: sizes are smaller than the table says, and no target is judged.**\n\n")
	}
	io.WriteString(w, tableHead)
	for _, res := range results {
		lines, err := res.lines()
		if err != nil {
			return err
		}
		io.WriteString(w, lines)
	}
	io.WriteString(w, "\n## What was compared\n\n")
	for _, res := range results {
		threads := "one thread"
		if res.row.allCores && m.threads > 1 {
			threads = fmt.Sprintf("%d threads", m.threads)
		}
		fmt.Fprintf(w, "- **%s** (`-rows %s`, %s, %d samples): %s The same path in the main module: `%s`.\n",
			res.row.title, res.row.name, threads, res.count(), res.row.shape, res.row.bench)
	}
	return nil
}

func (res *result) count() int {
	n := 0
	for _, figures := range res.samples {
		if len(figures) > 0 {
			n = max(n, len(figures[0]))
		}
	}
	return n
}

// writeSamples writes every sample: nanoseconds, bytes or a number per second.
func writeSamples(w io.Writer, results []*result) error {
	out := csv.NewWriter(w)
	out.Write([]string{"row", "side", "figure", "sample", "value", "unit"})
	units := map[unit]string{nanoseconds: "ns", byteCount: "B", perSecond: "1/s"}
	for _, res := range results {
		for i, s := range res.row.sides {
			for k, f := range s.figures {
				for n, v := range res.samples[i][k] {
					out.Write([]string{res.row.name, s.name, f.name, strconv.Itoa(n), strconv.FormatFloat(v, 'g', 6, 64), units[f.unit]})
				}
			}
		}
	}
	out.Flush()
	return out.Error()
}
