package hostile

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sources calls f for every Go file of the module that is not for tests or examples, and test files if tests is
// asked for.
func sources(t *testing.T, f func(pkg, name string, file *ast.File, text []byte)) {
	t.Helper()
	const root = "../.."
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if path == root {
				return nil
			}
			if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil || strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "examples" {
				return fs.SkipDir
			}
			return nil
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		pkg, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		f(filepath.ToSlash(pkg), d.Name(), file, text)
		return nil
	}))
}

// read are the types of what somebody else sent. A text counts where the function's name says that it reads one.
var (
	read        = regexp.MustCompile(`^(\[\]byte|io\.Reader|io\.ReaderAt|fs\.FS)$`)
	readingText = regexp.MustCompile(`^(Parse|Import|SemaphoreValue|Open)`)
)

// readers are the exported functions and methods that take bytes, a text to parse, a stream or a directory.
func readers(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	sources(t, func(pkg, name string, file *ast.File, text []byte) {
		if strings.HasSuffix(name, "_test.go") || strings.HasSuffix(pkg, "test") {
			return
		}
		of := func(n ast.Node) string { return string(text[n.Pos()-1 : n.End()-1]) }
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !f.Name.IsExported() {
				continue
			}
			who := pkg + "."
			if f.Recv != nil {
				who += strings.TrimPrefix(of(f.Recv.List[0].Type), "*") + "."
			}
			for _, p := range f.Type.Params.List {
				if kind := of(p.Type); read.MatchString(kind) || kind == "string" && readingText.MatchString(f.Name.Name) {
					found[who+f.Name.Name] = true
				}
			}
		}
	})
	return found
}

// fuzzed is the text of all fuzz targets, with the name of their package before each.
func fuzzed(t *testing.T) map[string]string {
	t.Helper()
	bodies := map[string]string{}
	sources(t, func(pkg, name string, file *ast.File, text []byte) {
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && strings.HasSuffix(name, "_test.go") && strings.HasPrefix(f.Name.Name, "Fuzz") {
				bodies[pkg+"."+f.Name.Name] = string(text[f.Pos()-1 : f.End()-1])
			}
		}
	})
	return bodies
}

func TestXList(t *testing.T) {
	for r := range readers(t) {
		println(r)
	}
}
