//go:build unix

package main

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const source = `package p

func (r *reader) check(n int, s string) error {
	if n < 0 || n > 9 || s == "" {
		return errRange
	}
	if n == 3 { // no check
		n++
	}
	switch {
	case n == 7:
		return errSeven
	case n == 8:
		n = 0
	}
	if n == 3 {
		r.Fail(n)
	}
	small := func() bool { return n < 5 && ok(s) }
	if !small() {
		return errBig
	}
	return nil
}

func ok(s string) bool {
	if s == "x" {
		return false
	}
	return true
}
`

func TestRewrite(t *testing.T) {
	site := 5
	out, mutants, err := rewrite("p/p.go", []byte(source), &site)
	require.NoError(t, err)

	var keys []string
	for _, m := range mutants {
		keys = append(keys, m.key())
	}
	require.Equal(t, []string{
		`p/p.go reader.check: n < 0 || n > 9 || s == "": never`,
		`p/p.go reader.check: n < 0 || n > 9 || s == "": inverted`,
		`p/p.go reader.check: n < 0: never`,
		`p/p.go reader.check: n > 9: never`,
		`p/p.go reader.check: s == "": never`,
		`p/p.go reader.check: n == 7: never`,
		`p/p.go reader.check: n == 7: inverted`,
		`p/p.go reader.check: n == 3: never`,
		`p/p.go reader.check: n == 3: inverted`,
		`p/p.go reader.check: n < 5 && ok(s): true`,
		`p/p.go reader.check: n < 5 && ok(s): false`,
		`p/p.go reader.check: n < 5: true`,
		`p/p.go reader.check: ok(s): true`,
		`p/p.go reader.check: !small(): never`,
		`p/p.go reader.check: !small(): inverted`,
		`p/p.go ok: s == "x": never`,
		`p/p.go ok: s == "x": inverted`,
	}, keys)

	want := strings.NewReplacer(
		`n < 0 || n > 9 || s == ""`, `mutated(5, mutated(6, n < 0) || mutated(7, n > 9) || mutated(8, s == ""))`,
		`case n == 7`, `case mutated(9, n == 7)`,
		"if n == 3 {\n\t\tr", "if mutated(10, n == 3) {\n\t\tr",
		`n < 5 && ok(s)`, `mutated(11, mutated(12, n < 5) && mutated(13, ok(s)))`,
		`!small()`, `mutated(14, !small())`,
		`s == "x"`, `mutated(15, s == "x")`,
	).Replace(source)
	require.Equal(t, want, string(out))
	require.Equal(t, 16, site)
}

func TestParseEquivalent(t *testing.T) {
	known, err := parseEquivalent("# comment\na: never\n\tfor a reason\n\nb: true\n\tanother\n")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"a: never": "for a reason", "b: true": "another"}, known)
	for _, bad := range []string{"a: never\n", "a: never\nb: never\n\twhy\n", "\twhy\n", "a: never\n\t \n"} {
		_, err := parseEquivalent(bad)
		require.Error(t, err, "%q", bad)
	}
	_, err = parseEquivalent(equivalent)
	require.NoError(t, err)
}

// What the vectors test is mutated, too.
func TestEveryMarkedCheckIsMutated(t *testing.T) {
	marked := 0
	require.NoError(t, fs.WalkDir(os.DirFS("../.."), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == "internal" || name == "testdata" || name != "." && strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		b, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil || !bytes.Contains(b, []byte("//check:")) && !bytes.Contains(b, []byte("//accept:")) {
			return err
		}
		marked++
		if !slices.ContainsFunc(lines(code), func(pattern string) bool { ok, _ := path.Match(pattern, name); return ok }) {
			t.Errorf("%s has a check that a vector tests, and is not in code.txt", name)
		}
		return nil
	}))
	require.Greater(t, marked, 15)
}
