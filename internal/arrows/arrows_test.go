// Package arrows tests the import graph: an arrow only ever points to a lower layer, so
// that siblings never import each other; verifiers do not pull a circuit compiler; and
// packages made for tests stay out of the product.
package arrows

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/scrutin/scrutin"

// layers lists the packages from the ground up. A package imports only packages of lower layers.
var layers = [][]string{
	{"internal/mutate", "internal/nocheck", "internal/nocheck/off"},
	{"internal/babyjub", "internal/lanes", "internal/legible", "internal/poseidon", "internal/transcript", "internal/wire"},
	{"internal/sigma", "internal/kybergroup", "internal/multiexp"},
	{"internal/groth16"},
	{"elgamal", "census"},
	{"proof"},
	{"proof/prover", "proof/zkey"},
	{"proof/ceremony"},
	{"ballot"},
	{"ballot/box"},
	{"ballot/box/qr", "tally"},
	{"examples/internal/stage", "testdata/elections", "testdata/vectors"},
	{"examples/internal/poll"},
	{"examples/referendum", "examples/audit", "examples/mirror", "examples/laprimaire", "examples/debian", "examples/bill", "examples/ivoting", "examples/setup", "examples/judge"},
}

type goPackage struct {
	imports     map[string]string // import path -> file, of files that are not tests
	testImports map[string]string
}

func packages(t *testing.T) map[string]*goPackage {
	t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	found := map[string]*goPackage{}
	err = fs.WalkDir(os.DirFS(root), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); p != "." && (strings.HasPrefix(name, ".") || name == "testdata") {
				return fs.SkipDir
			}
			if _, err := os.Stat(filepath.Join(root, p, "go.mod")); err == nil && p != "." {
				return fs.SkipDir // a nested module
			}
			return nil
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, p), nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir := path.Dir(p)
		if found[dir] == nil {
			found[dir] = &goPackage{imports: map[string]string{}, testImports: map[string]string{}}
		}
		into := found[dir].imports
		if strings.HasSuffix(p, "_test.go") {
			into = found[dir].testImports
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			into[imported] = p
		}
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, len(found), 10, "the module's packages were not found")
	return found
}

// forTests reports a package that exists for tests: its name ends in "test".
func forTests(dir string) bool { return strings.HasSuffix(dir, "test") }

func TestArrowsPointToLowerLayers(t *testing.T) {
	rank := map[string]int{}
	for i, layer := range layers {
		for _, p := range layer {
			rank[p] = i
		}
	}
	for dir, p := range packages(t) {
		if dir == "internal/arrows" || forTests(dir) || dir == "." || len(p.imports) == 0 {
			continue
		}
		own, ok := rank[dir]
		if !ok {
			t.Errorf("%s: give the package its layer in this test", dir)
			continue
		}
		for imported, file := range p.imports {
			below, inside := strings.CutPrefix(imported, module+"/")
			if !inside {
				continue
			}
			if r, ok := rank[below]; !ok || r >= own {
				t.Errorf("%s imports %s, which is not in a lower layer", file, below)
			}
		}
	}
}

func TestOnlyTheProverImportsGnark(t *testing.T) {
	for dir, p := range packages(t) {
		for imported, file := range p.imports {
			if strings.HasPrefix(imported, "github.com/consensys/gnark/") && dir != "proof/prover" && dir != "proof/ceremony" {
				t.Errorf("%s imports %s: only proof/prover and proof/ceremony may", file, imported)
			}
		}
	}
}

func TestProductDoesNotImportTestPackages(t *testing.T) {
	for dir, p := range packages(t) {
		if forTests(dir) {
			continue
		}
		for imported, file := range p.imports {
			if strings.HasPrefix(imported, module+"/") && forTests(imported) ||
				imported == "testing" || strings.HasPrefix(imported, "github.com/stretchr/") {
				t.Errorf("%s imports %s, which is for tests", file, imported)
			}
		}
	}
}
