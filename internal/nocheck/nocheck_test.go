package main

import (
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/testdata/vectors"
)

// The checks that are marked are those that have vectors, and a vector bears the name of its check.
func TestEveryMarkedCheckHasAVector(t *testing.T) {
	marked := map[string]bool{}
	files, err := sources("../..")
	require.NoError(t, err)
	for _, s := range files {
		for _, m := range s.marks {
			marked[m.check] = true
		}
	}
	records, err := vectors.Records()
	require.NoError(t, err)
	messages, err := vectors.Messages()
	require.NoError(t, err)
	tested := map[string]bool{}
	add := func(name, check string, alone bool) {
		if check == "" {
			require.True(t, strings.HasPrefix(name, "good/"), name)
			return
		}
		named, _, _ := strings.Cut(name, ".") // several of one check differ after a dot
		require.Equal(t, "bad/"+check, named)
		if alone {
			tested[check] = true
		} else {
			require.False(t, marked[check], "%s is marked, and would be found without it", check)
		}
	}
	for _, v := range records {
		add(v.Name, v.Check, v.Alone)
	}
	for _, v := range messages {
		add(v.Name, v.Check, v.Alone)
	}
	require.Equal(t, slices.Sorted(maps.Keys(tested)), slices.Sorted(maps.Keys(marked)))
}

const product = `package p

import "errors"

func f(a, b bool) error {
	if c := a; c && b { //check:p/if
		return errors.New("no")
	}
	switch {
	case a, b: //check:p/case
		return errors.New("no")
	}
	if a || b { //accept:p/accept
		return nil
	}
	return g(a)
}

func g(a bool) error { //check:p/func
	return nil
}
func h() bool { return false } //check:p/bool
`

func TestRewriting(t *testing.T) {
	s, err := parse("p.go", []byte(product))
	require.NoError(t, err)
	require.Len(t, s.marks, 5)
	got := string(s.rewritten())
	require.Equal(t, strings.Count(product, "\n"), strings.Count(got, "\n"))
	for _, line := range []string{
		`package p; import nocheck "github.com/scrutin/scrutin/internal/nocheck/off"`,
		`	if c := a; !nocheck.Off("p/if") && (c && b) { //check:p/if`,
		`	case !nocheck.Off("p/case") && (a), !nocheck.Off("p/case") && (b): //check:p/case`,
		`	if nocheck.Off("p/accept") || (a || b) { //accept:p/accept`,
		`func g(a bool) error { if nocheck.Off("p/func") { return nil };  //check:p/func`,
		`func h() bool { if nocheck.Off("p/bool") { return true };  return false } //check:p/bool`,
	} {
		require.Contains(t, got, line+"\n")
	}
	_, err = parser.ParseFile(token.NewFileSet(), "p.go", got, 0)
	require.NoError(t, err)
}

func TestMarksThatMarkNothing(t *testing.T) {
	for _, bad := range []string{
		"package p\n\nvar x = 1 //check:p/x\n",
		"package p\n\n//check:p/x\nfunc f() bool { return true }\n",
		"package p\n\nfunc f() (int, error) { //check:p/x\n\treturn 1, nil\n}\n",
		"package p\n\nfunc f() error { //accept:p/x\n\treturn nil\n}\n",
		"package p\n\nfunc f() {\n\tswitch {\n\tdefault: //check:p/x\n\t}\n}\n",
	} {
		_, err := parse("p.go", []byte(bad))
		require.Error(t, err, bad)
	}
}
