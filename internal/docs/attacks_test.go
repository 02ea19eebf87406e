package docs

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// tests returns the test functions of the module as package.Name.
func tests(t *testing.T) map[string]bool {
	t.Helper()
	const root = "../.."
	found := map[string]bool{}
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if _, err := os.Stat(filepath.Join(path, "go.mod")); path != root && (err == nil || strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				found[filepath.ToSlash(dir)+"."+f.Name.Name] = true
			}
		}
		return nil
	}))
	return found
}

// docs/attacks.md and the tests agree: every row has a test that carries its number, every test that carries numbers is
// in the rows of these, and every test named there exists.
func TestAttacksPage(t *testing.T) {
	found := tests(t)
	rows := map[int]string{} // the cell with the tests
	for line := range strings.Lines(read(t, "docs/attacks.md")) {
		m := regexp.MustCompile(`^\| (\d+) \| (.+) \| (.+) \| (.+) \|\n$`).FindStringSubmatch(line)
		if m == nil {
			continue
		}
		n, err := strconv.Atoi(m[1])
		require.NoError(t, err)
		require.NotContains(t, rows, n)
		rows[n] = m[4]
		require.Contains(t, m[4], fmt.Sprintf("TestAttack%02d", n), "row %d", n)
		for _, cell := range strings.Split(m[4], ", ") {
			name := strings.Trim(cell, "`")
			require.Equal(t, "`"+name+"`", cell)
			require.True(t, found[name], "row %d names %s, which does not exist", n, name)
		}
	}
	for n := 1; n <= len(rows); n++ {
		require.Contains(t, rows, n)
	}
	require.GreaterOrEqual(t, len(rows), 46)

	numbered := regexp.MustCompile(`\.TestAttack((?:\d\d(?:And)?)+)[A-Z]`)
	for name := range found {
		if !regexp.MustCompile(`\.TestAttack[A-Z0-9]`).MatchString(name) {
			continue
		}
		m := numbered.FindStringSubmatch(name)
		require.NotNil(t, m, "%s carries the number of no row", name)
		for _, digits := range strings.Split(m[1], "And") {
			n, err := strconv.Atoi(digits)
			require.NoError(t, err)
			require.Contains(t, rows[n], "`"+name+"`", "row %d of docs/attacks.md", n)
		}
	}
}
