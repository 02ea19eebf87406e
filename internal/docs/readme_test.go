// Package docs tests what the documentation claims.
package docs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/testdata/vectors"
)

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", name))
	require.NoError(t, err)
	return string(b)
}

// The program of README.md runs in an empty module outside the repository.
func TestReadmeProgram(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	programs := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(read(t, "README.md"), -1)
	require.Len(t, programs, 1)
	root, err := filepath.Abs("../..")
	require.NoError(t, err)

	dir := t.TempDir()
	write := func(name, content string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
	}
	write("main.go", programs[0][1])
	write("go.sum", read(t, "go.sum"))
	write("go.mod", "module example.org/meeting\n\ngo 1.26\n\nrequire github.com/scrutin/scrutin v0.0.0\n\nreplace github.com/scrutin/scrutin => "+root+"\n")

	run := exec.Command("go", "run", "-mod=mod", ".")
	run.Dir = dir
	run.Env = append(os.Environ(), "GOWORK=off")
	out, err := run.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Regexp(t, `a valid ballot of \d+ bytes for election [0-9a-f]{8}\n$`, string(out))
}

// The commands at the top of README.md name what is there.
func TestReadmeCommands(t *testing.T) {
	readme := read(t, "README.md")
	require.Contains(t, readme, "\n    go run ./examples/referendum      # ")
	require.Contains(t, readme, "\n    go test ./...                     # ")
	for _, dir := range regexp.MustCompile(`go run \./(\S+)`).FindAllStringSubmatch(readme, -1) {
		_, err := os.Stat(filepath.Join("..", "..", dir[1], "main.go"))
		require.NoError(t, err)
	}
}

// Every relative link of a page leads to a file.
func TestLinks(t *testing.T) {
	pages, err := filepath.Glob("../../docs/spec/*.md")
	require.NoError(t, err)
	for _, name := range []string{"README.md", "SECURITY.md", "CHANGELOG.md", "docs/attacks.md"} {
		pages = append(pages, filepath.Join("..", "..", name))
	}
	link := regexp.MustCompile(`\]\(([^)#: ]+)\)`)
	for _, page := range pages {
		b, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, m := range link.FindAllStringSubmatch(string(b), -1) {
			_, err := os.Stat(filepath.Join(filepath.Dir(page), m[1]))
			require.NoError(t, err, "%s links to %s", page, m[1])
		}
	}
}

// The page about the vectors lists all of them, with what is wrong in each.
func TestVectorsAreListed(t *testing.T) {
	page := read(t, "docs/spec/vectors.md")
	readme := read(t, "README.md")
	records, err := vectors.Records()
	require.NoError(t, err)
	require.Contains(t, readme, fmt.Sprintf("judged by %d records", len(records)))
	rows := 0
	listed := func(name string, alone bool, why string) {
		mark := ""
		if alone {
			mark = "yes"
		}
		require.Regexp(t, `\n\| `+regexp.QuoteMeta("`"+name+"` |")+`( ?`+mark+` ?\| [a-z-]+ \|)? `+regexp.QuoteMeta(why)+` \|\n`, page)
		rows++
	}
	for _, v := range records {
		listed(strings.TrimPrefix(v.Name, "bad/"), v.Alone, v.Why)
	}
	messages, err := vectors.Messages()
	require.NoError(t, err)
	for _, v := range messages {
		listed(v.Name, v.Alone, v.Why)
	}
	_, tables, _ := strings.Cut(page, "## All vectors")
	require.Equal(t, rows, strings.Count(tables, "\n| `"))
}

// The specification has a page for every package that has something to specify.
func TestSpecificationIsComplete(t *testing.T) {
	index := read(t, "docs/spec/README.md")
	pages, err := filepath.Glob("../../docs/spec/*.md")
	require.NoError(t, err)
	for _, page := range pages {
		if name := filepath.Base(page); name != "README.md" {
			require.Contains(t, index, "("+name+")", "docs/spec/README.md lists every page")
		}
	}
	for _, m := range regexp.MustCompile(`\]\((\S+\.md)\)`).FindAllStringSubmatch(index, -1) {
		require.NotContains(t, strings.ToUpper(read(t, "docs/spec/"+m[1])), "TODO")
	}
}
