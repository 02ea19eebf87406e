package main

import (
	"bytes"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The processes of the sides are this program: in a test, the test's.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-side" {
		main()
		return
	}
	os.Exit(m.Run())
}

func columns(line string) []string {
	parts := strings.Split(strings.Trim(line, "|\n"), "|")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// A run without any peer from elsewhere: each comparison has its line, and what is missing is named.
func TestQuickRun(t *testing.T) {
	t.Setenv("PATH", "") // no belenios-tool, no node
	e := env{scratch: t.TempDir(), threads: 1, quick: true}
	wanted := regexp.MustCompile("^(membership|verify|msm|poseidon|cast|logarithm|referendum|census)$")
	const samples = 2
	var results []*result
	lines := 0
	for _, r := range rows() {
		if !wanted.MatchString(r.name) {
			continue
		}
		res, err := measure(&r, &e, samples, io.Discard)
		require.NoError(t, err)
		results = append(results, res)
		lines += len(r.comparisons)
		require.NoError(t, res.missing[0], "scrutin is there")
		require.NotEmpty(t, res.samples[0][0])
		for i, side := range r.sides {
			for k := range side.figures {
				if res.missing[i] != nil {
					require.Empty(t, res.samples[i][k])
					continue
				}
				require.Len(t, res.samples[i][k], samples)
				for _, v := range res.samples[i][k] {
					require.Positive(t, v, "%s: %s", r.name, side.name)
				}
			}
		}
	}
	require.Len(t, results, 8)

	var text bytes.Buffer
	require.NoError(t, report(&text, newMachine(&e), "go run .", results))
	head := columns(tableHead[:strings.Index(tableHead, "\n")])
	found := map[string]int{}
	for line := range strings.Lines(text.String()) {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") {
			continue
		}
		c := columns(line)
		require.Len(t, c, len(head), line)
		found[c[len(c)-1]]++
		if c[3] != "" && !strings.Contains(line, "missing: ") && c[0] != head[0] {
			require.Regexp(t, `^[0-9.]+(e[-+]\d+)? \(.* to .*\), [0-9.]+`, c[6], line)
		}
	}
	require.Equal(t, lines+1, found[""]+found["not judged"]+found["missing"]+found["not known"], text.String())
	require.NotZero(t, found["not judged"])
	require.NotZero(t, found["missing"])
	require.Contains(t, text.String(), "missing: there is no belenios-tool")
	require.Contains(t, text.String(), "missing: there is no node")

	var samplesFile bytes.Buffer
	require.NoError(t, writeSamples(&samplesFile, results))
	records, err := csv.NewReader(&samplesFile).ReadAll()
	require.NoError(t, err)
	require.Greater(t, len(records), samples*len(results))
}

func TestTargetsAreJudgedByTheMedian(t *testing.T) {
	r := row{
		title: "work",
		sides: []side{{name: "scrutin", figures: []figure{{"", nanoseconds}, {"table", byteCount}}}, {name: "peer", figures: elapsed}},
	}
	res := &result{
		row: &r, missing: make([]error, 2), memory: []int64{5e6, 7e6},
		samples: [][][]float64{{{10, 20, 30}, {6e6, 6e6, 6e6}}, {{100, 100, 100}}},
	}
	for _, c := range []struct {
		comparison
		want string
	}{
		{comparison{ours: "scrutin", peer: "peer", atMost: 0.2}, "work|20 ns (15 ns to 25 ns), 10 ns|5 MB|peer|100 ns (100 ns to 100 ns), 100 ns|7 MB|0.2 (0.15 to 0.25), 0.1|at most 0.2|met"},
		{comparison{ours: "scrutin", peer: "peer", atMost: 0.19}, "work|20 ns (15 ns to 25 ns), 10 ns|5 MB|peer|100 ns (100 ns to 100 ns), 100 ns|7 MB|0.2 (0.15 to 0.25), 0.1|at most 0.19|**missed**"},
		{comparison{ours: "scrutin", peer: "peer"}, "work|20 ns (15 ns to 25 ns), 10 ns|5 MB|peer|100 ns (100 ns to 100 ns), 100 ns|7 MB|0.2 (0.15 to 0.25), 0.1||"},
		{comparison{ours: "scrutin", atMost: 20}, "work|20 ns (15 ns to 25 ns), 10 ns|5 MB|||||at most 20 ns|met"},
		{comparison{ours: "scrutin: table", atMost: 5e6}, "work, table|6 MB|5 MB|||||at most 5 MB|**missed**"},
		{comparison{ours: "scrutin", memory: true, atMost: 5e6}, "work||5 MB|||||at most 5 MB|met"},
	} {
		line, err := res.line(c.comparison)
		require.NoError(t, err)
		require.Equal(t, c.want, strings.Join(line, "|"))
	}
	res.quick = true
	require.Equal(t, "not judged", res.verdict(1, 2))
	res.memory[0] = 0
	line, err := res.line(comparison{ours: "scrutin", memory: true, atMost: 5e6})
	require.NoError(t, err)
	require.Equal(t, "not known", line[len(line)-1])
}

func TestQuantiles(t *testing.T) {
	require.Equal(t, spread{1, 2, 3, 4}, spreadOf([]float64{5, 3, 1, 4, 2}))
	require.Equal(t, spread{1, 1.25, 1.5, 1.75}, spreadOf([]float64{2, 1}))
	require.Equal(t, spread{7, 7, 7, 7}, spreadOf([]float64{7}))
}

func TestRowsAreWhole(t *testing.T) {
	names := map[string]bool{}
	for _, r := range rows() {
		require.False(t, names[r.name], "two rows %s", r.name)
		names[r.name] = true
		require.NotContains(t, r.name, "/")
		require.NotEmpty(t, r.comparisons)
		sides := map[string]bool{}
		for _, s := range r.sides {
			require.False(t, sides[s.name], "row %s: two sides %s", r.name, s.name)
			sides[s.name] = true
		}
		for _, c := range r.comparisons {
			i, k, err := r.quantity(c.ours)
			require.NoError(t, err)
			require.True(t, strings.HasPrefix(r.sides[i].name, "scrutin"))
			if c.peer != "" {
				i2, k2, err := r.quantity(c.peer)
				require.NoError(t, err)
				require.Equal(t, r.sides[i].figures[k].unit, r.sides[i2].figures[k2].unit)
			}
		}
	}
}

// Every row names a benchmark that is in the main module.
func TestBenchmarksExist(t *testing.T) {
	command := regexp.MustCompile(`^go test -run '\^\$' -bench (?:'([^']+)'|(\S+)) (?:-cpu 1 )?(\./\S+(?: \./\S+)*)$`)
	function := regexp.MustCompile(`(?m)^func Benchmark(\w+)\(b \*testing\.B\)`)
	for _, r := range rows() {
		m := command.FindStringSubmatch(r.bench)
		require.NotNil(t, m, r.bench)
		first, _, _ := strings.Cut(m[1]+m[2], "/")
		for _, dir := range strings.Fields(m[3]) {
			files, err := filepath.Glob(filepath.Join("..", dir, "*_test.go"))
			require.NoError(t, err)
			var all []byte
			for _, name := range files {
				content, err := os.ReadFile(name)
				require.NoError(t, err)
				all = append(all, content...)
			}
			matched := false
			for _, f := range function.FindAllSubmatch(all, -1) {
				ok, err := regexp.MatchString(first, string(f[1]))
				require.NoError(t, err)
				matched = matched || ok
			}
			require.True(t, matched, "%s: no benchmark %s in %s", r.name, first, dir)
		}
	}
}
